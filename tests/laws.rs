//! On any topology and any schedule, each rule meets its specification in every state, and all masters agree in the
//! end.

mod common;
mod world;

use common::lower_seat;
use multimaster::resolver::Side;
use multimaster::{
    ArrivalWins, Counter, Custom, CustomMerged, LastWriteWins, MultiValue, ObservedRemoveSet, Resolver, Topology,
    VersionVector,
};
use std::cell::Cell;
use std::collections::BTreeMap;
use world::reference::{self, Reference};
use world::steps::{Step, counterexample, schedules, schedules_with_collections, schedules_with_crashes};
use world::{Broken, KEYS, World};

const CASES: u32 = 4000;

#[test]
fn last_write_wins_reads_the_latest_timestamp() {
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

/// The tests can fail: this rule does not converge.
#[test]
fn arrival_wins_disagrees_and_is_caught() {
    is_caught(ArrivalWins);
}

/// This rule looks as if it converged, and does not.
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
    let found = counterexample(CASES, Some(1), schedules(), |topology, steps| {
        let mut world = World::new(rule.clone(), topology, None);
        world.run(steps)?;
        world.settle_by_digests()
    });
    let found = found.expect("a schedule after which masters disagree");
    assert!(found.contains("have seen the same and disagree"), "{found}");
}

/// Masters lose some or all of their state, and go on under fresh origins.
#[test]
fn masters_that_crash_agree_with_the_others_on_what_survives() {
    crashes(LastWriteWins, reference::last_write);
    crashes(Counter, reference::total);
    crashes(ObservedRemoveSet, reference::elements);
    crashes(MultiValue, reference::multi_value);
}

fn crashes<R: Resolver>(rule: R, promise: Reference) {
    let found = counterexample(CASES / 2, None, schedules_with_crashes(), |topology, steps| {
        let mut world = World::new(rule.clone(), topology, Some(promise));
        world.run(steps)?;
        world.clone().settle_by_pushes()?;
        world.settle_by_digests()
    });
    assert_eq!(found, None);
}

/// Masters send each other their progress and collect tombstones, while some crash, die and are restored. Every
/// read must still equal that of the reference.
#[test]
fn tombstones_are_collected_and_no_read_tells() {
    let collected = Cell::new(0);
    let found = counterexample(CASES / 2, None, schedules_with_collections(), |topology, steps| {
        let mut world = World::new(LastWriteWins, topology, Some(reference::last_write)).collecting();
        world.run(steps)?;
        collected.set(collected.get() + world.collected);
        world.clone().settle_by_pushes()?;
        world.settle_by_digests()
    });
    assert_eq!(found, None);
    assert!(collected.get() > CASES as usize / 20, "{} tombstones were collected", collected.get());
}

/// Merging is commutative, associative and idempotent, and equals applying both sides' changes one by one.
fn merges<R: Resolver>(rule: R, promise: Reference) {
    holds(CASES / 5, |topology, steps| {
        let mut world = World::new(rule.clone(), topology, Some(promise));
        world.run(steps)?;
        KEYS.iter().try_for_each(|key| key_merges(&world, key))
    });
}

/// Every message, outcome and log is the same, except that an outcome may be applied or stale.
fn course<R: Resolver>(rule: R, topology: &Topology, steps: &[Step]) -> Result<String, Broken> {
    let mut world = World::new(rule, topology, None);
    // These rules are no joins, so masters may disagree.
    world.judges_reads = false;
    world.run(steps)?;
    let logs = world.masters.iter().map(|master| {
        let log: Vec<String> = master.log().map(|change| format!("{}={}", change.timestamp, change.dot)).collect();
        format!("\n{} {}", master.id(), log.join(" "))
    });
    let logs: String = logs.collect();
    Ok(world.broken(logs).replace("Stale", "Applied"))
}

#[test]
fn the_protocol_takes_one_course_whatever_the_rule() {
    holds(CASES / 20, |topology, steps| {
        let one = course(LastWriteWins, topology, steps)?;
        let others = [
            course(ArrivalWins, topology, steps)?,
            course(MultiValue, topology, steps)?,
            course(Custom(lower_seat), topology, steps)?,
            course(CustomMerged(lower_seat), topology, steps)?,
        ];
        let other = others.into_iter().find(|other| *other != one);
        other.map_or(Ok(()), |other| Err(format!("{one}\nunder another rule:\n{other}")))
    });
}

/// If the rule applies only the changes to one key, in the order of the master's log, it computes the master's row, and
/// prepares each of the master's own changes.
fn each_row_is_made_of_its_own_changes<R: Resolver>(rule: R) {
    holds(CASES / 20, |topology, steps| {
        let mut world = World::new(rule.clone(), topology, None);
        world.judges_reads = false;
        // Without snapshots a log is whole.
        let whole: Vec<Step> = steps.iter().filter(|step| !matches!(step, Step::Truncate { .. })).cloned().collect();
        world.run(&whole)?;
        for master in &world.masters {
            assert_eq!(*master.truncated(), VersionVector::default(), "the log is whole");
            let mut rows: BTreeMap<&str, R::State> = BTreeMap::new();
            for change in master.log() {
                let row = rows.entry(&change.key).or_default();
                let write = world.history.iter().find(|write| write.dot == change.dot).expect("it was written");
                if change.dot.origin() == master.id()
                    && rule.prepare(row, write.op.clone(), change.dot, change.timestamp).as_ref() != Ok(&change.effect)
                {
                    return Err(world.broken(format_args!("{} is not made of its row", change.dot)));
                }
                rule.apply(row, change);
            }
            for (key, row) in rows {
                if master.state(key).cloned().unwrap_or_default() != row {
                    return Err(world.broken(format_args!("{} keeps another {key} than {row:?}", master.id())));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn each_row_is_made_of_its_own_changes_in_the_order_of_the_log() {
    each_row_is_made_of_its_own_changes(ArrivalWins);
    each_row_is_made_of_its_own_changes(CustomMerged(lower_seat));
    each_row_is_made_of_its_own_changes(MultiValue);
    each_row_is_made_of_its_own_changes(Counter);
    each_row_is_made_of_its_own_changes(ObservedRemoveSet);
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

/// A state of one key, and the changes that it reflects.
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
    if let Some(found) = counterexample(cases, None, schedules(), law) {
        panic!("{found}");
    }
}
