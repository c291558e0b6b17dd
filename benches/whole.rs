//! Whole runs: clusters on threads until all masters read the same, and explorations until nothing is left.
#![allow(missing_docs, reason = "the entry point that a macro writes")]

use criterion::{BatchSize, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use multimaster::{Cluster, LastWriteWins, Master, Setup, Topology};
use multimaster_benches::numbers::{numbered, value};
use multimaster_models::check::engine::Limits;
use multimaster_models::scenario::Scenario;
use std::thread;
use std::time::Duration;

const KEYS: u64 = 10_000;
/// Writes of each master.
const WRITES: u64 = 10_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Each master's client writes on a thread of its own; then all is delivered.
fn run(cluster: Cluster<LastWriteWins>, hot: bool) -> Vec<std::sync::Arc<Master<LastWriteWins>>> {
    thread::scope(|threads| {
        for (place, master) in cluster.masters().iter().enumerate() {
            threads.spawn(move || {
                for n in 0..WRITES {
                    let key = numbered(b'k', if hot { 0 } else { n % KEYS });
                    master.set(&key, value(n + place as u64 * WRITES)).expect("it is open");
                }
            });
        }
    });
    let ending = cluster.shutdown(PATIENCE);
    assert_eq!(ending.undelivered, []);
    ending.masters
}

/// That all masters read the same, of so many keys.
fn assert_converged(masters: &[std::sync::Arc<Master<LastWriteWins>>], keys: u64) {
    let (first, others) = masters.split_first().expect("a master");
    for key in (0..keys).map(|n| numbered(b'k', n)) {
        let read = first.get(&key);
        assert!(read != multimaster::Reading::Nothing, "{key} was written");
        assert!(others.iter().all(|master| master.get(&key) == read), "{key} reads differently");
    }
}

fn mesh(c: &mut Criterion) {
    let mut group = c.benchmark_group("mesh");
    group.sampling_mode(SamplingMode::Flat);
    for masters in [2, 3] {
        for (name, hot) in [("uniform", false), ("hot_key", true)] {
            group.throughput(Throughput::Elements(WRITES * u64::from(masters)));
            group.bench_function(format!("{masters} masters/{name}"), |b| {
                let start = || {
                    let topology = Topology::all_to_all(masters).expect("masters enough");
                    Cluster::start(LastWriteWins, topology, Setup::default()).expect("threads")
                };
                // What a run returns is dropped when the clock has stopped.
                b.iter_batched(start, |cluster| run(cluster, hot), BatchSize::PerIteration);
                assert_converged(&run(start(), hot), if hot { 1 } else { KEYS });
            });
        }
    }
    group.finish();
}

fn explore(c: &mut Criterion) {
    let mut group = c.benchmark_group("explore");
    group.sampling_mode(SamplingMode::Flat);
    let states = 5_767;
    let shipped = [
        ("datagram/star-last-write", include_str!("../models/scenarios/datagram/star-last-write.toml")),
        ("datagram/star-multi-value", include_str!("../models/scenarios/datagram/star-multi-value.toml")),
        ("datagram/star-set", include_str!("../models/scenarios/datagram/star-set.toml")),
    ];
    for (name, text) in shipped {
        let model = Scenario::parse(name, name, text).expect("it ships").model();
        let explored = || {
            let report = model.explore(Limits::default(), &mut |_, _| {});
            assert_eq!((report.cut, report.states), (None, states), "{name}");
            report
        };
        group.throughput(Throughput::Elements(states as u64));
        group.bench_function(name, |b| b.iter(explored));
    }
    group.finish();
}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .without_plots()
}

criterion_group! { name = whole; config = short(); targets = mesh, explore }
criterion_main!(whole);
