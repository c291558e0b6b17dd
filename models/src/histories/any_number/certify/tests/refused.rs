//! Rules that look at numbers, keep too much, or break late.

use super::*;
use multimaster::{Change, Dot, Op, Reading, Refusal, Resolver, Side, Timestamp, Version, VersionVector};
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, Hash};

/// The last write wins, by another order of timestamps.
#[derive(Clone)]
pub(super) struct Ordered(pub(super) fn(&Version, &Version) -> bool);

impl Resolver for Ordered {
    type State = Option<Version>;
    type Effect = Option<multimaster::Text>;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        op.into_value()
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let came = Version { timestamp: change.timestamp, dot: change.dot, value: change.effect.clone() };
        let wins = state.as_ref().is_none_or(|held| (self.0)(&came, held));
        if wins {
            *state = Some(came);
        }
        wins
    }

    fn read(&self, state: &Self::State) -> Reading {
        LastWriteWins.read(state)
    }

    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        LastWriteWins.shows(state, dot)
    }
}

fn looks_at(rule: fn(&Version, &Version) -> bool) -> &'static str {
    match certified(Ordered(rule), 2, 2).obstacle {
        Some(Obstacle::Looks { within: "apply", at }) => at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rule_that_compares_is_certified() {
    assert_eq!(violated(&certified(Ordered(|came, held| came.timestamp > held.timestamp), 2, 2)), [p::NO_POLICY_LOSS]);
    let by_dot = |came: &Version, held: &Version| {
        let mut of_held = VersionVector::default();
        of_held.insert(held.dot);
        of_held.contains(came.dot) || came.timestamp >= held.timestamp
    };
    assert_eq!(violated(&certified(Ordered(by_dot), 2, 2)), [p::NO_POLICY_LOSS]);
}

/// Small numbers would show nothing: with them, a clock modulo 1000 is no different from one that never ends.
#[test]
fn cyclic_clocks_are_not_certified() {
    assert_eq!(looks_at(|came, held| came.timestamp.time() % 8 > held.timestamp.time() % 8), "Timestamp::time");
    assert_eq!(looks_at(|came, held| came.timestamp.time() % 1000 > held.timestamp.time() % 1000), "Timestamp::time");
    assert_eq!(looks_at(|came, held| came.dot.seq() % 1000 > held.dot.seq() % 1000), "Dot::seq");
}

#[test]
fn every_way_to_a_number_is_watched() {
    assert_eq!(looks_at(|came, held| came.timestamp > held.timestamp || came.dot.to_string() == "A9"), "Dot::seq");
    assert_eq!(
        looks_at(|came, held| came.timestamp > held.timestamp && format!("{:?}", held.timestamp) != "9@A"),
        "Timestamp::time"
    );
    let at_most_8 = |came: &Version, held: &Version| {
        came.timestamp > held.timestamp && held.timestamp < Timestamp::new(9, held.timestamp.master())
    };
    assert_eq!(looks_at(at_most_8), "Timestamp::new");
    assert_eq!(
        looks_at(|came, held| came.timestamp > held.timestamp && came.dot != Dot::new(came.dot.origin(), 9)),
        "Dot::new"
    );
    let by_hash = |came: &Version, held: &Version| {
        let hash = |hashed: &dyn Fn(&mut dyn std::hash::Hasher)| {
            let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
            hashed(&mut hasher);
            std::hash::Hasher::finish(&hasher)
        };
        hash(&|mut hasher| came.timestamp.hash(&mut hasher)) > hash(&|mut hasher| held.timestamp.hash(&mut hasher))
    };
    assert_eq!(looks_at(by_hash), "the hash of a Timestamp");
    let by_vector = |came: &Version, _: &Version| {
        let mut vector = VersionVector::default();
        vector.insert(came.dot);
        vector.get(came.dot.origin()) < 9
    };
    assert_eq!(looks_at(by_vector), "VersionVector::get");
    let by_list = |came: &Version, held: &Version| {
        came.timestamp > held.timestamp && !VersionVector::from(vec![9]).contains(came.dot)
    };
    assert_eq!(looks_at(by_list), "VersionVector::from");
    let by_text = |came: &Version, held: &Version| {
        let text = |version: &Version| serde_json::to_string(&version.timestamp).unwrap();
        text(came) > text(held)
    };
    assert_eq!(looks_at(by_text), "Timestamp::time");
    let by_vector_text = |came: &Version, _: &Version| {
        let mut vector = VersionVector::default();
        vector.insert(came.dot);
        serde_json::to_string(&vector).unwrap() < serde_json::to_string(&[9]).unwrap()
    };
    assert_eq!(looks_at(by_vector_text), "the serialized form of a VersionVector");
}

/// A register with a further part of its state, which `keep` computes at each change.
#[derive(Clone)]
struct With<T>(fn(&T, &Change<Option<multimaster::Text>>) -> T, fn(&T) -> bool);

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Both<T> {
    held: Option<Version>,
    more: T,
}

impl<T> Resolver for With<T>
where
    T: multimaster::resolver::Data + Default,
{
    type State = Both<T>;
    type Effect = Option<multimaster::Text>;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        op.into_value()
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        state.more = (self.0)(&state.more, change);
        (self.1)(&state.more) && LastWriteWins.apply(&mut state.held, change)
    }

    fn read(&self, state: &Self::State) -> Reading {
        LastWriteWins.read(&state.held)
    }

    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        LastWriteWins.shows(&state.held, dot)
    }
}

#[test]
fn a_rule_that_drops_the_seventh_change_is_violated_by_seven_writes() {
    let lost = |certificate: &Certificate| certificate.judged[p::NO_CAUSAL_LOSS].clone().map(|history| history.len());
    let counted = With::<u32>(|count, _| count + 1, |count| *count != 7);
    let certificate = certified(counted.clone(), 2, 1);
    assert_eq!(lost(&certificate), Some(7), "{certificate:?}");
    assert!(!certificate.covers(p::NO_CAUSAL_LOSS) && !certificate.covers(p::CONVERGENCE));
    // Which change is the seventh depends on the order.
    let certificate = certified(counted, 2, 2);
    assert!(matches!(&certificate.obstacle, Some(Obstacle::Differs(made)) if made.len() == 7), "{certificate:?}");
    // This rule counts no further, so its windows close.
    let certificate = certified(With::<u32>(|count, _| (count + 1).min(8), |count| *count != 7), 2, 1);
    assert_eq!((lost(&certificate), &certificate.obstacle), (Some(7), &None));
}

#[test]
fn a_rule_that_keeps_everything_is_not_certified() {
    let keeps = With::<std::collections::BTreeSet<Dot>>(
        |kept, change| kept.iter().copied().chain([change.dot]).collect(),
        |_| true,
    );
    let certificate = certified(keeps, 2, 1);
    assert!(matches!(certificate.obstacle, Some(Obstacle::Open { .. })), "{:?}", certificate.obstacle);
    let told = certificate.in_words();
    assert!(told.contains(" windows were not explored when the limit was reached. They begin at "), "{told}");
    // A counter's sum.
    let certificate = certified(multimaster::Counter, 2, 1);
    assert!(matches!(certificate.obstacle, Some(Obstacle::Open { .. })), "{:?}", certificate.obstacle);
}

#[test]
fn a_state_that_is_not_written_in_full_is_not_renamed() {
    #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    struct Hidden {
        #[serde(skip)]
        last: Option<Dot>,
    }
    let certificate = certified(With::<Hidden>(|_, change| Hidden { last: Some(change.dot) }, |_| true), 2, 2);
    assert!(matches!(certificate.obstacle, Some(Obstacle::Unfaithful(_))), "{:?}", certificate.obstacle);
}

#[test]
fn what_depends_on_the_order_or_the_master_is_not_certified() {
    let certificate = certified(multimaster::ArrivalWins, 2, 2);
    assert!(matches!(certificate.obstacle, Some(Obstacle::Differs(_))), "{:?}", certificate.obstacle);
    for system in ["goldengate-overwrite", "mysql", "pgd", "spock"] {
        let system = systems::System::named(system).unwrap();
        let erased = |at| system.rule(at);
        let requests = crate::histories::operations(&erased(MasterId(0)));
        let by_master = system.differs_by_node();
        let subject = Subject { rule: &erased, by_master, claims: Claims::Refuted, specification: None };
        let certificate = certify(&subject, limits(2, 3), requests).unwrap();
        assert!(!certificate.covers(p::NO_CAUSAL_LOSS), "{certificate:?}");
        assert!(certificate.obstacle.is_some(), "{certificate:?}");
    }
}
