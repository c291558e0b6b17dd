//! Stores that a master must refuse.

use crate::disk::Disk;
use crate::run::{A, B, Run, chain, open, options, pair, table};
use multimaster::durable::{LogStore, OpenError};
use multimaster::{ArrivalWins, Counter, LastWriteWins, Layout, Master, MasterId, Resolver, Topology};
use std::thread;

/// A store that A has written to, under last-write-wins, in a pair, with one shard.
fn stored() -> Disk {
    let disk = Disk::default();
    open(&disk, 1024).unwrap().set_flushed("k", "v").unwrap();
    disk
}

fn refusal<R: Resolver>(opened: Result<Master<R>, OpenError>) -> String {
    chain(&opened.expect_err("it is refused"))
}

#[test]
fn the_store_of_another_master_is_refused() {
    let (disk, options) = (stored(), options(1024));
    let before = disk.files();
    let store = || LogStore::on(disk.clone());
    let other_id = Master::open(B, LastWriteWins, &pair(), &options, store());
    assert_eq!(refusal(other_id), "shard 0 of the store cannot be restored: it was saved by master A, not B");
    let other_rule = Master::open(A, ArrivalWins, &pair(), &options, store());
    assert_eq!(
        refusal(other_rule),
        "shard 0 of the store cannot be restored: it was saved under the rule LastWriteWins, not ArrivalWins"
    );
    let other_data = Master::open(A, Counter, &pair(), &options, store());
    let error = refusal(other_data);
    assert!(error.starts_with("the store failed: the store is damaged at shard 0: invalid type"), "{error}");
    let two_shards = options.clone().layout(Layout::of(2).unwrap());
    let other_layout = Master::open(A, LastWriteWins, &pair(), &two_shards, store());
    assert_eq!(refusal(other_layout), "the store has 1 shards, not 2");
    let still = open(&disk, 1024).unwrap();
    assert_eq!(still.get("k").to_string(), "v");
    assert_ne!(disk.files(), before, "each load has written the store anew");
}

#[test]
fn a_topology_may_have_grown_but_not_shrunk() {
    let (disk, options) = (stored(), options(1024));
    let three = || Master::open(A, LastWriteWins, &Topology::ring(3).unwrap(), &options, LogStore::on(disk.clone()));
    let master = three().unwrap();
    assert_eq!(master.get("k").to_string(), "v");
    master.set_flushed("l", "w").unwrap();
    drop(master);
    assert_eq!(three().unwrap().get("l").to_string(), "w");
    assert_eq!(
        refusal(open(&disk, 1024)),
        "shard 0 of the store cannot be restored: it was saved in a topology of 3 masters, not 2"
    );
}

/// The test damages each byte of both files in turn. A master comes up only if the damaged byte is in the last line, or
/// is the line feed before it: a power cut can tear that write.
#[test]
fn a_damaged_store_is_refused_without_a_panic() {
    let mut run = Run::new(3, Disk::default());
    run.go(12);
    let files = run.disk.files();
    let (mut refused, mut up) = (0, 0);
    for file in 0..2 {
        let last_line = files[file].iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap_or(0);
        for place in 0..files[file].len() {
            let mut damaged = files.clone();
            damaged[file][place] ^= 1 << (place % 8);
            match open(&Disk::with(damaged), 1024) {
                Err(error) => {
                    assert!(chain(&error).contains("the store is damaged at "), "{}", chain(&error));
                    refused += 1;
                }
                Ok(master) => {
                    assert!(place + last_line + 2 >= files[file].len(), "byte {place} of file {file}");
                    assert!(run.history.place(&table(&master)).is_some());
                    up += 1;
                }
            }
        }
    }
    println!("of {} damaged bytes {refused} were refused, {up} taken for a torn write", refused + up);
    assert!(refused > up && up > 0);
}

#[test]
fn anything_but_a_store_is_refused_without_a_panic() {
    for text in ["hello", "[]\n", "0123456789abcdef 7 []\n", "\u{0}\u{0}\n\n 0 []\n and so on, and so on", "\n \n"] {
        for file in 0..2 {
            let mut files = [Vec::new(), Vec::new()];
            files[file] = text.repeat(20).into_bytes();
            let error = open(&Disk::with(files), 1024).expect_err(text);
            assert!(
                chain(&error).contains("the store is damaged at the first line of both files"),
                "{}",
                chain(&error)
            );
        }
    }
}

#[test]
fn a_folder_is_a_store_for_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not/there/yet");
    let open = || Master::open(A, LastWriteWins, &pair(), &options(8), LogStore::open(&path)?);
    for round in 0..3 {
        let master = open().unwrap();
        for n in 0..50 {
            let key = format!("{round} {n}");
            if n % 7 == 0 {
                master.set_flushed(&key, "v").map(drop).unwrap()
            } else {
                master.set(&key, "v").map(drop).unwrap()
            }
        }
        master.flush().unwrap();
        let second = thread::scope(|threads| threads.spawn(|| refusal(open())).join().unwrap());
        assert_eq!(second, "the store failed: cannot read or write the store: another process has the store open");
    }
    let master = open().unwrap();
    assert_eq!(master.inspect(0, |replica| (replica.readings().count(), replica.digest().get(A))), Some((150, 150)));
    assert_eq!(master.id(), MasterId(0));
}
