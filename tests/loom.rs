//! All interleavings of what threads do to a running master, by loom: no flag is needed.
//!
//! `src/master.rs`, `src/bell.rs`, `src/link.rs` and `src/cluster.rs` are compiled here once more, over loom's locks,
//! conditions and threads instead of the standard library's. Each row says how many interleavings there were. A row without
//! a bound has seen them all; a bound is the number of times that a running thread was interrupted for another although it
//! could have gone on, which is all that loom limits here (Musuvathi and Qadeer, "Iterative context bounding for systematic
//! testing of multithreaded programs", PLDI 2007: most bugs need one or two). loom's own limits of time and of number, which
//! end a search early and call it passed, are never set.

#[allow(dead_code, unreachable_pub)]
#[path = "../src/bell.rs"]
mod bell;
#[allow(dead_code, unreachable_pub)]
#[path = "../src/cluster.rs"]
mod cluster;
#[allow(dead_code, unreachable_pub)]
mod interleavings;
#[allow(dead_code, unreachable_pub)]
#[path = "../src/link.rs"]
mod link;
#[allow(dead_code, unreachable_pub)]
#[path = "../src/master.rs"]
mod master;
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

use interleavings::{Call, Calls, Relay};
use libtest_mimic::{Arguments, Failed, Trial};
use link::{Faults, Traffic};
use master::{Master, Options, Recorder};
#[allow(unused_imports)]
use multimaster::*;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Links do not rest: more turns that lead nowhere, and nothing that could not happen without.
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
    println!("loom: {name:<44} bound {bound:<4} {executions:>8} interleavings {:>6.1?} {remark}", start.elapsed());
}

/// Threads that call one master: each outcome is a sequential one, and each sequential one comes out.
fn calls(name: &'static str, calls: Calls) -> Trial {
    Trial::test(name, move || {
        let start = Instant::now();
        let outcomes = calls.outcomes();
        let running = outcomes.clone();
        let executions = explore(None, move || running.run());
        let (reached, of) = outcomes.reached();
        row(name, None, executions, start, &format!("{of} sequential outcomes, all reached"));
        if reached == of { Ok(()) } else { Err(Failed::from(format!("{reached} of {of} outcomes were reached"))) }
    })
}

fn links(name: &'static str, bound: Option<usize>, scenario: impl Fn() + Clone + Send + Sync + 'static) -> Trial {
    Trial::test(name, move || {
        let start = Instant::now();
        let executions = explore(bound, scenario);
        row(name, bound, executions, start, "");
        Ok(())
    })
}

/// The article's `Set` unlocks and then sends.
fn the_articles_set() -> Result<(), Failed> {
    let start = Instant::now();
    let wrong = Arc::new(AtomicU64::new(0));
    let counter = wrong.clone();
    let executions = explore(None, move || {
        counter.fetch_add(u64::from(interleavings::the_articles_set()), Ordering::Relaxed);
    });
    let wrong = wrong.load(Ordering::Relaxed);
    row("the article's Set, caught", None, executions, start, &format!("{wrong} of them end apart"));
    if wrong > 0 { Ok(()) } else { Err(Failed::from("no interleaving shows it")) }
}

/// Set in the process that is to find the deadlock.
const TOO_LATE: &str = "EXPECT_A_DEADLOCK";

/// A wake-up that is missed is a deadlock, which loom reports by a panic: in a process of its own, so that what it prints
/// and what it leaves behind trouble nobody.
fn a_missed_wake_up() -> Result<(), Failed> {
    let start = Instant::now();
    let child = Command::new(std::env::current_exe()?).env(TOO_LATE, "1").output()?;
    let said = String::from_utf8_lossy(&child.stderr);
    let Some(deadlock) = said.lines().find(|line| line.contains("deadlock")) else {
        return Err(Failed::from(format!("a link that listens too late was not caught: {said}")));
    };
    println!("loom: {:<44} {:>28} {:>6.1?} {deadlock}", "a link that listens too late, caught", "", start.elapsed());
    Ok(())
}

fn main() {
    if std::env::var_os(TOO_LATE).is_some() {
        explore(None, interleavings::wrong::a_link_that_listens_too_late);
        return;
    }
    let threads = |threads: Vec<Vec<Call>>| Calls { before: Vec::new(), threads, log: 100 };
    let set = Call::Set;
    let trials = vec![
        calls(
            "two sets of one key and a reader",
            threads(vec![vec![set("1")], vec![set("2")], vec![Call::Get, Call::Get]]),
        ),
        calls(
            "a set, a conflicting change and a reader",
            threads(vec![vec![set("1")], vec![Call::Receive], vec![Call::Get]]),
        ),
        calls(
            "a log is cut while a link reads it",
            Calls { log: 1, ..threads(vec![vec![set("1"), set("2"), set("3")], vec![Call::Take(1), Call::Take(1)]]) },
        ),
        calls(
            "a snapshot is taken while a set goes on",
            Calls {
                before: vec![set("1"), set("2"), set("3"), set("4")],
                threads: vec![vec![set("5"), set("6")], vec![Call::Take(1), Call::Take(1)]],
                log: 1,
            },
        ),
        calls("close against two sets", threads(vec![vec![set("1"), set("2")], vec![Call::Close]])),
        links("a link against two sets", None, || interleavings::a_link_reads_while_sets_go_on(1, 2)),
        links("shutdown against a set", Some(2), || {
            interleavings::shutdown_against_set(1);
        }),
        links("two links relay, two masters", Some(3), || {
            interleavings::relays_in_a_ring(&Relay { masters: 2, writes: vec![0, 1] });
        }),
        links("three links relay, three masters", Some(2), || {
            interleavings::relays_in_a_ring(&Relay { masters: 3, writes: vec![0, 1] });
        }),
        Trial::test("the article's Set is caught", the_articles_set),
        Trial::test("a link that listens too late is caught", a_missed_wake_up),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
