//! The set of states found, and the list of those at one depth.

use hashbrown::hash_table::{self, HashTable};

/// The states found, by hash, numbered in the order of discovery.
#[derive(Default)]
pub(super) struct Visited(HashTable<Entry>);

/// Hash and number, in 12 bytes: a `u64` and a `u32` would take 16.
struct Entry([u32; 2], u32);

impl Entry {
    fn hash(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }
}

impl Visited {
    const MUCH: u64 = 1 << 20;

    /// The number of the state with this hash, and whether it is new; `None` if it is new and `most` states are
    /// numbered already.
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

    /// The number of bytes that the table will allocate for the next new state; `None` if it need not grow, or by less
    /// than a MiB.
    pub(super) fn growth(&self) -> Option<u64> {
        // At most seven eighths of the buckets are in use. Each has a control byte. Growing doubles their number.
        let buckets = self.0.capacity() as u64 * 8 / 7;
        let bytes = 2 * buckets * (size_of::<Entry>() as u64 + 1);
        (self.0.len() == self.0.capacity() && bytes >= Self::MUCH).then_some(bytes)
    }
}

/// The states at one depth, in pieces. A piece is freed once its states have been expanded.
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
