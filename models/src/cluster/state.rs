//! A global state: the numbers of what it is made of.

use super::judgement::Judgement;
use super::tables::{Tables, pair};
use super::world::World;
use crate::any_rule::{AnyMessage, AnyReplica};
use crate::subject::Sent;
use foldhash::quality::FixedState;
use multimaster::{MasterId, Message, VersionVector};
use smallvec::{Array, SmallVec};
use std::hash::{BuildHasher, Hash, Hasher};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard};

/// A global state of a [`Cluster`](super::Cluster). What it is made of lies in the cluster's tables, where each master,
/// letter and history is kept once: so two states of one cluster are equal if their numbers are.
pub struct State {
    tables: Arc<Mutex<Tables>>,
    pub(super) masters: SmallVec<[Master; 4]>,
    /// The letters in flight, in the order of content: a bag for datagrams and running links, a set for the soup.
    pub(super) wire: SmallVec<[u32; 8]>,
    /// The digests that are on their way over running links, in the order of content: a bag.
    pub(super) inquiries: SmallVec<[u32; 2]>,
    /// How many changes are in flight on each stream, if that is [counted](super::Cluster::counts_waiting) here; then how far
    /// each client is in its script.
    counts: SmallVec<[u8; 16]>,
    /// How many of those are streams.
    streams: u8,
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

/// A message in flight.
pub(crate) struct Letter {
    pub(crate) from: MasterId,
    pub(crate) to: MasterId,
    pub(crate) message: AnyMessage,
    hash: u64,
}

impl State {
    /// A state in which nothing is in flight and nothing has been asked.
    pub(super) fn new(
        tables: &Arc<Mutex<Tables>>,
        masters: SmallVec<[Master; 4]>,
        history: u32,
        (streams, clients): (usize, usize),
    ) -> State {
        State {
            tables: Arc::clone(tables),
            masters,
            wire: SmallVec::new(),
            inquiries: SmallVec::new(),
            counts: SmallVec::from_elem(0, streams + clients),
            streams: streams as u8,
            history,
            chosen: 0,
            broken: 0,
            faults: Faults::default(),
        }
    }

    /// By edge, how many changes are in flight on its stream. Empty where replicas keep count themselves.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.counts[..usize::from(self.streams)]
    }

    /// How far each client is in its script.
    pub(crate) fn progress(&self) -> &[u8] {
        &self.counts[usize::from(self.streams)..]
    }

    /// The masters, what waits on each stream, and how far each client is, to be altered.
    pub(super) fn parts(&mut self) -> (&mut [Master], &mut [u8], &mut [u8]) {
        let (waiting, progress) = self.counts.split_at_mut(self.streams.into());
        (&mut self.masters, waiting, progress)
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
    pub(crate) fn world(&self) -> World {
        locked(&self.tables).world(self)
    }

    /// The master `id`.
    pub(crate) fn replica(&self, id: MasterId) -> Arc<AnyReplica> {
        locked(&self.tables).replica(self, id)
    }

    /// The changes that the letter puts under way are counted as sent: of a snapshot, those that its receiver lacks.
    pub(super) fn count(&self, tables: &Tables, letter: u32, sent: &mut Sent) {
        let letter = &tables.letters[letter];
        letter.count(|| tables.digest(self.local(letter.to)), sent);
    }

    /// The letter is in flight: perhaps not the first that is like it.
    pub(super) fn fly(&mut self, tables: &Tables, letter: u32) {
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

pub(super) fn locked(tables: &Mutex<Tables>) -> MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub(crate) fn content_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

impl Letter {
    pub(super) fn new(from: MasterId, to: MasterId, message: AnyMessage) -> Letter {
        let hash = content_hash(&(from, to, &message));
        Letter { from, to, message, hash }
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn order(&self) -> (MasterId, MasterId, &AnyMessage) {
        (self.from, self.to, &self.message)
    }

    /// What it puts under way to a receiver that has seen so much.
    pub(super) fn count<'a>(&self, seen: impl FnOnce() -> &'a VersionVector, sent: &mut Sent) {
        match &self.message {
            // One after the other: mostly there is one.
            Message::Push(push) => push.changes.iter().for_each(|change| sent.push(change.dot)),
            Message::Snapshot(_) => sent.extend(self.message.brings(seen())),
        }
    }
}

// What hashes differently is not equal: that settles nearly every comparison.

impl PartialEq for Letter {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || (self.hash == other.hash && self.order() == other.order())
    }
}

/// Two states of one cluster are equal if their numbers are.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.masters.iter().map(|master| master.local).eq(other.masters.iter().map(|master| master.local))
            && self.wire == other.wire
            && self.inquiries == other.inquiries
            && self.counts == other.counts
            && (self.history, self.chosen, self.broken, self.faults)
                == (other.history, other.chosen, other.broken, other.faults)
    }
}

/// The numbers, two a word. How many masters, clients and streams there are is the same in all states of a cluster.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Faults { losses, duplicates, resets } = self.faults;
        hasher.write_u64(pair(self.history, u32::from_le_bytes([losses, duplicates, resets, 0])));
        hasher.write_u64(pair(self.chosen, self.broken));
        hasher.write_u64(pair(self.wire.len() as u32, self.inquiries.len() as u32));
        let masters = self.masters.iter().map(|master| master.local);
        let mut numbers = masters.chain(self.wire.iter().copied()).chain(self.inquiries.iter().copied());
        while let Some(one) = numbers.next() {
            hasher.write_u64(pair(one, numbers.next().unwrap_or(0)));
        }
        let (words, rest) = self.counts.as_chunks::<8>();
        words.iter().for_each(|word| hasher.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|count| hasher.write_u8(*count));
    }
}

impl Clone for State {
    fn clone(&self) -> Self {
        let mut copy = State::new(&self.tables, SmallVec::new(), self.history, (0, 0));
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, other: &Self) {
        let State { tables: _, masters, wire, inquiries, counts, streams, history, chosen, broken, faults } = other;
        if !Arc::ptr_eq(&self.tables, &other.tables) {
            self.tables = Arc::clone(&other.tables);
        }
        copy(&mut self.masters, masters);
        copy(&mut self.wire, wire);
        copy(&mut self.inquiries, inquiries);
        copy(&mut self.counts, counts);
        (self.streams, self.history) = (*streams, *history);
        (self.chosen, self.broken, self.faults) = (*chosen, *broken, *faults);
    }
}

/// As a slice: element by element takes several times as long.
fn copy<A: Array<Item: Copy>>(to: &mut SmallVec<A>, from: &SmallVec<A>) {
    if to.len() != from.len() {
        *to = SmallVec::from_slice(from);
    } else if !from.is_empty() {
        to.copy_from_slice(from);
    }
}
