//! The decisions of an expression on two versions, and whether its result shows each of them: [`Keeping`].

use super::sandbox::{Sandbox, Script, ScriptRecord, Wrong};
use super::value::Value;
use super::version::{FIELDS, Version, others, value_of};
use multimaster::{Dot, MasterId, Op, Refusal, Text, Timestamp};
use rhai::Dynamic;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The most decisions remembered.
const REMEMBERED: usize = 1 << 16;

/// The decision on two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The first.
    First,
    /// The second.
    Second,
    /// Neither: the key is deleted.
    Neither,
    /// A merged value, and whether it shows the first and the second version.
    Made(Text, [Sight; 2]),
}

/// Whether a merged value shows a version: whether a reader can tell that version from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// Every other value that the expression accepts in its place changes the result.
    Shown,
    /// Some other value in its place leaves the result unchanged.
    Hidden,
    /// The expression fails with every other value that was tried.
    Unknown,
}

/// The result of an expression.
#[derive(PartialEq)]
enum Given {
    First,
    Second,
    Nothing,
    Text(Text),
}

type Question = (Version, Version, MasterId);

/// An expression that decides between two versions.
pub(super) struct Keeping {
    sandbox: Sandbox,
    script: Script,
    failed: OnceLock<Wrong>,
    decided: Mutex<HashMap<Question, Kept>>,
}

impl Keeping {
    pub(super) fn new(text: &str) -> Result<Keeping, Wrong> {
        let sandbox = Sandbox::new();
        let script = sandbox.compile(text, &["first", "second", "here"], &FIELDS)?;
        Ok(Keeping { sandbox, script, failed: OnceLock::new(), decided: Mutex::default() })
    }

    pub(super) fn uses_wall_clock(&self) -> bool {
        self.script.reads_field("wall")
    }

    pub(super) fn failed(&self) -> Option<&Wrong> {
        self.failed.get()
    }

    /// The version of a client's operation at a master whose reading is `read`.
    pub(super) fn written(
        &self,
        op: Op,
        dot: Dot,
        timestamp: Timestamp,
        read: impl FnOnce() -> Option<Text>,
    ) -> Result<Version, Refusal> {
        let wall = self.uses_wall_clock().then(|| op.time().unwrap_or(timestamp.time()));
        let before = if self.script.reads_field("before") { read() } else { None };
        Ok(Version { timestamp, dot, value: value_of(op)?, wall, before })
    }

    /// Once the expression has failed, no verdict counts, and the first version is kept.
    pub(super) fn keep_or_note(&self, first: &Version, second: &Version, here: MasterId) -> Kept {
        if self.failed.get().is_some() {
            return Kept::First;
        }
        let question = (first.clone(), second.clone(), here);
        let remembered = || self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = remembered().get(&question) {
            return kept.clone();
        }
        let kept = self.keep(first, second, here).unwrap_or_else(|wrong| {
            self.failed.get_or_init(|| Wrong { what: format!("`keep`: {}", wrong.what), ..wrong });
            Kept::First
        });
        let mut decided = remembered();
        if decided.len() >= REMEMBERED {
            decided.clear();
        }
        decided.insert(question, kept.clone());
        kept
    }

    /// The decision on the two versions at the master `here`.
    pub(super) fn keep(&self, first: &Version, second: &Version, here: MasterId) -> Result<Kept, Wrong> {
        let given = self.ask(first, second, here);
        Ok(match given.map_err(|wrong| wrong.given(format!("{} and {}", first.said(), second.said())))? {
            Given::First => Kept::First,
            Given::Second => Kept::Second,
            Given::Nothing => Kept::Neither,
            Given::Text(text) => {
                let sights = [0, 1].map(|place| self.sight([first, second], place, here, &text));
                Kept::Made(text, sights)
            }
        })
    }

    /// Whether `text`, merged from these versions, shows the one at `place`: tested by evaluating the expression with
    /// other values in its place.
    fn sight(&self, versions: [&Version; 2], place: usize, here: MasterId, text: &Text) -> Sight {
        if versions[place].value.as_ref() == Some(text) {
            return Sight::Shown;
        }
        let mut sight = Sight::Unknown;
        let is_there =
            |other: &Text| other == text || versions.iter().any(|version| version.value.as_ref() == Some(other));
        for other in others(versions[place].value.as_ref()).into_iter().filter(|other| !is_there(other)) {
            let mut changed = versions.map(Version::clone);
            changed[place].value = Some(other);
            let [first, second] = &changed;
            let Ok(given) = self.ask(first, second, here) else { continue };
            let result = match given {
                Given::First => first.value.clone(),
                Given::Second => second.value.clone(),
                Given::Nothing => None,
                Given::Text(text) => Some(text),
            };
            if result.as_ref() == Some(text) {
                return Sight::Hidden;
            }
            sight = Sight::Shown;
        }
        sight
    }

    fn ask(&self, first: &Version, second: &Version, here: MasterId) -> Result<Given, Wrong> {
        let given = [("first", first.record()), ("second", second.record()), ("here", here.to_string().into())];
        let kept = self.sandbox.run(&self.script, given)?;
        if kept.is_unit() {
            return Ok(Given::Nothing);
        }
        if kept.is_string() {
            let text = Value::of(&kept).map_err(|what| Wrong::at(1, what))?;
            return Ok(Given::Text(text.to_string().into()));
        }
        let write = kept.read_lock::<ScriptRecord>().and_then(|record| record.get("write").map(Dynamic::to_string));
        match write {
            Some(write) if write == first.dot.to_string() => Ok(Given::First),
            Some(write) if write == second.dot.to_string() => Ok(Given::Second),
            _ => {
                let kind = kept.type_name();
                let right = "give `first`, `second`, a text made of both, or `()`, which deletes";
                Err(Wrong::at(1, format!("this gives a value of type `{kind}`: {right}")))
            }
        }
    }
}

/// A version held, and the writes that it shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) version: Version,
    /// The writes that it certainly shows, in order.
    pub(super) shown: Vec<Dot>,
    /// The writes that it may show, which could not be tested, in order.
    pub(super) unsure: Vec<Dot>,
}

impl Held {
    pub(super) fn of(version: Version) -> Held {
        Held { shown: vec![version.dot], unsure: Vec::new(), version }
    }

    /// The version held after this decision on the two.
    pub(super) fn after(kept: Kept, first: &Held, second: &Held) -> Held {
        let (value, sights) = match kept {
            Kept::First => return first.clone(),
            Kept::Second => return second.clone(),
            Kept::Neither => (None, [Sight::Hidden; 2]),
            Kept::Made(value, sights) => (Some(value), sights),
        };
        let (mut shown, mut unsure) = (Vec::new(), Vec::new());
        for (held, sight) in [first, second].into_iter().zip(sights) {
            match sight {
                Sight::Shown => {
                    shown.extend(&held.shown);
                    unsure.extend(&held.unsure);
                }
                Sight::Unknown => unsure.extend(held.shown.iter().chain(&held.unsure)),
                Sight::Hidden => {}
            }
        }
        for dots in [&mut shown, &mut unsure] {
            dots.sort();
            dots.dedup();
        }
        unsure.retain(|dot| !shown.contains(dot));
        Held { version: Version { value, ..second.version.clone() }, shown, unsure }
    }
}
