//! The parts that states are made of, and their numbers, which the threads of a search share: [`Parts`].

use super::masters::{Ghost, Local};
use super::{Numbered, Tables};
use crate::history::Write;
use crate::node::{Envelope, content_hash};
use crate::world::DigestSent;
use crate::world::cluster::Pasts;
use multimaster::{Key, Reading, VersionVector};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The values of each kind by number. A value refers to others by numbers that were given before its own.
#[derive(Clone, Default)]
pub(crate) struct Parts {
    pub(crate) locals: Numbered<Local>,
    pub(crate) digests: Numbered<VersionVector>,
    pub(crate) envelopes: Numbered<Arc<Envelope>>,
    pub(crate) digests_sent: Numbered<DigestSent<u32>>,
    pub(crate) histories: Numbered<Ghost>,
    /// A master's readings, in key order.
    pub(super) readings: Numbered<Vec<(Key, Reading)>>,
    pub(super) writes_made: Numbered<Arc<Write>>,
    /// The causal pasts of writes across shards; number 0 is for no writes.
    pub(crate) pasts: Numbered<Pasts>,
}

/// The parts that the threads of a search have found together.
pub(super) type Shared = Arc<Mutex<Parts>>;

fn locked(shared: &Mutex<Parts>) -> MutexGuard<'_, Parts> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Parts {
    fn catch_up(&mut self, all: &Parts) {
        let Parts { locals, digests, envelopes, digests_sent, histories, readings, writes_made, pasts } = self;
        locals.catch_up(&all.locals);
        digests.catch_up(&all.digests);
        envelopes.catch_up(&all.envelopes);
        digests_sent.catch_up(&all.digests_sent);
        histories.catch_up(&all.histories);
        readings.catch_up(&all.readings);
        writes_made.catch_up(&all.writes_made);
        pasts.catch_up(&all.pasts);
    }
}

/// The table of one kind.
pub(super) type Of<T> = fn(&mut Parts) -> &mut Numbered<T>;

impl Tables {
    /// The number of the value with this hash for which `is` is true; if it is new, `make` makes it from its number.
    ///
    /// The threads of a search have tables of their own, and share the numbers: only a value that is new to a thread's
    /// tables is looked up in the shared ones, under a lock. Few steps find one.
    pub(super) fn numbered<T: Clone>(
        &mut self,
        of: Of<T>,
        hash: u64,
        is: impl Fn(&T) -> bool,
        make: impl FnOnce(u32) -> T,
    ) -> u32 {
        if let Some(known) = of(&mut self.parts).find(hash, &is) {
            return known;
        }
        let add = |table: &mut Numbered<T>| table.add(hash, make(table.next()));
        let Some(shared) = &self.shared else { return add(of(&mut self.parts)) };
        let all = &mut *locked(shared);
        let number = of(all).find(hash, &is).unwrap_or_else(|| add(of(all)));
        self.parts.catch_up(all);
        number
    }

    /// The number of this value.
    pub(super) fn number<T: Clone + Hash + PartialEq>(&mut self, of: Of<T>, value: &T) -> u32 {
        self.numbered(of, content_hash(value), |known| known == value, |_| value.clone())
    }

    /// The number of the causal pasts of writes across shards.
    pub(crate) fn pasts_number(&mut self, pasts: &Pasts) -> u32 {
        self.number(|parts| &mut parts.pasts, pasts)
    }

    /// Tables for another thread: with the same parts, whose numbers are shared from now on.
    pub(crate) fn fork(&mut self) -> Tables {
        let shared = Arc::clone(self.shared.get_or_insert_with(|| Arc::new(Mutex::new(self.parts.clone()))));
        let mut parts = self.parts.clone();
        parts.catch_up(&locked(&shared));
        Tables {
            edges: Arc::clone(&self.edges),
            cuts: Arc::clone(&self.cuts),
            remembers: self.remembers,
            most: self.most,
            parts,
            shared: Some(shared),
            selections: self.selections.clone(),
            outboxes: self.outboxes.clone(),
            steps: self.steps.clone(),
            joined: self.joined.clone(),
            judged: self.judged.clone(),
        }
    }

    /// Takes over the parts that other threads have found.
    pub(crate) fn catch_up(&mut self) {
        if let Some(shared) = &self.shared {
            self.parts.catch_up(&locked(shared));
        }
    }
}
