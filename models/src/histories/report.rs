//! The result of an enumeration: [`Report`].

use super::bounds::Bounds;
use super::lattice::Effort;
use super::schedule::Violation;
use crate::properties as p;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The result of an enumeration.
#[derive(Clone, Debug)]
pub struct Report {
    /// The bounds of the enumeration.
    pub bounds: Bounds,
    /// The number of histories judged.
    pub histories: u64,
    /// The number of histories with two concurrent writes of one key.
    pub conflicts: u64,
    /// The work done.
    pub effort: Effort,
    /// Each property with its verdict, in the order of the table.
    pub findings: Vec<(&'static str, Finding)>,
    /// Whether the enumeration was stopped before its end.
    pub stopped: bool,
    /// The run time.
    pub time: Duration,
}

/// The verdict on a property.
#[derive(Clone, Debug)]
pub enum Finding {
    /// True in every history.
    Holds,
    /// False, as this shortest violation shows.
    Violated(Box<Violation>),
    /// No violation was found, but the verdict depends on an untested claim of the rule.
    NotJudged,
    /// No violation was found before the enumeration was stopped.
    NotExhausted,
}

impl Report {
    /// The reason for which nothing was tested, if so.
    pub fn untested(&self) -> Option<&'static str> {
        match (self.histories, self.conflicts) {
            _ if self.stopped => None,
            (0, _) => Some("the rule refused every request: nothing was judged"),
            (_, 0) => Some("in no history were two writes of one key concurrent: no conflict was judged"),
            _ => None,
        }
    }

    /// The verdict on the property.
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

/// The properties judged by histories, in the order of the table of properties.
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

/// By master, its requests in order: each by its index in [`Bounds::requests`], with its wall-clock time if the rule
/// uses wall clocks.
pub type Script = Vec<Vec<(usize, Option<u64>)>>;

/// The verdicts by script, once all its requests are made. A prefix of a script is a script of its own.
#[derive(Clone, Debug, Default)]
pub struct ByScript {
    /// By script, the fewest steps that violate each property, in the order of [`ASKED`]. A script that violates none
    /// is left out.
    pub shortest: BTreeMap<Script, [Option<usize>; ASKED.len()]>,
    /// The scripts in which the rule can refuse the last request of some master.
    pub refused: BTreeSet<Script>,
}
