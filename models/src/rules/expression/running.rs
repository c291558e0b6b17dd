//! A rule of several scripts at one master: [`Running`].

use super::scripted::{Made, Scripted};
use super::value::Value;
use multimaster::{Change, Dot, Kind, MasterId, Op, Reading, Refusal, Resolver, Side, Timestamp};
use std::sync::PoisonError;

/// The most readings remembered.
const REMEMBERED: usize = 1 << 16;

/// The scripts of a rule at one master.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) scripts: &'static Scripted,
    pub(super) here: MasterId,
}

/// Once a script has failed, no verdict counts: nothing is written, applied or read any more.
impl Resolver for Running {
    /// `None` is the initial state.
    type State = Option<Value>;
    type Effect = Made;

    fn kind(&self) -> Kind {
        self.scripts.keeps().kind()
    }

    fn uses_wall_clock(&self) -> bool {
        self.scripts.uses_wall_clock()
    }

    fn prepare(&self, state: &Option<Value>, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Made, Refusal> {
        let failed = || Refusal::Because("the rule has failed".into());
        if self.scripts.failed().is_some() {
            return Err(failed());
        }
        self.scripts.made(state, op, dot, timestamp).unwrap_or_else(|wrong| {
            self.scripts.note(wrong);
            Err(failed())
        })
    }

    fn apply(&self, state: &mut Option<Value>, change: &Change<Made>) -> bool {
        if self.scripts.failed().is_some() {
            return false;
        }
        match self.scripts.applied(state, change, self.here) {
            Ok(after) => {
                let altered = *state != after;
                *state = after;
                altered
            }
            Err(wrong) => {
                self.scripts.note(wrong);
                false
            }
        }
    }

    fn read(&self, state: &Option<Value>) -> Reading {
        let state = self.scripts.seen(state);
        let readings = || self.scripts.readings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = readings().get(state) {
            return reading.clone();
        }
        let reading = self.scripts.reading(state).unwrap_or_else(|wrong| {
            self.scripts.note(wrong);
            Reading::Nothing
        });
        let mut readings = readings();
        if readings.len() >= REMEMBERED {
            readings.clear();
        }
        readings.insert(state.clone(), reading.clone());
        reading
    }

    fn merge(&self, ours: Side<'_, Option<Value>>, theirs: Side<'_, Option<Value>>) -> Option<Option<Value>> {
        let merged = self.scripts.merged(self.scripts.merge.as_ref()?, ours, theirs);
        Some(merged.unwrap_or_else(|wrong| {
            self.scripts.note(wrong);
            ours.state.clone()
        }))
    }

    /// Scripts make no claims: where the reading does not tell, it is unknown which writes it shows.
    fn shows(&self, _: &Option<Value>, _: Dot) -> bool {
        false
    }

    fn unsure(&self, _: &Option<Value>, _: Dot) -> bool {
        true
    }
}
