//! A path as the text of a trace.

use super::lasso::Lasso;
use crate::check::engine::Path;
use crate::printed::{padded, shown, terminal_width};
use crate::subject::Subject;

/// Writes the schedule of `path` as a trace file. Long comments are shortened, but steps are not.
pub fn write<M: Subject>(model: &M, scenario: &str, property: &str, path: &Path) -> String {
    write_with(model, scenario, "", property, path)
}

/// Like [`write()`], with the text of the scenario inside the trace.
pub fn write_with<M: Subject>(model: &M, scenario: &str, carried: &str, property: &str, path: &Path) -> String {
    write_claims(model, scenario, carried, &[(property, true)], path)
}

/// Like [`write_with`], with these claims about the last state: each property, and whether the state violates or keeps
/// it.
pub(crate) fn write_claims<M: Subject>(
    model: &M,
    scenario: &str,
    carried: &str,
    claims: &[(&str, bool)],
    path: &Path,
) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    let Some(mut state) = model.init_states().into_iter().nth(path.start) else {
        return String::new();
    };
    let mut walked = Vec::new();
    for index in path.iter() {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        if *index >= actions.len() {
            break;
        }
        let action = actions.swap_remove(*index);
        let step = model.describe(&state, &action);
        let remark = model.remark(&state, &action);
        let next = model.step(&state, &action).map_or_else(|| state.clone(), |(next, _)| next);
        walked.push((std::mem::replace(&mut state, next), action));
        let reads = model.masters().into_iter().zip(model.readings(&state));
        let reads: Vec<String> = reads.map(|(master, reads)| format!("{master} {reads}")).collect();
        lines.push((step, remark.into_iter().chain([reads.join("; ")]).collect::<Vec<_>>().join("; ")));
    }
    let width = lines.iter().map(|(step, _)| terminal_width(step)).max().unwrap_or(0);
    let mut text = String::new();
    let violated = || claims.iter().filter(|(_, violated)| *violated).map(|(property, _)| *property);
    let lasso = violated().find_map(|property| Lasso::of(model, property, &walked, &state));
    for property in violated() {
        let shown_by = lasso.as_ref().map_or(&state, |lasso| lasso.shown_by(model, property, &walked, &state));
        if let Some(why) = model.complaint(property, shown_by) {
            text += &format!("# {}\n", shown(&why));
        }
    }
    text += &format!("scenario {scenario}\n");
    carried.lines().for_each(|line| text += &format!("| {line}\n"));
    if path.start > 0 {
        text += &format!("start {}\n", path.start + 1);
    }
    for (property, violated) in claims {
        text += &format!("{} {property}\n", if *violated { "violates" } else { "keeps" });
    }
    text += if lasso.as_ref().is_some_and(|lasso| lasso.is_unfair) { "unfair\n\n" } else { "\n" };
    let repeat = |place: usize| if lasso.as_ref().is_some_and(|lasso| lasso.begins == place) { "repeat\n" } else { "" };
    for (place, (step, reads)) in lines.iter().enumerate() {
        text += repeat(place);
        text += &format!("{}  # {}\n", padded(step, width), shown(reads));
    }
    text + repeat(lines.len())
}
