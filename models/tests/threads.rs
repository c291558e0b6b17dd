//! A search on several threads reports the same as one on a single thread: every count, verdict and path.

use multimaster_models::check::engine::{Cut, Limits, Report};
use multimaster_models::scenario::{Scenario, catalogue};
use std::time::Duration;

/// Streams, datagrams, a soup, channels, running links, snapshots, shards, free requests, failures, sessions, and
/// properties of users.
const SPREAD: [&str; 14] = [
    "failures/tombstones-dropped-after-a-time",
    "soup/all-to-all-arrival",
    "article/relay-star",
    "article/relay-ring-deadlock",
    "failures/joins",
    "snapshot/soup-arrival",
    "two-shards",
    "free/register",
    "types/bounded-counter-star",
    "failures/cut-off",
    "failures/session-with-a-token",
    "failures/tombstones-of-cassandra",
    "properties/sum",
    "expression/tie",
];

/// The report of this search, without its time.
fn told(scenario: &Scenario, limits: Limits) -> String {
    let report = scenario.model().explore(limits, &mut |_, _| {});
    format!("{:?}", Report { time: Duration::ZERO, ..report })
}

/// Levels of more than a few states are large.
fn on(threads: usize, limits: Limits) -> Limits {
    Limits { threads: Some(threads), large: 50, ..limits }
}

fn assert_alike(scenario: &Scenario, limits: Limits) {
    let alone = told(scenario, on(1, limits));
    for threads in [2, 3] {
        assert_eq!(told(scenario, on(threads, limits)), alone, "{}, {threads} threads", scenario.name);
    }
}

fn shipped(names: &[&str]) -> Vec<Scenario> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    catalogue::select(&names, None).expect("shipped scenarios")
}

#[test]
fn all_kinds_of_scenarios_are_alike_on_any_number_of_threads() {
    for scenario in shipped(&SPREAD) {
        assert_alike(&scenario, scenario.limits);
    }
}

#[test]
fn a_limit_of_states_cuts_at_the_same_state() {
    for scenario in shipped(&SPREAD[..2]) {
        let Report { states, .. } = scenario.model().explore(scenario.limits, &mut |_, _| {});
        for most in [1, 2, 7, states / 3, states / 2, states - 1, states] {
            let limits = Limits { states: most, ..scenario.limits };
            assert_alike(&scenario, limits);
            let report = scenario.model().explore(on(2, limits), &mut |_, _| {});
            assert_eq!(report.cut, (most < states).then_some(Cut::States(most)), "{}", scenario.name);
            assert_eq!(report.states, most);
        }
    }
}

#[test]
fn a_search_for_one_violation_ends_at_the_same_state() {
    let found = shipped(&SPREAD).into_iter().filter_map(|scenario| {
        let until = scenario.expect.violated.first().copied()?;
        Some((Limits { until: Some(until), ..scenario.limits }, scenario))
    });
    let found: Vec<_> = found.collect();
    assert!(found.len() > 2);
    for (limits, scenario) in found {
        assert_alike(&scenario, limits);
    }
}

#[test]
fn every_limit_ends_all_threads() {
    let scenario = &shipped(&SPREAD[..1])[0];
    let time = Limits { time: Duration::ZERO, ..scenario.limits };
    let report = scenario.model().explore(on(2, time), &mut |_, _| {});
    assert_eq!(report.cut, Some(Cut::Time(Duration::ZERO)));
}

#[test]
#[ignore = "all shipped scenarios three times, about a minute"]
fn the_whole_catalogue_is_alike_on_any_number_of_threads() {
    for scenario in catalogue::select(&[], None).expect("the catalogue") {
        assert_alike(&scenario, scenario.limits);
    }
}
