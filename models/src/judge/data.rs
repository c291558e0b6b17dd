//! The kinds of data, each with its judge.

use super::counters::Counters;
use super::finding::Finding;
use super::log::{Log, OpId};
use super::parts::Does;
use super::reader::Settings;
use super::registers::Registers;
use super::sets::Sets;
use super::value::{Name, Value};
use crate::fault::quoted;
use std::borrow::Cow;
use std::fmt;

/// The kind of data of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Each key holds one value, which writes replace.
    Register,
    /// Each key holds a set, to which elements are added, and from which they are removed.
    Set,
    /// Each key holds a list, to which elements are appended.
    List,
    /// Each key holds a number, to which numbers are added.
    Counter,
    /// Messages that every node must see: a set that only grows.
    Broadcast,
}

impl Data {
    /// Each kind with its name.
    pub const ALL: [(Data, &'static str); 5] = [
        (Data::Register, "register"),
        (Data::Set, "set"),
        (Data::List, "list"),
        (Data::Counter, "counter"),
        (Data::Broadcast, "broadcast"),
    ];

    /// The name of the kind.
    pub fn name(self) -> &'static str {
        Data::ALL.iter().find(|(data, _)| *data == self).map_or("", |(_, name)| name)
    }

    /// The kind of data that is read like this, once elements were added.
    pub(crate) fn of_read(value: &Value) -> Option<Data> {
        match value {
            Value::List(_) | Value::Set(_) => Some(Data::Set),
            Value::Int(_) => Some(Data::Counter),
            _ => None,
        }
    }

    pub(crate) fn has_elements(self) -> bool {
        matches!(self, Data::Set | Data::List | Data::Broadcast)
    }

    /// Whether this kind has such an operation.
    pub(crate) fn has(self, does: Does) -> bool {
        match does {
            Does::Read => true,
            Does::Write => self == Data::Register,
            Does::Add => self != Data::Register,
            Does::Remove => self == Data::Set,
        }
    }

    /// What was read, if such a value can be: of a set, nil is the empty set; of a counter, it is 0.
    pub(crate) fn read(self, value: &Value) -> Result<Cow<'_, Value>, String> {
        match (self, value) {
            (Data::Register, value) | (Data::Counter, value @ Value::Int(_)) => Ok(Cow::Borrowed(value)),
            (Data::Counter, Value::Nil) => Ok(Cow::Owned(Value::Int(0))),
            (Data::Set | Data::List | Data::Broadcast, value @ (Value::List(_) | Value::Set(_))) => {
                Ok(Cow::Borrowed(value))
            }
            (Data::Set | Data::List | Data::Broadcast, Value::Nil) => Ok(Cow::Owned(Value::List(Vec::new()))),
            (data, value) => {
                let right = if data == Data::Counter { "a whole number" } else { "a list of elements" };
                Err(format!("a read of {data} has {right}, not {}", quoted(&value.written())))
            }
        }
    }

    pub(crate) fn judge(self, settings: &Settings) -> Box<dyn Judge> {
        match self {
            Data::Register => Box::new(Registers::new(settings.settle)),
            Data::Counter => Box::new(Counters::new(settings.settle, settings.at_least)),
            Data::Set | Data::Broadcast => Box::new(Sets::new(settings.settle, false)),
            Data::List => Box::new(Sets::new(settings.settle, true)),
        }
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", self.name())
    }
}

/// What a read returned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReadValue<'a> {
    /// One value, and its number if it is one.
    One(Name, i64),
    /// Elements, in the order in which they were read.
    Elements(&'a [Name]),
}

/// Judges a history that comes in the order of its events.
pub(crate) trait Judge {
    /// A write, an addition or a removal begins.
    fn began(&mut self, log: &Log, op: OpId);
    /// It ends, with the outcome that the log has; it is open still if the history is over.
    fn ended(&mut self, log: &Log, op: OpId);
    /// A read ends.
    fn read(&mut self, log: &Log, op: OpId, value: ReadValue<'_>);
    /// The history is over. It is `whole` unless the reading of it was interrupted: then nothing is said of its end.
    fn finish(self: Box<Self>, log: &Log, whole: bool) -> Vec<Finding>;
}
