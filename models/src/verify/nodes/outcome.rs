//! The outcome of a check of nodes: [`Checked`].

use super::NAME;
use crate::check::engine::{Finding, Limits, Report, Verdict};
use crate::check::erased::Erased;
use crate::printed::{padded, terminal_width};
use crate::properties as p;
use crate::report::check::{replayed_alike, verdict_in_words};
use crate::report::table::grouped;
use crate::subject::Subject;
use crate::system::Faults;
use crate::verify::demands::Demands;
use crate::verify::failure::Failure;
use crate::verify::violation::Violation;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;

/// The verdicts on a system that violates nothing that is required.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The exploration. `None` if a trace was replayed instead.
    pub report: Option<Report>,
}

impl Checked {
    /// The number of distinct states.
    pub fn states(&self) -> usize {
        self.report.as_ref().map_or(0, |report| report.states)
    }
}

/// One line for each property.
impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.report {
            Some(report) => f.write_str(&verdicts(report)),
            None => f.write_str("the replayed trace violates nothing that is required"),
        }
    }
}

/// Explores the model.
pub(super) fn checked(
    model: &Erased,
    faults: &Faults,
    demands: &Demands,
    unreached: &BTreeSet<String>,
    limits: Limits,
) -> Result<Checked, Failure> {
    let started = Instant::now();
    let limits = Limits { until: demands.decided_by(model), ..limits };
    let report = model.explore(limits, &mut |_, _| {});
    // States explored before a node failed say nothing about a node that works.
    if let Some(failed) = faults.first() {
        return Err(Failure::Node(failed));
    }
    let mut demanded = report.clone();
    demanded.findings.retain(|finding| demands.include(finding.property));
    let examples = replayed_alike(model, NAME, &demanded).map_err(Failure::Trace)?;
    let violation = |example| {
        let (world, after) = (NAME.to_owned(), started.elapsed());
        let mut violation = Violation { world, skewed: false, example, file: None, after };
        violation.keep();
        violation
    };
    let mut violations: Vec<Violation> = examples.into_iter().map(violation).collect();
    violations.sort_by_key(|violation| violation.example.replayed.steps.len());
    if !violations.is_empty() {
        return Err(Failure::Violated {
            violations,
            laws: Vec::new(),
            notes: vec![verdicts(&report).replace('\n', "\n  ")],
        });
    }
    if report.cut.is_some() {
        return Err(Failure::NotExhausted(NAME.into()));
    }
    for name in &demands.only {
        if let Some(Verdict::NotJudged(why)) = report.verdict(name) {
            return Err(Failure::Unjudged { property: name.clone(), why });
        }
    }
    let missed = |witness: &&str| is_missed(&report, witness) && !unreached.contains(*witness);
    match [p::QUIESCENCE, p::ACKNOWLEDGED, p::CONTENTION].into_iter().find(missed) {
        Some(witness) => Err(Failure::Vacuous { world: NAME.into(), witness, why: model.why_unreached(witness) }),
        None => Ok(Checked { report: Some(report) }),
    }
}

fn is_missed(report: &Report, witness: &str) -> bool {
    matches!(report.verdict(witness), Some(Verdict::Violated(_)))
}

/// One line for each property, and one with the number of states.
fn verdicts(report: &Report) -> String {
    let width = report.findings.iter().map(|finding| terminal_width(finding.property)).max().unwrap_or(0);
    let line = |finding: &Finding| {
        let Finding { property, verdict, .. } = finding;
        let at_quiescence = [p::AGREEMENT, p::NO_LOST_WRITE, p::AVAILABILITY].contains(property);
        let word = match verdict {
            Verdict::Holds(_) if at_quiescence && is_missed(report, p::QUIESCENCE) => "vacuous",
            Verdict::Holds(_) if *property == p::NO_LOST_WRITE && is_missed(report, p::ACKNOWLEDGED) => "vacuous",
            _ => verdict_in_words(finding),
        };
        let more = match verdict {
            Verdict::NotJudged(why) => format!(": {why}"),
            Verdict::Holds(Some(path)) | Verdict::Violated(Some(path)) => format!(" ({} steps)", path.len()),
            _ => String::new(),
        };
        format!("{}  {word}{more}\n", padded(property, width))
    };
    let lines: String = report.findings.iter().map(line).collect();
    let is = if report.cut.is_some() { "states, cut" } else { "states" };
    format!("{lines}{} {is}, depth {}", grouped(report.states), report.depth)
}
