//! What the properties are worth: protocols and rules broken on purpose, most of them by one line, each to be rejected by a
//! property that it names. The K numbers are those of documented bugs in real systems; a mutant without one is here so that
//! every property rejects something.
//!
//! A kill counts only if it is the mutation's: the same [world](Worlds) without it has the property in every reachable state.

pub mod by_histories;
mod clocks;
mod protocol;
mod report;
mod rules;
pub mod scopes;
mod snapshots;
mod specifications;
mod worlds;

pub use report::{in_a_table, in_full, not_yet_in_full, summary};
pub use worlds::Worlds;

use crate::check::engine::{Finding, Limits, Report, Verdict};
use crate::report::check::{Counterexample, counterexamples};
use std::fmt;

/// A protocol or rule that is broken on purpose, and how that comes to light.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// Which bug it is.
    pub bug: Bug,
    /// The mutation, in at most 59 characters: a cell of the table.
    pub about: &'static str,
    /// What is broken, in lines of at most 100 characters.
    pub story: &'static str,
    /// The property that rejects it.
    pub property: &'static str,
    /// A shortest schedule to a state that the property rejects: the one that must come out.
    pub schedule: &'static [&'static str],
    /// What must be said of that state.
    pub complaint: &'static str,
    /// What is explored, with the mutation and without.
    pub worlds: fn() -> Worlds,
}

/// Which bug a mutant has. Documented ones come first, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// Documented, of real systems: `K1`, `K2`, …
    Documented(u8),
    /// One of our own.
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

/// A mutant, and what became of it.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The mutant.
    pub mutant: Mutant,
    /// What became of it.
    pub outcome: Outcome,
    /// How many states the world without the mutation has.
    pub states: usize,
}

/// What became of a mutant.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The property rejects it; the shortest schedule to that.
    Killed(Box<Counterexample>),
    /// The property holds in every reachable state: it does not see the mutation.
    Survived,
    /// The search was cut before the property was violated.
    NotExhausted,
    /// The property is not known to hold without the mutation, so that nothing would follow from a kill.
    Unsound,
}

impl Outcome {
    /// Whether the mutant was killed.
    pub fn is_killed(&self) -> bool {
        matches!(self, Outcome::Killed(_))
    }
}

impl Mutant {
    /// Explores the mutant's world without the mutation to its end, and with it breadth first until the property is
    /// violated: no shorter schedule kills it. The schedule is replayed from its text.
    pub fn run(&self) -> Tried {
        let Worlds { mutant, sound } = (self.worlds)();
        let report = sound.explore(Limits::default(), &mut |_, _| {});
        let states = report.states;
        let outcome = |outcome| Tried { mutant: *self, outcome, states };
        if report.verdict(self.property) != Some(&Verdict::Holds(None)) {
            return outcome(Outcome::Unsound);
        }
        // Some mutants have no end of states.
        let limits = Limits { until: Some(self.property), states: 500_000, ..Limits::default() };
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
    let mut all =
        [clocks::MUTANTS, rules::MUTANTS, protocol::MUTANTS, snapshots::MUTANTS, specifications::MUTANTS].concat();
    all.sort_by_key(|mutant| mutant.bug);
    all
}

/// The mutants of the bug of that name, in whatever case.
pub fn named(bug: &str) -> Vec<Mutant> {
    all().into_iter().filter(|mutant| mutant.bug.is_called(bug)).collect()
}

/// A documented bug that no world here can have yet.
#[derive(Clone, Copy, Debug)]
pub struct NotYet {
    /// Its number.
    pub number: u8,
    /// The mutation.
    pub about: &'static str,
    /// What a world would need in order to have it.
    pub needs: &'static str,
}

impl NotYet {
    const fn new(number: u8, about: &'static str, needs: &'static str) -> NotYet {
        NotYet { number, about, needs }
    }
}

/// The documented bugs without a mutant, by number.
pub const NOT_YET: [NotYet; 10] = [
    NotYet::new(8, "who collects forgets a silent peer after a crash", "crashes, collected tombstones"),
    NotYet::new(9, "a master's counter of dots restarts", "masters that lose their state"),
    NotYet::new(15, "who ends a loop is the origin, and it has left", "masters that leave"),
    NotYet::new(17, "a departed master's id is given to another", "masters that leave and join"),
    NotYet::new(18, "a master is dropped before it has sent all", "masters that leave"),
    NotYet::new(19, "a hub acknowledges before it relays, and dies", "crashes, acknowledgement levels"),
    NotYet::new(20, "a write is acknowledged before it is durable", "crashes, durability"),
    NotYet::new(28, "a hybrid clock follows whatever time it is told", "hybrid clocks, availability"),
    NotYet::new(29, "a session does not follow its client elsewhere", "sessions"),
    NotYet::new(30, "\"confirmed\" is said when one master accepts", "acknowledgement levels"),
];

/// The documented bug of that name that has no mutant yet.
pub fn not_yet_named(bug: &str) -> Option<&'static NotYet> {
    NOT_YET.iter().find(|not_yet| Bug::Documented(not_yet.number).is_called(bug))
}
