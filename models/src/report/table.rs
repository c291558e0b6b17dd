//! What a person reads: the table of verdicts, and schedules.

use crate::check::engine::{Path, Report, Verdict};
use crate::printed::{padded, shown};
use crate::properties as p;
use crate::properties::own_property;
use crate::report::check::{Checked, Counterexample};
use crate::report::trace::Replayed;
use crate::scenario::{RuleName, Scenario};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The columns of verdicts: a heading, and the property asked. Bounded counters are asked one of their own, the article's
/// program two.
const VERDICTS: [(&str, &str); 14] = [
    ("converges", p::CONVERGENCE),
    ("agrees at rest", p::AGREEMENT),
    ("repairable", p::REPAIRABLE),
    ("causal order", p::CAUSAL_ORDER),
    ("resurrects", p::NO_RESURRECTION),
    ("loses causally", p::NO_CAUSAL_LOSS),
    ("loses by policy", p::NO_POLICY_LOSS),
    ("loses to nothing", p::NO_TOTAL_LOSS),
    ("invents", p::NO_INVENTION),
    ("as specified", p::SPECIFICATION),
    ("never oversells", p::NO_OVERSELLING),
    ("falls silent", p::FALLS_SILENT),
    ("no deadlock", p::NO_DEADLOCK),
    ("order kept", p::ORDER_KEPT),
];

/// A table that grows row by row, in Markdown that also reads well as it is.
pub struct Table {
    widths: Vec<usize>,
    /// Which verdicts have a column: those that some scenario is asked.
    verdicts: Vec<(&'static str, &'static str)>,
}

/// The verdict on a claim that no reading could have broken.
const NOT_TESTED: &str = "not put to the test";

impl Table {
    /// A table for these scenarios: wide enough for their names.
    pub fn of(scenarios: &[Scenario]) -> Table {
        let asked = |property: &str| match property {
            p::NO_DEADLOCK | p::ORDER_KEPT => scenarios.iter().any(|scenario| scenario.is_article()),
            p::NO_OVERSELLING => scenarios.iter().any(|scenario| scenario.rule() == RuleName::BoundedCounter.name()),
            _ => true,
        };
        let own: BTreeSet<&str> = scenarios.iter().flat_map(Scenario::own_properties).collect();
        let verdicts = VERDICTS.into_iter().filter(|(_, property)| asked(property));
        let verdicts = verdicts.chain(own.into_iter().map(|own| (own, own))).collect();
        let widest = |of: fn(&Scenario) -> &str, heading: usize| {
            scenarios.iter().map(|scenario| shown(of(scenario)).chars().count()).max().unwrap_or(0).max(heading)
        };
        let names = [widest(|s| &s.name, 8), widest(|s| &s.shape, 8), widest(|s| s.rule(), 4)];
        let mut table = Table { widths: names.to_vec(), verdicts };
        table.widths.extend(table.verdicts.iter().map(|(heading, _)| heading.len().max("violated (99)".len())));
        table.widths.extend(["reached".len(), "10,000,000".len(), "depth".len(), "messages".len(), "10.00 s".len()]);
        table
    }

    /// The two lines at the top.
    pub fn head(&self) -> String {
        let mut cells = vec!["scenario".to_owned(), "topology".into(), "rule".into()];
        cells.extend(self.verdicts.iter().map(|(heading, _)| (*heading).to_owned()));
        cells.extend(["reached", "states", "depth", "messages", "time"].map(str::to_owned));
        let rule: Vec<String> = self.widths.iter().map(|width| "-".repeat(*width)).collect();
        format!("{}\n{}", self.line(&cells), self.line(&rule))
    }

    /// A scenario's line.
    pub fn row(&self, checked: &Checked) -> String {
        let report = &checked.report;
        let mut cells =
            vec![shown(&checked.scenario.name), shown(&checked.scenario.shape), shown(checked.scenario.rule())];
        let rests = !matches!(report.verdict(p::REST), Some(Verdict::Violated(_)));
        for (_, property) in &self.verdicts {
            cells.push(match report.verdict(property) {
                None => String::new(),
                Some(_) if checked.failed.is_some() || checked.scenario.property_failed(property) => "failed".into(),
                Some(verdict) if report.is_witness(property) => match verdict {
                    Verdict::Holds(path) => format!("reached ({})", steps(path)),
                    Verdict::NotExhausted => "not exhausted".into(),
                    Verdict::NotJudged(_) => "not judged".into(),
                    Verdict::Violated(_) => "not reached".into(),
                },
                Some(Verdict::Holds(_)) if not_tested(report, property) => NOT_TESTED.into(),
                Some(Verdict::NotExhausted) => "not exhausted".into(),
                Some(Verdict::NotJudged(_)) => "not judged".into(),
                Some(Verdict::Holds(_)) if speaks_of_rest(property) && !rests => "vacuous".into(),
                Some(Verdict::Holds(_)) if asks_for_loss(property) => "no".into(),
                Some(Verdict::Violated(path)) if asks_for_loss(property) => format!("yes ({})", steps(path)),
                Some(Verdict::Holds(_)) => "holds".into(),
                Some(Verdict::Violated(path)) => format!("violated ({})", steps(path)),
            });
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

/// Whether a claim of the user's applied in no state, or could be broken by no reading.
fn not_tested(report: &Report, property: &str) -> bool {
    let witness = report.verdict(own_property::witness_of(property));
    matches!(witness, Some(Verdict::Violated(_)))
}

fn asks_for_loss(property: &str) -> bool {
    [p::NO_RESURRECTION, p::NO_CAUSAL_LOSS, p::NO_POLICY_LOSS, p::NO_TOTAL_LOSS, p::NO_INVENTION].contains(&property)
}

/// What is asked only at rest says nothing where rest is never reached.
fn speaks_of_rest(property: &str) -> bool {
    property == p::AGREEMENT || property == p::ORDER_KEPT
}

fn steps(path: &Option<Path>) -> usize {
    path.as_ref().map_or(0, |path| path.len())
}

/// A bound on the chance that the verdicts are wrong because two states collided.
pub fn chance_of_mistake(chance: f64) -> String {
    // Two digits, rounded up.
    format!("The chance that two states were taken for one is below {:.1e}.", chance * 1.06)
}

/// 1234567 as 1,234,567.
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

/// A schedule with what each master reads after each step.
pub fn schedule(replayed: &Replayed) -> String {
    let head = match replayed.path.start {
        0 => "step".to_owned(),
        start => format!("step, from initial state {}", start + 1),
    };
    let mut rows = vec![vec![head]];
    rows[0].extend(replayed.masters.iter().map(|master| format!("{master} reads")));
    for (place, taken) in replayed.steps.iter().enumerate() {
        let mut row = vec![format!("{}. {}", place + 1, shown(&taken.step))];
        row.extend(taken.readings.iter().map(|reads| shown(reads)));
        row.extend(taken.remark.as_deref().map(shown));
        rows.push(row);
    }
    let columns = replayed.masters.len() + 1;
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        let mut line = cells.collect::<Vec<_>>().join("  ");
        if let Some(remark) = row.get(columns) {
            let _ = write!(line, "  ({remark})");
        }
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text
}

/// A counterexample: what is wrong, and how it comes about.
pub fn counterexample(scenario: &str, example: &Counterexample) -> String {
    let (property, is) = (example.property, if example.failed { "failed" } else { "is violated" });
    let (scenario, why) = (shown(scenario), shown(example.why()));
    format!("{scenario}: {property} {is}: {why}\n\n{}", schedule(&example.replayed))
}
