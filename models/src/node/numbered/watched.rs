//! Whether a rule reads numbers, and states with other numbers: the feature `any-number`.

use super::{ChangeNo, Numbers, StateNo};
use crate::node::any_rule::SerdeRule;
use multimaster::watch;
use serde::{Serialize, de::DeserializeOwned};
use std::cell::Cell;

/// A rule has read a number inside a name or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The rule's function.
    pub(crate) within: &'static str,
    /// The function that it called.
    pub(crate) at: &'static str,
}

/// A rule's first reading of a number.
#[derive(Default)]
pub(super) struct Notes(Cell<Option<Look>>);

impl Notes {
    /// Calls a function of the rule, and notes whether it reads a number.
    pub(super) fn during<A>(&self, within: &'static str, call: impl FnOnce() -> A) -> A {
        let (result, at) = watch::during(call);
        if let (Some(at), None) = (at, self.0.get()) {
            self.0.set(Some(Look { within, at }));
        }
        result
    }
}

/// What a rule that is watched shows of numbers.
pub(crate) trait Watched {
    /// A function of names or times that showed the rule a number, if one did, and the rule's function that called it.
    fn looked(&self) -> Option<Look>;
    /// The times and sequence numbers in a state.
    fn in_state(&self, state: StateNo) -> Result<watch::Numbers, String>;
    /// The times and sequence numbers in a change.
    fn in_change(&self, change: ChangeNo) -> Result<watch::Numbers, String>;
    /// The state with the numbers of `to` in place of those of `from`.
    fn state_renamed(&mut self, state: StateNo, from: &watch::Numbers, to: &watch::Numbers) -> Result<StateNo, String>;
    /// The change with the numbers of `to` in place of those of `from`.
    fn change_renamed(
        &mut self,
        change: ChangeNo,
        from: &watch::Numbers,
        to: &watch::Numbers,
    ) -> Result<ChangeNo, String>;
}

/// The value with the numbers of `to` in place of those of `from`; an error if the way there and back does not lead to
/// an equal value.
fn renamed<T: Eq + Serialize + DeserializeOwned>(
    value: &T,
    from: &watch::Numbers,
    to: &watch::Numbers,
) -> Result<T, String> {
    let through = |value: &T, from, to| -> serde_json::Result<T> {
        let text = watch::renamed(from, to, || serde_json::to_vec(value))?;
        serde_json::from_slice(&text)
    };
    let there = through(value, from, to).map_err(|error| error.to_string())?;
    let back = through(&there, to, from).map_err(|error| error.to_string())?;
    let same_text = || Ok(serde_json::to_vec(&back)? == serde_json::to_vec(value)?);
    let same = back == *value && same_text().map_err(|error: serde_json::Error| error.to_string())?;
    if same { Ok(there) } else { Err("it is not equal to what is read back from its JSON".to_owned()) }
}

impl<R: SerdeRule> Watched for Numbers<R> {
    fn looked(&self) -> Option<Look> {
        self.notes.0.get()
    }

    fn in_state(&self, state: StateNo) -> Result<watch::Numbers, String> {
        let (text, numbers) = watch::numbers(|| serde_json::to_vec(self.states.get(state)));
        text.map(|_| numbers).map_err(|error| error.to_string())
    }

    fn in_change(&self, change: ChangeNo) -> Result<watch::Numbers, String> {
        let (text, numbers) = watch::numbers(|| serde_json::to_vec(self.changes.get(change)));
        text.map(|_| numbers).map_err(|error| error.to_string())
    }

    fn state_renamed(&mut self, state: StateNo, from: &watch::Numbers, to: &watch::Numbers) -> Result<StateNo, String> {
        let rows = renamed(self.states.get(state), from, to)?;
        Ok(self.states.number(rows))
    }

    fn change_renamed(
        &mut self,
        change: ChangeNo,
        from: &watch::Numbers,
        to: &watch::Numbers,
    ) -> Result<ChangeNo, String> {
        let change = renamed(self.changes.get(change), from, to)?;
        Ok(self.changes.number(change))
    }
}
