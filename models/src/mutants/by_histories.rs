//! Rules broken on purpose that causal [histories] reject, without exploring a network.
//!
//! Each names the correct rule, for which the property holds in all histories within the same bounds.

mod counters;
mod flags;
mod maps;
mod registers;
mod report;
mod sets;

pub use report::{in_a_table, in_full, summary};

use super::worlds::{Apply, Broken, Merge, Prepare, Read};
use crate::histories::any_number::{self, Certificate, Limits};
use crate::histories::{self, Bounds, Finding, Report, Subject, Times, Violation};
use crate::history::Claims;
use crate::node::any_rule::{AnyRule, SerdeRule};
use crate::node::delivery::Delivery;
use crate::properties::specification::{Specification, Specified};
use multimaster::{MasterId, Request, Resolver};

/// A rule that is broken on purpose, and the property that rejects it over histories.
#[derive(Clone, Copy, Debug)]
pub struct BrokenRule {
    /// The name of the correct rule.
    pub rule: &'static str,
    /// The mutation, in at most 39 characters: a cell of the table.
    pub about: &'static str,
    /// The property that rejects it.
    pub property: &'static str,
    /// The fewest writes of a history in which the property is violated.
    pub writes: usize,
    /// The fewest steps of a schedule with that number of writes that violates the property.
    pub steps: usize,
    /// The rule with the mutation and without, and the bounds of the histories.
    pub twins: fn() -> Twins,
}

/// A rule with a mutation and without, and the histories over which both are judged.
pub struct Twins {
    mutant: Box<dyn Fn(MasterId) -> AnyRule>,
    sound: AnyRule,
    by_master: bool,
    specification: Option<Specified>,
    bounds: Bounds,
}

/// A broken rule and its judgement.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The rule.
    pub broken: BrokenRule,
    /// The judgement.
    pub fate: Fate,
    /// In words, the histories over which the correct rule was judged; if the mutant was not killed, those over which
    /// the mutant was judged.
    pub scope: String,
}

/// The judgement of a broken rule.
#[derive(Clone, Debug)]
pub enum Fate {
    /// The property rejects it. The number is the fewest writes of a history that shows this.
    Killed(usize, Box<Violation>),
    /// The property holds in every history within bounds: it does not see the mutation.
    Survived,
    /// The judgement stopped early, or was not possible.
    NotJudged,
    /// The property is not known to hold without the mutation.
    Unsound,
}

impl Fate {
    /// Whether the rule was rejected.
    pub fn is_killed(&self) -> bool {
        matches!(self, Fate::Killed(..))
    }
}

impl Twins {
    /// Three masters under one rule, with a few operations of its kind.
    fn of(sound: impl SerdeRule, mutant: impl SerdeRule) -> Twins {
        let mutant = AnyRule::new(mutant);
        Twins::by_master(sound, false, Box::new(move |_| mutant.clone()))
    }

    /// Three masters, each under its own rule.
    fn each(sound: impl SerdeRule, mutant: fn(MasterId) -> AnyRule) -> Twins {
        Twins::by_master(sound, true, Box::new(mutant))
    }

    fn by_master(sound: impl SerdeRule, by_master: bool, mutant: Box<dyn Fn(MasterId) -> AnyRule>) -> Twins {
        let sound = AnyRule::new(sound);
        let bounds = Bounds::new(3, 1, histories::operations(&sound));
        Twins { mutant, sound, by_master, specification: None, bounds }
    }

    fn specified(self, specification: Specification) -> Twins {
        Twins { specification: Some(specification.into()), ..self }
    }

    /// With only these requests.
    fn asked(mut self, requests: &[&str]) -> Twins {
        let parsed = |request: &&str| -> Request { request.parse().expect("a request") };
        self.bounds.requests = requests.iter().map(parsed).collect();
        self
    }

    fn at(mut self, masters: u16) -> Twins {
        self.bounds.masters = masters;
        self
    }

    fn delivered(mut self, delivery: Delivery) -> Twins {
        self.bounds.delivery = delivery;
        self
    }

    fn with_snapshots(mut self) -> Twins {
        self.bounds.snapshots = true;
        self
    }

    fn timed(mut self, times: Times) -> Twins {
        self.bounds.times = times;
        self
    }

    /// The claims of the rules are not used, because a reading of these rules shows which writes it contains.
    fn judge(&self, rule: &dyn Fn(MasterId) -> AnyRule, writes: usize) -> Report {
        let (by_master, specification) = (self.by_master, self.specification);
        let subject = Subject { rule, by_master, claims: Claims::Refuted, specification };
        let bounds = Bounds { writes, ..self.bounds.clone() };
        histories::judge(&subject, bounds, &mut |_| {}).expect("the bounds are right")
    }
}

/// The rule with another `prepare`.
fn prepare<R: SerdeRule>(rule: R, prepare: Prepare<R>) -> Twins {
    Twins::of(rule.clone(), Broken::prepare(rule, prepare))
}

/// The rule with another `apply`.
fn apply<R: SerdeRule>(rule: R, apply: Apply<R>) -> Twins {
    Twins::of(rule.clone(), Broken::apply(rule, apply))
}

/// The rule with another `merge`, in histories in which a master may receive a snapshot at any time.
fn merge<R: SerdeRule>(rule: R, merge: Merge<R>) -> Twins {
    Twins::of(rule.clone(), Broken::merge(rule, merge)).with_snapshots()
}

/// The rule with another `read`.
fn read<R: SerdeRule>(rule: R, read: Read<R>) -> Twins {
    Twins::of(rule.clone(), Broken::read(rule, read))
}

impl BrokenRule {
    const fn new(
        rule: &'static str,
        about: &'static str,
        property: &'static str,
        (writes, steps): (usize, usize),
        twins: fn() -> Twins,
    ) -> BrokenRule {
        BrokenRule { rule, about, property, writes, steps, twins }
    }

    /// Judges the broken rule over histories of any number of writes, at most `lag` of them unsettled at once. `None`
    /// if such histories do not show the mutation, which needs snapshots, a weaker delivery or certain clocks.
    pub fn certified(&self, lag: usize, windows: usize) -> Option<Result<Certificate, String>> {
        let twins = (self.twins)();
        let Bounds { masters, ref requests, delivery, snapshots, times, time, .. } = twins.bounds;
        let plain = delivery == Delivery::Causal && !snapshots && times == Times::Lamport;
        let subject =
            Subject { rule: &*twins.mutant, by_master: twins.by_master, claims: Claims::Refuted, specification: None };
        let limits = Limits { masters, lag, windows, time };
        plain.then(|| any_number::certify(&subject, limits, requests.clone()))
    }

    /// Judges the broken rule over histories of one write, of two, and so on, until the property is violated. Then
    /// judges the correct rule over the same number of writes.
    pub fn run(&self) -> Judged {
        let twins = (self.twins)();
        let judged = |fate, report: &Report| Judged { broken: *self, fate, scope: report.scope_in_words() };
        let (mutant, sound) = (&twins.mutant, &|_| twins.sound.clone());
        let mut writes = 1;
        loop {
            let report = twins.judge(mutant, writes);
            match report.finding(self.property) {
                Some(Finding::Holds) if writes < self.writes => writes += 1,
                Some(Finding::Holds) => return judged(Fate::Survived, &report),
                Some(Finding::Violated(violation)) => {
                    let sound = twins.judge(sound, writes);
                    let holds = matches!(sound.finding(self.property), Some(Finding::Holds));
                    let killed = Fate::Killed(writes, violation.clone());
                    return judged(if holds { killed } else { Fate::Unsound }, &sound);
                }
                _ => return judged(Fate::NotJudged, &report),
            }
        }
    }
}

/// All rules broken on purpose that histories reject, by rule.
pub fn all() -> Vec<BrokenRule> {
    [registers::RULES, sets::RULES, counters::RULES, flags::RULES, maps::RULES].concat()
}

/// The broken versions of the rule of this name, in upper or lower case.
pub fn named(rule: &str) -> Vec<BrokenRule> {
    all().into_iter().filter(|broken| broken.rule.eq_ignore_ascii_case(rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histories::any_number::Obstacle;
    use crate::properties::CONVERGENCE;
    use multimaster::{ArrivalWins, LastWriteWins};

    fn fate(writes: usize, twins: fn() -> Twins) -> Fate {
        BrokenRule::new("none", "nothing", CONVERGENCE, (writes, 0), twins).run().fate
    }

    #[test]
    fn a_mutation_that_changes_nothing_survives() {
        let survives = fate(3, || Twins::of(LastWriteWins, Broken::of(LastWriteWins)));
        assert!(matches!(survives, Fate::Survived), "{survives:?}");
    }

    /// In a history of a few writes, all times are small numbers.
    #[test]
    fn a_clock_that_begins_anew_at_1000_survives() {
        let survives = fate(4, || apply(LastWriteWins, registers::by_remainder::<1000>));
        assert!(matches!(survives, Fate::Survived), "{survives:?}");
    }

    /// The numbers of certificates refused for a violation, and for another reason.
    fn refused(most_writes: usize, windows: usize) -> (usize, usize) {
        let (mut violated, mut refused) = (0, 0);
        for broken in all().into_iter().filter(|broken| broken.writes <= most_writes) {
            let Some(certificate) = broken.certified(broken.writes.max(2), windows) else { continue };
            let certificate = certificate.unwrap_or_else(|why| panic!("{} {}: {why}", broken.rule, broken.about));
            assert!(!certificate.covers(broken.property), "{}: {}", broken.rule, broken.about);
            let found = matches!(certificate.judged.get(broken.property), Some(Some(_)))
                || matches!(certificate.obstacle, Some(Obstacle::Differs(_)));
            violated += usize::from(found);
            refused += usize::from(!found);
        }
        (violated, refused)
    }

    #[test]
    fn no_certificate_covers_what_is_broken() {
        let (violated, refused) = refused(3, 100);
        assert!(violated > 20, "{violated} violated, {refused} refused");
    }

    #[test]
    #[ignore = "takes minutes"]
    fn no_certificate_covers_what_more_writes_break() {
        let (violated, refused) = refused(5, 100_000);
        println!("{violated} violated, {refused} refused");
    }

    #[test]
    fn a_kill_does_not_count_where_the_rule_dies_without_the_mutation() {
        let unsound = fate(2, || Twins::of(ArrivalWins, Broken::of(ArrivalWins)));
        assert!(matches!(unsound, Fate::Unsound), "{unsound:?}");
    }
}
