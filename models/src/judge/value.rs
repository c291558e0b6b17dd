//! The values of a history, as EDN or JSON writes them, and the numbers that stand for them.

use compact_str::CompactString;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::fmt::{self, Write};

/// A value as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nil,
    Int(i64),
    /// A string.
    Text(CompactString),
    /// Any other single word, as it is written: a keyword with its colon, `true`, a number with a fraction.
    Word(CompactString),
    /// A list or a vector.
    List(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// A value behind a tag, such as `#inst`.
    Tagged(CompactString, Box<Value>),
}

impl Value {
    /// The word that names something: a keyword without its colon, or a string.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Value::Word(word) => Some(word.strip_prefix(':').unwrap_or(word)),
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list or a set.
    pub(crate) fn elements(&self) -> Option<&[Value]> {
        match self {
            Value::List(elements) | Value::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// The two elements of a list of two.
    pub(crate) fn pair(&self) -> Option<(&Value, &Value)> {
        match self {
            Value::List(elements) => match &elements[..] {
                [one, other] => Some((one, other)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value in writing. Equal values are written alike: the entries of sets and maps are sorted.
    pub(crate) fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        let sorted = |mut parts: Vec<String>| {
            parts.sort();
            parts.join(" ")
        };
        let _ = match self {
            Value::Nil => out.write_str("nil"),
            Value::Int(number) => write!(out, "{number}"),
            Value::Text(text) => write!(out, "{text:?}"),
            Value::Word(word) => out.write_str(word),
            Value::List(elements) => {
                let parts: Vec<String> = elements.iter().map(Value::written).collect();
                write!(out, "[{}]", parts.join(" "))
            }
            Value::Set(elements) => write!(out, "#{{{}}}", sorted(elements.iter().map(Value::written).collect())),
            Value::Map(entries) => {
                let entry = |(key, value): &(Value, Value)| format!("{} {}", key.written(), value.written());
                write!(out, "{{{}}}", sorted(entries.iter().map(entry).collect()))
            }
            Value::Tagged(tag, value) => write!(out, "#{tag} {}", value.written()),
        };
    }
}

/// The number that stands for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(pub(crate) u32);

/// The number of nil, which also stands for "no key".
pub(crate) const NIL: Name = Name(0);

/// Each distinct value once, under a number.
pub(crate) struct Names {
    numbers: HashMap<i64, Name, RandomState>,
    words: HashMap<CompactString, Name, RandomState>,
    all: Vec<Named>,
}

enum Named {
    Number(i64),
    Word(CompactString),
}

impl Names {
    pub(crate) fn new() -> Names {
        let all = vec![Named::Word("nil".into())];
        Names { numbers: HashMap::default(), words: HashMap::default(), all }
    }

    /// The number of this value.
    pub(crate) fn of(&mut self, value: &Value) -> Name {
        match value {
            Value::Nil => NIL,
            Value::Int(number) => {
                let next = Name(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
                let name = *self.numbers.entry(*number).or_insert(next);
                if name == next {
                    self.all.push(Named::Number(*number));
                }
                name
            }
            value => {
                let word = match value {
                    Value::Word(word) => word.clone(),
                    value => value.written().into(),
                };
                if let Some(name) = self.words.get(&word) {
                    return *name;
                }
                let next = Name(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
                self.words.insert(word.clone(), next);
                self.all.push(Named::Word(word));
                next
            }
        }
    }

    /// The number of values, nil not counted.
    pub(crate) fn len(&self) -> usize {
        self.all.len() - 1
    }

    /// The value, if it is a whole number.
    pub(crate) fn number(&self, name: Name) -> Option<i64> {
        match self.all.get(name.0 as usize) {
            Some(Named::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The value in writing.
    pub(crate) fn shown(&self, name: Name) -> Words<'_> {
        Words { before: "", names: self, name: Some(name) }
    }

    /// The value in writing, behind a text; nothing if the value is nil.
    pub(crate) fn shown_after(&self, before: &'static str, name: Name) -> Words<'_> {
        Words { before, names: self, name: (name != NIL).then_some(name) }
    }
}

/// A value in writing, which costs nothing until it is written.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    before: &'static str,
    names: &'a Names,
    name: Option<Name>,
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = self.name else { return Ok(()) };
        f.write_str(self.before)?;
        match self.names.all.get(name.0 as usize) {
            Some(Named::Number(number)) => write!(f, "{number}"),
            Some(Named::Word(word)) => f.write_str(word),
            None => Ok(()),
        }
    }
}
