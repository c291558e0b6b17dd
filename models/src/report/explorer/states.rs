//! The states after a path, as stateright's page asks for them.

use super::walk::{Walk, places};
use crate::check::erased::{Erased, ErasedAction, ErasedState};
use crate::model::{Expectation, Model};
use crate::printed::{escaped_lines, shown};
use crate::report::picture::sequence_diagram;
use crate::subject::Subject;
use serde_json::{Map, Value, json};

/// The states that can follow `path`, an address such as `/0/3/1`; after the empty path, the initial states.
///
/// # Errors
/// If it is malformed, or names a step that does not exist.
pub(super) fn after(model: &Erased, path: &str) -> Result<Vec<Value>, String> {
    if places(path)?.is_empty() {
        let initial = model.init_states().into_iter().enumerate();
        return Ok(initial
            .map(|(place, state)| seen(model, place, &place.to_string(), vec![(state, None)]))
            .map(Value::Object)
            .collect());
    }
    let walk = Walk::of(model, path)?;
    let mut actions = Vec::new();
    model.actions(&walk.state, &mut actions);
    let (path, state, mut drawn) = (path.trim_matches('/'), &walk.state, walk.drawn());
    drawn.pop();
    let choices = actions.into_iter().enumerate().map(|(place, action)| {
        let said = shown(&model.format_action(&action));
        let Some((next, _)) = model.step(state, &action) else {
            // The page also shows steps that change nothing.
            return json!({ "action": said, "actionIndex": place, "properties": [] });
        };
        let outcome = super::step_in_words(model, state, &action);
        let mut drawn = drawn.clone();
        drawn.extend([(state.clone(), Some(action)), (next, None)]);
        let mut choice = seen(model, place, &format!("{path}/{place}"), drawn);
        choice.insert("action".into(), said.into());
        choice.extend(outcome.map(|outcome| ("outcome".into(), outcome.into())));
        Value::Object(choice)
    });
    Ok(choices.collect())
}

/// The last state of `walk`, whose address is `address`. The page marks a property beside a state if that state is the
/// end of the path that decides the property. So that the marks refer to this state, each violated property gets this
/// state's path.
fn seen(
    model: &Erased,
    place: usize,
    address: &str,
    walk: Vec<(ErasedState, Option<ErasedAction>)>,
) -> Map<String, Value> {
    let mut seen = Map::new();
    if let Some((state, _)) = walk.last() {
        let properties = model.properties().into_iter().map(|property| {
            let decided = match property.expectation {
                Expectation::Always => !(property.condition)(model, state),
                Expectation::Sometimes => (property.condition)(model, state),
                Expectation::Eventually => false,
            };
            json!([property.expectation, property.name, decided.then_some(address)])
        });
        seen.insert("properties".into(), properties.collect());
        seen.insert("state".into(), escaped_lines(&format!("{state:#?}")).into());
    }
    seen.insert("actionIndex".into(), place.into());
    seen.insert("svg".into(), sequence_diagram(model, walk).into());
    seen
}
