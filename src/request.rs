//! An operation in words, as scenarios, traces and clients spell it: [`Request`].

use crate::{Key, Kind, Op};
use std::fmt;
use std::str::FromStr;

/// An operation on a key. Scenario files, traces and reports spell it the same way; a prefix `at TIME, ` gives the time
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// The key.
    pub key: Key,
    /// The operation.
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

/// A text that is not a [`Request`]. The message quotes it and lists the valid forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseRequestError(String);

impl fmt::Display for ParseRequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = Kind::ALL.map(Kind::operations).join(", ");
        write!(f, "invalid operation `{}`; valid are {kinds} (keys and fields must not contain whitespace)", self.0)?;
        write!(f, "; each may begin with `at TIME, `")
    }
}

impl std::error::Error for ParseRequestError {}

impl FromStr for Request {
    type Err = ParseRequestError;

    fn from_str(text: &str) -> Result<Request, ParseRequestError> {
        let request = if text.chars().any(char::is_control) { None } else { Request::parse(text) };
        request.ok_or_else(|| ParseRequestError(text.escape_debug().to_string()))
    }
}

impl Request {
    /// With or without a time.
    fn parse(text: &str) -> Option<Request> {
        if let Some((time, rest)) = text.trim().strip_prefix("at ").and_then(|timed| timed.split_once(", ")) {
            let Request { key, op } = Request::parse_untimed(rest)?;
            return Some(Request { key, op: op.at(time.parse().ok()?) });
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
                (key, Op::Transfer { amount: number(amount)?.unsigned_abs(), to: to.trim().parse().ok()? })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterId, Text};

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
