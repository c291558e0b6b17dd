//! The loop over the events of one run: [`run`].

use super::faults::Keeps;
use super::host::{Happening, Host, Mail, Record, Turn, hosts, nanoseconds};
use super::measure::{End, Figures, Meter};
use super::network::{Link, links};
use super::queue::Queue;
use super::workload::operation;
use super::{Case, Setting};
use crate::check::running;
use crate::node::any_rule::{AnyReplica, Pack};
use fastrand::Rng;
use multimaster::record::{self, Event, Recorded};
use multimaster::{Layout, MasterId, Resolver, Topology};
use std::collections::BTreeSet;
use std::io;

/// One run.
pub(super) struct Simulation<'a> {
    pub(super) setting: &'a Setting,
    pub(super) case: &'a Case,
    pub(super) hosts: Vec<Host>,
    pub(super) links: Vec<Link>,
    pub(super) topology: Topology,
    /// The number of origins used so far: the masters, then the fresh ones.
    pub(super) origins: u16,
    pub(super) queue: Queue<Happening>,
    pub(super) random: Rng,
    pub(super) meter: Meter,
    pub(super) record: Option<Record>,
    /// The time of the event, or of the master that handles its mail.
    pub(super) now: u64,
    /// The number of requests and faults to come.
    to_come: u64,
    /// The number of events to come that are no ticks.
    pending: u64,
    turns: Vec<Turn>,
    /// Whether masters look for neighbours from which they have not heard.
    pub(super) has_ticks: bool,
    /// The breaks of all links.
    pub(super) breaks: u64,
    healed_at: Option<u64>,
    asked: u64,
    keys: Vec<String>,
    /// The longest time that a message takes.
    longest: u64,
}

/// The number of ticks without news after which a run ends although some master lacks a write.
const PATIENCE: u64 = 20;

/// The number of events between two checks for an interruption.
const ROUND: u64 = 1024;

/// Runs the case once. `None` if it was interrupted.
///
/// # Panics
/// If the setting does not allow the case: [`Setting::vet`].
pub fn run(setting: &Setting, case: &Case, seed: u64) -> Option<Figures> {
    let topology = case.shape.topology(case.masters, seed).expect("the case was vetted");
    let mut simulation = Simulation::new(setting, case, &topology, seed, None);
    simulation.run().then(|| simulation.figures())
}

/// Runs the case once, and writes its record to `out`: [`multimaster::record`]. `None` if it was interrupted.
///
/// # Errors
/// Those of `out`.
///
/// # Panics
/// As [`run`].
pub fn record(setting: &Setting, case: &Case, seed: u64, out: impl io::Write) -> io::Result<Option<Figures>> {
    let topology = case.shape.topology(case.masters, seed).expect("the case was vetted");
    let mut simulation = Simulation::new(setting, case, &topology, seed, Some(Vec::new()));
    if !simulation.run() {
        return Ok(None);
    }
    let figures = simulation.figures();
    let layout = Layout::of(1).expect("one shard is allowed");
    let described = record::Setting { rule: setting.rule.name().into(), topology, layout, collects: false };
    record::write(out, &described, &simulation.record.unwrap_or_default())?;
    Ok(Some(figures))
}

impl<'a> Simulation<'a> {
    fn new(
        setting: &'a Setting,
        case: &'a Case,
        topology: &Topology,
        seed: u64,
        record: Option<Record>,
    ) -> Simulation<'a> {
        let masters = topology.masters();
        let mut random = Rng::with_seed(seed);
        let links = links(topology, &setting.regions);
        let mut order: Vec<u16> = (0..masters).collect();
        random.shuffle(&mut order);
        let dead: Vec<MasterId> = order.into_iter().take(usize::from(case.dead)).map(MasterId).collect();
        let gone = setting.crashes.iter().filter(|crash| crash.to.is_none()).map(|crash| crash.at);
        let gone: BTreeSet<MasterId> = gone.chain(dead.iter().copied()).collect();
        let counted = topology.ids().map(|id| !gone.contains(&id)).collect();
        let mut simulation = Simulation {
            setting,
            case,
            longest: links.iter().map(|link| link.delay).max().unwrap_or(0),
            hosts: hosts(setting, topology, &links),
            links,
            topology: topology.clone(),
            origins: masters,
            queue: Queue::new(),
            random,
            meter: Meter::new(counted, setting.keys),
            record,
            now: 0,
            to_come: setting.writes + setting.reads,
            pending: 0,
            turns: Vec::new(),
            has_ticks: setting.loses(case),
            breaks: 0,
            healed_at: None,
            asked: 0,
            keys: (0..setting.keys).map(|key| format!("k{key}")).collect(),
        };
        dead.into_iter().for_each(|master| simulation.turn(Turn::Crash(master)));
        simulation.plan();
        simulation
    }

    /// Adds the first events.
    fn plan(&mut self) {
        let mut turns = Vec::new();
        for cut in &self.setting.cuts {
            turns.push((cut.from, Turn::Cut(*cut)));
            turns.extend(cut.to.map(|to| (to, Turn::Heal(*cut))));
        }
        for crash in &self.setting.crashes {
            if let Keeps::Flushed(every) = self.setting.keeps {
                // Of all flushes only the last matters.
                turns.push((crash.flushed(every), Turn::Flush(crash.at)));
            }
            turns.push((crash.from, Turn::Crash(crash.at)));
            turns.extend(crash.to.map(|to| (to, Turn::Restart(crash.at))));
        }
        self.to_come += turns.len() as u64;
        self.turns = turns.iter().map(|(_, turn)| *turn).collect();
        for (place, (time, _)) in turns.into_iter().enumerate() {
            self.add(nanoseconds(time), Happening::Fault(place));
        }
        if self.setting.writes > 0 {
            self.add(0, Happening::Write);
        }
        self.add_next(Happening::Read, self.setting.reads);
        if self.has_ticks {
            let tick = nanoseconds(self.setting.tick).max(1);
            for master in 0..self.hosts.len() {
                let first = self.random.u64(0..tick);
                self.queue.add(first, Happening::Tick(master));
            }
        }
    }

    pub(super) fn add(&mut self, time: u64, happening: Happening) {
        self.pending += 1;
        self.queue.add(time, happening);
    }

    /// Adds the next of the `all` requests of one kind. The times between them are exponentially distributed.
    fn add_next(&mut self, happening: Happening, all: u64) {
        let rate = self.case.rate * all as f64 / self.setting.writes.max(1) as f64;
        let pause = -(1.0 - self.random.f64()).ln() / rate;
        if all > 0 {
            self.add(self.now + (pause * 1e9) as u64, happening);
        }
    }

    /// Handles all events; false if the run was interrupted.
    fn run(&mut self) -> bool {
        let (mut writes, mut reads, mut events) = (self.setting.writes, self.setting.reads, 0_u64);
        while let Some((time, happening)) = self.queue.next() {
            events += 1;
            if events.is_multiple_of(ROUND) {
                running::count(ROUND);
                if running::is_interrupted() {
                    return false;
                }
            }
            self.now = time;
            self.pending -= u64::from(!matches!(happening, Happening::Tick(_)));
            match happening {
                Happening::Write => {
                    writes -= 1;
                    self.to_come -= 1;
                    self.ask_to_write();
                    if writes > 0 {
                        self.add_next(Happening::Write, self.setting.writes);
                    }
                }
                Happening::Read => {
                    reads -= 1;
                    self.to_come -= 1;
                    self.ask_to_read();
                    if reads > 0 {
                        self.add_next(Happening::Read, self.setting.reads);
                    }
                }
                Happening::Arrival(sent) => self.arrive(sent),
                Happening::Digest(asked) => self.arrive_digest(asked),
                Happening::Free(master) => self.read_mail(master),
                Happening::Tick(master) => {
                    self.queue.add(time + nanoseconds(self.setting.tick).max(1), Happening::Tick(master));
                    self.post(master, Mail::Tick);
                }
                Happening::Fault(place) => {
                    self.to_come -= 1;
                    self.turn(self.turns[place]);
                }
            }
            if self.is_over() {
                break;
            }
        }
        running::count(events % ROUND);
        true
    }

    /// Whether no measured event is to come.
    fn is_over(&self) -> bool {
        if self.to_come > 0 {
            return false;
        }
        let since = self.now.saturating_sub(self.meter.last_news);
        match self.meter.is_complete() {
            true => self.pending == 0 || since > 4 * self.longest,
            false => since > PATIENCE * (nanoseconds(self.setting.tick) + self.longest),
        }
    }

    fn ask_to_write(&mut self) {
        let (master, key) = (self.random.usize(0..self.hosts.len()), self.random.usize(0..self.keys.len()));
        self.asked += 1;
        if !self.hosts[master].is_up {
            self.meter.refused += 1;
            return;
        }
        let rule = self.hosts[master].replica.rule();
        let mut op = operation(rule.kind(), self.asked);
        if rule.uses_wall_clock() {
            op = op.at(self.now / 1_000);
        }
        self.post(master, Mail::Write { key, op, asked: self.now });
    }

    fn ask_to_read(&mut self) {
        let (master, key) = (self.random.usize(0..self.hosts.len()), self.random.usize(0..self.keys.len()));
        if self.hosts[master].is_up {
            self.post(master, Mail::Read { key });
        }
    }

    /// Puts this into the master's mail.
    pub(super) fn post(&mut self, master: usize, mail: Mail) {
        let host = &mut self.hosts[master];
        host.mail.push_back(mail);
        if !host.called {
            host.called = true;
            let time = self.now.max(host.free_at);
            self.add(time, Happening::Free(master));
        }
    }

    pub(super) fn key(&self, key: usize) -> &str {
        &self.keys[key]
    }

    pub(super) fn heal(&mut self) {
        self.healed_at = Some(self.now);
    }

    pub(super) fn note(&mut self, event: impl FnOnce() -> Event<Pack, Pack>) {
        if let Some(record) = &mut self.record {
            record.push(Recorded { number: record.len() as u64, shard: 0, event: event() });
        }
    }

    fn figures(&self) -> Figures {
        let up: Vec<&AnyReplica> = self.hosts.iter().filter(|host| host.is_up).map(|host| &host.replica).collect();
        let agree = up.windows(2).all(|two| {
            two[0].digest() == two[1].digest() && self.keys.iter().all(|key| two[0].read(key) == two[1].read(key))
        });
        let loads = self.hosts.iter().map(|host| (host.handled, host.occupied)).collect();
        let free_at = self.hosts.iter().map(|host| host.free_at).max().unwrap_or(0);
        self.meter.figures(&End { loads, healed_at: self.healed_at, agree, free_at, now: self.now })
    }
}
