//! The messages between masters: a [`Push`] of [`Change`]s, a [`Snapshot`], and the digest, a plain [`VersionVector`].

use crate::{Dot, Key, Timestamp, VersionVector};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One write as it travels: its dot, its Lamport timestamp, its key, and its effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Change<E> {
    /// The name of the write.
    pub dot: Dot,
    /// The Lamport timestamp of the write.
    pub timestamp: Timestamp,
    /// The key.
    pub key: Key,
    /// The effect that the origin's rule computed for the client's operation.
    pub effect: E,
}

/// A list of changes. A single change is stored inline.
///
/// The type is `smallvec`'s, and is public in this API. A `Vec` would allocate for a push of one change, which is the
/// most frequent message.
pub type Changes<E> = SmallVec<[Change<E>; 1]>;

/// Changes in the order in which their sender has seen them, for a receiver that has seen all changes in `extends`.
///
/// The receiver applies them only if it has seen `extends`: the causal delta-merging condition of Almeida, Shoker and
/// Baquero, "Delta state replicated data types", JPDC 2018. So delivery is causal, although a change carries no vector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Push<E> {
    /// The version vector that the receiver must have seen before it applies `changes`.
    pub extends: VersionVector,
    /// At least one change.
    pub changes: Changes<E>,
}

/// A master's whole table, for a neighbour that lacks changes which the master's log no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot<S> {
    /// The version vector of the changes that the table reflects.
    pub seen: VersionVector,
    /// The sender's clock: no timestamp in the table is later.
    pub clock: u64,
    /// The rule's state of every key. Snapshots that a master takes in the same state share the table.
    pub table: Arc<BTreeMap<Key, S>>,
}

/// A message along an edge, from the sender of changes to their receiver. Digests travel the other way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Message<S, E> {
    /// Changes from the sender's log.
    Push(Push<E>),
    /// The sender's whole table.
    Snapshot(Snapshot<S>),
}

impl<S, E> Message<S, E> {
    /// Whether the message contains a change that is new to a master that has seen `known`.
    pub fn is_news_to(&self, known: &VersionVector) -> bool {
        match self {
            Message::Push(push) => push.changes.iter().any(|change| !known.contains(change.dot)),
            Message::Snapshot(snapshot) => !known.covers(&snapshot.seen),
        }
    }

    /// The dots in this message that are new to a master that has seen `known`.
    pub fn brings(&self, known: &VersionVector) -> Vec<Dot> {
        match self {
            Message::Push(push) => push.changes.iter().map(|c| c.dot).filter(|dot| !known.contains(*dot)).collect(),
            Message::Snapshot(snapshot) => {
                let each = snapshot.seen.iter();
                each.flat_map(|(origin, last)| (known.get(origin) + 1..=last).map(move |seq| Dot::new(origin, seq)))
                    .collect()
            }
        }
    }
}

/// `A2 A3 after A1 B1`, or `snapshot of A3 B1`.
impl<S, E> fmt::Display for Message<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Push(push) => {
                for (place, change) in push.changes.iter().enumerate() {
                    let gap = if place == 0 { "" } else { " " };
                    write!(f, "{gap}{}", change.dot)?;
                }
                write!(f, " after {}", push.extends)
            }
            Message::Snapshot(snapshot) => write!(f, "snapshot of {}", snapshot.seen),
        }
    }
}
