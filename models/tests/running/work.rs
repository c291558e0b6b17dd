//! Random runs of a cluster, each determined by a seed.

use multimaster::record::Recorded;
use multimaster::{Cluster, Ending, Faults, Kind, Layout, Master, MasterId, Op, Options, Setup, Topology};
use multimaster_models::SerdeRule;
use multimaster_models::record::conform::{self, Tally};
use std::fmt;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs of several rules, and the sums of their counts.
pub(crate) struct Runs {
    seed: u64,
    each: u64,
    ran: u64,
    sum: Tally,
    lost_by_policy: usize,
    gaps: u64,
    cuts: u64,
    diverged: u64,
}

impl Runs {
    pub(crate) fn new(seed: u64, each: u64) -> Runs {
        Runs { seed, each, ran: 0, sum: Tally::default(), lost_by_policy: 0, gaps: 0, cuts: 0, diverged: 0 }
    }

    /// Runs clusters under `rule`. Each run must be a path of the model, and every master must see every change in the
    /// end. If the rule is `convergent`, all masters must also read the same, and no write may be lost except to a
    /// concurrent one.
    pub(crate) fn of<R: SerdeRule>(&mut self, name: &str, rule: R, convergent: bool) {
        for run in 0..self.each {
            let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(self.ran);
            let context = format!("rule {name}, SEED={} run {run}: seed {seed}", self.seed);
            let random = fastrand::Rng::with_seed(seed);
            self.ran += 1;
            self.one(name, &rule, random, convergent, &context);
        }
    }

    fn one<R: SerdeRule>(&mut self, name: &str, rule: &R, mut random: fastrand::Rng, convergent: bool, context: &str) {
        let masters = random.u16(3..=8);
        let topology = match random.u8(0..3) {
            0 => Topology::ring(masters),
            1 => Topology::star(masters),
            _ => Topology::all_to_all(masters),
        };
        let topology = topology.unwrap();
        let some = |random: &mut fastrand::Rng, most: f64| if random.bool() { random.f64() * most } else { 0.0 };
        let (loss, duplication) = (some(&mut random, 0.3), some(&mut random, 0.3));
        let faults = Faults::default().loss(loss).duplication(duplication).delay(random.u64(0..4));
        let layout = Layout::of(random.u16(1..=2)).unwrap();
        let log = if random.bool() { random.usize(1..6) } else { 1000 };
        let setup = Setup::default()
            .master(Options::default().layout(layout).log(log))
            .batch(random.usize(1..4))
            .tick(Duration::from_micros(300))
            .linger(Duration::from_micros(random.u64(0..200)))
            .faults(faults)
            .seed(random.u64(..));
        let cluster = Cluster::start(rule.clone(), topology.clone(), setup.recorded()).expect(context);
        let setting = cluster.setting(name);
        let edges: Vec<(MasterId, MasterId)> = topology.edges().collect();
        thread::scope(|threads| {
            for master in cluster.masters() {
                let random = fastrand::Rng::with_seed(random.u64(..));
                threads.spawn(move || client(master, rule.kind(), random, masters));
            }
            for _ in 0..random.u8(0..4) {
                let (from, to) = edges[random.usize(..edges.len())];
                self.cuts += u64::from(cluster.cut(from, to));
                thread::yield_now();
                if random.bool() {
                    cluster.heal(from, to);
                }
            }
        });
        cluster.heal_all();
        if let Err(lacks) = cluster.settle(PATIENCE) {
            panic!("{context}: after healing, {}", lacks[0]);
        }
        let Ending { undelivered, record, traffic, .. } = cluster.shutdown(PATIENCE);
        assert!(undelivered.is_empty(), "{context}: {undelivered:?}");
        self.gaps += traffic.values().map(|traffic| traffic.gaps).sum::<u64>();
        self.follow(rule, &setting, &record, convergent, context);
    }

    fn follow<R: SerdeRule>(
        &mut self,
        rule: &R,
        setting: &multimaster::record::Setting,
        record: &[Recorded<R::State, R::Effect>],
        convergent: bool,
        context: &str,
    ) {
        let followed = conform::replay(rule.clone(), setting, record).unwrap_or_else(|no| panic!("{context}: {no}"));
        for shard in followed.shards {
            let losses = &shard.losses;
            assert!(shard.seen_alike && losses.not_judged == 0, "{context}: {shard:?}");
            if convergent {
                assert!(shard.read_alike && losses.causally.is_empty(), "{context}: {shard:?}");
            }
            self.diverged += u64::from(!shard.read_alike);
            self.lost_by_policy += losses.by_policy.len();
            let (sum, tally) = (&mut self.sum, shard.tally);
            sum.steps += tally.steps;
            sum.writes += tally.writes;
            sum.reads += tally.reads;
            sum.delivered += tally.delivered;
            sum.snapshots += tally.snapshots;
            sum.lost += tally.lost;
            sum.repeated += tally.repeated;
        }
    }

    /// Each kind of fault and event must have occurred in some run.
    pub(crate) fn assert_nothing_was_vacuous(&self) {
        let Tally { reads, snapshots, lost, repeated, .. } = self.sum;
        assert!(reads > 0 && snapshots > 0 && lost > 0 && repeated > 0 && self.lost_by_policy > 0, "{self}");
        assert!(self.gaps > 0 && self.cuts > 0 && self.diverged > 0, "{self}");
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { steps, writes, reads, delivered, snapshots, lost, repeated, .. } = self.sum;
        write!(f, "{} runs (SEED={}), {steps} steps: {writes} writes, {reads} reads, ", self.ran, self.seed)?;
        write!(
            f,
            "{delivered} deliveries ({snapshots} snapshots, {} gaps), {lost} lost, {repeated} doubled, ",
            self.gaps
        )?;
        write!(f, "{} cuts; {} shards ended apart, of rules that do not converge", self.cuts, self.diverged)
    }
}

/// A client of one master: some writes and reads, yielding to other threads now and then.
fn client<R: SerdeRule>(master: &Master<R>, kind: Kind, mut random: fastrand::Rng, masters: u16) {
    for _ in 0..random.u8(2..8) {
        let key = ["k", "l", "m"][random.usize(..3)];
        if random.u8(0..4) == 0 {
            master.get(key);
        } else {
            // A refusal is an answer too.
            let _ = master.write(key, operation(kind, &mut random, masters));
        }
        if random.bool() {
            thread::yield_now();
        }
    }
}

pub(crate) fn operation(kind: Kind, random: &mut fastrand::Rng, masters: u16) -> Op {
    let text = |random: &mut fastrand::Rng| format!("{} x", random.u8(1..30)).into();
    let element = ["p", "q"][random.usize(..2)];
    match kind {
        Kind::Register if random.u8(0..4) == 0 => Op::Delete,
        Kind::Register => Op::Set(text(random)),
        Kind::GrowOnlyCounter => Op::Add(random.i64(0..10)),
        Kind::BoundedCounter if random.u8(0..4) == 0 => {
            Op::Transfer { amount: random.u64(1..3), to: MasterId(random.u16(..masters)) }
        }
        Kind::DeletableCounter if random.u8(0..4) == 0 => Op::Delete,
        Kind::Counter | Kind::BoundedCounter | Kind::DeletableCounter => Op::Add(random.i64(-5..10)),
        Kind::GrowOnlySet => Op::Insert(element.into()),
        Kind::Set if random.bool() => Op::Remove(element.into()),
        Kind::Set => Op::Insert(element.into()),
        Kind::Flag if random.bool() => Op::Disable,
        Kind::Flag => Op::Enable,
        Kind::Maximum => Op::Raise(random.i64(-9..9)),
        Kind::Minimum => Op::Lower(random.i64(-9..9)),
        Kind::Map if random.u8(0..4) == 0 => Op::Remove(element.into()),
        Kind::Map => Op::In { field: element.into(), op: Box::new(Op::Set(text(random))) },
        other => panic!("no operations of the kind {other:?} here"),
    }
}
