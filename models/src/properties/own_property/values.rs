//! Readings and writes as values of scripts.

use super::readings::{Acknowledged, Reads};
use crate::history::Write;
use crate::rules::expression::sandbox::{ScriptRecord, objection};
use multimaster::{Op, Reading};
use rhai::{Array, Dynamic, EvalAltResult, Map};
use std::collections::BTreeMap;

/// The fields of a master, of a write, and of both.
pub(crate) const FIELDS: [&str; 12] =
    ["name", "write", "master", "op", "key", "field", "value", "to", "time", "wall", "seen_by", "saw"];

/// A reading as plain data.
pub(crate) fn of_reading(reading: &Reading) -> Dynamic {
    match reading {
        Reading::Nothing => Dynamic::UNIT,
        Reading::Value(value) => value.as_str().into(),
        Reading::Values(values) => list(values.iter().map(|value| value.as_str().into())),
        Reading::Total(total) => (*total).into(),
        Reading::Elements(elements) => list(elements.iter().map(|element| element.as_str().into())),
        Reading::Flag(on) => (*on).into(),
        Reading::Fields(fields) => {
            // Fields of different kinds may share a name: then it has all that they read.
            let mut all: BTreeMap<&str, Vec<Dynamic>> = BTreeMap::new();
            for (field, reading) in fields {
                all.entry(field).or_default().push(of_reading(reading));
            }
            let one = |(field, mut read): (&str, Vec<Dynamic>)| {
                (field.into(), if read.len() == 1 { read.swap_remove(0) } else { read.into() })
            };
            Dynamic::from_map(all.into_iter().map(one).collect::<Map>())
        }
    }
}

/// A write as a record: the fields common to all scripts, and `more`.
pub(crate) fn of_write(write: &Write, more: Vec<(&'static str, Dynamic)>) -> Dynamic {
    let (field, op) = match &write.op {
        Op::In { field, op } => (field.as_str().into(), &**op),
        op => (Dynamic::UNIT, op),
    };
    let (name, value, to): (&str, Dynamic, Dynamic) = match op.untimed() {
        Op::Set(value) => ("set", value.as_str().into(), Dynamic::UNIT),
        Op::Delete => ("delete", Dynamic::UNIT, Dynamic::UNIT),
        Op::Add(amount) => ("add", (*amount).into(), Dynamic::UNIT),
        Op::Insert(element) => ("insert", element.as_str().into(), Dynamic::UNIT),
        Op::Remove(element) => ("remove", element.as_str().into(), Dynamic::UNIT),
        Op::Enable => ("enable", Dynamic::UNIT, Dynamic::UNIT),
        Op::Disable => ("disable", Dynamic::UNIT, Dynamic::UNIT),
        Op::Raise(least) => ("raise", (*least).into(), Dynamic::UNIT),
        Op::Lower(most) => ("lower", (*most).into(), Dynamic::UNIT),
        Op::Transfer { amount, to } => ("transfer", number(*amount), to.to_string().into()),
        // A field of a field; and an operation of a newer library, which no master accepts.
        _ => ("", Dynamic::UNIT, Dynamic::UNIT),
    };
    let mut fields = vec![
        ("write", write.dot.to_string().into()),
        ("master", write.dot.origin().to_string().into()),
        ("op", name.into()),
        ("key", write.key.as_str().into()),
        ("field", field),
        ("value", value),
        ("to", to),
        ("time", number(write.timestamp.time())),
        ("wall", write.wall.map_or(Dynamic::UNIT, number)),
    ];
    fields.extend(more);
    Dynamic::from(ScriptRecord::new("write", fields))
}

/// An acknowledged write as a record.
pub(super) fn of_acknowledged(write: &Acknowledged) -> Dynamic {
    let seen_by = list(write.seen_by.iter().map(|master| master.to_string().into()));
    let saw = list(write.saw.iter().map(|dot| dot.to_string().into()));
    of_write(&write.write, vec![("seen_by", seen_by), ("saw", saw)])
}

pub(crate) fn number(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

pub(crate) fn list(values: impl Iterator<Item = Dynamic>) -> Dynamic {
    Dynamic::from_array(values.collect::<Array>())
}

/// `A["seat"]`
pub(super) fn get(reads: &mut Reads, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    reads.find(key).map(|reading| of_reading(&reading)).map_err(objection)
}

/// `A.values("seat")`
pub(super) fn values(reads: &mut Reads, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
    reads.find(key).map_err(objection)?;
    Ok(list(reads.values(key).iter().map(|value| value.as_str().into())))
}

/// `A.keys()`
pub(super) fn keys(reads: &mut Reads) -> Dynamic {
    list(reads.keys().map(|key| key.as_str().into()))
}

/// `A.name`
pub(super) fn name(reads: &mut Reads) -> String {
    reads.master().to_string()
}
