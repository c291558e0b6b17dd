//! Every interleaving of threads that flush, by loom: `flusher.rs` is compiled once more here, over loom's locks.

#[allow(dead_code, unreachable_pub)]
#[path = "flusher.rs"]
mod flusher;
mod sync {
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
}

use super::{FlushError, Store, StoreError};
use crate::{Change, Dot, LastWriteWins, MasterId, Replica, Resolver, Saved, Topology};
use flusher::{Flusher, Held};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

type State = <LastWriteWins as Resolver>::State;
type Effect = <LastWriteWins as Resolver>::Effect;

/// The changes on a disk, and the number of its syncs.
#[derive(Debug, Default)]
struct Disk {
    dots: BTreeSet<Dot>,
    syncs: u64,
}

struct OnDisk {
    staged: Vec<Dot>,
    disk: Arc<Mutex<Disk>>,
    /// Whether syncs fail.
    fails: bool,
}

impl Store<State, Effect> for OnDisk {
    fn load(&mut self) -> Result<Vec<Saved<State, Effect>>, StoreError> {
        Ok(Vec::new())
    }

    fn append(&mut self, _: usize, changes: &[Change<Effect>]) -> Result<(), StoreError> {
        self.staged.extend(changes.iter().map(|change| change.dot));
        Ok(())
    }

    fn save(&mut self, _: usize, saved: &Saved<State, Effect>) -> Result<(), StoreError> {
        self.staged.extend(saved.log.iter().map(|change| change.dot));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.fails {
            return Err(StoreError::Disk("the disk fails".into()));
        }
        // Others run during a sync.
        loom::thread::yield_now();
        let mut disk = self.disk.lock().unwrap();
        disk.dots.extend(self.staged.drain(..));
        disk.syncs += 1;
        Ok(())
    }
}

/// A replica behind a lock, and the flusher of its store.
struct Flushed {
    replica: loom::sync::Mutex<Replica<LastWriteWins>>,
    flusher: Flusher<LastWriteWins>,
    disk: Arc<Mutex<Disk>>,
}

impl Flushed {
    fn new(fails: bool) -> Flushed {
        let pair = Topology::all_to_all(2).unwrap();
        let replica = Replica::new(MasterId(0), LastWriteWins, &pair);
        let disk = Arc::<Mutex<Disk>>::default();
        let store = OnDisk { staged: Vec::new(), disk: disk.clone(), fails };
        let held = Held { seen: replica.digest().clone(), to_apply: 0, keys: 0, origins: 2 };
        let flusher = Flusher::new(Box::new(store), vec![held]);
        Flushed { replica: loom::sync::Mutex::new(replica), flusher, disk }
    }

    fn write_flushed(&self) -> Result<Dot, FlushError> {
        let dot = self.replica.lock().unwrap().set("k", "v").unwrap();
        let lack = |_: usize, held: &Held| held.lack(&self.replica.lock().unwrap());
        self.flusher.flush(0, |seen| seen.contains(dot), lack).map(|()| dot)
    }
}

/// Explores runs in which each of `threads` threads writes once. Returns the number of interleavings, and the numbers
/// of syncs that occurred.
fn explore(threads: usize, bound: Option<usize>, fails: bool) -> (u64, BTreeSet<u64>) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    (builder.max_duration, builder.max_permutations) = (None, None);
    let (executions, syncs) = (Arc::new(AtomicU64::new(0)), Arc::<Mutex<BTreeSet<u64>>>::default());
    let (counter, seen) = (executions.clone(), syncs.clone());
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        let flushed = loom::sync::Arc::new(Flushed::new(fails));
        let write = move |flushed: loom::sync::Arc<Flushed>| match flushed.write_flushed() {
            Ok(dot) => assert!(!fails && flushed.disk.lock().unwrap().dots.contains(&dot), "it is on disk by now"),
            Err(error) => assert!(fails && matches!(error, FlushError::Store(_)), "{error:?}"),
        };
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let flushed = flushed.clone();
                loom::thread::spawn(move || write(flushed))
            })
            .collect();
        write(flushed.clone());
        others.into_iter().for_each(|thread| thread.join().unwrap());
        seen.lock().unwrap().insert(flushed.disk.lock().unwrap().syncs);
    });
    let syncs = syncs.lock().unwrap().clone();
    let (count, name) = (executions.load(Ordering::Relaxed), if fails { "fail to flush" } else { "flush" });
    writeln!(
        std::io::stdout(),
        "loom: {threads} threads {name}, bound {bound:?}: {count} interleavings, {syncs:?} syncs"
    )
    .expect("standard output takes a line");
    (count, syncs)
}

#[test]
fn what_is_acknowledged_is_on_disk_and_threads_share_syncs() {
    let (executions, syncs) = explore(2, None, false);
    assert!(executions > 10 && syncs == BTreeSet::from([1, 2]), "shared in some, and not in others");
    let (_, syncs) = explore(3, Some(2), false);
    assert_eq!(syncs, BTreeSet::from([1, 2, 3]));
}

#[test]
fn a_failed_sync_is_reported_to_every_thread_that_waits() {
    let (_, syncs) = explore(3, Some(2), true);
    assert_eq!(syncs, BTreeSet::from([0]));
}
