//! A specification as a script in a scenario file: [`Script`].
//!
//! ```toml
//! [specification]
//! read = '''
//! let shown = ();
//! for write in writes { if shown == () || write.time > shown.time { shown = write; } }
//! if shown == () { () } else { shown.value }
//! '''
//! ```

use crate::history::Write;
use crate::properties::SPECIFICATION;
use crate::properties::own_property::{Failed, SANDBOX, values};
use crate::rules::expression::sandbox::{self, Wrong};
use crate::rules::expression::value::Value;
use multimaster::{Reading, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The constant of a script: the writes of one key that a master has seen, in dot order.
const WRITES: &str = "writes";

/// A script that returns the reading of one key: `()`, text, a number, true or false, a list of concurrent values or of
/// elements, in any order, or a map of fields.
#[derive(Debug)]
pub struct Script {
    script: sandbox::Script,
    /// The file that contains the script.
    file: String,
    line: usize,
    failed: OnceLock<Failed>,
}

impl Script {
    /// Compiles a script that begins in this line of a file. Writes to maps may name these fields.
    ///
    /// # Errors
    /// If the script does not parse.
    pub fn new(text: &str, (file, line): (&str, usize), fields: &BTreeSet<Text>) -> Result<Script, Wrong> {
        let known: Vec<&str> = values::FIELDS.into_iter().chain(fields.iter().map(|field| &**field)).collect();
        let script = SANDBOX.compile(text, &[WRITES], &known)?;
        Ok(Script { script, file: file.to_owned(), line, failed: OnceLock::new() })
    }

    /// The first failure of its evaluation, if any, which voids the verdict.
    pub(crate) fn failed(&self) -> Option<&Failed> {
        self.failed.get()
    }

    /// The prescribed reading, in words, or the reason for which the evaluation failed; `None` if the reading is the
    /// prescribed one.
    pub(super) fn otherwise(&self, writes: &[&Write], reads: &Reading) -> Option<Result<String, String>> {
        match self.read(writes) {
            Ok(specified) => (!is(reads, &specified)).then(|| Ok(specified.to_string())),
            Err(wrong) => {
                let line = self.line + wrong.line - 1;
                let what = format!("`read`: {}", wrong.what);
                let failed = Failed { property: SPECIFICATION, place: Some((self.file.clone(), line)), what };
                Some(Err(self.failed.get_or_init(|| failed).to_string()))
            }
        }
    }

    fn read(&self, writes: &[&Write]) -> Result<Value, Wrong> {
        let record = |write: &&Write| {
            let seen = writes.iter().filter(|earlier| write.had_seen(earlier));
            let saw = values::list(seen.map(|earlier| earlier.dot.to_string().into()));
            values::of_write(write, vec![("saw", saw)])
        };
        let given = SANDBOX.run(&self.script, [(WRITES, values::list(writes.iter().map(record)))])?;
        Value::of(&given).map_err(|what| Wrong::at(1, what))
    }
}

/// Whether the returned value equals the reading. The order of a list does not matter; one value may be given as a
/// list, and a number as text.
fn is(reads: &Reading, specified: &Value) -> bool {
    match (reads, specified) {
        (Reading::Nothing, Value::Unit) => true,
        (Reading::Nothing, Value::List(values)) => values.is_empty(),
        (Reading::Value(value), Value::Text(text)) => value == text,
        (Reading::Value(value), Value::Int(number)) => *value == number.to_string(),
        (Reading::Value(_), Value::List(values)) => matches!(values.as_slice(), [value] if is(reads, value)),
        (Reading::Values(values), Value::List(specified)) => {
            let mut values: Vec<Value> = values.iter().cloned().map(Value::Text).collect();
            let mut specified = specified.clone();
            values.sort();
            specified.sort();
            values == specified
        }
        (Reading::Total(total), Value::Int(number)) => total == number,
        (Reading::Elements(elements), Value::List(values)) => {
            let values: BTreeSet<&Value> = values.iter().collect();
            let elements: Vec<Value> = elements.iter().cloned().map(Value::Text).collect();
            values == elements.iter().collect()
        }
        (Reading::Flag(on), Value::Bool(value)) => on == value,
        (Reading::Fields(fields), Value::Map(map)) => {
            let mut all: BTreeMap<&Text, Vec<&Reading>> = BTreeMap::new();
            fields.iter().for_each(|(field, reading)| all.entry(field).or_default().push(reading));
            all.len() == map.len()
                && all.iter().all(|(field, readings)| match (map.get(*field), readings.as_slice()) {
                    (Some(value), [reading]) => is(reading, value),
                    // Fields of different kinds may share a name.
                    (Some(Value::List(values)), readings) => {
                        let mut each = readings.iter().zip(values);
                        readings.len() == values.len() && each.all(|(reading, value)| is(reading, value))
                    }
                    _ => false,
                })
        }
        _ => false,
    }
}
