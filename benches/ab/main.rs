//! Two versions of a rule in one process, in turns: `cargo run --release -p multimaster-benches --example ab`.
//!
//! To compare your own: copy this directory, put the older version of the rule into `old.rs`, and name the newer one below.
//! What counts is the ratio, and only as far as it exceeds what the *same* code shows: the older version is run twice.

mod old;

use multimaster::Resolver;
use multimaster_benches::interleaved::{Case, Cost, measure, table};
use multimaster_benches::meeting::Meeting;
use old::Old;
use std::cell::RefCell;
use std::hint::black_box;

/// The newer version.
use multimaster::LastWriteWins as New;

/// Applies a newer, a stale, a tied and a concurrent change in turn, each to a state of its own.
fn applies<R: Resolver>(name: &str, rule: R) -> Case<'_> {
    let met = Meeting::ALL.map(|(meeting, _)| meeting.of(&rule).expect("an operation of its kind"));
    let states = std::rc::Rc::new(RefCell::new(Vec::new()));
    let (made, changes, held) = (states.clone(), met.clone().map(|(_, change)| change), met.map(|(held, _)| held));
    let run = move |_| {
        for (place, state) in states.borrow_mut().iter_mut().enumerate() {
            black_box(rule.apply(black_box(state), black_box(&changes[place % 4])));
        }
    };
    let prepare = move |operations| {
        let mut made = made.borrow_mut();
        made.clear();
        made.extend(held.iter().cycle().take(operations as usize).cloned());
    };
    Case::new(name, run).prepared(prepare)
}

/// How far apart, in percent.
fn percent(new: &Cost, old: &Cost) -> f64 {
    (new.median / old.median - 1.0) * 100.0
}

fn main() {
    for (meeting, name) in Meeting::ALL {
        let ((mut was, change), (mut is, _)) =
            (meeting.of(&Old).expect("an operation of its kind"), meeting.of(&New).expect("an operation of its kind"));
        assert_eq!(
            Old.apply(&mut was, &change),
            New.apply(&mut is, &change),
            "{name}: the versions differ in what they do"
        );
        assert_eq!(Old.read(&was), New.read(&is), "{name}: the versions differ in what is read");
    }
    let costs = measure(vec![applies("old", Old), applies("old again", Old), applies("new", New)], 201, 1024);
    println!("{}", table(&costs, "old"));
    let [old, again, new] = &costs[..] else { return };
    let (noise, change) = (percent(again, old).abs(), percent(new, old));
    println!("identical code in this run: {noise:.1} % apart; new against old: {change:+.1} %");
    // One pair of identical cases shows a part of the noise only; below 2 % nothing was seen to repeat.
    let verdict = match change {
        change if change.abs() <= (2.0 * noise).max(2.0) => "no difference that this run could show",
        change if change < 0.0 => "the new version is faster",
        _ => "the new version is slower",
    };
    println!("verdict: {verdict}");
}
