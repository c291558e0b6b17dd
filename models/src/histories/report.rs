//! What is found: [`Report`].

use super::bounds::Bounds;
use super::lattice::Effort;
use super::schedule::Violation;
use crate::properties as p;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was enumerated.
    pub bounds: Bounds,
    /// How many histories were judged.
    pub histories: u64,
    /// In how many of them two writes of one key were concurrent.
    pub conflicts: u64,
    /// How much was done.
    pub effort: Effort,
    /// Each property, in the order of the table, and what shows that it is violated by the shortest schedule.
    pub findings: Vec<(&'static str, Finding)>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// How long it took.
    pub time: Duration,
}

/// What became of a property.
#[derive(Clone, Debug)]
pub enum Finding {
    /// True in every history.
    Holds,
    /// False, as this shows.
    Violated(Box<Violation>),
    /// The only evidence that it holds is the rule's own claim, which is untested.
    NotJudged,
    /// No violation was found before the enumeration was stopped.
    NotExhausted,
}

impl Report {
    /// Why nothing was tested, if so.
    pub fn untested(&self) -> Option<&'static str> {
        match (self.histories, self.conflicts) {
            _ if self.stopped => None,
            (0, _) => Some("the rule refused every request: nothing was judged"),
            (_, 0) => Some("in no history were two writes of one key concurrent: no conflict was judged"),
            _ => None,
        }
    }

    /// What became of the property.
    pub fn finding(&self, property: &str) -> Option<&Finding> {
        self.findings.iter().find(|(name, _)| *name == property).map(|(_, finding)| finding)
    }

    /// The shortest schedule that violates the property.
    pub fn violation(&self, property: &str) -> Option<&Violation> {
        match self.finding(property) {
            Some(Finding::Violated(violation)) => Some(violation),
            _ => None,
        }
    }
}

/// What histories are asked, in the order of the table of properties.
pub const ASKED: [&str; 8] = [
    p::CONVERGENCE,
    p::NO_RESURRECTION,
    p::NO_CAUSAL_LOSS,
    p::NO_POLICY_LOSS,
    p::NO_TOTAL_LOSS,
    p::NO_INVENTION,
    p::SPECIFICATION,
    p::NO_OVERSELLING,
];

/// What is asked of each master: its requests, in order, by their index in [`Bounds::requests`], each with its wall-clock
/// time, if the rule uses wall clocks.
pub type Script = Vec<Vec<(usize, Option<u64>)>>;

/// What became of each script, once all of it is written. Its beginnings are scripts of their own.
#[derive(Clone, Debug, Default)]
pub struct ByScript {
    /// The fewest steps to violate each property, in the order of [`ASKED`], once all of it is written. A script that
    /// violates none is left out.
    pub shortest: BTreeMap<Script, [Option<usize>; ASKED.len()]>,
    /// Those of which the rule can refuse the last request of some master.
    pub refused: BTreeSet<Script>,
}
