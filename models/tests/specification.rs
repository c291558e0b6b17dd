//! Compares each data type with its specification, in every state of a small world and along long random histories. In
//! the same states, `merge` must satisfy the laws of a join.

pub(crate) mod world;

use multimaster::resolver::{Escrow, Tally};
use multimaster::{
    BoundedCounter, Change, Counter, Custom, DisableWinsFlag, Dot, EnableWinsFlag, GrowOnlyCounter, GrowOnlySet, Kind,
    LastWriteMap, LastWriteWins, MasterId, MaxRegister, MinRegister, MultiValue, ObservedRemoveMap, ObservedRemoveSet,
    Op, Reading, Refusal, RemoveWinsSet, Replica, Request, Resolver, Side, Timestamp,
};
use multimaster_models::SerdeRule;
use multimaster_models::properties::specification as spec;
use multimaster_models::rules::lower_seat;
use multimaster_models::scenario::catalogue;
use multimaster_models::scenario::{Explored, RuleName};
use multimaster_models::scope::Client;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use world::{AnyWorld, Specified, World};

/// Every rule with a specification, and the name of its scenario.
fn types() -> Vec<(RuleName, Specified)> {
    fn of<R: SerdeRule>(name: RuleName, rule: R, specification: spec::Specification) -> (RuleName, Specified) {
        (name, World::with(rule, specification, |_| true))
    }
    vec![
        of(RuleName::LastWrite, LastWriteWins, spec::last_write),
        of(RuleName::MultiValue, MultiValue, spec::multi_value),
        of(RuleName::Custom, Custom(lower_seat), spec::lowest_seat),
        of(RuleName::Counter, Counter, spec::total),
        of(RuleName::Set, ObservedRemoveSet, spec::add_wins_set),
        of(RuleName::RemoveWinsSet, RemoveWinsSet, spec::remove_wins_set),
        of(RuleName::GrowOnlySet, GrowOnlySet, spec::grow_only_set),
        of(RuleName::GrowOnlyCounter, GrowOnlyCounter, spec::total),
        (RuleName::BoundedCounter, World::with(BoundedCounter, spec::total, rights_are_the_stock)),
        of(RuleName::EnableWinsFlag, EnableWinsFlag, spec::enable_wins_flag),
        of(RuleName::DisableWinsFlag, DisableWinsFlag, spec::disable_wins_flag),
        of(RuleName::MaxRegister, MaxRegister, spec::greatest),
        of(RuleName::MinRegister, MinRegister, spec::least),
        of(RuleName::LastWriteMap, LastWriteMap, spec::last_write_map),
        of(RuleName::ObservedRemoveMap, ObservedRemoveMap, spec::observed_remove_map),
    ]
}

/// Rights are neither created nor lost: their sum equals the stock, so the stock is never negative.
fn rights_are_the_stock(master: &Replica<BoundedCounter>) -> bool {
    let untouched = Escrow::default();
    let escrow = master.state("k").unwrap_or(&untouched);
    let rights: u64 = (0..5).map(|id| escrow.rights(MasterId(id))).sum();
    matches!(master.read("k"), Reading::Total(stock) if u64::try_from(stock) == Ok(rights))
}

#[test]
fn every_rule_with_a_specification_is_here() {
    let here: Vec<RuleName> = types().into_iter().map(|(name, _)| name).collect();
    let without = [RuleName::Arrival, RuleName::CustomMerged, RuleName::LastWriteWall, RuleName::LastWriteMapWall];
    assert!(RuleName::ALL.iter().all(|(rule, ..)| here.contains(rule) != without.contains(rule)));
}

/// The requests of the shipped scenario of this type, for one key, here called `k`.
fn clients(rule: RuleName) -> Vec<Client> {
    let scenario = catalogue::find(&format!("types/{}", rule.name())).unwrap();
    let Explored::Cluster(_, scope) = scenario.subject else { panic!("no cluster") };
    let mut clients = scope.clients;
    clients.iter_mut().flat_map(|client| &mut client.requests).for_each(|ask| ask.key = "k".into());
    clients
}

/// Every order in which three masters can make their writes and receive each other's, one change at a time.
fn everywhere(start: &Specified, clients: &[Client]) -> Result<usize, String> {
    let mut seen = HashSet::new();
    let mut open: Vec<(Box<dyn AnyWorld>, Vec<usize>)> = vec![(start(3), vec![0; clients.len()])];
    while let Some((world, made)) = open.pop() {
        if !seen.insert((world.fingerprint(), made.clone())) {
            continue;
        }
        world.laws()?;
        for (place, client) in clients.iter().enumerate() {
            if let Some(ask) = client.requests.get(made[place]) {
                let (mut next, mut made) = (world.twin(), made.clone());
                made[place] += 1;
                next.write(client.at.index(), ask)?;
                open.push((next, made));
            }
        }
        for (from, to) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
            let mut next = world.twin();
            if next.deliver(from, to, 1)? {
                open.push((next, made.clone()));
            }
        }
    }
    Ok(seen.len())
}

#[test]
fn in_every_state_of_a_small_world() {
    for (rule, start) in types() {
        let states = everywhere(&start, &clients(rule)).unwrap_or_else(|broken| panic!("{}: {broken}", rule.name()));
        assert!(states > 1000, "{}: {states} states", rule.name());
    }
}

/// One step: in one of four cases a write, in one of nine a snapshot, otherwise changes from a neighbour's log.
#[derive(Clone, Debug)]
struct Step {
    what: u8,
    at: u8,
    from: u8,
    detail: u8,
}

fn histories() -> impl Strategy<Value = (u16, Vec<Step>)> {
    let step = any::<(u8, u8, u8, u8)>().prop_map(|(what, at, from, detail)| Step { what, at, from, detail });
    (3..=5u16, vec(step, 300..600))
}

fn along(start: &Specified, masters: u16, steps: &[Step]) -> Result<(), String> {
    let mut world = start(masters);
    for (place, step) in steps.iter().enumerate() {
        let at = usize::from(step.at) % usize::from(masters);
        let from = (at + 1 + usize::from(step.from) % (usize::from(masters) - 1)) % usize::from(masters);
        match step.what % 12 {
            0..4 => {
                let op = operation(world.kind(), step.detail, masters, place);
                world.write(at, &Request { key: "k".into(), op })?;
            }
            4 => {
                world.cut(from);
                world.deliver(from, at, 1)?;
            }
            _ => {
                world.deliver(from, at, 1 + usize::from(step.detail) % 4)?;
            }
        }
        if place % 32 == 0 {
            world.laws()?;
        }
    }
    world.laws()
}

/// Few seats, elements and fields, so that many writes conflict.
fn operation(kind: Kind, what: u8, masters: u16, place: usize) -> Op {
    let (choice, number) = (what % 8, i64::from(what / 8));
    let element = || ["red", "green"][usize::from(choice % 2)].into();
    let within = |op| Op::In { field: ["f", "g"][usize::from(what / 128)].into(), op: Box::new(op) };
    match kind {
        Kind::Register if choice == 0 => Op::Delete,
        Kind::Register => Op::Set(format!("{choice} w{place}").into()),
        Kind::Counter => Op::Add(number - 16),
        Kind::GrowOnlyCounter => Op::Add(number),
        Kind::BoundedCounter if choice < 2 => Op::Add(number % 8),
        Kind::BoundedCounter if choice < 5 => Op::Add(-(number % 4)),
        Kind::BoundedCounter => {
            Op::Transfer { amount: number.unsigned_abs() % 4, to: MasterId(u16::from(what) % masters) }
        }
        Kind::Set if choice < 4 => Op::Insert(element()),
        Kind::Set => Op::Remove(element()),
        Kind::GrowOnlySet => Op::Insert(format!("{number}").into()),
        Kind::Flag if choice < 4 => Op::Enable,
        Kind::Flag => Op::Disable,
        Kind::Maximum => Op::Raise(number - 16),
        Kind::Minimum => Op::Lower(number - 16),
        Kind::Map => match choice {
            0 | 1 => Op::Remove("f".into()),
            2 => within(Op::Delete),
            3 | 4 => within(Op::Set(format!("w{place}").into())),
            5 => within(Op::Add(number - 8)),
            6 => within(Op::Insert(["red", "green"][usize::from(what / 64 % 2)].into())),
            _ => within(Op::Remove(["red", "green"][usize::from(what / 64 % 2)].into())),
        },
        // Real systems' rules have no specification here.
        other => panic!("no operations of the kind {other:?} here"),
    }
}

/// The smallest history on which the type violates its specification, with the seed that finds it.
fn counterexample(start: &Specified, cases: u32) -> Option<String> {
    let given = Config::default();
    let seed = match given.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(cases),
    };
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..given };
    let tried = TestRunner::new(config)
        .run(&histories(), |(masters, steps)| along(start, masters, &steps).map_err(TestCaseError::fail));
    match tried {
        Ok(()) => None,
        Err(TestError::Fail(what, (masters, steps))) => {
            Some(format!("{what}, with {masters} masters after {steps:?}, by PROPTEST_RNG_SEED={seed}"))
        }
        Err(abort) => panic!("{abort}"),
    }
}

#[test]
fn along_long_random_histories() {
    for (rule, start) in types() {
        if let Some(found) = counterexample(&start, 12) {
            panic!("{}: {found}", rule.name());
        }
    }
}

/// A counter whose merge adds: K24.
#[derive(Clone)]
struct Doubling;

impl Resolver for Doubling {
    type State = BTreeMap<MasterId, Tally>;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<i64, Refusal> {
        Counter.prepare(state, op, dot, timestamp)
    }

    fn apply(&self, state: &mut Self::State, change: &Change<i64>) -> bool {
        Counter.apply(state, change)
    }

    fn read(&self, state: &Self::State) -> Reading {
        Counter.read(state)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let mut merged = ours.state.clone();
        for (master, tally) in theirs.state {
            merged.entry(*master).or_default().added += tally.added;
        }
        Some(merged)
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        true
    }
}

/// These tests can fail: on a merge that is no join, and on a type with another specification.
#[test]
fn broken_types_are_caught() {
    let doubling = World::with(Doubling, spec::total, |_| true);
    let broken = everywhere(&doubling, &clients(RuleName::Counter)).unwrap_err();
    assert!(broken.contains("not idempotent"), "{broken}");
    assert!(counterexample(&doubling, 4).is_some());
    let another = World::with(ObservedRemoveSet, spec::remove_wins_set, |_| true);
    let broken = everywhere(&another, &clients(RuleName::Set)).unwrap_err();
    assert!(broken.contains("reads {red}, not {}"), "{broken}");
    assert!(counterexample(&another, 4).is_some());
    let leaking = World::with(BoundedCounter, spec::total, |master| master.read("k") == Reading::Total(0));
    let broken = everywhere(&leaking, &clients(RuleName::BoundedCounter)).unwrap_err();
    assert!(broken.contains("breaks its invariant"), "{broken}");
}
