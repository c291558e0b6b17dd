//! Carries changes along one edge of a running cluster: [`Link`], a loop for a thread of its own.

use super::master::Master;
use super::sync::{Mutex, thread};
use crate::pause::Pause;
use crate::record::{Event, Recorded};
use crate::{Faults, MasterId, Message, MessageOf, Outcome, Resolver, Setup, Traffic};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The link `from → to`. It takes changes from the sender's log and delivers them to the receiver. After a gap, or if a
/// tick finds that the receiver lacks changes, it takes the receiver's digest to the sender and delivers the answer.
/// The link holds no lock of one master while it calls the other.
pub(crate) struct Link<R: Resolver> {
    from: Arc<Master<R>>,
    to: Arc<Master<R>>,
    switch: Arc<Switch>,
    /// The most changes that a message carries.
    batch: usize,
    /// How often an idle link compares digests.
    tick: Duration,
    /// Whether tombstones are collected, and when the receiver was told the last time.
    collects: bool,
    told: Instant,
    pause: Pause,
    random: fastrand::Rng,
    /// Messages in flight, in the order in which they were sent.
    flying: Vec<Flying<R>>,
    /// The number of calls of `deliver_due` so far: the clock by which this link measures delays.
    now: u64,
    /// The shard at which the current round over all shards continues; 0 at the start of a round.
    next: usize,
    /// Whether the link was cut when its switch was last read.
    cut: bool,
    traffic: Traffic,
    events: Vec<Recorded<R::State, R::Effect>>,
}

struct Flying<R: Resolver> {
    due: u64,
    shard: usize,
    message: MessageOf<R>,
}

/// The number of messages in flight at which a link stops taking changes from the log.
const MOST_FLYING: usize = 64;

/// The commands to a running link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) cut: bool,
    pub(crate) stopped: bool,
    pub(crate) faults: Faults,
}

/// A link's state, shared with its cluster. After altering it, [notify](Master::notify) the link's sender.
pub(crate) struct Switch(Mutex<State>);

impl Switch {
    pub(crate) fn new(state: State) -> Switch {
        Switch(Mutex::new(state))
    }

    pub(crate) fn read(&self) -> State {
        *self.0.lock().expect(SWITCH)
    }

    pub(crate) fn alter(&self, alter: impl FnOnce(&mut State)) {
        alter(&mut self.0.lock().expect(SWITCH));
    }
}

const SWITCH: &str = "nothing panics while this lock is held";

/// The result of a link's run.
pub(crate) struct Ended<R: Resolver> {
    /// Whether the link was cut at the end.
    pub(crate) cut: bool,
    pub(crate) traffic: Traffic,
    pub(crate) events: Vec<Recorded<R::State, R::Effect>>,
}

impl<R: Resolver> Link<R> {
    /// The link between these masters. `was_cut` says whether the previous link between these masters was cut when it
    /// ended.
    pub(crate) fn new(
        from: Arc<Master<R>>,
        to: Arc<Master<R>>,
        switch: Arc<Switch>,
        setup: &Setup,
        was_cut: bool,
    ) -> Link<R> {
        let ends = u64::from(from.id().0) << 16 | u64::from(to.id().0);
        Link {
            from,
            to,
            switch,
            batch: setup.batch,
            tick: setup.tick,
            collects: setup.collects,
            told: Instant::now(),
            pause: Pause::new(setup.linger, setup.batch),
            random: fastrand::Rng::with_seed(setup.seed.rotate_left(32) ^ ends),
            flying: Vec::new(),
            now: 0,
            next: 0,
            cut: was_cut,
            traffic: Traffic::default(),
            events: Vec::new(),
        }
    }

    /// Carries changes until the link is stopped.
    pub(crate) fn run(mut self) -> Ended<R> {
        let mut last_tick = Instant::now();
        loop {
            let epoch = self.from.epoch();
            let State { cut, stopped, faults } = self.switch.read();
            if cut || stopped {
                self.drop_all();
            }
            if stopped {
                break;
            }
            if cut != self.cut {
                self.turn(cut);
            }
            if cut {
                self.from.wait(epoch, Duration::MAX);
                continue;
            }
            if self.collects && self.told.elapsed() >= self.tick {
                self.told = Instant::now();
                self.tell();
            }
            match self.next_or_pause() {
                Some(shard) if self.flying.len() < MOST_FLYING => self.take(shard, faults),
                _ if !self.flying.is_empty() => {}
                _ => {
                    if last_tick.elapsed() >= self.tick {
                        last_tick = Instant::now();
                        self.compare(faults);
                    }
                    if self.flying.is_empty() {
                        self.from.wait(epoch, self.tick);
                    }
                }
            }
            self.deliver_due(faults);
        }
        Ended { cut: self.cut, traffic: self.traffic, events: self.events }
    }

    /// The link is cut, or healed.
    fn turn(&mut self, cut: bool) {
        self.cut = cut;
        let (from, to) = self.ends();
        for shard in 0..self.from.layout().shards() {
            self.note(shard, || if cut { Event::Cut { from, to } } else { Event::Heal { from, to } });
        }
    }

    /// The next shard with changes to send; each round visits each shard once. Pauses after a round so that writes
    /// gather, because many small messages cost more than few large ones.
    fn next_or_pause(&mut self) -> Option<usize> {
        let to = self.to.id();
        let found = self.from.shard_where(self.next, |replica| replica.has_push(to));
        if found.is_some() || self.next == 0 {
            return found;
        }
        self.next = 0;
        if let Some(pause) = self.pause.end_round() {
            thread::sleep(pause);
        }
        self.from.shard_where(0, |replica| replica.has_push(to))
    }

    /// Takes the next message from the sender's log.
    fn take(&mut self, shard: usize, faults: Faults) {
        self.next = shard + 1;
        if let Some(message) = self.from.next_push(shard, self.to.id(), self.batch) {
            if let Message::Push(push) = &message {
                self.pause.carried(push.changes.len());
            }
            self.send(shard, message, faults);
        }
    }

    /// Compares the two masters' digests in every shard, and sends the changes that the receiver lacks.
    fn compare(&mut self, faults: Faults) {
        for shard in 0..self.from.layout().shards() {
            let ours = self.from.inspect(shard, |replica| replica.digest().clone());
            let covered = ours.and_then(|ours| self.to.inspect(shard, |replica| replica.digest().covers(&ours)));
            if covered == Some(false) {
                self.repair(shard, faults);
            }
        }
    }

    /// Tells the receiver what the sender knows of the progress of all masters; the receiver collects tombstones.
    fn tell(&self) {
        for shard in 0..self.from.layout().shards() {
            if let Some(progress) = self.from.progress(shard, self.to.id()) {
                self.to.learn(shard, self.from.id(), &progress);
            }
        }
    }

    /// Takes the receiver's digest to the sender, and sends the answer.
    fn repair(&mut self, shard: usize, faults: Faults) {
        let digest = self.to.digest_for(shard, self.from.id());
        let answer = digest.and_then(|digest| self.from.answer(shard, self.to.id(), &digest, self.batch));
        if let Some(answer) = answer {
            self.send(shard, answer, faults);
        }
    }

    fn send(&mut self, shard: usize, message: MessageOf<R>, faults: Faults) {
        if self.chance(faults.loss) {
            return self.lose(shard, message);
        }
        if self.chance(faults.duplication) {
            self.traffic.duplicated += 1;
            let (from, to) = self.ends();
            self.note(shard, || Event::Duplicate { from, to, message: message.clone() });
            self.fly(shard, message.clone(), faults);
        }
        self.fly(shard, message, faults);
    }

    fn fly(&mut self, shard: usize, message: MessageOf<R>, faults: Faults) {
        let delay = if faults.delay == 0 { 0 } else { self.random.u64(0..=faults.delay) };
        self.flying.push(Flying { due: self.now + delay, shard, message });
    }

    /// Delivers the messages that are due. After a gap, sends the missing changes, which are delivered in a later call.
    fn deliver_due(&mut self, faults: Faults) {
        let now = self.now;
        self.now += 1;
        let mut place = 0;
        // Messages sent meanwhile are appended, and wait for the next call.
        let mut left = self.flying.len();
        while left > 0 {
            left -= 1;
            if self.flying[place].due > now {
                place += 1;
                continue;
            }
            let Flying { shard, message, .. } = self.flying.remove(place);
            self.traffic.delivered += 1;
            self.traffic.snapshots += u64::from(matches!(message, Message::Snapshot(_)));
            if self.to.receive(shard, self.from.id(), message) == Outcome::Gap {
                self.traffic.gaps += 1;
                self.repair(shard, faults);
            }
        }
    }

    fn drop_all(&mut self) {
        for Flying { shard, message, .. } in mem::take(&mut self.flying) {
            self.lose(shard, message);
        }
    }

    fn lose(&mut self, shard: usize, message: MessageOf<R>) {
        self.traffic.lost += 1;
        let (from, to) = self.ends();
        self.note(shard, || Event::Lose { from, to, message });
    }

    fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.random.f64() < probability
    }

    fn ends(&self) -> (MasterId, MasterId) {
        (self.from.id(), self.to.id())
    }

    fn note(&mut self, shard: usize, event: impl FnOnce() -> Event<R::State, R::Effect>) {
        if let Some(recorder) = self.from.recorder() {
            self.events.push(Recorded { number: recorder.next(), shard, event: event() });
        }
    }
}
