//! Rules that lie: each makes a false claim about itself, and one check refutes it.

use multimaster::{Change, Dot, Kind, Op, Reading, Refusal, Resolver, Side, Text, Timestamp};
use multimaster_models::histories::claims;
use multimaster_models::history::Claims;
use multimaster_models::properties as p;
use multimaster_models::verify::rules;
use multimaster_models::verify::{Failure, Misbehaviour, Verify};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

/// The concurrent versions of a register, in the order of timestamps.
type Held = Vec<(Timestamp, Dot, Text)>;

/// A multi-value register with another reading, other claims about the writes that it shows, or other claims about
/// changes.
#[derive(Clone, Copy)]
struct Liar {
    read: fn(&[Text]) -> Reading,
    shows: fn(&Held, Dot) -> bool,
    altered: bool,
}

const HONEST: Liar = Liar { read: all, shows: held, altered: true };

fn all(values: &[Text]) -> Reading {
    match values {
        [] => Reading::Nothing,
        [one] => Reading::Value(one.clone()),
        several => Reading::Values(several.to_vec()),
    }
}

fn one(text: impl Into<Text>) -> Reading {
    Reading::Value(text.into())
}

fn held(held: &Held, dot: Dot) -> bool {
    held.iter().any(|(_, own, _)| *own == dot)
}

impl Resolver for Liar {
    type State = Held;
    type Effect = (Vec<Dot>, Option<Text>);

    fn prepare(&self, state: &Held, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        let gone = state.iter().map(|(_, dot, _)| *dot).collect();
        match op {
            Op::Set(value) => Ok((gone, Some(value))),
            Op::Delete => Ok((gone, None)),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut Held, change: &Change<Self::Effect>) -> bool {
        let (gone, value) = &change.effect;
        state.retain(|(_, dot, _)| !gone.contains(dot));
        state.extend(value.iter().map(|value| (change.timestamp, change.dot, value.clone())));
        state.sort();
        self.altered
    }

    fn read(&self, state: &Held) -> Reading {
        let values: Vec<Text> = state.iter().map(|(.., value)| value.clone()).collect();
        (self.read)(&values)
    }

    fn merge(&self, ours: Side<'_, Held>, theirs: Side<'_, Held>) -> Option<Held> {
        let stays = |version: &&(Timestamp, Dot, Text), other: &Side<'_, Held>| {
            other.state.contains(version) || !other.seen.contains(version.1)
        };
        let mut merged: Held = ours.state.iter().filter(|version| stays(version, &theirs)).cloned().collect();
        merged.extend(theirs.state.iter().filter(|version| stays(version, &ours)).cloned());
        merged.sort();
        merged.dedup();
        Some(merged)
    }

    fn shows(&self, state: &Held, dot: Dot) -> bool {
        (self.shows)(state, dot)
    }
}

fn failure(liar: Liar) -> String {
    Verify::rule(liar).lossless().lawless().quiet().run().expect_err("it lies").to_string()
}

#[test]
fn the_honest_twin_passes() {
    let passed = Verify::rule(HONEST).lossless().quiet().run();
    assert!(passed.is_ok(), "{}", passed.unwrap_err());
}

/// A false claim that a reading shows a write is refuted by a run in which another value in its place reads the same.
#[test]
fn a_false_word_on_what_is_shown_is_refuted_with_its_run() {
    let joined = |values: &[Text]| values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join("+");
    assert_eq!(joined(&["a".into(), "b".into()]), "a+b");
    let lies: [(&str, Liar); 8] = [
        (
            "reads a constant",
            Liar { read: |held| if held.is_empty() { Reading::Nothing } else { one("default") }, ..HONEST },
        ),
        (
            "reads a default on conflict",
            Liar { read: |held| if held.len() > 1 { one("default") } else { all(held) }, ..HONEST },
        ),
        (
            "reads nothing on conflict",
            Liar { read: |held| if held.len() > 1 { Reading::Nothing } else { all(held) }, ..HONEST },
        ),
        (
            "reads the last and says that it shows all",
            Liar { read: |held| all(&held[held.len().saturating_sub(1)..]), ..HONEST },
        ),
        (
            "reads the largest and says that it shows all",
            Liar { read: |held| held.iter().max().cloned().map_or(Reading::Nothing, Reading::Value), ..HONEST },
        ),
        (
            "makes a text of the first that drops the others",
            Liar {
                read: |held| if held.len() > 1 { one(format!("{} and others", held[0])) } else { all(held) },
                ..HONEST
            },
        ),
        (
            "makes a text that keeps a letter of each",
            Liar {
                read: |held| match held {
                    [_, _, ..] => one(held.iter().filter_map(|value| value.chars().next()).collect::<String>()),
                    held => all(held),
                },
                ..HONEST
            },
        ),
        (
            "makes a text that says how many there were",
            Liar {
                read: |held| if held.len() > 1 { one(format!("{} values", held.len())) } else { all(held) },
                ..HONEST
            },
        ),
    ];
    for (what, liar) in lies {
        let told = failure(liar);
        assert!(told.contains("the rule says that ") && told.contains("is not shown"), "{what}: {told}");
        assert!(told.contains("1. "), "{what}, without its run: {told}");
    }
}

#[test]
fn a_rule_that_hides_what_it_shows_is_refuted() {
    let told = failure(Liar { shows: |_, _| false, ..HONEST });
    assert!(told.contains("does not show A1: it does"), "{told}");
}

/// A text in which each value can be recognised shows all values: nothing is lost.
#[test]
fn a_text_that_keeps_both_loses_nothing() {
    let joined = Liar {
        read: |held| match held {
            [_, _, ..] => one(held.iter().map(|value| value.as_str()).collect::<Vec<_>>().join("+")),
            held => all(held),
        },
        ..HONEST
    };
    assert_eq!(claims::of(&joined), Claims::Tested);
    let passed = Verify::rule(joined).lossless().quiet().run();
    assert!(passed.is_ok(), "{}", passed.unwrap_err());
}

/// The readings alone show this, without the rule's claims.
#[test]
fn what_is_read_tells_of_a_loss_to_nothing_and_of_what_nobody_wrote() {
    let silent = |read| Liar { read, shows: |_, _| false, ..HONEST };
    let only = |liar: Liar, property: &str| {
        let told = Verify::rule(liar).only(property).quiet().run().expect_err(property).to_string();
        assert!(told.contains(&format!("{property} is violated")), "{told}");
    };
    only(silent(|held| if held.len() > 1 { Reading::Nothing } else { all(held) }), p::NO_TOTAL_LOSS);
    only(silent(|held| if held.len() > 1 { one("default") } else { all(held) }), p::NO_INVENTION);
    only(silent(|held| all(&held[held.len().saturating_sub(1)..])), p::NO_POLICY_LOSS);
}

/// A rule that admits these losses still fails the default `verify`, without `.lossless()`.
#[test]
fn a_loss_to_nothing_and_what_nobody_wrote_fail_by_default() {
    let honestly = |read| Liar { read, shows: |held, dot| held.len() == 1 && held[0].1 == dot, ..HONEST };
    for (read, property) in [
        (honestly(|held| if held.len() > 1 { Reading::Nothing } else { all(held) }), p::NO_TOTAL_LOSS),
        (honestly(|held| if held.len() > 1 { one("default") } else { all(held) }), p::NO_INVENTION),
    ] {
        let told = Verify::rule(read).quiet().run().expect_err(property).to_string();
        assert!(told.contains(&format!("{property} is violated")), "{told}");
        assert!(!told.contains("a concurrent write won"), "{told}");
    }
}

#[test]
fn a_rule_that_asks_the_clock_is_told() {
    let asks = |held: &[Text]| match (held, SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)) {
        ([first, _, ..], Ok(now)) => one(format!("{first} at {}", now.as_nanos())),
        _ => all(held),
    };
    let failure = Verify::rule(Liar { read: asks, ..HONEST }).quiet().run().expect_err("it asks the clock");
    assert!(matches!(failure, Failure::Misbehaves(Misbehaviour::NotDeterministic { .. })), "{failure}");
}

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_rule_that_counts_its_calls_is_told() {
    let counts = |held: &[Text]| {
        // Two successive calls give the same answer.
        let late = CALLS.fetch_add(1, Ordering::Relaxed) / 5_000 % 2 == 1;
        if late && held.len() > 1 { one("late") } else { all(held) }
    };
    let failure = Verify::rule(Liar { read: counts, ..HONEST }).quiet().run().expect_err("it remembers");
    assert!(matches!(failure, Failure::Misbehaves(_)), "{failure}");
}

#[test]
fn a_rule_that_says_that_nothing_changed_is_told() {
    let failure = Verify::rule(Liar { altered: false, ..HONEST }).quiet().run().expect_err("it did change");
    assert!(matches!(failure, Failure::Misbehaves(Misbehaviour::FalseReport { .. })), "{failure}");
}

/// The claims of the shipped rules are true.
#[test]
fn the_rules_that_ship_say_the_truth() {
    for rule in rules::all() {
        assert_eq!(rule.claims(), Claims::Tested, "{}", rule.name);
    }
    assert!(rules::all().iter().any(|rule| rule.kind() == Kind::Register));
}
