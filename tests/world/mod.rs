//! Masters, the messages in flight between them, and an observer that notes the changes delivered to each.

mod promises;
pub(crate) mod reference;
pub(crate) mod steps;

use multimaster::{
    Dot, Kind, MasterId, Message, MessageOf, Op, Outcome, Progress, Replica, Request, Resolver, Timestamp, Topology,
    VersionVector,
};
use reference::{Reference, Written};
use std::fmt::{self, Write as _};
use steps::{Kept, Step};

pub(crate) const KEYS: [&str; 2] = ["x", "y"];

/// A violation, with its schedule.
pub(crate) type Broken = String;

#[derive(Clone)]
pub(crate) struct World<R: Resolver> {
    pub(crate) masters: Vec<Replica<R>>,
    topology: Topology,
    edges: Vec<(MasterId, MasterId)>,
    flight: Vec<Packet<R>>,
    pub(crate) history: Vec<Written>,
    /// By master, the changes delivered to it, in order, as the observer has noted them.
    saw: Vec<Vec<Dot>>,
    /// The specification of readings; `None` for a rule without one.
    promise: Option<Reference>,
    /// Whether masters that have seen the same must read the same.
    pub(crate) judges_reads: bool,
    schedule: String,
    /// By master, its last copy, and the changes delivered to it by then.
    copies: Vec<(Replica<R>, Vec<Dot>)>,
    /// The number of fresh origins taken.
    fresh: u16,
    /// The dead master.
    dead: Option<MasterId>,
    /// Whether a clock was moved.
    moved: bool,
    /// Whether masters collect tombstones. A master that forgot something then comes back with the time, nothing that it
    /// has sent before arrives any more, and no older copy of its state is used again.
    collects: bool,
    /// How many tombstones were collected.
    pub(crate) collected: usize,
}

/// More origins than the masters and the crashes of a schedule need.
const ORIGINS: u16 = 32;

#[derive(Clone)]
struct Packet<R: Resolver> {
    from: MasterId,
    to: MasterId,
    load: Load<R>,
}

#[derive(Clone)]
enum Load<R: Resolver> {
    /// A message, and the changes in it: for a snapshot, all changes delivered to its sender.
    Changes { message: MessageOf<R>, brings: Vec<Dot> },
    /// A digest, to be answered or to resume a broken connection.
    Digest { seen: VersionVector, resumes: bool, forgot: bool },
    /// What the sender knows of the progress of all.
    Progress(Progress),
}

impl<R: Resolver> World<R> {
    pub(crate) fn new(rule: R, topology: &Topology, promise: Option<Reference>) -> World<R> {
        let mut masters: Vec<_> = topology.ids().map(|id| Replica::new(id, rule.clone(), topology)).collect();
        masters.iter_mut().for_each(|master| master.expect_origins(ORIGINS));
        let copies = masters.iter().map(|master| (master.clone(), Vec::new())).collect();
        let saw = vec![Vec::new(); masters.len()];
        let edges: Vec<_> = topology.edges().collect();
        let mut schedule = String::from("edges");
        for (from, to) in &edges {
            write!(schedule, " {from}→{to}").unwrap();
        }
        let topology = topology.clone();
        World {
            masters,
            topology,
            edges,
            flight: Vec::new(),
            history: Vec::new(),
            saw,
            promise,
            judges_reads: true,
            schedule,
            copies,
            fresh: 0,
            dead: None,
            moved: false,
            collects: false,
            collected: 0,
        }
    }

    pub(crate) fn collecting(self) -> World<R> {
        World { collects: true, ..self }
    }

    pub(crate) fn run(&mut self, steps: &[Step]) -> Result<(), Broken> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    pub(crate) fn saw(&self, id: MasterId) -> &[Dot] {
        &self.saw[id.index()]
    }

    pub(crate) fn broken(&self, what: impl fmt::Display) -> Broken {
        format!("{what}\nafter: {}\n", self.schedule)
    }

    fn step(&mut self, step: &Step) -> Result<(), Broken> {
        if let Some(at) = step.at()
            && Some(MasterId(u16::from(at) % self.masters.len() as u16)) == self.dead
        {
            return Ok(());
        }
        let edge = |edge: u8| self.edges[usize::from(edge) % self.edges.len()];
        let master = |at: u8| MasterId(u16::from(at) % self.masters.len() as u16);
        match *step {
            Step::Write { at, key, what } => {
                return self.write(master(at), KEYS[usize::from(key) % KEYS.len()], what);
            }
            Step::Push { edge: at, max } => {
                let (from, to) = edge(at);
                if let Some(message) = self.masters[from.index()].next_push(to, max) {
                    self.send(from, to, message);
                }
            }
            Step::Ask { edge: at, resumes } => {
                let (sender, receiver) = edge(at);
                let asked = self.masters[receiver.index()].digests_due().find(|(to, _)| *to == sender);
                let seen = asked.expect("a master asks all that it hears from").1.clone();
                let forgot = self.forgot(receiver);
                self.launch(Packet { from: receiver, to: sender, load: Load::Digest { seen, resumes, forgot } });
            }
            Step::Tell { edge: at } => {
                let (from, to) = edge(at);
                let progress = self.masters[from.index()].progress();
                self.launch(Packet { from, to, load: Load::Progress(progress) });
            }
            Step::Collect { at } => return self.collect(master(at)),
            Step::Truncate { at, keep } => {
                let at = master(at);
                self.masters[at.index()].truncate(keep);
                self.note(format_args!("{at} keeps {keep} entries of its log"));
                return self.check(at);
            }
            Step::Copy { at } => {
                let at = master(at);
                self.copies[at.index()] = (self.masters[at.index()].clone(), self.saw[at.index()].clone());
                self.note(format_args!("{at} copies its state"));
            }
            Step::Crash { at, kept } => return self.crash(master(at), kept),
            // If only two masters are left, no other may die.
            Step::Dies { .. } if self.dead.is_some() || self.masters.len() < 3 => {}
            Step::Dies { at } => self.dies(master(at)),
            Step::Clock { at, now } => {
                let at = master(at);
                self.masters[at.index()].advance_clock(u64::from(now));
                self.moved = true;
                self.note(format_args!("{at} moves its clock to {now}"));
            }
            Step::Deliver { .. } | Step::Lose { .. } | Step::Repeat { .. } if self.flight.is_empty() => {}
            Step::Deliver { pick, max } => {
                let packet = self.flight.remove(usize::from(pick) % self.flight.len());
                return self.deliver(packet, max).map(drop);
            }
            Step::Lose { pick } => {
                let lost = self.flight.remove(usize::from(pick) % self.flight.len());
                self.note(format_args!("lost: {lost}"));
            }
            Step::Repeat { pick } => {
                let twin = self.flight[usize::from(pick) % self.flight.len()].clone();
                self.launch(twin);
            }
        }
        Ok(())
    }

    fn collect(&mut self, at: MasterId) -> Result<(), Broken> {
        for (from, _) in self.edges.clone().into_iter().filter(|(_, to)| *to == at) {
            let progress = self.masters[from.index()].progress();
            self.masters[at.index()].learn(from, &progress).map_err(|error| self.broken(error))?;
        }
        let master = &mut self.masters[at.index()];
        let stable = master.seen_by_all();
        let collected = master.collect(&stable);
        self.collected += collected;
        self.note(format_args!("{at} collects {collected} of what all have seen: {stable}"));
        self.check(at)
    }

    /// Whether the master writes under a fresh origin, because it may have lost changes.
    fn forgot(&self, at: MasterId) -> bool {
        self.masters[at.index()].origin() != at
    }

    /// Messages in flight from and to the dead master are lost.
    fn dies(&mut self, gone: MasterId) {
        let dead = [gone].into();
        self.dead = Some(gone);
        self.flight.retain(|packet| packet.from != gone && packet.to != gone);
        self.masters
            .iter_mut()
            .filter(|master| master.id() != gone)
            .for_each(|master| master.change_topology(&self.topology, &dead));
        self.edges = self.topology.without(&dead).edges().collect();
        self.note(format_args!("{gone} is gone for good"));
    }

    /// The masters that are not dead.
    fn alive(&self) -> impl Iterator<Item = MasterId> {
        let dead = self.dead;
        self.topology.ids().filter(move |id| Some(*id) != dead)
    }

    fn crash(&mut self, at: MasterId, kept: Kept) -> Result<(), Broken> {
        let place = at.index();
        let nothing = || {
            let mut replica = Replica::new(at, self.masters[place].rule().clone(), &self.topology);
            replica.expect_origins(ORIGINS);
            (replica, Vec::new())
        };
        let fresh = MasterId(self.topology.masters() + self.fresh);
        let ((mut replica, saw), fresh) = match kept {
            Kept::All => ((self.masters[place].clone(), self.saw[place].clone()), None),
            Kept::Copy => (self.copies[place].clone(), Some(fresh)),
            Kept::Nothing => (nothing(), Some(fresh)),
        };
        if let Some(dead) = self.dead {
            replica.change_topology(&self.topology, &[dead].into());
        }
        if self.collects && fresh.is_some() {
            replica.advance_clock(self.masters[place].clock());
            self.moved = true;
            self.flight.retain(|packet| packet.from != at);
        }
        replica.restart(fresh).map_err(|error| self.broken(error))?;
        self.fresh += u16::from(fresh.is_some());
        (self.masters[place], self.saw[place]) = (replica, saw);
        if self.collects && fresh.is_some() {
            self.copies[place] = (self.masters[place].clone(), self.saw[place].clone());
        }
        self.note(format_args!("{at} crashes and has kept {kept:?}; it writes as {}", self.masters[place].origin()));
        self.check(at)
    }

    fn write(&mut self, at: MasterId, key: &str, what: u8) -> Result<(), Broken> {
        let saw = self.saw[at.index()].clone();
        let op = operation(self.masters[at.index()].rule().kind(), what, self.history.len());
        let dot = self.masters[at.index()].write(key, op.clone()).map_err(|refusal| self.broken(refusal))?;
        let latest =
            self.history.iter().filter(|write| saw.contains(&write.dot)).map(|write| write.timestamp.time()).max();
        let expected = Timestamp::new(1 + latest.unwrap_or(0), dot.origin());
        let timestamp = self.masters[at.index()].log().last().map_or(expected, |change| change.timestamp);
        self.note(format_args!("{at}: {} ({dot})", Request { key: key.into(), op: op.clone() }));
        self.history.push(Written { dot, timestamp, key: key.into(), op, saw });
        self.saw[at.index()].push(dot);
        // A clock that was moved also moves others through snapshots.
        let is_right = if self.moved { timestamp >= expected } else { timestamp == expected };
        if !is_right || timestamp.master() != dot.origin() {
            return Err(self.broken(format_args!("{dot} is timestamped {timestamp}, not {expected}")));
        }
        self.check(at)
    }

    fn send(&mut self, from: MasterId, to: MasterId, message: MessageOf<R>) {
        let brings = match &message {
            Message::Push(push) => push.changes.iter().map(|change| change.dot).collect(),
            Message::Snapshot(_) => self.saw[from.index()].clone(),
        };
        self.launch(Packet { from, to, load: Load::Changes { message, brings } });
    }

    fn launch(&mut self, packet: Packet<R>) {
        self.note(format_args!("sent: {packet}"));
        self.flight.push(packet);
    }

    /// Delivers a message, and returns its outcome. A digest only causes an answer.
    fn deliver(&mut self, packet: Packet<R>, max: usize) -> Result<Option<Outcome>, Broken> {
        let text = packet.to_string();
        let Packet { from, to, load } = packet;
        match load {
            Load::Changes { message, brings } => {
                let before = self.masters[to.index()].clone();
                let outcome = self.masters[to.index()].receive(from, message);
                self.note(format_args!("arrived: {text}: {outcome:?}"));
                self.judge(&before, &outcome, &brings)?;
                self.check(to)?;
                return Ok(Some(outcome));
            }
            Load::Progress(progress) => {
                self.note(format_args!("arrived: {text}"));
                self.masters[to.index()].learn(from, &progress).map_err(|error| self.broken(error))?;
            }
            Load::Digest { seen, resumes: true, forgot } => {
                self.note(format_args!("arrived: {text}"));
                if forgot {
                    self.masters[to.index()].peer_forgot(from);
                }
                self.masters[to.index()].resume(from, &seen);
            }
            Load::Digest { seen, resumes: false, .. } => {
                self.note(format_args!("arrived: {text}"));
                if let Some(message) = self.masters[to.index()].answer(&seen, max) {
                    self.send(to, from, message);
                }
            }
        }
        Ok(None)
    }

    fn note(&mut self, line: fmt::Arguments<'_>) {
        write!(self.schedule, "\n  {line}").unwrap();
    }
}

/// Few seats and few elements, so that many writes conflict; no value of a register occurs twice.
fn operation(kind: Kind, what: u8, written: usize) -> Op {
    match (kind, what % 6) {
        (Kind::Register, 0) => Op::Delete,
        (Kind::Register, seat) => Op::Set(format!("{seat} w{written}").into()),
        (Kind::Counter, amount) => Op::Add(i64::from(amount) - 2),
        (Kind::Set, 0 | 1) => Op::Insert("red".into()),
        (Kind::Set, 2 | 3) => Op::Remove("red".into()),
        (Kind::Set, 4) => Op::Insert("green".into()),
        (Kind::Set, _) => Op::Remove("green".into()),
        (Kind::DeletableCounter, 0) => Op::Delete,
        (Kind::DeletableCounter, amount) => Op::Add(i64::from(amount) - 2),
        (other, _) => panic!("the laws of {other:?} are held in multimaster-models"),
    }
}

impl<R: Resolver> fmt::Display for Packet<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Packet { from, to, load } = self;
        match load {
            Load::Changes { message, .. } => write!(f, "{from}→{to} {message}"),
            Load::Progress(progress) => {
                write!(f, "{from}→{to}")?;
                progress.rows().try_for_each(|(id, row)| write!(f, " {id} has seen {row};"))
            }
            Load::Digest { seen, resumes: true, .. } => write!(f, "{from}→{to} resume after {seen}"),
            Load::Digest { seen, resumes: false, .. } => write!(f, "{from}→{to} digest {seen}"),
        }
    }
}
