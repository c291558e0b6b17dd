//! Judges a rule over histories of any number of writes: [`certify`], with the feature `any-number`.
//!
//! A write is *settled* at a point of the history if all writes after this point have seen it. The exploration keeps of
//! a history only its *window*: the unsettled writes, and the state of a master for each cut of them. Times and
//! sequence numbers in it become ranks, because a watched rule shows that it depends on their order only. If the rule
//! keeps a bounded state, there are finitely many windows, and they cover all histories with at most so many unsettled
//! writes at once. The theorem and its proof are in `docs/any-number.md`.

#[cfg(feature = "any-number")]
mod certify;

use crate::properties as p;
use crate::report::table::grouped;
#[cfg(feature = "any-number")]
pub use certify::{MOST_LAG, certify, of};
use multimaster::Request;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

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
