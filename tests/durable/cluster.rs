//! Durable masters in a running cluster.

use crate::disk::Disk;
use crate::run::{A, B, open, pair};
use multimaster::durable::LogStore;
use multimaster::{Cluster, LastWriteWins, Master, MasterId, Options, Setup, Topology, VersionVector};
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
