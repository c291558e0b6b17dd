//! Whole runs: what a set costs until every master of a running cluster has applied it.

use crate::numbers::{key, numbered, value};
use cpu_time::ProcessTime;
use multimaster::{Cluster, LastWriteWins, Setup, Topology};
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
    let cluster = Cluster::start(LastWriteWins, topology, Setup::default()).expect("threads enough");
    let patience = Duration::from_secs(60);
    let all = cluster.masters();
    // Without it, two masters that go on while the link between two others gets no processor for 20 ms can cut from
    // their logs what it has yet to carry.
    let together = Barrier::new(usize::from(masters));
    let start = ProcessTime::now();
    std::thread::scope(|writers| {
        for (place, master) in (0..).zip(all) {
            let together = &together;
            writers.spawn(move || {
                let mut arrived = true;
                for n in 1..=sets {
                    let number = n * u64::from(masters) + place;
                    let written = master.set(&key(number, keys), value(number)).expect("it is open");
                    if n.is_multiple_of(AHEAD) {
                        arrived &= all.iter().all(|other| other.wait_for(&written, patience));
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
