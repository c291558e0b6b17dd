//! Two masters, each written to and read from: `cargo run --example two_masters`.

use multimaster::{Cluster, LastWriteWins, MasterId, Setup, Topology};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let patience = Duration::from_secs(10);
    let cluster = Cluster::start(LastWriteWins, Topology::all_to_all(2)?, Setup::default())?;
    let (a, b) = (cluster.master(MasterId(0)), cluster.master(MasterId(1)));

    let written = a.set("hello", "world")?;
    println!("A: set hello = world    written as {}", written.dot);
    // Nobody sleeps and hopes: a write has a name, and one can wait until a master has seen it.
    if !b.wait_for(&written, patience) {
        return Err("B has not heard of it".into());
    }
    println!("B: get hello            {}", b.get("hello"));

    let written = b.set("hello", "everyone")?;
    println!("B: set hello = everyone written as {}", written.dot);
    if !a.wait_for(&written, patience) {
        return Err("A has not heard of it".into());
    }
    println!("A: get hello            {}", a.get("hello"));

    let ending = cluster.shutdown(patience);
    println!("shut down; undelivered: {}", ending.undelivered.len());
    Ok(())
}
