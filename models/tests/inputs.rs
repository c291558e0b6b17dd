//! Small inputs, most of them from public bug reports, each with its complete result: the violated properties with the
//! lengths of their schedules, the readings, and the messages.

mod expressions;
mod invented;
mod limits;
mod nothing_changes;
mod removed;
mod served;
mod systems;
mod told;

use multimaster_models::check::engine::Verdict;
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::report::trace::{Replayed, Trace};
use multimaster_models::scenario::Scenario;
use std::collections::BTreeMap;

/// A scenario over streams, all to all. `rule` is the line `rule = …`, or the table `[rule]`.
fn scenario(masters: u16, rule: &str, clients: &str) -> Scenario {
    let text = format!(
        "about = \"an input\"\nmasters = {masters}\ntopology = \"all-to-all\"\nlink = \"stream\"\n{rule}\n\n[clients]\n{clients}\n"
    );
    Scenario::parse("mine", "mine.toml", &text).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

fn checked(masters: u16, rule: &str, clients: &str) -> Checked {
    let checked = check(&scenario(masters, rule, clients), Engine::Own, &mut |_, _| {});
    assert!(checked.failed.is_none(), "{:?}", checked.failed);
    checked
}

/// Each violated property, with the number of steps. Checks that every other property holds.
fn violated(checked: &Checked) -> BTreeMap<&'static str, usize> {
    let findings = checked.report.findings.iter().filter(|finding| !finding.witness);
    let violated = findings.filter_map(|finding| match &finding.verdict {
        Verdict::Violated(Some(path)) => Some((finding.property, path.len())),
        Verdict::Holds(None) => None,
        other => panic!("{}: {other:?}", finding.property),
    });
    violated.collect()
}

/// The message about the property's shortest schedule.
fn why<'a>(checked: &'a Checked, property: &str) -> &'a str {
    let example = checked.counterexamples.iter().find(|example| example.property == property);
    example.unwrap_or_else(|| panic!("{property} holds")).why()
}

/// Takes the steps.
fn replayed(scenario: &Scenario, steps: &[&str]) -> Replayed {
    let text = format!("scenario mine\nkeeps convergence\n\n{}\n", steps.join("\n"));
    let trace = Trace::parse("mine.trace", &text).unwrap();
    trace.replay(&scenario.model()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The readings after the last step.
fn reads(scenario: &Scenario, steps: &[&str]) -> Vec<String> {
    replayed(scenario, steps).steps.pop().unwrap().readings
}
