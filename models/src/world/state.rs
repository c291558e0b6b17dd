//! A state of an exploration: one world for each shard, its parts given by number.

mod bytes;
#[cfg(feature = "spread")]
mod numbers;

#[cfg(feature = "spread")]
pub(crate) use numbers::Part;

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

/// A global state of a [`ClusterModel`](crate::world::cluster::ClusterModel). Its parts are in the cluster's tables,
/// where each master, envelope and history is kept once: two states of one cluster are equal if and only if their
/// numbers are.
pub struct State {
    tables: Arc<Mutex<Tables>>,
    pub(crate) shards: Shards,
}

/// A master by its number, and its judgement. The judgement depends only on the replica and on the writes that the
/// replica has seen. Later writes alter neither, so the judgement is final.
#[derive(Clone, Copy)]
pub(crate) struct Master {
    pub(crate) local: u32,
    pub(crate) judgement: Judgement,
}

/// The faults that may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// The number of messages that may still be lost.
    pub losses: u8,
    /// The number of messages that may still arrive twice.
    pub duplicates: u8,
    /// The number of resets of streams that may still happen.
    pub resets: u8,
}

/// The values behind a world's numbers.
pub(crate) struct Seen {
    pub(crate) replicas: Vec<Arc<AnyReplica>>,
    pub(crate) wire: Vec<Arc<Envelope>>,
    pub(crate) digests_sent: Vec<DigestSent>,
    pub(crate) history: Arc<History>,
    /// The edges and the names of the possible cuts, both in the order of the world's bits.
    pub(crate) edges: Arc<[(MasterId, MasterId)]>,
    pub(crate) cuts: Arc<[String]>,
}

impl World<Tables> {
    /// A world in which nothing is in flight and no request has been made.
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
            failed: None,
        }
    }

    /// By edge, the number of changes in flight on its stream. Empty where the replicas' cursors keep count.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.counts[..usize::from(self.streams)]
    }

    /// By client, the number of scripted requests made.
    pub(crate) fn progress(&self) -> &[u8] {
        &self.counts[usize::from(self.streams)..]
    }

    /// The masters, the waiting counts and the progress of clients, mutably.
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

    pub(crate) fn nothing_in_flight(&self) -> bool {
        self.wire.is_empty()
    }
}

impl State {
    /// A state without writes; `world` makes the initial world of each shard.
    pub(crate) fn new(tables: &Arc<Mutex<Tables>>, shards: u16, world: impl Fn(u16) -> World<Tables>) -> State {
        State { tables: Arc::clone(tables), shards: Shards::new(shards, world) }
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        locked(&self.tables)
    }

    /// From now on, looks its parts up in these tables. They must use the same numbers as the present tables.
    pub(crate) fn move_to(&mut self, tables: &Arc<Mutex<Tables>>) {
        self.tables = Arc::clone(tables);
    }

    /// Whether its masters are those of the article's program.
    pub(crate) fn is_of_article(&self) -> bool {
        let first = self.shards.first.local(MasterId(0));
        matches!(self.tables().locals[first].node, Node::Article(_))
    }

    /// The values behind the numbers of a shard's world.
    pub(crate) fn seen(&self, world: &World<Tables>) -> Seen {
        locked(&self.tables).seen_in(world)
    }
}

pub(crate) fn locked(tables: &Mutex<Tables>) -> MutexGuard<'_, Tables> {
    tables.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Compares numbers, which identify parts within one cluster.
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

/// The shard and the judgements follow from the other fields.
impl PartialEq for World<Tables> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.masters.iter().map(|master| master.local).eq(other.masters.iter().map(|master| master.local))
            && self.wire == other.wire
            && self.digests_sent == other.digests_sent
            && self.counts == other.counts
            && (self.history, self.chosen, self.broken, self.faults)
                == (other.history, other.chosen, other.broken, other.faults)
            && self.failed == other.failed
    }
}

/// Hashes the numbers, two in a word. Two of the words are nearly always 0. Such a word is hashed only if it is not 0;
/// the first word says which of the two are hashed. All states of a cluster have equally many masters, clients and
/// streams.
impl Hash for World<Tables> {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let World { masters, wire, digests_sent, counts, history, chosen, broken, faults, failed, .. } = self;
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
        // Either all states of a cluster have failures, or none has.
        if let Some(failed) = failed {
            failed.hash(hasher);
        }
    }
}

impl Clone for World<Tables> {
    // Copied as slices, which is several times as fast as element by element.
    #[inline]
    fn clone(&self) -> Self {
        let World { shard, masters, wire, digests_sent, counts, streams, history, chosen, broken, faults, failed } =
            self;
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
            failed: failed.clone(),
        }
    }

    #[inline]
    fn clone_from(&mut self, other: &Self) {
        let World { shard, masters, wire, digests_sent, counts, streams, history, chosen, broken, faults, failed } =
            other;
        copy(&mut self.masters, masters);
        copy(&mut self.wire, wire);
        copy(&mut self.digests_sent, digests_sent);
        copy(&mut self.counts, counts);
        (self.shard, self.streams, self.history) = (*shard, *streams, *history);
        (self.chosen, self.broken, self.faults) = (*chosen, *broken, *faults);
        self.failed.clone_from(failed);
    }
}

/// Copies as a slice, too.
fn copy<A: Array<Item: Copy>>(to: &mut SmallVec<A>, from: &SmallVec<A>) {
    if to.len() != from.len() {
        *to = SmallVec::from_slice(from);
    } else if !from.is_empty() {
        to.copy_from_slice(from);
    }
}
