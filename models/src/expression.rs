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

use crate::any_rule::AnyRule;
use arriving::Arriving;
use multimaster::{Custom, CustomMerged, Keep, MasterId, Version};
use rhai::{AST, Dynamic, Engine, Map, Position, Scope};
use serde::Deserialize;
use std::cmp::Ordering;
use std::fmt;
use std::sync::OnceLock;

/// The most operations that one evaluation may take: some milliseconds.
const OPERATIONS: u64 = 100_000;

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

/// What is wrong with an expression, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line in the expression, from 1; 0 if that is not known.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// A rule that was written as an expression. It sees two versions, `first` and `second` in stamp order (over arrival:
/// what is held, and what arrives), each with `value` (text; `()` of a delete), `time`, `master` and `write`; what it
/// gives is one of the two, or a text: a new value made of both.
pub struct Expression {
    text: String,
    over: Over,
    engine: Engine,
    ast: AST,
    failed: OnceLock<Wrong>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(text: &str, over: Over) -> Result<Expression, Wrong> {
        let mut engine = Engine::new();
        engine.set_max_operations(OPERATIONS).set_max_call_levels(32).set_max_expr_depths(64, 32);
        engine.set_max_string_size(10_000).set_max_array_size(1_000).set_max_map_size(1_000);
        engine.on_print(|_| {}).on_debug(|_, _, _| {});
        let wrong = |line, what| Wrong { line, what };
        let ast =
            engine.compile(text).map_err(|error| wrong(line_of(error.position()), error.err_type().to_string()))?;
        Ok(Expression { text: text.into(), over, engine, ast, failed: OnceLock::new() })
    }

    /// What it keeps of two versions.
    ///
    /// # Errors
    /// If it fails, does not end in time, or gives something else than a version or a text.
    pub fn keep(&self, first: &Version, second: &Version) -> Result<Keep, Wrong> {
        let mut scope = Scope::new();
        scope.push_constant("first", seen(first)).push_constant("second", seen(second));
        let kept: Dynamic = self.engine.eval_ast_with_scope(&mut scope, &self.ast).map_err(|mut error| {
            let line = line_of(error.take_position());
            Wrong { line, what: error.to_string() }
        })?;
        let kind = kept.type_name();
        let neither = || {
            let what = format!("this gives a value of type `{kind}`: give `first`, `second`, or a text made of both");
            Wrong { line: 0, what }
        };
        if kept.is_string() {
            return kept.into_immutable_string().map(|text| Keep::Both(text.as_str().into())).map_err(|_| neither());
        }
        let write = kept.read_lock::<Map>().and_then(|map| map.get("write").map(ToString::to_string));
        match write {
            Some(write) if write == first.dot.to_string() => Ok(Keep::First),
            Some(write) if write == second.dot.to_string() => Ok(Keep::Second),
            _ => Err(neither()),
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

/// A version as an expression sees it.
fn seen(version: &Version) -> Map {
    let time = i64::try_from(version.stamp.time()).unwrap_or(i64::MAX);
    let value = version.value.as_ref().map_or(Dynamic::UNIT, |value| value.as_str().into());
    let field = |name: &str, value: Dynamic| (name.into(), value);
    Map::from([
        field("value", value),
        field("time", time.into()),
        field("master", version.dot.origin().to_string().into()),
        field("write", version.dot.to_string().into()),
    ])
}

fn line_of(position: Position) -> usize {
    position.line().unwrap_or(0)
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
