//! How long `verify` takes: until the first violation of a wrong rule, and until a right one has passed.
//!
//! `cargo run --release -p multimaster-models --example verify_speed`

#[path = "../tests/documented/largest.rs"]
mod largest;

use largest::Largest;
use multimaster::{
    ArrivalWins, BoundedCounter, Change, CustomMerged, Dot, Keep, LastWriteWins, MultiValue, ObservedRemoveMap,
    ObservedRemoveSet, Op, Reading, Refusal, Resolver, Side, Timestamp, Version,
};
use multimaster_models::SerdeRule;
use multimaster_models::rules::systems::CouchDb;
use multimaster_models::verify::{Failure, Verify};
use std::time::Instant;

/// Of two values the longer one.
fn longest(a: &Version, b: &Version) -> Keep {
    let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
    if length(b) > length(a) { Keep::Second } else { Keep::First }
}

/// As [`Largest`], but a snapshot replaces the state instead of joining it.
#[derive(Clone)]
struct Replaced;

impl Resolver for Replaced {
    type State = <Largest as Resolver>::State;
    type Effect = <Largest as Resolver>::Effect;

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Self::Effect, Refusal> {
        Largest.prepare(state, op, dot, timestamp)
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        Largest.apply(state, change)
    }

    fn read(&self, state: &Self::State) -> Reading {
        Largest.read(state)
    }

    fn merge(&self, _: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(theirs.state.clone())
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        Largest.shows(state, dot)
    }
}

fn timed<R: SerdeRule>(name: &str, verify: Verify<R>) {
    let started = Instant::now();
    let result = verify.quiet().run();
    let all = started.elapsed().as_secs_f64();
    match result {
        Ok(passed) => println!("| {name} | | {all:.2} s | passed: {} states |", passed.states),
        Err(Failure::Violated { violations, .. }) => {
            let first = violations.iter().map(|violation| violation.after.as_secs_f64()).fold(all, f64::min);
            let names: Vec<&str> = violations.iter().map(|violation| violation.example.property).collect();
            println!("| {name} | {first:.2} s | {all:.2} s | violated: {} |", names.join(", "));
        }
        Err(other) => println!("| {name} | | {all:.2} s | {other} |"),
    }
}

fn main() {
    println!("| rule | first violation | all | |\n|---|---|---|---|");
    timed("longest, merged", Verify::rule(CustomMerged(longest)));
    timed("arrival", Verify::rule(ArrivalWins));
    timed("largest", Verify::rule(Largest));
    timed("largest, snapshots replace", Verify::rule(Replaced));
    timed("last write", Verify::rule(LastWriteWins));
    timed("multi-value", Verify::rule(MultiValue));
    timed("observed-remove set", Verify::rule(ObservedRemoveSet));
    timed("bounded counter", Verify::rule(BoundedCounter));
    timed("observed-remove map", Verify::rule(ObservedRemoveMap));
    timed("CouchDB", Verify::rule(CouchDb));
}
