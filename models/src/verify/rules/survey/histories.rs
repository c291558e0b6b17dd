//! A rule over histories: over all networks at once.

use super::{COLUMNS, Cell, Extent, Rule, Under, shorter};
use crate::histories::{self, Bounds, ByScript, Finding, Report, Subject, Times, replayed};
use crate::node::delivery::Delivery;
use crate::scenario::Scenario;

/// The number of writes, and of different wall-clock times, if clocks are wrong or delivery is not causal.
const WEAK: usize = 3;

/// Judges the rule over all histories of these sizes (masters, writes), and over smaller ones under wrong clocks and without
/// causal delivery. Replaces a schedule in `cells` if it finds a shorter one.
///
/// # Errors
/// A schedule that does not replay.
pub(super) fn judge(rule: Rule, sizes: &[(u16, usize)], cells: &mut [Cell], extent: &mut Extent) -> Result<(), String> {
    let mut take = |under: Under, report: Report| {
        let scope = format!("{}, {}", report.bounds.networks_in_words(), report.bounds.in_words());
        extent.histories.push((under, scope, report.histories));
        keep(rule, under, &report, cells)
    };
    for (masters, writes) in sizes {
        take(Under::RightClocks, Judged::new(rule, Bounds::new(*masters, *writes, Vec::new())).told().0)?;
    }
    let small = |under: Under, times: Times| {
        let delivery = if under == Under::Unordered { Delivery::Unordered } else { Delivery::Causal };
        Bounds { delivery, times, ..Bounds::new(3, WEAK, Vec::new()) }
    };
    let last = WEAK as u64;
    let each_script = |times| Judged { each_script: true, ..Judged::new(rule, small(Under::RightClocks, times)) };
    let (_, mut sound) = each_script(Times::Lamport).told();
    if rule.rule.uses_wall_clock() {
        let (report, scripts) = each_script(Times::Right(last)).told();
        take(Under::RightClocks, report)?;
        sound.shortest.extend(scripts.shortest);
        let skewed = Judged { beyond: Some(&sound), ..Judged::new(rule, small(Under::SkewedClocks, Times::Any(last))) };
        take(Under::SkewedClocks, skewed.told().0)?;
    }
    let unordered = Judged { beyond: Some(&sound), ..Judged::new(rule, small(Under::Unordered, Times::Lamport)) };
    take(Under::Unordered, unordered.told().0)
}

/// Keeps each violation that is shorter than the one in its cell.
fn keep(rule: Rule, under: Under, report: &Report, cells: &mut [Cell]) -> Result<(), String> {
    for (cell, column) in cells.iter_mut().zip(&COLUMNS).filter(|(_, column)| column.under == under) {
        for property in column.properties {
            match report.finding(property) {
                Some(Finding::NotExhausted) => cell.weaken(Cell::NotExhausted),
                Some(Finding::NotJudged) => cell.weaken(Cell::NotJudged),
                Some(Finding::Violated(violation)) if shorter(violation.steps, cell) => {
                    let model = |text: &str| {
                        let scenario = Scenario::parse_under(rule.rule, rule.name, rule.name, text);
                        scenario.map(|scenario| scenario.model())
                    };
                    let example = replayed::counterexample(violation, &report.bounds, "", rule.name, &model)?;
                    *cell = Cell::Violated(Box::new(example));
                }
                Some(Finding::Violated(_) | Finding::Holds) | None => {}
            }
        }
    }
    Ok(())
}

/// Judges a rule within bounds, with the requests of its kind.
struct Judged<'a> {
    rule: Rule,
    bounds: Bounds,
    /// Whether to judge each combination of scripts separately.
    each_script: bool,
    /// The schedules that are known already: a violation counts only if it is shorter than these.
    beyond: Option<&'a ByScript>,
}

impl Judged<'_> {
    fn new(rule: Rule, bounds: Bounds) -> Self {
        Judged { rule, bounds, each_script: false, beyond: None }
    }
    fn told(self) -> (Report, ByScript) {
        let [requests, _] = self.rule.requests();
        let bounds = Bounds { requests, ..self.bounds };
        let name = self.rule.rule;
        let rule = |at| name.rule(at);
        let (by_master, claims) = (name.differs_by_master(), name.claims());
        let subject = Subject { rule: &rule, by_master, claims, specification: None };
        let report = match self.beyond {
            _ if self.each_script => return histories::judge_each_script(&subject, bounds).expect(RIGHT),
            Some(known) => histories::judge_beyond(&subject, bounds, known),
            None => histories::judge(&subject, bounds, &mut |_| {}),
        };
        (report.expect(RIGHT), ByScript::default())
    }
}

const RIGHT: &str = "the bounds of a survey are right for every rule";
