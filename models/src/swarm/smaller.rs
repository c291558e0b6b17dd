//! Makes the scenario of a violation smaller, while it still has a violation: [`minimised`].

mod edits;

use super::shrink::{self, Schedule, Wanted, again, breadth_first, retaken, shortened, walked};
use super::{Found, Judged};
use crate::check::engine::Path;
use crate::check::erased::Erased;
use crate::check::running;
use crate::scenario::Scenario;
use crate::subject::Role;
use edits::{Edit, renamed};

/// The most states of a search in a smaller scenario, if the schedule cannot be taken there.
const SEARCHED: usize = 5_000;
/// The seeds of the walks after that search, and the least bound of their lengths.
const SEEDS: u64 = 4;
const LONG: usize = 200;
/// The most states of the last search, for a shortest schedule.
const AT_LAST: usize = 200_000;
/// The most passes over all that may be left out.
const PASSES: usize = 4;

/// A violation made small.
pub struct Minimised {
    /// The scenario with which the schedule is replayed.
    pub scenario: Scenario,
    /// The text of the smaller scenario; `None` if nothing of the given one could be left out.
    pub text: Option<String>,
    /// The schedule.
    pub path: Path,
    /// Whether no shorter schedule violates the property in that scenario.
    pub shortest: bool,
    /// The kinds of the schedule's steps, in order, by which violations are told apart.
    pub shape: Vec<&'static str>,
}

/// A scenario in which the violation was found, and its schedule there.
struct Current {
    table: toml::Table,
    scenario: Scenario,
    schedule: Schedule,
}

/// Makes the violation small: leaves out steps, then requests, failures and masters of the scenario with this `text`, as
/// long as a violation of the same property is found. Each search is bounded in its numbers of states and walks, so that
/// the outcome depends on the violation alone.
///
/// `None` if the violation is not found again, which is a bug of the model, or a rule that is not deterministic.
pub fn minimised(scenario: &Scenario, text: &str, found: &Found) -> Option<Minimised> {
    let property = found.violation.property;
    let model = scenario.model();
    let judged = judged(&model, property)?;
    let schedule = again(&model, &judged, &found.violation.path)?;
    let schedule = shrink::without_parts(&model, &judged, schedule);
    let mut table: toml::Table = text.parse().ok()?;
    table.remove("expect");
    table.remove("limits");
    let mut current = Current { table, scenario: scenario.clone(), schedule };
    let mut smaller = false;
    for _ in 0..PASSES {
        let mut changed = false;
        for edits in [edits::of_requests, edits::of_failures, edits::of_masters] {
            for edit in edits(&current.table) {
                if running::is_interrupted() {
                    break;
                }
                if let Some(next) = edited(&current, &edit, property) {
                    (current, changed) = (next, true);
                }
            }
        }
        smaller |= changed;
        if !changed {
            break;
        }
    }
    let Current { table, scenario, schedule } = current;
    let model = scenario.model();
    let judged = self::judged(&model, property)?;
    let (Schedule { path, steps, .. }, shortest) = shortened(&model, &judged, schedule, AT_LAST);
    let mut shape: Vec<&'static str> = steps.iter().map(|step| step.class.kind).collect();
    shape.sort_unstable();
    Some(Minimised { scenario, text: smaller.then(|| table.to_string()), path, shortest, shape })
}

fn judged(model: &Erased, property: &str) -> Option<Judged> {
    Judged::all(model, |name| name == property).pop()
}

/// The scenario after this edit, if it still has such a violation.
fn edited(current: &Current, edit: &Edit, property: &str) -> Option<Current> {
    let mut table = current.table.clone();
    edit.apply(&mut table)?;
    let name = &current.scenario.name;
    let scenario = Scenario::parse(name, name, &table.to_string()).ok()?;
    let model = scenario.model();
    let judged = judged(&model, property)?;
    let old = &current.schedule;
    let steps: Vec<Wanted> = match edit {
        Edit::Master(gone) => old.steps.iter().filter_map(|step| without_master(step, *gone)).collect(),
        _ => old.steps.clone(),
    };
    let bound = old.path.len() + 1;
    let schedule = retaken(&model, &judged, old, &steps)
        .or_else(|| breadth_first(&model, &judged, bound, SEARCHED, &|_| true).0)
        .or_else(|| walked(&model, &judged, bound.max(LONG), SEEDS))?;
    let schedule = shrink::without_parts(&model, &judged, schedule);
    let fails = scenario.fault_of_rule().is_some() || scenario.property_failed(property);
    (!fails).then_some(Current { table, scenario, schedule })
}

/// The step once the master `gone` is left out, and the masters behind it have moved up; `None` if the step was its own.
fn without_master(step: &Wanted, gone: usize) -> Option<Wanted> {
    let moved = |master: usize| (master != gone).then(|| master - usize::from(master > gone));
    let mut step = step.clone();
    (step.class.from, step.class.to) = (moved(step.class.from)?, moved(step.class.to)?);
    if step.class.role == Role::Request
        && let Some((at, request)) = step.text.split_once(": ")
    {
        step.text = format!("{}: {request}", renamed(at, gone)?);
    }
    Some(step)
}
