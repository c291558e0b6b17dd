//! Millions of sets over three masters, all to all, one link cut for the middle third:
//! `cargo run --release --example soak [MILLIONS]`.
//!
//! While one link is cut, writers do not wait and memory does not grow. After healing, all masters read the same.

use multimaster::{Cluster, LastWriteWins, Master, MasterId, Setup, Topology};
use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Every master writes these keys.
const KEYS: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let millions = match std::env::args().nth(1) {
        None => 10,
        Some(text) => text.parse::<u64>().map_err(|_| format!("`{text}` is not a number of millions"))?,
    };
    let (a, b) = (MasterId(0), MasterId(1));
    let cluster = Cluster::start(LastWriteWins, Topology::all_to_all(3)?, Setup::default())?;
    println!("{:<28} {:>9} {:>14} {:>12}", "", "seconds", "sets a second", "memory");
    let third = (millions * 1_000_000).div_ceil(9) * 3;
    for (part, name) in ["all links stand", "A -> B is cut", "A -> B is healed"].into_iter().enumerate() {
        match part {
            1 => assert!(cluster.cut(a, b)),
            2 => assert!(cluster.heal(a, b)),
            _ => {}
        }
        let start = Instant::now();
        thread::scope(|threads| {
            for (place, master) in cluster.masters().iter().enumerate() {
                threads.spawn(move || write(master, third / 3, place as u64));
            }
        });
        report(name, start, third);
    }
    let start = Instant::now();
    cluster.settle(Duration::from_secs(60)).map_err(|lacks| lacks[0].to_string())?;
    report("until all have seen all", start, 0);
    let ending = cluster.shutdown(Duration::from_secs(60));
    let same = |shard| {
        ending.masters.windows(2).all(|pair| {
            let readings = |master: &Arc<Master<_>>| {
                master.inspect(shard, |replica| {
                    replica.readings().map(|(key, value)| (key.clone(), value)).collect::<Vec<_>>()
                })
            };
            readings(&pair[0]) == readings(&pair[1])
        })
    };
    let shards = ending.masters[0].layout().shards();
    if !ending.undelivered.is_empty() || !(0..shards).all(same) {
        return Err("the masters do not agree".into());
    }
    for ((from, to), traffic) in ending.traffic {
        println!(
            "{from} -> {to}: {} messages, {} snapshots, {} gaps",
            traffic.delivered, traffic.snapshots, traffic.gaps
        );
    }
    println!("all masters read the same");
    Ok(())
}

fn write(master: &Master<LastWriteWins>, sets: u64, seed: u64) {
    let mut random = seed;
    for n in 0..sets {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let key = format!("key{}", (random >> 33) % KEYS);
        master.set(&key, n.to_string()).expect("the master is open");
    }
}

fn report(name: &str, start: Instant, sets: u64) {
    let seconds = start.elapsed().as_secs_f64();
    let rate = if sets == 0 { String::new() } else { format!("{:.0}", sets as f64 / seconds) };
    println!("{name:<28} {seconds:>9.2} {rate:>14} {:>12}", memory());
}

/// The process's resident memory, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .map_or_else(|| "unknown".into(), |kilobytes| format!("{} MB", kilobytes / 1024))
}
