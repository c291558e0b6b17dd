//! What a client asks and what it is shown: [`Op`], [`Request`], [`Reading`].

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A short string, kept inline up to 24 bytes: values and set elements.
pub type Text = CompactString;

/// The name of what is written and read.
pub type Key = CompactString;

/// What a client asks of one key. Each rule takes the operations of its [`Kind`] and refuses the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Registers: the key has this value from now on.
    Set(Text),
    /// Registers: the key has no value from now on.
    Delete,
    /// Counters: so much more, or less if negative.
    Add(i64),
    /// Sets: the element is in.
    Insert(Text),
    /// Sets: the element is out.
    Remove(Text),
    /// Any of these, at a wall-clock time that the writer gives: right or wrong, and heeded only by rules that
    /// [go by clocks](crate::Resolver::goes_by_clocks).
    At(u64, Box<Op>),
}

impl Op {
    /// The time that the writer gives, if any.
    pub fn time(&self) -> Option<u64> {
        if let Op::At(time, _) = self { Some(*time) } else { None }
    }

    /// The operation without the time.
    pub fn untimed(&self) -> &Op {
        if let Op::At(_, op) = self { op.untimed() } else { self }
    }
}

/// The kinds of data a rule can keep for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Written by [`Op::Set`] and [`Op::Delete`].
    Register,
    /// Written by [`Op::Add`].
    Counter,
    /// Written by [`Op::Insert`] and [`Op::Remove`].
    Set,
    /// A counter that can be deleted: written by [`Op::Add`] and [`Op::Delete`].
    DeletableCounter,
}

impl Kind {
    /// Whether `op` is an operation on this kind of data.
    pub fn takes(self, op: &Op) -> bool {
        match op {
            Op::Set(_) => self == Kind::Register,
            Op::Delete => matches!(self, Kind::Register | Kind::DeletableCounter),
            Op::Add(_) => matches!(self, Kind::Counter | Kind::DeletableCounter),
            Op::Insert(_) | Op::Remove(_) => self == Kind::Set,
            Op::At(_, op) => self.takes(op),
        }
    }

    /// The operations of this kind, as one would write them.
    pub fn operations(self) -> &'static str {
        match self {
            Kind::Register => "`set KEY = VALUE` and `delete KEY`",
            Kind::Counter => "`add N to KEY` and `subtract N from KEY`",
            Kind::Set => "`insert ELEMENT into KEY` and `remove ELEMENT from KEY`",
            Kind::DeletableCounter => "`add N to KEY`, `subtract N from KEY` and `delete KEY`",
        }
    }
}

/// An operation on a key, with one spelling for scenario files, traces and reports; `at TIME, ` before it gives the time
/// on the writer's wall clock:
///
/// ```
/// # use multimaster::Request;
/// for text in ["set seat = 12 Ann", "delete seat", "add 2 to likes", "subtract 1 from likes",
///              "insert red into tags", "remove red from tags", "at 10, set seat = 12 Ann"] {
///     assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Request {
    /// What is written.
    pub key: Key,
    /// What is done to it.
    pub op: Op,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match &self.op {
            Op::At(time, op) => write!(f, "at {time}, {}", Request { key: key.clone(), op: op.as_ref().clone() }),
            Op::Set(value) => write!(f, "set {key} = {value}"),
            Op::Delete => write!(f, "delete {key}"),
            Op::Add(n) if *n < 0 => write!(f, "subtract {} from {key}", n.unsigned_abs()),
            Op::Add(n) => write!(f, "add {n} to {key}"),
            Op::Insert(element) => write!(f, "insert {element} into {key}"),
            Op::Remove(element) => write!(f, "remove {element} from {key}"),
        }
    }
}

/// What [`Request`] could not be read from: the text is quoted, and the six right forms are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARequest(String);

impl fmt::Display for NotARequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [Kind::Register, Kind::Counter, Kind::Set].map(Kind::operations).join(", ");
        write!(f, "`{}` is no operation; the operations are {kinds} (keys without blanks)", self.0)?;
        write!(f, ", each with or without `at TIME, ` before it")
    }
}

impl std::error::Error for NotARequest {}

impl FromStr for Request {
    type Err = NotARequest;

    fn from_str(text: &str) -> Result<Request, NotARequest> {
        if let Some((time, rest)) = text.trim().strip_prefix("at ").and_then(|timed| timed.split_once(", ")) {
            // One time is enough; and so a long line cannot nest deep.
            let once = !rest.trim_start().starts_with("at ");
            let timed = if once { time.parse().ok().zip(rest.parse::<Request>().ok()) } else { None };
            let request = timed.map(|(time, Request { key, op })| Request { key, op: Op::At(time, Box::new(op)) });
            return request.ok_or_else(|| NotARequest(text.escape_debug().to_string()));
        }
        let number = |n: &str| n.parse::<i64>().ok().filter(|n| *n >= 0);
        let parse = || -> Option<Request> {
            if text.chars().any(char::is_control) {
                return None;
            }
            let (verb, rest) = text.trim().split_once(' ')?;
            let (key, op) = match verb {
                "set" => rest.split_once(" = ").map(|(key, value)| (key, Op::Set(value.trim().into())))?,
                "delete" => (rest, Op::Delete),
                "add" => rest.split_once(" to ").and_then(|(n, key)| Some((key, Op::Add(number(n)?))))?,
                "subtract" => rest.split_once(" from ").and_then(|(n, key)| Some((key, Op::Add(-number(n)?))))?,
                "insert" => {
                    rest.rsplit_once(" into ").map(|(element, key)| (key, Op::Insert(element.trim().into())))?
                }
                "remove" => {
                    rest.rsplit_once(" from ").map(|(element, key)| (key, Op::Remove(element.trim().into())))?
                }
                _ => return None,
            };
            let key = key.trim();
            let one_word = !key.is_empty() && !key.contains(char::is_whitespace);
            one_word.then(|| Request { key: key.into(), op })
        };
        parse().ok_or_else(|| NotARequest(text.escape_debug().to_string()))
    }
}

/// What a read of one key shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reading {
    /// No value: never written, or deleted.
    #[default]
    Nothing,
    /// A register's one value.
    Value(Text),
    /// A register's concurrent values, all of them, for the reader to choose.
    Values(Vec<Text>),
    /// A counter's total.
    Total(i64),
    /// A set's elements.
    Elements(BTreeSet<Text>),
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reading::Nothing => f.write_str("-"),
            Reading::Value(value) => f.write_str(value),
            Reading::Values(values) => f.write_str(&values.join(" | ")),
            Reading::Total(total) => write!(f, "{total}"),
            Reading::Elements(elements) => {
                let elements: Vec<&str> = elements.iter().map(|e| e.as_str()).collect();
                write!(f, "{{{}}}", elements.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_is_named_with_what_would_be() {
        for text in
            ["", "set", "set seat", "set a b = c", "delete", "add x to n", "add -1 to n", "set k = a\nb", "put k"]
        {
            let error = text.parse::<Request>().expect_err(text).to_string();
            assert!(error.contains("set KEY = VALUE"), "{error}");
        }
    }

    #[test]
    fn a_time_is_given_once_and_is_no_part_of_the_kind() {
        for text in ["at x, set k = 1", "at -1, set k = 1", "at 1 set k = 1", "at 1, at 2, set k = 1", "at 1, put k"] {
            let error = text.parse::<Request>().expect_err(text).to_string();
            assert!(error.contains("at TIME"), "{error}");
        }
        let timed: Request = "at 18446744073709551615, delete k".parse().unwrap();
        assert_eq!((timed.op.time(), timed.op.untimed()), (Some(u64::MAX), &Op::Delete));
        assert!(Kind::Register.takes(&timed.op) && !Kind::Set.takes(&timed.op));
    }

    #[test]
    fn an_element_may_hold_the_preposition() {
        let request: Request = "insert came into town into log".parse().unwrap();
        assert_eq!(request, Request { key: "log".into(), op: Op::Insert("came into town".into()) });
    }
}
