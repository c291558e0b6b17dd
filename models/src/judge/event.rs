//! One event of a history: an operation begins or ends.

use super::value::Value;
use compact_str::CompactString;

/// What happened to the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It began.
    Invoke,
    /// It was acknowledged.
    Ok,
    /// It certainly had no effect.
    Fail,
    /// Nobody knows whether it has an effect, or when.
    Info,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Kind> {
        match name {
            "invoke" => Some(Kind::Invoke),
            "ok" => Some(Kind::Ok),
            "fail" => Some(Kind::Fail),
            "info" => Some(Kind::Info),
            _ => None,
        }
    }
}

/// One event, as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// The line in which it begins, from 1.
    pub(crate) line: usize,
    /// Its number, if the file has one.
    pub(crate) index: Option<u32>,
    /// Its time in nanoseconds, if the file has one.
    pub(crate) time: Option<i64>,
    pub(crate) process: Value,
    pub(crate) node: Option<CompactString>,
    pub(crate) kind: Kind,
    /// The function: `read`, `write`, …
    pub(crate) f: CompactString,
    /// The key, if the file has it apart from the value.
    pub(crate) key: Option<Value>,
    pub(crate) value: Value,
    /// Whether the file calls it a final read.
    pub(crate) is_final: bool,
}
