//! A rule of any kind as scripts in a scenario file: [`Scripted`].

use super::data::{field_of, operation, reading_of, said};
use super::sandbox::{Sandbox, Script, ScriptRecord, Stopped, Wrong};
use super::value::Value;
use super::version::number;
use multimaster::{Change, Dot, Key, Kind, MasterId, Op, Reading, Refusal, Request, Side, Timestamp, VersionVector};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The key of the state of a table.
const TABLE: &str = "rows";

/// Converts an operation on a key to one on the row of this name. An operation on a row, as in traces, is unchanged.
pub(crate) fn as_row(Request { key, op }: Request) -> Request {
    if key == TABLE && matches!(op.untimed(), Op::In { .. }) {
        return Request { key, op };
    }
    let time = op.time();
    let op = Op::In { field: key, op: Box::new(op.into_untimed()) };
    let op = time.map_or(op.clone(), |time| op.at(time));
    Request { key: TABLE.into(), op }
}

/// The longest time for trying a rule.
const LONGEST: Duration = Duration::from_secs(2);

/// The fields of all records that scripts receive.
const FIELDS: [&str; 13] =
    ["op", "effect", "write", "time", "wall", "master", "key", "field", "before", "name", "value", "state", "seen"];

/// The kind of data of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeps {
    /// `set k = v`, `delete k`
    Register,
    /// `add 1 to k`, `subtract 1 from k`
    Counter,
    /// `insert x into k`, `remove x from k`
    Set,
    /// `in k, ` and an operation on a field, `remove f from k`
    Map,
    /// `enable k`, `disable k`
    Flag,
    /// All keys of a master as one state: an operation on a key acts on a row of the table.
    Table,
}

impl Keeps {
    /// The kind of operations that a replica under the rule accepts.
    pub fn kind(self) -> Kind {
        match self {
            Keeps::Register => Kind::Register,
            Keeps::Counter => Kind::Counter,
            Keeps::Set => Kind::Set,
            Keeps::Map | Keeps::Table => Kind::Map,
            Keeps::Flag => Kind::Flag,
        }
    }
}

/// A script, and the line of its file in which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The script.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
}

/// The scripts of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The state of a key never written; without it, `()`.
    pub start: Option<Source>,
    /// The change of a client's operation, from `state`, `op`, `write`, `time`, `wall`, `master`.
    pub write: Option<Source>,
    /// The state after a change, from `state`, `change`, `here`.
    pub apply: Source,
    /// The reading, from `state`.
    pub read: Source,
    /// The merged state, from `ours` and `theirs`, each with `state` and `seen`.
    pub merge: Option<Source>,
}

/// One script of a rule.
pub(super) struct Part {
    name: &'static str,
    line: usize,
    script: Script,
}

impl Part {
    fn wrong(&self, wrong: impl Into<Wrong>) -> Wrong {
        in_part(self.name, self.line, wrong.into())
    }
}

fn in_part(name: &str, first: usize, Wrong { line, what }: Wrong) -> Wrong {
    Wrong { line: first + line.saturating_sub(1), what: format!("`{name}`: {what}") }
}

/// A rule of several scripts.
pub(super) struct Scripted {
    keeps: Keeps,
    sandbox: Sandbox,
    start: Value,
    write: Option<Part>,
    apply: Part,
    read: Part,
    pub(super) merge: Option<Part>,
    failed: OnceLock<Wrong>,
    pub(super) readings: Mutex<HashMap<Value, Reading>>,
}

/// The effect sent to other masters: the operation, the result of `write`, and the fields of its writer that `apply`
/// reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Made {
    op: Op,
    effect: Value,
    wall: Option<u64>,
    before: Option<Value>,
}

/// The writes that a side of a merge has seen, as a script's value: `"A1" in ours.seen`.
#[derive(Clone)]
struct Seen(VersionVector);

impl Seen {
    fn contains(&mut self, write: &str) -> bool {
        self.0.iter().any(|(origin, last)| {
            let number = write.strip_prefix(&origin.to_string()).and_then(|number| number.parse::<u64>().ok());
            number.is_some_and(|number| number > 0 && number <= last)
        })
    }
}

impl Scripted {
    /// Compiles the scripts.
    ///
    /// # Errors
    /// The first error, with its line in the file.
    pub(super) fn new(keeps: Keeps, sources: &Sources) -> Result<Scripted, Wrong> {
        let sandbox = Sandbox::new().extended(|engine| {
            engine.register_type_with_name::<Seen>("seen").register_fn("contains", Seen::contains);
        });
        let part = |name: &'static str, source: &Source, given: &[&str]| {
            let script = sandbox.read(&source.text, given);
            let script = script.map_err(|wrong| in_part(name, source.line, wrong))?;
            Ok::<Part, Wrong>(Part { name, line: source.line, script })
        };
        let given: &[&str] = &["state", "op", "write", "time", "wall", "master"];
        let start = sources.start.as_ref().map(|source| part("start", source, &[])).transpose()?;
        let write = sources.write.as_ref().map(|source| part("write", source, given)).transpose()?;
        let apply = part("apply", &sources.apply, &["state", "change", "here"])?;
        let read = part("read", &sources.read, &["state"])?;
        let merge = sources.merge.as_ref().map(|source| part("merge", source, &["ours", "theirs"])).transpose()?;
        // A script may read the fields of a map that another script makes.
        let parts = [start.as_ref(), write.as_ref(), Some(&apply), Some(&read), merge.as_ref()];
        let made: BTreeSet<String> = parts.iter().flatten().flat_map(|part| part.script.makes()).cloned().collect();
        for part in parts.into_iter().flatten() {
            part.script.check(&FIELDS, &made).map_err(|wrong| part.wrong(wrong))?;
        }
        let start = match start {
            Some(start) => {
                let given = sandbox.run(&start.script, []).map_err(|stopped| start.wrong(stopped))?;
                Value::of(&given).map_err(|what| start.wrong(Wrong::at(1, what)))?
            }
            None => Value::Unit,
        };
        let (failed, readings) = (OnceLock::new(), Mutex::default());
        Ok(Scripted { keeps, sandbox, start, write, apply, read, merge, failed, readings })
    }

    pub(super) fn keeps(&self) -> Keeps {
        self.keeps
    }

    pub(super) fn merges(&self) -> bool {
        self.merge.is_some()
    }

    pub(super) fn failed(&self) -> Option<&Wrong> {
        self.failed.get()
    }

    pub(super) fn uses_wall_clock(&self) -> bool {
        let parts = [self.write.as_ref(), Some(&self.apply)];
        parts.into_iter().flatten().any(|part| part.script.reads_field("wall") || part.script.reads_variable("wall"))
    }

    pub(super) fn note(&self, wrong: Wrong) {
        self.failed.get_or_init(|| wrong);
    }

    /// The state as a script's argument.
    pub(super) fn seen<'a>(&'a self, state: &'a Option<Value>) -> &'a Value {
        state.as_ref().unwrap_or(&self.start)
    }

    fn run<const N: usize>(&self, part: &Part, given: [(&str, Dynamic); N]) -> Result<Value, Stopped> {
        let value = self.sandbox.run(&part.script, given)?;
        Value::of(&value).map_err(|what| Stopped::Failed(Wrong::at(1, what)))
    }

    pub(super) fn made(
        &self,
        state: &Option<Value>,
        op: Op,
        dot: Dot,
        timestamp: Timestamp,
    ) -> Result<Result<Made, Refusal>, Wrong> {
        let wall = op.time();
        let op = op.into_untimed();
        if !self.keeps.kind().takes(&op) {
            return Ok(Err(Refusal::WrongKind(op)));
        }
        let mut effect = Value::Unit;
        if let Some(write) = &self.write {
            let given = [
                ("state", self.seen(state).to_dynamic()),
                ("op", operation(self.keeps, &op)),
                ("write", dot.to_string().into()),
                ("time", number(timestamp.time())),
                ("wall", number(wall.unwrap_or(timestamp.time()))),
                ("master", dot.origin().to_string().into()),
            ];
            effect = match self.run(write, given) {
                Ok(effect) => effect,
                Err(Stopped::Thrown(wrong)) => return Ok(Err(Refusal::Because(wrong.what.into()))),
                Err(Stopped::Failed(wrong)) => {
                    return Err(write.wrong(wrong.given(format!("{} at {}", said(&op), self.seen(state)))));
                }
            };
        }
        let wall = self.uses_wall_clock().then(|| wall.unwrap_or(timestamp.time()));
        let asks = self.apply.script.reads_field("before");
        let before = if asks { Some(self.shown(self.seen(state))?) } else { None };
        Ok(Ok(Made { op, effect, wall, before }))
    }

    pub(super) fn applied(
        &self,
        state: &Option<Value>,
        change: &Change<Made>,
        here: MasterId,
    ) -> Result<Option<Value>, Wrong> {
        let Made { op, effect, wall, before } = &change.effect;
        let field = field_of(self.keeps, op);
        let key = if self.keeps == Keeps::Table { field.unwrap_or(&change.key) } else { &change.key };
        let seen = ScriptRecord::new(
            "change",
            vec![
                ("op", operation(self.keeps, op)),
                ("effect", effect.to_dynamic()),
                ("write", change.dot.to_string().into()),
                ("time", number(change.timestamp.time())),
                ("wall", number(wall.unwrap_or(change.timestamp.time()))),
                ("master", change.dot.origin().to_string().into()),
                ("key", key.as_str().into()),
                ("field", field.map_or(Dynamic::UNIT, |field| field.as_str().into())),
                ("before", before.as_ref().map_or(Dynamic::UNIT, Value::to_dynamic)),
            ],
        );
        let held = self.seen(state);
        let given = [("state", held.to_dynamic()), ("change", Dynamic::from(seen)), ("here", here.to_string().into())];
        let after = self.run(&self.apply, given).map_err(|stopped| {
            self.apply.wrong(Wrong::from(stopped).given(format!("{} ({}) at {held}", change.dot, said(op))))
        })?;
        Ok((after != self.start).then_some(after))
    }

    /// The result of `read`.
    fn shown(&self, state: &Value) -> Result<Value, Wrong> {
        if *state == Value::Unit {
            return Ok(Value::Unit);
        }
        let given = [("state", state.to_dynamic())];
        self.run(&self.read, given).map_err(|stopped| self.read.wrong(Wrong::from(stopped).given(state)))
    }

    pub(super) fn reading(&self, state: &Value) -> Result<Reading, Wrong> {
        Ok(reading_of(self.keeps, &self.shown(state)?))
    }

    pub(super) fn merged(
        &self,
        merge: &Part,
        ours: Side<'_, Option<Value>>,
        theirs: Side<'_, Option<Value>>,
    ) -> Result<Option<Value>, Wrong> {
        let side = |side: Side<'_, Option<Value>>| {
            let seen = Dynamic::from(Seen(side.seen.clone()));
            Dynamic::from(ScriptRecord::new(
                "side",
                vec![("state", self.seen(side.state).to_dynamic()), ("seen", seen)],
            ))
        };
        let after = self.run(merge, [("ours", side(ours)), ("theirs", side(theirs))]).map_err(|stopped| {
            let both = format!("{} and {}", self.seen(ours.state), self.seen(theirs.state));
            merge.wrong(Wrong::from(stopped).given(both))
        })?;
        Ok((after != self.start).then_some(after))
    }

    /// Tries the rule on requests: each alone, then all in order; and merges the final state with each.
    ///
    /// # Errors
    /// The first failure, with its line in the file.
    pub(super) fn tried(&self, requests: &[(MasterId, Request)]) -> Result<(), Wrong> {
        let started = Instant::now();
        self.reading(&self.start)?;
        let (mut all, mut alone, mut vector) = (None, Vec::new(), VersionVector::default());
        for (place, (at, Request { key, op })) in requests.iter().enumerate() {
            let number = place as u64 + 1;
            let (dot, timestamp) = (Dot::new(*at, number), Timestamp::new(number, *at));
            for (state, key) in [(None, key), (all.clone(), key)] {
                let Ok(effect) = self.made(&state, op.clone(), dot, timestamp)? else { continue };
                let change = Change { dot, timestamp, key: Key::clone(key), effect };
                let after = self.applied(&state, &change, *at)?;
                self.reading(self.seen(&after))?;
                if state.is_none() {
                    alone.push(after.clone());
                }
                all = after;
            }
            vector.insert(dot);
            if started.elapsed() > LONGEST {
                return Ok(());
            }
        }
        let Some(merge) = &self.merge else { return Ok(()) };
        for state in &alone {
            let side = |state| Side { state, seen: &vector };
            let merged = self.merged(merge, side(&all), side(state))?;
            self.reading(self.seen(&merged))?;
            if started.elapsed() > LONGEST {
                break;
            }
        }
        Ok(())
    }
}
