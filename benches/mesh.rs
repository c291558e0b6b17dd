//! Whole runs: what a set costs until every master of a running cluster has applied it.

use crate::numbers::{key, numbered, value};
use cpu_time::ProcessTime;
use multimaster::{Cluster, LastWriteWins, Layout, Options, Replica, Setup, Topology, Written};
use std::sync::Barrier;
use std::time::Duration;

/// How many sets a writer is ahead at most.
const AHEAD: u64 = 4096;

/// Nanoseconds of CPU time, of all threads together, that one set costs until every master of a running cluster has
/// applied it; and how many keys any two of them then read differently. Each master has a writer of its own, which waits
/// for the others now and then, as one does who sends into a channel that is full: nobody falls back on a snapshot.
///
/// # Panics
/// If something does not arrive within a minute, or only in a snapshot.
pub fn mesh(masters: u16, sets: u64, keys: u64) -> (f64, usize) {
    let topology = Topology::all_to_all(masters).expect("masters enough");
    // A log keeps twice what all writers put there, on average, until they wait: no link falls behind it. Nothing is lost on
    // the way, so nobody need look for it.
    let layout = Layout::default();
    let log = 2 * usize::from(masters) * AHEAD as usize / layout.shards();
    let setup = Setup::default().master(Options::default().log(log).layout(layout)).tick(Duration::MAX);
    let cluster = Cluster::start(LastWriteWins, topology, setup).expect("threads enough");
    let patience = Duration::from_secs(60);
    let all = cluster.masters();
    let waits = |replica: &Replica<LastWriteWins>| all.iter().any(|other| replica.has_push(other.id()));
    let together = Barrier::new(usize::from(masters));
    let start = ProcessTime::now();
    std::thread::scope(|writers| {
        for (place, master) in (0..).zip(all) {
            let (together, waits) = (&together, &waits);
            writers.spawn(move || {
                let mut arrived = true;
                let mut last: Vec<Option<Written>> = vec![None; master.layout().shards()];
                for n in 1..=sets {
                    let number = n * u64::from(masters) + place;
                    let written = master.set(&key(number, keys), value(number)).expect("it is open");
                    last[written.shard] = Some(written);
                    if n.is_multiple_of(AHEAD) {
                        // A link goes round the shards in order: when the last has arrived, most have.
                        for written in last.iter().rev().flatten() {
                            arrived &= all.iter().all(|other| other.wait_for(written, patience));
                        }
                        together.wait();
                        // Nothing new comes now. What has arrived by way of a third master, its own link still has to pass.
                        while (0..layout.shards()).any(|shard| master.inspect(shard, waits) == Some(true)) {
                            std::thread::sleep(Duration::from_micros(50));
                        }
                        together.wait();
                    }
                }
                // Not before the others, who would wait for this one.
                assert!(arrived, "a set did not arrive");
            });
        }
    });
    cluster.settle(patience).expect("no link is cut");
    let each = start.elapsed().as_nanos() as f64 / (sets * u64::from(masters)) as f64;
    let all_as_first = |n: &u64| {
        let mut readings = all.iter().map(|master| master.get(&numbered(b'k', *n)));
        let first = readings.next();
        readings.all(|reading| Some(reading) == first)
    };
    let differing = (0..keys).filter(|n| !all_as_first(n)).count();
    let traffic = cluster.shutdown(patience).traffic;
    assert!(traffic.values().all(|link| link.snapshots == 0), "a writer was too far ahead");
    (each, differing)
}
