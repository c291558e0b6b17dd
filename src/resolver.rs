//! Conflict rules: the [`Resolver`] trait and the rules that ship.
//!
//! | rule | a read shows | concurrent writes |
//! |---|---|---|
//! | [`ArrivalWins`] | the write that arrived last | the one that arrived last at this master: masters disagree |
//! | [`LastWriteWins`] | the write with the latest timestamp | the earlier ones are lost by policy |
//! | [`Custom`] | the result of your function for all siblings | folded by your function in timestamp order |
//! | [`CustomMerged`] | one merged value | merged by your function pair by pair: a superseded write can come back |
//! | [`MultiValue`] | every sibling | all are kept for the reader |
//! | [`Counter`] | the sum | all counted |
//! | [`ObservedRemoveSet`] | the elements | an insert survives a remove that had not seen it |
//! | [`RemoveWinsSet`] | the elements | a remove wins over an insert that had not seen it |
//! | [`GrowOnlySet`] | the elements | all are in |
//! | [`GrowOnlyCounter`] | the sum | all counted |
//! | [`BoundedCounter`] | the sum, never below 0 | all counted: a master refuses to subtract more than its rights |
//! | [`EnableWinsFlag`] | on or off | on |
//! | [`DisableWinsFlag`] | on or off | off |
//! | [`MaxRegister`], [`MinRegister`] | the greatest, or least, number | the greatest, or least, number |
//! | [`LastWriteMap`] | the fields | of each field, the write with the latest timestamp |
//! | [`LastWriteWall`], [`LastWriteMapWall`] | as without `Wall` | the write with the latest wall-clock time, which may be wrong |
//! | [`ObservedRemoveMap`] | registers, counters and sets by name | a write that a remove of the field had not seen survives |

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

use crate::{Change, Dot, Kind, Op, Reading, Text, Timestamp, VersionVector, WallTime};
use smallvec::SmallVec;
use std::fmt::{self, Debug};
use std::hash::Hash;

/// The dots that an operation replaces or removes: mostly one or two, which are inline.
///
/// The type is `smallvec`'s, and is public in this API. With a `Vec`, most writes of a set or a flag would allocate.
pub type Dots = SmallVec<[Dot; 2]>;

/// The trait bounds of a rule's states and effects: plain values, ordered and hashed by content.
pub trait Data: Clone + Debug + Ord + Hash + Send + Sync + 'static {}

impl<T: Clone + Debug + Ord + Hash + Send + Sync + 'static> Data for T {}

/// A conflict rule: the state that a master keeps for a key, and the effect of a local or remote write on it.
///
/// A rule need not be a join. Whether masters that see the same changes in different orders end in the same state
/// depends on `apply`; the harness checks it. The protocol guarantees to a rule that each change is applied once at
/// each master, after every change that its origin had seen when it was written.
///
/// A rule is a pure function of its arguments: no clock, no randomness, no memory outside `State`.
///
/// A register that keeps the greatest value and refuses deletes:
///
/// ```
/// use multimaster::{Change, Dot, Op, Reading, Refusal, Resolver, Side, Text, Timestamp};
/// use multimaster::{MasterId, Replica, Topology};
///
/// #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
/// struct Greatest(Option<(Text, Dot)>);
///
/// #[derive(Clone)]
/// struct GreatestWins;
///
/// impl Resolver for GreatestWins {
///     type State = Greatest;
///     type Effect = Text;
///
///     fn prepare(&self, _: &Greatest, op: Op, _: Dot, _: Timestamp) -> Result<Text, Refusal> {
///         match op {
///             Op::Set(value) => Ok(value),
///             other => Err(Refusal::WrongKind(other)),
///         }
///     }
///
///     fn apply(&self, state: &mut Greatest, change: &Change<Text>) -> bool {
///         let came = Greatest(Some((change.effect.clone(), change.dot)));
///         let greater = came > *state;
///         if greater {
///             *state = came;
///         }
///         greater
///     }
///
///     fn read(&self, state: &Greatest) -> Reading {
///         state.0.as_ref().map_or(Reading::Nothing, |(value, _)| Reading::Value(value.clone()))
///     }
///
///     fn merge(&self, ours: Side<'_, Greatest>, theirs: Side<'_, Greatest>) -> Option<Greatest> {
///         Some(ours.state.max(theirs.state).clone())
///     }
///
///     fn shows(&self, state: &Greatest, dot: Dot) -> bool {
///         state.0.as_ref().is_some_and(|(_, shown)| *shown == dot)
///     }
/// }
///
/// let mut master = Replica::new(MasterId(0), GreatestWins, &Topology::all_to_all(2)?);
/// master.set("bid", "20")?;
/// master.set("bid", "10")?;
/// assert_eq!(master.read("bid"), Reading::Value("20".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Resolver: Clone + Send + Sync + 'static {
    /// The state of one key; the default is the state of a key never written. A key with the default state is not
    /// stored.
    type State: Data + Default;
    /// The effect that a change carries.
    type Effect: Data;

    /// The kind of data, which determines the operations that clients may request.
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
    /// A [`Refusal`], if the rule refuses the operation: no dot is issued, and no write is acknowledged.
    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal>;

    /// Applies a change. Returns false if the state is unchanged.
    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool;

    /// Why a [change](Self::apply) leaves `state` as it is, in words that complete a sentence after a master's name, as
    /// in "B had newer". Called only if `apply` returned false.
    fn why_kept(&self, _state: &Self::State, _change: &Change<Self::Effect>) -> &'static str {
        "kept what it had"
    }

    /// The reading of a state. It depends on the state alone, never on the master.
    fn read(&self, state: &Self::State) -> Reading;

    /// Joins a neighbour's state of a key with this master's own. If one side has [seen](Side::seen) a write that its
    /// state lacks, the write was removed there. `None` if the rule cannot join states: the neighbour's state then
    /// replaces this master's.
    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State>;

    /// A background step, such as the collection of tombstones. Returns `state` without the parts that it no longer
    /// needs; `None`, the default, if it needs all. The returned state must read like `state`.
    ///
    /// The caller promises that every change that arrives later has a later timestamp than all changes in `stable`. So a
    /// tombstone in `stable` that only wins over earlier writes is needed no more. In [`merge`](Self::merge), the rule
    /// must then tell a write that the other side has not seen from one whose tombstone the other side has collected.
    fn collect(&self, _state: &Self::State, _stable: &VersionVector) -> Option<Self::State> {
        None
    }

    /// Whether a read of `state` shows the write named `dot`. The harness judges losses by the values read. It calls
    /// this only for a value that the rule computed from several writes, and tests the answers.
    fn shows(&self, state: &Self::State, dot: Dot) -> bool;

    /// Whether the rule cannot tell if a read of `state` [shows](Self::shows) the write, because the value read was
    /// computed from several writes. The harness then reports the loss of the write as not judged.
    fn unsure(&self, _state: &Self::State, _dot: Dot) -> bool {
        false
    }
}

/// One master's side of a [`Resolver::merge`].
#[derive(Debug)]
pub struct Side<'a, S> {
    /// Its state of the key.
    pub state: &'a S,
    /// The version vector of the changes that the state reflects.
    pub seen: &'a VersionVector,
}

impl<S> Clone for Side<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Side<'_, S> {}

/// Why a rule refuses an operation. A refusal is an answer to the client, not a failure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
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

/// One version of a register: the write, and its value unless it was a delete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Version {
    /// The Lamport timestamp of the write, which orders versions.
    pub timestamp: Timestamp,
    /// The name of the write.
    pub dot: Dot,
    /// `None` for a delete: a tombstone.
    pub value: Option<Text>,
}

impl Version {
    /// Whether it is a delete that all masters have seen.
    fn is_collectable(&self, stable: &VersionVector) -> bool {
        self.value.is_none() && stable.contains(self.dot)
    }

    /// The later of two versions. If one side has no version, but has seen the other side's, then it has collected a
    /// tombstone: the other side's version, or a later one.
    fn latest(ours: Side<'_, Option<&Version>>, theirs: Side<'_, Option<&Version>>) -> Option<Version> {
        let latest = match (*ours.state, *theirs.state) {
            (Some(one), Some(other)) => Some(if other.timestamp > one.timestamp { other } else { one }),
            (Some(one), None) => Some(one).filter(|one| !theirs.seen.contains(one.dot)),
            (None, Some(other)) => Some(other).filter(|other| !ours.seen.contains(other.dot)),
            (None, None) => None,
        };
        latest.cloned()
    }

    #[inline]
    fn of(change: &Change<Option<Text>>) -> Version {
        Version { timestamp: change.timestamp, dot: change.dot, value: change.effect.clone() }
    }
}

/// Why an arriving write did not replace the stored one, judged by their timestamps.
fn why_older(held: Option<&Version>, came: Timestamp) -> &'static str {
    match held {
        Some(held) if held.timestamp.time() > came.time() => "had newer",
        _ => "kept the write of the higher master: equal times",
    }
}

/// Why a delete, a remove or a disabling altered nothing.
const NOTHING_TO_REMOVE: &str = "had nothing to remove";

#[inline]
fn reading_of(value: Option<&Text>) -> Reading {
    value.cloned().map_or(Reading::Nothing, Reading::Value)
}
