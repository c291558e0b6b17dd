//! The result of a read: [`Reading`].

use crate::Text;
use std::collections::BTreeSet;
use std::fmt;

/// The result of reading one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reading {
    /// No value: never written, or deleted.
    #[default]
    Nothing,
    /// A register's one value.
    Value(Text),
    /// All concurrent values of a register, from which the reader chooses.
    Values(Vec<Text>),
    /// A counter's total.
    Total(i64),
    /// A set's elements.
    Elements(BTreeSet<Text>),
    /// Whether a flag is on.
    Flag(bool),
    /// A map's fields, each with its reading. Fields of different kinds may share a name.
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
