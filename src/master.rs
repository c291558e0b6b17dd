//! A master that many threads use at once: [`Master`].
//!
//! It adds locks to [`Replica`] and nothing else: each shard is a replica behind a mutex, and each method does one call
//! to it while the mutex is held. So what threads do at once is what they would have done one after the other; that it
//! is so in every interleaving is what `tests/loom.rs` explores. A write and its place in the log are one step. Nobody
//! holds two locks of shards, and nobody waits for a neighbour with one held.

use crate::bell::{Bell, Heard};
use crate::record::{Event, Recorded};
use crate::sync::{Mutex, MutexGuard};
use crate::{
    Dot, HandshakeError, HashedKey, Hello, Key, Layout, MasterId, MessageOf, Op, Outcome, PeerError, Reading, Refusal,
    Replica,
};
use crate::{Resolver, Text, Topology, VersionVector};
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
/// A rule that panics, or a conversion of what is [set](Self::set) to text, leaves the shard it was called for
/// unusable: every later call for it panics too.
pub struct Master<R: Resolver> {
    hello: Hello,
    neighbours: Vec<MasterId>,
    log: usize,
    shards: Box<[Mutex<Shard<R>>]>,
    bell: Bell,
    recorder: Option<Recorder>,
}

/// How many changes a log keeps that all neighbours have been sent: those of a full message or two.
const SENT: usize = 512;

/// What a lock of a [`Master`] guards.
struct Shard<R: Resolver> {
    replica: Replica<R>,
    /// Clients may write no more.
    closed: bool,
    /// Someone has found nothing to do here, and waits for the bell.
    awaited: bool,
    /// How long the log may grow before it is cut.
    cut_at: usize,
    events: Vec<Recorded<R::State, R::Effect>>,
}

/// How a master is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Into how many shards it divides its keys: the same at every master of a cluster.
    pub layout: Layout,
    /// How many changes the log of each shard keeps for neighbours that have yet to be sent them: 1024. Who has fallen
    /// behind further is sent a snapshot. Of what all have been sent the last 512 are kept, so that what was lost can
    /// be sent again. It holds up to 512 more than it keeps, and at most twice as many.
    ///
    /// A set writes to the log's next place, so the logs had better fit into the cache beside the map: with 16 shards
    /// and 10,000 keys, a set takes 80 ns with logs that go round in 8192 places, 55 in 2048 and 40 in 512.
    pub log: usize,
    /// Whether, and for which cluster, events are recorded. The record grows for as long as the master runs.
    pub recorder: Option<Recorder>,
}

impl Default for Options {
    fn default() -> Self {
        Options { layout: Layout::default(), log: 1024, recorder: None }
    }
}

/// Numbers the events of one cluster: its masters share one.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<AtomicU64>);

impl Recorder {
    /// Called with the lock of the shard held. One counter's increments have one order, whatever else is reordered, and
    /// it respects happened-before: so a delivery is numbered after its sending.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// An acknowledged write: what it is called, and where to [look out](Master::wait_for) for it at another master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Written {
    /// The shard that holds its key.
    pub shard: usize,
    /// Its name in that shard.
    pub dot: Dot,
}

/// Why a write failed. It has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The rule refused the operation, or the logical clock is exhausted.
    Refused(Refusal),
    /// The master has been [closed](Master::close).
    Closed,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Refused(_) => f.write_str("the write is refused"),
            WriteError::Closed => f.write_str("the master is closed to writes"),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Refused(refusal) => Some(refusal),
            WriteError::Closed => None,
        }
    }
}

impl<R: Resolver> Master<R> {
    /// The master `id` of a cluster that has written nothing yet.
    ///
    /// # Panics
    /// If `id` is not in the topology.
    pub fn new(id: MasterId, rule: R, topology: &Topology, options: &Options) -> Master<R> {
        let replica = Replica::new(id, rule, topology);
        let log = options.log.max(1);
        let cut_at = 2 * SENT.min(log);
        let shard = |_| Shard { replica: replica.clone(), closed: false, awaited: false, cut_at, events: Vec::new() };
        Master {
            hello: Hello::new(id, topology.masters(), options.layout),
            neighbours: topology.sends_to(id).chain(topology.hears_from(id)).collect(),
            log,
            shards: (0..options.layout.shards()).map(shard).map(Mutex::new).collect(),
            bell: Bell::new(),
            recorder: options.recorder.clone(),
        }
    }

    /// [`write`](Self::write)s a register's value.
    ///
    /// # Errors
    /// As `write`.
    pub fn set<'k>(&self, key: impl Into<HashedKey<'k>>, value: impl Into<Text>) -> Result<Written, WriteError> {
        self.write_made(key, || Op::Set(value.into()))
    }

    /// [`write`](Self::write)s that a register has no value.
    ///
    /// # Errors
    /// As `write`.
    pub fn delete<'k>(&self, key: impl Into<HashedKey<'k>>) -> Result<Written, WriteError> {
        self.write(key, Op::Delete)
    }

    /// What a reader of `key` sees.
    pub fn get<'k>(&self, key: impl Into<HashedKey<'k>>) -> Reading {
        let key = key.into();
        let shard = self.layout().shard_of(key);
        let mut held = self.hold(shard);
        let reading = held.replica.read(key);
        self.note(&mut held, shard, || Event::Read {
            at: self.id(),
            key: Key::from(key.as_str()),
            reading: reading.clone(),
        });
        reading
    }

    /// A client writes: [`Replica::write`]. Waits for nobody but those who use the same shard at the same time, and
    /// costs the same whatever the number of neighbours.
    ///
    /// # Errors
    /// If the rule refuses, or the master is closed.
    pub fn write<'k>(&self, key: impl Into<HashedKey<'k>>, op: Op) -> Result<Written, WriteError> {
        self.write_made(key, || op)
    }

    /// [`write`](Self::write)s an operation put together with the lock held: by then what it is made of, perhaps just
    /// written, has left the core, and its copy does not wait (60 ns a set otherwise, 44 so, of which 17 are the making
    /// of key and value).
    #[inline(always)]
    fn write_made<'k>(&self, key: impl Into<HashedKey<'k>>, op: impl FnOnce() -> Op) -> Result<Written, WriteError> {
        let key = key.into();
        let shard = self.layout().shard_of(key);
        let mut held = self.hold(shard);
        if held.closed {
            return Err(WriteError::Closed);
        }
        let answer = if self.recorder.is_some() {
            self.write_recorded(&mut held, shard, key, op())
        } else {
            held.replica.write(key, op())
        };
        let dot = answer.map_err(WriteError::Refused)?;
        self.settle(held, shard);
        Ok(Written { shard, dot })
    }

    #[cold]
    fn write_recorded(&self, held: &mut Shard<R>, shard: usize, key: HashedKey<'_>, op: Op) -> Result<Dot, Refusal> {
        let answer = held.replica.write(key, op.clone());
        let event = Event::Write { at: self.id(), key: Key::from(key.as_str()), op, answer: answer.clone() };
        self.note(held, shard, || event);
        answer
    }

    /// Takes in what the neighbour `from` sent: [`Replica::receive`]. If there is no such shard, the message is
    /// [refused](PeerError::NoSuchShard).
    pub fn receive(&self, shard: usize, from: MasterId, message: MessageOf<R>) -> Outcome {
        let Some(mut held) = self.held(shard) else {
            return Outcome::Refused(PeerError::NoSuchShard(shard));
        };
        let noted = self.recorder.is_some().then(|| message.clone());
        let outcome = held.replica.receive(from, message);
        if let Some(message) = noted {
            let (to, outcome) = (self.id(), outcome.clone());
            self.note(&mut held, shard, || Event::Deliver { from, to, message, outcome });
        }
        if matches!(outcome, Outcome::Applied | Outcome::Stale) {
            self.settle(held, shard);
        }
        outcome
    }

    /// The next message for the neighbour `peer`: [`Replica::next_push`]. `None` also if there is no such shard.
    pub fn next_push(&self, shard: usize, peer: MasterId, max: usize) -> Option<MessageOf<R>> {
        let mut held = self.held(shard)?;
        let message = held.replica.next_push(peer, max)?;
        self.note(&mut held, shard, || Event::Push { from: self.id(), to: peer, max });
        Some(message)
    }

    /// A digest, to be sent to `feeder`: what this master has seen asks for what it has not. `None` if there is no such
    /// shard.
    pub fn ask(&self, shard: usize, feeder: MasterId) -> Option<VersionVector> {
        let mut held = self.held(shard)?;
        self.note(&mut held, shard, || Event::Ask { asker: self.id(), feeder });
        Some(held.replica.digest().clone())
    }

    /// What `asker` lacks, by its digest: [`Replica::answer`]. `None` also if there is no such shard.
    pub fn answer(&self, shard: usize, asker: MasterId, digest: &VersionVector, max: usize) -> Option<MessageOf<R>> {
        let mut held = self.held(shard)?;
        self.note(&mut held, shard, || Event::Answer { feeder: self.id(), asker, digest: digest.clone(), max });
        held.replica.answer(digest, max)
    }

    /// Waits until this master has seen `write`, which may have been done at any master. False if `patience` ended
    /// first.
    pub fn wait_for(&self, write: &Written, patience: Duration) -> bool {
        self.wait_until(write.shard, patience, |replica| replica.digest().contains(write.dot))
    }

    /// Waits until a shard satisfies `wish`. False if `patience` ends first, or at once if there is no such shard.
    pub fn wait_until(&self, shard: usize, patience: Duration, wish: impl Fn(&Replica<R>) -> bool) -> bool {
        if shard >= self.shards.len() {
            return false;
        }
        let start = std::time::Instant::now();
        loop {
            let heard = self.listen();
            if self.look(shard, &wish) {
                return true;
            }
            let Some(left) = patience.checked_sub(start.elapsed()) else {
                return false;
            };
            self.sleep(heard, left);
        }
    }

    /// Refuses clients' writes from now on. What has been written is still sent, and what arrives taken in.
    pub fn close(&self) {
        for shard in 0..self.shards.len() {
            self.hold(shard).closed = true;
        }
        self.ring();
    }

    /// The first shard from `start` on that is as wished for. If there is none, the bell will ring when one of them
    /// changes.
    pub fn find(&self, start: usize, wish: impl Fn(&Replica<R>) -> bool) -> Option<usize> {
        (start..self.shards.len()).find(|shard| self.look(*shard, &wish))
    }

    /// Listens for the bell, before looking whether there is anything to do.
    pub fn listen(&self) -> Heard {
        self.bell.listen()
    }

    /// Sleeps until the bell has rung since it was `heard`, or `patience` has ended.
    pub fn sleep(&self, heard: Heard, patience: Duration) {
        self.bell.wait(heard, patience);
    }

    /// Wakes all who sleep, to look again.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Looks into a shard while nobody alters it. `None` if there is no such shard.
    pub fn inspect<T>(&self, shard: usize, look: impl FnOnce(&Replica<R>) -> T) -> Option<T> {
        self.held(shard).map(|held| look(&held.replica))
    }

    /// This master's place in the cluster.
    pub fn id(&self) -> MasterId {
        self.hello.from
    }

    /// How it spreads its keys.
    pub fn layout(&self) -> Layout {
        self.hello.layout
    }

    /// What it tells a neighbour before anything else.
    pub fn hello(&self) -> Hello {
        self.hello
    }

    /// Answers a neighbour's first words.
    ///
    /// # Errors
    /// If the two must not be joined.
    pub fn greet(&self, hello: &Hello) -> Result<(), HandshakeError> {
        if !self.neighbours.contains(&hello.from) {
            return Err(HandshakeError::Stranger(hello.from));
        }
        self.hello.agree(hello)
    }

    /// Takes what has been recorded so far, each shard's events in order.
    pub fn take_record(&self) -> Vec<Recorded<R::State, R::Effect>> {
        (0..self.shards.len()).flat_map(|shard| mem::take(&mut self.hold(shard).events)).collect()
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
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

    /// Whether the shard is as wished for; if not, the bell will ring when it changes.
    fn look(&self, shard: usize, wish: &impl Fn(&Replica<R>) -> bool) -> bool {
        let mut held = self.hold(shard);
        let found = wish(&held.replica);
        held.awaited |= !found;
        found
    }

    /// The shard has seen something new: its log is kept within bounds, and who waits for it is woken, after the lock
    /// is released. Cutting only every so often, what it costs does not depend on the number of neighbours.
    #[inline(always)]
    fn settle(&self, mut held: MutexGuard<'_, Shard<R>>, shard: usize) {
        if held.replica.log_len() >= held.cut_at {
            self.truncate(&mut held, shard);
        }
        let awaited = mem::take(&mut held.awaited);
        drop(held);
        if awaited {
            self.ring();
        }
    }

    #[cold]
    fn truncate(&self, held: &mut Shard<R>, shard: usize) {
        let sent = SENT.min(self.log);
        let keep = held.replica.unsent().clamp(sent, self.log);
        held.replica.truncate(keep);
        held.cut_at = keep + sent;
        self.note(held, shard, || Event::Truncate { at: self.id(), keep });
    }

    fn note(&self, held: &mut Shard<R>, shard: usize, event: impl FnOnce() -> Event<R::State, R::Effect>) {
        if let Some(recorder) = &self.recorder {
            held.events.push(Recorded { number: recorder.next(), shard, event: event() });
        }
    }
}

impl<R: Resolver> fmt::Debug for Master<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "master {} with {} shards", self.id(), self.shards.len())
    }
}
