//! One state, as our page shows it: the schedule that leads to it, the changes of its last step, every property in this
//! state, and the possible steps.

use super::Whole;
use super::walk::Walk;
use crate::check::erased::{Erased, ErasedState};
use crate::model::{Expectation, Model};
use crate::printed::{escaped_lines, shown};
use crate::properties::{AT_QUIESCENCE, BY_CLAIM, QUIESCENCE};
use crate::report::trace;
use crate::subject::Subject;
use serde_json::{Value, json};

/// For each property in order, whether the state decides it: violates an `always`, or reaches a witness.
pub(super) fn decided(model: &Erased, state: &ErasedState) -> Vec<bool> {
    let decides = |expectation, holds: bool| match expectation {
        Expectation::Always => !holds,
        Expectation::Sometimes => holds,
        Expectation::Eventually => false,
    };
    model.properties().iter().map(|p| decides(p.expectation, (p.condition)(model, state))).collect()
}

/// The last state of `walk`, for the page. `whole` are the properties of whole schedules.
pub(super) fn situation(model: &Erased, walk: &Walk, whole: &Whole) -> Value {
    let before = walk.taken.last().map(|(state, ..)| state);
    json!({
        "path": super::steps(&walk.path),
        "starts": model.init_states().len(),
        "steps": steps(model, walk),
        "again": walk.seen_before(&walk.state),
        "outside": !model.within_boundary(&walk.state),
        "masters": masters(model, before, &walk.state),
        "others": others(model, before, &walk.state),
        "properties": properties(model, walk, whole),
        "choices": choices(model, walk),
    })
}

/// The steps taken, in words.
fn steps(model: &Erased, walk: &Walk) -> Vec<Value> {
    let step = |(state, action, _): &_| json!({ "said": shown(&model.describe(state, action)), "remark": model.remark(state, action).map(|r| shown(&r)) });
    walk.taken.iter().map(step).collect()
}

/// Each master: its readings, the readings before if these differ, and the rest of its state, line by line with `+` for
/// lines that the last step brought and `-` for lines that it removed.
fn masters(model: &Erased, before: Option<&ErasedState>, now: &ErasedState) -> Vec<Value> {
    let (names, reads) = (model.masters(), model.readings(now));
    let read = before.map(|before| model.readings(before));
    let down = lines(now).into_iter().find(|(of, _)| of == "down").map(|(_, line)| line).unwrap_or_default();
    let facts = |state: &ErasedState, place: usize, reads: &str| parts(state, &names[place], reads);
    let one = |(place, name): (usize, &String)| {
        let was = read.as_ref().map(|read| &read[place]).filter(|was| **was != reads[place]);
        let old = before.zip(read.as_ref()).map(|(before, read)| facts(before, place, &read[place]));
        let new = facts(now, place, &reads[place]);
        let marked = marked(&old.unwrap_or_else(|| new.clone()), &new);
        json!({
            "name": name,
            "down": down.split([':', ' ']).skip(1).any(|other| other == name),
            "reads": shown(&reads[place]),
            "was": was.map(|was| shown(was)),
            "facts": marked,
        })
    };
    names.iter().enumerate().map(one).collect()
}

/// The parts of a state that belong to no master: messages in flight, requests made, faults left.
fn others(model: &Erased, before: Option<&ErasedState>, now: &ErasedState) -> Vec<Value> {
    let names = model.masters();
    let rest = |state: &ErasedState| {
        let lines = lines(state).into_iter();
        lines.filter(|(of, _)| !names.iter().any(|name| name == of)).map(|(_, line)| line).collect::<Vec<_>>()
    };
    let new = rest(now);
    let old = before.map_or_else(|| new.clone(), rest);
    marked(&old, &new)
}

/// The lines of a state with their subjects. With several shards, each line names its shard.
fn lines(state: &ErasedState) -> Vec<(String, String)> {
    let mut shard = String::new();
    let mut lines = Vec::new();
    for line in escaped_lines(&format!("{state:?}")).lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_suffix(':').filter(|name| name.starts_with("shard ")) {
            shard = format!("{name}: ");
            continue;
        }
        let (of, rest) = line.split_once("  ").unwrap_or(("", line));
        lines.push((
            of.to_owned(),
            if of.is_empty() { format!("{shard}{rest}") } else { format!("{shard}{of}: {rest}") },
        ));
    }
    lines
}

/// The lines of a state about a master, without its readings.
fn parts(state: &ErasedState, name: &str, reads: &str) -> Vec<String> {
    let (reads, of) = (format!("reads {reads}"), format!("{name}: "));
    let mut parts = Vec::new();
    for (_, line) in lines(state).into_iter().filter(|(of, _)| of == name) {
        let (shard, rest) = line.split_once(&of).unwrap_or(("", &line));
        match rest.strip_prefix(&reads) {
            // The text after the readings holds no text of a client.
            Some(rest) => {
                parts.extend(rest.split("; ").filter(|part| !part.is_empty()).map(|part| format!("{shard}{part}")))
            }
            None => parts.push(format!("{shard}{rest}")),
        }
    }
    parts
}

/// The lines of `new` in order, with `+` for those that `old` lacks; each is preceded by the line of `old` in its
/// place, with `-`, if `new` lacks that.
fn marked(old: &[String], new: &[String]) -> Vec<Value> {
    let mut gone: Vec<&String> = old.iter().filter(|line| !new.contains(line)).collect();
    let subject = |line: &str| line.split([' ', ':']).next().unwrap_or_default().to_owned();
    let mut marked = Vec::new();
    for line in new {
        if old.contains(line) {
            marked.push(json!(["", shown(line)]));
            continue;
        }
        while let Some(place) = gone.iter().position(|old| subject(old) == subject(line)) {
            marked.push(json!(["-", shown(gone.remove(place))]));
        }
        marked.push(json!(["+", shown(line)]));
    }
    marked.extend(gone.into_iter().map(|line| json!(["-", shown(line)])));
    marked
}

/// Every property in the last state of `walk`, and whether that differs from the state before.
fn properties(model: &Erased, walk: &Walk, whole: &Whole) -> Vec<Value> {
    let properties = model.properties();
    let quiescent = properties.iter().find(|p| p.name == QUIESCENCE).map(|p| (p.condition)(model, &walk.state));
    let before = walk.taken.last().map(|(state, ..)| decided(model, state));
    let here = decided(model, &walk.state);
    let mut all: Vec<Value> = Vec::new();
    for (number, property) in properties.iter().enumerate() {
        let name = property.name;
        let waits = quiescent == Some(false) && AT_QUIESCENCE.contains(&name);
        let unsure = (BY_CLAIM.contains(&name) && model.is_unsure())
            .then_some("it may rest on a claim of the rule that could not be tested");
        let (word, why) = match (property.expectation, here[number]) {
            (Expectation::Sometimes, true) => ("reached", None),
            (Expectation::Sometimes, false) => ("not reached", None),
            (Expectation::Always, true) => ("violated", model.complaint(name, &walk.state).map(|why| shown(&why))),
            (Expectation::Always, false) if waits => ("not asked", Some("this state is not quiescent".to_owned())),
            (Expectation::Always, false) => match model.not_judged(name).or(unsure) {
                Some(why) => ("not judged", Some(why.to_owned())),
                None => ("holds", None),
            },
            (Expectation::Eventually, _) => ("not judged", Some("it is about whole schedules".to_owned())),
        };
        all.push(json!({
            "number": number,
            "name": shown(name),
            "witness": property.expectation == Expectation::Sometimes,
            "word": word,
            "why": why,
            "changed": before.as_ref().is_some_and(|before| before[number] != here[number]),
        }));
    }
    let for_ever = walk.violated_for_ever(model, whole);
    let of_schedules = whole.names().map(|name| {
        let violated = for_ever.iter().find(|(property, _)| *property == name);
        let (word, why) = match (model.not_judged(name), violated) {
            (Some(why), _) => ("not judged", why.to_owned()),
            (None, Some((_, why))) => ("violated", shown(why)),
            (None, None) => ("not asked", "it is about whole schedules".to_owned()),
        };
        let changed = word == "violated";
        json!({ "number": null, "name": name, "witness": false, "word": word, "why": why, "changed": changed })
    });
    let place = properties.iter().position(|p| p.expectation == Expectation::Sometimes).unwrap_or(all.len());
    all.splice(place..place, of_schedules);
    all
}

/// The possible steps: their words, and the properties that the next state decides and this one does not.
fn choices(model: &Erased, walk: &Walk) -> Vec<Value> {
    let mut actions = Vec::new();
    model.actions(&walk.state, &mut actions);
    let properties = model.properties();
    let here = decided(model, &walk.state);
    let choice = |(place, action)| {
        let remark = model.remark(&walk.state, action).map(|remark| shown(&remark));
        let mut choice =
            json!({ "place": place, "said": shown(&model.describe(&walk.state, action)), "remark": remark });
        let Some((next, _)) = model.step(&walk.state, action) else {
            choice["idle"] = true.into();
            return choice;
        };
        let new =
            decided(model, &next).into_iter().zip(&here).zip(&properties).filter(|((now, then), _)| *now && !**then);
        let (reaches, violates): (Vec<_>, Vec<_>) = new.partition(|(_, p)| p.expectation == Expectation::Sometimes);
        choice["violates"] = violates.iter().map(|(_, p)| shown(p.name)).collect();
        choice["reaches"] = reaches.iter().map(|(_, p)| shown(p.name)).collect();
        choice["again"] = if next == walk.state { Some(walk.taken.len()) } else { walk.seen_before(&next) }.into();
        choice["outside"] = (!model.within_boundary(&next)).into();
        choice
    };
    actions.iter().enumerate().map(choice).collect()
}

/// The schedule as a trace that `replay` takes. It claims the violations of the last state, or that there are none.
///
/// If the schedule can go on with a cycle for ever, it claims what that violates.
pub(super) fn trace(model: &Erased, walk: &Walk, whole: &Whole, scenario: &str, carried: &str) -> String {
    let asked = model.properties().into_iter().filter(|p| p.expectation == Expectation::Always);
    let asked = asked.map(|p| (p.name, !(p.condition)(model, &walk.state)));
    let for_ever = walk.violated_for_ever(model, whole);
    let for_ever = for_ever.iter().map(|(property, _)| (property.as_str(), true));
    let claims: Vec<(&str, bool)> = asked.chain(for_ever).collect();
    let violated: Vec<(&str, bool)> = claims.iter().copied().filter(|(_, violated)| *violated).collect();
    let claims = if violated.is_empty() { claims } else { violated };
    trace::write_claims(model, scenario, carried, &claims, &walk.path)
}
