//! What a master has seen, in the order in which it came to see it, and how far each neighbour has been sent it.

use crate::ring::Ring;
use crate::{Change, Dot, VersionVector};
use serde::{Deserialize, Serialize};

/// The newest changes. Before its first entry, exactly `base` had been seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Log<E> {
    pub(crate) base: VersionVector,
    pub(crate) entries: Ring<Change<E>>,
}

/// How far a neighbour has been sent the log. Never stops at a change that split horizon keeps from the neighbour, so
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

impl<E> Default for Log<E> {
    fn default() -> Self {
        Log { base: VersionVector::default(), entries: Ring::default() }
    }
}

impl<E> Log<E> {
    /// Drops all but the newest `keep` entries; returns how many.
    pub(crate) fn truncate(&mut self, keep: usize) -> usize {
        let dropped = self.entries.len().saturating_sub(keep);
        // Of changes of one origin in a row, the last tells of all.
        let mut last = None;
        self.entries.drop_front(dropped, |change| {
            if let Some(dot) = last.replace(change.dot).filter(|dot| dot.origin() != change.dot.origin()) {
                self.base.insert(dot);
            }
        });
        if let Some(dot) = last {
            self.base.insert(dot);
        }
        dropped
    }

    /// Forgets everything: whoever has seen less than `seen` needs a snapshot.
    pub(crate) fn restart(&mut self, seen: &VersionVector) {
        self.entries = Ring::default();
        self.base = seen.clone();
    }

    /// Where to go on with a neighbour that has all that `had` says.
    pub(crate) fn cursor_for(&self, digest: &VersionVector, had: impl Fn(Dot) -> bool) -> Cursor {
        if !digest.covers(&self.base) {
            return Cursor::Behind;
        }
        let mut seen = self.base.clone();
        let passed = self.entries.iter().take_while(|change| had(change.dot));
        let index = passed.inspect(|change| seen.insert(change.dot)).count();
        Cursor::Next { index, seen }
    }
}

impl Cursor {
    /// Moves past changes that split horizon keeps from the neighbour.
    #[inline]
    pub(crate) fn pass<E>(&mut self, entries: &Ring<Change<E>>, split_horizon: impl Fn(Dot) -> bool) {
        if let Cursor::Next { index, seen } = self {
            while let Some(change) = entries.get(*index).filter(|change| split_horizon(change.dot)) {
                seen.insert(change.dot);
                *index += 1;
            }
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
