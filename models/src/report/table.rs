//! The table of verdicts, and schedules, as text.

use crate::check::engine::{Path, Verdict};
use crate::printed::{padded, shown, terminal_width};
use crate::properties as p;
use crate::report::check::{Checked, Counterexample};
use crate::report::trace::Replayed;
use crate::scenario::Scenario;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A Markdown table that grows row by row, with aligned columns.
pub struct Table {
    widths: Vec<usize>,
    /// The properties with a column: those of at least one of the scenarios.
    verdicts: Vec<&'static str>,
}

impl Table {
    /// A table that is wide enough for the names of these scenarios.
    pub fn of(scenarios: &[Scenario]) -> Table {
        let asked = |property: &str| scenarios.iter().any(|scenario| scenario.is_asked(property));
        let own: BTreeSet<&str> = scenarios.iter().flat_map(Scenario::own_properties).collect();
        let named = p::ALL.into_iter().chain(p::OF_NODES).chain(p::OF_THE_ARTICLE).chain(p::OF_LIVENESS);
        let verdicts = named.filter(|property| asked(property)).chain(own).collect();
        let widest = |of: fn(&Scenario) -> &str, heading: usize| {
            scenarios.iter().map(|scenario| terminal_width(&shown(of(scenario)))).max().unwrap_or(0).max(heading)
        };
        let names = [widest(|s| &s.name, 8), widest(|s| &s.shape, 8), widest(|s| s.rule(), 4)];
        let mut table = Table { widths: names.to_vec(), verdicts };
        table.widths.extend(table.verdicts.iter().map(|property| property.len().max("violated (99)".len())));
        table.widths.extend(["reached".len(), "10,000,000".len(), "depth".len(), "messages".len(), "10.00 s".len()]);
        table
    }

    /// The two lines at the top.
    pub fn head(&self) -> String {
        let mut cells = vec!["scenario".to_owned(), "topology".into(), "rule".into()];
        cells.extend(self.verdicts.iter().map(|property| (*property).to_owned()));
        cells.extend(["reached", "states", "depth", "messages", "time"].map(str::to_owned));
        let rule: Vec<String> = self.widths.iter().map(|width| "-".repeat(*width)).collect();
        format!("{}\n{}", self.line(&cells), self.line(&rule))
    }

    /// The row of a scenario.
    pub fn row(&self, checked: &Checked) -> String {
        let report = &checked.report;
        let mut cells =
            vec![shown(&checked.scenario.name), shown(&checked.scenario.shape), shown(checked.scenario.rule())];
        for property in &self.verdicts {
            let finding = report.findings.iter().find(|finding| finding.property == *property);
            cells.push(finding.map_or_else(String::new, |finding| {
                match (checked.verdict(finding), &finding.verdict) {
                    (word @ ("violated" | "reached"), Verdict::Holds(path) | Verdict::Violated(path)) => {
                        format!("{word} ({})", steps(path))
                    }
                    (word, _) => word.to_owned(),
                }
            }));
        }
        let witnesses = || report.findings.iter().filter(|finding| finding.witness);
        let reached = witnesses().filter(|finding| matches!(finding.verdict, Verdict::Holds(_))).count();
        let failed = checked.failed.is_some();
        cells.push(if failed { "-".into() } else { format!("{reached}/{}", witnesses().count()) });
        cells.push(grouped(report.states));
        cells.push(report.depth.to_string());
        cells.push(report.messages.map_or("-".into(), |messages| messages.to_string()));
        cells.push(format!("{:.2} s", report.time.as_secs_f64()));
        let mut row = self.line(&cells);
        if let Some(cut) = checked.cut_in_words() {
            let _ = write!(row, " {cut}");
        }
        if !checked.surprises.is_empty() {
            row += " UNEXPECTED";
        }
        row
    }

    fn line(&self, cells: &[String]) -> String {
        let mut line = String::from("|");
        for (cell, width) in cells.iter().zip(&self.widths) {
            let _ = write!(line, " {} |", padded(cell, *width));
        }
        line
    }
}

fn steps(path: &Option<Path>) -> usize {
    path.as_ref().map_or(0, |path| path.len())
}

/// A bound on the chance that the verdicts are wrong because two states collided.
pub fn chance_of_mistake(chance: f64) -> String {
    // Two digits, rounded up.
    format!("The probability that two states were taken for one is below {:.1e}.", chance * 1.06)
}

/// The number with commas between groups of three digits: 1,234,567.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A schedule with the readings of each master after the first step, and later whenever they change.
pub fn schedule(replayed: &Replayed) -> String {
    let head = match replayed.path.start {
        0 => "step".to_owned(),
        start => format!("step, from initial state {}", start + 1),
    };
    let mut rows = vec![vec![head]];
    rows[0].extend(replayed.masters.iter().map(|master| format!("{master} reads")));
    let mut before: &[String] = &[];
    for (place, taken) in replayed.steps.iter().enumerate() {
        let mut row = vec![format!("{}. {}", place + 1, shown(&taken.step))];
        let reads = taken.readings.iter().enumerate();
        row.extend(reads.map(|(at, reads)| if before.get(at) == Some(reads) { String::new() } else { shown(reads) }));
        before = &taken.readings;
        row.extend(taken.remark.as_deref().map(shown));
        rows.push(row);
    }
    let count = replayed.masters.len() + 1;
    let widths: Vec<usize> =
        (0..count).map(|column| rows.iter().map(|row| terminal_width(&row[column])).max().unwrap_or(0)).collect();
    let mut text = String::new();
    let last = rows.len() - 1;
    for (place, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        let mut line = cells.collect::<Vec<_>>().join("  ");
        if let Some(remark) = row.get(count) {
            let _ = write!(line, "  ({remark})");
        }
        let _ = writeln!(text, "  {}", line.trim_end());
        match replayed.repeat {
            Some(begins) if begins == place && place == last => text += "  and nothing more, for ever\n",
            Some(begins) if begins == place => text += "  and then, again and again:\n",
            _ => {}
        }
    }
    text
}

/// A counterexample: the complaint, and the schedule that leads to it.
pub fn counterexample(scenario: &str, example: &Counterexample) -> String {
    let (property, is) = (example.property, if example.failed { "failed" } else { "is violated" });
    let (scenario, why) = (shown(scenario), shown(example.why()));
    format!("{scenario}: {property} {is}: {why}\n\n{}", schedule(&example.replayed))
}
