//! A run on real threads, with faults, recorded: `cargo run --features serde --example recorded [SEED]`.
//! `multimaster conform` compares the record with the model.

use multimaster::{Cluster, Faults, Layout, MasterId, Options, Setup, Topology, record};
use multimaster::{ObservedRemoveSet, Op};
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::thread;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let seed = match std::env::args().nth(1) {
        None => 0,
        Some(text) => text.parse().map_err(|_| format!("`{text}` is no seed: a whole number"))?,
    };
    let setup = Setup::default()
        .master(Options::default().layout(Layout::of(2)?).log(8))
        .batch(4)
        .faults(Faults::default().loss(0.2).duplication(0.2).delay(3))
        .seed(seed)
        .recorded();
    let cluster = Cluster::start(ObservedRemoveSet, Topology::ring(4)?, setup)?;
    let setting = cluster.setting("set");
    cluster.cut(MasterId(1), MasterId(2));
    thread::scope(|threads| {
        for master in cluster.masters() {
            threads.spawn(move || {
                for n in 0..20 {
                    let element = ["red", "green", "blue"][n % 3].into();
                    let op = if n % 4 == 3 { Op::Remove(element) } else { Op::Insert(element) };
                    master.write(["tags", "marks"][n % 2], op).expect("a set takes it");
                    master.get("tags");
                }
            });
        }
    });
    cluster.heal_all();
    let ending = cluster.shutdown(Duration::from_secs(10));
    let folder = std::path::Path::new("target");
    std::fs::create_dir_all(folder)?;
    let file = folder.join("run.jsonl");
    record::write(BufWriter::new(File::create(&file)?), &setting, &ending.record)?;
    println!("{} events, seed {seed}, in {}", ending.record.len(), file.display());
    println!("is it a path of the model?  cargo run --release -- conform {}", file.display());
    Ok(())
}
