//! A rule whose states and effects stay the same as JSON: [`Wired`].

use super::watch::Misbehaviour;
use crate::node::any_rule::SerdeRule;
use multimaster::resolver::Data;
use multimaster::{Change, Dot, Kind, Op, Reading, Refusal, Resolver, Side, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::panic::resume_unwind;

/// The rule, with a check that its states and effects survive a round trip through JSON. Records and networks carry
/// that JSON: if it left out a part, masters would receive other values than were sent.
#[derive(Clone)]
pub(super) struct Wired<R>(pub(super) R);

/// Throws a [`Misbehaviour`] if the value is changed by a round trip through JSON.
fn sent<T: Data + Serialize + DeserializeOwned>(value: T) -> T {
    let lost =
        |why: String| -> ! { resume_unwind(Box::new(Misbehaviour::Unwritable { value: format!("{value:?}"), why })) };
    let text = serde_json::to_string(&value).unwrap_or_else(|error| lost(error.to_string()));
    match serde_json::from_str::<T>(&text) {
        Ok(read) if read == value => {}
        Ok(read) => lost(format!("written as `{text}` and read again it is {read:?}")),
        Err(error) => lost(format!("`{text}` cannot be read again: {error}")),
    }
    value
}

impl<R: SerdeRule> Resolver for Wired<R> {
    type State = R::State;
    type Effect = R::Effect;

    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn uses_wall_clock(&self) -> bool {
        self.0.uses_wall_clock()
    }

    fn prepare(&self, state: &R::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<R::Effect, Refusal> {
        self.0.prepare(state, op, dot, timestamp).map(sent)
    }

    fn apply(&self, state: &mut R::State, change: &Change<R::Effect>) -> bool {
        let altered = self.0.apply(state, change);
        *state = sent(std::mem::take(state));
        altered
    }

    fn read(&self, state: &R::State) -> Reading {
        self.0.read(state)
    }

    fn merge(&self, ours: Side<'_, R::State>, theirs: Side<'_, R::State>) -> Option<R::State> {
        self.0.merge(ours, theirs).map(sent)
    }

    fn shows(&self, state: &R::State, dot: Dot) -> bool {
        self.0.shows(state, dot)
    }

    fn unsure(&self, state: &R::State, dot: Dot) -> bool {
        self.0.unsure(state, dot)
    }
}
