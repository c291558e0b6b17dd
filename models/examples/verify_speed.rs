//! How long `verify` takes: until the first violation of a wrong rule, and until a right one has passed.
//!
//! `cargo run --release -p multimaster-models --example verify_speed`

use multimaster::{
    ArrivalWins, BoundedCounter, Change, CustomMerged, Dot, Keep, LastWriteWins, MultiValue, ObservedRemoveMap,
    ObservedRemoveSet, Op, Reading, Refusal, Resolver, Side, Text, Timestamp, Version,
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

/// The larger value is kept, whatever had seen what. With `merges` a snapshot joins; else it replaces.
#[derive(Clone)]
struct Largest {
    merges: bool,
}

impl Resolver for Largest {
    type State = Option<(Text, Dot)>;
    type Effect = Text;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Text, Refusal> {
        match op {
            Op::Set(value) => Ok(value),
            _ => Err(Refusal::Because("a maximum never shrinks".into())),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Text>) -> bool {
        let incoming = Some((change.effect.clone(), change.dot));
        let larger = incoming > *state;
        if larger {
            *state = incoming;
        }
        larger
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().map_or(Reading::Nothing, |(value, _)| Reading::Value(value.clone()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        if self.merges { Some(ours.state.clone().max(theirs.state.clone())) } else { Some(theirs.state.clone()) }
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|(_, shown)| *shown == dot)
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
    timed("largest", Verify::rule(Largest { merges: true }));
    timed("largest, snapshots replace", Verify::rule(Largest { merges: false }));
    timed("last write", Verify::rule(LastWriteWins));
    timed("multi-value", Verify::rule(MultiValue));
    timed("observed-remove set", Verify::rule(ObservedRemoveSet));
    timed("bounded counter", Verify::rule(BoundedCounter));
    timed("observed-remove map", Verify::rule(ObservedRemoveMap));
    timed("CouchDB", Verify::rule(CouchDb));
}
