//! A master's log of changes, in the order in which the master has seen them, and a cursor into the log for each
//! neighbour.

use crate::ring::Ring;
use crate::{Change, Dot, VersionVector};

/// The newest changes that a master has seen. Before the first entry it had seen exactly `base`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) struct Log<E> {
    pub(crate) base: VersionVector,
    pub(crate) entries: Ring<Change<E>>,
}

/// The position in the log up to which a neighbour has been sent changes. A cursor always moves past changes that split
/// horizon keeps from the neighbour, so that replicas in equal states have equal cursors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub(crate) enum Cursor {
    /// The neighbour has been sent, or need not be sent, the changes before the entry at `index`: exactly those in
    /// `seen`.
    Next { index: usize, seen: VersionVector },
    /// The log no longer holds the next change: the neighbour needs a snapshot.
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
    /// Drops all but the newest `keep` entries; returns the number dropped.
    pub(crate) fn truncate(&mut self, keep: usize) -> usize {
        let dropped = self.entries.len().saturating_sub(keep);
        // Of successive changes of one origin, inserting the last inserts them all.
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

    /// Drops all entries: a neighbour that has not seen all of `seen` then needs a snapshot.
    pub(crate) fn restart(&mut self, seen: &VersionVector) {
        self.entries = Ring::default();
        self.base = seen.clone();
    }

    /// The cursor for a neighbour that has the changes in `digest`, and needs no change for which `had` is true.
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
    /// Moves past changes that split horizon keeps from the neighbour. Those at and after `first` are new: a cursor that
    /// stands before them has passed what it could.
    #[inline]
    pub(crate) fn pass<E>(&mut self, entries: &Ring<Change<E>>, first: usize, split_horizon: impl Fn(Dot) -> bool) {
        if let Cursor::Next { index, seen } = self
            && *index >= first
        {
            while let Some(change) = entries.get(*index).filter(|change| split_horizon(change.dot)) {
                seen.insert(change.dot);
                *index += 1;
            }
        }
    }

    /// Adjusts the cursor after the log has dropped its `dropped` oldest entries.
    pub(crate) fn shift(&mut self, dropped: usize) {
        match self {
            Cursor::Next { index, .. } if *index >= dropped => *index -= dropped,
            _ => *self = Cursor::Behind,
        }
    }
}
