//! Many scenarios in few lines: one line for each scenario or each folder.

use super::super::style::Style;
use multimaster_models::check::engine::{Finding, Verdict};
use multimaster_models::printed::{padded, shown, terminal_width};
use multimaster_models::report::check::Checked;
use multimaster_models::report::table::grouped;
use multimaster_models::scenario::Scenario;

/// The most lines that are printed, whatever the number of scenarios.
const MOST: usize = 40;

/// The assignment of scenarios to lines.
pub(super) struct Brief {
    /// For each scenario, the name of its line, and whether the line is for this scenario alone.
    names: Vec<(String, bool)>,
    width: usize,
    style: Style,
}

impl Brief {
    pub(super) fn of(scenarios: &[Scenario], style: Style) -> Brief {
        let names = |depth: usize| -> Vec<(String, bool)> {
            scenarios.iter().map(|scenario| name_in(&scenario.name, depth)).collect()
        };
        let deepest = scenarios.iter().map(|scenario| scenario.name.matches('/').count()).max().unwrap_or(0);
        let fits = |depth: &usize| lines(&names(*depth)) <= MOST;
        let depth = (1..=deepest + 1).rev().find(fits).unwrap_or(1);
        let names = names(depth);
        let width = names.iter().map(|(name, _)| terminal_width(name)).max().unwrap_or(0);
        Brief { names, width, style }
    }

    /// Whether the scenario at this place is the last one of its line.
    pub(super) fn ends_at(&self, place: usize) -> bool {
        self.names.get(place) != self.names.get(place + 1)
    }

    /// The line for `done`, the scenarios since the last line; the last of them is at `place`.
    pub(super) fn line(&self, place: usize, done: &[Checked]) -> String {
        let (name, own) = &self.names[place];
        let unexpected = done.iter().filter(|checked| !checked.is_as_expected()).count();
        let open = done.iter().filter(|checked| checked.is_open()).count();
        let states: usize = done.iter().map(|checked| checked.report.states).sum();
        let verdict = match (unexpected, open, own) {
            (0, 0, true) if !done[0].scenario.expect.stated => "explored".to_owned(),
            (0, 0, true) => self.style.good("as expected"),
            (0, 0, false) => self.style.good(&format!("{} as expected", done.len())),
            (0, _, true) => self.style.open("not exhausted"),
            (0, open, false) => self.style.open(&format!("{open} of {} not exhausted", done.len())),
            (_, _, true) => self.style.bad("UNEXPECTED"),
            (unexpected, _, false) => self.style.bad(&format!("{unexpected} of {} UNEXPECTED", done.len())),
        };
        let violated = if *own { violated(&done[0]) } else { String::new() };
        format!("{}  {:>12} states  {verdict}{violated}", padded(name, self.width), grouped(states))
    }
}

/// The name of a scenario's line, if the folders at `depth` have one line each, and whether the line is for this
/// scenario alone. A scenario above that depth has its own line.
fn name_in(scenario: &str, depth: usize) -> (String, bool) {
    let parts: Vec<&str> = scenario.split('/').collect();
    if parts.len() <= depth { (shown(scenario), true) } else { (shown(&parts[..depth].join("/")) + "/", false) }
}

fn lines(names: &[(String, bool)]) -> usize {
    let mut names: Vec<_> = names.iter().collect();
    names.dedup();
    names.len()
}

/// The violated properties, each with the length of its schedule.
fn violated(checked: &Checked) -> String {
    let shown = |finding: &Finding| match &finding.verdict {
        Verdict::Violated(Some(path)) if !finding.witness => {
            Some(format!("{} ({})", shown(finding.property), path.len()))
        }
        _ => None,
    };
    let violated: Vec<String> = checked.report.findings.iter().filter_map(shown).collect();
    if violated.is_empty() { String::new() } else { format!("; violated: {}", violated.join(", ")) }
}
