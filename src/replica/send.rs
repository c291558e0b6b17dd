//! The messages that a master sends: pushes from its log, answers to digests, snapshots.

use super::{Known, MessageOf, Replica};
use crate::log::Cursor;
use crate::{Change, Changes, Dot, MasterId, Message, Push, Resolver, Snapshot, VersionVector};
use smallvec::SmallVec;

impl<R: Resolver> Replica<R> {
    /// The answer to a neighbour's digest: at most `max` changes that the neighbour lacks, or a snapshot if the log no
    /// longer holds them; `None` if it lacks nothing. The answer depends on the digest alone, never on messages sent
    /// before, which may be lost. The replica is unchanged. O(log), or O(keys) for a snapshot.
    #[must_use]
    pub fn answer(&self, digest: &VersionVector, max: usize) -> Option<MessageOf<R>> {
        let known = &self.known;
        if !digest.covers(&known.log.base) {
            return Some(self.snapshot());
        }
        let missing = known.log.entries.iter().filter(|change| !digest.contains(change.dot));
        let changes: Changes<_> = missing.take(max).cloned().collect();
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

    /// The number of changes at the end of the log that at least one neighbour has not been sent. A neighbour that will
    /// get a snapshot does not count. O(neighbours).
    pub fn unsent(&self) -> usize {
        let Known { log, cursors, .. } = &self.known;
        let behind = cursors.iter().filter_map(|cursor| match cursor {
            Cursor::Next { index, .. } => Some(log.entries.len() - index),
            Cursor::Behind => None,
        });
        behind.max().unwrap_or(0)
    }

    /// How many changes wait to be pushed to `peer`; 1 if a snapshot waits. O(log).
    pub fn pending(&self, peer: MasterId) -> usize {
        let Some(place) = self.neighbour(peer) else {
            return 0;
        };
        match &self.known.cursors[place] {
            Cursor::Behind => 1,
            Cursor::Next { index, .. } => {
                let neighbour = &self.place.neighbours[place];
                let waiting = self.known.log.entries.from(*index);
                waiting.filter(|change| !neighbour.had_before(change.dot)).count()
            }
        }
    }

    /// Returns the next message for the neighbour `peer`, and moves the neighbour's cursor past it. The message has at
    /// most `max` changes, or is a snapshot if the log has been truncated past the cursor. `None` if `peer` has been
    /// sent everything, or is no neighbour.
    ///
    /// Changes that `peer` [must have had before](crate::Topology::had_before) are left out.
    pub fn next_push(&mut self, peer: MasterId, max: usize) -> Option<MessageOf<R>> {
        if max == 0 || !self.has_push(peer) {
            return None;
        }
        let place = self.neighbour(peer)?;
        let neighbour = &self.place.neighbours[place];
        let Known { seen, log, cursors, .. } = &mut self.known;
        match &mut cursors[place] {
            cursor @ Cursor::Behind => {
                *cursor = Cursor::Next { index: log.entries.len(), seen: seen.clone() };
                Some(self.snapshot())
            }
            Cursor::Next { index, seen: sent } => {
                let mut extends = sent.clone();
                let first = *index;
                // Enough room for all changes: split horizon may keep some of them from `peer`.
                let mut changes = Changes::with_capacity(max.min(log.entries.len() - *index));
                let mut left_out = SmallVec::<[Dot; 4]>::new();
                for change in log.entries.from(*index) {
                    if !neighbour.had_before(change.dot) {
                        if changes.len() == max {
                            break;
                        }
                        // Some changes are left out. A neighbour that has forgotten one of them must not apply the
                        // changes after it.
                        left_out.drain(..).for_each(|dot| extends.insert(dot));
                        changes.push(change.clone());
                    } else {
                        left_out.push(change.dot);
                    }
                    *index += 1;
                }
                if *index == log.entries.len() {
                    // Shares the counts: no vector is copied.
                    sent.clone_from(seen);
                } else {
                    let passed = log.entries.from(first).take(*index - first);
                    passed.for_each(|change| sent.insert(change.dot));
                }
                Some(Message::Push(Push { extends, changes }))
            }
        }
    }

    /// Whether [`next_push`](Self::next_push) would return this push, too, for the neighbour `peer`, and after it nothing
    /// more. `push` is what it has just returned for another neighbour. If so, moves the cursor of `peer` past it: send
    /// it to `peer`, too. So a driver builds and serializes one message for many neighbours. O(changes).
    pub fn shares_push(&mut self, peer: MasterId, push: &Push<R::Effect>, max: usize) -> bool {
        let Some(place) = self.neighbour(peer) else { return false };
        let neighbour = &self.place.neighbours[place];
        let Known { seen, log, cursors, .. } = &mut self.known;
        let Cursor::Next { index, seen: sent } = &mut cursors[place] else { return false };
        let (waiting, changes) = (log.entries.from(*index), &push.changes);
        let is_same = |(waiting, change): (&Change<_>, &Change<_>)| waiting.dot == change.dot;
        let shares = changes.len() <= max
            && changes.len() == waiting.len()
            && push.extends == *sent
            && waiting.zip(changes).all(is_same)
            && !changes.iter().any(|change| neighbour.had_before(change.dot));
        if shares {
            *index = log.entries.len();
            sent.clone_from(seen);
        }
        shares
    }

    /// The neighbour `peer` says that it has seen `digest`: its cursor moves to the first change in the log that the
    /// digest does not cover. After a reconnection the stream continues there. On an open connection the call is an
    /// acknowledgement, and skips changes that the neighbour received from other masters. O(log).
    pub fn resume(&mut self, peer: MasterId, digest: &VersionVector) {
        if let Some(place) = self.neighbour(peer) {
            let neighbour = &self.place.neighbours[place];
            let had = |dot: Dot| digest.contains(dot) || neighbour.had_before(dot);
            self.known.cursors[place] = self.known.log.cursor_for(digest, had);
        }
    }

    /// Whether the next push to `peer` would begin with a change that `digest` covers.
    pub fn would_repeat(&self, peer: MasterId, digest: &VersionVector) -> bool {
        self.neighbour(peer).is_some_and(|place| match &self.known.cursors[place] {
            Cursor::Behind => digest.covers(&self.known.seen),
            Cursor::Next { index, .. } => {
                self.known.log.entries.get(*index).is_some_and(|change| digest.contains(change.dot))
            }
        })
    }

    fn neighbour(&self, peer: MasterId) -> Option<usize> {
        self.place.neighbours.binary_search_by_key(&peer, |neighbour| neighbour.id).ok()
    }

    /// Drops all but the newest `keep` entries of the log. A neighbour that still needs a dropped entry will get a
    /// snapshot. O(neighbours + entries dropped).
    pub fn truncate(&mut self, keep: usize) {
        let known = &mut self.known;
        self.snapshot.forget_older(&known.seen);
        let dropped = known.log.truncate(keep);
        for cursor in &mut known.cursors {
            cursor.shift(dropped);
        }
        // The log may have grown for peers that now need a snapshot: free that memory.
        if self.unsent() == 0 {
            self.known.log.entries.give_back();
        }
    }

    /// O(keys), but O(1) if nothing has been seen since the last one.
    fn snapshot(&self) -> MessageOf<R> {
        let Known { seen, clock, table, .. } = &self.known;
        Message::Snapshot(Snapshot { seen: seen.clone(), clock: *clock, table: self.snapshot.rows(seen, table) })
    }
}
