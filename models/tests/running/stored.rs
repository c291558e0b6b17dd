//! Random runs of a cluster whose masters have stores on simulated disks, and whose power is cut, each by a seed.

#[expect(dead_code, reason = "the tests of the store itself need more of it")]
#[path = "../../../tests/durable/disk.rs"]
mod disk;

use super::failing::{KEYS, Shape};
use super::work::operation;
use disk::{Disk, Step};
use multimaster::durable::{LogStore, WriteFlushedError};
use multimaster::record::Kept;
use multimaster::{Cluster, Faults, Layout, Master, MasterId, Options, Setup, WriteError, Written};
use multimaster_models::SerdeRule;
use multimaster_models::record::conform;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

struct Run<'a, R: SerdeRule> {
    cluster: Cluster<R>,
    random: fastrand::Rng,
    disks: Vec<Disk>,
    /// The acknowledged writes, and whether each was acknowledged as flushed.
    writes: Vec<(Written, bool)>,
    counts: &'a mut BTreeMap<&'static str, u64>,
}

/// One run: some rounds of writes, in each of which the power of some masters is cut. Then all masters are reopened. They
/// agree then, have all flushed writes, and the record is a path of the model.
pub(crate) fn run<R: SerdeRule>(name: &str, rule: &R, seed: u64, counts: &mut BTreeMap<&'static str, u64>) {
    let context = format!("SEED={seed}, the first run");
    let mut random = fastrand::Rng::with_seed(seed);
    let masters = random.u16(3..=4);
    let topology = Shape::any(&mut random).of(masters);
    let layout = Layout::of(random.u16(1..=2)).unwrap();
    let log = if random.bool() { random.usize(1..4) } else { 1000 };
    let setup = Setup::default()
        .master(Options::default().layout(layout).log(log))
        .batch(random.usize(1..4))
        .tick(Duration::from_micros(300))
        .linger(Duration::ZERO)
        .faults(Faults::default().loss(0.1).delay(random.u64(0..3)))
        .seed(random.u64(..))
        .recorded();
    let disks: Vec<Disk> = (0..masters).map(|_| Disk::default()).collect();
    let open = |(id, disk): (MasterId, &Disk)| {
        let store = LogStore::on(disk.clone());
        Arc::new(Master::open(id, rule.clone(), &topology, setup.options(), store).expect(&context))
    };
    let opened = topology.ids().zip(&disks).map(open).collect();
    let cluster = Cluster::join(opened, topology, &setup).expect(&context);
    let setting = cluster.setting(name);
    let mut run = Run { cluster, random, disks, writes: Vec::new(), counts };
    for _ in 0..run.random.u8(2..5) {
        run.round(masters);
    }
    run.heal(&context);
    let Run { cluster, counts, .. } = run;
    let ending = cluster.shutdown(PATIENCE);
    assert!(ending.undelivered.is_empty(), "{context}: {:?}", ending.undelivered);
    let followed =
        conform::replay(rule.clone(), &setting, &ending.record).unwrap_or_else(|no| panic!("{context}: {no}"));
    for shard in followed.shards {
        assert!(shard.seen_alike && shard.read_alike && shard.losses.causally.is_empty(), "{context}: {shard:?}");
        *counts.entry("snapshot").or_default() += shard.tally.snapshots as u64;
        *counts.entry("step").or_default() += shard.tally.steps as u64;
    }
}

impl<R: SerdeRule> Run<'_, R> {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn round(&mut self, masters: u16) {
        let down: Vec<MasterId> = self.cluster.down().collect();
        let up: Vec<_> = self.cluster.masters().iter().filter(|master| !down.contains(&master.id())).cloned().collect();
        thread::scope(|threads| {
            let client = |master: Arc<Master<R>>| {
                let random = fastrand::Rng::with_seed(self.random.u64(..));
                threads.spawn(move || client(&master, random, masters))
            };
            let clients: Vec<_> = up.into_iter().map(client).collect();
            for _ in 0..self.random.u8(1..4) {
                self.fail();
                thread::yield_now();
            }
            clients.into_iter().for_each(|client| self.writes.extend(client.join().expect("a client")));
        });
    }

    /// The power of a master is cut, or one comes back.
    fn fail(&mut self) {
        let down: Vec<MasterId> = self.cluster.down().collect();
        if let (true, Some(at)) = (self.random.bool(), self.random.choice(&down)) {
            return self.reopen(*at);
        }
        let up = self.cluster.masters().iter().map(|master| master.id()).filter(|id| !down.contains(id));
        let at = self.random.choice(up.collect::<Vec<_>>()).expect("not all are down");
        if down.len() + 1 == self.disks.len() {
            return;
        }
        let disk = &self.disks[at.index()];
        if self.random.bool() {
            // What is written from now on is not synced.
            disk.fail_after(0);
            thread::sleep(Duration::from_micros(self.random.u64(..300)));
        }
        self.cluster.crash(at, Kept::Stored).unwrap();
        let trace = self.disks[at.index()].trace();
        let disk::Found { mut files, pending, .. } = trace.durable(trace.steps.len());
        for step in pending {
            match step {
                Step::Write { file, at, data } => {
                    let kept = self.random.usize(..=data.len());
                    disk::write(&mut files[file], at, &data[..kept]);
                }
                other => other.apply(&mut files),
            }
            self.count("unsynced step");
        }
        self.disks[at.index()] = Disk::with(files);
        self.count("power cut");
    }

    fn reopen(&mut self, at: MasterId) {
        self.cluster.reopen(at, LogStore::on(self.disks[at.index()].clone())).unwrap();
        let master = self.cluster.master(at);
        for (Written { shard, dot }, _) in
            self.writes.iter().filter(|(write, flushed)| *flushed && write.dot.origin() == at)
        {
            let held = master.inspect(*shard, |replica| replica.digest().contains(*dot));
            assert_eq!(held, Some(true), "{at} has lost {dot}, which was flushed");
        }
        self.count("reopened");
    }

    fn heal(&mut self, context: &str) {
        let down: Vec<MasterId> = self.cluster.down().collect();
        down.into_iter().for_each(|at| self.reopen(at));
        self.cluster.heal_all();
        if let Err(lacks) = self.cluster.settle(PATIENCE) {
            panic!("{context}: after healing, {}", lacks[0]);
        }
        let masters = self.cluster.masters();
        for key in KEYS {
            assert!(masters.windows(2).all(|two| two[0].get(key) == two[1].get(key)), "{context}: {key}");
        }
        let seen = |written: &Written| {
            let has = masters[0].inspect(written.shard, |replica| replica.digest().contains(written.dot));
            has == Some(true)
        };
        let lost: Vec<_> = self.writes.iter().filter(|(written, _)| !seen(written)).collect();
        assert!(lost.iter().all(|(_, flushed)| !flushed), "{context}: {lost:?}");
        let (lost, flushed) = (lost.len() as u64, self.writes.iter().filter(|(_, flushed)| *flushed).count() as u64);
        *self.counts.entry("lost").or_default() += lost;
        *self.counts.entry("flushed").or_default() += flushed;
    }
}

/// A client of one master. Returns the acknowledged writes, and whether each was acknowledged as flushed.
fn client<R: SerdeRule>(master: &Master<R>, mut random: fastrand::Rng, masters: u16) -> Vec<(Written, bool)> {
    let kind = master.inspect(0, |replica| replica.rule().kind()).expect("a shard");
    let mut acknowledged = Vec::new();
    for _ in 0..random.u8(1..6) {
        let (key, op) = (KEYS[random.usize(..3)], operation(kind, &mut random, masters));
        if random.bool() {
            match master.write_flushed(key, op) {
                Ok(written) => acknowledged.push((written, true)),
                Err(WriteFlushedError::Flush { written, .. }) => acknowledged.push((written, false)),
                Err(_) => {}
            }
        } else {
            match master.write(key, op) {
                Ok(written) => acknowledged.push((written, false)),
                Err(WriteError::Closed) => break,
                Err(_) => {}
            }
        }
        if random.bool() {
            master.get(key);
            thread::yield_now();
        }
    }
    acknowledged
}
