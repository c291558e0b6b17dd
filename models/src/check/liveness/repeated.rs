//! The judgement of one lasso by the model alone, without a graph: [`repeated`].

use crate::model::{Aim, Model};
use crate::properties::FALLS_SILENT_IF_FAIR;
use std::collections::BTreeSet;

/// The judgement of a cycle that repeats for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repeated {
    /// The first state of the cycle, and the index of an action possible there, whose class is starved: an action of it
    /// could alter each state of the cycle, and none is taken. `None` if the cycle is fair.
    pub starved: Option<usize>,
    /// The liveness properties that the cycle violates, fair or not, each with the index of a state of the cycle that
    /// shows it.
    pub violated: Vec<(&'static str, usize)>,
}

/// Judges the schedule that takes these steps again and again, each from its state; without steps, the schedule that
/// stays in `last` for ever. The last step must lead back to the first state.
pub fn repeated<M: Model>(model: &M, cycle: &[(M::State, M::Action)], last: &M::State) -> Repeated {
    let states: Vec<&M::State> = match cycle {
        [] => vec![last],
        _ => cycle.iter().map(|(state, _)| state).collect(),
    };
    let mut starved: Option<BTreeSet<u64>> = None;
    for state in &states {
        let enabled = enabled(model, state).into_iter().map(|(_, class)| class).collect::<BTreeSet<u64>>();
        starved = Some(starved.map_or(enabled.clone(), |starved| &starved & &enabled));
    }
    let (mut starved, mut sends) = (starved.unwrap_or_default(), None);
    for (place, (state, action)) in cycle.iter().enumerate() {
        let Some((next, sent)) = model.step(state, action) else { continue };
        if next != *state
            && let Some(class) = model.fair_class(action)
        {
            starved.remove(&class);
        }
        sends = sends.or((!sent.is_empty()).then_some(place));
    }
    let starved = enabled(model, states[0]).into_iter().find(|(_, class)| starved.contains(class));
    let mut violated = Vec::new();
    for goal in model.goals() {
        let shown = match &goal.aim {
            Aim::Lasting(condition) => states.iter().position(|state| !condition(model, state)),
            Aim::Met(open) => {
                let open = |state: &&M::State| open(model, state).into_iter().collect::<BTreeSet<u64>>();
                let for_ever = states.iter().map(open).reduce(|all, one| &all & &one);
                for_ever.is_some_and(|open| !open.is_empty()).then_some(0)
            }
        };
        violated.extend(shown.map(|place| (goal.name, place)));
    }
    violated.extend(sends.map(|place| (FALLS_SILENT_IF_FAIR, place)));
    Repeated { starved: starved.map(|(place, _)| place), violated }
}

/// The actions that have a class and alter the state: each by its index, with its class.
fn enabled<M: Model>(model: &M, state: &M::State) -> Vec<(usize, u64)> {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    let alters = |action: &M::Action| model.step(state, action).is_some_and(|(next, _)| next != *state);
    let classed =
        actions.iter().enumerate().filter_map(|(place, action)| Some((place, action, model.fair_class(action)?)));
    classed.filter(|(_, action, _)| alters(action)).map(|(place, _, class)| (place, class)).collect()
}
