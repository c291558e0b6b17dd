//! Durable masters in a running cluster.

use crate::disk::Disk;
use crate::run::{A, B, open, pair, table};
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

/// While A writes, its power is cut again and again. Whatever B has seen by then, A has on disk. Returns how often that
/// was not so.
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

/// A cluster whose power is cut, all at once, comes up again with all that was flushed; its masters exchange what they
/// lack, and no dot is issued twice.
#[test]
fn a_cluster_restarts_from_its_disks() {
    let ring = Topology::ring(3).unwrap();
    let disks: Vec<Disk> = (0..3).map(|_| Disk::default()).collect();
    let start = |disks: &[Disk]| {
        let open = |(id, disk): (MasterId, &Disk)| {
            let store = LogStore::on(disk.clone());
            Arc::new(Master::open(id, LastWriteWins, &ring, &Options::default(), store).unwrap())
        };
        Cluster::join(ring.ids().zip(disks).map(open).collect(), ring.clone(), &Setup::default()).unwrap()
    };
    let cluster = start(&disks);
    let mut flushed = Vec::new();
    for n in 0..60_u16 {
        let master = cluster.master(MasterId(n % 3));
        master.set(&format!("applied {n}"), "v").unwrap();
        flushed.push(master.set_flushed(&format!("flushed {n}"), n.to_string()).unwrap());
    }
    let disks: Vec<Disk> = disks.iter().map(|disk| Disk::with(disk.synced())).collect();
    drop(cluster);

    let cluster = start(&disks);
    for written in &flushed {
        for master in cluster.masters() {
            assert!(master.wait_for(written, PATIENCE), "{written:?}");
        }
    }
    for n in 0..60_u16 {
        for master in cluster.masters() {
            assert_eq!(master.get(&format!("flushed {n}")).to_string(), n.to_string());
        }
        let again = cluster.master(MasterId(n % 3)).set(&format!("after {n}"), "v").unwrap();
        assert!(!flushed.contains(&again), "its dot is new");
    }
    let ending = cluster.shutdown(PATIENCE);
    assert!(ending.undelivered.is_empty());
    let tables = |shard| ending.masters.iter().map(move |master| master.inspect(shard, |r| r.saved().table.table));
    for shard in 0..16 {
        let first = tables(shard).next().unwrap();
        assert!(tables(shard).all(|table| table == first));
    }
    // All that they have seen can be flushed, and is then on disk.
    for (master, disk) in ending.masters.iter().zip(&disks) {
        master.flush().unwrap();
        let store = LogStore::on(Disk::with(disk.synced()));
        let after = Master::open(master.id(), LastWriteWins, &ring, &Options::default(), store).unwrap();
        assert_eq!(table(&after), table(master));
    }
}
