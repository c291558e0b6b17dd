//! On any topology and any schedule, each rule keeps its promise in every state, and all masters agree in the end.

mod world;

use multimaster::resolver::Side;
use multimaster::{
    ArrivalWins, Counter, Custom, CustomMerged, LastWriteWins, MultiValue, ObservedRemoveSet, Resolver, VersionVector,
    lower_seat,
};
use world::reference::{self, Reference};
use world::steps::counterexample;
use world::{Broken, KEYS, World};

const CASES: u32 = 4000;

#[test]
fn last_write_wins_reads_the_latest_stamp() {
    converges(LastWriteWins, reference::last_write);
}

#[test]
fn custom_reads_the_lowest_seat_of_what_no_later_write_had_seen() {
    converges(Custom(lower_seat), reference::lowest_seat);
}

#[test]
fn multi_value_reads_all_that_no_later_write_had_seen() {
    converges(MultiValue, reference::multi_value);
}

#[test]
fn a_counter_reads_the_sum_of_all_adds() {
    converges(Counter, reference::total);
}

#[test]
fn a_set_reads_the_elements_whose_insert_no_later_write_had_seen() {
    converges(ObservedRemoveSet, reference::elements);
}

/// The laws can fail: here is a rule that does not converge.
#[test]
fn arrival_wins_disagrees_and_is_caught() {
    is_caught(ArrivalWins);
}

/// And one that looks as if it should.
#[test]
fn custom_merged_disagrees_and_is_caught() {
    is_caught(CustomMerged(lower_seat));
}

#[test]
fn merging_is_a_join_of_last_writes() {
    merges(LastWriteWins, reference::last_write);
}

#[test]
fn merging_is_a_join_of_siblings() {
    merges(MultiValue, reference::multi_value);
}

#[test]
fn merging_is_a_join_of_counters() {
    merges(Counter, reference::total);
}

#[test]
fn merging_is_a_join_of_sets() {
    merges(ObservedRemoveSet, reference::elements);
}

fn converges<R: Resolver>(rule: R, promise: Reference) {
    holds(CASES, |topology, steps| {
        let mut world = World::new(rule.clone(), topology, Some(promise));
        world.run(steps)?;
        world.clone().settle_by_pushes()?;
        world.settle_by_digests()
    });
}

fn is_caught<R: Resolver>(rule: R) {
    let found = counterexample(CASES, Some(1), |topology, steps| {
        let mut world = World::new(rule.clone(), topology, None);
        world.run(steps)?;
        world.settle_by_digests()
    });
    let found = found.expect("a schedule after which masters disagree");
    assert!(found.contains("have seen the same and disagree"), "{found}");
}

/// Commutative, associative, idempotent, and no other than if both sides' changes had come one by one.
fn merges<R: Resolver>(rule: R, promise: Reference) {
    holds(CASES / 5, |topology, steps| {
        let mut world = World::new(rule.clone(), topology, Some(promise));
        world.run(steps)?;
        KEYS.iter().try_for_each(|key| key_merges(&world, key))
    });
}

fn key_merges<R: Resolver>(world: &World<R>, key: &str) -> Result<(), Broken> {
    let held = |master: &multimaster::Replica<R>| Held {
        state: master.state(key).cloned().unwrap_or_default(),
        seen: master.digest().clone(),
    };
    let broken = |law: &str, key: &str| Err(world.broken(format_args!("merging {key} is not {law}")));
    for a in &world.masters {
        let (rule, ours) = (a.rule(), held(a));
        if ours.join(&ours, rule) != ours {
            return broken("idempotent", key);
        }
        for b in &world.masters {
            let both = ours.join(&held(b), rule);
            if both != held(b).join(&ours, rule) {
                return broken("commutative", key);
            }
            let told: Vec<_> = world.saw(a.id()).iter().chain(world.saw(b.id())).copied().collect();
            if Some(rule.read(&both.state)) != world.promised(key, &told) {
                return broken("what was promised", key);
            }
            for c in &world.masters {
                if both.join(&held(c), rule) != ours.join(&held(b).join(&held(c), rule), rule) {
                    return broken("associative", key);
                }
            }
        }
    }
    Ok(())
}

/// A state of one key, and what it reflects.
#[derive(PartialEq)]
struct Held<S> {
    state: S,
    seen: VersionVector,
}

impl<S> Held<S> {
    fn side(&self) -> Side<'_, S> {
        Side { state: &self.state, seen: &self.seen }
    }

    fn join<R: Resolver<State = S>>(&self, other: &Held<S>, rule: &R) -> Held<S> {
        let mut seen = self.seen.clone();
        seen.join(&other.seen);
        Held { state: rule.merge(self.side(), other.side()).expect("this rule merges"), seen }
    }
}

fn holds(cases: u32, law: impl Fn(&multimaster::Topology, &[world::steps::Step]) -> Result<(), Broken>) {
    if let Some(found) = counterexample(cases, None, law) {
        panic!("{found}");
    }
}
