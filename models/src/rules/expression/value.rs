//! States and results of scripts: [`Value`].

use super::sandbox::{ScriptRecord, quoted};
use multimaster::Text;
use rhai::{Array, Dynamic, Map};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The deepest nesting of lists and maps.
const DEEPEST: usize = 16;

/// A script's value as plain data: ordered, hashed and serialized by content.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Value {
    /// `()`
    #[default]
    Unit,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text of one line.
    Text(Text),
    /// `[…]`
    List(Vec<Value>),
    /// `#{…}`
    Map(BTreeMap<Text, Value>),
}

impl Value {
    /// Converts a script's result, which must be plain data without control characters.
    ///
    /// # Errors
    /// The offending part, in words.
    pub fn of(given: &Dynamic) -> Result<Value, String> {
        Value::within(given, DEEPEST)
    }

    fn within(given: &Dynamic, depth: usize) -> Result<Value, String> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(format!("lists and maps are nested more than {DEEPEST} deep"));
        };
        if given.is_unit() {
            return Ok(Value::Unit);
        }
        if let Ok(value) = given.as_bool() {
            return Ok(Value::Bool(value));
        }
        if let Ok(value) = given.as_int() {
            return Ok(Value::Int(value));
        }
        if let Ok(value) = given.as_char() {
            return text(&value.to_string()).map(Value::Text);
        }
        if let Ok(value) = given.as_immutable_string_ref() {
            return text(&value).map(Value::Text);
        }
        if let Some(list) = given.read_lock::<Array>() {
            return list.iter().map(|value| Value::within(value, depth)).collect::<Result<_, _>>().map(Value::List);
        }
        if let Some(map) = given.read_lock::<Map>() {
            let each = map.iter().map(|(name, value)| Ok((text(name)?, Value::within(value, depth)?)));
            return each.collect::<Result<_, String>>().map(Value::Map);
        }
        if let Some(record) = given.read_lock::<ScriptRecord>() {
            let each = record.fields().map(|(name, value)| Ok((name.into(), Value::within(value, depth)?)));
            return each.collect::<Result<_, String>>().map(Value::Map);
        }
        let name = given.type_name();
        let name = name.rsplit_once("::").map_or(name, |(_, last)| last);
        Err(format!(
            "a value of type `{name}` is not plain data: give text, a number, true or false, a list or a map of such, or `()`"
        ))
    }

    /// The value as a script's argument.
    pub fn to_dynamic(&self) -> Dynamic {
        match self {
            Value::Unit => Dynamic::UNIT,
            Value::Bool(value) => Dynamic::from(*value),
            Value::Int(value) => Dynamic::from(*value),
            Value::Text(value) => value.as_str().into(),
            Value::List(list) => Dynamic::from(list.iter().map(Value::to_dynamic).collect::<Array>()),
            Value::Map(map) => {
                let each = map.iter().map(|(name, value)| (name.as_str().into(), value.to_dynamic()));
                Dynamic::from(each.collect::<Map>())
            }
        }
    }
}

/// A text that fits on one line of a table.
fn text(given: &str) -> Result<Text, String> {
    match given.chars().any(char::is_control) {
        true => Err(format!(
            "the text `{}` has a line break or another control character: give text of one line",
            quoted(given)
        )),
        false => Ok(given.into()),
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unit => f.write_str("()"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
            Value::List(list) => {
                let each: Vec<String> = list.iter().map(Value::to_string).collect();
                write!(f, "[{}]", each.join(", "))
            }
            Value::Map(map) => {
                let each: Vec<String> = map.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                write!(f, "{{{}}}", each.join(", "))
            }
        }
    }
}
