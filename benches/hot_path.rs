//! What a write, an arrival and a conflict cost at one master, beside an insert into a standard map of strings.
//!
//! Read the ratios, not the nanoseconds: they change with the machine, and from one run to the next by more than small
//! changes to the code do. Every bench asserts what is read in the end.
#![allow(missing_docs, reason = "the entry point that a macro writes")]

use compact_str::CompactString;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main};
use multimaster::{
    ArrivalWins, BoundedCounter, Change, Counter, Custom, CustomMerged, Dot, EnableWinsFlag, Key, LastWriteWins,
    MasterId, Message, MessageOf, MultiValue, ObservedRemoveMap, ObservedRemoveSet, Op, Outcome, Push, Reading,
    RemoveWinsSet, Replica, Resolver, Stamp, Text, Topology, VersionVector, lower_seat,
};
use std::collections::HashMap;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Duration;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const C: MasterId = MasterId(2);
const KEYS: u64 = 10_000;
/// A log is cut after so many changes.
const LOG: u64 = 1024;

/// Made anew each time: reading keys from a list would cost misses that hide what is measured. Fits inline.
fn numbered(word: &str, n: u64) -> CompactString {
    let mut text = CompactString::const_new("");
    write!(text, "{word}{n}").expect("a string takes all");
    text
}

/// The keys in an order that no cache foresees: the step has no divisor in common with their number.
fn key(n: u64) -> Key {
    numbered("key-", n.wrapping_mul(7_919) % KEYS)
}

fn value(n: u64) -> Text {
    numbered("value-", n)
}

fn master(id: MasterId, masters: u16) -> Replica<LastWriteWins> {
    Replica::new(id, LastWriteWins, &Topology::all_to_all(masters).expect("a topology"))
}

fn set(c: &mut Criterion) {
    let mut group = c.benchmark_group("set");
    let mut n = 0;
    let mut map: HashMap<String, String> = HashMap::new();
    group.bench_function("std HashMap<String, String> insert", |b| {
        b.iter(|| {
            n += 1;
            map.insert(key(n).as_str().to_owned(), value(n).as_str().to_owned())
        });
    });
    assert_eq!(map[key(n).as_str()], value(n).as_str());
    // A cluster of one does not exist, so there is no fewer than one neighbour.
    for neighbours in [1, 2, 7] {
        let mut n = 0;
        let mut a = master(A, neighbours + 1);
        group.bench_function(format!("overwrite, neighbours: {neighbours}"), |b| {
            b.iter(|| {
                n += 1;
                let dot = a.write(&key(n), &Op::Set(value(n)));
                if n.is_multiple_of(LOG) {
                    a.truncate(0);
                }
                dot
            });
        });
        assert_eq!(a.read(&key(n)), Reading::Value(value(n)));
    }
    group.finish();
}

/// B's `n`-th change as a message of its own, written at `time`.
fn push(n: u64, time: u64) -> MessageOf<LastWriteWins> {
    let stamp = Stamp { time, master: B };
    let change = Change { dot: Dot { origin: B, seq: n }, stamp, key: key(n), effect: Some(value(n)) };
    Message::Push(Push { extends: VersionVector::from(vec![0, n - 1]), changes: vec![change] })
}

/// Takes pushes in, all of which have this outcome. The messages are made before the clock runs.
fn arrivals(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, a: &mut Replica<LastWriteWins>, outcome: &Outcome) {
    let (mut made, mut taken) = (0, 0);
    group.bench_function(name, |b| {
        let next = || {
            made += 1;
            push(made, made)
        };
        let take_in = |message| {
            taken += 1;
            assert_eq!(a.receive(B, message), *outcome);
            if taken % LOG == 0 {
                a.truncate(0);
            }
        };
        b.iter_batched(next, take_in, BatchSize::SmallInput);
    });
    assert_eq!((a.digest().get(B), made), (taken, taken));
}

fn apply(c: &mut Criterion) {
    let mut group = c.benchmark_group("apply");

    let mut a = master(A, 3);
    arrivals(&mut group, "newer", &mut a, &Outcome::Applied);
    let last = a.digest().get(B);
    assert_eq!(a.read(&key(last)), Reading::Value(value(last)));

    // All keys hold a write that is later than whatever B will send.
    let mut a = master(A, 3);
    let far = Stamp { time: 1 << 40, master: C };
    let change = Change { dot: Dot { origin: C, seq: 1 }, stamp: far, key: key(0), effect: Some(value(0)) };
    let push_of_c = Message::Push(Push { extends: VersionVector::default(), changes: vec![change] });
    assert_eq!(a.receive(C, push_of_c), Outcome::Applied);
    for n in 1..KEYS {
        a.write(&key(n), &Op::Set(value(n))).expect("a register takes a set");
    }
    arrivals(&mut group, "stale", &mut a, &Outcome::Stale);
    assert!((0..KEYS).all(|n| a.read(&key(n)) == Reading::Value(value(n))));

    let mut a = master(A, 3);
    let again = push(1, 1);
    assert_eq!(a.receive(B, again.clone()), Outcome::Applied);
    group.bench_function("duplicate", |b| {
        let take_in = |message| assert_eq!(a.receive(B, message), Outcome::Duplicate);
        b.iter_batched(|| again.clone(), take_in, BatchSize::SmallInput);
    });
    assert_eq!(a.read(&key(1)), Reading::Value(value(1)));
    group.finish();
}

/// B's first write meets A's: neither has seen the other.
fn meets<R: Resolver>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (name, rule): (&str, R),
    [ours, theirs]: &[Op; 2],
    expected: &Reading,
) {
    let first_of = |origin, op| {
        let (dot, stamp) = (Dot { origin, seq: 1 }, Stamp { time: 1, master: origin });
        let effect = rule.prepare(&R::State::default(), op, dot, stamp).expect("an operation of this rule's");
        Change { dot, stamp, key: key(1), effect }
    };
    let mut held = R::State::default();
    rule.apply(&mut held, &first_of(A, ours));
    let change = first_of(B, theirs);
    group.bench_function(name, |b| {
        let applied = |state: &mut R::State| rule.apply(black_box(state), black_box(&change));
        b.iter_batched_ref(|| held.clone(), applied, BatchSize::SmallInput);
    });
    rule.apply(&mut held, &change);
    assert_eq!(rule.read(&held), *expected);
}

fn resolve(c: &mut Criterion) {
    let mut group = c.benchmark_group("resolve");
    let seats = [Op::Set("12 Ann".into()), Op::Set("3 Bob".into())];
    let bob = Reading::Value("3 Bob".into());
    meets(&mut group, ("arrival wins", ArrivalWins), &seats, &bob);
    meets(&mut group, ("last write wins", LastWriteWins), &seats, &bob);
    meets(&mut group, ("custom", Custom(lower_seat)), &seats, &bob);
    meets(&mut group, ("custom merged", CustomMerged(lower_seat)), &seats, &bob);
    let both = Reading::Values(vec!["12 Ann".into(), "3 Bob".into()]);
    meets(&mut group, ("multi-value", MultiValue), &seats, &both);
    meets(&mut group, ("counter", Counter), &[Op::Add(3), Op::Add(-1)], &Reading::Total(2));
    let red = Reading::Elements(["red".into()].into());
    let inserts = [Op::Insert("red".into()), Op::Insert("red".into())];
    meets(&mut group, ("set", ObservedRemoveSet), &inserts, &red);
    let at_once = [Op::Insert("red".into()), Op::Remove("red".into())];
    meets(&mut group, ("remove-wins set", RemoveWinsSet), &at_once, &Reading::Elements([].into()));
    meets(&mut group, ("bounded counter", BoundedCounter), &[Op::Add(3), Op::Add(1)], &Reading::Total(4));
    meets(&mut group, ("enable-wins flag", EnableWinsFlag), &[Op::Enable, Op::Disable], &Reading::Flag(true));
    let adds = [3, 1].map(|amount| Op::In { field: "pears".into(), op: Box::new(Op::Add(amount)) });
    let pears = Reading::Fields([("pears".into(), Reading::Total(4))].into());
    meets(&mut group, ("observed-remove map", ObservedRemoveMap), &adds, &pears);
    group.finish();
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
}

criterion_group! { name = hot_path; config = quick(); targets = set, apply, resolve }
criterion_main!(hot_path);
