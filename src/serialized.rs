//! The serialized forms that are not derived, with the feature `serde`. Each is the same for equal values, and what is
//! deserialized is checked.

use crate::clock::END;
use crate::ring::Ring;
use crate::table::Table;
use crate::{Dot, MasterId, Timestamp, Topology, TopologyError, VersionVector, watch};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeSet;

/// A [`Dot`].
#[derive(Serialize, Deserialize)]
#[serde(rename = "Dot")]
pub(crate) struct NamedDot {
    origin: MasterId,
    seq: u64,
}

impl From<Dot> for NamedDot {
    fn from(dot: Dot) -> NamedDot {
        NamedDot { origin: dot.origin(), seq: watch::seq(dot.origin(), dot.seq()) }
    }
}

impl TryFrom<NamedDot> for Dot {
    type Error = String;

    fn try_from(NamedDot { origin, seq }: NamedDot) -> Result<Dot, String> {
        let fits = (seq <= Dot::LAST).then(|| Dot::new(origin, seq));
        fits.ok_or_else(|| format!("sequence number {seq} is greater than {}", Dot::LAST))
    }
}

/// A [`Timestamp`].
#[derive(Serialize, Deserialize)]
#[serde(rename = "Timestamp")]
pub(crate) struct NamedTimestamp {
    time: u64,
    master: MasterId,
}

impl From<Timestamp> for NamedTimestamp {
    fn from(timestamp: Timestamp) -> NamedTimestamp {
        NamedTimestamp { time: watch::time(timestamp.time()), master: timestamp.master() }
    }
}

impl TryFrom<NamedTimestamp> for Timestamp {
    type Error = String;

    fn try_from(NamedTimestamp { time, master }: NamedTimestamp) -> Result<Timestamp, String> {
        let fits = (time <= END).then(|| Timestamp::new(time, master));
        fits.ok_or_else(|| format!("time {time}: clocks go up to {END}"))
    }
}

/// A [`Topology`] that has not been checked.
#[derive(Deserialize)]
#[serde(rename = "Topology")]
pub(crate) struct Graph {
    masters: u16,
    edges: BTreeSet<(MasterId, MasterId)>,
    #[serde(default)]
    one_way: bool,
}

impl TryFrom<Graph> for Topology {
    type Error = TopologyError;

    fn try_from(Graph { masters, edges, one_way }: Graph) -> Result<Topology, TopologyError> {
        if one_way { Topology::one_way(masters, edges) } else { Topology::from_edges(masters, edges) }
    }
}

/// The list of its counts.
impl Serialize for VersionVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        watch::look("the serialized form of a VersionVector");
        // A vector that was read from a file may be wider than there are masters.
        let master = |place| MasterId(u16::try_from(place).unwrap_or(u16::MAX));
        serializer.collect_seq(self.counts().enumerate().map(|(place, count)| watch::seq(master(place), *count)))
    }
}

impl<T: Serialize> Serialize for Ring<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// In key order.
impl<S: Serialize> Serialize for Table<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_str, to_string};

    #[test]
    fn dots_are_written_down_as_they_are_and_read_back_within_range() {
        let dot = Dot::new(MasterId(3), Dot::LAST);
        let text = to_string(&dot).unwrap();
        assert_eq!(text, format!(r#"{{"origin":3,"seq":{}}}"#, Dot::LAST));
        assert_eq!(from_str::<Dot>(&text).unwrap(), dot);
        let error = from_str::<Dot>(r#"{"origin":3,"seq":281474976710656}"#).unwrap_err();
        assert!(error.to_string().starts_with("sequence number 281474976710656 is greater than 281474976710655"));
    }

    #[test]
    fn timestamps_are_written_down_as_they_are_and_read_back_within_range() {
        let timestamp = Timestamp::new(END, MasterId(u16::MAX));
        let text = to_string(&timestamp).unwrap();
        assert_eq!(text, format!(r#"{{"time":{END},"master":65535}}"#));
        assert_eq!(from_str::<Timestamp>(&text).unwrap(), timestamp);
        let error = from_str::<Timestamp>(r#"{"time":281474976710656,"master":0}"#).unwrap_err();
        assert!(error.to_string().starts_with("time 281474976710656: clocks go up to 281474976710655"));
    }

    #[test]
    fn a_topology_that_is_read_is_checked() {
        let read = |text: &str| from_str::<Topology>(text).map_err(|error| error.to_string());
        let ring = Topology::ring(3).unwrap();
        assert_eq!(read(&to_string(&ring).unwrap()), Ok(ring));
        for (text, said) in [
            (r#"{"masters":1,"edges":[]}"#, "at least two masters"),
            (r#"{"masters":2,"edges":[[0,1]]}"#, "no path leads from B to A"),
            (r#"{"masters":2,"edges":[[0,1],[1,2]]}"#, "there is no master C"),
            (r#"{"masters":2,"edges":[[0,0]]}"#, "cannot be its own neighbour"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_version_vector_is_the_list_of_its_counts() {
        for counts in [vec![], vec![1, 2], vec![0, 0, 0, 7], vec![1, 0, 0, 0, 2], vec![0, 3, 0, 4, 1, 0, 9]] {
            let vector = VersionVector::from(counts.clone());
            let text = to_string(&vector).unwrap();
            assert_eq!(text, to_string(&counts).unwrap());
            assert_eq!(from_str::<VersionVector>(&text).unwrap(), vector);
        }
        assert_eq!(from_str::<VersionVector>("[1,0]").unwrap(), VersionVector::from(vec![1]));
    }

    #[test]
    fn a_table_is_written_in_key_order_and_a_ring_from_its_front() {
        let mut table = Table::default();
        for key in ["b", "c", "a"] {
            table.alter(key.into(), |state| *state = key.len());
        }
        assert_eq!(to_string(&table).unwrap(), r#"{"a":1,"b":1,"c":1}"#);

        let mut ring: Ring<u8> = (0..5).collect();
        ring.drop_front(3, |_| {});
        ring.append(vec![9]);
        assert_eq!(to_string(&ring).unwrap(), "[3,4,9]");
    }
}
