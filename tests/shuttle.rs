//! Larger than loom can exhaust: the same scenarios with more threads and writes, under shuttle's random schedules and
//! under PCT ones (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
//!
//! The seed is printed. `SHUTTLE_SEED=N cargo test --test shuttle` runs the random schedules with another; a failure also
//! prints the schedule, which `shuttle::replay` takes.

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
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use shuttle::thread;
}

use interleavings::{Call, Calls, Relay};
use libtest_mimic::{Arguments, Failed, Trial};
use link::{Faults, Traffic};
use master::{Master, Options, Recorder};
#[allow(unused_imports)]
use multimaster::*;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Links rest, for as long as it pleases the schedule.
const LINGER: std::time::Duration = std::time::Duration::from_micros(1);

/// Schedules of each kind.
const SCHEDULES: usize = 2_000;
/// Preemptions of a PCT schedule.
const DEPTH: usize = 4;

fn seed() -> u64 {
    std::env::var("SHUTTLE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_000)
}

fn trial(name: &'static str, scenario: impl Fn() + Clone + Send + Sync + 'static) -> Trial {
    Trial::test(name, move || {
        let start = Instant::now();
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::Print;
        config.stack_size = 0x4_0000;
        let random = RandomScheduler::new_from_seed(seed(), SCHEDULES);
        let ran = Runner::new(random, config.clone()).run(scenario.clone());
        let pct = PctScheduler::new_from_seed(seed(), DEPTH, SCHEDULES);
        let ran = ran + Runner::new(pct, config).run(scenario);
        println!("shuttle: {name:<44} {ran} schedules, seed {}, {:.1?}", seed(), start.elapsed());
        if ran == 2 * SCHEDULES { Ok(()) } else { Err(Failed::from(format!("only {ran} schedules were run"))) }
    })
}

fn calls(name: &'static str, calls: Calls) -> Trial {
    let outcomes = calls.outcomes();
    trial(name, move || outcomes.run())
}

fn main() {
    let set = Call::Set;
    let three = vec![set("1"), set("2"), set("3")];
    let trials = vec![
        calls(
            "three writers, a link and a reader",
            Calls {
                before: Vec::new(),
                threads: vec![
                    vec![set("1"), set("2")],
                    vec![set("3"), Call::Receive],
                    vec![Call::Take(2), Call::Take(2)],
                    vec![Call::Get, Call::Get],
                ],
                log: 2,
            },
        ),
        calls(
            "two writers, two readers of a log cut short",
            Calls {
                before: three.clone(),
                threads: vec![three, vec![Call::Take(1); 3], vec![Call::Take(2); 2]],
                log: 1,
            },
        ),
        trial("four writers against a link", || interleavings::a_link_reads_while_sets_go_on(4, 50)),
        trial("five masters relay in a ring", || {
            interleavings::relays_in_a_ring(&Relay { masters: 5, writes: vec![0, 1, 2, 3, 4, 0, 1, 2, 3, 4] });
        }),
        Trial::test("what is wrong is found", || {
            let wrong = Arc::new(AtomicU64::new(0));
            let counter = wrong.clone();
            let scenario = move || {
                counter.fetch_add(u64::from(interleavings::the_articles_set()), Ordering::Relaxed);
            };
            let _ran = Runner::new(RandomScheduler::new_from_seed(seed(), SCHEDULES), Config::new()).run(scenario);
            let wrong = wrong.load(Ordering::Relaxed);
            println!("shuttle: the article's Set ends apart in {wrong} of {SCHEDULES} schedules, seed {}", seed());
            if wrong > 0 { Ok(()) } else { Err(Failed::from("no schedule shows it")) }
        }),
        trial("shutdown against twenty sets", || {
            interleavings::shutdown_against_set(20);
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
