//! What a state is made of, by number, and what a step comes to at one master, worked out once.
//!
//! An exploration takes millions of steps, but few of them differ in what a master knows and what it is given. So each
//! master, message and history that occurs is kept once, and identified by a number (*hash-consing*: Ershov, 1958). The
//! shipping replica takes each step once, and the outcome is remembered by the numbers of its inputs. Two values get one
//! number if their contents are equal: a hash only says where to look. Numbers are given in the order of finding, which may
//! differ from run to run: nothing that is reported or counted depends on them.

use super::judgement::Judgement;
use super::outcomes::{Asked, Move, Moved, Receipt, Wrote};
use super::state::{Inquiry, Letter, State, content_hash};
use super::world::World;
use crate::any_rule::AnyReplica;
use crate::history::{History, Write};
use foldhash::fast;
use hashbrown::HashTable;
use multimaster::{Dot, Key, MasterId, Message, Reading, Replica, VersionVector};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::{Index, Range};
use std::sync::Arc;

/// Values that are kept once each.
pub(super) struct Numbered<T> {
    values: Vec<T>,
    /// The numbers of the values, by the hash of the content that identifies each.
    numbers: HashTable<Place>,
}

/// The place of a value, and its hash, so that a table that grows need not compute the hash again.
struct Place {
    hash: u64,
    number: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), numbers: HashTable::new() }
    }
}

impl<T> Numbered<T> {
    /// The number of the value with this hash for which `is` is true, if it is known.
    pub(super) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        let known = self.numbers.find(hash, |place| place.hash == hash && is(&self.values[place.number as usize]));
        known.map(|place| place.number)
    }

    /// Numbers a value that is not yet known, under this hash.
    pub(super) fn add(&mut self, hash: u64, value: T) -> u32 {
        let number = self.next();
        self.values.push(value);
        self.numbers.insert_unique(hash, Place { hash, number }, |place| place.hash);
        number
    }

    /// The number of the value that equals `content`, which `make` gives if it is new.
    pub(super) fn number<C: Hash + PartialEq + ?Sized>(&mut self, content: &C, make: impl FnOnce() -> T) -> u32
    where
        T: Borrow<C>,
    {
        let hash = content_hash(content);
        self.find(hash, |value| value.borrow() == content).unwrap_or_else(|| self.add(hash, make()))
    }

    /// The number that the next new value will have.
    pub(super) fn next(&self) -> u32 {
        u32::try_from(self.values.len()).expect("an exploration ends once a table is full")
    }
}

impl<T> Index<u32> for Numbered<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

/// A master. Where states [count what waits](super::Cluster::counts_waiting), it is told here with nothing yet to send.
pub(super) struct Local {
    pub(super) replica: Arc<AnyReplica>,
    /// The number of the same master with nothing yet to send, which reads and answers as this one does.
    pub(super) core: u32,
    /// The number of what it has seen.
    pub(super) digest: u32,
    /// The number of everything that is read there.
    pub(super) readings: u32,
    /// What it has ever had to send, where states count what waits.
    pub(super) streams: Streams,
}

/// By neighbour, the letters that a master's log comes to, one change each, from the first: what is in flight on a stream
/// is the last so many of them.
pub(super) type Streams = Vec<Vec<Queued>>;

/// A letter of one change, and that change.
#[derive(Clone, Copy)]
pub(super) struct Queued {
    pub(super) letter: u32,
    pub(super) dot: Dot,
}

/// What has been written.
pub(super) struct Ghost {
    pub(super) history: Arc<History>,
    /// The number of each write, in order.
    writes: Vec<u32>,
}

/// The most values numbered of one kind, with room for those that the last expanded state adds.
const MOST_NUMBERS: u32 = u32::MAX - (1 << 28);

/// The values of a function, each worked out once.
pub(super) type Known<K, V> = HashMap<K, V, fast::FixedState>;

/// All that a cluster's states are made of, and all that is remembered of its steps.
pub(crate) struct Tables {
    /// The topology's edges, in order.
    edges: Arc<[(MasterId, MasterId)]>,
    /// How much may be numbered of each kind.
    pub(super) most: u32,
    pub(super) locals: Numbered<Local>,
    pub(super) digests: Numbered<VersionVector>,
    pub(super) letters: Numbered<Arc<Letter>>,
    pub(super) inquiries: Numbered<Inquiry>,
    pub(super) histories: Numbered<Ghost>,
    /// All that a master reads: each key in order.
    readings: Numbered<Vec<(Key, Reading)>>,
    writes_made: Numbered<Write>,
    /// Some of the writes of a history, in order: those that a master has seen.
    selections: Numbered<Vec<u32>>,
    /// Letters that go out together: each time a range of them.
    outboxes: Vec<u32>,
    /// By master and letter: what comes of its arrival.
    pub(super) receipts: Known<u64, Receipt>,
    /// By master, history and request: what comes of a write; `None` if it is refused.
    pub(super) writes: Known<(u32, u32, Asked), Option<Wrote>>,
    /// Over streams whose senders keep count themselves, by sender and neighbour: what moving a cursor comes to.
    pub(super) moves: Known<(u32, MasterId, Move), Moved>,
    /// By the first letter of several that a stream carries at once, their number, and their sender: the letter that they
    /// are together.
    pub(super) joined: Known<(u32, usize, u32), u32>,
    /// By the feeder's core, the asker and its digest: the answer to that digest.
    pub(super) answers: Known<(u32, MasterId, u32), Option<u32>>,
    /// By core and history: how the master is judged.
    pub(super) judgements: Known<u64, Judgement>,
    /// The same by core and the [writes that it has seen](Tables::selection_seen), which determine it.
    pub(super) judged: Known<u64, Judgement>,
    /// By the feeder's core and what [counts](super::Cluster::what_counts) of the asker, which lacks something: whether an
    /// exchange of digests would bring it.
    pub(super) repairs: Known<(u64, MasterId), bool>,
    /// By the part of the receiver that matters, and a message: the digest after its arrival.
    pub(super) brought: Known<u64, u32>,
    /// By history: whether a right was overspent.
    pub(super) overspent: Known<u32, bool>,
}

/// Two numbers in one, for what is looked up at nearly every step.
pub(super) fn pair(one: u32, other: u32) -> u64 {
    u64::from(one) << 32 | u64::from(other)
}

impl Tables {
    pub(super) fn new(edges: Arc<[(MasterId, MasterId)]>) -> Tables {
        Tables {
            edges,
            locals: Numbered::default(),
            digests: Numbered::default(),
            letters: Numbered::default(),
            inquiries: Numbered::default(),
            histories: Numbered::default(),
            readings: Numbered::default(),
            writes_made: Numbered::default(),
            selections: Numbered::default(),
            most: MOST_NUMBERS,
            outboxes: Vec::new(),
            receipts: Known::default(),
            writes: Known::default(),
            moves: Known::default(),
            joined: Known::default(),
            answers: Known::default(),
            judgements: Known::default(),
            judged: Known::default(),
            repairs: Known::default(),
            brought: Known::default(),
            overspent: Known::default(),
        }
    }

    /// The number of the master `replica`.
    pub(super) fn local(&mut self, replica: AnyReplica) -> u32 {
        self.local_with(replica, |_| Streams::new())
    }

    /// The number of the master `replica`; if it is new, `streams` tells what its log comes to.
    pub(super) fn local_with(&mut self, replica: AnyReplica, streams: impl FnOnce(&mut Self) -> Streams) -> u32 {
        let hash = content_hash(&replica);
        if let Some(known) = self.locals.find(hash, |local| *local.replica == replica) {
            return known;
        }
        let streams = streams(self);
        let rested = self.rested(&replica).map(|rested| self.local(rested));
        let core = rested.unwrap_or(self.locals.next());
        let digest = self.seen(replica.digest());
        let readings: Vec<_> = replica.readings().map(|(key, reading)| (key.clone(), reading)).collect();
        let readings = self.readings.number(&readings, || readings.clone());
        self.locals.add(hash, Local { replica: Arc::new(replica), core, digest, readings, streams })
    }

    /// The same master with nothing yet to send, if it has something.
    fn rested(&self, replica: &AnyReplica) -> Option<AnyReplica> {
        let peers = || self.edges.iter().filter(|(from, _)| *from == replica.id()).map(|(_, to)| *to);
        peers().any(|peer| replica.has_push(peer)).then(|| {
            let mut rested = replica.clone();
            peers().for_each(|peer| rested.resume(peer, replica.digest()));
            rested
        })
    }

    /// The master at `at` in this state, with what it has yet to send.
    pub(super) fn replica(&self, state: &State, at: MasterId) -> Arc<AnyReplica> {
        let local = state.local(at);
        let mut replica = Arc::clone(&self.locals[local].replica);
        for ((_, to), waiting) in self.edges.iter().zip(state.waiting()).filter(|((from, _), _)| *from == at) {
            if let Some(next) = self.in_flight(local, *to, *waiting).first() {
                self.wind_back(Arc::make_mut(&mut replica), next.letter);
            }
        }
        replica
    }

    /// All that the sender's log comes to for `to`.
    pub(super) fn in_all(&self, sender: u32, to: MasterId) -> &[Queued] {
        &self.locals[sender].streams[to.index()]
    }

    /// What is in flight on the stream to `to` if the sender has so many changes waiting there.
    pub(super) fn in_flight(&self, sender: u32, to: MasterId, waiting: u8) -> &[Queued] {
        let all = self.in_all(sender, to);
        &all[all.len() - usize::from(waiting)..]
    }

    /// How many changes, from the first in flight, a receiver that has seen so much has got: past them an acknowledgement moves
    /// the cursor, which rests nowhere behind what the receiver lacks.
    pub(super) fn known_in_flight(&self, sender: u32, to: MasterId, waiting: u8, seen: &VersionVector) -> u8 {
        let in_flight = self.in_flight(sender, to, waiting);
        let known = in_flight.iter().take_while(|queued| seen.contains(queued.dot)).count() as u8;
        debug_assert_eq!(usize::from(waiting - known), {
            let mut sender = Replica::clone(&self.locals[sender].replica);
            sender.resume(to, seen);
            sender.pending(to)
        });
        known
    }

    /// The sender has the letter yet to send, and all that comes after it.
    pub(super) fn wind_back(&self, sender: &mut AnyReplica, letter: u32) {
        let Letter { to, message, .. } = &*self.letters[letter];
        if let Message::Push(push) = message {
            sender.resume(*to, &push.extends);
        }
    }

    /// What the master has seen.
    pub(super) fn digest(&self, local: u32) -> &VersionVector {
        &self.digests[self.locals[local].digest]
    }

    /// The number of a digest.
    pub(super) fn seen(&mut self, digest: &VersionVector) -> u32 {
        self.digests.number(digest, || digest.clone())
    }

    pub(super) fn letter(&mut self, letter: Arc<Letter>) -> u32 {
        let hash = letter.hash();
        self.letters.find(hash, |known| *known == letter).unwrap_or_else(|| self.letters.add(hash, letter))
    }

    pub(super) fn inquiry(&mut self, inquiry: Inquiry) -> u32 {
        self.inquiries.number(&inquiry, || inquiry.clone())
    }

    pub(super) fn history(&mut self, history: History) -> u32 {
        let number = |write: &Write| self.writes_made.number(write, || write.clone());
        let writes: Vec<u32> = history.writes().iter().map(number).collect();
        let hash = content_hash(&writes);
        let known = self.histories.find(hash, |ghost| ghost.writes == writes);
        known.unwrap_or_else(|| self.histories.add(hash, Ghost { history: Arc::new(history), writes }))
    }

    /// The number of those of these writes that this master has seen.
    pub(super) fn selection_seen(&mut self, history: u32, local: u32) -> u32 {
        let (Ghost { history, writes }, seen) = (&self.histories[history], self.digest(local));
        let seen = history.writes().iter().zip(writes).filter(|(write, _)| seen.contains(write.dot));
        let selection: Vec<u32> = seen.map(|(_, number)| *number).collect();
        self.selections.number(&selection, || selection.clone())
    }

    /// Whether more values of one kind have been numbered than may be. An exploration asks after each state that it
    /// expands, which adds few: so numbers never overflow.
    pub(super) fn is_full(&self) -> bool {
        let of_masters = self.locals.next().max(self.digests.next()).max(self.readings.next());
        let of_writes = self.histories.next().max(self.writes_made.next()).max(self.selections.next());
        let in_flight = self.letters.next().max(self.inquiries.next());
        of_masters.max(of_writes).max(in_flight) > self.most || self.outboxes.len() > self.most as usize
    }

    /// The place of an outbox that holds these letters.
    pub(super) fn keep_outbox(&mut self, letters: &[u32]) -> (u32, u32) {
        let start = self.outboxes.len();
        self.outboxes.extend(letters);
        let number = |place| u32::try_from(place).expect("an exploration ends once a table is full");
        (number(start), number(self.outboxes.len()))
    }

    pub(super) fn outbox(&self, (start, end): (u32, u32)) -> &[u32] {
        &self.outboxes[Range { start: start as usize, end: end as usize }]
    }

    /// The state as what its numbers stand for.
    pub(super) fn world(&self, state: &State) -> World {
        World {
            replicas: (0..).map(MasterId).take(state.masters.len()).map(|at| self.replica(state, at)).collect(),
            wire: state.wire.iter().map(|letter| Arc::clone(&self.letters[*letter])).collect(),
            inquiries: state.inquiries.iter().map(|inquiry| self.inquiries[*inquiry].clone()).collect(),
            history: Arc::clone(&self.histories[state.history].history),
        }
    }
}
