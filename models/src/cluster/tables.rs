//! What a state is made of, by number, and what a step comes to at one master, worked out once.
//!
//! An exploration takes millions of steps, but few of them differ in what a master knows and what it is given. So each
//! master, letter and history that occurs is kept once, and known by a number (*hash-consing*: Ershov, 1958); the shipping
//! replica takes each step once, and what came of it is remembered by the numbers of what went in. Two are the same if their
//! content hashes are, as in the search. Numbers are given as things are found, which may differ from run to run: nothing
//! that is told or counted depends on them.

use super::state::{Faults, Inquiry, Judgement, Letter, State, content_hash};
use super::world::World;
use crate::history::History;
use foldhash::{fast, quality};
use multimaster::{Dot, MasterId, Replica, Resolver, VersionVector};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::{Index, Range};
use std::sync::Arc;

/// Values that are kept once each.
pub(super) struct Numbered<T> {
    values: Vec<(u64, T)>,
    numbers: HashMap<u64, u32, fast::FixedState>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), numbers: HashMap::default() }
    }
}

impl<T> Numbered<T> {
    /// The number of the value that hashes so, which `make` gives if it is new.
    pub(super) fn number(&mut self, hash: u64, make: impl FnOnce() -> T) -> u32 {
        *self.numbers.entry(hash).or_insert_with(|| {
            self.values.push((hash, make()));
            (self.values.len() - 1) as u32
        })
    }

    pub(super) fn hash(&self, number: u32) -> u64 {
        self.values[number as usize].0
    }
}

impl<T> Index<u32> for Numbered<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.values[number as usize].1
    }
}

/// A master with nothing yet to send: that counts for nothing in what it reads and answers.
pub(super) struct Core<R: Resolver> {
    pub(super) replica: Arc<Replica<R>>,
    /// The number of what it has seen.
    pub(super) digest: u32,
    /// The hash of all that is read.
    pub(super) readings: u64,
}

/// A master.
pub(super) struct Local<R: Resolver> {
    pub(super) core: u32,
    /// How many changes it has yet to send to each master.
    pub(super) waiting: Waiting,
    /// `None` if it derives from these two.
    replica: Option<Arc<Replica<R>>>,
}

/// A number of changes for each master, in order.
pub(super) type Waiting = SmallVec<[u8; 8]>;

/// The values of a function, each worked out once.
pub(super) type Known<K, V> = HashMap<K, V, fast::FixedState>;

/// All that a cluster's states are made of, and all that is remembered of its steps. A master is a key by its *part*: see
/// [`part_of`](super::Cluster::part_of).
pub(crate) struct Tables<R: Resolver> {
    pub(super) cores: Numbered<Core<R>>,
    pub(super) locals: Numbered<Local<R>>,
    pub(super) digests: Numbered<VersionVector>,
    pub(super) letters: Numbered<Arc<Letter<R>>>,
    pub(super) inquiries: Numbered<Inquiry>,
    pub(super) histories: Numbered<Arc<History>>,
    /// Letters that go out together: each time a range of them.
    outboxes: Vec<u32>,
    /// By master and letter: what comes of its arrival.
    pub(super) receipts: Known<(u32, u32), Receipt>,
    /// By master, history and request: what comes of a write; `None` if it is refused.
    pub(super) writes: Known<(u32, u32, Asked), Option<Wrote>>,
    /// By sender, neighbour and what waits for it (see [`stream_key`]): what moving its cursor comes to.
    pub(super) moves: Known<(u64, Move), Moved>,
    /// Over streams, by the sender itself, the neighbour and the most changes: what it comes to be, and the letter it sends.
    pub(super) pushes: Known<(u64, usize), (u32, Option<u32>)>,
    /// Over streams, by the sender itself, the neighbour and its digest: what the sender comes to be when it skips that.
    pub(super) skips: Known<(u64, u32), u32>,
    /// Over streams, by the receiver itself and a letter that it takes in: what it comes to be.
    pub(super) arrivals: Known<(u32, u32), u32>,
    /// By the feeder's core, the asker, its digest and the most changes: the answer to that digest.
    pub(super) answers: Known<(u32, MasterId, u32, usize), Option<u32>>,
    /// By the receiver's core and a letter: the digest after its arrival.
    pub(super) brought: Known<(u32, u32), u32>,
    /// By core and history: how the master is judged.
    pub(super) judgements: Known<(u32, u32), Judgement>,
    /// By the cores of feeder and asker: whether the asker lacks nothing that the feeder has, or an exchange of digests
    /// would bring it.
    pub(super) repairs: Known<(u32, u32), bool>,
    /// By history: whether a right was overspent.
    pub(super) overspent: Known<u32, bool>,
}

/// A request: the client and its place in the script, or the place among the free ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Scripted(usize, usize),
    Free(usize),
}

/// A sender, a neighbour and how much it has yet to send it, in one number: looked up at nearly every step over streams.
pub(super) fn stream_key(sender: u32, to: MasterId, waiting: u8) -> u64 {
    u64::from(sender) << 32 | u64::from(to.0) << 8 | u64::from(waiting)
}

/// How a cursor moves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// Past the next changes, at most so many, which are sent.
    Push(usize),
    /// Past all.
    Drain,
    /// To what the receiver says it has: a digest of this number.
    Resume(u32),
    /// The same, if what would be sent next is in that digest.
    Acknowledge(u32),
}

impl Hash for Move {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let (kind, number) = match *self {
            Move::Push(max) => (0, max as u64),
            Move::Drain => (1, 0),
            Move::Resume(digest) => (2, digest.into()),
            Move::Acknowledge(digest) => (3, digest.into()),
        };
        hasher.write_u64(number << 2 | kind);
    }
}

/// What came of a letter's arrival.
#[derive(Clone, Copy)]
pub(super) struct Receipt {
    pub(super) outcome: Arrival,
    pub(super) settled: Settled,
}

/// An [`Outcome`](multimaster::Outcome), as far as the model goes on otherwise after it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arrival {
    TakenIn,
    Gap,
    Duplicate,
    Refused,
}

/// A master that has taken something in.
#[derive(Clone, Copy)]
pub(super) struct Settled {
    /// What it was before.
    pub(super) before: u32,
    /// What it is now.
    pub(super) after: u32,
    /// What it sends at once: see [`Tables::outbox`].
    pub(super) outbox: (u32, u32),
}

/// What came of a write.
#[derive(Clone, Copy)]
pub(super) struct Wrote {
    pub(super) settled: Settled,
    pub(super) history: u32,
}

/// A sender whose cursor has moved, and what it has sent.
#[derive(Clone, Copy)]
pub(super) struct Moved {
    pub(super) before: u32,
    pub(super) after: u32,
    /// How much it still has to send to that neighbour.
    pub(super) left: u8,
    pub(super) letter: Option<u32>,
}

impl<R: Resolver> Default for Tables<R> {
    fn default() -> Self {
        Tables {
            cores: Numbered::default(),
            locals: Numbered::default(),
            digests: Numbered::default(),
            letters: Numbered::default(),
            inquiries: Numbered::default(),
            histories: Numbered::default(),
            outboxes: Vec::new(),
            receipts: Known::default(),
            writes: Known::default(),
            moves: Known::default(),
            pushes: Known::default(),
            skips: Known::default(),
            arrivals: Known::default(),
            brought: Known::default(),
            answers: Known::default(),
            judgements: Known::default(),
            repairs: Known::default(),
            overspent: Known::default(),
        }
    }
}

fn waiting<R: Resolver>(replica: &Replica<R>, masters: u16) -> Waiting {
    (0..masters).map(|peer| waiting_for(replica, MasterId(peer))).collect()
}

pub(super) fn waiting_for<R: Resolver>(replica: &Replica<R>, peer: MasterId) -> u8 {
    replica.pending(peer).min(u8::MAX.into()) as u8
}

/// The same master with so much yet to send to `peer`, which says how much of the log it has.
fn wind_back<R: Resolver>(replica: &mut Replica<R>, peer: MasterId, waiting: u8) {
    let dots: SmallVec<[Dot; 8]> = replica.log().map(|change| change.dot).collect();
    // Mostly the first is right: it is not if the neighbour is spared some of what comes after.
    for passed in (0..=dots.len().saturating_sub(waiting.into())).rev() {
        let mut had = replica.truncated().clone();
        dots[..passed].iter().for_each(|dot| had.insert(*dot));
        replica.resume(peer, &had);
        if waiting_for(replica, peer) == waiting {
            break;
        }
    }
}

impl<R: Resolver> Tables<R> {
    /// The number of the master `replica`. If it `derives`, it is told by its core and what it has yet to send.
    pub(super) fn local(&mut self, replica: Replica<R>, masters: u16, derives: bool) -> u32 {
        let waiting = waiting(&replica, masters);
        let mut replica = Arc::new(replica);
        let own = (!derives).then(|| Arc::clone(&replica));
        if waiting.iter().any(|waiting| *waiting > 0) {
            let all = replica.digest().clone();
            // Copied only if it is needed as it was. Who is no neighbour has no cursor.
            let sent = Arc::make_mut(&mut replica);
            (0..masters).for_each(|peer| sent.resume(MasterId(peer), &all));
        }
        let digest = self.seen(replica.digest());
        let core = self.cores.number(content_hash(&*replica), || {
            let mut readings = quality::FixedState::with_seed(0).build_hasher();
            replica.readings().for_each(|read| read.hash(&mut readings));
            Core { digest, readings: readings.finish(), replica }
        });
        self.local_of(core, waiting, own)
    }

    /// The number of the master with this core that has so much yet to send; itself, unless it derives from these two.
    pub(super) fn local_of(&mut self, core: u32, waiting: Waiting, own: Option<Arc<Replica<R>>>) -> u32 {
        // With all of the log there, where a cursor stands is told by how many changes it has before it.
        let hash = match &own {
            Some(replica) if !replica.truncated().is_empty() => content_hash(&**replica),
            _ => {
                let mut hasher = quality::FixedState::with_seed(0).build_hasher();
                hasher.write_u64(self.cores.hash(core));
                for some in waiting.chunks(8) {
                    let mut bytes = [0; 8];
                    bytes[..some.len()].copy_from_slice(some);
                    hasher.write_u64(u64::from_le_bytes(bytes));
                }
                hasher.finish()
            }
        };
        self.locals.number(hash, || Local { core, waiting, replica: own })
    }

    /// The number of this master when it has so much left to send to `peer`.
    pub(super) fn with_left(&mut self, local: u32, peer: MasterId, left: u8, own: Option<Arc<Replica<R>>>) -> u32 {
        let Local { core, waiting, .. } = &self.locals[local];
        let (core, mut waiting) = (*core, Waiting::from_slice(waiting));
        waiting[peer.index()] = left;
        self.local_of(core, waiting, own)
    }

    /// The master itself.
    pub(super) fn replica(&self, local: u32) -> Arc<Replica<R>> {
        let Local { core, waiting, replica } = &self.locals[local];
        replica.clone().unwrap_or_else(|| {
            let mut replica = Arc::clone(&self.cores[*core].replica);
            for (peer, waiting) in (0..).map(MasterId).zip(waiting).filter(|(_, waiting)| **waiting > 0) {
                wind_back(Arc::make_mut(&mut replica), peer, *waiting);
            }
            replica
        })
    }

    /// The master itself, to be altered; if it derives, with so much waiting for `peer`, and what is waiting for others does
    /// not count.
    pub(super) fn sender_to(&self, local: u32, peer: MasterId, waiting: u8) -> Replica<R> {
        let Local { core, replica, .. } = &self.locals[local];
        replica.as_deref().cloned().unwrap_or_else(|| {
            let mut replica = self.cores[*core].replica.as_ref().clone();
            wind_back(&mut replica, peer, waiting);
            replica
        })
    }

    /// The number of a master that does the same as this one, with nothing yet to send if it derives.
    pub(super) fn receiver(&mut self, local: u32) -> u32 {
        let Local { core, waiting, replica } = &self.locals[local];
        if replica.is_some() {
            return local;
        }
        let (core, none) = (*core, SmallVec::from_elem(0, waiting.len()));
        self.local_of(core, none, None)
    }

    pub(super) fn core(&self, local: u32) -> &Core<R> {
        &self.cores[self.locals[local].core]
    }

    /// What the master has seen.
    pub(super) fn digest(&self, local: u32) -> &VersionVector {
        &self.digests[self.core(local).digest]
    }

    /// The number of a digest.
    pub(super) fn seen(&mut self, digest: &VersionVector) -> u32 {
        self.digests.number(content_hash(digest), || digest.clone())
    }

    pub(super) fn letter(&mut self, letter: Arc<Letter<R>>) -> u32 {
        self.letters.number(letter.hash(), || letter)
    }

    pub(super) fn inquiry(&mut self, inquiry: Inquiry) -> u32 {
        self.inquiries.number(content_hash(&inquiry), || inquiry)
    }

    pub(super) fn history(&mut self, history: History) -> u32 {
        self.histories.number(content_hash(&history), || Arc::new(history))
    }

    /// The place of an outbox that holds these letters.
    pub(super) fn keep_outbox(&mut self, letters: &[u32]) -> (u32, u32) {
        let start = self.outboxes.len();
        self.outboxes.extend(letters);
        (start as u32, self.outboxes.len() as u32)
    }

    pub(super) fn outbox(&self, (start, end): (u32, u32)) -> &[u32] {
        &self.outboxes[Range { start: start as usize, end: end as usize }]
    }

    /// The hash of what the state is made of. Masters and letters say in their content who they are: so their hashes need
    /// only be added up.
    pub(super) fn hash(&self, state: &State<R>) -> u64 {
        let masters = state.masters.iter().map(|master| self.locals.hash(master.local));
        let letters = state.wire.iter().map(|letter| self.letters.hash(*letter));
        let inquiries = state.inquiries.iter().map(|inquiry| self.inquiries.hash(*inquiry));
        let parts = masters.chain(letters).chain(inquiries).fold(0, u64::wrapping_add);
        let mut hasher = quality::FixedState::with_seed(0).build_hasher();
        hasher.write_u64(parts);
        hasher.write_u64(self.histories.hash(state.history));
        hasher.write_u64(u64::from(state.chosen) << 32 | u64::from(state.broken));
        hasher.write(&state.progress);
        let Faults { losses, duplicates, resets } = state.faults;
        hasher.write_u32(u32::from_le_bytes([losses, duplicates, resets, 0]));
        hasher.finish()
    }

    /// The state as what its numbers stand for.
    pub(super) fn world(&self, state: &State<R>) -> World<R> {
        World {
            replicas: state.masters.iter().map(|master| self.replica(master.local)).collect(),
            wire: state.wire.iter().map(|letter| Arc::clone(&self.letters[*letter])).collect(),
            inquiries: state.inquiries.iter().map(|inquiry| self.inquiries[*inquiry].clone()).collect(),
            history: Arc::clone(&self.histories[state.history]),
        }
    }
}
