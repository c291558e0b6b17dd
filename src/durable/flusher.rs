//! Writes the changes of a master to its store, all shards at a time: [`Flusher`].

use super::sync::{Condvar, Mutex, MutexGuard};
use crate::durable::{FlushError, Store, StoreError};
use crate::{Change, Replica, Resolver, Saved, VersionVector};
use std::sync::Arc;
use std::thread;

/// A master's store, and the stored changes of each shard.
///
/// A thread that needs a change on disk flushes all shards with one sync, unless another thread is flushing. Then it
/// waits for the end of that flush, and flushes only if the change is still missing. So all threads that wait during
/// one flush share the next. This is group commit, without a thread of its own.
///
/// No thread holds the lock of this state and the lock of a shard at the same time.
pub(crate) struct Flusher<R: Resolver> {
    state: Mutex<State<R>>,
    flushed: Condvar,
}

type BoxedStore<R> = Box<dyn Store<<R as Resolver>::State, <R as Resolver>::Effect>>;

struct State<R: Resolver> {
    /// `None` while a thread flushes, and after a failure.
    store: Option<BoxedStore<R>>,
    shards: Vec<Held>,
    failed: Option<FlushError>,
}

const POISONED: &str = "nothing panics while this lock is held";

/// The extent of a shard's stored state.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The stored changes.
    pub(super) seen: VersionVector,
    /// The number of stored changes that are not in the saved table, and that a restart applies again.
    pub(super) to_apply: usize,
    /// The number of keys in the saved table.
    pub(super) keys: usize,
    /// The number of origins that the stored state expects.
    pub(super) origins: u16,
}

/// A shard is saved whole once the store has this number of changes to apply, or as many as the saved table has keys,
/// if that is more. A stored change then costs O(1) amortized, and a restart applies no more changes than that, and
/// those of one flush.
const MOST_TO_APPLY: usize = 4096;

/// The changes of a shard that the store lacks.
pub(crate) struct Lack<R: Resolver> {
    seen: VersionVector,
    origins: u16,
    part: Part<R>,
}

impl<R: Resolver> Lack<R> {
    /// Whether it is the whole shard.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.part, Part::Whole(_))
    }
}

enum Part<R: Resolver> {
    Changes(Vec<Change<R::Effect>>),
    Whole(Saved<R::State, R::Effect>),
}

impl Held {
    /// The changes of the shard `replica` that the store lacks; `None` if it lacks none. O(log), or O(keys log keys) to
    /// save the shard whole.
    pub(crate) fn lack<R: Resolver>(&self, replica: &Replica<R>) -> Option<Lack<R>> {
        let seen = replica.digest();
        if *seen == self.seen {
            return None;
        }
        let origins = replica.origins();
        let whole = !self.seen.covers(replica.truncated())
            || self.to_apply >= MOST_TO_APPLY.max(self.keys)
            // The changes may be those of a new origin, which the stored state does not expect.
            || origins != self.origins;
        let part = if whole {
            Part::Whole(replica.saved())
        } else {
            Part::Changes(replica.log().filter(|change| !self.seen.contains(change.dot)).cloned().collect())
        };
        Some(Lack { seen: seen.clone(), origins, part })
    }

    /// Notes that the store now has these changes.
    fn take<R: Resolver>(&mut self, Lack { seen, origins, part }: Lack<R>) {
        (self.seen, self.origins) = (seen, origins);
        match part {
            Part::Changes(changes) => self.to_apply += changes.len(),
            Part::Whole(saved) => (self.to_apply, self.keys) = (0, saved.table.table.len()),
        }
    }
}

impl<R: Resolver> Flusher<R> {
    pub(super) fn new(store: BoxedStore<R>, shards: Vec<Held>) -> Flusher<R> {
        let state = State { store: Some(store), shards, failed: None };
        Flusher { state: Mutex::new(state), flushed: Condvar::new() }
    }

    /// Returns once `enough` is true of the stored changes of `shard`. `lack` returns the changes of a shard that the
    /// store lacks.
    ///
    /// # Errors
    /// If this flush or an earlier one failed, or `enough` is false after a flush by this thread.
    pub(crate) fn flush(
        &self,
        shard: usize,
        enough: impl Fn(&VersionVector) -> bool,
        lack: impl Fn(usize, &Held) -> Option<Lack<R>>,
    ) -> Result<(), FlushError> {
        let mut state = self.lock();
        let mut all_flushed = false;
        while !state.shards.get(shard).is_some_and(|held| enough(&held.seen)) {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if all_flushed {
                return Err(FlushError::Unseen);
            }
            state = match state.store.take() {
                Some(store) => {
                    all_flushed = true;
                    self.flush_all(state, store, &lack)
                }
                None => self.flushed.wait(state).expect(POISONED),
            };
        }
        Ok(())
    }

    /// Waits for the end of a flush, and closes the store. Every later flush fails.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        while state.store.is_none() && state.failed.is_none() {
            state = self.flushed.wait(state).expect(POISONED);
        }
        state.store = None;
        state.failed.get_or_insert(FlushError::Crashed);
        self.flushed.notify_all();
    }

    /// Flushes all shards. Meanwhile other threads can lock the state and wait.
    fn flush_all<'a>(
        &'a self,
        state: MutexGuard<'a, State<R>>,
        mut store: BoxedStore<R>,
        lack: impl Fn(usize, &Held) -> Option<Lack<R>>,
    ) -> MutexGuard<'a, State<R>> {
        let shards = state.shards.clone();
        drop(state);
        let turn = Turn(self);
        let lacks = shards.iter().enumerate().filter_map(|(shard, held)| Some((shard, lack(shard, held)?)));
        let lacks: Vec<(usize, Lack<R>)> = lacks.collect();
        let written = write(&mut *store, &lacks);
        let mut state = self.lock();
        match written {
            Ok(()) => {
                lacks.into_iter().for_each(|(shard, lack)| state.shards[shard].take(lack));
                state.store = Some(store);
            }
            Err(error) => state.failed = Some(FlushError::Store(Arc::new(error))),
        }
        drop(state);
        drop(turn);
        self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().expect(POISONED)
    }
}

/// A thread's turn to flush. Its end wakes the waiting threads, also if the store or a rule has panicked.
struct Turn<'a, R: Resolver>(&'a Flusher<R>);

impl<R: Resolver> Drop for Turn<'_, R> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().failed = Some(FlushError::Panicked);
        }
        self.0.flushed.notify_all();
    }
}

fn write<R: Resolver>(
    store: &mut dyn Store<R::State, R::Effect>,
    lacks: &[(usize, Lack<R>)],
) -> Result<(), StoreError> {
    if lacks.is_empty() {
        return Ok(());
    }
    for (shard, lack) in lacks {
        match &lack.part {
            Part::Changes(changes) => store.append(*shard, changes)?,
            Part::Whole(saved) => store.save(*shard, saved)?,
        }
    }
    store.sync()
}
