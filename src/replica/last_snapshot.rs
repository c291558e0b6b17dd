//! The table as the last snapshot had it: [`LastSnapshot`].

use crate::table::Table;
use crate::{Key, VersionVector};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The table of the last snapshot that was made, and what had been seen then. As long as nothing new has been seen, the next
/// snapshot shares it: whoever asks again and again has it copied once. No part of what a replica knows: a clone begins
/// without it.
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
    /// The rows of `table`, which is what came of the changes in `seen`.
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

    /// Forgets it unless it is of now.
    pub(super) fn forget_older(&mut self, seen: &VersionVector) {
        let last = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        last.take_if(|(then, _)| then != seen);
    }
}
