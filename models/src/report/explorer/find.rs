//! The page's jumps: the search for the nearest state that meets a goal.

use super::situation::decided;
use super::walk::Walk;
use crate::check::erased::{Erased, ErasedState};
use crate::model::{Expectation, Model};
use crate::printed::shown;
use crate::properties::QUIESCENCE;
use crate::report::table::grouped;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A jump searches at most this many states,
const MOST: usize = 200_000;
/// and at most this long.
const LONGEST: Duration = Duration::from_secs(8);

/// The goal of a jump.
enum Goal {
    /// A state that violates a property that the present state does not violate.
    Violation,
    /// A state that reaches a witness that the path has not reached.
    Witness,
    /// A quiescent state.
    Quiescence,
    /// A state that decides the property of this number: violates it, or reaches it.
    Property(usize),
}

/// The path to the nearest state after the last one of `walk` that meets `goal`, or a sentence on why there is none.
/// `goal` is `violation`, `witness`, `quiescence` or the number of a property.
///
/// # Errors
/// If `goal` is none of these.
pub(super) fn nearest(model: &Erased, walk: &Walk, goal: &str) -> Result<Value, String> {
    let properties = model.properties();
    let goal = match (goal, goal.parse::<usize>()) {
        ("violation", _) => Goal::Violation,
        ("witness", _) => Goal::Witness,
        ("quiescence", _) => Goal::Quiescence,
        (_, Ok(number)) if number < properties.len() => Goal::Property(number),
        _ => return Err("a jump goes to `violation`, `witness`, `quiescence`, or a property's number".into()),
    };
    let here = decided(model, &walk.state);
    // A witness counts as reached once any state of the path has reached it.
    let mut reached = here.clone();
    for (state, ..) in &walk.taken {
        decided(model, state).into_iter().zip(&mut reached).for_each(|(then, ever)| *ever |= then);
    }
    let is_goal = |state: &ErasedState| {
        let decides = |expectation: Expectation, known: &[bool]| {
            let mut new = decided(model, state).into_iter().zip(known).zip(&properties);
            new.position(|((now, known), property)| property.expectation == expectation && now && !known)
        };
        match goal {
            Goal::Violation => decides(Expectation::Always, &here),
            Goal::Witness => decides(Expectation::Sometimes, &reached),
            Goal::Quiescence => {
                let place = properties.iter().position(|property| property.name == QUIESCENCE)?;
                (properties[place].condition)(model, state).then_some(place)
            }
            Goal::Property(place) => decided(model, state)[place].then_some(place),
        }
    };
    Ok(match search(model, &walk.state, is_goal) {
        Found::At(steps, place) => {
            let mut path = walk.path.clone();
            path.steps.extend(steps);
            json!({ "path": super::steps(&path), "property": shown(properties[place].name) })
        }
        Found::Nowhere(states) => {
            let what = match goal {
                Goal::Violation => "violates a property that is not violated here".to_owned(),
                Goal::Witness => "reaches a witness that this schedule has not reached".to_owned(),
                Goal::Quiescence => "is quiescent".to_owned(),
                Goal::Property(place) => match properties[place].expectation {
                    Expectation::Sometimes => format!("reaches \"{}\"", shown(properties[place].name)),
                    _ => format!("violates {}", shown(properties[place].name)),
                },
            };
            json!({ "none": format!("No state that can follow {what}; {}.", searched(states)) })
        }
        Found::TooMany(states) => json!({
            "none": format!("None was found among the nearest {} states; more can follow.", grouped(states)),
        }),
    })
}

fn searched(states: usize) -> String {
    match states {
        0 => "no other state follows".into(),
        1 => "the 1 state was searched".into(),
        states => format!("all {} were searched", grouped(states)),
    }
}

enum Found {
    /// The steps to it, and the property that it decides.
    At(Vec<usize>, usize),
    /// All states that can follow were searched: this many.
    Nowhere(usize),
    /// The search was given up after this many states.
    TooMany(usize),
}

/// Searches breadth-first, from the successors of `from`.
fn search(model: &Erased, from: &ErasedState, is_goal: impl Fn(&ErasedState) -> Option<usize>) -> Found {
    let until = Instant::now() + LONGEST;
    let mut known: HashSet<ErasedState, RandomState> = HashSet::default();
    known.insert(from.clone());
    // Each state with its predecessor and the step from there.
    let mut found = vec![(from.clone(), 0, 0)];
    let mut actions = Vec::new();
    let mut at = 0;
    while at < found.len() {
        let first = found.len();
        let state = found[at].0.clone();
        model.each_step(&state, &mut actions, &mut |place, next, _| {
            if model.within_boundary(next) && known.insert(next.clone()) {
                found.push((next.clone(), at, place));
            }
            ControlFlow::Continue(())
        });
        for new in first..found.len() {
            if let Some(property) = is_goal(&found[new].0) {
                let mut steps = Vec::new();
                let mut back = new;
                while back > 0 {
                    steps.push(found[back].2);
                    back = found[back].1;
                }
                steps.reverse();
                return Found::At(steps, property);
            }
        }
        if found.len() > MOST || Instant::now() > until {
            return Found::TooMany(found.len() - 1);
        }
        at += 1;
    }
    Found::Nowhere(found.len() - 1)
}
