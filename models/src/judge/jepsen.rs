//! Events as Jepsen and Maelstrom write them in `history.edn`: one map, or record, for each.

use super::event::{Event, Kind};
use super::value::Value;
use crate::fault::quoted;

/// Makes events of forms, and decides whether the values of a history have keys.
#[derive(Default)]
pub(crate) struct Events {
    /// Whether each value is a pair of a key and a value, as Jepsen's `independent` and Maelstrom's `lin-kv` have it. The
    /// first operation that is no transaction tells.
    keyed: Option<bool>,
}

impl Events {
    /// The event that the form in this line is; none if it is not a client's, but the nemesis's. Time linear in the form.
    ///
    /// # Errors
    /// If it is not an event.
    pub(crate) fn event(&mut self, line: usize, form: Value) -> Result<Option<Event>, String> {
        let form = untagged(form);
        let Value::Map(entries) = form else {
            return Err(format!("this is not an operation: {}; one is {EXAMPLE}", quoted(&form.written())));
        };
        let mut found = Fields::default();
        for (key, value) in entries {
            match key.name() {
                Some("type") => found.kind = Some(value),
                Some("f") => found.f = Some(value),
                Some("value") => found.value = Some(value),
                Some("key") => found.key = Some(value),
                Some("process") => found.process = Some(value),
                Some("node") => found.node = Some(value),
                Some("time") => found.time = Some(value),
                Some("index") => found.index = Some(value),
                Some("final?" | "final") => found.is_final = value == Value::Word("true".into()),
                _ => {}
            }
        }
        let required = |field: Option<Value>, name: &str| {
            field.ok_or_else(|| format!("this operation has no `:{name}`; one is {EXAMPLE}"))
        };
        let process = required(found.process, "process")?;
        if !matches!(process, Value::Int(_)) {
            return Ok(None);
        }
        let kind = required(found.kind, "type")?;
        let kind = kind.name().and_then(Kind::named).ok_or_else(|| {
            format!("no `:type` is {}; there are `:invoke`, `:ok`, `:fail` and `:info`", quoted(&kind.written()))
        })?;
        let f = required(found.f, "f")?;
        let f = f.name().ok_or_else(|| format!("`:f` is a keyword such as `:read`, not {}", quoted(&f.written())))?;
        let number = |field: &Option<Value>| match field {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        };
        let value = found.value.unwrap_or(Value::Nil);
        let (key, value) = match found.key {
            None | Some(Value::Nil) if f != "txn" => self.split(f, value)?,
            key => (key, value),
        };
        Ok(Some(Event {
            line,
            index: number(&found.index).and_then(|index| u32::try_from(index).ok()),
            time: number(&found.time),
            process,
            node: found.node.as_ref().and_then(Value::name).map(Into::into),
            kind,
            f: f.into(),
            key,
            value,
            is_final: found.is_final,
        }))
    }

    /// The key and the value, if the values of this history have keys.
    fn split(&mut self, f: &str, value: Value) -> Result<(Option<Value>, Value), String> {
        let keyed = *self.keyed.get_or_insert_with(|| is_keyed(f, &value));
        if !keyed {
            return match value {
                Value::Tagged(tag, _) if is_tuple(&tag) => {
                    Err("this value has a key, and those before have none".into())
                }
                value => Ok((None, value)),
            };
        }
        match tuple(value) {
            Ok((key, value)) => Ok((Some(key), value)),
            Err(value) => {
                Err(format!("the values before are pairs `[key value]`, and this is {}", quoted(&value.written())))
            }
        }
    }
}

const EXAMPLE: &str = "`{:type :ok, :f :write, :value 1, :process 0}`";

#[derive(Default)]
struct Fields {
    kind: Option<Value>,
    f: Option<Value>,
    value: Option<Value>,
    key: Option<Value>,
    process: Option<Value>,
    node: Option<Value>,
    time: Option<Value>,
    index: Option<Value>,
    is_final: bool,
}

/// A record is a map behind a tag.
fn untagged(form: Value) -> Value {
    match form {
        Value::Tagged(_, value) => *value,
        form => form,
    }
}

fn is_tuple(tag: &str) -> bool {
    tag.ends_with("Tuple") || tag.ends_with("MapEntry")
}

/// Whether the first value of a history has a key: it is a tuple, or a pair that would be no value otherwise. The old and
/// the new value of a `cas` are a pair themselves.
fn is_keyed(f: &str, value: &Value) -> bool {
    match value {
        Value::Tagged(tag, _) => is_tuple(tag),
        value => value.pair().is_some_and(|(_, second)| f != "cas" || second.pair().is_some()),
    }
}

/// The key and the value of a tuple, or the value back.
fn tuple(value: Value) -> Result<(Value, Value), Value> {
    match value {
        Value::Tagged(tag, inner) if is_tuple(&tag) => match *inner {
            Value::Map(entries) => {
                let of = |name: &str| entries.iter().find(|(key, _)| key.name() == Some(name)).map(|(_, value)| value);
                match (of("key"), of("value")) {
                    (Some(key), Some(value)) => Ok((key.clone(), value.clone())),
                    _ => Err(Value::Map(entries)),
                }
            }
            inner => tuple(inner),
        },
        Value::List(mut elements) => match (elements.pop(), elements.pop(), elements.len()) {
            (Some(value), Some(key), 0) => Ok((key, value)),
            (Some(last), Some(before), _) => {
                elements.extend([before, last]);
                Err(Value::List(elements))
            }
            (last, _, _) => Err(Value::List(last.into_iter().collect())),
        },
        value => Err(value),
    }
}
