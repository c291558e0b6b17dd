//! The laws of rules on all small histories: the shipped data types are joins, and for each law there is a rule that
//! breaks it and is found.

use multimaster::{
    ArrivalWins, BoundedCounter, Change, Counter, Custom, CustomMerged, DisableWinsFlag, Dot, EnableWinsFlag,
    GrowOnlyCounter, GrowOnlySet, Keep, Kind, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins,
    MaxRegister, MinRegister, MultiValue, ObservedRemoveMap, ObservedRemoveSet, Op, Reading, Refusal, RemoveWinsSet,
    Resolver, Side, Text, Timestamp, Version,
};
use multimaster_models::histories::laws::{self, Findings, Law};
use multimaster_models::rules::lower_seat;
use multimaster_models::rules::systems::System;
use multimaster_models::{SerdeRule, Verify};

fn of<R: SerdeRule>(rule: R) -> Findings {
    laws::check(&|_| rule.clone(), |_| 0)
}

fn broken(findings: &Findings) -> Vec<Law> {
    findings.broken.iter().map(|broken| broken.law).collect()
}

fn is_a_join<R: SerdeRule>(rule: R) {
    let findings = of(rule);
    let others: Vec<Law> = broken(&findings).into_iter().filter(|law| *law != Law::Repeatable).collect();
    assert!(others.is_empty() && findings.merges, "{:?}", findings.broken);
    assert!(findings.histories >= 160, "{}", findings.histories);
}

#[test]
fn the_data_types_are_joins() {
    is_a_join(LastWriteWins);
    is_a_join(Custom(lower_seat));
    is_a_join(MultiValue);
    is_a_join(Counter);
    is_a_join(GrowOnlyCounter);
    is_a_join(BoundedCounter);
    is_a_join(ObservedRemoveSet);
    is_a_join(RemoveWinsSet);
    is_a_join(GrowOnlySet);
    is_a_join(EnableWinsFlag);
    is_a_join(DisableWinsFlag);
    is_a_join(MaxRegister);
    is_a_join(MinRegister);
    is_a_join(LastWriteMap);
    is_a_join(LastWriteWall);
    is_a_join(LastWriteMapWall);
    is_a_join(ObservedRemoveMap);
}

/// Two masters and one write each are enough, with the two smallest values.
#[test]
fn what_arrives_last_depends_on_the_order() {
    let findings = of(ArrivalWins);
    assert!(!findings.merges);
    assert_eq!(broken(&findings), [Law::Commutative, Law::Repeatable]);
    let first = findings.broken[0].to_string();
    assert!(
        first.starts_with("not commutative: A1 = `set k = 1` after nothing; B1 = `set k = 2` after nothing"),
        "{first}"
    );
    assert!(first.contains("A1 B1 in this order: reads 2") && first.contains("A1 after B1: reads 1"), "{first}");
}

#[test]
fn a_function_over_merged_values_is_not_associative() {
    let larger = |a: &Version, b: &Version| if b.value > a.value { Keep::Second } else { Keep::First };
    let findings = of(CustomMerged(larger));
    assert!(broken(&findings).starts_with(&[Law::Commutative, Law::Associative]), "{:?}", findings.broken);
    assert_eq!(findings.broken[1].writes.len(), 3);
}

/// Systems that purge deletes at once, and ones whose deltas count at each delivery.
#[test]
fn laws_that_real_systems_break() {
    let of = |name: &str| {
        let system = System::named(name).unwrap();
        broken(&laws::check(&|at| system.rule(at), |_| 0))
    };
    assert_eq!(of("cassandra-purged"), [Law::Commutative, Law::Inflationary, Law::Repeatable]);
    assert_eq!(of("goldengate-usedelta"), [Law::Repeatable]);
    assert_eq!(of("couchbase"), [Law::Commutative]);
    assert_eq!(of("cassandra"), []);
}

/// A total, merged by a function of the two totals.
#[derive(Clone)]
struct Total(fn(i64, i64) -> i64);

impl Resolver for Total {
    type State = i64;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, _: &i64, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
        match op {
            Op::Add(amount) => Ok(amount),
            other => Err(Refusal::WrongKind(other.clone())),
        }
    }

    fn apply(&self, state: &mut i64, change: &Change<i64>) -> bool {
        *state += change.effect;
        true
    }

    fn read(&self, state: &i64) -> Reading {
        Reading::Total(*state)
    }

    fn merge(&self, ours: Side<'_, i64>, theirs: Side<'_, i64>) -> Option<i64> {
        Some((self.0)(*ours.state, *theirs.state))
    }

    fn shows(&self, _: &i64, _: Dot) -> bool {
        true
    }
}

#[test]
fn each_law_of_merging_can_be_broken() {
    let sum = of(Total(|ours, theirs| ours + theirs));
    assert!(broken(&sum).starts_with(&[Law::Idempotent, Law::Inflationary]), "{:?}", sum.broken);
    let first = of(Total(|ours, _| ours));
    assert!(broken(&first).contains(&Law::Commutative) && !broken(&first).contains(&Law::Idempotent));
    let mean = of(Total(|ours, theirs| (ours + theirs) / 2));
    assert!(broken(&mean).contains(&Law::Associative) && !broken(&mean).contains(&Law::Commutative));
    let greater = of(Total(i64::max));
    assert!(broken(&greater).contains(&Law::Agreeing) && !broken(&greater).contains(&Law::Associative));
}

/// Keeping either of two equal values makes no difference to a reader.
#[test]
fn states_that_no_reader_can_tell_apart_break_no_law() {
    let system = System::named("antidote").unwrap();
    let findings = laws::check(&|at| system.rule(at), |state| format!("{state:?}").len());
    assert!(findings.broken.is_empty() && findings.bytes > 20, "{findings:?}");
}

#[test]
fn the_same_is_found_whenever_it_is_looked_for() {
    assert_eq!(of(MultiValue).digest, of(MultiValue).digest);
    assert_ne!(of(MultiValue).digest, of(LastWriteWins).digest);
}

/// A register that keeps the write with the greatest number, and of equal ones the later.
#[derive(Clone)]
struct Greatest {
    number: fn(&Change<(u64, Text)>) -> u64,
    by_clocks: bool,
}

impl Resolver for Greatest {
    type State = Option<(u64, Timestamp, Text)>;
    type Effect = (u64, Text);

    fn uses_wall_clock(&self) -> bool {
        self.by_clocks
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<(u64, Text), Refusal> {
        match (op.time(), op.untimed()) {
            (time, Op::Set(value)) => Ok((time.unwrap_or(0), value.clone())),
            (_, other) => Err(Refusal::WrongKind(other.clone())),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<(u64, Text)>) -> bool {
        let came = Some(((self.number)(change), change.timestamp, change.effect.1.clone()));
        let altered = came > *state;
        *state = state.take().max(came);
        altered
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().map_or(Reading::Nothing, |(.., value)| Reading::Value(value.clone()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state.clone().max(theirs.state.clone()))
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        true
    }
}

fn by_number(number: fn(&Change<(u64, Text)>) -> u64) -> Findings {
    of(Greatest { number, by_clocks: false })
}

fn by_clock(number: fn(&Change<(u64, Text)>) -> u64) -> Findings {
    of(Greatest { number, by_clocks: true })
}

#[test]
fn rules_may_compare_numbers() {
    for found in [
        by_number(|change| change.timestamp.time()),
        by_number(|change| u64::from(change.dot.origin().0) << 48 | change.dot.seq()),
        by_clock(|change| change.effect.0),
    ] {
        assert_eq!(broken(&found), [], "{:?}", found.broken);
    }
}

#[test]
fn more_than_the_order_of_numbers_is_told_with_both_readings() {
    let first = by_number(|change| change.timestamp.time() % 8);
    assert_eq!(broken(&first), [Law::OrderOnly]);
    let told = first.broken[0].to_string();
    assert!(told.starts_with("not order only: A1 = `set k = 1` after nothing; A2 = `set k = 2` after A1\n"), "{told}");
    assert!(
        told.contains("with A1 at time 1, A2 at time 2: A reads 2\n") && told.ends_with(": A reads 1 (seed 1)"),
        "{told}"
    );
    for found in [
        by_number(|change| change.timestamp.time() % 1000),
        by_number(|change| if change.timestamp.time() > 100 { u64::MAX - change.timestamp.time() } else { 0 }),
        by_number(|change| change.dot.seq() % 2),
        // The numbers of different masters are not compared.
        by_number(|change| change.dot.seq()),
        by_clock(|change| change.effect.0 & 0xffff),
        // Within a window the last write wins, and of several windows the first.
        by_clock(|change| u64::MAX - change.effect.0 / 5000),
    ] {
        assert_eq!(broken(&found), [Law::OrderOnly], "{:?}", found.broken);
    }
}

/// Refusals count as differences, too.
#[test]
fn a_refusal_by_number_is_told() {
    #[derive(Clone)]
    struct Few;

    impl Resolver for Few {
        type State = i64;
        type Effect = i64;

        fn kind(&self) -> Kind {
            Kind::Counter
        }

        fn prepare(&self, state: &i64, op: Op, dot: Dot, timestamp: Timestamp) -> Result<i64, Refusal> {
            match dot.seq() {
                0..=100 => Total(i64::max).prepare(state, op, dot, timestamp),
                _ => Err(Refusal::Because("no more".into())),
            }
        }

        fn apply(&self, state: &mut i64, change: &Change<i64>) -> bool {
            Total(i64::max).apply(state, change)
        }

        fn read(&self, state: &i64) -> Reading {
            Reading::Total(*state)
        }

        fn merge(&self, _: Side<'_, i64>, _: Side<'_, i64>) -> Option<i64> {
            None
        }

        fn shows(&self, _: &i64, _: Dot) -> bool {
            true
        }
    }
    let found = of(Few);
    let told = found.broken.iter().find(|broken| broken.law == Law::OrderOnly).unwrap().to_string();
    assert!(told.contains("the last makes one change") && told.contains("the last is refused (seed "), "{told}");
}

#[test]
fn a_rule_that_looks_at_the_key_is_told() {
    let found = by_number(|change| {
        if change.key.starts_with('k') { change.timestamp.time() } else { u64::MAX - change.timestamp.time() }
    });
    assert_eq!(broken(&found), [Law::KeyBlind]);
    let told = found.broken[0].to_string();
    assert!(told.contains("under the key `k`: ") && told.contains("under the key `other`: "), "{told}");
}

/// A rule may break the law on purpose, by measuring the distance of two times.
#[test]
fn a_law_can_be_done_without() {
    let verify =
        || Verify::rule(Greatest { number: |change| change.timestamp.time() % 1000, by_clocks: false }).quiet();
    let only = |name: &str| verify().only(name).requests(["A: set k = 1", "B: set k = 2"]).run();
    let failure = only("order only").unwrap_err().to_string();
    assert!(failure.contains("not order only: ") && failure.contains(".allow(\"order only\")"), "{failure}");
    assert!(only("key blind").is_ok());
}
