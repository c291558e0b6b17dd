//! Replicas driven at random, and recorded as a running cluster would be: a source of records without threads.

use multimaster::record::{Event, Recorded, Setting};
use multimaster::{Kind, Layout, MasterId, Message, MessageOf, Op, Replica, Resolver, Topology, VersionVector};
use multimaster_models::SerdeRule;

pub(crate) type EventOf<R> = Event<<R as Resolver>::State, <R as Resolver>::Effect>;
pub(crate) type RecordedOf<R> = Recorded<<R as Resolver>::State, <R as Resolver>::Effect>;

/// The result of a run.
pub(crate) struct Run<R: SerdeRule> {
    pub(crate) setting: Setting,
    pub(crate) events: Vec<RecordedOf<R>>,
}

/// The behaviour of the links.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Links {
    /// They lose, repeat and delay messages; logs are truncated.
    Faulty,
    /// They only delay messages.
    Sound,
}

struct Shard<R: SerdeRule> {
    masters: Vec<Replica<R>>,
    flying: Vec<(MasterId, MasterId, MessageOf<R>)>,
    /// The receiver of an edge, its sender, and the receiver's digest.
    digests: Vec<(MasterId, MasterId, VersionVector)>,
}

struct Driver<R: SerdeRule> {
    random: u64,
    layout: Layout,
    kind: Kind,
    edges: Vec<(MasterId, MasterId)>,
    shards: Vec<Shard<R>>,
    events: Vec<RecordedOf<R>>,
}

const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const BATCH: usize = 3;

/// A run of 2 to 8 masters in 1 to 3 shards: this number of random steps, then every message is delivered and every key
/// read.
pub(crate) fn run<R: SerdeRule>(rule: R, name: &str, links: Links, steps: usize, seed: u64) -> Run<R> {
    let shards = 1 + seed % 3;
    let masters = 2 + (seed / 3 % 7) as u16;
    let topology = match seed % 4 {
        0 => Topology::ring(masters),
        1 => Topology::star(masters),
        _ => Topology::all_to_all(masters),
    };
    let (topology, layout) = (topology.unwrap(), Layout::of(shards as u16).unwrap());
    let replicas = || topology.ids().map(|id| Replica::new(id, rule.clone(), &topology)).collect();
    let shard = |_| Shard { masters: replicas(), flying: Vec::new(), digests: Vec::new() };
    let mut driver = Driver {
        random: seed,
        layout,
        kind: rule.kind(),
        edges: topology.edges().collect(),
        shards: (0..shards).map(shard).collect(),
        events: Vec::new(),
    };
    for _ in 0..steps {
        driver.step(links);
    }
    driver.drain();
    Run { setting: Setting { rule: name.into(), topology, layout, collects: false }, events: driver.events }
}

impl<R: SerdeRule> Driver<R> {
    /// Knuth's MMIX generator: the upper bits are good enough, and the runs are the same everywhere.
    fn below(&mut self, end: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % end
    }

    fn note(&mut self, shard: usize, event: EventOf<R>) {
        self.events.push(Recorded { number: self.events.len() as u64, shard, event });
    }

    fn step(&mut self, links: Links) {
        let shard = self.below(self.shards.len());
        let edge = self.below(self.edges.len());
        let (from, to) = self.edges[edge];
        let choice = self.below(if links == Links::Faulty { 100 } else { 90 });
        let some = self.shards[shard].flying.len();
        match choice {
            0..18 => self.write(),
            18..26 => self.read(from, KEYS[choice % KEYS.len()]),
            26..46 => self.push(shard, from, to),
            46..50 => self.ask(shard, to, from),
            50..56 => self.answer(shard),
            56..90 if some > 0 => self.deliver(shard),
            90..95 if some > 0 => {
                let (from, to, message) = self.any_envelope(shard);
                self.note(shard, Event::Lose { from, to, message });
            }
            95..98 if some > 0 => {
                let place = self.below(some);
                let (from, to, message) = self.shards[shard].flying[place].clone();
                self.shards[shard].flying.push((from, to, message.clone()));
                self.note(shard, Event::Duplicate { from, to, message });
            }
            98..100 => {
                let keep = self.below(3);
                self.shards[shard].masters[from.index()].truncate(keep);
                self.note(shard, Event::Truncate { at: from, keep });
            }
            _ => {}
        }
    }

    fn write(&mut self) {
        let masters = self.shards[0].masters.len();
        let (at, key) = (self.below(masters), KEYS[self.below(KEYS.len())]);
        let op = self.op(masters);
        let shard = self.layout.shard_of(key);
        let answer = self.shards[shard].masters[at].write(key, op.clone());
        self.note(shard, Event::Write { at: MasterId(at as u16), key: key.into(), op, answer });
    }

    fn op(&mut self, masters: usize) -> Op {
        let (first, n) = (self.below(2) == 0, self.below(9) as i64);
        let element = || n.to_string().into();
        let kind = match self.below(20) {
            // An operation that the rule refuses.
            0 if self.kind == Kind::Flag => Kind::Set,
            0 => Kind::Flag,
            _ => self.kind,
        };
        match kind {
            Kind::Register if first && n == 0 => Op::Delete,
            Kind::Register => Op::Set(format!("{n} x").into()),
            Kind::DeletableCounter if n == 0 => Op::Delete,
            Kind::Counter | Kind::DeletableCounter => Op::Add(n - 4),
            Kind::GrowOnlyCounter => Op::Add(n),
            Kind::BoundedCounter if n == 0 => Op::Transfer { amount: 1, to: MasterId(self.below(masters) as u16) },
            Kind::BoundedCounter => Op::Add(n - 3),
            Kind::Set if first => Op::Remove(element()),
            Kind::Set | Kind::GrowOnlySet => Op::Insert(element()),
            Kind::Flag => {
                if first {
                    Op::Enable
                } else {
                    Op::Disable
                }
            }
            Kind::Maximum => Op::Raise(n),
            Kind::Minimum => Op::Lower(n),
            Kind::Map if n == 0 => Op::Remove("r".into()),
            Kind::Map => Op::In { field: "r".into(), op: Box::new(Op::Set(element())) },
            other => panic!("no operations of the kind {other:?} here"),
        }
    }

    fn read(&mut self, at: MasterId, key: &str) {
        let shard = self.layout.shard_of(key);
        let reading = self.shards[shard].masters[at.index()].read(key);
        self.note(shard, Event::Read { at, key: key.into(), reading });
    }

    fn push(&mut self, shard: usize, from: MasterId, to: MasterId) {
        let max = 1 + self.below(BATCH);
        if let Some(message) = self.shards[shard].masters[from.index()].next_push(to, max) {
            self.note(shard, Event::Push { from, to, max });
            self.shards[shard].flying.push((from, to, message));
        }
    }

    fn ask(&mut self, shard: usize, receiver: MasterId, sender: MasterId) {
        let digest = self.shards[shard].masters[receiver.index()].digest().clone();
        self.shards[shard].digests.push((receiver, sender, digest));
        self.note(shard, Event::Ask { receiver, sender });
    }

    fn answer(&mut self, shard: usize) {
        let count = self.shards[shard].digests.len();
        if count > 0 {
            let place = self.below(count);
            let (receiver, sender, digest) = self.shards[shard].digests.swap_remove(place);
            let answer = self.shards[shard].masters[sender.index()].answer(&digest, BATCH);
            self.note(shard, Event::Answer { sender, receiver, digest, max: BATCH });
            self.shards[shard].flying.extend(answer.map(|message| (sender, receiver, message)));
        }
    }

    fn any_envelope(&mut self, shard: usize) -> (MasterId, MasterId, MessageOf<R>) {
        let place = self.below(self.shards[shard].flying.len());
        self.shards[shard].flying.swap_remove(place)
    }

    fn deliver(&mut self, shard: usize) {
        let (from, to, message) = self.any_envelope(shard);
        let outcome = self.shards[shard].masters[to.index()].receive(from, message.clone());
        self.note(shard, Event::Deliver { from, to, message, outcome });
    }

    /// Delivers all messages and sends digests until no master lacks a change. Then every master reads every key.
    fn drain(&mut self) {
        for shard in 0..self.shards.len() {
            loop {
                while !self.shards[shard].flying.is_empty() {
                    self.deliver(shard);
                }
                let edges = self.edges.clone();
                let master = |id: MasterId| &self.shards[shard].masters[id.index()];
                let lacks = |(from, to): &&(MasterId, MasterId)| !master(*to).digest().covers(master(*from).digest());
                let Some((from, to)) = edges.iter().find(lacks) else { break };
                self.push(shard, *from, *to);
                self.ask(shard, *to, *from);
                while !self.shards[shard].digests.is_empty() {
                    self.answer(shard);
                }
            }
        }
        for key in KEYS {
            for at in 0..self.shards[0].masters.len() {
                self.read(MasterId(at as u16), key);
            }
        }
    }
}

impl<R: SerdeRule> Run<R> {
    /// As a file.
    pub(crate) fn text(&self) -> String {
        let mut out = Vec::new();
        multimaster::record::write(&mut out, &self.setting, &self.events).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The number of events for which this is true.
    pub(crate) fn count(&self, test: impl Fn(&EventOf<R>) -> bool) -> usize {
        self.events.iter().filter(|recorded| test(&recorded.event)).count()
    }
}

pub(crate) fn is_snapshot<S, E>(event: &Event<S, E>) -> bool {
    matches!(event, Event::Deliver { message: Message::Snapshot(_), .. })
}
