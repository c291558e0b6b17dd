//! The graph of a small scenario as a file for other programs: Graphviz's DOT, or JSON.

use super::{Ended, Graph};
use crate::check::erased::{Erased, ErasedState};
use crate::model::{Expectation, Model};
use crate::scenario::Scenario;
use crate::subject::Subject;
use serde_json::json;
use std::fmt::Write;

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Graphviz's language. States that violate a property are red.
    Dot,
    /// One JSON object.
    Json,
}

/// Why there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The scenario has more states than this.
    TooLarge(usize),
    /// The exploration was interrupted.
    Interrupted,
}

/// The states and transitions of the scenario, which may have at most `most` states. States are numbered from 0 in the
/// order of their distance from the initial state.
///
/// # Errors
/// See [`Failure`].
pub fn drawn(scenario: &Scenario, form: Form, most: usize) -> Result<String, Failure> {
    let model = scenario.model();
    let graph = Graph::of(&model, most).map_err(|ended| match ended {
        Ended::TooLarge => Failure::TooLarge(most),
        Ended::Interrupted => Failure::Interrupted,
    })?;
    Ok(match form {
        Form::Dot => dot(scenario, &model, &graph),
        Form::Json => json(scenario, &model, &graph),
    })
}

/// The properties that the state violates.
fn violated(model: &Erased, state: &ErasedState) -> Vec<&'static str> {
    let always = model.properties().into_iter().filter(|property| property.expectation == Expectation::Always);
    always.filter(|property| !(property.condition)(model, state)).map(|property| property.name).collect()
}

/// The transitions of a state: the step in words, and the number of the state that it leads to.
fn steps(model: &Erased, graph: &Graph, source: usize) -> Vec<(String, usize)> {
    let state = graph.state(source);
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    let said = |edge| (model.describe(state, &actions[graph.place(edge)]), graph.target(edge));
    graph.from(source).map(said).collect()
}

fn readings(model: &Erased, state: &ErasedState) -> Vec<(String, String)> {
    model.masters().into_iter().zip(model.readings(state)).collect()
}

fn dot(scenario: &Scenario, model: &Erased, graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n  node [shape=box, fontname=\"sans-serif\"];\n", quoted(&scenario.name));
    for number in 0..graph.states() {
        let state = graph.state(number);
        let mut lines: Vec<String> =
            readings(model, state).into_iter().map(|(master, reads)| format!("{master} {reads}")).collect();
        let violated = violated(model, state);
        let color = if violated.is_empty() { "" } else { ", color=red" };
        lines.extend(violated.iter().map(|property| format!("violates {property}")));
        let _ = writeln!(text, "  {number} [label={}{color}];", quoted(&lines.join("\n")));
    }
    for number in 0..graph.states() {
        for (step, target) in steps(model, graph, number) {
            let _ = writeln!(text, "  {number} -> {target} [label={}];", quoted(&step));
        }
    }
    text + "}\n"
}

/// The text as a string of DOT: a backslash would begin an escape there.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn json(scenario: &Scenario, model: &Erased, graph: &Graph) -> String {
    let states = (0..graph.states()).map(|number| {
        let state = graph.state(number);
        let reads: serde_json::Map<_, _> =
            readings(model, state).into_iter().map(|(master, reads)| (master, json!(reads))).collect();
        json!({"state": number, "depth": graph.depth(number), "reads": reads, "violates": violated(model, state)})
    });
    let transitions = (0..graph.states()).flat_map(|from| {
        let each = steps(model, graph, from).into_iter();
        each.map(move |(step, to)| json!({"from": from, "to": to, "step": step}))
    });
    let states: Vec<_> = states.collect();
    let transitions: Vec<_> = transitions.collect();
    let whole = json!({"scenario": scenario.name, "states": states, "transitions": transitions});
    format!("{whole}\n")
}
