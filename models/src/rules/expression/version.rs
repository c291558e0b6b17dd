//! The argument of an expression: [`Version`].

use super::sandbox::ScriptRecord;
use multimaster::{Dot, Op, Refusal, Text, Timestamp};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};

/// The fields of a version.
pub(super) const FIELDS: [&str; 6] = ["value", "time", "wall", "master", "write", "before"];

/// The value of a write to a register, and the write's metadata.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The Lamport timestamp, which orders versions.
    pub timestamp: Timestamp,
    /// The write's dot.
    pub dot: Dot,
    /// `None` for a delete.
    pub value: Option<Text>,
    /// The writer's wall-clock time; `None` if the expression does not read it.
    pub wall: Option<u64>,
    /// The writer's reading before its write; `None` also if the expression does not read it.
    pub before: Option<Text>,
}

impl Version {
    /// The version as a script's argument.
    pub(super) fn record(&self) -> Dynamic {
        let text = |text: &Option<Text>| text.as_ref().map_or(Dynamic::UNIT, |text| text.as_str().into());
        let wall = self.wall.unwrap_or(self.timestamp.time());
        Dynamic::from(ScriptRecord::new(
            "version",
            vec![
                ("value", text(&self.value)),
                ("time", number(self.timestamp.time())),
                ("wall", number(wall)),
                ("master", self.dot.origin().to_string().into()),
                ("write", self.dot.to_string().into()),
                ("before", text(&self.before)),
            ],
        ))
    }

    /// The version as quoted in messages.
    pub(super) fn said(&self) -> &str {
        self.value.as_deref().unwrap_or("a delete")
    }
}

/// A time as a script's value.
pub(super) fn number(time: u64) -> Dynamic {
    Dynamic::from(i64::try_from(time).unwrap_or(i64::MAX))
}

/// The value that an operation gives to a register.
pub(super) fn value_of(op: Op) -> Result<Option<Text>, Refusal> {
    match op.into_untimed() {
        Op::Set(value) => Ok(Some(value)),
        Op::Delete => Ok(None),
        other => Err(Refusal::WrongKind(other)),
    }
}

/// Different values that could have been written instead of this one. For a number: a smaller, a larger and a longer
/// one, and its neighbour. For a text: a smaller one, a larger one, longer ones, and one of its length. For a text that
/// begins with a number: also other numbers there.
pub(super) fn others(value: Option<&Text>) -> Vec<Text> {
    let numbers =
        |n: i64| [n.saturating_sub(7), n.saturating_add(13), n.saturating_mul(1_000).saturating_add(7), n ^ 1];
    let Some(value) = value else { return vec!["7007".into(), "!7".into(), "~7".into()] };
    if let Ok(number) = value.parse::<i64>() {
        return numbers(number).iter().map(|other| other.to_string().into()).collect();
    }
    let mut others = vec![format!("{value}~7"), format!("!7{value}"), format!("~7{value}"), "!7".into(), "~7".into()];
    let mut same_length: Vec<char> = value.chars().collect();
    if let Some(last) = same_length.last_mut() {
        *last = if *last == 'z' { 'y' } else { 'z' };
        others.push(same_length.into_iter().collect());
    }
    if let Some((first, rest)) = value.split_once(' ')
        && let Ok(number) = first.parse::<i64>()
    {
        others.extend(numbers(number).map(|number| format!("{number} {rest}")));
    }
    others.into_iter().map(Text::from).collect()
}
