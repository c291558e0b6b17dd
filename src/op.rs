//! A client's operation on one key, [`Op`], and the kind of data that it applies to, [`Kind`].

use crate::{MasterId, Refusal, WallTime};
use compact_str::CompactString;

/// A value, an element or a field: a string that is inline up to 24 bytes.
///
/// The type is `compact_str`'s, and is public in this API. With a `String`, each set would allocate and miss the cache;
/// a set of inline strings is three times as fast.
pub type Text = CompactString;

/// The name under which a value is written and read: a string that is inline up to 24 bytes, as a [`Text`] is.
pub type Key = CompactString;

/// A client's operation on one key. Each rule takes the operations of its [`Kind`] and refuses the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Op {
    /// Registers: sets the key to this value.
    Set(Text),
    /// Registers: removes the key's value.
    Delete,
    /// Counters: adds this number, which may be negative.
    Add(i64),
    /// Sets: inserts the element.
    Insert(Text),
    /// Sets: removes the element. Maps: removes the field.
    Remove(Text),
    /// Flags: turns the flag on.
    Enable,
    /// Flags: turns the flag off.
    Disable,
    /// Maxima: raises the register to at least this number.
    Raise(i64),
    /// Minima: lowers the register to at most this number.
    Lower(i64),
    /// Bounded counters: gives rights to subtract to another master.
    Transfer {
        /// The number of rights.
        amount: u64,
        /// The master that receives the rights.
        to: MasterId,
    },
    /// Maps: an operation on one field, which is a register, a counter or a set.
    In {
        /// The field.
        field: Text,
        /// The operation on it.
        op: Box<Op>,
    },
    /// One of the other operations, with a wall-clock time given by the client. Rules that do not [use wall
    /// clocks](crate::Resolver::uses_wall_clock) refuse it.
    At(WallTime, Box<Op>),
}

impl Op {
    /// The operation on the field `field` of a map.
    pub fn in_field(self, field: impl Into<Text>) -> Op {
        Op::In { field: field.into(), op: Box::new(self) }
    }

    /// The operation at a wall-clock time that the writer gives.
    pub fn at(self, time: u64) -> Op {
        Op::At(time.into(), Box::new(self))
    }

    /// The time that the writer gives, if any.
    pub fn time(&self) -> Option<u64> {
        self.wall_time().map(WallTime::get)
    }

    /// The writer's time, if any, for comparisons.
    #[inline]
    pub fn wall_time(&self) -> Option<WallTime> {
        if let Op::At(time, _) = self { Some(*time) } else { None }
    }

    /// The operation without the time.
    pub fn untimed(&self) -> &Op {
        if let Op::At(_, op) = self { op.untimed() } else { self }
    }

    /// The operation without the time.
    #[inline]
    pub fn into_untimed(self) -> Op {
        if let Op::At(_, op) = self { op.into_untimed() } else { self }
    }

    /// The value of a register after the operation: `None` after a delete. A rule over a register calls this when it
    /// [prepares](crate::Resolver::prepare) an effect.
    ///
    /// # Errors
    /// [`Refusal::WrongKind`] for any other operation, and for one with a [time](Op::At).
    #[inline]
    pub fn into_value(self) -> Result<Option<Text>, Refusal> {
        match self {
            Op::Set(value) => Ok(Some(value)),
            Op::Delete => Ok(None),
            other => Err(Refusal::WrongKind(other)),
        }
    }
}

/// The kinds of data a rule can keep for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Written by [`Op::Set`] and [`Op::Delete`].
    Register,
    /// Written by [`Op::Add`].
    Counter,
    /// Written by [`Op::Insert`] and [`Op::Remove`].
    Set,
    /// Written by [`Op::Enable`] and [`Op::Disable`].
    Flag,
    /// A counter that only grows: written by [`Op::Add`] of a number that is not negative.
    GrowOnlyCounter,
    /// A counter that never falls below 0: written by [`Op::Add`] and [`Op::Transfer`].
    BoundedCounter,
    /// A set that only grows: written by [`Op::Insert`].
    GrowOnlySet,
    /// The greatest number ever written, by [`Op::Raise`].
    Maximum,
    /// The least number ever written, by [`Op::Lower`].
    Minimum,
    /// Written by [`Op::In`] and [`Op::Remove`].
    Map,
    /// A counter that can be deleted: written by [`Op::Add`] and [`Op::Delete`].
    DeletableCounter,
}

impl Kind {
    /// Whether `op` is an operation on this kind of data.
    pub fn takes(self, op: &Op) -> bool {
        match op {
            Op::Set(_) => self == Kind::Register,
            Op::Delete => matches!(self, Kind::Register | Kind::DeletableCounter),
            Op::Add(amount) if *amount < 0 => {
                matches!(self, Kind::Counter | Kind::BoundedCounter | Kind::DeletableCounter)
            }
            Op::Add(_) => {
                matches!(self, Kind::Counter | Kind::BoundedCounter | Kind::DeletableCounter | Kind::GrowOnlyCounter)
            }
            Op::Insert(_) => matches!(self, Kind::Set | Kind::GrowOnlySet),
            Op::Remove(_) => matches!(self, Kind::Set | Kind::Map),
            Op::Enable | Op::Disable => self == Kind::Flag,
            Op::Raise(_) => self == Kind::Maximum,
            Op::Lower(_) => self == Kind::Minimum,
            Op::Transfer { .. } => self == Kind::BoundedCounter,
            Op::In { op, .. } => {
                self == Kind::Map && [Kind::Register, Kind::Counter, Kind::Set].iter().any(|k| k.takes(op))
            }
            Op::At(_, op) => self.takes(op),
        }
    }

    /// Kinds that together take every operation.
    pub(crate) const ALL: [Kind; 9] = [
        Kind::Register,
        Kind::Counter,
        Kind::Set,
        Kind::Flag,
        Kind::Maximum,
        Kind::Minimum,
        Kind::BoundedCounter,
        Kind::Map,
        Kind::DeletableCounter,
    ];

    /// The operations of this kind, in the spelling of requests.
    pub fn operations(self) -> &'static str {
        match self {
            Kind::Register => "`set KEY = VALUE` and `delete KEY`",
            Kind::Counter => "`add N to KEY` and `subtract N from KEY`",
            Kind::Set => "`insert ELEMENT into KEY` and `remove ELEMENT from KEY`",
            Kind::Flag => "`enable KEY` and `disable KEY`",
            Kind::GrowOnlyCounter => "`add N to KEY`",
            Kind::BoundedCounter => "`add N to KEY`, `subtract N from KEY` and `transfer N of KEY to MASTER`",
            Kind::GrowOnlySet => "`insert ELEMENT into KEY`",
            Kind::Maximum => "`raise KEY to N`",
            Kind::Minimum => "`lower KEY to N`",
            Kind::Map => {
                "`in KEY, ` followed by an operation on a field that is a register, a counter or a set, and \
                 `remove FIELD from KEY`"
            }
            Kind::DeletableCounter => "`add N to KEY`, `subtract N from KEY` and `delete KEY`",
        }
    }
}
