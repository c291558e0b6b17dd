//! The set of states found, and the list of those at one depth.

use hashbrown::hash_table::{self, HashTable};

/// The states found, by fingerprint, numbered in the order of discovery.
///
/// They are divided among tables by range of fingerprint. The ranges have different widths, from one to nearly two in
/// geometric progression, so the tables double at different times: the memory of all of them grows evenly, at 19 to 22
/// bytes a state, and doubling a table needs little more.
pub(super) struct Visited {
    tables: Vec<HashTable<Entry>>,
    /// By the upper bits of a fingerprint, its table.
    table_of: Box<[u8]>,
    states: usize,
    /// The table of the state that was numbered last.
    last: usize,
}

/// Fingerprint and number, in 12 bytes: a `u64` and a `u32` would take 16.
struct Entry([u32; 2], u32);

impl Entry {
    fn fingerprint(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }

    /// The place within a table: bits that do not say which table it is.
    fn place(&self) -> u64 {
        self.fingerprint().rotate_left(32)
    }
}

impl Default for Visited {
    fn default() -> Self {
        let share = |upper: usize| (upper as f64 / (1 << Self::UPPER) as f64 + 1.0).log2();
        let table_of = (0..1 << Self::UPPER).map(|upper| (share(upper) * Self::TABLES as f64) as u8);
        let tables = (0..Self::TABLES).map(|_| HashTable::new()).collect();
        Visited { tables, table_of: table_of.collect(), states: 0, last: 0 }
    }
}

impl Visited {
    const TABLES: usize = 64;
    /// The number of a fingerprint's bits that say in which table it is.
    const UPPER: u32 = 12;
    const MUCH: u64 = 1 << 16;

    /// The number of the state with this fingerprint, and whether it is new; `None` if it is new and `most` states are
    /// numbered already.
    pub(super) fn number(&mut self, fingerprint: u64, most: u32) -> Option<(u32, bool)> {
        let found = self.states;
        self.last = usize::from(self.table_of[(fingerprint >> (u64::BITS - Self::UPPER)) as usize]);
        let is = |entry: &Entry| entry.fingerprint() == fingerprint;
        match self.tables[self.last].entry(fingerprint.rotate_left(32), is, Entry::place) {
            hash_table::Entry::Occupied(known) => Some((known.get().1, false)),
            hash_table::Entry::Vacant(place) => {
                let number = u32::try_from(found).ok().filter(|number| *number < most)?;
                place.insert(Entry([(fingerprint >> 32) as u32, fingerprint as u32], number));
                self.states += 1;
                Some((number, true))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.states
    }

    /// The number of bytes that the table of the last state will allocate for its next new one; `None` if it need not
    /// grow, or by less than 64 KiB.
    pub(super) fn growth(&self) -> Option<u64> {
        // At most seven eighths of the buckets are in use. Each has a control byte. Growing doubles their number.
        let table = &self.tables[self.last];
        let buckets = table.capacity() as u64 * 8 / 7;
        let bytes = 2 * buckets * (size_of::<Entry>() as u64 + 1);
        (table.len() == table.capacity() && bytes >= Self::MUCH).then_some(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_evenly() {
        let (mut visited, mut largest) = (Visited::default(), 0.0f64);
        for state in 0..300_000u64 {
            let fingerprint =
                state.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            assert_eq!(visited.number(fingerprint, u32::MAX), Some((state as u32, true)));
            assert_eq!(visited.number(fingerprint, u32::MAX), Some((state as u32, false)));
            if state > 50_000 {
                let buckets: usize = visited.tables.iter().map(|table| table.capacity() * 8 / 7).sum();
                largest = largest.max((buckets * (size_of::<Entry>() + 1)) as f64 / state as f64);
            }
        }
        assert_eq!((visited.len(), visited.number(1, 300_000)), (300_000, None));
        assert!((19.0..22.5).contains(&largest), "{largest} bytes a state");
    }
}
