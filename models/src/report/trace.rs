//! Schedules as text. The checker writes them, people read and edit them, and [`Trace::replay`] replays them.
//!
//! ```text
//! # a comment
//! scenario booking/arrival
//! violates convergence
//!
//! A: set seat = 14 Ann          # A seat=14 Ann; B nothing
//! B: set seat = 12 Bob
//! A -> B: A1 after nothing
//! B -> A: B1 after nothing
//! ```
//!
//! The line `repeat` stands before the steps of a cycle, which repeat for ever; after the last step, it says that nothing
//! happens any more. `unfair` says that the cycle need not be fair.
//!
//! `scenario` names a shipped scenario or a file. If lines that begin with `|` follow, they are the scenario itself,
//! and the name is only a label. `start 2` means that the trace begins in the model's second initial state instead of
//! the first (scenarios have only one). `violates` or `keeps` is a claim about the last state. Every other line is a
//! step, in the words of [`Subject::describe`]. A `#` between blanks begins a comment.

#[cfg(feature = "cli")]
pub mod files;
mod lasso;
mod write;

use crate::check::engine::Path;
use crate::fault::{Fault, did_you_mean};
use crate::model::Expectation;
use crate::properties::{FALLS_SILENT, FALLS_SILENT_IF_FAIR};
use crate::report::picture::Diagram;
use crate::subject::Subject;
use lasso::Lasso;
#[cfg(feature = "explorer")]
pub(crate) use lasso::for_ever;
#[cfg(feature = "explorer")]
pub(crate) use write::write_claims;
pub use write::{write, write_with};

/// A schedule that has not been replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The name of its file, for messages.
    pub file: String,
    /// The scenario: a shipped one's name, or a file.
    pub scenario: String,
    /// The line that names it.
    pub scenario_line: usize,
    /// The scenario itself, if the trace contains it, with the same line numbers as in the trace.
    pub carried: Option<String>,
    /// The index of its first state among the model's initial states, with the line that says so.
    pub start: Option<(usize, usize)>,
    /// The claims about the last state.
    pub claims: Vec<Claim>,
    /// The steps, each with its line in the file.
    pub steps: Vec<(usize, String)>,
    /// The number of steps before the cycle, with the line that says where it begins.
    pub repeat: Option<(usize, usize)>,
    /// Whether the cycle need not be [fair](crate::check::liveness::Fairness).
    pub unfair: bool,
}

/// `violates PROPERTY` or `keeps PROPERTY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The line in the file.
    pub line: usize,
    /// The property.
    pub property: String,
    /// Whether the claim is that the last state violates the property.
    pub violated: bool,
}

/// A trace that was replayed.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The masters, in order.
    pub masters: Vec<String>,
    /// Each step and its result.
    pub steps: Vec<StepTaken>,
    /// The properties that the last state violates, each with the reason.
    pub complaints: Vec<(String, String)>,
    /// The claims that are false.
    pub wrong: Vec<Claim>,
    /// The number of steps before those that repeat for ever. If it is that of all steps, the last state lasts for ever.
    pub repeat: Option<usize>,
    /// A step that is possible in every state of the cycle, like others of its class, none of which is taken: then the
    /// cycle violates nothing.
    pub starved: Option<String>,
    /// The steps by index, for the Explorer's address.
    pub path: Path,
    /// The schedule as a sequence diagram.
    pub diagram: Diagram,
}

/// One step of a replay.
#[derive(Clone, Debug)]
pub struct StepTaken {
    /// The step, as in the trace.
    pub step: String,
    /// The outcome of the step, if the step does not tell it.
    pub remark: Option<String>,
    /// The readings of each master after the step.
    pub readings: Vec<String>,
}

impl Trace {
    /// Reads a trace from the text of the file named `file`.
    ///
    /// # Errors
    /// If the text does not name a scenario, or a line has an error.
    pub fn parse(file: &str, text: &str) -> Result<Trace, Fault> {
        let mut trace = Trace {
            file: file.into(),
            scenario: String::new(),
            scenario_line: 0,
            carried: None,
            start: None,
            claims: Vec::new(),
            steps: Vec::new(),
            repeat: None,
            unfair: false,
        };
        for (index, whole) in text.lines().enumerate() {
            let line = whole.trim();
            let words = line.split_once(' ');
            match words {
                _ if line.is_empty() || line.starts_with('#') => {}
                _ if line.starts_with('|') => {
                    let carried = trace.carried.get_or_insert_default();
                    let lines = carried.lines().count();
                    carried.extend(std::iter::repeat_n('\n', index - lines));
                    // Blanks count: a script may contain a text of several lines.
                    let said = &whole.trim_start()[1..];
                    *carried += said.strip_prefix(' ').unwrap_or(said);
                    carried.push('\n');
                }
                Some(("scenario", name)) if trace.scenario.is_empty() => {
                    (trace.scenario, trace.scenario_line) = (without_comment(name).into(), index + 1);
                }
                Some(("scenario", _)) => {
                    return Err(Fault::at(file, index + 1, "a second scenario: a trace names only one"));
                }
                Some(("start", place)) if trace.start.is_none() && trace.steps.is_empty() => {
                    let place = without_comment(place).parse::<usize>().ok().and_then(|place| place.checked_sub(1));
                    let wrong = || Fault::at(file, index + 1, "`start N` names an initial state by its number, from 1");
                    trace.start = Some((index + 1, place.ok_or_else(wrong)?));
                }
                _ if without_comment(line) == "unfair" => trace.unfair = true,
                _ if without_comment(line) == "repeat" && trace.repeat.is_some() => {
                    return Err(Fault::at(file, index + 1, "a second `repeat`: a trace ends with one cycle"));
                }
                _ if without_comment(line) == "repeat" => trace.repeat = Some((index + 1, trace.steps.len())),
                Some((word @ ("violates" | "keeps"), property)) => trace.claims.push(Claim {
                    line: index + 1,
                    property: without_comment(property).into(),
                    violated: word == "violates",
                }),
                _ => trace.steps.push((index + 1, line.into())),
            }
        }
        if trace.scenario.is_empty() {
            return Err(Fault::of(file, "the line `scenario NAME` is missing"));
        }
        Ok(trace)
    }

    /// Checks that the claims name properties of the model.
    fn check_claims<M: Subject>(&self, model: &M) -> Result<(), Fault> {
        // Witnesses are left out, because a state cannot violate them.
        let always = model.properties().into_iter().filter(|property| property.expectation == Expectation::Always);
        let lasting = model.goals().into_iter().map(|goal| goal.name).chain([FALLS_SILENT, FALLS_SILENT_IF_FAIR]);
        let known: Vec<&str> = always.map(|property| property.name).chain(lasting).collect();
        match self.claims.iter().find(|claim| !known.contains(&claim.property.as_str())) {
            None => Ok(()),
            Some(claim) => {
                let near = did_you_mean(&claim.property, known.iter().copied());
                let known = known.join(", ");
                let what = format!(
                    "`{}` is not a property of this scenario; its properties are {known}{near}",
                    claim.property
                );
                Err(Fault::at(&self.file, claim.line, what))
            }
        }
    }

    /// Takes the steps one by one, from this text and the model alone.
    ///
    /// # Errors
    /// At the first step that is not possible, with a list of the possible steps.
    pub fn replay<M: Subject>(&self, model: &M) -> Result<Replayed, Fault> {
        self.replay_while(model, &|| true)
    }

    /// The same, but stops before a step if `goes_on` returns false.
    ///
    /// # Errors
    /// As [`replay`](Trace::replay).
    pub fn replay_while<M: Subject>(&self, model: &M, goes_on: &dyn Fn() -> bool) -> Result<Replayed, Fault> {
        self.check_claims(model)?;
        let (line, start) = self.start.unwrap_or((0, 0));
        let mut initial = model.init_states();
        if initial.is_empty() {
            return Err(Fault::of(&self.file, "the model has no initial state"));
        }
        if start >= initial.len() {
            let what = format!("there is no initial state {}: the model has {}", start + 1, initial.len());
            return Err(Fault::at(&self.file, line, what));
        }
        let mut state = initial.swap_remove(start);
        let mut before: Vec<(M::State, bool)> = Vec::new();
        let mut steps = Vec::new();
        let mut path = Path { start, steps: Vec::new() };
        let mut drawn = Vec::new();
        for (line, step) in &self.steps {
            if !goes_on() {
                break;
            }
            let mut actions = Vec::new();
            model.actions(&state, &mut actions);
            let possible: Vec<(usize, String)> = actions
                .iter()
                .enumerate()
                .filter(|(_, action)| model.step(&state, action).is_some())
                .map(|(index, action)| (index, model.describe(&state, action)))
                .collect();
            let named = possible.iter().filter(|(_, said)| says(step, said)).max_by_key(|(_, said)| said.len());
            let Some((index, said)) = named else {
                let list: Vec<String> = possible.into_iter().map(|(_, said)| format!("  {said}")).collect();
                let choices = if list.is_empty() { "none".into() } else { format!("\n{}", list.join("\n")) };
                let what = format!("`{}` is not possible here; the possible steps: {choices}", without_comment(step));
                return Err(Fault::at(&self.file, *line, what));
            };
            let action = actions.swap_remove(*index);
            let remark = model.remark(&state, &action);
            if let Some((next, sent)) = model.step(&state, &action) {
                drawn.push((state.clone(), Some(action)));
                before.push((std::mem::replace(&mut state, next), !sent.is_empty()));
            }
            path.steps.push(*index);
            steps.push(StepTaken { step: said.clone(), remark, readings: model.readings(&state) });
        }
        let mut complaints = Vec::new();
        for property in model.properties().iter().filter(|p| p.expectation == Expectation::Always) {
            if !(property.condition)(model, &state) {
                let why = model.complaint(property.name, &state).unwrap_or_else(|| "it is false here".into());
                complaints.push((property.name.to_owned(), why));
            }
        }
        if let Some(start) = repeats(before.iter().map(|(earlier, sent)| (earlier, *sent)), &state)
            && model.not_judged(FALLS_SILENT).is_none()
        {
            complaints.push((FALLS_SILENT.to_owned(), repeats_in_words(start)));
        }
        let repeat = self.repeat.filter(|_| steps.len() == self.steps.len());
        let mut starved = None;
        if let Some((line, begins)) = repeat {
            let first = drawn.get(begins).map_or(&state, |(first, _)| first);
            if *first != state {
                return Err(Fault::at(&self.file, line, "the steps below `repeat` do not lead back to the state here"));
            }
            let cycle: Vec<(M::State, M::Action)> =
                drawn[begins..].iter().filter_map(|(state, action)| Some((state.clone(), action.clone()?))).collect();
            let lasso = Lasso { begins, steps: steps.len(), is_unfair: self.unfair };
            complaints.extend(lasso.complaints(model, &cycle, &state));
            starved = lasso.starved(model, &cycle, &state);
        }
        let violated = |claim: &Claim| complaints.iter().any(|(property, _)| *property == claim.property);
        let wrong = self.claims.iter().filter(|claim| violated(claim) != claim.violated).cloned().collect();
        drawn.push((state, None));
        let mut claims: Vec<&str> = self.claims.iter().filter(|c| c.violated).map(|c| c.property.as_str()).collect();
        if claims.is_empty() {
            claims = complaints.iter().map(|(property, _)| property.as_str()).collect();
        }
        let claim = if claims.is_empty() { String::new() } else { format!("violates {}", claims.join(", ")) };
        let repeat = repeat.map(|(_, begins)| begins);
        let mut diagram = Diagram::of(model, &drawn).under(&self.scenario, &claim).repeating(repeat);
        let live = model.goals().into_iter().map(|goal| goal.name).chain([FALLS_SILENT, FALLS_SILENT_IF_FAIR]);
        let live: Vec<&str> = live.collect();
        for (property, why) in complaints.iter().filter(|(property, _)| live.contains(&property.as_str())) {
            diagram = diagram.complaining(property, why);
        }
        Ok(Replayed { masters: model.masters(), steps, complaints, wrong, repeat, starved, path, diagram })
    }
}

/// The number of steps after which the state was the same as `now`, if changes were sent since: a cycle that violates
/// *falls silent*. `before` has each earlier state, and whether the step from it sent a change.
pub(crate) fn repeats<'a, S: PartialEq + 'a>(before: impl Iterator<Item = (&'a S, bool)>, now: &S) -> Option<usize> {
    let mut since = before.enumerate().skip_while(|(_, (earlier, _))| *earlier != now).peekable();
    let (start, _) = *since.peek()?;
    since.any(|(_, (_, sent))| sent).then_some(start)
}

pub(crate) fn repeats_in_words(start: usize) -> String {
    format!("the state is that before step {}, and changes were sent: this can repeat for ever", start + 1)
}

/// Whether the line `step` is the step `said`, possibly followed by a comment.
fn says(step: &str, said: &str) -> bool {
    step.strip_prefix(said)
        .is_some_and(|rest| rest.is_empty() || rest.trim_start() != rest && rest.trim_start().starts_with('#'))
}

fn without_comment(text: &str) -> &str {
    text.split_once(" #").map_or(text, |(text, _)| text).trim()
}
