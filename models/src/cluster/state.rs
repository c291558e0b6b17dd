//! A global state, and how it is compared and hashed: by content, at the price of what a step alters.

use crate::history::History;
use crate::specification::{Specification, misread};
use crate::subject::Sent;
use derive_where::derive_where;
use foldhash::quality::FixedState;
use multimaster::{Kind, MasterId, Message, MessageOf, Reading, Replica, Resolver, VersionVector};
use smallvec::SmallVec;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::ptr;
use std::sync::Arc;

/// A global state. Masters and letters are shared between states and carry the hash of their content, so that a step
/// clones and hashes only what it alters.
#[derive_where(Clone, PartialEq)]
pub struct State<R: Resolver> {
    pub(crate) masters: SmallVec<[Node<R>; 4]>,
    /// What is in flight, in the order of content: a bag for datagrams and running links, a set for the soup.
    pub(crate) wire: SmallVec<[Arc<Letter<R>>; 8]>,
    /// The digests that are on their way over running links, in order: a bag.
    pub(crate) inquiries: Vec<Inquiry>,
    pub(crate) history: Arc<Hashed<History>>,
    /// How far each client is in its script.
    pub(crate) progress: SmallVec<[u8; 8]>,
    /// Which of the free requests have been made, a bit each.
    pub(crate) chosen: u32,
    pub(crate) faults: Faults,
    /// Which streams are broken, a bit for each edge in order.
    pub(crate) broken: u32,
}

/// The faults that may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Messages that may be lost.
    pub losses: u8,
    /// Messages that may arrive twice.
    pub duplicates: u8,
    /// Streams that may be reset.
    pub resets: u8,
}

/// A digest on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inquiry {
    pub(crate) asker: MasterId,
    pub(crate) feeder: MasterId,
    pub(crate) seen: VersionVector,
}

/// A master, and how it is judged: worked out once, when it comes to be. That holds for good, because it depends on the
/// replica and on writes that the replica has seen, which history never alters.
#[derive_where(Clone)]
pub struct Node<R: Resolver> {
    pub(super) local: Arc<Local<R>>,
    pub(crate) verdict: Verdict,
}

/// A master by itself, with the hash of its content.
#[derive_where(Clone)]
pub struct Local<R: Resolver> {
    pub(crate) replica: Replica<R>,
    hash: u64,
    /// The hash of what it has seen.
    pub(super) digest: u64,
    /// The hash of all but what it has yet to send: that counts for nothing in what it reads and answers.
    pub(crate) core: u64,
    /// The hash of all that is read.
    pub(crate) readings: u64,
    /// How many changes it has yet to send to each master.
    pub(super) waiting: Waiting,
}

/// A number of changes for each master, in order.
pub(super) type Waiting = SmallVec<[u8; 8]>;

/// What the properties ask of a master, in the light of the writes that it has seen.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    pub(crate) in_order: bool,
    pub(crate) resurrects: bool,
    pub(crate) lost_by_policy: bool,
    pub(crate) lost_causally: bool,
    pub(crate) as_specified: bool,
    /// Whether a bounded counter is read below its bound.
    pub(crate) below_bound: bool,
    /// Whether it has seen a conflict.
    pub(crate) conflict: bool,
    /// Whether it has seen a write that depends on another master's.
    pub(crate) dependency: bool,
}

/// A message in flight.
pub struct Letter<R: Resolver> {
    pub(crate) from: MasterId,
    pub(crate) to: MasterId,
    pub(crate) message: MessageOf<R>,
    hash: u64,
}

/// A value with the hash of its content.
#[derive(Clone, Debug)]
pub struct Hashed<T> {
    pub(crate) value: T,
    hash: u64,
}

impl<R: Resolver> State<R> {
    pub(crate) fn master(&self, id: MasterId) -> &Node<R> {
        &self.masters[id.index()]
    }

    pub(crate) fn history(&self) -> &History {
        &self.history.value
    }

    /// Alters a master where it is; it is copied first only if another state shares it. What is known of it must be
    /// worked out anew: see [`judge`](Self::judge) and [`rehash`](Self::rehash).
    pub(crate) fn alter<T>(&mut self, id: MasterId, alter: impl FnOnce(&mut Replica<R>) -> T) -> T {
        alter(&mut Arc::make_mut(&mut self.masters[id.index()].local).replica)
    }

    /// The master has been altered.
    pub(super) fn judge(&mut self, id: MasterId, specification: Option<Specification>) {
        self.rehash(id);
        let node = &mut self.masters[id.index()];
        node.verdict = Verdict::of(&node.local.replica, &self.history.value, specification);
    }

    /// The master has been altered, but not in what it has seen or reads.
    pub(super) fn rehash(&mut self, id: MasterId) {
        let masters = self.masters.len() as u16;
        let local = &mut self.masters[id.index()].local;
        *local = Arc::new(Local::new(local.replica.clone(), masters));
    }

    /// Where such a letter is in flight. O(log letters).
    pub(crate) fn flying(&self, from: MasterId, to: MasterId, message: &MessageOf<R>) -> Option<usize> {
        let place = self.wire.partition_point(|held| held.order() < (from, to, message));
        self.wire.get(place).is_some_and(|held| held.order() == (from, to, message)).then_some(place)
    }

    /// The changes that the letter puts under way are counted as sent: of a snapshot, those that its receiver lacks.
    pub(super) fn count(&self, letter: &Letter<R>, sent: &mut Sent) {
        match &letter.message {
            Message::Push(push) => sent.extend(push.changes.iter().map(|change| change.dot)),
            Message::Snapshot(_) => sent.extend(letter.message.brings(self.master(letter.to).replica.digest())),
        }
    }

    /// The letter is in flight: perhaps not the first that is like it.
    pub(super) fn fly(&mut self, letter: Arc<Letter<R>>) {
        let place = self.wire.partition_point(|held| held.order() < letter.order());
        self.wire.insert(place, letter);
    }

    /// The letter is in flight no more. False if it was not.
    // Letters carry their hash, so that to compare two in order is dearer than to look for one that is equal.
    pub(super) fn take(&mut self, letter: &Letter<R>) -> bool {
        let place = self.wire.iter().position(|held| **held == *letter);
        place.map(|place| self.wire.remove(place)).is_some()
    }
}

pub(crate) fn content_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

impl<R: Resolver> Deref for Node<R> {
    type Target = Local<R>;

    fn deref(&self) -> &Local<R> {
        &self.local
    }
}

fn waiting<R: Resolver>(replica: &Replica<R>, masters: u16) -> Waiting {
    (0..masters).map(|peer| replica.pending(MasterId(peer)).min(u8::MAX.into()) as u8).collect()
}

/// With all of the log there, where a cursor stands is told by how many changes it has before it.
fn hash_of_all<R: Resolver>(replica: &Replica<R>, core: u64, waiting: &Waiting) -> u64 {
    if replica.truncated().is_empty() { content_hash(&(core, waiting)) } else { content_hash(replica) }
}

impl<R: Resolver> Local<R> {
    pub(super) fn new(replica: Replica<R>, masters: u16) -> Local<R> {
        let mut readings = FixedState::with_seed(0).build_hasher();
        for read in replica.readings() {
            read.hash(&mut readings);
        }
        let waiting = waiting(&replica, masters);
        let core = if waiting.iter().all(|waiting| *waiting == 0) {
            content_hash(&replica)
        } else {
            let mut sent = replica.clone();
            // Who is no neighbour has no cursor.
            (0..masters).for_each(|peer| sent.resume(MasterId(peer), replica.digest()));
            content_hash(&sent)
        };
        let (digest, readings) = (content_hash(replica.digest()), readings.finish());
        let hash = hash_of_all(&replica, core, &waiting);
        Local { replica, hash, digest, core, readings, waiting }
    }

    /// The same master with a cursor moved: what it has seen and reads is as before.
    pub(super) fn moved(&self, replica: Replica<R>) -> Local<R> {
        let waiting = waiting(&replica, self.waiting.len() as u16);
        Local { hash: hash_of_all(&replica, self.core, &waiting), waiting, replica, ..*self }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

impl Verdict {
    pub(super) fn of<R: Resolver>(
        replica: &Replica<R>,
        history: &History,
        specification: Option<Specification>,
    ) -> Verdict {
        let losses = history.losses(replica);
        Verdict {
            in_order: history.out_of_order(replica).is_none(),
            resurrects: history.resurrection(replica).is_some(),
            lost_by_policy: losses.iter().any(|loss| loss.by_policy),
            lost_causally: losses.iter().any(|loss| !loss.by_policy),
            as_specified: specification.is_none_or(|said| misread(said, history, replica).is_none()),
            below_bound: replica.rule().kind() == Kind::BoundedCounter
                && replica.readings().any(|(_, reading)| matches!(reading, Reading::Total(..0))),
            conflict: history.conflict(replica),
            dependency: history.dependency(replica),
        }
    }
}

impl<R: Resolver> Letter<R> {
    pub(super) fn new(from: MasterId, to: MasterId, message: MessageOf<R>) -> Letter<R> {
        let hash = content_hash(&(from, to, &message));
        Letter { from, to, message, hash }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn order(&self) -> (MasterId, MasterId, &MessageOf<R>) {
        (self.from, self.to, &self.message)
    }
}

impl<T: Hash> Hashed<T> {
    pub(crate) fn new(value: T) -> Hashed<T> {
        Hashed { hash: content_hash(&value), value }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

impl<T> Hash for Hashed<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

// What is shared is equal, and what hashes differently is not: that settles nearly every comparison.

impl<T: PartialEq> PartialEq for Hashed<T> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || (self.hash == other.hash && self.value == other.value)
    }
}

impl<R: Resolver> PartialEq for Node<R> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.local, &other.local) || (self.hash == other.hash && self.replica == other.replica)
    }
}

impl<R: Resolver> PartialEq for Letter<R> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || (self.hash == other.hash && self.order() == other.order())
    }
}

impl<R: Resolver> Hash for State<R> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for node in &self.masters {
            hasher.write_u64(node.hash);
        }
        hasher.write_usize(self.wire.len());
        for letter in &self.wire {
            hasher.write_u64(letter.hash);
        }
        self.inquiries.hash(hasher);
        hasher.write_u64(self.history.hash);
        self.progress.hash(hasher);
        self.chosen.hash(hasher);
        self.faults.hash(hasher);
        self.broken.hash(hasher);
    }
}
