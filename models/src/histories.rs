//! Judges a rule over all networks at once, by causal histories. The entry point is [`judge`].
//!
//! The protocol guarantees causal delivery: each master applies each change once, after all changes that its writer had
//! seen. So whatever the topology and the links, a master's state depends on two things only: the *causal history* (the
//! writes, and the writes that each writer had seen), and the order in which the master applied the writes, which is a
//! linear extension of the history. A rule can therefore be judged without a network. All histories of a few writes are
//! enumerated, each once. For each, the possible states of a master that has seen all of it are computed and judged.
//!
//! The writes of a history are listed in timestamp order, and a history is extended by one write at its end. A *cut*
//! (an ideal) is a downward-closed set of writes: it contains the causal past of each of its writes. For each cut, a
//! table holds the possible states of a master that has seen exactly this cut. They follow from smaller cuts: one write
//! came last, and was applied to a state of the cut without it. A new write adds only the cuts that contain it, about
//! two for each history. Only the cut of all writes is judged: a smaller cut is a history of its own, which is
//! enumerated, too.

mod alphabet;
pub mod any_number;
mod bounds;
pub mod claims;
mod judge;
mod lattice;
pub mod laws;
pub(crate) mod renumbered;
pub(crate) mod replayed;
mod report;
mod schedule;
mod search;
mod summary;
mod words;

pub use alphabet::{of as operations, of_two_keys as operations_on_two_keys};
pub use bounds::{Bounds, MOST_MASTERS, Times};
pub use lattice::{Effort, MOST_WRITES};
pub use report::{ASKED, ByScript, Finding, Report, Script};
pub use schedule::{Step, Violation};
pub use summary::Summary;
pub use words::NOT_SEEN;

use crate::history::Claims;
use crate::node::any_rule::AnyRule;
use crate::properties::own_property::OwnProperties;
use crate::properties::specification::Specified;
use lattice::Dense;
use multimaster::MasterId;
use search::{Search, without_times};

/// The rule to judge.
pub struct Subject<'a> {
    /// The rule of each master.
    pub rule: &'a dyn Fn(MasterId) -> AnyRule,
    /// Whether the rule differs by master.
    pub by_master: bool,
    /// The degree to which the rule's claims are believed.
    pub claims: Claims,
    /// The specification of its readings, if there is one.
    pub specification: Option<Specified>,
}

/// Judges the rule over all histories within the bounds. `progress` is called from time to time with the number of
/// histories so far.
///
/// With three masters and three operations, the time grows about twentyfold with each write; memory is bounded.
///
/// # Errors
/// If the bounds are not right, in words.
pub fn judge(subject: &Subject<'_>, bounds: Bounds, progress: &mut dyn FnMut(u64)) -> Result<Report, String> {
    Search::new(subject, bounds, Box::new(Dense), progress).map(Search::run)
}

/// As [`judge`], with the verdicts by script: the sequence of requests of each master.
///
/// # Errors
/// If the bounds are not right, in words.
pub fn judge_each_script(subject: &Subject<'_>, bounds: Bounds) -> Result<(Report, ByScript), String> {
    let mut unreported = |_| {};
    let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unreported)?;
    (search.by_script, search.first_only) = (Some(ByScript::default()), false);
    search.extend();
    let by_script = search.by_script.take().unwrap_or_default();
    Ok((search.report(), by_script))
}

/// Judges the rule, and counts only violations that are due to the circumstances of these bounds. `known` has, by
/// script, the fewest steps that violate a property under other circumstances. A violation counts only if it takes
/// fewer steps, for the same script and all its prefixes. Times are not compared.
///
/// # Errors
/// If the bounds are not right, in words.
pub fn judge_beyond(subject: &Subject<'_>, bounds: Bounds, known: &ByScript) -> Result<Report, String> {
    let mut unreported = |_| {};
    let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unreported)?;
    let mut untimed = ByScript::default();
    for (script, steps) in &known.shortest {
        let held = untimed.shortest.entry(script.iter().map(|asks| without_times(asks)).collect()).or_default();
        held.iter_mut().zip(steps).for_each(|(held, new)| *held = [*held, *new].into_iter().flatten().min());
    }
    search.beyond = Some(untimed);
    Ok(search.run())
}

/// Judges the user's own properties, too, where all masters have seen all writes. Those that are claimed at quiescence
/// are judged once all clients are done. If the rule refuses a request, none is judged.
///
/// # Errors
/// If the bounds are not right, in words.
pub(crate) fn judge_own(subject: &Subject<'_>, bounds: Bounds, own: &OwnProperties) -> Result<Report, String> {
    let mut unreported = |_| {};
    let mut search = Search::new(subject, bounds, Box::new(Dense), &mut unreported)?;
    search.own = Some(own);
    search.first_only = false;
    Ok(search.run())
}

#[cfg(test)]
mod tests {
    mod counts;
    mod judges;

    use super::*;
    use crate::node::any_rule::SerdeRule;
    use crate::properties as p;
    use crate::rules::lower_seat;
    use multimaster::{ArrivalWins, CustomMerged, LastWriteWins, MultiValue, Request};

    fn judged<R: SerdeRule>(rule: R, bounds: impl Fn(Vec<Request>) -> Bounds) -> Report {
        let erased = move |_| AnyRule::new(rule.clone());
        let requests = operations(&erased(MasterId(0)));
        let subject = Subject { rule: &erased, by_master: false, claims: Claims::Tested, specification: None };
        judge(&subject, bounds(requests), &mut |_| {}).unwrap()
    }

    #[test]
    fn each_history_is_enumerated_once() {
        // The Catalan numbers count the histories at two masters. A history of B alone, one for each number of writes,
        // equals one of A alone, so one is subtracted.
        let catalan = [2, 5, 14, 42, 132, 429];
        for writes in 1..=catalan.len() {
            let one = |mut requests: Vec<Request>| Bounds::new(2, writes, requests.drain(..1).collect());
            let expected: u64 = catalan[..writes].iter().map(|all| all - 1).sum();
            assert_eq!(judged(LastWriteWins, one).histories, expected, "{writes} writes");
        }
        assert_eq!(judged(LastWriteWins, |requests| Bounds::new(3, 4, requests)).histories, 20_262);
        assert_eq!(judged(MultiValue, |requests| Bounds::new(2, 5, requests)).histories, 35_544);
    }

    #[test]
    fn the_shortest_violation_is_found() {
        let steps = |report: &Report, property| report.violation(property).map(|violation| violation.steps);
        let arrival = judged(ArrivalWins, |requests| Bounds::new(3, 3, requests));
        assert_eq!(steps(&arrival, p::CONVERGENCE), Some(4));
        let merged = judged(CustomMerged(lower_seat), |requests| Bounds::new(3, 3, requests));
        assert_eq!(steps(&merged, p::CONVERGENCE), Some(6));
        assert_eq!(steps(&merged, p::NO_CAUSAL_LOSS), Some(5));
        let kept = judged(MultiValue, |requests| Bounds::new(3, 4, requests));
        assert!(kept.findings.iter().all(|(_, finding)| matches!(finding, Finding::Holds)), "{:?}", kept.findings);
        assert!(kept.conflicts > 10_000, "{}", kept.conflicts);
    }
}
