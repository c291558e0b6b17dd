//! A global state, and how it is compared and hashed: by content, at the price of what a step alters.

use crate::history::History;
use crate::specification::{Specification, misread};
use derive_where::derive_where;
use foldhash::quality::FixedState;
use multimaster::{Kind, MasterId, MessageOf, Reading, Replica, Resolver, VersionVector};
use smallvec::SmallVec;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// A global state. Masters and letters are shared between states and carry the hash of their content, so that a step
/// clones and hashes only what it alters.
#[derive_where(Clone, PartialEq)]
pub struct State<R: Resolver> {
    pub(crate) masters: SmallVec<[Arc<Node<R>>; 4]>,
    /// What is in flight, in the order of content: a bag for datagrams, a set for the soup.
    pub(crate) wire: Vec<Arc<Letter<R>>>,
    /// Digests in flight, over running links: who asks whom, and what the asker had seen. In order.
    pub(crate) asked: Vec<(MasterId, MasterId, VersionVector)>,
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

/// A master, and what the properties ask of it: worked out once, when it comes to be. That holds for good, because it
/// depends on the replica and on writes that the replica has seen, which history never alters.
pub struct Node<R: Resolver> {
    pub(crate) replica: Replica<R>,
    hash: u64,
    pub(crate) readings: u64,
    pub(crate) in_order: bool,
    pub(crate) resurrects: bool,
    pub(crate) lost_by_policy: bool,
    pub(crate) lost_causally: bool,
    pub(crate) as_specified: bool,
    /// Whether a bounded counter is read below its bound.
    pub(crate) below_bound: bool,
}

/// A message in flight.
pub struct Letter<R: Resolver> {
    pub(crate) from: MasterId,
    pub(crate) to: MasterId,
    pub(crate) message: MessageOf<R>,
    hash: u64,
}

/// A value with the hash of its content.
#[derive(Clone, Debug, PartialEq)]
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

    pub(super) fn set(&mut self, id: MasterId, replica: Replica<R>, judged: bool, said: Option<Specification>) {
        if judged {
            self.masters[id.index()] = Arc::new(Node::new(replica, &self.history.value, said));
        } else {
            self.move_cursor(id, replica);
        }
    }

    /// The master has only moved a cursor: what it has seen and reads is as before, and so is the judgement of it.
    pub(super) fn move_cursor(&mut self, id: MasterId, replica: Replica<R>) {
        let node = &mut self.masters[id.index()];
        *node = Arc::new(Node { hash: content_hash(&replica), replica, ..**node });
    }

    pub(super) fn take(&mut self, letter: &Arc<Letter<R>>) {
        if let Some(place) = self.wire.iter().position(|held| held == letter) {
            self.wire.remove(place);
        }
    }

    pub(super) fn put(&mut self, letter: Arc<Letter<R>>) {
        let place = self.wire.partition_point(|held| held.order() < letter.order());
        self.wire.insert(place, letter);
    }

    /// A digest is in flight from now on.
    pub(super) fn put_asked(&mut self, asker: MasterId, feeder: MasterId, seen: VersionVector) {
        let digest = (asker, feeder, seen);
        let place = self.asked.partition_point(|held| *held < digest);
        self.asked.insert(place, digest);
    }
}

pub(crate) fn content_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

impl<R: Resolver> Node<R> {
    pub(super) fn new(replica: Replica<R>, history: &History, specification: Option<Specification>) -> Node<R> {
        let losses = history.losses(&replica);
        let mut readings = FixedState::with_seed(0).build_hasher();
        for read in replica.readings() {
            read.hash(&mut readings);
        }
        Node {
            hash: content_hash(&replica),
            readings: readings.finish(),
            in_order: history.out_of_order(&replica).is_none(),
            resurrects: history.resurrection(&replica).is_some(),
            lost_by_policy: losses.iter().any(|loss| loss.by_policy),
            lost_causally: losses.iter().any(|loss| !loss.by_policy),
            as_specified: specification.is_none_or(|said| misread(said, history, &replica).is_none()),
            below_bound: replica.rule().kind() == Kind::BoundedCounter
                && replica.readings().any(|(_, reading)| matches!(reading, Reading::Total(..0))),
            replica,
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}

impl<R: Resolver> Letter<R> {
    pub(super) fn new(from: MasterId, to: MasterId, message: MessageOf<R>) -> Letter<R> {
        let hash = content_hash(&(from, to, &message));
        Letter { from, to, message, hash }
    }

    pub(crate) fn order(&self) -> (MasterId, MasterId, &MessageOf<R>) {
        (self.from, self.to, &self.message)
    }
}

impl<T: Hash> Hashed<T> {
    pub(crate) fn new(value: T) -> Hashed<T> {
        Hashed { hash: content_hash(&value), value }
    }
}

impl<T> Hash for Hashed<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl<R: Resolver> PartialEq for Node<R> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.replica == other.replica
    }
}

impl<R: Resolver> PartialEq for Letter<R> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.order() == other.order()
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
        self.asked.hash(hasher);
        hasher.write_u64(self.history.hash);
        self.progress.hash(hasher);
        self.chosen.hash(hasher);
        self.faults.hash(hasher);
        self.broken.hash(hasher);
    }
}
