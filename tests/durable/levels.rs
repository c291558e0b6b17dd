//! The guarantee of each level of acknowledgement.

use crate::disk::Disk;
use crate::run::{A, B, chain, open, options, pair, table};
use multimaster::durable::{FlushError, LogStore, WriteFlushedError};
use multimaster::{
    LastWriteWins, Layout, Master, MasterId, ObservedRemoveSet, Op, Options, Outcome, Reading, Replica, Resolver,
    Saved, WriteError,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn a_power_cut_undoes_applied_writes_and_no_flushed_one() {
    let disk = Disk::default();
    let master = open(&disk, 1024).unwrap();
    master.set("flushed", "1").unwrap();
    master.set_flushed("flushed too", "2").unwrap();
    let written = master.set("applied", "3").unwrap();
    let after = open(&Disk::with(disk.synced()), 1024).unwrap();
    assert_eq!(after.inspect(0, |replica| replica.readings().count()), Some(2), "one sync holds both");
    assert_eq!(after.get("applied"), Reading::Nothing);
    master.flush_written(&written).unwrap();
    let after = open(&Disk::with(disk.synced()), 1024).unwrap();
    assert_eq!(after.get("applied"), Reading::Value("3".into()));
    assert_eq!(table(&after), table(&master));
}

#[test]
fn a_flush_with_nothing_to_flush_does_not_sync() {
    let disk = Disk::default();
    let master = open(&disk, 1024).unwrap();
    let written = master.set_flushed("k", "v").unwrap();
    let syncs = disk.syncs();
    master.flush().unwrap();
    master.flush_written(&written).unwrap();
    assert_eq!(disk.syncs(), syncs);
}

#[test]
fn writers_share_syncs() {
    const WRITERS: usize = 8;
    const WRITES: usize = 50;
    let disk = Disk::slow(Duration::from_millis(2));
    let options = Options::default().layout(Layout::of(4).unwrap());
    let open = |disk: &Disk| Master::open(A, LastWriteWins, &pair(), &options, LogStore::on(disk.clone())).unwrap();
    let master = open(&disk);
    let syncs = disk.syncs();
    let least = AtomicUsize::new(0);
    thread::scope(|threads| {
        for writer in 0..WRITERS {
            let (master, disk, least) = (&master, &disk, &least);
            threads.spawn(move || {
                for n in 0..WRITES {
                    let written = master.set_flushed(&format!("{writer} {n}"), "v").unwrap();
                    // Each acknowledged write is on disk at once, and not only at the end.
                    if n == WRITES / 2 {
                        let after = open(&Disk::with(disk.synced()));
                        let seen = after.inspect(written.shard, |replica| replica.digest().contains(written.dot));
                        assert_eq!(seen, Some(true));
                        least.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(least.into_inner(), WRITERS);
    let syncs = disk.syncs() - syncs;
    println!("{} writes of {WRITERS} threads in {syncs} syncs", WRITERS * WRITES);
    assert!(syncs < WRITERS * WRITES / 2, "{syncs}");
    let after = open(&Disk::with(disk.synced()));
    let count = |shard| after.inspect(shard, |replica| replica.readings().count()).unwrap();
    assert_eq!((0..4).map(count).sum::<usize>(), WRITERS * WRITES);
}

#[test]
fn after_a_failed_sync_nothing_more_is_acknowledged_as_flushed() {
    let disk = Disk::default();
    let master = open(&disk, 1024).unwrap();
    master.set_flushed("k", "before").unwrap();
    disk.fail_after(0);
    let error = master.set_flushed("k", "after").unwrap_err();
    assert_eq!(
        chain(&error),
        "the write A2 is applied, but may not be on disk: the store has failed: cannot read or write the store: the \
         simulated disk fails"
    );
    assert!(matches!(error, WriteFlushedError::Flush { .. }));
    // The disk works again, but its content is unknown.
    disk.fail_after(100);
    assert!(matches!(master.flush(), Err(FlushError::Store(_))));
    assert!(master.set_flushed("k", "later").is_err());
    assert_eq!(master.get("k"), Reading::Value("later".into()), "it is applied");
    let after = open(&Disk::with(disk.synced()), 1024).unwrap();
    assert_eq!(after.get("k"), Reading::Value("before".into()));
    after.set_flushed("k", "after").unwrap();
}

#[test]
fn a_master_without_a_store_flushes_nothing() {
    let master = Master::new(A, LastWriteWins, &pair(), &options(1024));
    assert!(matches!(master.flush(), Err(FlushError::NoStore)));
    let written = master.set("k", "v").unwrap();
    let disk = Disk::default();
    let master = open(&disk, 1024).unwrap();
    assert!(matches!(master.flush_written(&written), Err(FlushError::Unseen)));
    master.close();
    let refused = master.set_flushed("k", "v");
    assert!(matches!(refused, Err(WriteFlushedError::Write(WriteError::Closed))));
}

/// A long run with a short log and many keys: shards are saved whole, files are rewritten, and stay short.
#[test]
fn the_files_stay_short() {
    let disk = Disk::default();
    let master = open(&disk, 8).unwrap();
    let value = "v".repeat(200);
    let mut longest = 0;
    for n in 0..20_000 {
        master.set(&format!("key {}", n % 100), value.as_str()).unwrap();
        if n % 5 == 0 {
            master.flush().unwrap();
            disk.forget();
            longest = longest.max(disk.files().map(|file| file.len()).into_iter().max().unwrap());
        }
    }
    master.flush().unwrap();
    println!("the longest file has {longest} bytes");
    assert!((1 << 20..4 << 20).contains(&longest), "{longest}");
    assert_eq!(table(&open(&Disk::with(disk.files()), 8).unwrap()), table(&master));
}

/// Sends the next push, and after a gap the answer to the digest. False if there is no push.
fn deliver<R: Resolver>(from: &mut Replica<R>, to: &mut Replica<R>) -> bool {
    let Some(push) = from.next_push(to.id(), 2) else {
        return false;
    };
    if to.receive(from.id(), push) == Outcome::Gap {
        let answer = from.answer(to.digest(), 100).expect("it lacks something");
        assert!(matches!(to.receive(from.id(), answer), Outcome::Applied | Outcome::Stale));
    }
    true
}

/// A saved state to which all later changes are appended restores the replica, after any writes and messages.
fn restores<R: Resolver>(rule: &R, op: impl Fn(&mut fastrand::Rng) -> Op) {
    for seed in 0..100 {
        let mut random = fastrand::Rng::with_seed(seed);
        let [mut a, mut b] = [A, B].map(|id| Replica::new(id, rule.clone(), &pair()));
        let mut saved = a.saved();
        for step in 0..60 {
            if step == 30 && seed % 2 == 1 {
                a.restart(Some(MasterId(2))).unwrap();
                a.peer_forgot(B);
                b.expect_origins(3);
                saved = a.saved();
            }
            let seen = a.digest().clone();
            let key = ["x", "y", "z"][random.usize(..3)];
            match random.u8(..6) {
                0 | 1 => drop(a.write(key, op(&mut random))),
                2 | 3 => drop(b.write(key, op(&mut random))),
                4 => _ = deliver(&mut b, &mut a),
                _ => _ = deliver(&mut a, &mut b),
            }
            if seen.covers(a.truncated()) {
                saved.log.extend(a.log().filter(|change| !seen.contains(change.dot)).cloned());
            } else {
                saved = a.saved(); // a snapshot has arrived
            }
            if random.u8(..10) == 0 {
                saved = a.saved();
            }
            if random.u8(..10) == 0 {
                a.truncate(2);
            }
            check_restored(rule, &a, saved.clone(), seed);
        }
        while deliver(&mut a, &mut b) {}
        let restored = Replica::restore(A, rule.clone(), &pair(), a.saved()).unwrap();
        assert_eq!(restored, a, "seed {seed}: all is sent, so the cursors are the same too");
    }
}

fn check_restored<R: Resolver>(rule: &R, a: &Replica<R>, saved: Saved<R::State, R::Effect>, seed: u64) {
    let restored = Replica::restore(A, rule.clone(), &pair(), saved).unwrap();
    assert_eq!(restored.saved().table, a.saved().table, "seed {seed}: table, version vector and clock");
    assert!(!restored.has_push(B));
}

#[test]
fn a_replica_is_restored_as_it_was() {
    restores(&LastWriteWins, |random| if random.bool() { Op::Set("v".into()) } else { Op::Delete });
    restores(&ObservedRemoveSet, |random| {
        let element = ["e", "f"][random.usize(..2)].into();
        if random.bool() { Op::Insert(element) } else { Op::Remove(element) }
    });
}
