//! Bring your own rule: one call checks it over all topologies, and a wrong one fails with its shortest schedule.
#![allow(missing_docs)]

use multimaster::{
    BoundedCounter, Change, Counter, Custom, CustomMerged, Dot, Keep, LastWriteWins, MultiValue, ObservedRemoveSet, Op,
    Reading, Refusal, Resolver, Side, Stamp, Text, Version,
};
use multimaster_models::specification;
use multimaster_models::verify::{Failure, Verify};

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

    fn prepare(&self, _: &Self::State, op: &Op, _: Dot, _: Stamp) -> Result<Text, Refusal> {
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

    fn prepare(&self, (): &(), _: &Op, _: Dot, _: Stamp) -> Result<(), Refusal> {
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
