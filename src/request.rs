//! What a client asks and what it is shown: [`Op`], [`Request`], [`Reading`].

use crate::MasterId;
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
    /// Sets: the element is out. Maps: the field is.
    Remove(Text),
    /// Flags: it is on.
    Enable,
    /// Flags: it is off.
    Disable,
    /// Maxima: it is at least this.
    Raise(i64),
    /// Minima: it is at most this.
    Lower(i64),
    /// Bounded counters: so much of what this master may subtract, another may from now on.
    Transfer {
        /// How much.
        amount: u64,
        /// Which master may subtract it.
        to: MasterId,
    },
    /// Maps: what is done to one field. An operation on a register, a counter or a set.
    In {
        /// The field.
        field: Text,
        /// The operation on it.
        op: Box<Op>,
    },
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

    /// The operation without the time.
    #[inline]
    pub fn into_untimed(self) -> Op {
        if let Op::At(_, op) = self { op.into_untimed() } else { self }
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
    /// Written by [`Op::Enable`] and [`Op::Disable`].
    Flag,
    /// A counter that only grows: written by [`Op::Add`] of what is not negative.
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

    /// Kinds that between them take every operation.
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

    /// The operations of this kind, as one would write them.
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
                "`in KEY, ` and an operation on a field of it, as on a register, a counter or a set, and \
                 `remove FIELD from KEY`"
            }
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
///              "insert red into tags", "remove red from tags", "enable dark", "disable dark", "raise high to 7",
///              "lower best to -3", "transfer 2 of stock to B", "in cart, add 2 to apples",
///              "in cart, remove ripe from pears", "remove apples from cart", "at 10, set seat = 12 Ann"] {
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
            Op::Enable => write!(f, "enable {key}"),
            Op::Disable => write!(f, "disable {key}"),
            Op::Raise(n) => write!(f, "raise {key} to {n}"),
            Op::Lower(n) => write!(f, "lower {key} to {n}"),
            Op::Transfer { amount, to } => write!(f, "transfer {amount} of {key} to {to}"),
            Op::In { field, op } => {
                let within = Request { key: field.clone(), op: op.as_ref().clone() };
                write!(f, "in {key}, {within}")
            }
        }
    }
}

/// What [`Request`] could not be read from: the text is quoted, and the right forms are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARequest(String);

impl fmt::Display for NotARequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = Kind::ALL.map(Kind::operations).join(", ");
        write!(f, "`{}` is no operation; the operations are {kinds} (keys and fields without blanks)", self.0)?;
        write!(f, ", each with or without `at TIME, ` before it")
    }
}

impl std::error::Error for NotARequest {}

impl FromStr for Request {
    type Err = NotARequest;

    fn from_str(text: &str) -> Result<Request, NotARequest> {
        let request = if text.chars().any(char::is_control) { None } else { Request::parse(text) };
        request.ok_or_else(|| NotARequest(text.escape_debug().to_string()))
    }
}

impl Request {
    /// With or without a time.
    fn parse(text: &str) -> Option<Request> {
        if let Some((time, rest)) = text.trim().strip_prefix("at ").and_then(|timed| timed.split_once(", ")) {
            let Request { key, op } = Request::parse_untimed(rest)?;
            return Some(Request { key, op: Op::At(time.parse().ok()?, Box::new(op)) });
        }
        Request::parse_untimed(text)
    }

    fn parse_untimed(text: &str) -> Option<Request> {
        let number = |n: &str| n.parse::<i64>().ok().filter(|n| *n >= 0);
        let (verb, rest) = text.trim().split_once(' ')?;
        let (key, op) = match verb {
            "set" => rest.split_once(" = ").map(|(key, value)| (key, Op::Set(value.trim().into())))?,
            "delete" => (rest, Op::Delete),
            "add" => rest.split_once(" to ").and_then(|(n, key)| Some((key, Op::Add(number(n)?))))?,
            "subtract" => rest.split_once(" from ").and_then(|(n, key)| Some((key, Op::Add(-number(n)?))))?,
            "insert" => rest.rsplit_once(" into ").map(|(element, key)| (key, Op::Insert(element.trim().into())))?,
            "remove" => rest.rsplit_once(" from ").map(|(element, key)| (key, Op::Remove(element.trim().into())))?,
            "enable" => (rest, Op::Enable),
            "disable" => (rest, Op::Disable),
            "raise" => rest.split_once(" to ").and_then(|(key, n)| Some((key, Op::Raise(n.parse().ok()?))))?,
            "lower" => rest.split_once(" to ").and_then(|(key, n)| Some((key, Op::Lower(n.parse().ok()?))))?,
            "transfer" => {
                let (amount, rest) = rest.split_once(" of ")?;
                let (key, to) = rest.split_once(" to ")?;
                (key, Op::Transfer { amount: number(amount)?.unsigned_abs(), to: MasterId::named(to.trim())? })
            }
            "in" => {
                let (key, within) = rest.split_once(", ")?;
                // One level: a map's fields are no maps.
                let within = Request::parse_untimed(within).filter(|within| !matches!(within.op, Op::In { .. }))?;
                (key, Op::In { field: within.key, op: Box::new(within.op) })
            }
            _ => return None,
        };
        let key = key.trim();
        let one_word = !key.is_empty() && !key.contains(char::is_whitespace);
        one_word.then(|| Request { key: key.into(), op })
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
    /// Whether a flag is on.
    Flag(bool),
    /// A map's fields, each with what it reads. Fields of different kinds may share a name.
    Fields(BTreeSet<(Text, Reading)>),
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
            Reading::Flag(on) => f.write_str(if *on { "on" } else { "off" }),
            Reading::Fields(fields) => {
                let fields: Vec<String> = fields.iter().map(|(field, reading)| format!("{field}: {reading}")).collect();
                write!(f, "{{{}}}", fields.join(", "))
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
    fn what_a_newer_form_lacks_is_told_too() {
        for text in [
            "enable",
            "disable a b",
            "raise k to x",
            "lower k",
            "transfer 1 of k",
            "transfer -1 of k to B",
            "transfer 1 of k to b",
            "transfer 1 of k to M3",
            "transfer 1 of k to M99999",
            "in k set a = 1",
            "in k, ",
            "in k, put a",
            "in k, in a, set b = 1",
        ] {
            let error = text.parse::<Request>().expect_err(text).to_string();
            assert!(error.contains("transfer N of KEY to MASTER"), "{error}");
        }
    }

    #[test]
    fn a_map_takes_what_its_fields_take_one_level_deep() {
        let takes = |text: &str| Kind::Map.takes(&text.parse::<Request>().unwrap().op);
        assert!(["in k, set a = 1, 2", "in k, delete a", "in k, add 1 to a", "remove a from k"].into_iter().all(takes));
        assert!(
            !["in k, enable a", "in k, raise a to 1", "in k, transfer 1 of a to B", "set k = 1"].into_iter().any(takes)
        );
    }

    #[test]
    fn every_operation_reads_back_whatever_its_words() {
        let words = ["x", "x,", "to", "of", "a to b, in c of d from e into f", "in k, set"];
        let plain = words.into_iter().flat_map(|word| {
            let word = Text::from(word);
            [Op::Set(word.clone()), Op::Insert(word.clone()), Op::Remove(word), Op::Add(-7), Op::Add(7), Op::Delete]
        });
        let plain: Vec<Op> = plain.collect();
        let mut ops = vec![
            Op::Enable,
            Op::Disable,
            Op::Raise(i64::MIN),
            Op::Lower(i64::MAX),
            Op::Transfer { amount: 3, to: MasterId(25) },
        ];
        for field in ["f", "f,", "to", "in"] {
            ops.extend(plain.iter().map(|op| Op::In { field: field.into(), op: Box::new(op.clone()) }));
        }
        ops.extend(plain);
        for key in ["k", "k,", "of", "in", "to,b"] {
            for op in &ops {
                let request = Request { key: key.into(), op: op.clone() };
                assert_eq!(request.to_string().parse(), Ok(request));
            }
        }
    }

    #[test]
    fn a_transfer_names_any_master() {
        let request: Request = "transfer 1 of k to M26".parse().unwrap();
        assert_eq!(request.op, Op::Transfer { amount: 1, to: MasterId(26) });
        assert_eq!(request.to_string(), "transfer 1 of k to M26");
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
