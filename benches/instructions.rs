//! Instructions for one `apply`, and for one local write, of every public rule, and what a replica does with them. Each
//! benchmark does `OPERATIONS` operations: `cargo run -p multimaster-benches -- HEAD` prints what one costs.
#![allow(missing_docs, reason = "the entry points that a macro writes")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use multimaster::{
    Change, Dot, LastWriteWins, MasterId, Message, Op, Outcome, Push, Replica, Resolver, Timestamp, Topology,
    VersionVector,
};
use multimaster_benches::meeting::{Meeting, operations};
use multimaster_benches::numbers::{key, value};
use multimaster_benches::{OPERATIONS, every_rule};
use std::hint::black_box;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const KEYS: u64 = 1000;

/// What is run; boxed, as each rule has states of its own.
type Run = Box<dyn FnMut()>;

/// As many arrivals of each [`Meeting`].
fn arrivals<R: Resolver>(rule: R) -> Run {
    let met = Meeting::ALL.map(|(meeting, _)| meeting.of(&rule).expect("an operation of its kind"));
    let mut met: Vec<_> = met.into_iter().cycle().take(OPERATIONS).collect();
    Box::new(move || {
        for (state, change) in &mut met {
            black_box(rule.apply(black_box(state), black_box(change)));
        }
    })
}

/// A write after a write, at one master.
fn writes<R: Resolver>(rule: R) -> Run {
    let [first, second] = operations(rule.kind(), Meeting::Newer);
    let dot = |seq| Dot::new(A, seq);
    let timestamp = |time| Timestamp::new(time, A);
    let mut held = R::State::default();
    let effect = rule.prepare(&held, first, dot(1), timestamp(1)).expect("an operation of its kind");
    rule.apply(&mut held, &Change { dot: dot(1), timestamp: timestamp(1), key: "key".into(), effect });
    let mut states = vec![(held, Some(second)); OPERATIONS];
    Box::new(move || {
        for (state, second) in &mut states {
            let op = black_box(second).take().expect("run once");
            let effect = rule.prepare(black_box(state), op, dot(2), timestamp(2)).expect("as the first");
            black_box(rule.apply(state, &Change { dot: dot(2), timestamp: timestamp(2), key: "key".into(), effect }));
        }
    })
}

macro_rules! of_every_rule {
    ($($name:ident: $rule:expr;)*) => {
        #[library_benchmark]
        $(#[bench::$name(arrivals($rule))])*
        fn apply(mut run: Run) -> Run {
            run();
            run
        }

        #[library_benchmark]
        $(#[bench::$name(writes($rule))])*
        fn write(mut run: Run) -> Run {
            run();
            run
        }
    };
}
every_rule!(of_every_rule);

/// A replica of three masters that holds a value of every key. Its log has room for what follows: how it grows depends
/// on where the heap has some.
fn filled() -> Replica<LastWriteWins> {
    let mut replica = Replica::new(A, LastWriteWins, &Topology::all_to_all(3).expect("three masters"));
    for n in 0..KEYS * 8 {
        replica.write(&key(n, KEYS), Op::Set(value(n))).expect("a register takes a set");
        if replica.log_len() == OPERATIONS {
            replica.truncate(0);
        }
    }
    replica.truncate(0);
    replica
}

fn sets() -> Run {
    let mut replica = filled();
    Box::new(move || {
        for n in 0..OPERATIONS as u64 {
            black_box(replica.write(&key(n, KEYS), Op::Set(value(n)))).expect("a register takes a set");
        }
    })
}

fn gets() -> Run {
    let replica = filled();
    Box::new(move || {
        for n in 0..OPERATIONS as u64 {
            black_box(replica.read(&key(n, KEYS)));
        }
    })
}

/// B's changes, so many a push, all later or all earlier than what is held.
fn receives(batch: usize, late: bool) -> Run {
    let mut replica = filled();
    let time = |n: u64| if late { n + (1 << 40) } else { 0 };
    let change = |n: u64| Change {
        dot: Dot::new(B, n),
        timestamp: Timestamp::new(time(n), B),
        key: key(n, KEYS),
        effect: Some(value(n)),
    };
    let push = |first: usize| {
        let first = first as u64;
        let changes = (first..first + batch as u64).map(change).collect();
        Message::Push(Push { extends: VersionVector::from(vec![0, first - 1]), changes })
    };
    let mut pushes: Vec<_> = (1..=OPERATIONS).step_by(batch).map(push).collect();
    let expected = if late { Outcome::Applied } else { Outcome::Stale };
    Box::new(move || {
        for push in pushes.drain(..) {
            assert_eq!(replica.receive(B, push), expected);
        }
    })
}

#[library_benchmark]
#[bench::set(sets())]
#[bench::get(gets())]
#[bench::apply_newer(receives(1, true))]
#[bench::apply_stale(receives(1, false))]
#[bench::apply_newer_batch(receives(OPERATIONS, true))]
fn replica(mut run: Run) -> Run {
    run();
    run
}

library_benchmark_group!(name = rules, benchmarks = [apply, write]);
library_benchmark_group!(name = replicas, benchmarks = replica);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = [rules, replicas]
);
