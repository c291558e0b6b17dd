//! The matrix of failures: the violated properties of the protocol, by failures, rule and topology.

use crate::check::engine::{Report, Verdict};
use crate::check::running;
use crate::properties as p;
use crate::report::check::{Checked, Counterexample, replayed};
use crate::scenario::Scenario;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Pairs of failures, by name and in the syntax of `[failures]`.
const FAILURES: [(&str, &str); 11] = [
    ("two cuts", "cuts = 2"),
    ("two crashes, all kept", "crashes = 2"),
    ("two crashes, back to the last flush", "crashes = 2\nkeeps = \"flushed\""),
    (
        "two crashes, back to the last flush, acknowledged when flushed",
        "crashes = 2\nkeeps = \"flushed\"\nacknowledge = \"flushed\"",
    ),
    (
        "two crashes, back to an older copy, acknowledged when flushed",
        "crashes = 2\nkeeps = \"older copy\"\nacknowledge = \"flushed\"",
    ),
    ("two crashes, nothing kept", "crashes = 2\nkeeps = \"nothing\""),
    (
        "two crashes, nothing kept, acknowledged when held by two",
        "crashes = 2\nkeeps = \"nothing\"\nacknowledge = \"held by 2\"",
    ),
    (
        "a cut, a crash, nothing kept, acknowledged when held by one",
        "cuts = 1\ncrashes = 1\nkeeps = \"nothing\"\nacknowledge = \"held by 1\"",
    ),
    ("a cut, a dead master", "cuts = 1\ncrashes = 1\nrestarts = false"),
    ("a cut, a dead master, repaired", "cuts = 1\ncrashes = 1\nrestarts = false\nrepaired = true"),
    (
        "a cut, a dead master, repaired, acknowledged when held by one",
        "cuts = 1\ncrashes = 1\nrestarts = false\nrepaired = true\nacknowledge = \"held by 1\"",
    ),
];

/// A rule, and the requests of A, B and C.
const RULES: [(&str, [&str; 3]); 4] = [
    ("last-write", ["\"set k = 1\"", "\"set k = 2\"", "\"delete k\""]),
    ("multi-value", ["\"set k = 1\"", "\"set k = 2\"", "\"delete k\""]),
    ("set", ["\"insert x into k\"", "\"remove x from k\"", "\"insert x into k\""]),
    ("bounded-counter", ["\"add 2 to k\", \"transfer 1 of k to B\"", "\"subtract 1 from k\"", ""]),
];

const TOPOLOGIES: [&str; 3] = ["ring", "star", "all-to-all"];

/// One cell: a scope, explored.
pub struct Cell {
    failures: usize,
    rule: usize,
    topology: usize,
    /// The name of its scenario.
    pub name: String,
    report: Report,
    /// The schedule of each violation, with its scenario.
    counterexamples: Vec<Counterexample>,
}

/// The text of a cell's scenario.
fn text(failures: usize, rule: usize, topology: usize) -> String {
    let ((about, failures), (rule, requests)) = (FAILURES[failures], RULES[rule]);
    let clients: Vec<String> = ["A", "B", "C"]
        .into_iter()
        .zip(requests)
        .filter(|(_, requests)| !requests.is_empty())
        .map(|(master, requests)| format!("{master} = [{requests}]\n"))
        .collect();
    format!(
        "about = \"{about}\"\nmasters = 3\ntopology = \"{}\"\nrule = \"{rule}\"\nlink = \"stream\"\n\n[clients]\n{}\n\
         [failures]\n{failures}\n",
        TOPOLOGIES[topology],
        clients.concat()
    )
}

/// All cells, row by row.
fn places() -> Vec<(usize, usize, usize)> {
    let rows = (0..FAILURES.len()).flat_map(|failures| (0..RULES.len()).map(move |rule| (failures, rule)));
    rows.flat_map(|(failures, rule)| (0..TOPOLOGIES.len()).map(move |topology| (failures, rule, topology))).collect()
}

/// The scenario of a cell, and its text.
fn scenario((failures, rule, topology): (usize, usize, usize)) -> (Scenario, String) {
    let text = text(failures, rule, topology);
    let about = FAILURES[failures].0.replace(", ", "-").replace(' ', "-");
    let name = format!("matrix-{about}-{}-{}.toml", RULES[rule].0, TOPOLOGIES[topology]);
    (Scenario::parse(&name, &name, &text).expect("the scenarios of the matrix are right"), text)
}

fn explored(place: (usize, usize, usize)) -> Cell {
    let (failures, rule, topology) = place;
    let (scenario, text) = scenario(place);
    let name = scenario.name.clone();
    let model = scenario.model();
    let report = model.explore(scenario.limits, &mut |_, _| {});
    let violated = report.findings.iter().filter(|finding| !finding.witness && is_asked(finding.property));
    let counterexamples = violated.filter_map(|finding| match &finding.verdict {
        Verdict::Violated(Some(path)) => Some(replayed(&model, &name, &text, finding.property, path)),
        _ => None,
    });
    let counterexamples = counterexamples.collect::<Result<_, _>>().unwrap_or_else(|broken| panic!("{broken}"));
    Cell { failures, rule, topology, name, report, counterexamples }
}

/// A loss by policy is the rule's choice, with failures or without.
fn is_asked(property: &str) -> bool {
    property != p::NO_POLICY_LOSS
}

/// Explores all cells, as many at a time as the machine has cores. Calls `tell` with the number of finished cells and
/// the number of all. `None` if it was interrupted.
pub fn explore(mut tell: impl FnMut(usize, usize)) -> Option<Vec<Cell>> {
    let (places, next) = (places(), AtomicUsize::new(0));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = mpsc::channel();
    let mut cells = std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, places, next) = (sender.clone(), &places, &next);
            scope.spawn(move || {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed))
                    && !running::is_interrupted()
                {
                    // The receiver lives as long as the scope.
                    let _ = sender.send(explored(*place));
                }
            });
        }
        drop(sender);
        let count = |(done, cell)| {
            tell(done + 1, places.len());
            cell
        };
        receiver.into_iter().enumerate().map(count).collect::<Vec<Cell>>()
    });
    cells.sort_by_key(|cell| (cell.failures, cell.rule, cell.topology));
    (!running::is_interrupted()).then_some(cells)
}

impl Cell {
    /// The failures, in words.
    pub fn failures(&self) -> &'static str {
        FAILURES[self.failures].0
    }

    /// `holds`, or the violated properties with the lengths of their schedules.
    fn verdict(&self) -> String {
        if self.report.cut.is_some() {
            return "not exhausted".into();
        }
        if matches!(self.report.verdict(p::QUIESCENCE), Some(Verdict::Violated(_))) {
            return "vacuous".into();
        }
        let violated = |example: &Counterexample| format!("{} ({})", example.property, example.replayed.steps.len());
        let violated: Vec<String> = self.counterexamples.iter().map(violated).collect();
        if violated.is_empty() { "holds".into() } else { format!("**violated**: {}", violated.join(", ")) }
    }

    /// The cell as a checked scenario that expects nothing, and the text of the scenario.
    pub fn checked(&self) -> (Checked, String) {
        let (scenario, text) = scenario((self.failures, self.rule, self.topology));
        let (report, counterexamples) = (self.report.clone(), self.counterexamples.clone());
        (Checked { scenario, report, counterexamples, surprises: Vec::new(), failed: None }, text)
    }

    /// Whether all of the scope was explored.
    pub fn is_exhausted(&self) -> bool {
        self.report.cut.is_none()
    }
}

/// The table, in Markdown.
pub fn table(cells: &[Cell]) -> String {
    let mut text = format!("| failures | rule | {} |\n|---|---|---|---|---|\n", TOPOLOGIES.join(" | "));
    for row in cells.chunks(TOPOLOGIES.len()) {
        let (failures, rule) = (FAILURES[row[0].failures].0, RULES[row[0].rule].0);
        let verdicts: Vec<String> = row.iter().map(Cell::verdict).collect();
        let _ = writeln!(text, "| {failures} | {rule} | {} |", verdicts.join(" | "));
    }
    text
}

/// The first shortest schedule of each violated property under each kind of failures, with its cell.
pub fn schedules(cells: &[Cell]) -> Vec<(&Cell, &Counterexample)> {
    let mut shortest: BTreeMap<(usize, &str), (&Cell, &Counterexample)> = BTreeMap::new();
    for (cell, example) in cells.iter().flat_map(|cell| cell.counterexamples.iter().map(move |example| (cell, example)))
    {
        let known = shortest.entry((cell.failures, example.property)).or_insert((cell, example));
        if example.replayed.steps.len() < known.1.replayed.steps.len() {
            *known = (cell, example);
        }
    }
    shortest.into_values().collect()
}

/// The number of states of all cells, and of the largest.
pub fn states(cells: &[Cell]) -> (usize, usize) {
    let each = || cells.iter().map(|cell| cell.report.states);
    (each().sum(), each().max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_scenario_that_expects_nothing() {
        let cell = explored((8, 3, 0));
        let (checked, text) = cell.checked();
        assert_eq!((checked.scenario.name.as_str(), checked.scenario.rule()), (cell.name.as_str(), "bounded-counter"));
        assert!(text.contains("restarts = false") && checked.is_as_expected() && !checked.scenario.expect.stated);
        // Each trace contains the scenario, which is in no file.
        let carried = checked.counterexamples.iter().filter(|example| example.trace.contains("\n| masters = 3\n"));
        assert!(carried.count() == checked.counterexamples.len() && !checked.counterexamples.is_empty(), "{text}");
    }
}
