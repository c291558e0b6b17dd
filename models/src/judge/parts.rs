//! What an operation reads and writes, part by part: a transaction has several parts, a compare-and-set two.

use super::data::Data;
use super::event::Event;
use super::value::Value;
use crate::fault::{did_you_mean, quoted};
use std::borrow::Cow;
use std::fmt;

/// What a part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Read,
    Write,
    Add,
    Remove,
}

impl fmt::Display for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Does::Read => "read",
            Does::Write => "write",
            Does::Add => "add",
            Does::Remove => "remove",
        })
    }
}

/// A part of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) what: Does,
    pub(crate) key: Option<&'a Value>,
    pub(crate) value: Cow<'a, Value>,
    /// The name of the whole, if it has more parts.
    pub(crate) part_of: Option<&'static str>,
    /// The only kind of data that has such a part.
    pub(crate) data: Option<Data>,
}

/// The names of functions.
const KNOWN: [&str; 14] = [
    "read",
    "r",
    "write",
    "w",
    "delete",
    "cas",
    "add",
    "insert",
    "append",
    "remove",
    "broadcast",
    "increment",
    "decrement",
    "txn",
];

/// The parts of the operation, in their order. `ended` says whether this is the event of its end, which has what was read.
///
/// # Errors
/// If there is no such operation, or its value is not one that it has.
pub(crate) fn of(event: &Event, ended: bool) -> Result<Vec<Part<'_>>, String> {
    let (key, value) = (event.key.as_ref(), &event.value);
    match event.f.as_str() {
        "txn" => transaction(key, value),
        "cas" => {
            let Some((old, new)) = value.pair() else {
                return Err(format!(
                    "the value of a `cas` is the old and the new value, as in `[1, 2]`, not {}",
                    short(value)
                ));
            };
            let part = |what, value| Part { what, key, value, part_of: Some("cas"), data: Some(Data::Register) };
            Ok(vec![part(Does::Read, Cow::Borrowed(old)), part(Does::Write, Cow::Borrowed(new))])
        }
        f => simple(f, key, value, ended, None).map(|part| vec![part]),
    }
}

fn simple<'a>(
    f: &str,
    key: Option<&'a Value>,
    value: &'a Value,
    ended: bool,
    part_of: Option<&'static str>,
) -> Result<Part<'a>, String> {
    let (what, data) = match f {
        "read" | "r" => (Does::Read, None),
        "write" | "w" | "delete" => (Does::Write, Some(Data::Register)),
        "add" => (Does::Add, None),
        "insert" => (Does::Add, Some(Data::Set)),
        "append" => (Does::Add, Some(Data::List)),
        "broadcast" => (Does::Add, Some(Data::Broadcast)),
        "remove" => (Does::Remove, Some(Data::Set)),
        "increment" | "decrement" => (Does::Add, Some(Data::Counter)),
        other => {
            let near = did_you_mean(other, KNOWN);
            return Err(format!("no operation is named `{}`{near}; there are {}", quoted(other), KNOWN.join(", ")));
        }
    };
    let value = match (f, value) {
        ("delete", _) => Cow::Owned(Value::Nil),
        ("increment", Value::Nil) => Cow::Owned(Value::Int(1)),
        ("decrement", Value::Nil) => Cow::Owned(Value::Int(-1)),
        ("decrement", Value::Int(number)) => Cow::Owned(Value::Int(number.saturating_neg())),
        // The event of an end may leave out what is known since the beginning.
        (_, Value::Nil) if matches!(what, Does::Add | Does::Remove) && !ended => {
            return Err(format!("this `{f}` has no value: write what it is to {what}"));
        }
        (_, value) => Cow::Borrowed(value),
    };
    Ok(Part { what, key, value, part_of, data })
}

/// A transaction is a list of parts: `[["r", "x", null], ["w", "y", 1], ["append", "z", 2]]`.
fn transaction<'a>(key: Option<&Value>, value: &'a Value) -> Result<Vec<Part<'a>>, String> {
    let wrong = |what: &Value| {
        format!(
            "a part of a `txn` is `[\"r\", key, null]`, `[\"w\", key, value]` or `[\"append\", key, value]`, not {}",
            short(what)
        )
    };
    if key.is_some() {
        return Err("a `txn` has the keys in its parts, and none of its own".into());
    }
    let parts =
        value.elements().ok_or_else(|| format!("the value of a `txn` is a list of parts, not {}", short(value)))?;
    let mut found = Vec::with_capacity(parts.len());
    for part in parts {
        let Some([f, key, value]) = part.elements() else { return Err(wrong(part)) };
        let Some(f @ ("r" | "w" | "append")) = f.name() else { return Err(wrong(part)) };
        found.push(simple(f, Some(key), value, true, Some("txn"))?);
    }
    Ok(found)
}

fn short(value: &Value) -> String {
    format!("`{}`", quoted(&value.written()))
}
