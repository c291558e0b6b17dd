//! What a write on disk costs, by the number of writes that share a sync. Beside it, with as many changes a sync: a bare
//! file, the store used alone, and redb. `cargo bench -p multimaster-benches --features durable --bench durable`.
//!
//! All are measured in turns, a sync each, because a disk is slower at one time than at another. Wall time: what counts is
//! the wait for the disk.
#![allow(clippy::print_stdout)]

use multimaster::durable::{LogStore, Store};
use multimaster::{Change, Dot, LastWriteWins, Layout, Master, MasterId, Options, Replica, Saved, Timestamp, Topology};
use multimaster_benches::numbers::{key, value};
use redb::{Database, TableDefinition};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const A: MasterId = MasterId(0);
const KEYS: u64 = 10_000;
const ROUNDS: usize = 200;

type State = Option<multimaster::Version>;
type Effect = Option<multimaster::Text>;

/// Makes so many changes, from the given one on, and says how long it took to have them on disk.
type Case = Box<dyn FnMut(u64, u64) -> Duration>;

fn topology() -> Topology {
    Topology::all_to_all(3).expect("three")
}

fn open(folder: &Path, shards: u16) -> Master<LastWriteWins> {
    let options = Options::default().layout(Layout::of(shards).expect("shards"));
    let store = LogStore::open(folder).expect("a new store");
    Master::open(A, LastWriteWins, &topology(), &options, store).expect("a new store")
}

fn change(n: u64) -> Change<Effect> {
    let timestamp = Timestamp::new(n, A);
    Change { dot: Dot::new(A, n), timestamp, key: key(n, KEYS), effect: Some(value(n)) }
}

fn changes(first: u64, count: u64) -> Vec<Change<Effect>> {
    (first..first + count).map(change).collect()
}

/// Applied writes, then a flush.
fn master(folder: &Path, shards: u16) -> Case {
    let master = open(folder, shards);
    Box::new(move |first, count| {
        let start = Instant::now();
        for n in first..first + count {
            master.set(&key(n, KEYS), value(n)).expect("it is open");
        }
        master.flush().expect("the disk is well");
        start.elapsed()
    })
}

fn store_alone(folder: &Path) -> Case {
    let mut store = LogStore::open(folder).expect("a new store");
    let _: Vec<Saved<State, Effect>> = store.load().expect("a new store");
    store.save(0, &Replica::new(A, LastWriteWins, &topology()).saved()).expect("it can be encoded");
    Box::new(move |first, count| {
        let changes = changes(first, count);
        let start = Instant::now();
        Store::<State, Effect>::append(&mut store, 0, &changes).expect("it can be encoded");
        Store::<State, Effect>::sync(&mut store).expect("the disk is well");
        start.elapsed()
    })
}

/// As many bytes as the store adds.
fn bare_file(folder: &Path) -> Case {
    let mut file = File::create(folder).expect("it can be created");
    Box::new(move |first, count| {
        let bytes = serde_json::to_vec(&changes(first, count)).expect("it can be encoded");
        let start = Instant::now();
        file.write_all(&bytes).and_then(|()| file.sync_data()).expect("the disk is well");
        start.elapsed()
    })
}

/// One transaction, which inserts each change under its key.
fn redb_alone(folder: &Path) -> Case {
    const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("changes");
    let database = Database::create(folder).expect("it can be created");
    Box::new(move |first, count| {
        let changes = changes(first, count);
        let insert = || -> Result<(), Box<dyn std::error::Error>> {
            let transaction = database.begin_write()?;
            let mut table = transaction.open_table(TABLE)?;
            for change in &changes {
                let bytes = serde_json::to_vec(change).expect("it can be encoded");
                table.insert(change.key.as_str(), bytes.as_slice())?;
            }
            drop(table);
            Ok(transaction.commit()?)
        };
        let start = Instant::now();
        insert().expect("the disk is well");
        start.elapsed()
    })
}

/// Writes by so many threads, each of which waits until its write is on disk.
fn writers(folder: &Path, threads: u64) -> Case {
    let master = open(folder, 16);
    Box::new(move |first, count| {
        let each = count / threads;
        let start = Instant::now();
        thread::scope(|scope| {
            for writer in 0..threads {
                let master = &master;
                scope.spawn(move || {
                    for n in 0..each {
                        let n = first + writer * each + n;
                        master.set_flushed(&key(n, KEYS), value(n)).expect("the disk is well");
                    }
                });
            }
        });
        start.elapsed()
    })
}

/// Prints the median and the fastest tenth of the rounds, each by write and by round.
fn measure(title: &str, cases: &mut [(&str, Case)], writes: u64, rounds: usize) {
    let mut times = vec![Vec::with_capacity(rounds); cases.len()];
    for round in 0..rounds as u64 {
        for ((_, case), times) in cases.iter_mut().zip(&mut times) {
            times.push(case(round * writes + 1, writes));
        }
    }
    println!("\n{title}\n| case | median, us | best tenth, us | median by write, us |\n|---|---|---|---|");
    for ((name, _), times) in cases.iter().zip(&mut times) {
        times.sort();
        let micros = |place: usize| times[place].as_secs_f64() * 1e6;
        let (median, best) = (micros(rounds / 2), micros(rounds / 10));
        println!("| {name} | {median:.0} | {best:.0} | {:.1} |", median / writes as f64);
    }
}

fn main() {
    for writes in [1, 16, 256] {
        // On the disk of the target folder: a temporary folder may be in memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
        let path = |name| folder.path().join(name);
        let mut cases = [
            ("bare file", bare_file(&path("file"))),
            ("store alone", store_alone(&path("store"))),
            ("master, 1 shard", master(&path("one"), 1)),
            ("master, 16 shards", master(&path("sixteen"), 16)),
            ("redb alone", redb_alone(&path("redb"))),
        ];
        measure(&format!("{writes} writes a sync"), &mut cases, writes, ROUNDS);
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
    let path = |threads: u64| folder.path().join(threads.to_string());
    let case = |name, threads| (name, writers(&path(threads), threads));
    let mut cases = [case("1 thread", 1), case("4 threads", 4), case("16 threads", 16), case("64 threads", 64)];
    measure("64 writes, each flushed, by threads that share syncs", &mut cases, 64, ROUNDS / 10);
}
