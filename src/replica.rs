//! One master as a pure state machine: [`Replica`]. Start reading here.
//!
//! It has no clock, thread, socket or randomness of its own. Writes and messages are arguments of calls; messages to
//! neighbours are results of calls. The life of a write: [`write`](Replica::write) names and timestamps it, applies it
//! and appends it to the log; [`next_push`](Replica::next_push) hands it to each neighbour;
//! [`receive`](Replica::receive) applies it there, once, and appends it to that master's log, from which it travels on.
//! To repair a loss, a master sends its [`digest`](Replica::digest); a neighbour's [`answer`](Replica::answer) contains
//! the missing changes. This is pairwise anti-entropy in the manner of Bayou (Petersen et al., SOSP 1997), with eager
//! push.

mod last_snapshot;
mod place;
mod progress;
mod restart;
mod saved;
mod send;
mod vet;

pub use progress::Progress;
pub use restart::UsedOriginError;
pub use saved::{RestoreError, Saved};
pub use vet::PeerError;

use crate::clock::LATEST;
use crate::layout::{HashedKey, key_hash};
use crate::log::{Cursor, Log};
use crate::table::Table;
use crate::{
    Change, Changes, Dot, Key, MasterId, Message, Op, Push, Reading, Refusal, Resolver, Side, Snapshot, Timestamp,
};
use crate::{Text, Topology, VersionVector};
use last_snapshot::LastSnapshot;
use place::Place;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::sync::Arc;

/// The messages between the replicas of a rule.
pub type MessageOf<R> = Message<<R as Resolver>::State, <R as Resolver>::Effect>;

/// One master as a state machine: its rule and its state.
///
/// `Eq` and `Hash` compare the state, and ignore the rule.
///
/// # Driving a replica
///
/// A replica does no I/O and has no timer. Its driver calls it, one call at a time, and carries its messages:
///
/// 1. **A client writes**: call [`write`](Self::write), [`set`](Self::set) or [`delete`](Self::delete). The write is
///    applied here and has its dot before the call returns. Then push (step 3).
/// 2. **A message arrives**: call [`receive`](Self::receive). Its [`Outcome`] says what to do next. After `Applied` or
///    `Stale`, push, because a master relays each change that is new to it. After `Gap`, send the
///    [`digest`](Self::digest) to the sender. After `Duplicate`, do nothing. After `Refused`, the peer is at fault; the
///    replica is unchanged.
/// 3. **Push**: for each neighbour of [`Topology::sends_to`], call [`next_push`](Self::next_push) and send the message,
///    until it returns `None`. Each call moves that neighbour's cursor, so a message that the driver does not send is
///    lost. [`shares_push`](Self::shares_push) tells whether the same message serves another neighbour.
/// 4. **A timer fires, or a neighbour is connected**: send each digest of [`digests_due`](Self::digests_due). If a link
///    loses its last push, only a digest repairs the loss, so a link that can lose messages needs the timer. The driver
///    chooses its period.
/// 5. **A digest arrives**: check it with [`vet_vector`](Self::vet_vector) if it may be malformed, then send what
///    [`answer`](Self::answer) returns, if anything. An answer moves no cursor. On an ordered connection that begins
///    anew, call [`resume`](Self::resume) instead, and push.
/// 6. **The log grows**: call [`truncate`](Self::truncate) to bound its memory. Step 3 or 5 then sends a snapshot to a
///    neighbour that still needs a dropped change.
/// 7. **In the background**, if tombstones are to be collected: send the [`progress`](Self::progress) to each neighbour
///    of step 3. The neighbour calls [`learn`](Self::learn), then [`collect`](Self::collect) with the changes that are
///    [seen by all](Self::seen_by_all).
///
/// Messages may be lost, repeated and reordered: the driver need neither retransmit nor deduplicate. A read, by
/// [`read`](Self::read) or [`readings`](Self::readings), may come between any two calls.
#[derive(Clone)]
pub struct Replica<R: Resolver> {
    rule: R,
    place: Arc<Place>,
    known: Known<R::State, R::Effect>,
    snapshot: LastSnapshot<R::State>,
}

/// The state of a master.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
struct Known<S, E> {
    id: MasterId,
    /// The origin of its writes: its id, or a fresh one after a restart that may have lost some of its state.
    origin: MasterId,
    clock: u64,
    seen: VersionVector,
    table: Table<S>,
    log: Log<E>,
    /// The position in the log up to which each neighbour has been sent changes, in the order of neighbours.
    cursors: Vec<Cursor>,
    /// The neighbours that [forgot](Replica::peer_forgot) something, in order.
    forgetful: Vec<MasterId>,
    /// The masters that are gone for good, in order.
    gone: Vec<MasterId>,
    /// The known progress of all masters; `None` if it is that of a new replica.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    progress: Option<Box<Progress>>,
}

/// How many keys of a push are prefetched before the first of its changes is applied: their rows fit the first-level
/// cache.
const TOUCHED: usize = 32;

/// The result of [`Replica::receive`]. A driver must handle each case, so no case will be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use = "a gap must be repaired, and what is new passed on: see `Replica`"]
pub enum Outcome {
    /// The message contained changes new to this master, and they altered its table.
    Applied,
    /// The message contained changes new to this master, which it logs and passes on, but which did not alter its
    /// table: [`Resolver::why_kept`] gives the reason.
    Stale,
    /// The master had seen all changes in the message: nothing was done.
    Duplicate,
    /// The master has not seen all changes that the push extends: nothing was done. Send the sender a digest.
    Gap,
    /// A correct peer cannot have sent the message: nothing was done.
    Refused(PeerError),
}

impl<R: Resolver> Replica<R> {
    /// The master `id` of a cluster that has written nothing yet.
    ///
    /// # Panics
    /// If `id` is not in the topology.
    pub fn new(id: MasterId, rule: R, topology: &Topology) -> Replica<R> {
        assert!(id.0 < topology.masters(), "master {id} is not in the topology");
        let place = Place::new(id, topology);
        let known = Known {
            id,
            origin: id,
            clock: 0,
            seen: VersionVector::default(),
            table: Table::default(),
            log: Log::default(),
            cursors: place.neighbours.iter().map(|_| Cursor::default()).collect(),
            forgetful: Vec::new(),
            gone: Vec::new(),
            progress: None,
        };
        Replica { rule, place: Arc::new(place), known, snapshot: LastSnapshot::default() }
    }

    /// [`write`](Self::write)s a register's value.
    ///
    /// # Errors
    /// As `write`.
    #[inline]
    pub fn set(&mut self, key: &str, value: impl Into<Text>) -> Result<Dot, Refusal> {
        self.write(key, Op::Set(value.into()))
    }

    /// [`write`](Self::write)s the deletion of a register's value.
    ///
    /// # Errors
    /// As `write`.
    pub fn delete(&mut self, key: &str) -> Result<Dot, Refusal> {
        self.write(key, Op::Delete)
    }

    /// A client writes: the operation is given a dot and a timestamp, applied and logged. O(1), whatever the number of
    /// keys and neighbours.
    ///
    /// # Errors
    /// If the rule refuses the operation, if it gives a [time](Op::At) to a rule that does not
    /// [use wall clocks](Resolver::uses_wall_clock), or if the logical clock is at its [end](LATEST). Nothing has
    /// changed then.
    #[inline(always)]
    pub fn write(&mut self, key: &str, op: Op) -> Result<Dot, Refusal> {
        self.write_hashed(key, op)
    }

    /// The same; a key that has not been hashed yet is hashed where it is looked up.
    #[inline(always)]
    pub(crate) fn write_hashed<'k>(&mut self, key: impl Into<HashedKey<'k>>, op: Op) -> Result<Dot, Refusal> {
        if matches!(op, Op::At(..) | Op::Transfer { .. }) {
            self.vet_op(&op)?;
        }
        let known = &mut self.known;
        if known.clock >= LATEST {
            return Err(Refusal::Because(
                "the logical clock is at its end: a peer has sent an absurdly late timestamp".into(),
            ));
        }
        // Both numbers are in range: the clock is below LATEST, and a master has made no more changes than its clock
        // shows.
        let dot = Dot::numbered(known.origin, known.seen.count(known.origin) + 1);
        let timestamp = Timestamp::numbered(known.clock + 1, known.origin);
        let mut taken = known.table.take(key.into());
        let (key, state) = taken.row();
        let effect = match self.rule.prepare(state, op, dot, timestamp) {
            Ok(effect) => effect,
            Err(refusal) => {
                taken.put_back();
                return Err(refusal);
            }
        };
        let room = known.log.entries.room();
        let key = key.clone();
        let change = room.fill(Change { dot, timestamp, key, effect });
        self.rule.apply(state, change);
        taken.put_back();
        known.clock = timestamp.number();
        known.seen.insert(dot);
        Ok(dot)
    }

    /// A message from the neighbour `from` has arrived. A push is applied as a whole or not at all. O(changes), or
    /// O(keys) for a snapshot.
    pub fn receive(&mut self, from: MasterId, mut message: MessageOf<R>) -> Outcome {
        let outcome = match &mut message {
            Message::Push(push) => self.receive_push(from, push),
            Message::Snapshot(snapshot) => self.receive_snapshot(from, snapshot),
        };
        outcome.unwrap_or_else(Outcome::Refused)
    }

    #[inline(always)]
    fn receive_push(&mut self, from: MasterId, push: &mut Push<R::Effect>) -> Result<Outcome, PeerError> {
        let changes = push.changes.as_slice();
        // Prefetches the row of a single change while the message is checked.
        let hash = if let [change] = changes { self.hash_and_prefetch(change) } else { 0 };
        let seen = self.vet_push(from, &push.extends, changes)?;
        // Check for duplicates before gaps: a push without new changes is a duplicate even if it extends unseen
        // changes.
        if changes.iter().all(|change| self.known.seen.contains(change.dot)) {
            return Ok(Outcome::Duplicate);
        }
        if !seen {
            return Ok(Outcome::Gap);
        }
        let altered = self.admit(&mut push.changes, hash);
        Ok(if altered { Outcome::Applied } else { Outcome::Stale })
    }

    fn receive_snapshot(&mut self, from: MasterId, snapshot: &mut Snapshot<R::State>) -> Result<Outcome, PeerError> {
        self.vet_snapshot(from, snapshot)?;
        if self.known.seen.covers(&snapshot.seen) {
            return Ok(Outcome::Duplicate);
        }
        self.install(snapshot, from);
        Ok(Outcome::Applied)
    }

    /// The version vector of the changes that this master has seen. It is sent to a neighbour to ask for missing
    /// changes.
    pub fn digest(&self) -> &VersionVector {
        &self.known.seen
    }

    /// The digests to send when a timer fires, each with its receiver. They repair the loss of a last push. The replica
    /// is unchanged.
    pub fn digests_due(&self) -> impl Iterator<Item = (MasterId, &VersionVector)> {
        self.place.senders.iter().map(|sender| (*sender, &self.known.seen))
    }

    /// The reading of `key`.
    pub fn read(&self, key: &str) -> Reading {
        self.read_hashed(key.into())
    }

    pub(crate) fn read_hashed(&self, key: HashedKey<'_>) -> Reading {
        match self.known.table.get(key) {
            Some(state) => self.rule.read(state),
            None => self.rule.read(&R::State::default()),
        }
    }

    /// Every key whose reading differs from that of a key never written, in order, with its reading. O(keys log keys).
    pub fn readings(&self) -> impl Iterator<Item = (&Key, Reading)> {
        let untouched = self.rule.read(&R::State::default());
        let all = self.known.table.iter().map(|(key, state)| (key, self.rule.read(state)));
        all.filter(move |(_, reading)| *reading != untouched)
    }

    /// The number of keys whose state is kept, and the number for which the table has memory. A deleted key counts as
    /// long as its tombstone is kept.
    pub fn kept(&self) -> (usize, usize) {
        self.known.table.size()
    }

    /// The state that the rule keeps for `key`, if any.
    pub fn state(&self, key: &str) -> Option<&R::State> {
        self.known.table.get(key.into())
    }

    /// The rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// This master's id.
    pub fn id(&self) -> MasterId {
        self.known.id
    }

    /// The changes in the log, in the order in which this master has seen them.
    pub fn log(&self) -> impl ExactSizeIterator<Item = &Change<R::Effect>> {
        self.known.log.entries.iter()
    }

    /// How many changes the log holds.
    #[inline]
    pub fn log_len(&self) -> usize {
        self.known.log.entries.len()
    }

    /// The version vector of the changes seen before the first change in the log.
    pub fn truncated(&self) -> &VersionVector {
        &self.known.log.base
    }

    /// Applies a change a second time, and does nothing else. Returns whether that altered the state of its key.
    ///
    /// The protocol never calls this. It is public for models of systems that can apply a change twice.
    pub fn reapply(&mut self, change: &Change<R::Effect>) -> bool {
        self.snapshot.forget();
        self.known.table.alter(change.key.as_str().into(), |state| self.rule.apply(state, change))
    }

    #[inline(always)]
    fn hash_and_prefetch(&self, change: &Change<R::Effect>) -> u64 {
        let hash = key_hash(&change.key);
        self.known.table.prefetch_home(hash);
        hash
    }

    /// Applies and logs the new changes of a push. At least one is new, and all that the push extends has been seen.
    /// `hash` is that of the key, if there is only one change.
    #[inline(always)]
    fn admit(&mut self, changes: &mut Changes<R::Effect>, hash: u64) -> bool {
        let first = self.known.log.entries.len();
        let altered = if let [change] = changes.as_slice() {
            let altered = self.apply(change, hash);
            // One move, from the message to the log.
            self.known.log.entries.room().fill(changes.pop().expect("it is there"));
            altered
        } else {
            self.apply_all(mem::take(changes).into_vec())
        };
        let known = &mut self.known;
        for (neighbour, cursor) in self.place.neighbours.iter().zip(&mut known.cursors) {
            cursor.pass(&known.log.entries, first, |dot| neighbour.had_before(dot));
        }
        altered
    }

    /// Applies a change that is new to this master; `hash` is that of its key.
    #[inline(always)]
    fn apply(&mut self, change: &Change<R::Effect>, hash: u64) -> bool {
        let known = &mut self.known;
        known.clock = known.clock.max(change.timestamp.number());
        known.seen.insert(change.dot);
        let key = HashedKey { key: &change.key, hash };
        known.table.alter(key, |state| self.rule.apply(state, change))
    }

    fn apply_all(&mut self, mut changes: Vec<Change<R::Effect>>) -> bool {
        changes.retain(|change| !self.known.seen.contains(change.dot));
        let mut altered = false;
        for some in changes.chunks(TOUCHED) {
            let mut hashes = [0; TOUCHED];
            for (hash, change) in hashes.iter_mut().zip(some) {
                *hash = key_hash(&change.key);
                self.known.table.prefetch(*hash);
            }
            for (hash, change) in hashes.into_iter().zip(some) {
                altered |= self.apply(change, hash);
            }
        }
        self.known.log.entries.append(changes);
        altered
    }

    /// Joins a neighbour's table with ours. The log restarts empty, because it lacks the changes that the snapshot
    /// contains.
    fn install(&mut self, snapshot: &mut Snapshot<R::State>, from: MasterId) {
        let known = &mut self.known;
        let Snapshot { seen, clock, table } = snapshot;
        let absent = R::State::default();
        let ours_alone: Vec<Key> =
            known.table.iter().map(|(key, _)| key).filter(|key| !table.contains_key(*key)).cloned().collect();
        for (key, theirs) in table.iter().chain(ours_alone.iter().map(|key| (key, &absent))) {
            known.table.alter(key.as_str().into(), |ours| {
                let side = Side { state: &*ours, seen: &known.seen };
                let merged = self.rule.merge(side, Side { state: theirs, seen });
                *ours = merged.unwrap_or_else(|| theirs.clone());
            });
        }
        known.clock = known.clock.max(*clock);
        known.seen.join(seen);
        known.log.restart(&known.seen);
        for (neighbour, cursor) in self.place.neighbours.iter().zip(&mut known.cursors) {
            let informed = neighbour.id == from && *seen == known.seen;
            *cursor = if informed { Cursor::Next { index: 0, seen: known.seen.clone() } } else { Cursor::Behind };
        }
    }
}

impl<R: Resolver> PartialEq for Replica<R> {
    fn eq(&self, other: &Self) -> bool {
        self.known == other.known
    }
}

impl<R: Resolver> Eq for Replica<R> {}

impl<R: Resolver> Hash for Replica<R> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.known.hash(hasher);
    }
}

#[cfg(feature = "serde")]
impl<R: Resolver<State: serde::Serialize, Effect: serde::Serialize>> serde::Serialize for Replica<R> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known.serialize(serializer)
    }
}

impl<R: Resolver> fmt::Debug for Replica<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.known.fmt(f)
    }
}
