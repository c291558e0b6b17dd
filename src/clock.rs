//! The logical time of a write: [`Timestamp`].

use crate::MasterId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A logical time with the writing master's id as tie-break: a total order that respects happened-before.
///
/// A master's clock moves past every timestamp that it sees, so a write is timestamped later than all that its writer
/// had seen (Lamport, "Time, clocks and the ordering of events in a distributed system", 1978). Two writes never share
/// a timestamp. `Ord` compares the time first, then the id: of two equal times the *higher* id counts as later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "NamedTimestamp", into = "NamedTimestamp")]
pub struct Timestamp(u64);

/// The latest time a change may carry; a later one is refused as a peer's fault. If a faulty peer has advanced a
/// master's clock to this time, the master refuses writes, because other masters would refuse their timestamps.
pub const LATEST: u64 = 1 << 47;

/// The latest time that a [`Timestamp`] can hold.
pub(crate) const END: u64 = (1 << 48) - 1;

impl Timestamp {
    /// `time` at `master`.
    ///
    /// # Panics
    /// If `time` is 2^48 or more.
    #[inline]
    pub const fn new(time: u64, master: MasterId) -> Timestamp {
        assert!(time <= END, "no clock goes so far");
        Timestamp(time << 16 | master.0 as u64)
    }

    /// Ticks of the logical clock; the first write of an untouched cluster has 1.
    #[inline]
    pub const fn time(self) -> u64 {
        self.0 >> 16
    }

    /// The master at which the write was made.
    #[inline]
    pub const fn master(self) -> MasterId {
        MasterId(self.0 as u16)
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

/// A [`Timestamp`] as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Timestamp")]
struct NamedTimestamp {
    time: u64,
    master: MasterId,
}

impl From<Timestamp> for NamedTimestamp {
    fn from(timestamp: Timestamp) -> NamedTimestamp {
        NamedTimestamp { time: timestamp.time(), master: timestamp.master() }
    }
}

impl TryFrom<NamedTimestamp> for Timestamp {
    type Error = String;

    fn try_from(NamedTimestamp { time, master }: NamedTimestamp) -> Result<Timestamp, String> {
        let fits = (time <= END).then(|| Timestamp::new(time, master));
        fits.ok_or_else(|| format!("time {time}: clocks go up to {END}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_written_down_as_they_are_and_read_back_within_range() {
        let timestamp = Timestamp::new(END, MasterId(u16::MAX));
        let text = serde_json::to_string(&timestamp).unwrap();
        assert_eq!(text, format!(r#"{{"time":{END},"master":65535}}"#));
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), timestamp);
        let error = serde_json::from_str::<Timestamp>(r#"{"time":281474976710656,"master":0}"#).unwrap_err();
        assert!(error.to_string().starts_with("time 281474976710656: clocks go up to 281474976710655"));
    }

    #[test]
    fn the_time_goes_before_the_master() {
        assert!(Timestamp::new(1, MasterId(9)) < Timestamp::new(2, MasterId(0)));
        assert!(Timestamp::new(2, MasterId(0)) < Timestamp::new(2, MasterId(1)));
    }
}
