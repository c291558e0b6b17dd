//! The logical time of a write, [`Timestamp`], and the time on its writer's clock, [`WallTime`].

use crate::{MasterId, watch};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A logical time with the writing master's id as tie-break: a total order that respects happened-before.
///
/// A master's clock moves past every timestamp that it sees. So a write's timestamp is later than those of all writes
/// that its writer had seen (Lamport, "Time, clocks and the ordering of events in a distributed system", 1978). Two
/// writes never share a timestamp. `Ord` compares the time first, then the id: if the times are equal, the timestamp
/// with the *higher* id is later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "crate::serialized::NamedTimestamp", into = "crate::serialized::NamedTimestamp")
)]
pub struct Timestamp(u64);

/// The latest time a change may carry; a later one is refused as a peer's fault. If a faulty peer has advanced a
/// master's clock to this time, the master refuses writes, because other masters would refuse their timestamps.
pub const LATEST: u64 = 1 << 47;

/// The latest time that a [`Timestamp`] can hold.
pub(crate) const END: u64 = (1 << 48) - 1;

impl Timestamp {
    /// The timestamp of a write at `master` at the logical time `time`.
    ///
    /// # Panics
    /// If `time` is 2^48 or more.
    #[inline]
    pub fn new(time: u64, master: MasterId) -> Timestamp {
        watch::look("Timestamp::new");
        Timestamp::numbered(time, master)
    }

    #[inline]
    pub(crate) fn numbered(time: u64, master: MasterId) -> Timestamp {
        assert!(time <= END, "no clock goes so far");
        Timestamp(time << 16 | u64::from(master.0))
    }

    /// The logical time; the first write of a new cluster has 1.
    #[inline]
    pub fn time(self) -> u64 {
        watch::look("Timestamp::time");
        self.number()
    }

    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.0 >> 16
    }

    /// The origin of the write: the id of its master, or a fresh origin.
    #[inline]
    pub const fn master(self) -> MasterId {
        MasterId(self.0 as u16)
    }
}

impl Hash for Timestamp {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        watch::look("the hash of a Timestamp");
        self.0.hash(hasher);
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.time(), self.master())
    }
}

/// The time that a writer's wall clock shows, which may be wrong.
///
/// Rules compare wall-clock times; a rule that [reads](Self::get) the number depends on more than their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(from = "u64", into = "u64"))]
pub struct WallTime(u64);

impl WallTime {
    /// The number.
    #[inline]
    pub fn get(self) -> u64 {
        watch::look("WallTime::get");
        self.0
    }
}

impl From<u64> for WallTime {
    #[inline]
    fn from(time: u64) -> WallTime {
        watch::look("WallTime::from");
        WallTime(time)
    }
}

/// The serialized form.
#[cfg(feature = "serde")]
impl From<WallTime> for u64 {
    fn from(time: WallTime) -> u64 {
        watch::time(time.get())
    }
}

/// A write that was given no wall-clock time has its Lamport time.
impl From<Timestamp> for WallTime {
    #[inline]
    fn from(timestamp: Timestamp) -> WallTime {
        WallTime(timestamp.number())
    }
}

impl Hash for WallTime {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        watch::look("the hash of a WallTime");
        self.0.hash(hasher);
    }
}

impl fmt::Debug for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_goes_before_the_master() {
        assert!(Timestamp::new(1, MasterId(9)) < Timestamp::new(2, MasterId(0)));
        assert!(Timestamp::new(2, MasterId(0)) < Timestamp::new(2, MasterId(1)));
    }
}
