//! Rules that nothing watches: without the feature `any-number`.

use super::Numbers;
use crate::node::any_rule::SerdeRule;

/// Nothing is noted.
#[derive(Default)]
pub(super) struct Notes;

impl Notes {
    /// Calls a function of the rule.
    pub(super) fn during<A>(&self, _: &'static str, call: impl FnOnce() -> A) -> A {
        call()
    }
}

/// A rule that is not watched shows nothing of numbers.
pub(crate) trait Watched {}

impl<R: SerdeRule> Watched for Numbers<R> {}
