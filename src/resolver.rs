//! Conflict rules: the [`Resolver`] trait and the rules that ship.
//!
//! | rule | a read shows | concurrent writes |
//! |---|---|---|
//! | [`ArrivalWins`] | what arrived last | whichever came later *here*: masters disagree |
//! | [`LastWriteWins`] | the write with the latest timestamp | the others are lost, by policy |
//! | [`Custom`] | what your function makes of the siblings | your function, over all of them, in timestamp order |
//! | [`CustomMerged`] | one merged value | your function, pair by pair: a superseded write can come back |
//! | [`MultiValue`] | every sibling | all kept, for the reader |
//! | [`Counter`] | the sum | all counted |
//! | [`ObservedRemoveSet`] | the elements | an insert survives a remove that had not seen it |
//! | [`RemoveWinsSet`] | the elements | a remove takes back an insert that had not seen it |
//! | [`GrowOnlySet`] | the elements | all are in |
//! | [`GrowOnlyCounter`] | the sum | all counted |
//! | [`BoundedCounter`] | the sum, never below 0 | all counted: what a master has no right to subtract, it refuses |
//! | [`EnableWinsFlag`] | on or off | on |
//! | [`DisableWinsFlag`] | on or off | off |
//! | [`MaxRegister`], [`MinRegister`] | the greatest, or least, number | the others are below, or above, it |
//! | [`LastWriteMap`] | the fields | of each field, the latest timestamp |
//! | [`LastWriteWall`], [`LastWriteMapWall`] | as without `Wall` | the latest wall-clock time, which may be wrong |
//! | [`ObservedRemoveMap`] | registers, counters and sets by name | what a remove of the field had not seen survives |

mod arrival;
mod bounded_counter;
mod counter;
mod custom;
mod disable_wins;
mod dotted;
mod enable_wins;
mod grow_only_counter;
mod grow_only_set;
mod last_write;
mod last_write_map;
mod last_write_wall;
mod max_register;
mod merged;
mod min_register;
mod multi_value;
mod observed_remove_map;
mod remove_wins_set;
mod set;
mod siblings;

pub use arrival::ArrivalWins;
pub use bounded_counter::{Account, BoundedCounter, Deal, Escrow};
pub use counter::{Counter, Tally};
pub use custom::{Custom, Keep};
pub use disable_wins::DisableWinsFlag;
pub use dotted::Dotted;
pub use enable_wins::{EnableWinsFlag, Toggle};
pub use grow_only_counter::GrowOnlyCounter;
pub use grow_only_set::GrowOnlySet;
pub use last_write::LastWriteWins;
pub use last_write_map::{LastWriteMap, SetField};
pub use last_write_wall::{LastWriteMapWall, LastWriteWall, Timed};
pub use max_register::MaxRegister;
pub use merged::{CustomMerged, Merged};
pub use min_register::MinRegister;
pub use multi_value::MultiValue;
pub use observed_remove_map::{FieldEffect, Item, ObservedRemoveMap};
pub use remove_wins_set::RemoveWinsSet;
pub use set::{ObservedRemoveSet, SetEffect};
pub use siblings::{Replace, Siblings};

use crate::{Change, Dot, Kind, Op, Reading, Text, Timestamp, VersionVector};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt::{self, Debug};
use std::hash::Hash;

/// What a rule's states and effects must be: plain values, ordered, hashed and serialized by content.
pub trait Data: Clone + Debug + Ord + Hash + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Debug + Ord + Hash + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// A conflict rule: what a master keeps for a key, and how a write, here or from elsewhere, alters it.
///
/// A rule need not be a join. Masters that see the same changes in different orders end in the same state only if
/// `apply` makes them: whether it does is what the harness finds out. What the protocol promises a rule: each change is
/// applied once at each master, and after every change that its origin had seen when it was written.
///
/// A rule is a pure function of its arguments: no clock, no randomness, no memory outside `State`.
pub trait Resolver: Clone + Send + Sync + 'static {
    /// What a master keeps for one key; the default is a key never written. A key whose state is the default is not
    /// stored.
    type State: Data + Default;
    /// What travels in a change.
    type Effect: Data;

    /// The kind of data, which says which operations clients may ask.
    fn kind(&self) -> Kind {
        Kind::Register
    }

    /// Whether the rule uses wall clocks. If so, [`prepare`](Self::prepare) is given operations with their [wall-clock
    /// time](Op::At); otherwise such an operation is [refused](Refusal::NoWallClock).
    fn uses_wall_clock(&self) -> bool {
        false
    }

    /// Turns a client's operation into the effect that every master, this one first, will apply.
    ///
    /// # Errors
    /// A [`Refusal`], when the rule will not do it: the write then has no dot and was never acknowledged.
    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal>;

    /// Applies a change. False if that left the state as it was.
    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool;

    /// Why a [change](Self::apply) leaves `state` as it is, in words that complete a sentence after a master's name, as
    /// in "B had newer". Called only if `apply` returned false.
    fn why_kept(&self, _state: &Self::State, _change: &Change<Self::Effect>) -> &'static str {
        "kept what it had"
    }

    /// What a reader sees: of the state alone, never of the master.
    fn read(&self, state: &Self::State) -> Reading;

    /// Joins a neighbour's state of a key with ours. What one side lacks although it has [seen](Side::seen) it was
    /// removed there. `None` if the rule cannot tell: the neighbour's state then replaces ours, and ours is lost.
    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State>;

    /// Whether the write named `dot` is among those that a read of `state` shows. The harness judges losses by what is
    /// read, and calls this only where a reading does not tell: of a value that the rule made of several writes. It
    /// tests the answers first.
    fn shows(&self, state: &Self::State, dot: Dot) -> bool;

    /// Whether the rule cannot tell if a read of `state` [shows](Self::shows) the write, because the value read was
    /// made of several. The harness then reports its loss as not judged.
    fn unsure(&self, _state: &Self::State, _dot: Dot) -> bool {
        false
    }
}

/// One master's side of a [`Resolver::merge`].
#[derive(Debug)]
pub struct Side<'a, S> {
    /// Its state of the key.
    pub state: &'a S,
    /// Which changes that state reflects.
    pub seen: &'a VersionVector,
}

impl<S> Clone for Side<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Side<'_, S> {}

/// Why a rule refuses an operation. It is an answer to the client, not a failure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// The operation is of another [`Kind`] than the rule's.
    WrongKind(Op),
    /// The operation gives a [time](Op::At), and the rule does not [use wall clocks](Resolver::uses_wall_clock).
    NoWallClock,
    /// The rule's own reason.
    Because(Text),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::WrongKind(op) => {
                let own = Kind::ALL.into_iter().find(|kind| kind.takes(op));
                write!(f, "this rule does not take {}", own.map_or("this operation", Kind::operations))
            }
            Refusal::NoWallClock => f.write_str("this rule does not use wall clocks: leave the time out"),
            Refusal::Because(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Refusal {}

/// What a register's write leaves behind: the value, or nothing if it was a delete, and which write it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// When it was written: the order of versions.
    pub timestamp: Timestamp,
    /// Which write it was.
    pub dot: Dot,
    /// `None` for a delete: a tombstone.
    pub value: Option<Text>,
}

impl Version {
    #[inline]
    fn of(change: &Change<Option<Text>>) -> Version {
        Version { timestamp: change.timestamp, dot: change.dot, value: change.effect.clone() }
    }
}

/// Why the write that arrived was not taken in place of the one held, by their timestamps.
fn why_older(held: Option<&Version>, came: Timestamp) -> &'static str {
    match held {
        Some(held) if held.timestamp.time() > came.time() => "had newer",
        _ => "keeps the higher master's at a tie",
    }
}

/// Why a delete, a remove or a disabling made no difference.
const NOTHING_TO_REMOVE: &str = "had nothing that it removes";

#[inline]
fn reading_of(value: Option<&Text>) -> Reading {
    value.cloned().map_or(Reading::Nothing, Reading::Value)
}
