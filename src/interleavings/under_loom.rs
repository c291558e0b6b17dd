//! Every interleaving, by loom.
//!
//! Each line that is printed says how many interleavings there were. A line without a bound has seen them all; a bound is
//! the number of times that a running thread was interrupted for another although it could have gone on, which is all that
//! loom limits here (Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs",
//! PLDI 2007: most bugs need one or two). loom's own limits of time and of number, which end a search early and call it
//! passed, are never set.

#[allow(dead_code, unreachable_pub)]
#[path = "../cluster.rs"]
mod cluster;
#[allow(dead_code, unreachable_pub)]
#[path = "../event_count.rs"]
mod event_count;
#[allow(dead_code, unreachable_pub)]
#[path = "../link.rs"]
mod link;
#[allow(dead_code, unreachable_pub)]
#[path = "../master.rs"]
mod master;
#[allow(dead_code, unreachable_pub)]
#[path = "scenarios/mod.rs"]
mod scenarios;
mod sync {
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) mod thread {
        pub(crate) use loom::thread::{Builder, JoinHandle, spawn};

        /// loom has no time: to sleep is to let the others go first.
        pub(crate) fn sleep(_: std::time::Duration) {
            loom::thread::yield_now();
        }
    }
}

use super::report;
use scenarios::{Call, Calls, Relay};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Links do not pause: more turns that lead nowhere, and nothing that could not happen without.
const LINGER: std::time::Duration = std::time::Duration::ZERO;

/// Runs `scenario` in every interleaving, or every one within the bound, and returns how many there were.
fn explore(bound: Option<usize>, scenario: impl Fn() + Send + Sync + 'static) -> u64 {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    // Said here because the environment could say otherwise.
    (builder.max_duration, builder.max_permutations) = (None, None);
    builder.max_branches = 100_000;
    let executions = Arc::new(AtomicU64::new(0));
    let counter = executions.clone();
    builder.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        scenario();
    });
    executions.load(Ordering::Relaxed)
}

fn row(name: &str, bound: Option<usize>, executions: u64, start: Instant, remark: &str) {
    let bound = bound.map_or("none".into(), |bound| bound.to_string());
    let time = start.elapsed();
    report(format_args!("loom: {name:<44} bound {bound:<4} {executions:>8} interleavings {time:>6.1?} {remark}"));
}

/// Threads that call one master: each outcome is a sequential one, and each sequential one comes out.
fn calls(name: &str, calls: Calls) {
    let start = Instant::now();
    let outcomes = calls.outcomes();
    let running = outcomes.clone();
    let executions = explore(None, move || running.run());
    let (reached, of) = outcomes.reached();
    row(name, None, executions, start, &format!("{reached} of {of} sequential outcomes reached"));
    assert_eq!(reached, of, "{name}");
}

fn links(name: &str, bound: Option<usize>, scenario: impl Fn() + Send + Sync + 'static) {
    let start = Instant::now();
    let executions = explore(bound, scenario);
    row(name, bound, executions, start, "");
}

fn threads(threads: Vec<Vec<Call>>) -> Calls {
    Calls { before: Vec::new(), threads, log: 100 }
}

fn set(value: &'static str) -> Call {
    Call::Set(value)
}

#[test]
fn two_sets_of_one_key_and_a_reader() {
    calls(
        "two sets of one key and a reader",
        threads(vec![vec![set("1")], vec![set("2")], vec![Call::Get, Call::Get]]),
    );
}

#[test]
fn a_set_a_conflicting_change_and_a_reader() {
    calls(
        "a set, a conflicting change and a reader",
        threads(vec![vec![set("1")], vec![Call::Receive], vec![Call::Get]]),
    );
}

#[test]
fn a_log_is_truncated_while_a_link_reads_it() {
    let threads = threads(vec![vec![set("1"), set("2"), set("3")], vec![Call::Take(1), Call::Take(1)]]);
    calls("a log is truncated while a link reads it", Calls { log: 1, ..threads });
}

#[test]
fn a_snapshot_is_taken_during_a_set() {
    let scenario = Calls {
        before: vec![set("1"), set("2"), set("3"), set("4")],
        threads: vec![vec![set("5"), set("6")], vec![Call::Take(1), Call::Take(1)]],
        log: 1,
    };
    calls("a snapshot is taken during a set", scenario);
}

#[test]
fn close_against_two_sets() {
    calls("close against two sets", threads(vec![vec![set("1"), set("2")], vec![Call::Close]]));
}

#[test]
fn a_link_against_two_sets() {
    links("a link against two sets", None, || scenarios::a_link_reads_while_sets_go_on(1, 2));
}

#[test]
fn shutdown_against_a_set() {
    links("shutdown against a set", Some(2), || {
        scenarios::shutdown_against_set(1);
    });
}

#[test]
fn two_links_relay() {
    links("two links relay, two masters", Some(3), || {
        scenarios::relays_in_a_ring(&Relay { masters: 2, writes: vec![0, 1] });
    });
}

#[test]
fn three_links_relay() {
    links("three links relay, three masters", Some(2), || {
        scenarios::relays_in_a_ring(&Relay { masters: 3, writes: vec![0, 1] });
    });
}

/// The article's `Set` unlocks and then sends.
#[test]
fn the_articles_set_is_caught() {
    let start = Instant::now();
    let wrong = Arc::new(AtomicU64::new(0));
    let counter = wrong.clone();
    let executions = explore(None, move || {
        counter.fetch_add(u64::from(scenarios::the_articles_set()), Ordering::Relaxed);
    });
    let wrong = wrong.load(Ordering::Relaxed);
    row("the article's Set, caught", None, executions, start, &format!("{wrong} of them end apart"));
    assert!(wrong > 0, "no interleaving shows it");
}

/// Not a test by itself: the next one runs it in a process of its own.
#[test]
#[ignore = "deadlocks, as it should: the test that a missed wake-up is caught runs it"]
fn a_link_that_reads_the_epoch_too_late() {
    explore(None, scenarios::wrong::a_link_that_reads_the_epoch_too_late);
}

/// A missed wake-up is a deadlock, which loom reports by a panic: in a process of its own, so that what it prints and what
/// it leaves behind trouble no other test.
#[test]
fn a_missed_event_count_is_caught() {
    let start = Instant::now();
    let test = "interleavings::under_loom::a_link_that_reads_the_epoch_too_late";
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program).args(["--exact", test, "--ignored", "--nocapture"]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&child.stderr);
    let deadlock = printed.lines().find(|line| line.contains("deadlock"));
    let deadlock = deadlock.unwrap_or_else(|| panic!("not caught: {printed}"));
    let name = "a link that reads the epoch too late, caught";
    report(format_args!("loom: {name:<44} {:>28} {:>6.1?} {deadlock}", "", start.elapsed()));
}
