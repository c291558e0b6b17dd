//! What a rule costs: `resolve` one change against what is held, and `merge` two masters' states.
#![allow(missing_docs, reason = "the entry point that a macro writes")]

use criterion::{Criterion, criterion_group, criterion_main};
use multimaster::{
    Change, Counter, Dot, MasterId, ObservedRemoveSet, Op, Reading, Resolver, Side, Timestamp, VersionVector,
};
use multimaster_benches::numbers::numbered;
use multimaster_benches::{every_rule, resolve};
use std::hint::black_box;
use std::time::Duration;

fn resolves(c: &mut Criterion) {
    macro_rules! each {
        ($($name:ident: $rule:expr;)*) => {$(
            resolve(c, &stringify!($name).replace('_', "-"), $rule);
        )*};
    }
    every_rule!(each);
}

/// A state, and what it reflects.
type Held<R> = (<R as Resolver>::State, VersionVector);

/// Writes of many masters, in order; no writer has seen another's.
fn held<R: Resolver>(rule: &R, writes: impl Iterator<Item = (Dot, Op)>) -> Held<R> {
    let mut held = (R::State::default(), VersionVector::default());
    for (dot, op) in writes {
        let timestamp = Timestamp::new(dot.seq(), dot.origin());
        let effect = rule.prepare(&R::State::default(), op, dot, timestamp).expect("an operation of its kind");
        rule.apply(&mut held.0, &Change { dot, timestamp, key: "key".into(), effect });
        held.1.insert(dot);
    }
    held
}

fn merges<R: Resolver>(c: &mut Criterion, name: &str, rule: &R, [ours, theirs]: [Held<R>; 2], expected: &Reading) {
    let (ours, theirs) = (Side { state: &ours.0, seen: &ours.1 }, Side { state: &theirs.0, seen: &theirs.1 });
    c.bench_function(name, |b| b.iter(|| rule.merge(black_box(ours), black_box(theirs))));
    let merged = rule.merge(ours, theirs).expect("a join");
    assert_eq!(rule.read(&merged), *expected);
}

fn merge(c: &mut Criterion) {
    for actors in [2, 3, 16] {
        // Each side has one more write of every other actor than its peer has.
        let side = |odd: u16| {
            let dots = (0..actors).flat_map(move |m| (1..=1 + u64::from(m % 2 == odd)).map(move |seq| (m, seq)));
            held(&Counter, dots.map(|(m, seq)| (Dot::new(MasterId(m), seq), Op::Add(1))))
        };
        let total = Reading::Total(2 * i64::from(actors));
        merges(c, &format!("merge/{actors} actors"), &Counter, [side(0), side(1)], &total);
    }
    for members in [16, 1000] {
        // Each side's own master has inserted half of them.
        let inserts = |origin: u16, from: u64| {
            let element = move |n| (Dot::new(MasterId(origin), n + 1), Op::Insert(numbered(b'e', from + n)));
            held(&ObservedRemoveSet, (0..members / 2).map(element))
        };
        let sides = [inserts(0, 0), inserts(1, members / 2)];
        let all = Reading::Elements((0..members).map(|n| numbered(b'e', n)).collect());
        merges(c, &format!("merge/{members} members"), &ObservedRemoveSet, sides, &all);
    }
}

fn short() -> Criterion {
    // Nearly two hundred benches: what is to be told apart to a percent is told apart by instructions or in turns.
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(30))
        .measurement_time(Duration::from_millis(150))
        .without_plots()
}

criterion_group! { name = rules; config = short(); targets = resolves, merge }
criterion_main!(rules);
