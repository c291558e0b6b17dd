//! One master as a pure state machine: [`Replica`]. Start reading here.
//!
//! It has no clock, thread, socket or randomness of its own. Writes and messages come in as arguments; what a neighbour
//! is to be sent is asked for. The life of a write: [`write`](Replica::write) names and stamps it, applies it and appends
//! it to the log; [`next_push`](Replica::next_push) hands it to each neighbour; [`receive`](Replica::receive) applies it
//! there, once, and appends it to that master's log, from which it travels on. What was lost on the way is asked for by
//! [`digest`](Replica::digest) and sent again by [`answer`](Replica::answer). This is pairwise anti-entropy in the manner of
//! Bayou (Petersen et al., SOSP 1997), with eager push.

use crate::clock::LATEST;
use crate::log::{Cursor, Log};
use crate::{Change, Dot, Key, MasterId, Message, Op, Push, Reading, Refusal, Resolver, Side, Snapshot, Stamp};
use crate::{Topology, VersionVector};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a rule's replicas send each other.
pub type MessageOf<R> = Message<<R as Resolver>::State, <R as Resolver>::Effect>;

/// One master: its rule, and all that it knows.
///
/// Two replicas are equal, and hash alike, if they know the same; the rule does not count.
#[derive(Clone)]
pub struct Replica<R: Resolver> {
    rule: R,
    place: Arc<Place>,
    known: Known<R::State, R::Effect>,
}

/// Where a master stands in its topology: fixed for good.
#[derive(Debug)]
struct Place {
    masters: u16,
    /// Whom it hears from, in order.
    feeders: Vec<MasterId>,
    /// Whom it sends to, in order.
    neighbours: Vec<Neighbour>,
}

#[derive(Debug)]
struct Neighbour {
    id: MasterId,
    /// By origin: whether the neighbour need not be sent its changes.
    spared: Vec<bool>,
}

/// What a master has come to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Known<S, E> {
    id: MasterId,
    clock: u64,
    seen: VersionVector,
    table: BTreeMap<Key, S>,
    log: Log<E>,
    /// Per neighbour that is sent changes, in order: how far into the log it has been sent.
    cursors: SmallVec<[Cursor; 2]>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It held changes new to this master, and they altered what it keeps.
    Applied,
    /// It held changes new to this master, now recorded and passed on, but the rule had newer ones.
    Stale,
    /// Everything in it had been seen: nothing was done.
    Duplicate,
    /// Something that it builds on has not been seen: nothing was done. Send the sender a digest.
    Gap,
    /// It cannot have come from a right peer: nothing was done.
    Refused(PeerFault),
}

/// What is wrong with a refused message. The fault is the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerFault {
    /// The sender is not a neighbour from which this master hears.
    NotANeighbour(MasterId),
    /// A push without changes.
    Empty,
    /// A change, or a version vector, names a master that is not in the cluster.
    UnknownOrigin(MasterId),
    /// A change is not its origin's next: one before it is missing, its number is 0, or this master is said to have
    /// written what it has not.
    ImpossibleDot(Dot),
    /// A stamp of another master than the origin, or of a time past [`LATEST`].
    ImpossibleStamp(Stamp),
}

impl fmt::Display for PeerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerFault::NotANeighbour(id) => write!(f, "{id} is not a neighbour that sends changes here"),
            PeerFault::Empty => write!(f, "a push without changes"),
            PeerFault::UnknownOrigin(id) => write!(f, "{id} is not in the cluster"),
            PeerFault::ImpossibleDot(dot) => write!(f, "{dot} cannot be the next change of {}", dot.origin),
            PeerFault::ImpossibleStamp(stamp) => write!(f, "{stamp} cannot be the change's stamp"),
        }
    }
}

impl<R: Resolver> Replica<R> {
    /// The master `id` of a cluster that has written nothing yet.
    ///
    /// # Panics
    /// If `id` is not in the topology.
    pub fn new(id: MasterId, rule: R, topology: &Topology) -> Replica<R> {
        assert!(id.0 < topology.masters(), "master {id} is not in the topology");
        let spared = |peer| topology.ids().map(|origin| topology.had_before(peer, origin, id)).collect();
        let neighbours = topology.sends_to(id).map(|peer| Neighbour { id: peer, spared: spared(peer) });
        let place = Place {
            masters: topology.masters(),
            feeders: topology.hears_from(id).collect(),
            neighbours: neighbours.collect(),
        };
        let known = Known {
            id,
            clock: 0,
            seen: VersionVector::default(),
            table: BTreeMap::new(),
            log: Log::default(),
            cursors: place.neighbours.iter().map(|_| Cursor::default()).collect(),
        };
        Replica { rule, place: Arc::new(place), known }
    }

    /// A client writes: the operation is named, stamped, applied and logged. O(log keys), whatever the number of peers.
    ///
    /// # Errors
    /// If the rule refuses the operation, or the clock is at its [end](LATEST); then nothing has changed.
    pub fn write(&mut self, key: &str, op: &Op) -> Result<Dot, Refusal> {
        let known = &self.known;
        if known.clock >= LATEST {
            return Err(Refusal::Because("the clock is at its end: a peer has sent an absurdly late stamp".into()));
        }
        let dot = Dot { origin: known.id, seq: known.seen.get(known.id) + 1 };
        let stamp = Stamp { time: known.clock + 1, master: known.id };
        let untouched = R::State::default();
        let state = known.table.get(key).unwrap_or(&untouched);
        let effect = self.rule.prepare(state, op, dot, stamp)?;
        self.admit(Change { dot, stamp, key: key.into(), effect });
        Ok(dot)
    }

    /// Takes in what the neighbour `from` sent. A push is applied as a whole or not at all.
    pub fn receive(&mut self, from: MasterId, message: MessageOf<R>) -> Outcome {
        if let Err(fault) = self.vet(from, &message) {
            return Outcome::Refused(fault);
        }
        // First of all: what brings nothing is nothing, even if it builds on what has not been seen.
        if !message.is_news_to(&self.known.seen) {
            return Outcome::Duplicate;
        }
        match message {
            Message::Push(push) if !self.known.seen.covers(&push.extends) => Outcome::Gap,
            Message::Push(push) => {
                let mut altered = false;
                for change in push.changes {
                    if !self.known.seen.contains(change.dot) {
                        altered |= self.admit(change);
                    }
                }
                if altered { Outcome::Applied } else { Outcome::Stale }
            }
            Message::Snapshot(snapshot) => {
                self.install(snapshot, from);
                Outcome::Applied
            }
        }
    }

    /// What this master has seen. Sent to a neighbour, it asks for what is missing, and tells what is held.
    pub fn digest(&self) -> &VersionVector {
        &self.known.seen
    }

    /// Time has passed: whom to send the [`digest`](Self::digest) to, so that a lost last push is found out.
    pub fn tick(&self) -> impl Iterator<Item = (MasterId, &VersionVector)> {
        self.place.feeders.iter().map(|feeder| (*feeder, &self.known.seen))
    }

    /// What a neighbour that has seen `digest` lacks: at most `max` changes, or a snapshot if the log no longer holds
    /// them; `None` if it lacks nothing. Answered from the digest alone, never from what the neighbour was sent before:
    /// that would stall after a loss. Changes nothing here.
    pub fn answer(&self, digest: &VersionVector, max: usize) -> Option<MessageOf<R>> {
        let known = &self.known;
        if !digest.covers(&known.log.base) {
            return Some(self.snapshot());
        }
        let missing = known.log.entries.iter().filter(|change| !digest.contains(change.dot));
        let changes: Vec<_> = missing.take(max).cloned().collect();
        let mut extends = digest.clone();
        extends.meet(&known.seen);
        (!changes.is_empty()).then_some(Message::Push(Push { extends, changes }))
    }

    /// Whether there is something to push to the neighbour `peer`.
    pub fn has_push(&self, peer: MasterId) -> bool {
        self.neighbour(peer).is_some_and(|place| match &self.known.cursors[place] {
            Cursor::Next { index, .. } => *index < self.known.log.entries.len(),
            Cursor::Behind => true,
        })
    }

    /// How many changes wait to be pushed to `peer`; 1 if that will be a snapshot. O(log).
    pub fn pending(&self, peer: MasterId) -> usize {
        let Some(place) = self.neighbour(peer) else {
            return 0;
        };
        match &self.known.cursors[place] {
            Cursor::Behind => 1,
            Cursor::Next { index, .. } => {
                let Neighbour { spared, .. } = &self.place.neighbours[place];
                let waiting = self.known.log.entries.range(*index..);
                waiting.filter(|change| !spared[change.dot.origin.index()]).count()
            }
        }
    }

    /// The next message for the neighbour `peer`, and moves its cursor past it: at most `max` changes, or a snapshot if
    /// the log has been truncated past the cursor; `None` if it has been sent everything, or is no neighbour.
    ///
    /// Left out is what `peer` [must have had before](Topology::had_before).
    pub fn next_push(&mut self, peer: MasterId, max: usize) -> Option<MessageOf<R>> {
        if max == 0 || !self.has_push(peer) {
            return None;
        }
        let place = self.neighbour(peer)?;
        let Neighbour { spared, .. } = &self.place.neighbours[place];
        let Known { seen, log, cursors, .. } = &mut self.known;
        match &mut cursors[place] {
            cursor @ Cursor::Behind => {
                *cursor = Cursor::Next { index: log.entries.len(), seen: seen.clone() };
                Some(self.snapshot())
            }
            Cursor::Next { index, seen } => {
                let extends = seen.clone();
                let mut changes = Vec::new();
                while let Some(change) = log.entries.get(*index) {
                    if !spared[change.dot.origin.index()] {
                        if changes.len() == max {
                            break;
                        }
                        changes.push(change.clone());
                    }
                    seen.insert(change.dot);
                    *index += 1;
                }
                Some(Message::Push(Push { extends, changes }))
            }
        }
    }

    /// The neighbour `peer` says that it has seen `digest`: it is next sent the first change in the log that this does
    /// not cover. After a lost connection this is where a stream goes on; on a standing one it is an acknowledgement,
    /// and skips what the neighbour got from others.
    pub fn resume(&mut self, peer: MasterId, digest: &VersionVector) {
        if let Some(place) = self.neighbour(peer) {
            let Neighbour { spared, .. } = &self.place.neighbours[place];
            let had = |dot: Dot| digest.contains(dot) || spared[dot.origin.index()];
            self.known.cursors[place] = self.known.log.cursor_for(digest, had);
        }
    }

    /// Whether the next push to `peer` would begin with what `digest` covers.
    pub fn would_repeat(&self, peer: MasterId, digest: &VersionVector) -> bool {
        self.neighbour(peer).is_some_and(|place| match &self.known.cursors[place] {
            Cursor::Behind => digest.covers(&self.known.seen),
            Cursor::Next { index, .. } => {
                self.known.log.entries.get(*index).is_some_and(|change| digest.contains(change.dot))
            }
        })
    }

    fn neighbour(&self, peer: MasterId) -> Option<usize> {
        self.place.neighbours.iter().position(|neighbour| neighbour.id == peer)
    }

    /// Forgets all but the newest `keep` entries of the log. A neighbour that still needs one that is gone will get a
    /// snapshot. O(neighbours + entries dropped).
    pub fn truncate(&mut self, keep: usize) {
        let known = &mut self.known;
        let dropped = known.log.truncate(keep);
        for cursor in &mut known.cursors {
            cursor.shift(dropped);
        }
    }

    /// What a reader of `key` sees.
    pub fn read(&self, key: &str) -> Reading {
        self.known.table.get(key).map_or_else(|| self.rule.read(&R::State::default()), |state| self.rule.read(state))
    }

    /// Every key that reads otherwise than one never written, in order, with what its reader sees.
    pub fn readings(&self) -> impl Iterator<Item = (&Key, Reading)> {
        let untouched = self.rule.read(&R::State::default());
        let all = self.known.table.iter().map(|(key, state)| (key, self.rule.read(state)));
        all.filter(move |(_, reading)| *reading != untouched)
    }

    /// The state that the rule keeps for `key`, if any.
    pub fn state(&self, key: &str) -> Option<&R::State> {
        self.known.table.get(key)
    }

    /// The rule.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// This master's place in the cluster.
    pub fn id(&self) -> MasterId {
        self.known.id
    }

    /// The changes in the log, oldest first: in the order in which this master came to see them.
    pub fn log(&self) -> impl Iterator<Item = &Change<R::Effect>> {
        self.known.log.entries.iter()
    }

    /// What had been seen before the first change in the log.
    pub fn truncated(&self) -> &VersionVector {
        &self.known.log.base
    }

    fn snapshot(&self) -> MessageOf<R> {
        let Known { seen, clock, table, .. } = &self.known;
        Message::Snapshot(Snapshot { seen: seen.clone(), clock: *clock, table: table.clone() })
    }

    /// Applies and logs a change that is new here and whose causes have all been seen.
    fn admit(&mut self, change: Change<R::Effect>) -> bool {
        let known = &mut self.known;
        known.clock = known.clock.max(change.stamp.time);
        known.seen.insert(change.dot);
        let state = known.table.entry(change.key.clone()).or_default();
        let altered = self.rule.apply(state, &change);
        if *state == R::State::default() {
            known.table.remove(&change.key);
        }
        let (dot, end) = (change.dot, known.log.entries.len());
        known.log.entries.push_back(change);
        if dot.origin != known.id {
            for (neighbour, cursor) in self.place.neighbours.iter().zip(&mut known.cursors) {
                if neighbour.spared[dot.origin.index()] {
                    cursor.pass(end, dot);
                }
            }
        }
        altered
    }

    /// Joins a neighbour's table with ours. The log cannot tell others what was learned so: it starts anew after it.
    fn install(&mut self, snapshot: Snapshot<R::State>, from: MasterId) {
        let known = &mut self.known;
        let untouched = R::State::default();
        let Snapshot { seen, clock, mut table } = snapshot;
        for key in known.table.keys() {
            table.entry(key.clone()).or_default();
        }
        for (key, theirs) in table {
            let ours = known.table.get(&key).unwrap_or(&untouched);
            let ours = Side { state: ours, seen: &known.seen };
            let merged = self.rule.merge(ours, Side { state: &theirs, seen: &seen }).unwrap_or(theirs);
            if merged == untouched {
                known.table.remove(&key);
            } else {
                known.table.insert(key, merged);
            }
        }
        known.clock = known.clock.max(clock);
        known.seen.join(&seen);
        known.log.restart(&known.seen);
        for (neighbour, cursor) in self.place.neighbours.iter().zip(&mut known.cursors) {
            let informed = neighbour.id == from && seen == known.seen;
            *cursor = if informed { Cursor::Next { index: 0, seen: known.seen.clone() } } else { Cursor::Behind };
        }
    }

    fn vet(&self, from: MasterId, message: &MessageOf<R>) -> Result<(), PeerFault> {
        let (place, known) = (&self.place, &self.known);
        if !place.feeders.contains(&from) {
            return Err(PeerFault::NotANeighbour(from));
        }
        let (vector, changes) = match message {
            Message::Push(push) if push.changes.is_empty() => return Err(PeerFault::Empty),
            Message::Push(push) => (&push.extends, push.changes.as_slice()),
            Message::Snapshot(snapshot) => (&snapshot.seen, [].as_slice()),
        };
        if vector.width() > usize::from(place.masters) {
            let last = u16::try_from(vector.width() - 1).unwrap_or(u16::MAX);
            return Err(PeerFault::UnknownOrigin(MasterId(last)));
        }
        let own = Dot { origin: known.id, seq: vector.get(known.id) };
        if !known.seen.contains(own) {
            return Err(PeerFault::ImpossibleDot(own));
        }
        if let Message::Snapshot(snapshot) = message
            && snapshot.clock > LATEST
        {
            return Err(PeerFault::ImpossibleStamp(Stamp { time: snapshot.clock, master: from }));
        }
        // Each change must be the next of its origin after what the push extends, and those before it in the push.
        let mut before = vector.clone();
        for Change { dot, stamp, .. } in changes {
            if dot.origin.0 >= place.masters {
                return Err(PeerFault::UnknownOrigin(dot.origin));
            }
            let forged = dot.origin == known.id && !known.seen.contains(*dot);
            if dot.seq.checked_sub(1) != Some(before.get(dot.origin)) || forged {
                return Err(PeerFault::ImpossibleDot(*dot));
            }
            if stamp.master != dot.origin || stamp.time > LATEST {
                return Err(PeerFault::ImpossibleStamp(*stamp));
            }
            before.insert(*dot);
        }
        Ok(())
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

impl<R: Resolver> Serialize for Replica<R> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known.serialize(serializer)
    }
}

impl<R: Resolver> fmt::Debug for Replica<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.known.fmt(f)
    }
}
