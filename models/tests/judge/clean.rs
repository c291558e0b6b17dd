//! The histories of running clusters have no violations, and each property is judged in some.
//!
//! They are clean in the sense of `docs/judge.md`: each process stays with its master, each register has one writer, and the
//! final reads come after all changes have arrived. `SEED=N cargo test --test all judge::` runs others.

use super::written::{Event, judged};
use multimaster::{
    Cluster, Counter, Faults, GrowOnlyCounter, GrowOnlySet, LastWriteWins, Layout, Master, ObservedRemoveSet, Op,
    Options, Reading, Setup, Topology,
};
use multimaster_models::SerdeRule;
use multimaster_models::judge::{self as j, Data, Options as Asked, Report, Verdict};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// Histories of each of five rules.
const RUNS: u64 = 200;
const KEYS: [&str; 6] = ["k", "l", "m", "n", "o", "p"];
const PATIENCE: Duration = Duration::from_secs(60);

/// A process, and what it may do.
struct Client<'a, R: SerdeRule> {
    process: u32,
    master: &'a Master<R>,
    random: fastrand::Rng,
    data: Data,
    /// Whether it may remove, delete or subtract.
    takes_back: bool,
    history: &'a Mutex<Vec<Event>>,
    /// The number of its last write.
    written: u32,
}

impl<R: SerdeRule> Client<'_, R> {
    fn event(&self, kind: &'static str, f: &str, key: &str, value: &str) {
        let (f, key, value) = (f.to_owned(), Some(key.to_owned()), value.to_owned());
        self.history.lock().unwrap().push(Event { process: self.process, kind, f, key, value });
    }

    fn work(&mut self) {
        for _ in 0..self.random.u8(2..12) {
            if self.random.bool() {
                let key = KEYS[self.random.usize(..6)];
                self.read(key);
            } else {
                self.write();
            }
            if self.random.bool() {
                thread::yield_now();
            }
        }
    }

    /// Reads the key, and returns what it read, as JSON.
    fn read(&self, key: &str) -> String {
        self.event("invoke", "read", key, "null");
        let value = match self.master.get(key) {
            Reading::Nothing => "null".to_owned(),
            Reading::Value(value) => value.to_string(),
            Reading::Total(total) => total.to_string(),
            Reading::Elements(elements) => {
                let elements: Vec<String> = elements.iter().map(|element| element.to_string()).collect();
                format!("[{}]", elements.join(","))
            }
            other => panic!("{other:?}"),
        };
        self.event("ok", "read", key, &value);
        value
    }

    fn write(&mut self) {
        self.written += 1;
        let own = KEYS[self.process as usize];
        let any = ["k", "l"][self.random.usize(..2)];
        let value = (1000 * (self.process + 1) + self.written).to_string();
        let takes_back = self.takes_back && self.random.u8(..4) == 0;
        let (key, f, value, op) = match self.data {
            Data::Register if takes_back => (own, "write", "null".to_owned(), Op::Delete),
            Data::Register => (own, "write", value.clone(), Op::Set(value.into())),
            Data::Counter => {
                let amount = self.random.i64(if self.takes_back { -5..9 } else { 0..9 });
                (any, "increment", amount.to_string(), Op::Add(amount))
            }
            _ if takes_back => {
                let read = self.read(any);
                let element = read.trim_matches(['[', ']']).split(',').next().unwrap_or_default();
                if matches!(element, "" | "null") {
                    return;
                }
                (any, "remove", element.to_owned(), Op::Remove(element.into()))
            }
            _ => (any, "insert", value.clone(), Op::Insert(value.into())),
        };
        self.event("invoke", f, key, &value);
        // A client may not learn the outcome; and what failed was not done.
        let end = ["fail", "info", "ok", "ok", "ok", "ok", "ok", "ok"][self.random.usize(..8)];
        if end != "fail" {
            self.master.write(key, op).unwrap();
        }
        self.event(end, f, key, &value);
    }
}

/// The history of a random run.
fn history<R: SerdeRule>(rule: &R, data: Data, takes_back: bool, seed: u64) -> Vec<Event> {
    let mut random = fastrand::Rng::with_seed(seed);
    let masters = random.u16(2..=3);
    let topology = if random.bool() { Topology::ring(masters) } else { Topology::all_to_all(masters) }.unwrap();
    let faults = Faults::default().loss(0.2).duplication(0.2).delay(random.u64(0..4));
    let setup = Setup::default()
        .master(Options::default().layout(Layout::of(1).unwrap()))
        .batch(random.usize(1..4))
        .tick(Duration::from_micros(300))
        .linger(Duration::from_micros(random.u64(0..200)))
        .faults(faults)
        .seed(random.u64(..));
    let cluster = Cluster::start(rule.clone(), topology, setup).unwrap();
    let history = Mutex::new(Vec::new());
    let mut clients: Vec<Client<R>> = (0..2 * usize::from(masters))
        .map(|process| Client {
            process: process as u32,
            master: &cluster.masters()[process / 2],
            random: fastrand::Rng::with_seed(random.u64(..)),
            data,
            takes_back,
            history: &history,
            written: 0,
        })
        .collect();
    thread::scope(|threads| {
        for client in &mut clients {
            threads.spawn(|| client.work());
        }
    });
    cluster.settle(PATIENCE).unwrap();
    for client in &clients {
        for key in KEYS {
            client.read(key);
        }
    }
    drop(clients);
    assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
    history.into_inner().unwrap()
}

/// Judges the histories of runs of this rule. Returns how many operations were judged, by property.
fn judge<R: SerdeRule>(rule: &R, data: Data, takes_back: bool) -> BTreeMap<&'static str, u64> {
    let first: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0) * RUNS;
    let mut judged_in_sum = BTreeMap::new();
    for seed in first..first + RUNS {
        let events = history(rule, data, takes_back, seed);
        let report: Report = judged(&events, &Asked { data: Some(data), ..Asked::default() });
        assert!(report.is_fine(), "seed {seed}: {report}\n{}", super::written::json(&events));
        for finding in report.findings.iter().filter(|finding| finding.verdict == Verdict::Holds) {
            *judged_in_sum.entry(finding.property).or_default() += finding.judged;
        }
    }
    judged_in_sum
}

const SESSIONS: [&str; 4] = [j::READ_YOUR_WRITES, j::MONOTONIC_READS, j::MONOTONIC_WRITES, j::WRITES_FOLLOW_READS];

fn all_judged(judged: &BTreeMap<&'static str, u64>, properties: &[&str]) {
    println!("{judged:?}");
    for property in properties {
        assert!(judged.get(property).is_some_and(|count| *count > 0), "{property} was not judged: {judged:?}");
    }
}

#[test]
fn running_registers_are_clean() {
    let judged = judge(&LastWriteWins, Data::Register, true);
    all_judged(&judged, &SESSIONS);
    // Whether a deletion is read before the next write depends on the threads: it is so in few runs or none.
    all_judged(&judged, &[j::NO_LOST_WRITE, j::AGREEMENT, j::NO_INVENTION]);
}

#[test]
fn running_sets_are_clean() {
    let judged = judge(&ObservedRemoveSet, Data::Set, true);
    all_judged(&judged, &SESSIONS);
    all_judged(&judged, &[j::NO_LOST_WRITE, j::AGREEMENT, j::NO_INVENTION, j::NO_RESURRECTION]);
    let judged = judge(&GrowOnlySet, Data::Set, false);
    all_judged(&judged, &SESSIONS);
}

#[test]
fn running_counters_are_clean() {
    let judged = judge(&Counter, Data::Counter, true);
    all_judged(&judged, &[j::COUNTER_BOUNDS, j::AGREEMENT, j::READ_YOUR_WRITES]);
    let judged = judge(&GrowOnlyCounter, Data::Counter, false);
    all_judged(&judged, &[j::COUNTER_BOUNDS, j::AGREEMENT, j::READ_YOUR_WRITES, j::MONOTONIC_READS]);
}
