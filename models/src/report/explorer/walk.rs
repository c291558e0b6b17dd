//! A path through the states, read from an address: [`Walk`].

use super::Whole;
use crate::check::engine::Path;
use crate::check::erased::{Erased, ErasedAction, ErasedState};
use crate::model::{Model, Sent};
use crate::properties::FALLS_SILENT;
use crate::report::trace;
use crate::subject::Subject;

/// The longest accepted path. The depth of any scenario that can be explored is far below it.
const LONGEST: usize = 1_000;

/// A path, with its states.
pub(super) struct Walk {
    pub(super) path: Path,
    /// Each state except the last, with the step taken from it and the changes that the step sent.
    pub(super) taken: Vec<(ErasedState, ErasedAction, Sent)>,
    /// The last state.
    pub(super) state: ErasedState,
}

impl Walk {
    /// The path with this address, such as `/0/3/1`. It takes as many steps of the model as the path has.
    ///
    /// # Errors
    /// If the address is malformed, or names a step that does not exist.
    pub(super) fn of(model: &Erased, address: &str) -> Result<Walk, String> {
        let places = places(address)?;
        let nowhere = |place: usize| format!("{address} leads nowhere: no step has the number {place}");
        let (start, steps) = places.split_first().ok_or("name an initial state, such as /0")?;
        let state = model.init_states().get(*start).cloned().ok_or_else(|| nowhere(*start))?;
        let mut walk = Walk { path: Path { start: *start, steps: Vec::new() }, taken: Vec::new(), state };
        let mut actions = Vec::new();
        for place in steps {
            actions.clear();
            model.actions(&walk.state, &mut actions);
            let action = actions.get(*place).cloned().ok_or_else(|| nowhere(*place))?;
            let (next, sent) = model.step(&walk.state, &action).ok_or_else(|| nowhere(*place))?;
            walk.taken.push((std::mem::replace(&mut walk.state, next), action, sent));
            walk.path.steps.push(*place);
        }
        Ok(walk)
    }

    /// The states with their steps, as a picture needs them.
    pub(super) fn drawn(&self) -> Vec<(ErasedState, Option<ErasedAction>)> {
        let taken = self.taken.iter().map(|(state, action, _)| (state.clone(), Some(action.clone())));
        taken.chain([(self.state.clone(), None)]).collect()
    }

    /// The number of steps after which this state was reached before on this path; `None` if it is new.
    pub(super) fn seen_before(&self, state: &ErasedState) -> Option<usize> {
        self.taken.iter().position(|(earlier, ..)| earlier == state)
    }

    /// The properties of whole schedules that are violated if this schedule goes on with its cycle for ever, each with
    /// the reason. *Falls silent* is last.
    pub(super) fn violated_for_ever(&self, model: &Erased, whole: &Whole) -> Vec<(String, String)> {
        let walked: Vec<_> = self.taken.iter().map(|(state, action, _)| (state.clone(), action.clone())).collect();
        let live = whole.fairness.map(|fairness| trace::for_ever(model, fairness, &walked, &self.state));
        let mut violated = live.unwrap_or_default();
        violated.retain(|(property, _)| whole.live.contains(&property.as_str()));
        let sent = self.taken.iter().map(|(state, _, sent)| (state, !sent.is_empty()));
        if let (Some(step), None) = (trace::repeats(sent, &self.state), model.not_judged(FALLS_SILENT)) {
            violated.push((FALLS_SILENT.to_owned(), trace::repeats_in_words(step)));
        }
        violated
    }
}

/// The numbers of an address.
///
/// # Errors
/// If it contains anything else, or is too long.
pub(super) fn places(address: &str) -> Result<Vec<usize>, String> {
    let address = address.trim_matches('/');
    if address.is_empty() {
        return Ok(Vec::new());
    }
    let places: Option<Vec<usize>> = address.split('/').take(LONGEST + 2).map(|place| place.parse().ok()).collect();
    let places = places.ok_or_else(|| format!("{address} is not a path: give numbers separated by /"))?;
    if places.len() > LONGEST + 1 { Err(format!("a path of more than {LONGEST} steps")) } else { Ok(places) }
}
