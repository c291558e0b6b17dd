//! A conflict rule as an expression in a scenario file: [`Expression`].
//!
//! ```toml
//! [rule]
//! over = "siblings"
//! keep = "if first.value < second.value { first } else { second }"
//! ```
//!
//! The language is [Rhai](https://rhai.rs): it has if, let, loops, text and lists, and no access to anything outside.
//! It has no clock and no floating point, its maps are in key order, and each evaluation has a budget of operations and
//! time. So an expression is a function of the two versions, and terminates.

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

/// The versions to which a rule's expression is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// All concurrent versions, in timestamp order, when a key is read: as [`Custom`](multimaster::Custom).
    Siblings,
    /// The merged value and a version concurrent to it, as each arrives, under a joined version vector: as
    /// [`CustomMerged`](multimaster::CustomMerged).
    Merged,
    /// The version held and the one that arrives, whether concurrent or not. A client's write replaces the version
    /// held. No version vector is kept.
    Arrival,
}

/// A rule written as an expression. Its arguments are two versions, `first` and `second`, in timestamp order (over
/// arrival: the version held, and the one that arrives), and `here`, the master that applies it. Each version has
/// `value` (text; `()` for a delete), `time` (the Lamport time), `wall` (the wall-clock time that the writer gave, or
/// else the Lamport time), `master`, `write`, and `before` (the writer's reading before its write). It returns one of
/// the two; or text, a new value merged from both; or `()`, which deletes the key.
///
/// Alternatively, the rule is [several scripts](Sources), for any kind of data.
pub struct Expression {
    /// The source text of the rule.
    text: String,
    body: Body,
}

enum Body {
    Keep(Over, Box<Keeping>),
    Scripts(Box<Scripted>),
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// If the text is no valid expression.
    pub fn new(text: &str, over: Over) -> Result<Expression, Wrong> {
        Ok(Expression { text: format!("{over:?}: {text}"), body: Body::Keep(over, Box::new(Keeping::new(text)?)) })
    }

    /// Compiles a rule of several scripts.
    ///
    /// # Errors
    /// The first error in a script, with its line in the file.
    pub fn scripts(keeps: Keeps, sources: &Sources) -> Result<Expression, Wrong> {
        let body = Body::Scripts(Box::new(Scripted::new(keeps, sources)?));
        Ok(Expression { text: format!("{keeps:?}: {sources:?}"), body })
    }

    /// Applies the expression to two versions at the master `here`.
    ///
    /// # Errors
    /// If the expression fails, exceeds its budget, or returns anything but a version, a text of one line, or
    /// `()`; or if the rule is several scripts.
    pub fn keep(&self, first: &Version, second: &Version, here: MasterId) -> Result<Kept, Wrong> {
        match &self.body {
            Body::Keep(_, keeping) => keeping.keep(first, second, here),
            Body::Scripts(_) => Err(Wrong::at(1, "this rule is not asked which of two versions it keeps")),
        }
    }

    /// Tries a rule of several scripts on requests.
    ///
    /// # Errors
    /// The first failure, with its line in the file.
    pub fn tried(&self, requests: &[(MasterId, Request)]) -> Result<(), Wrong> {
        if let Body::Scripts(scripts) = &self.body { scripts.tried(requests) } else { Ok(()) }
    }

    /// The first failure of the rule, if any, which voids all verdicts under it. The line is counted in the expression
    /// or, for several scripts, in the file.
    pub fn failed(&self) -> Option<&Wrong> {
        match &self.body {
            Body::Keep(_, keeping) => keeping.failed(),
            Body::Scripts(scripts) => scripts.failed(),
        }
    }

    /// The operations that clients may request.
    pub fn kind(&self) -> Kind {
        match &self.body {
            Body::Keep(..) => Kind::Register,
            Body::Scripts(scripts) => scripts.keeps().kind(),
        }
    }

    /// Whether all keys of a master are rows of one state.
    pub fn is_table(&self) -> bool {
        matches!(&self.body, Body::Scripts(scripts) if scripts.keeps() == Keeps::Table)
    }

    /// Whether the rule is several scripts without a `merge`.
    pub fn lacks_merge(&self) -> bool {
        matches!(&self.body, Body::Scripts(scripts) if !scripts.merges())
    }

    /// The rule of the master `here`.
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
