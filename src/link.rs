//! What carries changes along one edge of a running cluster: [`Link`], a loop for a thread of its own.

use crate::master::Master;
use crate::record::{Event, Recorded};
use crate::sync::{Mutex, thread};
use crate::{MasterId, Message, MessageOf, Outcome, Resolver};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The link `from → to`. It takes changes from the one's log and delivers them to the other; what the other lacks, by a
/// gap or found out by a tick, it fetches with the other's digest. It holds no lock of one master while it calls the
/// other.
pub(crate) struct Link<R: Resolver> {
    from: Arc<Master<R>>,
    to: Arc<Master<R>>,
    switch: Arc<Switch>,
    /// The most changes a message carries.
    batch: usize,
    /// How often a link with nothing to do compares digests.
    tick: Duration,
    /// How long it rests at least after a round of all shards in which it carried something.
    linger: Duration,
    /// How long it rested last.
    rested: Duration,
    random: fastrand::Rng,
    /// Messages under way, in the order in which they were sent.
    flying: Vec<Flying<R>>,
    /// Counts the deliveries of this link: its time, by which delays are measured.
    now: u64,
    /// The shard from which this round of all shards goes on: 0 if it has carried nothing yet.
    next: usize,
    /// How many changes it has carried in this round.
    carried: usize,
    /// Whether a message of this round had no room for more.
    full: bool,
    traffic: Traffic,
    events: Vec<Recorded<R::State, R::Effect>>,
}

struct Flying<R: Resolver> {
    due: u64,
    shard: usize,
    message: MessageOf<R>,
}

/// A link takes no more from a log while so many of its messages are under way.
const MOST_FLYING: usize = 64;

/// How many times its shortest rest a link rests at most.
const MOST_LINGERS: u32 = 8;

/// What a link does to messages, at random.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// How probable it is that a message is lost: 0 to 1.
    pub loss: f64,
    /// How probable it is that a message arrives twice: 0 to 1.
    pub duplication: f64,
    /// By how many later messages of the same link one may be overtaken at most.
    pub delay: u64,
}

/// What a link has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages that arrived, second deliveries included.
    pub delivered: u64,
    /// Messages lost by a fault, a cut or the end of the link.
    pub lost: u64,
    /// Messages that were sent twice.
    pub duplicated: u64,
    /// Messages that arrived before something that they build on.
    pub gaps: u64,
    /// Snapshots among those delivered.
    pub snapshots: u64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Traffic) {
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.gaps += other.gaps;
        self.snapshots += other.snapshots;
    }
}

/// How a link stands, told to it while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) cut: bool,
    pub(crate) stopped: bool,
    pub(crate) faults: Faults,
}

/// The place where a link is told. Whoever alters it must [ring](Master::ring) the link's sender.
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

const SWITCH: &str = "nothing panics with the switch in hand";

/// What is left of a link when it has ended.
pub(crate) struct Ended<R: Resolver> {
    pub(crate) traffic: Traffic,
    pub(crate) events: Vec<Recorded<R::State, R::Effect>>,
}

impl<R: Resolver> Link<R> {
    pub(crate) fn new(
        from: Arc<Master<R>>,
        to: Arc<Master<R>>,
        switch: Arc<Switch>,
        (batch, tick, linger, seed): (usize, Duration, Duration, u64),
    ) -> Link<R> {
        Link {
            from,
            to,
            switch,
            batch: batch.max(1),
            tick,
            linger,
            rested: linger,
            random: fastrand::Rng::with_seed(seed),
            flying: Vec::new(),
            now: 0,
            next: 0,
            carried: 0,
            full: false,
            traffic: Traffic::default(),
            events: Vec::new(),
        }
    }

    /// Carries until it is stopped.
    pub(crate) fn run(mut self) -> Ended<R> {
        let mut last_tick = Instant::now();
        loop {
            let heard = self.from.listen();
            let State { cut, stopped, faults } = self.switch.read();
            if cut || stopped {
                self.drop_all();
            }
            if stopped {
                break;
            }
            if cut {
                self.from.sleep(heard, Duration::MAX);
                continue;
            }
            match self.find() {
                Some(shard) if self.flying.len() < MOST_FLYING => self.take(shard, faults),
                _ if !self.flying.is_empty() => {}
                _ => {
                    if last_tick.elapsed() >= self.tick {
                        last_tick = Instant::now();
                        self.compare(faults);
                    }
                    if self.flying.is_empty() {
                        self.from.sleep(heard, self.tick);
                    }
                }
            }
            self.deliver_due(faults);
        }
        Ended { traffic: self.traffic, events: self.events }
    }

    /// The next shard that has something to carry, each once a round. After a round the link rests while writes gather,
    /// unless they come faster than it carries them: many small messages cost more than few large ones, and who waits for
    /// the other's lock more yet.
    fn find(&mut self) -> Option<usize> {
        let to = self.to.id();
        let found = self.from.find(self.next, |replica| replica.has_push(to));
        if found.is_some() || self.next == 0 {
            return found;
        }
        self.next = 0;
        self.rest();
        self.from.find(0, |replica| replica.has_push(to))
    }

    /// Rests after a round.
    fn rest(&mut self) {
        let much = mem::take(&mut self.carried) >= self.batch;
        self.rested = rest_after(much, self.rested, self.linger);
        if !mem::take(&mut self.full) && !self.linger.is_zero() {
            thread::sleep(self.rested);
        }
    }

    /// Takes the next message from the sender's log.
    fn take(&mut self, shard: usize, faults: Faults) {
        self.next = shard + 1;
        if let Some(message) = self.from.next_push(shard, self.to.id(), self.batch) {
            if let Message::Push(push) = &message {
                self.carried += push.changes.len();
                self.full |= push.changes.len() >= self.batch;
            }
            self.send(shard, message, faults);
        }
    }

    /// The receiver asks for what it lacks, in every shard.
    fn compare(&mut self, faults: Faults) {
        for shard in 0..self.from.layout().shards() {
            let ours = self.from.inspect(shard, |replica| replica.digest().clone());
            let covered = ours.and_then(|ours| self.to.inspect(shard, |replica| replica.digest().covers(&ours)));
            if covered == Some(false) {
                self.repair(shard, faults);
            }
        }
    }

    /// The receiver's digest is carried to the sender, and its answer is on the way.
    fn repair(&mut self, shard: usize, faults: Faults) {
        let digest = self.to.ask(shard, self.from.id());
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

    /// Delivers what is due. What a gap makes the receiver ask for is sent on the way, and due later.
    fn deliver_due(&mut self, faults: Faults) {
        let now = self.now;
        self.now += 1;
        let mut place = 0;
        // What is sent meanwhile comes behind, and waits for the next time.
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

/// How long to rest after a round: the longer, the longer there has been much to carry, for then nobody who waits for one
/// write is kept waiting for long, and who writes much is interrupted less often.
fn rest_after(much: bool, last: Duration, least: Duration) -> Duration {
    if much { (2 * last).min(MOST_LINGERS * least) } else { least }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_link_rests_longer_and_longer_while_there_is_much() {
        let least = std::time::Duration::from_micros(100);
        let mut rested = least;
        let rests = [true, true, true, true, true, false, true].map(|much| {
            rested = super::rest_after(much, rested, least);
            rested.as_micros()
        });
        assert_eq!(rests, [200, 400, 800, 800, 800, 100, 200]);
    }
}
