//! Records of clusters on real threads, with random work and random faults: every run must be a path of the model.
//!
//! `SEED=N cargo test --test running` chooses other runs; a failure prints the seed of its run.

mod running {
    pub(crate) mod acknowledged;
    pub(crate) mod failing;
    pub(crate) mod stored;
    pub(crate) mod work;
}

use multimaster::{
    ArrivalWins, BoundedCounter, Counter, Custom, CustomMerged, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter,
    GrowOnlySet, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins, MaxRegister, MinRegister, MultiValue,
    ObservedRemoveMap, ObservedRemoveSet, RemoveWinsSet,
};
use multimaster_models::rules::lower_seat;
use running::failing::{self, Happened};
use running::stored;
use running::work::Runs;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::thread;
use std::time::Instant;

/// The number of runs for each rule: about a thousand for 19 rules.
const RUNS: u64 = 53;

#[test]
fn a_thousand_random_runs_are_paths_of_the_model() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let mut runs = Runs::new(seed, RUNS);
    runs.of("arrival", ArrivalWins, false);
    runs.of("custom-merged", CustomMerged(lower_seat), false);
    runs.of("last-write", LastWriteWins, true);
    runs.of("custom", Custom(lower_seat), true);
    runs.of("multi-value", MultiValue, true);
    runs.of("counter", Counter, true);
    runs.of("set", ObservedRemoveSet, true);
    runs.of("remove-wins-set", RemoveWinsSet, true);
    runs.of("grow-only-set", GrowOnlySet, true);
    runs.of("grow-only-counter", GrowOnlyCounter, true);
    runs.of("bounded-counter", BoundedCounter, true);
    runs.of("enable-wins-flag", EnableWinsFlag, true);
    runs.of("disable-wins-flag", DisableWinsFlag, true);
    runs.of("max-register", MaxRegister, true);
    runs.of("min-register", MinRegister, true);
    runs.of("last-write-map", LastWriteMap, true);
    runs.of("last-write-wall", LastWriteWall, true);
    runs.of("last-write-map-wall", LastWriteMapWall, true);
    runs.of("observed-remove-map", ObservedRemoveMap, true);
    println!("{runs}");
    runs.assert_nothing_was_vacuous();
}

/// Seeded runs of three or four masters whose links are cut and whose masters crash.
const FAILING: u64 = 1000;

#[test]
fn a_thousand_runs_with_cuts_and_crashes_converge_lose_nothing_that_was_held_and_conform() {
    let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let start = Instant::now();
    // A run waits more than it works: several at once take less time.
    let every_eighth = |from: u64| {
        let mut happened = Happened::default();
        for seed in (first + from..first + FAILING).step_by(8) {
            let context = format!("SEED={seed}, the first run");
            match seed % 4 {
                0 => failing::run("last-write", &LastWriteWins, seed, &context, &mut happened),
                1 => failing::run("multi-value", &MultiValue, seed, &context, &mut happened),
                2 => failing::run("set", &ObservedRemoveSet, seed, &context, &mut happened),
                _ => failing::run("bounded-counter", &BoundedCounter, seed, &context, &mut happened),
            }
        }
        happened
    };
    let mut happened = Happened::default();
    thread::scope(|threads| {
        let all: Vec<_> = (0..8).map(|from| threads.spawn(move || every_eighth(from))).collect();
        for runs in all {
            happened.add(runs.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
    let Happened { counts, fate } = &happened;
    println!("{FAILING} runs from SEED={first} in {:?}: {counts:?}; {fate:?}", start.elapsed());
    for what in [
        "crash, all kept",
        "crash, back to the last flush",
        "crash, back to an older copy",
        "crash, nothing kept",
        "restart",
        "cut",
        "clock step",
        "leave",
        "dead member",
        "join",
        "collected",
        "snapshot",
    ] {
        assert!(counts.get(what).is_some_and(|count| *count > 0), "no {what} in {counts:?}");
    }
    assert!(
        fate.rescued > 0 && fate.lost > 0,
        "a write that nobody else holds is lost, one that another holds is not: {fate:?}"
    );
}

/// Seeded runs of three or four masters with stores.
const STORED: u64 = 100;

#[test]
fn a_hundred_runs_with_power_cuts_keep_all_flushed_writes_and_conform() {
    let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let start = Instant::now();
    let every_eighth = |from: u64| {
        let mut counts = BTreeMap::new();
        for seed in (first + from..first + STORED).step_by(8) {
            match seed % 3 {
                0 => stored::run("last-write", &LastWriteWins, seed, &mut counts),
                1 => stored::run("multi-value", &MultiValue, seed, &mut counts),
                _ => stored::run("set", &ObservedRemoveSet, seed, &mut counts),
            }
        }
        counts
    };
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    thread::scope(|threads| {
        let all: Vec<_> = (0..8).map(|from| threads.spawn(move || every_eighth(from))).collect();
        for runs in all {
            let counted = runs.join().unwrap_or_else(|panic| resume_unwind(panic));
            counted.into_iter().for_each(|(what, count)| *counts.entry(what).or_default() += count);
        }
    });
    println!("{STORED} runs from SEED={first} in {:?}: {counts:?}", start.elapsed());
    for what in ["power cut", "reopened", "unsynced step", "lost", "flushed", "snapshot"] {
        assert!(counts.get(what).is_some_and(|count| *count > 0), "no {what} in {counts:?}");
    }
}
