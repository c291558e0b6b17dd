//! Records of runs: the records of replicas are paths of the model, and an altered record is refused at the altered
//! step.

mod collects;
pub(crate) mod driver;
mod failures;
mod files;
mod fuzz;
mod long;
mod mutated;
mod wrong_master;

use driver::{Links, Run, is_snapshot, run};
use multimaster::record::Event;
use multimaster::{
    ArrivalWins, BoundedCounter, Cluster, Counter, Custom, CustomMerged, DisableWinsFlag, EnableWinsFlag, Faults,
    GrowOnlyCounter, GrowOnlySet, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins, Layout, MaxRegister,
    MinRegister, MultiValue, ObservedRemoveMap, ObservedRemoveSet, Options, Outcome, RemoveWinsSet, Setup, Topology,
};
use multimaster_models::SerdeRule;
use multimaster_models::record::conform::{Judged, Summary, check_text, replay};
use multimaster_models::rules::lower_seat;
use multimaster_models::scenario::RuleName;
use std::time::Duration;

/// The counts in the record, and the model's counts in the replay.
fn counts<R: SerdeRule>(run: &Run<R>) -> [usize; 7] {
    let count = |test: fn(&Event<R::State, R::Effect>) -> bool| run.count(test);
    [
        run.events.len(),
        count(|event| matches!(event, Event::Write { .. })),
        count(|event| matches!(event, Event::Read { .. })),
        count(|event| matches!(event, Event::Deliver { .. })),
        count(|event| matches!(event, Event::Lose { .. })),
        count(|event| matches!(event, Event::Duplicate { .. })),
        count(is_snapshot),
    ]
}

fn replayed(summary: &Summary) -> [usize; 7] {
    let mut all = [0; 7];
    for of in summary.shards.iter().map(|shard| &shard.tally) {
        let each = [of.steps, of.writes, of.reads, of.delivered, of.lost, of.repeated, of.snapshots];
        all.iter_mut().zip(each).for_each(|(all, one)| *all += one);
    }
    all
}

/// Runs under the rule, as files: every kind of event occurs, and each run is a path of the model.
fn conforms<R: SerdeRule>(rule: R, name: &str) {
    let mut all = [0; 7];
    let (mut refused, mut gaps) = (0, 0);
    for seed in 0..21 {
        let run = run(rule.clone(), name, Links::Faulty, 300, seed);
        let summary = check_text("run.jsonl", &run.text()).unwrap_or_else(|why| panic!("{name}, seed {seed}: {why}"));
        assert_eq!(replayed(&summary), counts(&run), "{name}, seed {seed}");
        let sound = !["arrival", "custom-merged"].contains(&name);
        for shard in &summary.shards {
            assert!(shard.seen_alike && shard.in_flight == 0, "{name}, seed {seed}");
            assert!(shard.read_alike || !sound, "{name}, seed {seed}");
            let Judged { causally, not_judged: 0, .. } = &shard.losses else { panic!("not judged") };
            assert!(causally.is_empty() || !sound, "{name}, seed {seed}: {causally:?}");
            refused += shard.tally.refused;
        }
        gaps += run.count(|event| matches!(event, Event::Deliver { outcome: Outcome::Gap, .. }));
        all.iter_mut().zip(counts(&run)).for_each(|(all, one)| *all += one);
    }
    assert!(all.iter().all(|count| *count > 20) && refused > 20 && gaps > 20, "{name}: {all:?} {refused} {gaps}");
}

macro_rules! rules {
    ($($test:ident $name:literal $rule:expr,)*) => {
        $(#[test]
        fn $test() {
            conforms($rule, $name);
        })*

        #[test]
        fn every_rule_is_there() {
            let all: Vec<&str> = RuleName::ALL.iter().map(|(_, name, _)| *name).collect();
            assert_eq!(all, [$($name),*]);
        }
    };
}

rules! {
    arrival "arrival" ArrivalWins,
    last_write "last-write" LastWriteWins,
    last_write_wall "last-write-wall" LastWriteWall,
    custom "custom" Custom(lower_seat),
    custom_merged "custom-merged" CustomMerged(lower_seat),
    multi_value "multi-value" MultiValue,
    counter "counter" Counter,
    set "set" ObservedRemoveSet,
    remove_wins_set "remove-wins-set" RemoveWinsSet,
    grow_only_set "grow-only-set" GrowOnlySet,
    grow_only_counter "grow-only-counter" GrowOnlyCounter,
    bounded_counter "bounded-counter" BoundedCounter,
    enable_wins_flag "enable-wins-flag" EnableWinsFlag,
    disable_wins_flag "disable-wins-flag" DisableWinsFlag,
    max_register "max-register" MaxRegister,
    min_register "min-register" MinRegister,
    last_write_map "last-write-map" LastWriteMap,
    last_write_map_wall "last-write-map-wall" LastWriteMapWall,
    observed_remove_map "observed-remove-map" ObservedRemoveMap,
}

#[test]
fn a_thousand_runs() {
    let mut steps = 0;
    for seed in 0..1_000 {
        let run = run(LastWriteWins, "last-write", Links::Faulty, 300, seed);
        let summary = replay(LastWriteWins, &run.setting, &run.events).unwrap_or_else(|why| panic!("{seed}: {why}"));
        assert_eq!(replayed(&summary), counts(&run));
        steps += run.events.len();
    }
    assert!(steps > 200_000, "{steps}");
}

/// The cost of a step does not grow with the length of the run.
#[test]
fn a_long_run() {
    let run = run(LastWriteWins, "last-write", Links::Faulty, 50_000, 7);
    assert_eq!(replayed(&check_text("long.jsonl", &run.text()).unwrap()), counts(&run));
}

#[test]
fn what_was_lost_by_policy_is_told() {
    let run = run(LastWriteWins, "last-write", Links::Sound, 300, 2);
    let summary = check_text("run.jsonl", &run.text()).unwrap();
    let lost: usize = summary.shards.iter().map(|shard| shard.losses.by_policy.len()).sum();
    assert!(lost > 0, "masters wrote without knowing of each other");
    let keeps = driver::run(MultiValue, "multi-value", Links::Sound, 300, 2);
    let summary = check_text("run.jsonl", &keeps.text()).unwrap();
    let none = |Judged { by_policy, causally, keys, not_judged }: &Judged| {
        by_policy.is_empty() && causally.is_empty() && *keys > 0 && *not_judged == 0
    };
    assert!(summary.shards.iter().all(|shard| none(&shard.losses)));
}

/// Threads write and read at masters whose links lose, repeat and delay messages, and whose logs are truncated.
#[test]
fn what_threads_did() {
    let faults = Faults::default().loss(0.1).duplication(0.1).delay(3);
    let master = Options::default().layout(Layout::of(2).unwrap()).log(4);
    let (mut lost, mut repeated, mut snapshots) = (0, 0, 0);
    for seed in 0..12 {
        let setup = Setup::default().master(master.clone()).batch(3).faults(faults).seed(seed).recorded();
        let topology =
            [Topology::ring(3), Topology::star(5), Topology::all_to_all(8)][seed as usize % 3].clone().unwrap();
        let cluster = Cluster::start(LastWriteWins, topology, setup).unwrap();
        let setting = cluster.setting("last-write");
        std::thread::scope(|threads| {
            for master in cluster.masters() {
                threads.spawn(|| {
                    for n in 0..20 {
                        let key = format!("k{}", n % 5);
                        master.set(&key, n.to_string()).unwrap();
                        master.get(&key);
                    }
                });
            }
        });
        cluster.heal_all();
        let ending = cluster.shutdown(Duration::from_secs(60));
        let run: Run<LastWriteWins> = Run { setting, events: ending.record };
        let summary = check_text("run.jsonl", &run.text()).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!(replayed(&summary), counts(&run), "seed {seed}");
        for shard in &summary.shards {
            assert!(shard.seen_alike && shard.read_alike && shard.in_flight == 0, "seed {seed}: {summary}");
        }
        let [_, _, _, _, l, r, s] = counts(&run);
        (lost, repeated, snapshots) = (lost + l, repeated + r, snapshots + s);
    }
    assert!(lost > 0 && repeated > 0 && snapshots > 0, "{lost} {repeated} {snapshots}");
}
