//! What a master has seen, in the order in which it came to see it, and how far each neighbour has been sent it.

use crate::{Change, Dot, MasterId, VersionVector};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The newest changes. Before its first entry, exactly `base` had been seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Log<E> {
    pub(crate) base: VersionVector,
    pub(crate) entries: VecDeque<Entry<E>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Entry<E> {
    pub(crate) change: Change<E>,
    /// The neighbour it came from; this master itself if it was written here.
    pub(crate) from: MasterId,
}

/// How far a neighbour has been sent the log. Never rests on an entry that is [needless](Entry::needless_to) to it, so
/// that equal knowledge is an equal cursor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Cursor {
    /// Sent all before the entry at `index`: `seen` and no more.
    Next { index: usize, seen: VersionVector },
    /// The log no longer holds what comes next: a snapshot does.
    Behind,
}

impl Default for Cursor {
    fn default() -> Self {
        Cursor::Next { index: 0, seen: VersionVector::default() }
    }
}

impl<E> Entry<E> {
    /// Whether `peer` has it already: it wrote it, or it was the one that sent it here.
    pub(crate) fn needless_to(&self, peer: MasterId) -> bool {
        self.from == peer || self.change.dot.origin == peer
    }
}

impl<E> Default for Log<E> {
    fn default() -> Self {
        Log { base: VersionVector::default(), entries: VecDeque::new() }
    }
}

impl<E> Log<E> {
    /// Drops all but the newest `keep` entries; returns how many.
    pub(crate) fn truncate(&mut self, keep: usize) -> usize {
        let dropped = self.entries.len().saturating_sub(keep);
        for entry in self.entries.drain(..dropped) {
            self.base.insert(entry.change.dot);
        }
        dropped
    }

    /// Forgets everything: whoever has seen less than `seen` needs a snapshot.
    pub(crate) fn restart(&mut self, seen: &VersionVector) {
        self.entries.clear();
        self.base = seen.clone();
    }

    /// Where to go on with `peer` if it has seen `digest`.
    pub(crate) fn cursor_for(&self, peer: MasterId, digest: &VersionVector) -> Cursor {
        if !digest.covers(&self.base) {
            return Cursor::Behind;
        }
        let had = |entry: &&Entry<E>| digest.contains(entry.change.dot) || entry.needless_to(peer);
        let mut seen = self.base.clone();
        let index = self.entries.iter().take_while(had).inspect(|entry| seen.insert(entry.change.dot)).count();
        Cursor::Next { index, seen }
    }
}

impl Cursor {
    /// Moves past the entry just appended at `end`, if that is next and the neighbour needs no sending.
    pub(crate) fn pass(&mut self, end: usize, dot: Dot) {
        if let Cursor::Next { index, seen } = self
            && *index == end
        {
            *index += 1;
            seen.insert(dot);
        }
    }

    /// The log has dropped so many of its oldest entries.
    pub(crate) fn shift(&mut self, dropped: usize) {
        match self {
            Cursor::Next { index, .. } if *index >= dropped => *index -= dropped,
            _ => *self = Cursor::Behind,
        }
    }
}
