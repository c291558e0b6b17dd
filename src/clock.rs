//! When a write was made: [`Stamp`].

use crate::MasterId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A logical time with the writing master's id as tie-break: a total order that respects happened-before.
///
/// A master's clock moves past every stamp that it sees, so a write is stamped later than all that its writer had
/// seen (Lamport, "Time, clocks and the ordering of events in a distributed system", 1978). Two writes never share a
/// stamp. `Ord` compares the time first, then the id: of two equal times the *higher* id counts as later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Ticks of the logical clock; the first write of an untouched cluster has 1.
    pub time: u64,
    /// The master at which the write was made.
    pub master: MasterId,
}

/// The latest time a change may carry; a later one is refused as a peer's fault, so that no sum of times overflows. A
/// master whose clock a lying peer has driven here refuses writes rather than stamping what others would refuse.
pub const LATEST: u64 = 1 << 62;

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time, self.master)
    }
}
