//! The states after a path, as the page asks for them.

use crate::check::erased::{Erased, ErasedAction, ErasedState};
use crate::model::{Expectation, Model};
use crate::printed::{escaped_lines, shown};
use crate::report::picture::sequence_diagram;
use crate::subject::Subject;
use serde_json::{Map, Value, json};

/// The longest accepted path. The depth of any scenario that can be explored is far below it.
const LONGEST: usize = 1_000;

/// A path: each state with the step taken from it; the last state has none.
type Walk = Vec<(ErasedState, Option<ErasedAction>)>;

/// The states that can follow `path`, an address such as `/0/3/1`; after the empty path, the initial states.
///
/// # Errors
/// If it is malformed, or names a step that does not exist.
pub(super) fn after(model: &Erased, path: &str) -> Result<Vec<Value>, String> {
    let places = places(path)?;
    let Some((start, places)) = places.split_first() else {
        let initial = model.init_states().into_iter().enumerate();
        return Ok(initial
            .map(|(place, state)| seen(model, place, &place.to_string(), vec![(state, None)]))
            .map(Value::Object)
            .collect());
    };
    let nowhere = |place: usize| format!("{path} leads nowhere: no step has the number {place}");
    let mut state = model.init_states().get(*start).cloned().ok_or_else(|| nowhere(*start))?;
    let mut walk: Walk = Vec::new();
    let mut actions = Vec::new();
    for place in places {
        actions.clear();
        model.actions(&state, &mut actions);
        let action = actions.get(*place).cloned().ok_or_else(|| nowhere(*place))?;
        let (next, _) = model.step(&state, &action).ok_or_else(|| nowhere(*place))?;
        walk.push((std::mem::replace(&mut state, next), Some(action)));
    }
    actions.clear();
    model.actions(&state, &mut actions);
    let path = path.trim_matches('/');
    let choices = actions.into_iter().enumerate().map(|(place, action)| {
        let said = shown(&model.format_action(&action));
        let Some((next, _)) = model.step(&state, &action) else {
            // The page also shows steps that change nothing.
            return json!({ "action": said, "actionIndex": place, "properties": [] });
        };
        let outcome = super::step_in_words(model, &state, &action);
        let mut walk = walk.clone();
        walk.extend([(state.clone(), Some(action)), (next, None)]);
        let mut choice = seen(model, place, &format!("{path}/{place}"), walk);
        choice.insert("action".into(), said.into());
        choice.extend(outcome.map(|outcome| ("outcome".into(), outcome.into())));
        Value::Object(choice)
    });
    Ok(choices.collect())
}

fn places(path: &str) -> Result<Vec<usize>, String> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let places: Option<Vec<usize>> = path.split('/').take(LONGEST + 1).map(|place| place.parse().ok()).collect();
    let places = places.ok_or_else(|| format!("{path} is not a path: give numbers separated by /"))?;
    if places.len() > LONGEST { Err(format!("a path of more than {LONGEST} steps")) } else { Ok(places) }
}

/// The last state of `walk`, whose address is `address`. The page marks a property beside a state if that state is the
/// end of the path that decides the property. So that the marks refer to this state, each violated property gets this
/// state's path.
fn seen(model: &Erased, place: usize, address: &str, walk: Walk) -> Map<String, Value> {
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
