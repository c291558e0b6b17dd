//! A conflict rule as an expression in a scenario file: [`Expression`].
//!
//! ```toml
//! [rule]
//! over = "siblings"
//! keep = "if first.value < second.value { first } else { second }"
//! ```
//!
//! The language is [Rhai](https://rhai.rs): it has if, let, loops, text and lists, and no way to reach anything outside. A
//! clock and floating point are left out of it, its maps are in key order, and each evaluation has a budget of operations
//! and of time, so an expression is a function of the two versions, and ends.

mod forms;
mod keep;
pub mod sandbox;
mod syntax;
pub mod value;
mod version;

use crate::any_rule::AnyRule;
use forms::{At, OverArrival, OverMerged, OverSiblings};
use keep::Keeping;
pub use keep::{Kept, Sight};
use multimaster::{Kind, MasterId};
pub use sandbox::Wrong;
use serde::Deserialize;
use std::cmp::Ordering;
use std::fmt;
pub use version::Version;

/// What a rule's expression is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// All concurrent versions, in stamp order, when a key is read: as [`Custom`](multimaster::Custom).
    Siblings,
    /// The merged value and a version concurrent to it, as each arrives, under a joined version vector: as
    /// [`CustomMerged`](multimaster::CustomMerged).
    Merged,
    /// What is held and what arrives, whether concurrent or not; a client's write replaces what is held. No version
    /// vector is kept.
    Arrival,
}

/// A rule that was written as an expression. It sees two versions, `first` and `second` in stamp order (over arrival:
/// what is held, and what arrives), and `here`, the master at which it is asked. Each version has `value` (text; `()` of a
/// delete), `time` (the Lamport time), `wall` (the time that the writer gave; without one, the Lamport time), `master`,
/// `write`, and `before` (what the writer read when it wrote).
/// What it gives is one of the two, or a text: a new value made of both; or `()`: the key is deleted.
pub struct Expression {
    text: String,
    over: Over,
    keeping: Keeping,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(text: &str, over: Over) -> Result<Expression, Wrong> {
        Ok(Expression { text: text.into(), over, keeping: Keeping::new(text)? })
    }

    /// What it keeps of two versions at the master `here`.
    ///
    /// # Errors
    /// If it fails, does not end in time, or gives something else than a version, a text of one line, or `()`.
    pub fn keep(&self, first: &Version, second: &Version, here: MasterId) -> Result<Kept, Wrong> {
        self.keeping.keep(first, second, here)
    }

    /// What went wrong first since it was read, if anything: then what was explored under it says nothing.
    pub fn failed(&self) -> Option<&Wrong> {
        self.keeping.failed()
    }

    /// Which operations clients may ask.
    pub fn kind(&self) -> Kind {
        Kind::Register
    }

    /// The rule as it runs at the master `here`.
    pub fn rule(&'static self, here: MasterId) -> AnyRule {
        let at = At { keeping: &self.keeping, here };
        match self.over {
            Over::Siblings => AnyRule::new(OverSiblings(at)),
            Over::Merged => AnyRule::new(OverMerged(at)),
            Over::Arrival => AnyRule::new(OverArrival(at)),
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
        (&self.text, self.over as u8).cmp(&(&other.text, other.over as u8))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} over {:?}", self.text, self.over)
    }
}
