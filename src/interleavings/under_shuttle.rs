//! Larger than loom can exhaust: the same scenarios with more threads and writes, under shuttle's random schedules and
//! under PCT ones (Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
//!
//! The seed is printed. `SHUTTLE_SEED=N cargo test -p multimaster --lib under_shuttle` runs the random schedules with
//! another; a failure also prints the schedule, which `shuttle::replay` takes.

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
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use shuttle::thread;
}

use super::report;
use scenarios::{Call, Calls, Relay};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Links pause, for as long as it pleases the schedule.
const LINGER: std::time::Duration = std::time::Duration::from_micros(1);

/// Schedules of each kind.
const SCHEDULES: usize = 2_000;
/// Preemptions of a PCT schedule.
const DEPTH: usize = 4;

fn seed() -> u64 {
    std::env::var("SHUTTLE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_260_000)
}

fn sample(name: &str, scenario: impl Fn() + Clone + Send + Sync + 'static) {
    let start = Instant::now();
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::Print;
    config.stack_size = 0x4_0000;
    let random = RandomScheduler::new_from_seed(seed(), SCHEDULES);
    let ran = Runner::new(random, config.clone()).run(scenario.clone());
    let pct = PctScheduler::new_from_seed(seed(), DEPTH, SCHEDULES);
    let ran = ran + Runner::new(pct, config).run(scenario);
    report(format_args!("shuttle: {name:<44} {ran} schedules, seed {}, {:.1?}", seed(), start.elapsed()));
    assert_eq!(ran, 2 * SCHEDULES, "schedules");
}

fn calls(name: &str, calls: Calls) {
    let outcomes = calls.outcomes();
    sample(name, move || outcomes.run());
}

fn three_sets() -> Vec<Call> {
    ["1", "2", "3"].map(Call::Set).into()
}

#[test]
fn three_writers_a_link_and_a_reader() {
    let scenario = Calls {
        before: Vec::new(),
        threads: vec![
            vec![Call::Set("1"), Call::Set("2")],
            vec![Call::Set("3"), Call::Receive],
            vec![Call::Take(2), Call::Take(2)],
            vec![Call::Get, Call::Get],
        ],
        log: 2,
    };
    calls("three writers, a link and a reader", scenario);
}

#[test]
fn two_writers_and_two_readers_of_a_short_log() {
    let scenario = Calls {
        before: three_sets(),
        threads: vec![three_sets(), vec![Call::Take(1); 3], vec![Call::Take(2); 2]],
        log: 1,
    };
    calls("two writers, two readers of a short log", scenario);
}

#[test]
fn four_writers_against_a_link() {
    sample("four writers against a link", || scenarios::a_link_reads_while_sets_go_on(4, 50));
}

#[test]
fn five_masters_relay_in_a_ring() {
    sample("five masters relay in a ring", || {
        scenarios::relays_in_a_ring(&Relay { masters: 5, writes: vec![0, 1, 2, 3, 4, 0, 1, 2, 3, 4] });
    });
}

#[test]
fn shutdown_against_twenty_sets() {
    sample("shutdown against twenty sets", || {
        scenarios::shutdown_against_set(20);
    });
}

#[test]
fn the_articles_set_is_caught() {
    let wrong = Arc::new(AtomicU64::new(0));
    let counter = wrong.clone();
    let scenario = move || {
        counter.fetch_add(u64::from(scenarios::the_articles_set()), Ordering::Relaxed);
    };
    Runner::new(RandomScheduler::new_from_seed(seed(), SCHEDULES), Config::new()).run(scenario);
    let wrong = wrong.load(Ordering::Relaxed);
    report(format_args!("shuttle: the article's Set ends apart in {wrong} of {SCHEDULES} schedules, seed {}", seed()));
    assert!(wrong > 0, "no schedule shows it");
}
