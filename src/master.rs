//! A master that many threads use at once: [`Master`].
//!
//! Each shard is a [`Replica`] behind a mutex, and each method makes one call to one replica while its mutex is held.
//! So concurrent calls have the same results as the same calls in some sequential order; `src/interleavings/` checks
//! this with loom. A write is applied and logged in one step. No thread holds the locks of two shards, and none waits
//! for a neighbour while it holds a lock.

use super::event_count::{Epoch, EventCount};
use super::sync::{Mutex, MutexGuard};
#[cfg(feature = "durable")]
use crate::durable::{Flusher, Held, Lack};
use crate::handshake::Hello;
use crate::layout::HashedKey;
use crate::options::Recorder;
use crate::record::{Event, Recorded};
use crate::{
    Dot, HandshakeError, Key, Layout, MasterId, MessageOf, Op, Options, Outcome, PeerError, Progress, Reading, Refusal,
    Replica, Resolver, Text, Topology, VersionVector, WriteError, Written,
};
use std::fmt;
use std::mem;
use std::time::{Duration, Instant};

/// One master, in memory, for any number of threads.
///
/// ```
/// use multimaster::{LastWriteWins, Master, MasterId, Options, Reading, Topology};
///
/// let pair = Topology::all_to_all(2)?;
/// let master = Master::new(MasterId(0), LastWriteWins, &pair, &Options::default());
/// std::thread::scope(|threads| {
///     threads.spawn(|| master.set("hello", "world"));
///     threads.spawn(|| master.set("bonjour", "monde"));
/// });
/// assert_eq!(master.get("hello"), Reading::Value("world".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If a rule panics, or the conversion of a [set](Self::set) value to text panics, the shard becomes unusable: every
/// later call for a key in the shard panics too.
pub struct Master<R: Resolver> {
    hello: Hello,
    neighbours: Vec<MasterId>,
    log: usize,
    shards: Box<[Mutex<Shard<R>>]>,
    wake_ups: EventCount,
    recorder: Option<Recorder>,
    #[cfg(feature = "durable")]
    pub(crate) flusher: Option<Flusher<R>>,
}

/// The number of changes that a log keeps after all neighbours have been sent them: as many as one or two full
/// messages.
const SENT: usize = 512;

/// The number of buckets of a table that are searched for tombstones during one hold of its lock, which takes some
/// microseconds.
const COLLECTED: usize = 1024;

/// The data that one lock of a [`Master`] guards.
struct Shard<R: Resolver> {
    replica: Replica<R>,
    /// Whether clients' writes are refused.
    closed: bool,
    /// Whether a thread waits for a change to this shard.
    awaited: bool,
    /// The length at which the log is truncated.
    truncate_at: usize,
    /// The bucket at which the collection of tombstones continues; 0 between two rounds over the table.
    collect_at: usize,
    /// The changes that all masters had seen when the last round began.
    collected: VersionVector,
    events: Vec<Recorded<R::State, R::Effect>>,
    /// Whether the master has crashed: nothing more is recorded.
    crashed: bool,
}

impl<R: Resolver> Master<R> {
    /// The master `id` of a cluster that has written nothing yet.
    ///
    /// # Panics
    /// If `id` is not in the topology.
    pub fn new(id: MasterId, rule: R, topology: &Topology, options: &Options) -> Master<R> {
        let replica = Replica::new(id, rule, topology);
        Self::of(vec![replica; options.layout.shards()], topology, options)
    }

    /// A master of these shards, of which there is at least one.
    pub(crate) fn of(replicas: Vec<Replica<R>>, topology: &Topology, options: &Options) -> Master<R> {
        let id = replicas[0].id();
        let log = options.log;
        let truncate_at = 2 * SENT.min(log);
        let shard = |replica| Shard {
            replica,
            closed: false,
            awaited: false,
            truncate_at,
            collect_at: 0,
            collected: VersionVector::default(),
            events: Vec::new(),
            crashed: false,
        };
        Master {
            hello: Hello::new(id, topology.masters(), options.layout),
            neighbours: topology.sends_to(id).chain(topology.hears_from(id)).collect(),
            log,
            shards: replicas.into_iter().map(shard).map(Mutex::new).collect(),
            wake_ups: EventCount::new(),
            recorder: options.recorder.clone(),
            #[cfg(feature = "durable")]
            flusher: None,
        }
    }

    /// [`write`](Self::write)s a register's value.
    ///
    /// # Errors
    /// As `write`.
    pub fn set(&self, key: &str, value: impl Into<Text>) -> Result<Written, WriteError> {
        self.write_made(key, || Op::Set(value.into()))
    }

    /// [`write`](Self::write)s the deletion of a register's value.
    ///
    /// # Errors
    /// As `write`.
    pub fn delete(&self, key: &str) -> Result<Written, WriteError> {
        self.write(key, Op::Delete)
    }

    /// The reading of `key`.
    pub fn get(&self, key: &str) -> Reading {
        let key = HashedKey::from(key);
        let shard = self.layout().shard_of_hashed(key);
        let mut held = self.hold(shard);
        let reading = held.replica.read_hashed(key);
        self.note(&mut held, shard, || Event::Read {
            at: self.id(),
            key: Key::from(key.key),
            reading: reading.clone(),
        });
        reading
    }

    /// A client writes: [`Replica::write`]. Waits only for threads that use the same shard at the same time. O(1), whatever
    /// the number of neighbours.
    ///
    /// # Errors
    /// If the rule refuses the operation, the logical clock is exhausted, or the master is [closed](Self::close).
    pub fn write(&self, key: &str, op: Op) -> Result<Written, WriteError> {
        self.write_made(key, || op)
    }

    /// [`write`](Self::write)s an operation that is built while the lock is held. An operation that was built earlier
    /// would be copied, which would add 53 instructions to the 320 of a set.
    #[inline(always)]
    fn write_made(&self, key: &str, op: impl FnOnce() -> Op) -> Result<Written, WriteError> {
        let key = HashedKey::from(key);
        let shard = self.layout().shard_of_hashed(key);
        let mut held = self.hold(shard);
        if held.closed {
            return Err(WriteError::Closed);
        }
        let answer = if self.recorder.is_some() {
            self.write_recorded(&mut held, shard, key, op())
        } else {
            held.replica.write_hashed(key, op())
        };
        let dot = answer.map_err(WriteError::Refused)?;
        self.release(held, shard);
        Ok(Written { shard, dot })
    }

    #[cold]
    fn write_recorded(&self, held: &mut Shard<R>, shard: usize, key: HashedKey<'_>, op: Op) -> Result<Dot, Refusal> {
        let answer = held.replica.write_hashed(key, op.clone());
        let event = Event::Write { at: self.id(), key: Key::from(key.key), op, answer: answer.clone() };
        self.note(held, shard, || event);
        answer
    }

    /// Waits until this master has seen `write`, which may have been acknowledged by any master. False if `patience` ends
    /// first, or at once if there is no such shard.
    pub fn wait_for(&self, write: &Written, patience: Duration) -> bool {
        self.wait_until(write.shard, patience, |replica| replica.digest().contains(write.dot))
    }

    /// Waits until a shard satisfies `condition`. False if `patience` ends first, or at once if there is no such shard.
    pub fn wait_until(&self, shard: usize, patience: Duration, condition: impl Fn(&Replica<R>) -> bool) -> bool {
        if shard >= self.shards.len() {
            return false;
        }
        let start = Instant::now();
        loop {
            let epoch = self.epoch();
            if self.satisfies(shard, &condition) {
                return true;
            }
            let Some(left) = patience.checked_sub(start.elapsed()) else {
                return false;
            };
            self.wait(epoch, left);
        }
    }

    /// Refuses clients' writes from now on. Writes already acknowledged are still sent, and messages still received.
    pub fn close(&self) {
        for shard in 0..self.shards.len() {
            self.hold(shard).closed = true;
        }
        self.notify();
    }

    /// Moves the logical clock of each shard to at least `now`: [`Replica::advance_clock`].
    pub fn advance_clock(&self, now: u64) {
        self.alter(|| Event::Advance { at: self.id(), now }, |_, replica| replica.advance_clock(now));
    }

    /// Calls `look` with a shard's replica while its lock is held. `None` if there is no such shard.
    pub fn inspect<T>(&self, shard: usize, look: impl FnOnce(&Replica<R>) -> T) -> Option<T> {
        self.held(shard).map(|held| look(&held.replica))
    }

    /// This master's id.
    pub fn id(&self) -> MasterId {
        self.hello.from
    }

    /// The layout of this master's shards.
    pub fn layout(&self) -> Layout {
        self.hello.layout
    }

    /// Receives a message from the neighbour `from`: [`Replica::receive`]. If there is no such shard, the message is
    /// [refused](PeerError::NoSuchShard).
    pub(crate) fn receive(&self, shard: usize, from: MasterId, message: MessageOf<R>) -> Outcome {
        let Some(mut held) = self.held(shard) else {
            return Outcome::Refused(PeerError::NoSuchShard(shard));
        };
        let recorded = self.recorder.is_some().then(|| message.clone());
        let outcome = held.replica.receive(from, message);
        if let Some(message) = recorded {
            let (to, outcome) = (self.id(), outcome.clone());
            self.note(&mut held, shard, || Event::Deliver { from, to, message, outcome });
        }
        if matches!(outcome, Outcome::Applied | Outcome::Stale) {
            self.release(held, shard);
        }
        outcome
    }

    /// The next message for the neighbour `peer`: [`Replica::next_push`]. `None` also if there is no such shard.
    pub(crate) fn next_push(&self, shard: usize, peer: MasterId, max: usize) -> Option<MessageOf<R>> {
        let mut held = self.held(shard)?;
        let message = held.replica.next_push(peer, max)?;
        self.note(&mut held, shard, || Event::Push { from: self.id(), to: peer, max });
        self.may_send(held, shard).then_some(message)
    }

    /// The digest that asks the neighbour `sender` for the changes that this master lacks. `None` if there is no such
    /// shard.
    pub(crate) fn digest_for(&self, shard: usize, sender: MasterId) -> Option<VersionVector> {
        let mut held = self.held(shard)?;
        self.note(&mut held, shard, || Event::Ask { receiver: self.id(), sender });
        let digest = held.replica.digest().clone();
        self.may_send(held, shard).then_some(digest)
    }

    /// The answer to the digest of the neighbour `receiver`: [`Replica::answer`]. `None` also if there is no such
    /// shard.
    pub(crate) fn answer(
        &self,
        shard: usize,
        receiver: MasterId,
        digest: &VersionVector,
        max: usize,
    ) -> Option<MessageOf<R>> {
        let mut held = self.held(shard)?;
        self.note(&mut held, shard, || Event::Answer { sender: self.id(), receiver, digest: digest.clone(), max });
        let answer = held.replica.answer(digest, max)?;
        self.may_send(held, shard).then_some(answer)
    }

    /// The progress of all masters as this master knows it, to be sent to the neighbour `to`: [`Replica::progress`]. `None`
    /// if there is no such shard.
    pub(crate) fn progress(&self, shard: usize, to: MasterId) -> Option<Progress> {
        let mut held = self.held(shard)?;
        let progress = held.replica.progress();
        self.note(&mut held, shard, || Event::Tell { from: self.id(), to });
        self.may_send(held, shard).then_some(progress)
    }

    /// Learns the progress of all masters as the neighbour `from` knows it, then collects tombstones in a part of the
    /// shard. Does nothing if a correct neighbour cannot have sent this progress.
    pub(crate) fn learn(&self, shard: usize, from: MasterId, told: &Progress) {
        let Some(mut held) = self.held(shard) else { return };
        if held.replica.learn(from, told).is_err() {
            return;
        }
        self.note(&mut held, shard, || Event::Learn { from, to: self.id() });
        let Shard { replica, collect_at, collected, .. } = &mut *held;
        let stable = replica.seen_by_all();
        // A round goes on with the changes that all had seen when it began. If fewer changes are now known to be seen
        // by all, the members have changed, and a new round begins.
        if *collect_at == 0 || !stable.covers(collected) {
            if stable == *collected {
                return;
            }
            (*collected, *collect_at) = (stable, 0);
        }
        let mut keys = Vec::new();
        *collect_at = replica.collect_part(collected, *collect_at, COLLECTED, |key| {
            if self.recorder.is_some() {
                keys.push(key.clone());
            }
        });
        if !keys.is_empty() {
            self.note(&mut held, shard, || Event::Collect { at: self.id(), keys });
        }
    }

    /// The first shard from `start` on that satisfies `condition`. If there is none, a change to one of them will end the
    /// [epoch](Self::epoch).
    pub(crate) fn shard_where(&self, start: usize, condition: impl Fn(&Replica<R>) -> bool) -> Option<usize> {
        (start..self.shards.len()).find(|shard| self.satisfies(*shard, &condition))
    }

    /// The current epoch. A thread reads it before it looks for work: see [`EventCount`].
    pub(crate) fn epoch(&self) -> Epoch {
        self.wake_ups.epoch()
    }

    /// Waits until `epoch` has ended, or until `timeout`.
    pub(crate) fn wait(&self, epoch: Epoch, timeout: Duration) {
        self.wake_ups.wait(epoch, timeout);
    }

    /// Ends the epoch: all threads that wait look for work again.
    pub(crate) fn notify(&self) {
        self.wake_ups.notify();
    }

    /// The constants that this master sends to a neighbour before a link joins them.
    pub(crate) fn hello(&self) -> Hello {
        self.hello
    }

    /// Whether this master can be joined with the neighbour that says `hello`.
    ///
    /// # Errors
    /// If the sender of `hello` is not a neighbour, or the two masters differ in a constant.
    pub(crate) fn greet(&self, hello: &Hello) -> Result<(), HandshakeError> {
        if !self.neighbours.contains(&hello.from) {
            return Err(HandshakeError::Stranger(hello.from));
        }
        self.hello.agree(hello)
    }

    /// Calls `alter` with each shard's replica while its lock is held, and records the event.
    pub(crate) fn alter(
        &self,
        event: impl Fn() -> Event<R::State, R::Effect>,
        mut alter: impl FnMut(usize, &mut Replica<R>),
    ) {
        for shard in 0..self.shards.len() {
            let mut held = self.hold(shard);
            alter(shard, &mut held.replica);
            self.note(&mut held, shard, &event);
        }
        self.notify();
    }

    /// Accepts changes of the origins below `origins`: [`Replica::expect_origins`].
    pub(crate) fn expect_origins(&self, origins: u16) {
        (0..self.shards.len()).for_each(|shard| self.hold(shard).replica.expect_origins(origins));
    }

    /// From now on the master refuses writes; `event` is the last that it records. Returns its replicas. No link may use the
    /// master any more.
    pub(crate) fn crash(&self, event: impl Fn() -> Event<R::State, R::Effect>) -> Vec<Replica<R>> {
        let crash = |shard| {
            let mut held = self.hold(shard);
            held.closed = true;
            self.note(&mut held, shard, &event);
            held.crashed = true;
            held.replica.clone()
        };
        let replicas = (0..self.shards.len()).map(crash).collect();
        self.notify();
        replicas
    }

    /// Takes the events recorded so far, each shard's in order.
    pub(crate) fn take_record(&self) -> Vec<Recorded<R::State, R::Effect>> {
        (0..self.shards.len()).flat_map(|shard| mem::take(&mut self.hold(shard).events)).collect()
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// Whether the master was opened on a store.
    #[cfg(feature = "durable")]
    pub(crate) fn has_store(&self) -> bool {
        self.flusher.is_some()
    }

    /// Whether the master was opened on a store: without the feature `durable`, none is.
    #[cfg(not(feature = "durable"))]
    pub(crate) fn has_store(&self) -> bool {
        false
    }

    /// Releases a shard from which a message was made. Returns whether the message may be sent: if the master has a
    /// store, all changes that the message reflects are then on disk.
    #[cfg(feature = "durable")]
    fn may_send(&self, held: MutexGuard<'_, Shard<R>>, shard: usize) -> bool {
        let Some(flusher) = &self.flusher else {
            return true;
        };
        let seen = held.replica.digest().clone();
        drop(held);
        flusher.flush(shard, |held| held.covers(&seen), |shard, held| self.lack(shard, held)).is_ok()
    }

    /// Releases a shard from which a message was made. The message may be sent.
    #[cfg(not(feature = "durable"))]
    fn may_send(&self, _: MutexGuard<'_, Shard<R>>, _: usize) -> bool {
        true
    }

    /// The changes of the shard that the store lacks.
    #[cfg(feature = "durable")]
    pub(crate) fn lack(&self, shard: usize, on_disk: &Held) -> Option<Lack<R>> {
        let mut held = self.hold(shard);
        let lack = on_disk.lack(&held.replica)?;
        self.note(&mut held, shard, || Event::Flush { at: self.id(), whole: lack.is_whole() });
        Some(lack)
    }

    /// The shard with this number, locked; `None` if there is no such shard.
    fn held(&self, shard: usize) -> Option<MutexGuard<'_, Shard<R>>> {
        (shard < self.shards.len()).then(|| self.hold(shard))
    }

    /// A shard whose number is known to be valid, locked.
    #[inline(always)]
    fn hold(&self, shard: usize) -> MutexGuard<'_, Shard<R>> {
        self.shards[shard].lock().expect("the rule has panicked in this shard")
    }

    /// Whether the shard satisfies `condition`; if not, a change to it will end the [epoch](Self::epoch).
    fn satisfies(&self, shard: usize, condition: &impl Fn(&Replica<R>) -> bool) -> bool {
        let mut held = self.hold(shard);
        let found = condition(&held.replica);
        held.awaited |= !found;
        found
    }

    /// Releases a shard that has seen a new change: truncates its log if it is too long, and notifies the threads that
    /// wait for the shard. Truncation is rare, so the cost does not depend on the number of neighbours.
    #[inline(always)]
    fn release(&self, mut held: MutexGuard<'_, Shard<R>>, shard: usize) {
        if held.replica.log_len() >= held.truncate_at {
            self.truncate(&mut held, shard);
        }
        let awaited = mem::take(&mut held.awaited);
        drop(held);
        if awaited {
            self.notify();
        }
    }

    #[cold]
    fn truncate(&self, held: &mut Shard<R>, shard: usize) {
        let sent = SENT.min(self.log);
        let keep = held.replica.unsent().clamp(sent, self.log);
        held.replica.truncate(keep);
        held.truncate_at = keep + sent;
        self.note(held, shard, || Event::Truncate { at: self.id(), keep });
    }

    fn note(&self, held: &mut Shard<R>, shard: usize, event: impl FnOnce() -> Event<R::State, R::Effect>) {
        if let (Some(recorder), false) = (&self.recorder, held.crashed) {
            held.events.push(Recorded { number: recorder.next(), shard, event: event() });
        }
    }
}

impl<R: Resolver> fmt::Debug for Master<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "master {} with {} shards", self.id(), self.shards.len())
    }
}
