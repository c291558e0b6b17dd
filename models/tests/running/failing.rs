//! Random runs of a cluster whose links are cut and whose masters crash, restart, join and leave, each by a seed.

use super::acknowledged::{Fate, Writes};
use super::work::operation;
use multimaster::record::Kept;
use multimaster::{
    Cluster, Faults, Layout, Master, MasterId, MemberError, Newcomer, Options, Setup, Topology, WriteError, Written,
};
use multimaster_models::SerdeRule;
use multimaster_models::record::conform;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// How long a leaving master waits for neighbours that may be cut off.
const SHORT: Duration = Duration::from_millis(3);

/// What happened in all runs, counted by name, and what became of the writes.
#[derive(Default)]
pub(crate) struct Happened {
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) fate: Fate,
}

impl Happened {
    pub(crate) fn add(&mut self, other: Happened) {
        other.counts.into_iter().for_each(|(what, count)| *self.counts.entry(what).or_default() += count);
        self.fate.add(other.fate);
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

struct Run<'a, R: SerdeRule> {
    cluster: Cluster<R>,
    random: fastrand::Rng,
    shape: Shape,
    writes: Writes,
    /// Whether every master flushes between two rounds of writes. Otherwise its saved state is an older copy.
    flushes: bool,
    gone: BTreeSet<MasterId>,
    context: &'a str,
    happened: &'a mut Happened,
}

/// The shape of a run's topology.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Ring,
    Star,
    AllToAll,
    /// A ring, and a way back between its first two masters.
    Edges,
}

impl Shape {
    pub(crate) fn any(random: &mut fastrand::Rng) -> Shape {
        [Shape::Ring, Shape::Star, Shape::AllToAll, Shape::Edges][random.usize(..4)]
    }

    pub(crate) fn of(self, masters: u16) -> Topology {
        let id = MasterId;
        let ring = (0..masters).map(|at| (id(at), id((at + 1) % masters)));
        let topology = match self {
            Shape::Ring => Topology::ring(masters),
            Shape::Star => Topology::star(masters),
            Shape::AllToAll => Topology::all_to_all(masters),
            Shape::Edges => Topology::from_edges(masters, ring.chain([(id(1), id(0))])),
        };
        topology.unwrap()
    }
}

/// One run: some rounds of writes, in each of which something fails. Then all is healed and whoever is not gone for good
/// restarts. All masters that are up agree then, no acknowledged write is lost that a master still held, and the record is a
/// path of the model.
pub(crate) fn run<R: SerdeRule>(name: &str, rule: &R, seed: u64, context: &str, happened: &mut Happened) {
    let mut random = fastrand::Rng::with_seed(seed);
    let masters = random.u16(3..=4);
    let shape = Shape::any(&mut random);
    let topology = shape.of(masters);
    let some = |random: &mut fastrand::Rng| if random.bool() { random.f64() * 0.3 } else { 0.0 };
    let (loss, duplication) = (some(&mut random), some(&mut random));
    let faults = Faults::default().loss(loss).duplication(duplication).delay(random.u64(0..4));
    let layout = Layout::of(random.u16(1..=2)).unwrap();
    let log = if random.bool() { random.usize(1..4) } else { 1000 };
    let setup = Setup::default()
        .master(Options::default().layout(layout).log(log))
        .batch(random.usize(1..4))
        .tick(Duration::from_micros(300))
        .linger(Duration::ZERO)
        .faults(faults)
        .seed(random.u64(..));
    let setup = if random.bool() { setup.collect_tombstones() } else { setup };
    let cluster = Cluster::start(rule.clone(), topology, setup.recorded()).expect(context);
    let setting = cluster.setting(name);
    let flushes = random.bool();
    let (writes, gone) = (Writes::default(), BTreeSet::new());
    let mut run = Run { cluster, random, shape, writes, flushes, gone, context, happened };
    for _ in 0..run.random.u8(2..5) {
        run.round();
    }
    run.heal();
    let Run { cluster, happened, .. } = run;
    let ending = cluster.shutdown(PATIENCE);
    assert!(ending.undelivered.is_empty(), "{context}: {:?}", ending.undelivered);
    let followed =
        conform::replay(rule.clone(), &setting, &ending.record).unwrap_or_else(|no| panic!("{context}: {no}"));
    for shard in followed.shards {
        let losses = &shard.losses;
        assert!(shard.seen_alike && shard.read_alike, "{context}: {shard:?}");
        assert!(losses.causally.is_empty() && losses.not_judged == 0, "{context}: {shard:?}");
        *happened.counts.entry("snapshot").or_default() += shard.tally.snapshots as u64;
        *happened.counts.entry("cut").or_default() += shard.tally.cuts as u64;
        *happened.counts.entry("collected").or_default() += shard.tally.collected as u64;
        *happened.counts.entry("step").or_default() += shard.tally.steps as u64;
    }
}

impl<R: SerdeRule> Run<'_, R> {
    /// Clients write at every master that is up, while something fails.
    fn round(&mut self) {
        let masters = self.cluster.topology().masters();
        let up: Vec<Arc<Master<R>>> = self.up().into_iter().map(|id| self.cluster.master(id).clone()).collect();
        thread::scope(|threads| {
            let client = |master: &Arc<Master<R>>| {
                let (master, random) = (master.clone(), fastrand::Rng::with_seed(self.random.u64(..)));
                (master.id(), threads.spawn(move || client(&master, random, masters)))
            };
            let clients: Vec<_> = up.iter().map(client).collect();
            // A crash can come between any two writes of a client: what it has forgotten is known once the client is done.
            let left = if self.random.u8(..5) == 0 { self.leave() } else { None };
            let failures = if left.is_some() { 0 } else { self.random.u8(1..4) };
            let forgotten: Vec<(MasterId, bool)> = (0..failures).filter_map(|_| self.fail()).collect();
            for (id, client) in clients {
                self.writes.applied(id, client.join().expect("a client"));
            }
            forgotten.into_iter().for_each(|(id, but_saved)| self.writes.forgotten(id, but_saved));
            if let Some(left) = left {
                self.writes.left(&self.cluster, left, self.context);
            }
        });
        self.writes.look(&self.cluster);
        let saving = if self.flushes {
            self.up()
        } else {
            self.any_up().into_iter().filter(|_| self.random.u8(..4) == 0).collect()
        };
        for id in saving {
            self.writes.save(&self.cluster, id);
            self.cluster.save(id).unwrap();
        }
    }

    fn up(&self) -> Vec<MasterId> {
        let down: BTreeSet<MasterId> = self.cluster.down().collect();
        self.cluster.masters().iter().map(|master| master.id()).filter(|id| !down.contains(id)).collect()
    }

    /// Any master that is up, if another one is as well.
    fn any_up(&mut self) -> Option<MasterId> {
        let up = self.up();
        if up.len() > 1 { self.random.choice(up) } else { None }
    }

    /// Something fails, or comes back. Returns the master that has lost its state, if any, and whether what it had saved is
    /// left.
    fn fail(&mut self) -> Option<(MasterId, bool)> {
        let (from, to) = self.edge();
        match self.random.u8(..16) {
            15 => self.join(),
            0..3 => drop(self.cluster.cut(from, to)),
            3..5 => drop(self.cluster.heal(from, to)),
            5..7 => {
                let at = self.any_up()?;
                self.cluster.master(at).advance_clock(self.random.u64(..1000));
                self.happened.count("clock step");
            }
            7..10 => {
                let down = self.cluster.down().filter(|id| !self.gone.contains(id));
                let at = self.random.choice(down.collect::<Vec<_>>())?;
                self.cluster.restart(at).unwrap();
                self.happened.count("restart");
            }
            _ => {
                let at = self.any_up()?;
                let (kept, what) = match self.random.u8(..3) {
                    0 => (Kept::All, "crash, all kept"),
                    1 if self.flushes => (Kept::Saved, "crash, back to the last flush"),
                    1 => (Kept::Saved, "crash, back to an older copy"),
                    _ => (Kept::Nothing, "crash, nothing kept"),
                };
                self.cluster.crash(at, kept).unwrap();
                self.happened.count(what);
                let dies = self.gone.is_empty() && self.random.u8(..8) == 0;
                if dies {
                    self.bypass(at);
                    self.happened.count("dead member");
                }
                return (kept != Kept::All || dies).then_some((at, kept == Kept::Saved && !dies));
            }
        }
        None
    }

    fn edge(&mut self) -> (MasterId, MasterId) {
        let edges: Vec<_> = self.cluster.topology().edges().collect();
        self.random.choice(edges).expect("an edge")
    }

    /// A new master joins, beside those that are there.
    fn join(&mut self) {
        if self.cluster.masters().len() > 6 {
            return;
        }
        let (hub, (from, to), (_, other)) = (MasterId(0), self.edge(), self.edge());
        let there = self.cluster.masters().iter().map(|master| master.id()).filter(|id| !self.gone.contains(id));
        let newcomer = match self.shape {
            Shape::Star if !self.gone.contains(&hub) => Newcomer::beside([hub]),
            Shape::AllToAll => Newcomer::beside(there),
            Shape::Edges => {
                Newcomer { hears_from: [from].into(), sends_to: [from, other].into(), ..Newcomer::default() }
            }
            Shape::Ring | Shape::Star => Newcomer::between(from, to),
        };
        self.cluster.admit(&newcomer).unwrap();
        self.happened.count("join");
    }

    /// A master leaves, if its neighbours see all that it has before long.
    fn leave(&mut self) -> Option<MasterId> {
        let at = self.any_up().filter(|_| self.gone.is_empty())?;
        match self.cluster.leave(at, SHORT) {
            Ok(()) => {
                self.bypass(at);
                self.happened.count("leave");
                Some(at)
            }
            Err(MemberError::Undrained(_)) => {
                self.cluster.crash(at, Kept::All).unwrap();
                self.happened.count("leave in vain");
                None
            }
            Err(MemberError::Down(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn bypass(&mut self, dead: MasterId) {
        self.gone.insert(dead);
        self.cluster.bypass(&self.gone).unwrap();
    }

    fn heal(&mut self) {
        let context = self.context;
        self.cluster.heal_all();
        let down: Vec<MasterId> = self.cluster.down().filter(|id| !self.gone.contains(id)).collect();
        down.into_iter().for_each(|id| self.cluster.restart(id).unwrap());
        if let Err(lacks) = self.cluster.settle(PATIENCE) {
            panic!("{context}: after healing, {}", lacks[0]);
        }
        let up = self.up();
        for key in KEYS {
            let read = |id: &MasterId| self.cluster.master(*id).get(key);
            assert!(up.windows(2).all(|two| read(&two[0]) == read(&two[1])), "{context}: {key} is read otherwise");
        }
        self.happened.fate.add(self.writes.fate(&self.cluster, context));
    }
}

pub(crate) const KEYS: [&str; 3] = ["k", "l", "m"];

/// A client of one master: a few writes and reads. Returns the acknowledged writes.
fn client<R: SerdeRule>(master: &Master<R>, mut random: fastrand::Rng, masters: u16) -> Vec<Written> {
    let kind = master.inspect(0, |replica| replica.rule().kind()).expect("a shard");
    let mut acknowledged = Vec::new();
    for _ in 0..random.u8(1..4) {
        let key = KEYS[random.usize(..3)];
        match master.write(key, operation(kind, &mut random, masters)) {
            Ok(written) => acknowledged.push(written),
            Err(WriteError::Closed) => break,
            // A refusal is an answer too.
            Err(_) => {}
        }
        if random.bool() {
            master.get(key);
            thread::yield_now();
        }
    }
    acknowledged
}
