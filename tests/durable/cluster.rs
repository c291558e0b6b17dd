//! Durable masters in a running cluster.

use crate::disk::Disk;
use crate::run::{A, B, open, pair};
use multimaster::durable::LogStore;
use multimaster::record::Kept;
use multimaster::{
    Cluster, LastWriteWins, Master, MasterId, MemberError, Newcomer, Options, Setup, Topology, VersionVector,
    WriteError,
};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

fn in_memory() -> Arc<Master<LastWriteWins>> {
    Arc::new(Master::new(B, LastWriteWins, &pair(), &crate::run::options(1024)))
}

fn seen(master: &Master<LastWriteWins>) -> VersionVector {
    master.inspect(0, |replica| replica.digest().clone()).unwrap()
}

/// While A writes, its power is cut again and again. Returns the number of cuts at which B had seen a change that A's
/// disk did not have.
fn sent_before_flushed(disk: &Disk) -> usize {
    let (a, b) = (Arc::new(open(disk, 1024).unwrap()), in_memory());
    let cluster = Cluster::join(vec![a.clone(), b.clone()], pair(), &Setup::default()).unwrap();
    let wrong = thread::scope(|threads| {
        let writer = threads.spawn(|| {
            for n in 0..400 {
                a.set(&format!("key {}", n % 10), n.to_string()).unwrap();
                b.set(&format!("key {}", n % 10), n.to_string()).unwrap();
                if n % 20 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let mut wrong = 0;
        while !writer.is_finished() {
            let at_b = seen(&b);
            let after = open(&Disk::with(disk.synced()), 1024).unwrap();
            wrong += usize::from(after.inspect(0, |replica| replica.digest().get(A)) < Some(at_b.get(A)));
        }
        wrong
    });
    cluster.settle(PATIENCE).unwrap();
    let after = open(&Disk::with(disk.synced()), 1024).unwrap();
    let last = usize::from(seen(&after).get(A) < seen(&b).get(A));
    assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
    wrong + last
}

#[test]
fn a_master_sends_only_what_is_on_disk() {
    assert_eq!(sent_before_flushed(&Disk::default()), 0);
    assert!(sent_before_flushed(&Disk::lying()) > 0, "the same check finds a disk that lies");
}

#[test]
fn a_master_whose_disk_fails_sends_nothing_more() {
    let disk = Disk::default();
    let (a, b) = (Arc::new(open(&disk, 1024).unwrap()), in_memory());
    let cluster = Cluster::join(vec![a.clone(), b.clone()], pair(), &Setup::default()).unwrap();
    assert!(b.wait_for(&a.set("k", "before").unwrap(), PATIENCE));
    disk.fail_after(0);
    assert!(!b.wait_for(&a.set("k", "after").unwrap(), Duration::from_millis(300)));
    drop(cluster);
}

/// The power of some masters of a ring is cut. They restart with all flushed changes; then all masters exchange the
/// changes that they lack, and no dot is issued twice.
fn restarts(cut: &[u16]) {
    let ring = Topology::ring(3).unwrap();
    let open = |id, disk: &Disk| {
        let store = LogStore::on(disk.clone());
        Arc::new(Master::open(id, LastWriteWins, &ring, &Options::default(), store).unwrap())
    };
    let mut disks: Vec<Disk> = (0..3).map(|_| Disk::default()).collect();
    let mut masters: Vec<_> = ring.ids().zip(&disks).map(|(id, disk)| open(id, disk)).collect();
    let cluster = Cluster::join(masters.clone(), ring.clone(), &Setup::default()).unwrap();
    let mut flushed = Vec::new();
    for n in 0..60_u16 {
        let master = cluster.master(MasterId(n % 3));
        master.set(&format!("applied {n}"), "v").unwrap();
        flushed.push(master.set_flushed(&format!("flushed {n}"), n.to_string()).unwrap());
    }
    for id in cut {
        let place = usize::from(*id);
        disks[place] = Disk::with(disks[place].synced());
    }
    drop(cluster);

    for id in cut {
        let place = usize::from(*id);
        masters[place] = open(MasterId(*id), &disks[place]);
    }
    let cluster = Cluster::join(masters, ring.clone(), &Setup::default()).unwrap();
    for written in &flushed {
        for master in cluster.masters() {
            assert!(master.wait_for(written, PATIENCE), "{written:?}");
        }
    }
    for n in 0..60_u16 {
        for master in cluster.masters() {
            assert_eq!(master.get(&format!("flushed {n}")).to_string(), n.to_string());
        }
        let after = cluster.master(MasterId(n % 3)).set(&format!("after {n}"), "v").unwrap();
        assert!(!flushed.contains(&after), "its dot is new");
    }
    let ending = cluster.shutdown(PATIENCE);
    assert!(ending.undelivered.is_empty());
    let table = |master: &Master<_>, shard| master.inspect(shard, |replica| replica.saved().table);
    for master in &ending.masters {
        assert!((0..16).all(
            |shard| table(master, shard).map(|it| it.table) == table(&ending.masters[0], shard).map(|it| it.table)
        ));
    }
    // All changes that they have seen can be flushed, and are then on disk.
    for (master, disk) in ending.masters.iter().zip(&disks) {
        master.flush().unwrap();
        let after = open(master.id(), &Disk::with(disk.synced()));
        assert!((0..16).all(|shard| table(&after, shard) == table(master, shard)));
    }
}

#[test]
fn a_cluster_restarts_from_its_disks() {
    restarts(&[0, 1, 2]);
}

#[test]
fn a_master_restarts_among_others_that_run() {
    restarts(&[1]);
}

/// B has a store. A loses its state and writes as C, and D joins: B stores changes of origins that it did not expect when its
/// state was first stored.
#[test]
fn a_store_holds_changes_of_fresh_origins_and_of_masters_that_joined() {
    let (disk, options) = (Disk::default(), crate::run::options(1024));
    let b = Master::open(B, LastWriteWins, &pair(), &options, LogStore::on(disk.clone())).unwrap();
    let a = Master::new(A, LastWriteWins, &pair(), &options);
    let setup = Setup::default().master(options);
    let mut cluster = Cluster::join(vec![a.into(), b.into()], pair(), &setup).unwrap();
    cluster.crash(A, Kept::Nothing).unwrap();
    cluster.restart(A).unwrap();
    let as_c = cluster.master(A).set("k", "1").unwrap();
    let d = cluster.admit(&Newcomer::beside([A, B])).unwrap();
    let at_d = cluster.master(d).set("l", "2").unwrap();
    for written in [as_c, at_d] {
        assert!(cluster.master(B).wait_for(&written, PATIENCE));
        cluster.master(B).flush_written(&written).unwrap();
    }
    let old = cluster.master(B).clone();
    cluster.crash(B, Kept::Stored).unwrap();
    assert_eq!(old.set("k", "late"), Err(WriteError::Closed));
    cluster.reopen(B, LogStore::on(Disk::with(disk.synced()))).unwrap();
    assert_eq!(["k", "l"].map(|key| cluster.master(B).get(key).to_string()), ["1", "2"]);
    let after = cluster.master(B).set("k", "3").unwrap();
    assert!(cluster.master(d).wait_for(&after, PATIENCE));
    assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
}

#[test]
fn a_master_with_a_store_comes_back_with_what_is_stored() {
    let (disk, options) = (Disk::default(), crate::run::options(1024));
    let open = || Master::open(A, LastWriteWins, &pair(), &options, LogStore::on(disk.clone())).unwrap();
    let setup = Setup::default().master(options.clone());
    let mut cluster = Cluster::join(vec![open().into(), in_memory()], pair(), &setup).unwrap();
    let store = || LogStore::on(Disk::with(disk.synced()));
    assert!(matches!(cluster.crash(A, Kept::All), Err(MemberError::HasStore(A))));
    assert!(matches!(cluster.crash(B, Kept::Stored), Err(MemberError::NoStore(B))));
    assert!(matches!(cluster.reopen(A, store()), Err(MemberError::Up(A))));
    cluster.cut(A, B);
    let flushed = cluster.master(A).set_flushed("k", "flushed").unwrap();
    let applied = cluster.master(A).set("l", "applied").unwrap();
    let lost = cluster.master(A).clone();
    cluster.crash(A, Kept::Stored).unwrap();
    assert!(matches!(cluster.restart(A), Err(MemberError::HasStore(A))));
    assert!(lost.flush().is_err(), "its store is closed");
    cluster.reopen(A, store()).unwrap();
    let a = cluster.master(A);
    assert_eq!(["k", "l"].map(|key| a.get(key).to_string()), ["flushed", "-"]);
    // No other master has seen the lost write: its dot is given to another.
    assert_eq!(a.set("m", "new").unwrap().dot, applied.dot);
    cluster.heal_all();
    assert!(cluster.master(B).wait_for(&flushed, PATIENCE));
    assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
}
