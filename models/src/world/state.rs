//! A state of an exploration: worlds whose parts are numbers, one for each shard.

use super::{Shards, World};
use crate::history::History;
use crate::node::any_rule::AnyReplica;
use crate::node::{Envelope, Node};
use crate::world::DigestSent;
use crate::world::cluster::Judgement;
use crate::world::memo::{Tables, pair};
use multimaster::MasterId;
use smallvec::{Array, SmallVec};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

/// A global state of a [`ClusterModel`](crate::world::cluster::ClusterModel). What it is made of lies in the cluster's tables,
/// where each master, envelope and history is kept once: so two states of one cluster are equal if their numbers are.
pub struct State {
    tables: Arc<Mutex<Tables>>,
    pub(crate) shards: Shards,
}

/// A master by its number, and how it is judged: for good, because that depends on the replica and on writes that the
/// replica has seen, which history never alters.
#[derive(Clone, Copy)]
pub(crate) struct Master {
    pub(crate) local: u32,
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

/// What a state's numbers stand for.
pub(crate) struct Seen {
    pub(crate) replicas: Vec<Arc<AnyReplica>>,
    pub(crate) wire: Vec<Arc<Envelope>>,
    pub(crate) digests_sent: Vec<DigestSent>,
    pub(crate) history: Arc<History>,
}

impl World<Tables> {
    /// A state in which nothing is in flight and nothing has been asked.
    pub(crate) fn new(
        shard: u16,
        masters: SmallVec<[Master; 4]>,
        history: u32,
        (streams, clients): (usize, usize),
    ) -> World<Tables> {
        World {
            shard,
            masters,
            wire: SmallVec::new(),
            digests_sent: SmallVec::new(),
            counts: SmallVec::from_elem(0, streams + clients),
            streams: streams as u8,
            history,
            chosen: 0,
            broken: 0,
            faults: Faults::default(),
        }
    }

    /// By edge, how many changes are in flight on its stream. Empty where replicas keep count themselves.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.counts[..usize::from(self.streams)]
    }

    /// How far each client is in its script.
    pub(crate) fn progress(&self) -> &[u8] {
        &self.counts[usize::from(self.streams)..]
    }

    /// The masters, what waits on each stream, and how far each client is, to be altered.
    pub(super) fn split_mut(&mut self) -> (&mut [Master], &mut [u8], &mut [u8]) {
        let (waiting, progress) = self.counts.split_at_mut(self.streams.into());
        (&mut self.masters, waiting, progress)
    }

    /// The number of the master `id`.
    pub(crate) fn local(&self, id: MasterId) -> u32 {
        self.masters[id.index()].local
    }

    pub(crate) fn judgements(&self) -> impl Iterator<Item = Judgement> {
        self.masters.iter().map(|master| master.judgement)
    }

    pub(crate) fn nothing_flies(&self) -> bool {
        self.wire.is_empty()
    }
}

impl State {
    /// A state in which nothing has been written; by shard, `world` is as it is at the start.
    pub(crate) fn new(tables: &Arc<Mutex<Tables>>, shards: u16, world: impl Fn(u16) -> World<Tables>) -> State {
        State { tables: Arc::clone(tables), shards: Shards::new(shards, world) }
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        locked(&self.tables)
    }

    /// Whether its masters are those of the article's program.
    pub(crate) fn is_of_article(&self) -> bool {
        let first = self.shards.first.local(MasterId(0));
        matches!(self.tables().locals[first].node, Node::Article(_))
    }

    /// What the numbers of a shard's world stand for.
    pub(crate) fn seen(&self, world: &World<Tables>) -> Seen {
        locked(&self.tables).seen_in(world)
    }
}

pub(crate) fn locked(tables: &Mutex<Tables>) -> MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Two states of one cluster are equal if their numbers are.
impl PartialEq for State {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.shards == other.shards
    }
}

impl Hash for State {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.shards.hash(hasher);
    }
}

impl Clone for State {
    fn clone(&self) -> Self {
        State { tables: Arc::clone(&self.tables), shards: self.shards.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        if !Arc::ptr_eq(&self.tables, &other.tables) {
            self.tables = Arc::clone(&other.tables);
        }
        self.shards.clone_from(&other.shards);
    }
}

/// Which shard it is of, and how its masters are judged, follows from the rest.
impl PartialEq for World<Tables> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.masters.iter().map(|master| master.local).eq(other.masters.iter().map(|master| master.local))
            && self.wire == other.wire
            && self.digests_sent == other.digests_sent
            && self.counts == other.counts
            && (self.history, self.chosen, self.broken, self.faults)
                == (other.history, other.chosen, other.broken, other.faults)
    }
}

/// The numbers, two a word; words that are mostly 0 are left out then, and the first tells which. How many masters,
/// clients and streams there are is the same in all states of a cluster.
impl Hash for World<Tables> {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let World { masters, wire, digests_sent, counts, history, chosen, broken, faults, .. } = self;
        let Faults { losses, duplicates, resets } = *faults;
        let (requests, flies) = (pair(*chosen, *broken), pair(wire.len() as u32, digests_sent.len() as u32));
        let there = u8::from(requests != 0) | u8::from(flies != 0) << 1;
        hasher.write_u64(pair(*history, u32::from_le_bytes([losses, duplicates, resets, there])));
        [requests, flies].into_iter().filter(|word| *word != 0).for_each(|word| hasher.write_u64(word));
        let masters = masters.iter().map(|master| master.local);
        let mut numbers = masters.chain(wire.iter().copied()).chain(digests_sent.iter().copied());
        while let Some(one) = numbers.next() {
            hasher.write_u64(pair(one, numbers.next().unwrap_or(0)));
        }
        let (words, rest) = counts.as_chunks::<8>();
        words.iter().for_each(|word| hasher.write_u64(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            hasher.write_u64(rest.iter().fold(0, |word, count| word << 8 | u64::from(*count)));
        }
    }
}

impl Clone for World<Tables> {
    // Each part as a slice: element by element takes several times as long.
    #[inline]
    fn clone(&self) -> Self {
        let World { shard, masters, wire, digests_sent, counts, streams, history, chosen, broken, faults } = self;
        World {
            shard: *shard,
            masters: SmallVec::from_slice(masters),
            wire: SmallVec::from_slice(wire),
            digests_sent: SmallVec::from_slice(digests_sent),
            counts: SmallVec::from_slice(counts),
            streams: *streams,
            history: *history,
            chosen: *chosen,
            broken: *broken,
            faults: *faults,
        }
    }

    #[inline]
    fn clone_from(&mut self, other: &Self) {
        let World { shard, masters, wire, digests_sent, counts, streams, history, chosen, broken, faults } = other;
        copy(&mut self.masters, masters);
        copy(&mut self.wire, wire);
        copy(&mut self.digests_sent, digests_sent);
        copy(&mut self.counts, counts);
        (self.shard, self.streams, self.history) = (*shard, *streams, *history);
        (self.chosen, self.broken, self.faults) = (*chosen, *broken, *faults);
    }
}

/// As a slice, too.
fn copy<A: Array<Item: Copy>>(to: &mut SmallVec<A>, from: &SmallVec<A>) {
    if to.len() != from.len() {
        *to = SmallVec::from_slice(from);
    } else if !from.is_empty() {
        to.copy_from_slice(from);
    }
}
