//! A conflict rule as an expression in a scenario file: [`Expression`].
//!
//! ```toml
//! [rule]
//! over = "siblings"
//! keep = "if first.value < second.value { first } else { second }"
//! ```
//!
//! The language is [Rhai](https://rhai.rs): it has if, let, loops, text and lists, and no way to reach anything
//! outside. A clock and floating point are left out of it, its maps are in key order, and each evaluation has a budget
//! of operations and of time, so an expression is a function of the two versions, and ends.

mod data;
mod forms;
mod keep;
mod running;
pub mod sandbox;
mod scripted;
mod syntax;
pub mod value;
mod version;

use crate::node::any_rule::AnyRule;
use forms::{At, OverArrival, OverMerged, OverSiblings};
use keep::Keeping;
pub use keep::{Kept, Sight};
use multimaster::{Kind, MasterId, Request};
use running::Running;
pub use sandbox::Wrong;
use scripted::Scripted;
pub(crate) use scripted::as_row;
pub use scripted::{Keeps, Source, Sources};
use serde::Deserialize;
use std::cmp::Ordering;
use std::fmt;
pub use version::Version;

/// What a rule's expression is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// All concurrent versions, in timestamp order, when a key is read: as [`Custom`](multimaster::Custom).
    Siblings,
    /// The merged value and a version concurrent to it, as each arrives, under a joined version vector: as
    /// [`CustomMerged`](multimaster::CustomMerged).
    Merged,
    /// What is held and what arrives, whether concurrent or not; a client's write replaces what is held. No version
    /// vector is kept.
    Arrival,
}

/// A rule that was written as an expression. It is given two versions, `first` and `second`, in timestamp order (over
/// arrival: what is held, and what arrives), and `here`, the master that applies it. Each version has `value` (text;
/// `()` for a delete), `time` (the Lamport timestamp), `wall` (the wall-clock time that the writer gave; without one,
/// the Lamport timestamp), `master`, `write`, and `before` (what the writer read when it wrote). It returns one of the
/// two; or text, a new value made of both; or `()`, which deletes the key.
///
/// Or the rule is written as [several scripts](Sources), for any kind of data.
pub struct Expression {
    /// All that was written.
    text: String,
    body: Body,
}

enum Body {
    Keep(Over, Box<Keeping>),
    Scripts(Box<Scripted>),
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(text: &str, over: Over) -> Result<Expression, Wrong> {
        Ok(Expression { text: format!("{over:?}: {text}"), body: Body::Keep(over, Box::new(Keeping::new(text)?)) })
    }

    /// Reads a rule of several scripts.
    ///
    /// # Errors
    /// What is wrong with one of them, with the line of the file.
    pub fn scripts(keeps: Keeps, sources: &Sources) -> Result<Expression, Wrong> {
        let body = Body::Scripts(Box::new(Scripted::new(keeps, sources)?));
        Ok(Expression { text: format!("{keeps:?}: {sources:?}"), body })
    }

    /// What it keeps of two versions at the master `here`.
    ///
    /// # Errors
    /// If it fails, does not end in time, or returns anything but a version, a text of one line, or `()`; or if the
    /// rule is written as several scripts.
    pub fn keep(&self, first: &Version, second: &Version, here: MasterId) -> Result<Kept, Wrong> {
        match &self.body {
            Body::Keep(_, keeping) => keeping.keep(first, second, here),
            Body::Scripts(_) => Err(Wrong::at(1, "this rule is not asked which of two versions it keeps")),
        }
    }

    /// Tries a rule of several scripts on requests.
    ///
    /// # Errors
    /// What fails, with the line of the file.
    pub fn tried(&self, requests: &[(MasterId, Request)]) -> Result<(), Wrong> {
        if let Body::Scripts(scripts) = &self.body { scripts.tried(requests) } else { Ok(()) }
    }

    /// The first failure of the rule, if any: then nothing that was explored under it counts. The line is that in the
    /// expression or, for several scripts, that in the file.
    pub fn failed(&self) -> Option<&Wrong> {
        match &self.body {
            Body::Keep(_, keeping) => keeping.failed(),
            Body::Scripts(scripts) => scripts.failed(),
        }
    }

    /// Which operations clients may ask.
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Keep(..) => Kind::Register,
            Body::Scripts(scripts) => scripts.keeps().kind(),
        }
    }

    /// Whether all keys of a master are one state.
    pub fn is_table(&self) -> bool {
        matches!(&self.body, Body::Scripts(scripts) if scripts.keeps() == Keeps::Table)
    }

    /// Whether it is a rule of several scripts, none of which merges states.
    pub fn lacks_merge(&self) -> bool {
        matches!(&self.body, Body::Scripts(scripts) if !scripts.merges())
    }

    /// The rule as it runs at the master `here`.
    pub fn rule(&'static self, here: MasterId) -> AnyRule {
        match &self.body {
            Body::Scripts(scripts) => AnyRule::new(Running { scripts, here }),
            Body::Keep(over, keeping) => {
                let at = At { keeping, here };
                match over {
                    Over::Siblings => AnyRule::new(OverSiblings(at)),
                    Over::Merged => AnyRule::new(OverMerged(at)),
                    Over::Arrival => AnyRule::new(OverArrival(at)),
                }
            }
        }
    }
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
        self.text.cmp(&other.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
