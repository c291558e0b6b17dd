//! The strength of the properties: every mutant of [`mutants`] is killed by the property that it names, by the
//! schedule that it states.

mod by_histories;
mod witnesses;

use multimaster::{ArrivalWins, LastWriteWins};
use multimaster_models::check::engine::{Limits, explore};
use multimaster_models::check::erased::Erased;
use multimaster_models::mutants::scopes::{REPEATING, STREAM, keeping, pair};
use multimaster_models::mutants::{Bug, Mutant, Outcome, Tried, Worlds, all, in_a_table, in_full, summary};
use multimaster_models::node::tamper::Tamper;
use multimaster_models::properties::{ALL, CONVERGENCE, OF_LIVENESS};
use multimaster_models::world::cluster::ClusterModel;
use std::collections::BTreeSet;

#[test]
fn every_mutant_is_killed_as_pinned() {
    let mut wrong = Vec::new();
    for mutant in all() {
        let what = format!("{}: {}", mutant.bug, mutant.about);
        match mutant.run().outcome {
            Outcome::Killed(kill) => {
                let schedule: Vec<&str> = kill.replayed.steps.iter().map(|taken| taken.step.as_str()).collect();
                if schedule != mutant.schedule {
                    wrong.push(format!("{what} is killed by another schedule: {schedule:#?} {}", kill.why()));
                } else if mutant.complaint.is_empty() || !kill.why().contains(mutant.complaint) {
                    wrong.push(format!("{what}: the complaint is: {}", kill.why()));
                }
            }
            alive => wrong.push(format!("{what}: {alive:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_documented_bug_has_a_mutant() {
    let listed: BTreeSet<Bug> = all().iter().map(|mutant| mutant.bug).collect();
    let documented: BTreeSet<u8> =
        listed.iter().filter_map(|bug| if let Bug::Documented(number) = bug { Some(*number) } else { None }).collect();
    assert_eq!(documented, (1..=32).collect());
}

#[test]
fn every_property_rejects_a_mutant() {
    let rejecting: BTreeSet<&str> = all().iter().map(|mutant| mutant.property).collect();
    let own = ["confirmed-stays", "stays-deleted", "times-stay-near"];
    let all = ALL.into_iter().chain(OF_LIVENESS).chain(own);
    assert_eq!(rejecting, all.collect());
}

#[test]
fn no_two_lines_of_the_list_are_alike_and_none_is_wider_than_a_terminal() {
    let all = all();
    let names: BTreeSet<(Bug, &str)> = all.iter().map(|mutant| (mutant.bug, mutant.about)).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.is_sorted_by_key(|mutant| mutant.bug));
    let untried = |mutant: &Mutant| Tried { mutant: *mutant, outcome: Outcome::NotExhausted, states: 0 };
    let tried: Vec<_> = all.iter().map(untried).collect();
    let stories = all.iter().flat_map(|mutant| mutant.story.lines());
    for line in in_a_table(&tried).lines().chain(summary(&tried).lines()).chain(stories) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// A mutant for the test of the verdicts *survived* and *unsound*.
fn mutant(property: &'static str, worlds: fn() -> Worlds) -> Mutant {
    Mutant { bug: Bug::Own("none"), about: "nothing", story: "", property, schedule: &[], complaint: "", worlds }
}

fn last_write() -> ClusterModel {
    ClusterModel::new(keeping(1, pair(REPEATING, &[&["set k = 1", "delete k"], &["set k = 2"]])), LastWriteWins)
}

#[test]
fn a_mutant_that_changes_nothing_survives_and_is_shown_as_a_survivor() {
    let idle = mutant(CONVERGENCE, || Worlds {
        mutant: Erased::new(last_write().tampered(Tamper::default())),
        sound: Erased::new(last_write()),
    });
    let tried = idle.run();
    assert!(matches!(tried.outcome, Outcome::Survived), "{tried:?}");
    assert!(in_full(&tried).contains("SURVIVED: convergence holds in every state"), "{}", in_full(&tried));
    let tried = [tried, all()[0].run()];
    let table = in_a_table(&tried);
    assert!(table.lines().any(|line| line.starts_with("| none | nothing ") && line.contains("| SURVIVED")), "{table}");
    assert!(summary(&tried).contains("1 killed, 1 survived"), "{}", summary(&tried));
}

/// A property that is violated without the mutation does not kill it.
#[test]
fn a_kill_does_not_count_where_the_sound_twin_dies_too() {
    let twins = mutant(CONVERGENCE, || {
        let arrival = || Erased::new(ClusterModel::new(pair(STREAM, &[&["set k = 1"], &["set k = 2"]]), ArrivalWins));
        Worlds { mutant: arrival(), sound: arrival() }
    });
    let tried = twins.run();
    assert!(matches!(tried.outcome, Outcome::Unsound), "{tried:?}");
    assert!(in_full(&tried).contains("UNSOUND"), "{}", in_full(&tried));
}

/// A cluster with an empty `Tamper` equals the shipped cluster, state for state.
#[test]
fn a_tamper_that_alters_nothing_changes_nothing() {
    let shipped = explore(&last_write(), Limits::default(), |_, _| {});
    let tampered = explore(&last_write().tampered(Tamper::default()), Limits::default(), |_, _| {});
    assert_eq!(
        (tampered.states, tampered.generated, tampered.findings),
        (shipped.states, shipped.generated, shipped.findings)
    );
}
