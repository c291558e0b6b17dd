//! Operations as values of scripts, and readings made from scripts' results.

use super::sandbox::ScriptRecord;
use super::scripted::Keeps;
use super::value::Value;
use multimaster::{Kind, Op, Reading, Request, Text};
use rhai::Dynamic;

/// The field of a map, or the row of a table, on which an operation acts.
pub(super) fn field_of(keeps: Keeps, op: &Op) -> Option<&Text> {
    match op {
        Op::In { field, .. } => Some(field),
        Op::Remove(field) if keeps.kind() == Kind::Map => Some(field),
        _ => None,
    }
}

/// An operation as a script's record: `name`, `value`, and `field` for a map or a table.
pub(super) fn operation(keeps: Keeps, op: &Op) -> Dynamic {
    let text = |text: &Text| Dynamic::from(text.as_str().to_owned());
    let field = field_of(keeps, op).map_or(Dynamic::UNIT, text);
    let (within, op) = if let Op::In { op, .. } = op { (true, &**op) } else { (false, op) };
    let (name, value) = match op {
        Op::Set(value) => ("set", text(value)),
        Op::Delete => ("delete", Dynamic::UNIT),
        Op::Add(amount) => ("add", Dynamic::from(*amount)),
        Op::Insert(element) => ("insert", text(element)),
        Op::Remove(_) if keeps.kind() == Kind::Map && !within => ("remove", Dynamic::UNIT),
        Op::Remove(element) => ("remove", text(element)),
        Op::Enable => ("enable", Dynamic::TRUE),
        Op::Disable => ("disable", Dynamic::FALSE),
        // No kind of data in scripts has other operations.
        _ => ("", Dynamic::UNIT),
    };
    Dynamic::from(ScriptRecord::new("operation", vec![("name", name.into()), ("value", value), ("field", field)]))
}

pub(super) fn said(op: &Op) -> String {
    Request { key: "k".into(), op: op.clone() }.to_string()
}

/// The reading for a result of the script `read`.
pub(super) fn reading_of(keeps: Keeps, shown: &Value) -> Reading {
    let texts = |list: &[Value]| list.iter().map(|value| Text::from(value.to_string())).collect::<Vec<_>>();
    match shown {
        Value::Unit => Reading::Nothing,
        Value::Bool(on) => Reading::Flag(*on),
        Value::Int(number) if keeps == Keeps::Register => Reading::Value(number.to_string().into()),
        Value::Int(number) => Reading::Total(*number),
        Value::Text(text) => Reading::Value(text.clone()),
        Value::List(list) if keeps == Keeps::Register => Reading::Values(texts(list)),
        Value::List(list) => Reading::Elements(texts(list).into_iter().collect()),
        Value::Map(map) => {
            let fields = map.iter().map(|(name, value)| (name.clone(), reading_of(keeps, value)));
            Reading::Fields(fields.filter(|(_, reading)| *reading != Reading::Nothing).collect())
        }
    }
}
