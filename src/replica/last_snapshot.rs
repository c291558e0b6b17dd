//! A cache of the last snapshot's table: [`LastSnapshot`].

use crate::table::Table;
use crate::{Key, VersionVector};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The table of the last snapshot, and its version vector. Later snapshots share this table until the master sees a new
/// change, so that repeated requests copy it once. Not part of a replica's state: a clone starts with an empty cache.
pub(super) struct LastSnapshot<S>(Mutex<Option<(VersionVector, Rows<S>)>>);

type Rows<S> = Arc<BTreeMap<Key, S>>;

impl<S> Default for LastSnapshot<S> {
    fn default() -> Self {
        LastSnapshot(Mutex::new(None))
    }
}

impl<S> Clone for LastSnapshot<S> {
    fn clone(&self) -> Self {
        LastSnapshot::default()
    }
}

impl<S: Clone + Default + PartialEq> LastSnapshot<S> {
    /// The rows of `table`, which holds the result of the changes in `seen`.
    pub(super) fn rows(&self, seen: &VersionVector, table: &Table<S>) -> Rows<S> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((then, rows)) if then == seen => Arc::clone(rows),
            _ => {
                let rows: Rows<S> = Arc::new(table.iter().map(|(key, state)| (key.clone(), state.clone())).collect());
                *last = Some((seen.clone(), Arc::clone(&rows)));
                rows
            }
        }
    }
}

impl<S> LastSnapshot<S> {
    pub(super) fn forget(&mut self) {
        *self.0.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Drops the cached table unless it holds the result of exactly the changes in `seen`.
    pub(super) fn forget_older(&mut self, seen: &VersionVector) {
        let last = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        last.take_if(|(then, _)| then != seen);
    }
}
