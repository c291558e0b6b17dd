//! Records of clusters on real threads, with random work and random faults: every run must be a path of the model.
//!
//! `SEED=N cargo test --test running` chooses other runs; a failure prints the seed of its run.

#[path = "running/work.rs"]
mod work;

use multimaster::{
    ArrivalWins, BoundedCounter, Counter, Custom, CustomMerged, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter,
    GrowOnlySet, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins, MaxRegister, MinRegister, MultiValue,
    ObservedRemoveMap, ObservedRemoveSet, RemoveWinsSet,
};
use multimaster_models::rules::lower_seat;
use work::Runs;

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
