//! How much faster several threads explore than one, on a scope of more than a million states.
//!
//! ```console
//! $ cargo run --release -p multimaster-models --example threads_speed
//! ```
//!
//! Each search runs in turns, and its fastest turn counts. The machine must be idle: a thread that waits for a core makes
//! all others wait at the end of the round.

use multimaster::{LastWriteWins, MasterId, Topology};
use multimaster_models::check::engine::{Limits, Report, explore};
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::world::cluster::ClusterModel;
use std::time::Duration;

const TURNS: usize = 3;

fn scope() -> Scope {
    let scripts: [&[&str]; 3] = [&["set k = 1", "delete k"], &["set k = 3", "set k = 5"], &["set k = 4", "set k = 6"]];
    let asks = |script: &[&str]| script.iter().map(|ask| ask.parse().expect("a request")).collect();
    let clients = (0..).zip(scripts).map(|(at, script)| Client { at: MasterId(at), requests: asks(script) }).collect();
    let topology = Topology::all_to_all(3).expect("a topology");
    Scope { clients, ..Scope::new(topology, LinkKind::Stream { resets: 0 }) }
}

fn explored(threads: usize) -> Report {
    let limits = Limits { threads: Some(threads), ..Limits::default() };
    explore(&ClusterModel::new(scope(), LastWriteWins), limits, |_, _| {})
}

fn main() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("threads       states  seconds  states/s  speedup");
    let mut alone = None;
    for threads in 1..=cores {
        let turns: Vec<Report> = (0..TURNS).map(|_| explored(threads)).collect();
        let time = turns.iter().map(|report| report.time).min().unwrap_or(Duration::ZERO).as_secs_f64();
        let states = turns[0].states;
        let alone = *alone.get_or_insert(time);
        println!("{threads:7} {states:12} {time:8.2} {:9.0} {:7.2}x", states as f64 / time, alone / time);
    }
}
