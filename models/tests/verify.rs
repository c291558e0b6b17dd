//! Bring your own rule: one call checks it over all topologies, and a wrong one fails with its shortest schedule.
#![allow(missing_docs)]

use multimaster::{
    BoundedCounter, Change, Counter, Custom, CustomMerged, Dot, Keep, Kind, LastWriteWins, MasterId, MultiValue,
    ObservedRemoveSet, Op, Reading, Refusal, Resolver, Side, Stamp, Text, Topology, Version,
};
use multimaster_models::scope::{Client, Clocks, Free, Link, Scope};
use multimaster_models::specification;
use multimaster_models::verify::{Failure, Misbehaviour, Verify};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn longest(a: &Version, b: &Version) -> Keep {
    let length = |version: &Version| version.value.as_ref().map_or(0, |value| value.len());
    if length(b) > length(a) { Keep::Second } else { Keep::First }
}

/// The larger value is kept, whatever had seen what: a maximum, not a register.
#[derive(Clone)]
struct Largest;

impl Resolver for Largest {
    type State = Option<(Text, Dot)>;
    type Effect = Text;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Stamp) -> Result<Text, Refusal> {
        match op {
            Op::Set(value) => Ok(value.clone()),
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
        Some(ours.state.clone().max(theirs.state.clone()))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|(_, shown)| *shown == dot)
    }
}

/// No operation is ever accepted.
#[derive(Clone)]
struct ReadOnly;

impl Resolver for ReadOnly {
    type State = ();
    type Effect = ();

    fn prepare(&self, (): &(), _: Op, _: Dot, _: Stamp) -> Result<(), Refusal> {
        Err(Refusal::Because("read only".into()))
    }

    fn apply(&self, (): &mut (), _: &Change<()>) -> bool {
        false
    }

    fn read(&self, (): &()) -> Reading {
        Reading::Nothing
    }

    fn merge(&self, _: Side<'_, ()>, _: Side<'_, ()>) -> Option<()> {
        Some(())
    }

    fn shows(&self, (): &(), _: Dot) -> bool {
        false
    }
}

fn failure<R: Resolver>(rule: R) -> (Vec<String>, String) {
    match Verify::rule(rule).run() {
        Err(failure @ Failure::Violated { .. }) => {
            let text = failure.to_string();
            let Failure::Violated { example, .. } = failure else { unreachable!() };
            (example.replayed.steps.iter().map(|taken| taken.step.clone()).collect(), text)
        }
        other => panic!("expected a violation, got {other:?}"),
    }
}

#[test]
fn right_rules_pass_over_all_topologies() {
    multimaster_models::verify(Custom(longest));
    multimaster_models::verify(LastWriteWins);
    for passed in [
        Verify::rule(MultiValue).lossless().run(),
        Verify::rule(Counter).lossless().run(),
        Verify::rule(ObservedRemoveSet).lossless().run(),
    ] {
        let passed = passed.unwrap();
        assert_eq!(passed.scopes, 16);
    }
}

/// A rule that may refuse is verified too, and what it refuses is no loss.
#[test]
fn a_rule_is_held_to_its_specification() {
    let stock = || Verify::rule(BoundedCounter).lossless();
    stock().specified(specification::total).run().unwrap();
    let failure = stock().specified(specification::greatest).run().unwrap_err().to_string();
    assert!(failure.contains("specification is violated"), "{failure}");
    assert!(failure.contains("A reads k=2; the specification makes - of A1"), "{failure}");
}

#[test]
fn a_policy_that_loses_is_no_failure_unless_nothing_may_be_lost() {
    assert!(Verify::rule(LastWriteWins).run().is_ok());
    let failure = Verify::rule(LastWriteWins).lossless().run().unwrap_err().to_string();
    assert!(failure.contains("no policy loss is violated"), "{failure}");
}

#[test]
fn a_superseded_value_that_comes_back_is_shown_in_three_writes() {
    let (steps, text) = failure(CustomMerged(longest_number));
    let schedule = ["A: set k = 4", "A: set k = 2", "B: set k = 3", "A -> B: A1 A2 after nothing"];
    assert_eq!(steps, schedule, "{text}");
    assert!(text.contains("B has seen A2 (set k = 2) and reads k=4: A1 won, which it had seen"), "{text}");
    assert!(text.contains("MULTIMASTER_REPLAY="), "{text}");
}

fn longest_number(a: &Version, b: &Version) -> Keep {
    if b.value > a.value { Keep::Second } else { Keep::First }
}

#[test]
fn a_maximum_used_as_a_register_loses_what_it_had_acknowledged() {
    let (steps, text) = failure(Largest);
    assert_eq!(steps, ["A: set k = 4", "A: set k = 2"], "{text}");
}

/// A register by the writer's wall clock, for all that its writer had seen.
#[derive(Clone)]
struct ByTheClock;

impl Resolver for ByTheClock {
    type State = Option<(u64, Version)>;
    type Effect = (u64, Option<Text>);

    fn goes_by_clocks(&self) -> bool {
        true
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, stamp: Stamp) -> Result<Self::Effect, Refusal> {
        let time = op.time().unwrap_or(stamp.time());
        match op.untimed() {
            Op::Set(value) => Ok((time, Some(value.clone()))),
            _ => Ok((time, None)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let (time, value) = change.effect.clone();
        let incoming = Some((time, Version { stamp: change.stamp, dot: change.dot, value }));
        let newer = incoming > *state;
        if newer {
            *state = incoming;
        }
        newer
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().and_then(|(_, held)| held.value.clone()).map_or(Reading::Nothing, Reading::Value)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state.clone().max(theirs.state.clone()))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|(_, held)| held.dot == dot)
    }
}

#[test]
fn a_rule_by_wall_clocks_is_tried_with_one_that_is_ahead() {
    let (steps, text) = failure(ByTheClock);
    assert_eq!(steps, ["A: at 10, set k = 1", "A -> B: A1 after nothing", "B: at 5, set k = 2"], "{text}");
    assert!(text.contains("B has seen B1 (at 5, set k = 2)") || text.contains("A1 won, which it had seen"), "{text}");
    assert!(text.contains("pair/skewed-clocks/"), "{text}");
}

#[test]
fn a_function_of_two_versions_is_tried_on_merged_values() {
    let failure = Verify::rule(longest).run().unwrap_err().to_string();
    assert!(failure.contains("not associative") && failure.contains("`Custom(function)`"), "{failure}");
    assert!(
        failure.contains("MULTIMASTER_EXPLORE=") && failure.contains("http://localhost:3000/#/steps/0/"),
        "{failure}"
    );
    let first = |_: &Version, _: &Version| Keep::First;
    let passed = Verify::rule(Custom(first)).run().unwrap();
    assert!(passed.histories > 1000, "{passed:?}");
}

/// The state is a total, and what has no part in any read: the order in which changes came.
#[derive(Clone)]
struct Remembering;

impl Resolver for Remembering {
    type State = Vec<i64>;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, _: &Vec<i64>, op: Op, _: Dot, _: Stamp) -> Result<i64, Refusal> {
        if let Op::Add(amount) = op { Ok(amount) } else { Err(Refusal::WrongKind(op)) }
    }

    fn apply(&self, state: &mut Vec<i64>, change: &Change<i64>) -> bool {
        state.push(change.effect);
        true
    }

    fn read(&self, state: &Vec<i64>) -> Reading {
        Reading::Total(state.iter().sum())
    }

    /// The sender's replaces ours.
    fn merge(&self, _: Side<'_, Vec<i64>>, theirs: Side<'_, Vec<i64>>) -> Option<Vec<i64>> {
        Some(theirs.state.clone())
    }

    fn shows(&self, _: &Vec<i64>, _: Dot) -> bool {
        true
    }
}

/// Streams alone never merge: that the rule cannot is not seen in any schedule, but by its laws.
#[test]
fn a_broken_law_that_no_schedule_shows_is_told_unless_laws_are_not_asked_for() {
    let streams = || {
        let scope = Scope {
            topology: Topology::all_to_all(2).unwrap(),
            link: Link::Stream { resets: 0 },
            batch: 1,
            log: None,
            clients: [("add 1 to k", MasterId(0)), ("add 10 to k", MasterId(1))]
                .map(|(ask, at)| Client { at, asks: vec![ask.parse().unwrap()] })
                .into(),
            free: Free::default(),
            clocks: Clocks::default(),
        };
        Verify::rule(Remembering).scope("streams", scope)
    };
    let failure = streams().run().unwrap_err();
    assert!(matches!(&failure, Failure::Unlawful(_)), "{failure}");
    assert!(failure.to_string().contains("not commutative") && failure.to_string().contains("lawless"), "{failure}");
    assert!(streams().lawless().run().is_ok());
    // With snapshots it shows.
    assert!(matches!(Verify::rule(Remembering).lawless().run(), Err(Failure::Violated { .. })));
}

fn misbehaviour<F>(function: F) -> Misbehaviour
where
    F: Fn(&Version, &Version) -> Keep + Clone + Send + Sync + 'static,
{
    match Verify::rule(Custom(function)).run() {
        Err(Failure::Misbehaves(how)) => how,
        other => panic!("expected misbehaviour, got {other:?}"),
    }
}

#[test]
fn a_rule_that_panics_is_told_with_the_call() {
    let how = misbehaviour(|_: &Version, _: &Version| panic!("no seat is left"));
    let Misbehaviour::Panics { call, message } = &how else { panic!("{how}") };
    assert_eq!(message, "no seat is left");
    assert!(call.starts_with("read(Siblings([Version"), "{call}");
}

#[test]
fn a_rule_that_does_not_come_back_is_told_with_the_call() {
    let how = misbehaviour(|_: &Version, _: &Version| {
        loop {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    });
    assert!(matches!(&how, Misbehaviour::NeverEnds { call, .. } if call.starts_with("read(Siblings")), "{how}");
    assert!(how.to_string().contains("does not come back"), "{how}");
}

#[test]
fn a_rule_that_tosses_a_coin_is_told_with_both_answers() {
    let how = misbehaviour(|_: &Version, _: &Version| if fastrand::bool() { Keep::First } else { Keep::Second });
    let Misbehaviour::NotDeterministic { call, answers: [one, other] } = &how else { panic!("{how}") };
    assert!(call.starts_with("read(Siblings") && one != other, "{how}");
}

/// It gives one answer twice in a row, and then another.
#[test]
fn a_rule_that_remembers_is_told() {
    let calls = Arc::new(AtomicUsize::new(0));
    let how = misbehaviour(
        move |_: &Version, _: &Version| {
            if calls.fetch_add(1, Ordering::Relaxed) < 2000 { Keep::First } else { Keep::Second }
        },
    );
    assert_eq!(how, Misbehaviour::Remembers);
    assert!(how.to_string().contains("a rule is a pure function"), "{how}");
}

#[test]
fn a_rule_that_accepts_nothing_was_not_tested() {
    let failure = Verify::rule(ReadOnly).run().unwrap_err();
    assert!(matches!(failure, Failure::Vacuous { .. }), "{failure}");
}

#[test]
fn a_scope_too_large_is_not_called_safe() {
    let failure = Verify::rule(LastWriteWins).at_most(10).run().unwrap_err();
    assert!(matches!(failure, Failure::NotExhausted(_)), "{failure}");
}

#[test]
fn a_written_trace_replays_under_the_rule_that_it_convicts_and_under_no_other() {
    let Err(Failure::Violated { file: Some(file), .. }) = Verify::rule(CustomMerged(longest_number)).run() else {
        panic!("the trace is written");
    };
    let replayed = Verify::rule(CustomMerged(longest_number)).replay(&file).unwrap_err();
    assert!(matches!(&replayed, Failure::Replayed(report) if report.contains("no causal loss")), "{replayed}");
    assert!(Verify::rule(Custom(longest_number)).replay(&file).is_ok());
}
