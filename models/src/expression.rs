//! A conflict rule as an expression in a scenario file: [`Expression`].
//!
//! ```toml
//! [rule]
//! over = "siblings"
//! keep = "if first.value < second.value { first } else { second }"
//! ```
//!
//! The language is [Rhai](https://rhai.rs): it has if, let, loops, text and lists, and no way to reach anything outside. A
//! clock and floating point are left out of it, its maps are in key order, and each evaluation has a budget of operations,
//! so an expression is a function of the two versions, and ends.

mod arriving;
pub mod sandbox;
mod syntax;
pub mod value;

use crate::any_rule::AnyRule;
use arriving::Arriving;
use multimaster::{Custom, CustomMerged, Keep, MasterId, Version};
use rhai::Dynamic;
pub use sandbox::Wrong;
use sandbox::{Record, Sandbox, Script};
use serde::Deserialize;
use std::cmp::Ordering;
use std::fmt;
use std::sync::OnceLock;
use value::Value;

/// What a rule's expression is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// All concurrent versions, in stamp order, when a key is read: as [`Custom`].
    Siblings,
    /// The merged value and a version concurrent to it, as each arrives, under a joined version vector: as
    /// [`CustomMerged`].
    Merged,
    /// What is held and what arrives, whether concurrent or not; a client's write replaces what is held. No version
    /// vector is kept.
    Arrival,
}

/// A rule that was written as an expression. It sees two versions, `first` and `second` in stamp order (over arrival:
/// what is held, and what arrives), each with `value` (text; `()` of a delete), `time`, `master` and `write`; what it
/// gives is one of the two, or a text: a new value made of both.
pub struct Expression {
    text: String,
    over: Over,
    sandbox: Sandbox,
    script: Script,
    failed: OnceLock<Wrong>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(text: &str, over: Over) -> Result<Expression, Wrong> {
        let sandbox = Sandbox::new();
        let script = sandbox.compile(text, &["first", "second"], &FIELDS)?;
        Ok(Expression { text: text.into(), over, sandbox, script, failed: OnceLock::new() })
    }

    /// What it keeps of two versions.
    ///
    /// # Errors
    /// If it fails, does not end in time, or gives something else than a version or a text.
    pub fn keep(&self, first: &Version, second: &Version) -> Result<Keep, Wrong> {
        let given = [("first", seen(first)), ("second", seen(second))];
        let kept = self.sandbox.run(&self.script, given)?;
        if kept.is_string() {
            let text = Value::of(&kept).map_err(|what| Wrong::at(1, what))?;
            return Ok(Keep::Both(text.to_string().into()));
        }
        let write = kept.read_lock::<Record>().and_then(|record| record.get("write").map(ToString::to_string));
        match write {
            Some(write) if write == first.dot.to_string() => Ok(Keep::First),
            Some(write) if write == second.dot.to_string() => Ok(Keep::Second),
            _ => {
                let kind = kept.type_name();
                let what =
                    format!("this gives a value of type `{kind}`: give `first`, `second`, or a text made of both");
                Err(Wrong::at(1, what))
            }
        }
    }

    /// What went wrong first since it was read, if anything: then what was explored under it says nothing.
    pub fn failed(&self) -> Option<&Wrong> {
        self.failed.get()
    }

    /// The rule as it runs at the master `at`.
    pub(crate) fn rule(&'static self, at: MasterId) -> AnyRule {
        let keep = |first: &Version, second: &Version| self.keep_or_note(first, second);
        match self.over {
            Over::Siblings => AnyRule::new(Custom(keep)),
            Over::Merged => AnyRule::new(CustomMerged(keep)),
            Over::Arrival => AnyRule::new(Arriving { at, keep }),
        }
    }

    fn keep_or_note(&self, first: &Version, second: &Version) -> Keep {
        self.keep(first, second).unwrap_or_else(|wrong| {
            self.failed.get_or_init(|| wrong);
            Keep::First
        })
    }
}

/// The fields of a version.
const FIELDS: [&str; 4] = ["value", "time", "master", "write"];

/// A version as an expression sees it.
fn seen(version: &Version) -> Dynamic {
    let time = i64::try_from(version.stamp.time()).unwrap_or(i64::MAX);
    let value = version.value.as_ref().map_or(Dynamic::UNIT, |value| value.as_str().into());
    Dynamic::from(Record::new(
        "version",
        vec![
            ("value", value),
            ("time", time.into()),
            ("master", version.dot.origin().to_string().into()),
            ("write", version.dot.to_string().into()),
        ],
    ))
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Expression {}

impl PartialOrd for Expression {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Expression {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.text, self.over as u8).cmp(&(&other.text, other.over as u8))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} over {:?}", self.text, self.over)
    }
}
