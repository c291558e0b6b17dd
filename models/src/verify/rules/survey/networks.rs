//! A rule in a fixed set of networks.

use super::scopes::{right, scopes};
use super::{COLUMNS, Cell, Extent, Rule, Under, shorter};
use crate::check::engine::{Limits, Report, Verdict};
use crate::node::delivery::Delivery;
use crate::report::check::replayed_alike;

/// Explores the rule in all its networks. Replaces a schedule in `cells` if it finds a shorter one.
///
/// # Errors
/// A schedule that does not replay.
pub(super) fn explore(rule: Rule, cells: &mut [Cell], extent: &mut Extent) -> Result<(), String> {
    for (under, scope) in scopes(&rule) {
        let delivery = if under == Under::Unordered { Delivery::Unordered } else { Delivery::Causal };
        let model = rule.build(scope.clone(), delivery);
        let report = model.explore(Limits::default(), &mut |_, _| {});
        extent.networks += 1;
        extent.states += report.states;
        let asked = || COLUMNS.iter().enumerate().filter(|(_, column)| column.under == under).map(|(place, _)| place);
        for place in asked() {
            let unjudged = |property: &str| matches!(report.verdict(property), Some(Verdict::NotJudged(_)));
            if report.cut.is_some() {
                cells[place].weaken(Cell::NotExhausted);
            } else if COLUMNS[place].properties.iter().any(|property| unjudged(property)) {
                cells[place].weaken(Cell::NotJudged);
            }
        }
        // A schedule is replayed only if it is shorter than the one found before.
        let better = |place: usize| {
            let properties = COLUMNS[place].properties.iter();
            properties.filter_map(|property| steps(&report, property)).any(|steps| shorter(steps, &cells[place]))
        };
        let wanted: Vec<usize> = asked().filter(|place| better(*place)).collect();
        if wanted.is_empty() {
            continue;
        }
        let sound = (under != Under::RightClocks).then(|| {
            let sound = rule.build(right(&rule, scope), Delivery::Causal);
            sound.explore(Limits::default(), &mut |_, _| {})
        });
        for example in replayed_alike(&model, rule.name, &report)? {
            for place in &wanted {
                // If the same requests violate it in as few steps under right clocks and causal delivery, wrong clocks
                // or weaker delivery are not the cause.
                let taken = example.replayed.steps.len();
                let sound = sound.as_ref().and_then(|sound| steps(sound, example.property));
                let blamed = sound.is_none_or(|sound| taken < sound);
                if COLUMNS[*place].properties.contains(&example.property) && blamed && shorter(taken, &cells[*place]) {
                    cells[*place] = Cell::Violated(Box::new(example.clone()));
                }
            }
        }
    }
    Ok(())
}

/// The number of steps that violate the property, if it is violated.
fn steps(report: &Report, property: &str) -> Option<usize> {
    match report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => Some(path.len()),
        _ => None,
    }
}
