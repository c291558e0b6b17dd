//! A global state: the numbers of what it is made of, and the hash of their content.

use super::tables::Tables;
use super::world::World;
use crate::history::History;
use crate::specification::{Specification, misread};
use crate::subject::Sent;
use foldhash::quality::FixedState;
use multimaster::{Kind, MasterId, Message, MessageOf, Reading, Replica, Resolver, VersionVector};
use smallvec::SmallVec;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard};

/// A global state of a [`Cluster`](super::Cluster). What it is made of lies in the cluster's tables, where each master,
/// letter and history is kept once: so two states of one cluster are equal if their numbers are.
pub struct State<R: Resolver> {
    tables: Arc<Mutex<Tables<R>>>,
    /// Of content alone: see [`rehash`](Self::rehash).
    hash: u64,
    pub(super) masters: SmallVec<[Master; 4]>,
    /// The letters in flight, in the order of content: a bag for datagrams and running links, a set for the soup.
    pub(super) wire: SmallVec<[u32; 8]>,
    /// The digests that are on their way over running links, in the order of content: a bag.
    pub(super) inquiries: SmallVec<[u32; 2]>,
    /// How far each client is in its script.
    pub(crate) progress: SmallVec<[u8; 8]>,
    pub(super) history: u32,
    /// Which of the free requests have been made, a bit each.
    pub(crate) chosen: u32,
    /// Which streams are broken, a bit for each edge in order.
    pub(crate) broken: u32,
    pub(crate) faults: Faults,
}

/// A master by its number, and how it is judged: for good, because that depends on the replica and on writes that the
/// replica has seen, which history never alters.
#[derive(Clone, Copy)]
pub(crate) struct Master {
    pub(super) local: u32,
    pub(crate) judgement: Judgement,
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
pub(crate) struct Inquiry {
    pub(crate) asker: MasterId,
    pub(crate) feeder: MasterId,
    pub(crate) seen: VersionVector,
}

/// What the properties ask of a master, in the light of the writes that it has seen: a bit each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement(u8);

/// A message in flight.
pub(crate) struct Letter<R: Resolver> {
    pub(crate) from: MasterId,
    pub(crate) to: MasterId,
    pub(crate) message: MessageOf<R>,
    hash: u64,
}

impl<R: Resolver> State<R> {
    /// A state in which nothing is in flight and nothing has been asked.
    pub(super) fn new(tables: &Arc<Mutex<Tables<R>>>, masters: SmallVec<[Master; 4]>, history: u32) -> State<R> {
        State {
            tables: Arc::clone(tables),
            hash: 0,
            masters,
            wire: SmallVec::new(),
            inquiries: SmallVec::new(),
            progress: SmallVec::new(),
            history,
            chosen: 0,
            broken: 0,
            faults: Faults::default(),
        }
    }

    /// The number of the master `id`.
    pub(super) fn local(&self, id: MasterId) -> u32 {
        self.masters[id.index()].local
    }

    pub(crate) fn judgements(&self) -> impl Iterator<Item = Judgement> {
        self.masters.iter().map(|master| master.judgement)
    }

    pub(crate) fn nothing_flies(&self) -> bool {
        self.wire.is_empty()
    }

    /// What the state's numbers stand for.
    pub(crate) fn world(&self) -> World<R> {
        locked(&self.tables).world(self)
    }

    /// The master `id`.
    pub(crate) fn replica(&self, id: MasterId) -> Arc<Replica<R>> {
        locked(&self.tables).replica(self.local(id))
    }

    /// To be called when the state has been altered, for the last time.
    pub(super) fn rehash(&mut self, tables: &Tables<R>) {
        self.hash = tables.hash(self);
    }

    /// Whether the numbers are the same.
    pub(super) fn is_like(&self, other: &State<R>) -> bool {
        self.masters.iter().map(|master| master.local).eq(other.masters.iter().map(|master| master.local))
            && self.wire == other.wire
            && self.inquiries == other.inquiries
            && self.progress == other.progress
            && (self.history, self.chosen, self.broken, self.faults)
                == (other.history, other.chosen, other.broken, other.faults)
    }

    /// The changes that the letter puts under way are counted as sent: of a snapshot, those that its receiver lacks.
    pub(super) fn count(&self, tables: &Tables<R>, letter: u32, sent: &mut Sent) {
        let letter = &tables.letters[letter];
        letter.count(tables.digest(self.local(letter.to)), sent);
    }

    /// The letter is in flight: perhaps not the first that is like it.
    pub(super) fn fly(&mut self, tables: &Tables<R>, letter: u32) {
        let order = tables.letters[letter].order();
        let place = self.wire.partition_point(|held| *held != letter && tables.letters[*held].order() < order);
        self.wire.insert(place, letter);
    }

    /// The letter is in flight no more.
    pub(super) fn take(&mut self, letter: u32) {
        if let Some(place) = self.wire.iter().position(|held| *held == letter) {
            self.wire.remove(place);
        }
    }
}

pub(super) fn locked<R: Resolver>(tables: &Mutex<Tables<R>>) -> MutexGuard<'_, Tables<R>> {
    tables.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(crate) fn content_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

impl Judgement {
    pub(super) fn of<R: Resolver>(
        replica: &Replica<R>,
        history: &History,
        specification: Option<Specification>,
    ) -> Judgement {
        let losses = history.losses(replica);
        let bits = [
            history.out_of_order(replica).is_some(),
            history.resurrection(replica).is_some(),
            losses.iter().any(|loss| loss.by_policy),
            losses.iter().any(|loss| !loss.by_policy),
            specification.is_some_and(|said| misread(said, history, replica).is_some()),
            replica.rule().kind() == Kind::BoundedCounter
                && replica.readings().any(|(_, reading)| matches!(reading, Reading::Total(..0))),
            history.conflict(replica),
            history.dependency(replica),
        ];
        Judgement(bits.iter().enumerate().map(|(place, bit)| u8::from(*bit) << place).sum())
    }

    fn bit(self, place: u8) -> bool {
        self.0 & (1 << place) != 0
    }

    pub(crate) fn out_of_order(self) -> bool {
        self.bit(0)
    }

    pub(crate) fn resurrects(self) -> bool {
        self.bit(1)
    }

    pub(crate) fn lost_by_policy(self) -> bool {
        self.bit(2)
    }

    pub(crate) fn lost_causally(self) -> bool {
        self.bit(3)
    }

    pub(crate) fn misread(self) -> bool {
        self.bit(4)
    }

    /// Whether a bounded counter is read below its bound.
    pub(crate) fn below_bound(self) -> bool {
        self.bit(5)
    }

    /// Whether it has seen a conflict.
    pub(crate) fn conflict(self) -> bool {
        self.bit(6)
    }

    /// Whether it has seen a write that depends on another master's.
    pub(crate) fn dependency(self) -> bool {
        self.bit(7)
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

    /// What it puts under way to a receiver that has seen so much.
    pub(super) fn count(&self, seen: &VersionVector, sent: &mut Sent) {
        match &self.message {
            Message::Push(push) => sent.extend(push.changes.iter().map(|change| change.dot)),
            Message::Snapshot(_) => sent.extend(self.message.brings(seen)),
        }
    }
}

// What hashes differently is not equal: that settles nearly every comparison.

impl<R: Resolver> PartialEq for Letter<R> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || (self.hash == other.hash && self.order() == other.order())
    }
}

impl<R: Resolver> PartialEq for State<R> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.is_like(other)
    }
}

impl<R: Resolver> Hash for State<R> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl<R: Resolver> Clone for State<R> {
    fn clone(&self) -> Self {
        State {
            tables: Arc::clone(&self.tables),
            hash: self.hash,
            // As slices: element by element takes several times as long.
            masters: SmallVec::from_slice(&self.masters),
            wire: SmallVec::from_slice(&self.wire),
            inquiries: SmallVec::from_slice(&self.inquiries),
            progress: SmallVec::from_slice(&self.progress),
            history: self.history,
            chosen: self.chosen,
            broken: self.broken,
            faults: self.faults,
        }
    }
}
