//! Converts a violation found over histories to a scenario and a trace, for `replay` and the Explorer.

use super::schedule::{Step, Violation};
use super::{Bounds, Times};
use crate::check::engine::Path;
use crate::check::erased::Erased;
use crate::fault::Fault;
use crate::model::Model;
use crate::node::delivery::Delivery;
use crate::report::check::{self, Counterexample};
use crate::subject::Subject;
use multimaster::{MasterId, Op, Request};

use std::fmt::Write;

/// The text of a scenario, all to all, whose clients make the requests of the history. `rule` are its lines about the
/// rule; empty if the rule is given otherwise.
fn scenario(violation: &Violation, bounds: &Bounds, rule: &str) -> String {
    let mut text = format!("about = \"a history that violates {}\"\n", violation.property);
    // Masters above the last one that acts or is named are left out.
    let acting = violation.schedule.iter().map(|step| match step {
        Step::Write { at, request } => match request.op.untimed() {
            Op::Transfer { to, .. } => at.0.max(to.0) + 1,
            _ => at.0 + 1,
        },
        Step::Deliver { to, .. } => to.0 + 1,
    });
    let masters = acting.max().unwrap_or(0).max(2);
    let _ = write!(text, "masters = {masters}\ntopology = \"all-to-all\"\n");
    text += match bounds.delivery {
        Delivery::Unordered => "link = \"datagram\"\ndelivery = \"unordered\"\n",
        Delivery::Causal | Delivery::AtLeastOnce => "link = \"stream\"\n",
    };
    let timed = violation
        .schedule
        .iter()
        .any(|step| matches!(step, Step::Write { request, .. } if request.op.time().is_some()));
    if timed {
        text += match bounds.times {
            Times::Any(_) => "clocks = \"free\"\n",
            Times::Lamport | Times::Right(_) => "clocks = \"right\"\n",
        };
    }
    text += rule;
    text += "\n[clients]\n";
    for at in (0..masters).map(MasterId) {
        let requests: Vec<String> =
            requests(violation, bounds, at).map(|request| toml::Value::String(request).to_string()).collect();
        if !requests.is_empty() {
            let _ = writeln!(text, "{at} = [{}]", requests.join(", "));
        }
    }
    text
}

/// The requests of the master. A time that equals the write's Lamport time is left out.
fn requests(violation: &Violation, bounds: &Bounds, at: MasterId) -> impl Iterator<Item = String> {
    let untimed = bounds.times == Times::Lamport;
    violation.schedule.iter().filter_map(move |step| match step {
        Step::Write { at: asked, request } if *asked == at => {
            let Request { key, op } = request;
            let op = if untimed { op.untimed() } else { op };
            Some(Request { key: key.clone(), op: Op::clone(op) }.to_string())
        }
        _ => None,
    })
}

/// Replays the schedule of the violation on masters. `model` makes a model of a scenario's text.
///
/// # Errors
/// If the schedule does not replay: then histories and networks disagree, or the rule is not deterministic.
pub(crate) fn counterexample(
    violation: &Violation,
    bounds: &Bounds,
    rule: &str,
    name: &str,
    model: &dyn Fn(&str) -> Result<Erased, Fault>,
) -> Result<Counterexample, String> {
    let text = scenario(violation, bounds, rule);
    let model = model(&text).map_err(|fault| format!("{fault}\n{text}"))?;
    let path = path(violation, &model)?;
    check::replayed(&model, name, &text, violation.property, &path)
}

/// The path of the schedule in the model.
fn path(violation: &Violation, model: &Erased) -> Result<Path, String> {
    let mut states = model.init_states();
    let mut state = states.swap_remove(0);
    let mut path = Path::default();
    for step in &violation.schedule {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let is_step = |said: &str| match step {
            Step::Write { at, .. } => said.starts_with(&format!("{at}: ")),
            Step::Deliver { from, to, dot } => said.starts_with(&format!("{from} -> {to}: {dot} ")),
        };
        let described: Vec<String> = actions.iter().map(|action| model.describe(&state, action)).collect();
        let place = described.iter().position(|said| is_step(said));
        let place = place.ok_or_else(|| format!("`{step}` cannot happen; what can: {}", described.join("; ")))?;
        let next = model.step(&state, &actions[place]);
        (state, _) = next.ok_or_else(|| format!("`{step}` alters nothing"))?;
        path.steps.push(place);
    }
    Ok(path)
}
