//! The set of states found, and the list of those at one depth.

use hashbrown::hash_table::{self, HashTable};

/// The states found, by their hashes, with their numbers in the order of finding.
#[derive(Default)]
pub(super) struct Visited(HashTable<Entry>);

/// Hash and number. Twelve bytes: as a `u64` and a `u32` they would take sixteen.
struct Entry([u32; 2], u32);

impl Entry {
    fn hash(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }
}

impl Visited {
    const MUCH: u64 = 1 << 20;

    /// The number of the state with this hash, and whether it is new; `None` if it is new and there are `most` already.
    pub(super) fn number(&mut self, hash: u64, most: u32) -> Option<(u32, bool)> {
        let found = self.0.len();
        match self.0.entry(hash, |entry| entry.hash() == hash, Entry::hash) {
            hash_table::Entry::Occupied(known) => Some((known.get().1, false)),
            hash_table::Entry::Vacant(place) => {
                let number = u32::try_from(found).ok().filter(|number| *number < most)?;
                place.insert(Entry([(hash >> 32) as u32, hash as u32], number));
                Some((number, true))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many bytes the next new state will take at once, beside those that are taken, if the table must grow for it and
    /// that is much.
    pub(super) fn growth(&self) -> Option<u64> {
        // At most seven eighths of its buckets are in use. Each has a byte of its own; they double.
        let buckets = self.0.capacity() as u64 * 8 / 7;
        let bytes = 2 * buckets * (size_of::<Entry>() as u64 + 1);
        (self.0.len() == self.0.capacity() && bytes >= Self::MUCH).then_some(bytes)
    }
}

/// The states at one depth, in pieces: each piece is freed as soon as its states have been expanded.
pub(super) struct Level<S>(Vec<Vec<S>>);

impl<S> Default for Level<S> {
    fn default() -> Self {
        Level(Vec::new())
    }
}

impl<S> Level<S> {
    const PIECE: usize = 256;

    pub(super) fn push(&mut self, state: S) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < Self::PIECE => piece.push(state),
            _ => {
                let mut piece = Vec::with_capacity(Self::PIECE);
                piece.push(state);
                self.0.push(piece);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_states(self) -> impl Iterator<Item = S> {
        self.0.into_iter().flatten()
    }
}
