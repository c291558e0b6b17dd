//! Events as JSON lines.

use super::event::{Event, Kind};
use super::value::Value;
use crate::fault::quoted;
use compact_str::{CompactString, format_compact};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

#[derive(Deserialize)]
struct Line {
    process: Value,
    #[serde(rename = "type")]
    kind: CompactString,
    f: CompactString,
    #[serde(default)]
    key: Option<Value>,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    time: Option<i64>,
    #[serde(default)]
    index: Option<u32>,
    #[serde(default)]
    node: Option<CompactString>,
    #[serde(default, rename = "final")]
    is_final: bool,
}

/// The event in this line. Time linear in the line.
///
/// # Errors
/// If it is not an event; the message says what would be right.
pub(crate) fn event(line: usize, text: &str) -> Result<Event, String> {
    let found: Line = serde_json::from_str(text).map_err(|error| {
        let what = error.to_string().replace("at line 1 column", "at column");
        format!("this is not an event: {}; one is {EXAMPLE}", quoted(&what))
    })?;
    let kind = Kind::named(&found.kind).ok_or_else(|| {
        format!("no `type` is `{}`; there are `invoke`, `ok`, `fail` and `info`", quoted(&found.kind))
    })?;
    if !matches!(found.process, Value::Int(_) | Value::Text(_)) {
        let process = quoted(&found.process.written());
        return Err(format!("a `process` is a number or a text, not {process}"));
    }
    Ok(Event {
        line,
        index: found.index,
        time: found.time,
        process: found.process,
        node: found.node,
        kind,
        f: found.f,
        key: found.key,
        value: found.value.unwrap_or(Value::Nil),
        is_final: found.is_final,
    })
}

const EXAMPLE: &str = r#"`{"process":0,"type":"ok","f":"write","key":"x","value":1}`"#;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Json)
    }
}

struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Word(if value { "true" } else { "false" }.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::Word(format_compact!("{value}")), Value::Int))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Word(format_compact!("{value:?}")))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<CompactString, Value>()? {
            entries.push((Value::Text(key), value));
        }
        Ok(Value::Map(entries))
    }
}

/// The value that is written so.
///
/// # Errors
/// If it is not JSON.
pub(crate) fn value(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
