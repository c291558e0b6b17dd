//! Swarms find the violations of the shipped scenarios, and make them nearly as short as the exhaustive search does.

use crate::swarm::asked;
use multimaster_models::check::engine::{Limits, Verdict};
use multimaster_models::scenario::{Scenario, catalogue};
use multimaster_models::swarm::shrink::shrink;
use multimaster_models::swarm::swarm;
use std::ops::ControlFlow;
use std::time::Duration;

/// For each property that the scenario violates: the steps of the shortest schedule, and of the one made of a walk without
/// the search through all steps; `None` if no walk violates it within ten seconds.
fn compared(scenario: &Scenario) -> Vec<(&'static str, usize, Option<usize>)> {
    let model = scenario.model();
    let report = model.explore(Limits::default(), &mut |_, _| {});
    let violated = report.findings.iter().filter(|finding| !finding.witness);
    let violated = violated.filter_map(|finding| match &finding.verdict {
        Verdict::Violated(Some(path)) => Some((finding.property, path.len())),
        _ => None,
    });
    let found = |property: &str| {
        let mut asked = asked(0..u64::MAX, Some(Duration::from_secs(10)));
        asked.only = Some(vec![property.to_owned()]);
        let mut steps = None;
        swarm(&|| model.clone(), &asked, &mut |found| {
            steps = shrink(&model, &found, 0).map(|shrunk| shrunk.path.len());
            ControlFlow::Break(())
        });
        steps
    };
    violated.map(|(property, shortest)| (property, shortest, found(property))).collect()
}

#[test]
fn the_violations_of_a_few_scenarios_are_found() {
    for name in ["booking/arrival", "failures/dead-member-of-a-ring", "failures/tombstones-dropped-after-a-time"] {
        let scenario = catalogue::find(name).unwrap_or_else(|fault| panic!("{fault}"));
        for (property, shortest, found) in compared(&scenario) {
            assert!(found.is_some_and(|steps| steps <= shortest + 2), "{name}: {property}: {found:?}, not {shortest}");
        }
    }
}

/// Prints the violations that are not found or stay longer, and how many there are.
#[test]
#[ignore = "takes minutes of processor time in a debug build"]
fn the_violations_of_all_scenarios_are_found() {
    let (mut all, mut found, mut near, mut shortest) = (0, 0, 0, 0);
    for scenario in catalogue::all().unwrap_or_else(|fault| panic!("{fault}")) {
        for (property, least, steps) in compared(&scenario) {
            all += 1;
            found += usize::from(steps.is_some());
            near += usize::from(steps.is_some_and(|steps| steps <= least + 2));
            shortest += usize::from(steps == Some(least));
            if steps.is_none_or(|steps| steps > least + 2) {
                println!("{}: {property}: {steps:?}, shortest {least}", scenario.name);
            }
        }
    }
    println!("{all} violations: {found} found, {near} within two steps of the shortest, {shortest} as short");
    assert!(near * 10 >= all * 9, "{near} of {all}");
}
