//! Judges a rule over histories of any number of writes: [`certify`].
//!
//! A write is *settled* once every later write has seen it. The exploration keeps of a history only its *window*: the
//! unsettled writes, and the state of a master for each cut of them. Times and sequence numbers in it become ranks,
//! because a watched rule shows that it depends on their order only. If the rule keeps a bounded state, there are
//! finitely many windows, and they cover all histories with at most so many unsettled writes at once. The theorem and
//! its proof are in `docs/any-number.md`.

mod concrete;
mod marks;
mod rule;
mod search;
mod window;

use super::judge::Judge;
use super::{Bounds, Subject};
use crate::history::Claims;
use crate::node::any_rule::{AnyRule, SerdeRule};
use crate::properties as p;
use crate::report::table::grouped;
use concrete::Run;
use multimaster::{Key, MasterId, Op, Request, Resolver};
use rule::Rule;
use search::Search;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

/// The greatest lag.
pub const MOST_LAG: usize = window::MOST_UNSETTLED;

/// The limits of an exploration of windows.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The number of masters.
    pub masters: u16,
    /// The most unsettled writes at once, the newest included.
    pub lag: usize,
    /// The most windows.
    pub windows: usize,
    /// The longest run time.
    pub time: Duration,
}

impl Limits {
    /// At most two million windows, and an hour.
    pub fn new(masters: u16, lag: usize) -> Limits {
        Limits { masters, lag, windows: 2_000_000, time: Duration::from_secs(3600) }
    }
}

/// A write of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The master's index.
    pub at: usize,
    /// The operation, by its request's index.
    pub op: usize,
    /// The earlier writes that its master has seen, by index.
    pub seen: Vec<usize>,
    /// Whether it has the same time as the write before it.
    pub ties: bool,
}

/// The reason for which no certificate is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The rule reads a number inside a name or a time: more than the order of numbers can matter.
    Looks {
        /// The rule's function.
        within: &'static str,
        /// The function that it called.
        at: &'static str,
    },
    /// After these writes, two orders of delivery lead to different readings.
    Differs(Vec<Made>),
    /// There are more windows than the limit, or the time is over.
    Open {
        /// The number of windows found and not explored.
        unexplored: usize,
        /// The number of writes that lead to the first of these.
        writes: usize,
        /// The most times and sequence numbers in one window: they grow if the rule keeps more and more.
        held: u64,
    },
    /// A state or an effect does not survive being renamed.
    Unfaithful(String),
    /// The rule differs by master.
    ByMaster,
    /// The exploration was interrupted.
    Interrupted,
}

/// The result of an exploration of windows.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The limits.
    pub limits: Limits,
    /// The requests.
    pub requests: Vec<Request>,
    /// The reason for which not all histories are covered, if so.
    pub obstacle: Option<Obstacle>,
    /// The properties judged, other than convergence. Each that is violated has a history with the fewest writes that
    /// violates it, which was replayed on masters. A property is left out if it depends on a claim of the rule.
    pub judged: BTreeMap<&'static str, Option<Vec<String>>>,
    /// The number of distinct windows.
    pub windows: usize,
    /// The number of writes added that are concurrent to another one.
    pub conflicts: u64,
    /// The number of writes added to windows.
    pub steps: u64,
    /// The number of requests that the rule refused.
    pub refused: u64,
    /// The most writes that are needed to reach a window.
    pub deepest: usize,
    /// The run time.
    pub time: Duration,
}

/// The properties, other than convergence, that windows can judge.
const JUDGED: [&str; 5] = [p::NO_RESURRECTION, p::NO_CAUSAL_LOSS, p::NO_POLICY_LOSS, p::NO_TOTAL_LOSS, p::NO_INVENTION];

impl Certificate {
    /// Whether all histories within the lag are covered, and some have a conflict.
    pub fn is_given(&self) -> bool {
        self.obstacle.is_none() && self.conflicts > 0
    }

    /// Whether the property is shown for any number of writes.
    pub fn covers(&self, property: &str) -> bool {
        let judged = matches!(self.judged.get(property), Some(None)) || property == p::CONVERGENCE;
        self.is_given() && judged
    }
}

/// Explores all windows of a rule of your own, which is the same at all masters, with a few operations of its kind.
///
/// ```
/// use multimaster::LastWriteWins;
/// use multimaster_models::histories::any_number::{self, Limits};
/// use multimaster_models::properties::{CONVERGENCE, NO_POLICY_LOSS};
///
/// let certificate = any_number::of(LastWriteWins, Limits::new(2, 2)).unwrap();
/// assert!(certificate.covers(CONVERGENCE), "{:?}", certificate.obstacle);
/// assert!(!certificate.covers(NO_POLICY_LOSS));
/// ```
///
/// # Errors
/// If the limits are not valid.
pub fn of<R: SerdeRule>(rule: R, limits: Limits) -> Result<Certificate, String> {
    let rule = AnyRule::new(rule);
    let requests = super::operations(&rule);
    let each = |_| rule.clone();
    let subject = Subject { rule: &each, by_master: false, claims: Claims::Refuted, specification: None };
    certify(&subject, limits, requests)
}

/// Explores all windows of the rule under these limits. All requests must be of one key.
///
/// # Errors
/// If the limits or the requests are not valid.
pub fn certify(subject: &Subject<'_>, limits: Limits, requests: Vec<Request>) -> Result<Certificate, String> {
    let bounds = Bounds::new(limits.masters, 1, requests.clone());
    if let Some(fault) = bounds.fault() {
        return Err(fault);
    }
    if !(1..=MOST_LAG).contains(&limits.lag) {
        return Err(format!("a lag of {}: give 1 to {MOST_LAG}", limits.lag));
    }
    let key = requests[0].key.clone();
    if let Some(other) = requests.iter().find(|request| request.key != key) {
        return Err(format!("`{other}`: windows are of one key, `{key}`"));
    }
    let rules: Vec<AnyRule> = (0..limits.masters).map(|at| (subject.rule)(MasterId(at))).collect();
    let alphabet: Vec<Op> = requests.iter().map(|request| request.op.clone()).collect();
    let started = Instant::now();
    let mut numbers = AnyRule::numbered(&rules, vec![Key::clone(&key)]);
    let keyed: Vec<(usize, Op)> = alphabet.iter().map(|op| (0, op.clone())).collect();
    let mut judge = Judge::new(vec![key], keyed, Claims::Refuted);
    let rule = Rule::new(&mut *numbers, &alphabet, rules[0].uses_wall_clock());
    let counts = judge.tables.iter().any(|table| table.adds.is_some());
    let mut search = Search::new(rule, &mut judge, &limits);
    let obstacle = if subject.by_master { Some(Obstacle::ByMaster) } else { search.run().err() };
    let mut judged = BTreeMap::new();
    for property in JUDGED.into_iter().filter(|_| !counts) {
        let Some(history) = search.violated.get(property) else {
            judged.insert(property, None);
            continue;
        };
        let (run, violated) = replayed(&rules[0], &limits, &requests, history, subject.claims)?;
        if violated.contains(property) {
            judged.insert(property, Some(run.in_words()));
        }
    }
    Ok(Certificate {
        obstacle,
        judged,
        windows: search.windows(),
        conflicts: search.conflicts,
        steps: search.steps,
        refused: search.refused,
        deepest: search.deepest,
        time: started.elapsed(),
        limits: limits.clone(),
        requests,
    })
}

/// Masters that have made the history, and the properties violated by a master that has seen all of it.
fn replayed(
    rule: &AnyRule,
    limits: &Limits,
    requests: &[Request],
    history: &[Made],
    claims: Claims,
) -> Result<(Run, BTreeSet<&'static str>), String> {
    let mut run = Run::new(rule, limits.masters, requests.to_vec())?;
    history.iter().try_for_each(|made| run.make(made.clone()))?;
    let all: Vec<usize> = (0..history.len()).collect();
    let violated = run.violated(&run.reader(&all).0, claims);
    Ok((run, violated))
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Looks { within, at } => write!(f, "`{within}` of the rule reads a number: it uses {at}"),
            Obstacle::Differs(made) => {
                write!(f, "after {} writes, the reading depends on the order of delivery", made.len())
            }
            Obstacle::Open { unexplored, writes, held } => {
                let unexplored = grouped(*unexplored);
                write!(
                    f,
                    "{unexplored} windows were not explored when the limit was reached. They begin at {writes} writes, \
                     and hold up to {held} times and sequence numbers"
                )
            }
            Obstacle::Unfaithful(why) => write!(f, "a state cannot be renamed: {why}"),
            Obstacle::ByMaster => f.write_str("the rule differs by master"),
            Obstacle::Interrupted => f.write_str("interrupted"),
        }
    }
}

#[cfg(test)]
mod tests;
