//! Equality is decided by content, never by a hash alone.

use multimaster::resolver::Side;
use multimaster::{
    Change, Dot, Kind, LastWriteWins, MasterId, Op, Reading, Refusal, Resolver, Text, Timestamp, Topology,
};
use multimaster_models::SerdeRule;
use multimaster_models::check::engine::{Limits, Report, Verdict, explore};
use multimaster_models::properties::CONVERGENCE;
use multimaster_models::report::check::{Checked, Engine, check};
use multimaster_models::scenario::Scenario;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::world::cluster::ClusterModel;
use std::hash::{Hash, Hasher};

fn checked([one, other]: [&str; 2]) -> Checked {
    let text = format!(
        "about = \"two values\"\nmasters = 2\ntopology = \"all-to-all\"\nrule = \"arrival\"\nlink = \"stream\"\n\n\
         [clients]\nA = [\"set {one}\"]\nB = [\"set {other}\"]\n"
    );
    check(&Scenario::parse("mine", "mine.toml", &text).unwrap(), Engine::Own, &mut |_, _| {})
}

/// Two values with the same 64-bit hash, together with this key, under foldhash with the seed 0.
#[test]
fn two_readings_with_one_hash_are_two() {
    let pair = ["seat128 = a^j&90G>: 14 Ann", "seat128 = a^j&90G>: 12 Bob"];
    let checked = checked(pair);
    let Some(Verdict::Violated(Some(path))) = checked.report.verdict(CONVERGENCE) else { panic!("{checked:?}") };
    assert_eq!(path.len(), 4);
}

/// The last write wins, and all states have the same hash.
#[derive(Clone)]
struct OneHash;

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
struct Alike<T>(T);

impl<T> Hash for Alike<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Resolver for OneHash {
    type State = Alike<Option<(Timestamp, Text)>>;
    type Effect = Alike<Text>;

    fn kind(&self) -> Kind {
        Kind::Register
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Self::Effect, Refusal> {
        match op {
            Op::Set(value) => Ok(Alike(value)),
            op => Err(Refusal::WrongKind(op)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
        let new = Some((change.timestamp, change.effect.0.clone()));
        let later = state.0 < new;
        if later {
            state.0 = new;
        }
        later
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.0.as_ref().map_or(Reading::Nothing, |(_, value)| Reading::Value(value.clone()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state.clone().max(theirs.state.clone()))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.0.as_ref().is_some_and(|(timestamp, _)| timestamp.master() == dot.origin())
    }
}

fn explored<R: SerdeRule>(rule: R) -> Report {
    let client = |at, ask: &str| Client { at: MasterId(at), requests: vec![ask.parse().unwrap()] };
    let scope = Scope {
        batch: 2,
        clients: vec![client(0, "set k = 1"), client(1, "set k = 2"), client(2, "set k = 3")],
        ..Scope::new(Topology::ring(3).unwrap(), LinkKind::Datagram { losses: 1, duplicates: 0 })
    };
    explore(&ClusterModel::new(scope, rule), Limits::default(), |_, _| {})
}

#[test]
fn a_rule_whose_states_hash_alike_is_explored_as_one_whose_states_do_not() {
    let (alike, plain) = (explored(OneHash), explored(LastWriteWins));
    assert_eq!((alike.states, alike.generated, alike.depth), (plain.states, plain.generated, plain.depth));
    assert_eq!(alike.verdict(CONVERGENCE), plain.verdict(CONVERGENCE));
    assert_eq!(alike.messages, plain.messages);
}

#[test]
fn the_key_of_a_run_is_seen_in_nothing() {
    let told = || {
        let mut report = checked(["k = 1", "k = 2"]).report;
        report.time = std::time::Duration::ZERO;
        format!("{report:?}")
    };
    assert_eq!(told(), told());
}
