//! What a write, a read and an arrival cost at one master, by number of neighbours, of changes a push, and of keys.
#![allow(missing_docs, reason = "the entry point that a macro writes")]

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use multimaster::{
    Change, Dot, LastWriteWins, Master, MasterId, Message, MessageOf, Op, Options, Outcome, Push, Reading, Replica,
    Timestamp, Topology, VersionVector,
};
use multimaster_benches::numbers::{key, numbered, value};
use std::hint::black_box;
use std::time::Duration;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const KEYS: u64 = 10_000;
/// A log is cut after so many changes.
const LOG: u64 = 1024;
/// Later than all that is written here.
const FAR: u64 = 1 << 40;

fn replica(masters: u16) -> Replica<LastWriteWins> {
    Replica::new(A, LastWriteWins, &Topology::all_to_all(masters).expect("masters enough"))
}

/// A holds a value of each key, written at a time later than `after`.
fn filled(keys: u64, after: u64) -> Replica<LastWriteWins> {
    let mut a = replica(3);
    let timestamp = Timestamp::new(after + 1, B);
    let first = Change { dot: Dot::new(B, 1), timestamp, key: numbered(b'k', 0), effect: Some(value(0)) };
    let push = Message::Push(Push { extends: VersionVector::default(), changes: [first].into() });
    assert_eq!(a.receive(B, push), Outcome::Applied);
    for n in 0..keys {
        a.write(&numbered(b'k', n), Op::Set(value(n))).expect("a register takes a set");
        if n.is_multiple_of(LOG) {
            a.truncate(0);
        }
    }
    a.truncate(0);
    a
}

fn overwrite(b: &mut criterion::Bencher<'_>, a: &mut Replica<LastWriteWins>, keys: u64, n: &mut u64) {
    b.iter(|| {
        *n += 1;
        black_box(a.write(&key(*n, keys), Op::Set(value(*n)))).expect("a register takes a set");
        if n.is_multiple_of(LOG) {
            a.truncate(0);
        }
    });
    assert!(*n == 0 || a.read(&key(*n, keys)) == Reading::Value(value(*n)));
}

fn set(c: &mut Criterion) {
    let mut group = c.benchmark_group("set");
    // There is no cluster of one: without peers it is the map alone, that of `ratios.rs`.
    let mut map: hashbrown::HashMap<_, _, foldhash::fast::FixedState> = Default::default();
    let mut n = 0;
    group.bench_function("0 peers (a bare map)", |b| {
        b.iter(|| {
            n += 1;
            black_box(map.insert(key(n, KEYS), value(n)))
        });
    });
    assert!(n == 0 || map[&key(n, KEYS)] == value(n));
    for peers in [1, 2, 7] {
        let mut a = replica(peers + 1);
        let mut n = 0;
        group.bench_function(format!("{peers} peers"), |b| overwrite(b, &mut a, KEYS, &mut n));
    }
    group.finish();
}

fn get(c: &mut Criterion) {
    let topology = Topology::all_to_all(3).expect("three");
    let (replica, master) = (filled(KEYS, 0), Master::new(A, LastWriteWins, &topology, &Options::default()));
    for n in 0..KEYS {
        master.set(&numbered(b'k', n), value(n)).expect("it is open");
    }
    let mut n = 0;
    c.bench_function("get/replica", |b| {
        b.iter(|| {
            n += 1;
            black_box(replica.read(&key(n, KEYS)))
        });
    });
    c.bench_function("get/master", |b| {
        b.iter(|| {
            n += 1;
            black_box(master.get(&key(n, KEYS)))
        });
    });
    assert!((0..KEYS).all(|n| replica.read(&numbered(b'k', n)) == Reading::Value(value(n))));
    assert!((0..KEYS).all(|n| master.get(&numbered(b'k', n)) == Reading::Value(value(n))));
}

/// B's changes from the `first` on.
fn push(first: u64, count: u64, change: impl Fn(u64) -> Change<Option<compact_str::CompactString>>) -> Arriving {
    let extends = VersionVector::from(vec![0, first - 1]);
    Message::Push(Push { extends, changes: (first..first + count).map(change).collect() })
}

type Arriving = MessageOf<LastWriteWins>;

/// Takes in pushes of so many changes each, all with this outcome; they are made before the clock runs.
fn arrivals(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    (a, expected): (&mut Replica<LastWriteWins>, &Outcome),
    count: u64,
    change: impl Fn(u64) -> Change<Option<compact_str::CompactString>>,
) {
    let mut next = a.digest().get(B) + 1;
    let (start, mut taken) = (next - 1, 0);
    group.throughput(Throughput::Elements(count));
    group.bench_function(name, |b| {
        let made = || {
            let made = push(next, count, &change);
            next += count;
            made
        };
        let take_in = |message| {
            assert_eq!(a.receive(B, message), *expected);
            taken += count;
            if taken % LOG < count {
                a.truncate(0);
            }
        };
        b.iter_batched(made, take_in, BatchSize::SmallInput);
    });
    assert_eq!(a.digest().get(B), start + taken);
}

fn change(n: u64, time: u64) -> Change<Option<compact_str::CompactString>> {
    let timestamp = Timestamp::new(time, B);
    Change { dot: Dot::new(B, n), timestamp, key: key(n, KEYS), effect: Some(value(n)) }
}

fn apply(c: &mut Criterion) {
    let mut group = c.benchmark_group("apply");
    let (applied, stale) = (&Outcome::Applied, &Outcome::Stale);
    let mut a = filled(KEYS, 0);
    arrivals(&mut group, "newer", (&mut a, applied), 1, |n| change(n, FAR + n));
    let last = a.digest().get(B);
    assert!(last == 1 || a.read(&key(last, KEYS)) == Reading::Value(value(last)));

    let mut a = filled(KEYS, FAR);
    arrivals(&mut group, "stale", (&mut a, stale), 1, |n| change(n, 0));
    assert!((1..KEYS).all(|n| a.read(&numbered(b'k', n)) == Reading::Value(value(n))));

    // Other letters than those of the keys that are there. The table grows.
    let mut a = filled(KEYS, 0);
    let new = |n| Change { key: numbered(b'n', n), ..change(n, FAR + n) };
    arrivals(&mut group, "new_key", (&mut a, applied), 1, new);
    assert_eq!(a.readings().count() as u64, KEYS + a.digest().get(B) - 1);

    let mut a = filled(KEYS, 0);
    let gone = |n| Change { effect: None, ..change(n, FAR + n) };
    arrivals(&mut group, "tombstone", (&mut a, applied), 1, gone);
    let last = a.digest().get(B);
    assert!(last == 1 || a.read(&key(last, KEYS)) == Reading::Nothing);

    let mut a = replica(3);
    let again = push(1, 1, |n| change(n, n));
    assert_eq!(a.receive(B, again.clone()), Outcome::Applied);
    group.bench_function("duplicate", |b| {
        let take_in = |message| assert_eq!(a.receive(B, message), Outcome::Duplicate);
        b.iter_batched(|| again.clone(), take_in, BatchSize::SmallInput);
    });
    group.finish();

    let mut group = c.benchmark_group("apply_batch");
    for count in [1, 16, 256, 4096] {
        let mut a = filled(KEYS, 0);
        arrivals(&mut group, &count.to_string(), (&mut a, applied), count, |n| change(n, FAR + n));
    }
    group.finish();
}

fn keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("keys");
    for (name, keys) in [("10k", 10_000), ("1M", 1_000_000)] {
        let mut a = filled(keys, 0);
        let mut n = 0;
        group.bench_function(name, |b| overwrite(b, &mut a, keys, &mut n));
        assert_eq!(a.readings().count() as u64, keys);
    }
    group.finish();
}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
}

criterion_group! { name = replicas; config = short(); targets = set, get, apply, keys }
criterion_main!(replicas);
