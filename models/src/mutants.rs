//! A test of the properties: protocols and rules that are broken on purpose, most of them by one line. Each mutant
//! names the property that must reject it. Numbers such as K1 are documented bugs of real systems. The other mutants
//! are here so that every property rejects at least one.
//!
//! A kill counts only if the mutation causes it: without the mutation, the property must hold in every reachable state
//! of the same [world](Worlds).

pub mod by_histories;
mod clocks;
mod failures;
mod limits;
mod liveness;
mod protocol;
mod report;
mod rules;
pub mod scopes;
mod snapshots;
mod specifications;
mod tombstones;
mod worlds;

pub use report::{in_a_table, in_full, summary};
pub use worlds::Worlds;

use crate::check::engine::{Finding, Limits, Report, Verdict};
use crate::check::liveness::Fairness;
use crate::properties::OF_LIVENESS;
use crate::report::check::{Counterexample, counterexamples};
use std::fmt;

/// A protocol or rule that is broken on purpose, and the property that rejects it.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// The bug.
    pub bug: Bug,
    /// The mutation, in at most 59 characters: a cell of the table.
    pub about: &'static str,
    /// A description of the bug, in lines of at most 100 characters.
    pub story: &'static str,
    /// The property that rejects it.
    pub property: &'static str,
    /// The schedule that the search must find: a shortest one to a state that the property rejects.
    pub schedule: &'static [&'static str],
    /// A part of the text that must be reported for that state.
    pub complaint: &'static str,
    /// The models to explore, with the mutation and without.
    pub worlds: fn() -> Worlds,
}

/// The bug of a mutant. Documented bugs come first, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// A documented bug of a real system: `K1`, `K2`, …
    Documented(u8),
    /// Any other bug.
    Own(&'static str),
}

impl Bug {
    fn is_called(self, name: &str) -> bool {
        self.to_string().eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bug::Documented(number) => write!(f, "K{number}"),
            Bug::Own(name) => f.write_str(name),
        }
    }
}

/// A mutant and its outcome.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The mutant.
    pub mutant: Mutant,
    /// The outcome.
    pub outcome: Outcome,
    /// The number of states of the world without the mutation.
    pub states: usize,
}

/// The outcome for a mutant.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The property rejects it, after this shortest schedule.
    Killed(Box<Counterexample>),
    /// The property holds in every reachable state: it does not see the mutation.
    Survived,
    /// The search was cut before the property was violated.
    NotExhausted,
    /// The property is not known to hold without the mutation, so a kill would prove nothing.
    Unsound,
}

impl Outcome {
    /// Whether the mutant was killed.
    pub fn is_killed(&self) -> bool {
        matches!(self, Outcome::Killed(_))
    }
}

impl Mutant {
    /// Explores the world without the mutation to the end. Then explores it with the mutation, breadth first, until the
    /// property is violated: no shorter schedule kills the mutant. The schedule is replayed from its text.
    pub fn run(&self) -> Tried {
        let Worlds { mutant, sound } = (self.worlds)();
        let liveness = OF_LIVENESS.contains(&self.property).then_some(Fairness::Weak);
        let report = sound.explore(Limits { liveness, ..Limits::default() }, &mut |_, _| {});
        let states = report.states;
        let outcome = |outcome| Tried { mutant: *self, outcome, states };
        if report.verdict(self.property) != Some(&Verdict::Holds(None)) {
            return outcome(Outcome::Unsound);
        }
        // Some mutants have infinitely many states.
        let limits = Limits { until: Some(self.property), states: 500_000, liveness, ..Limits::default() };
        let report = mutant.explore(limits, &mut |_, _| {});
        let asked = |finding: &Finding| finding.property == self.property;
        let found = Report { findings: report.findings.into_iter().filter(asked).collect(), ..report };
        let example = counterexamples(&mutant, &self.bug.to_string(), &found).pop();
        outcome(match (example, found.verdict(self.property)) {
            (Some(example), _) => Outcome::Killed(Box::new(example)),
            (None, Some(Verdict::Holds(_))) => Outcome::Survived,
            (None, _) => Outcome::NotExhausted,
        })
    }
}

/// All mutants, by bug.
pub fn all() -> Vec<Mutant> {
    let of_failures = [failures::MUTANTS, limits::MUTANTS, tombstones::MUTANTS, liveness::MUTANTS].concat();
    let of_protocols = [clocks::MUTANTS, protocol::MUTANTS, snapshots::MUTANTS, &of_failures].concat();
    let mut all = [of_protocols, rules::MUTANTS.to_vec(), specifications::MUTANTS.to_vec()].concat();
    all.sort_by_key(|mutant| mutant.bug);
    all
}

/// The mutants of the bug of this name, in upper or lower case.
pub fn named(bug: &str) -> Vec<Mutant> {
    all().into_iter().filter(|mutant| mutant.bug.is_called(bug)).collect()
}
