//! The set of states found, and the queue of those to be expanded.

use hashbrown::hash_table::{self, HashTable};
use std::collections::VecDeque;
use std::vec;

/// The states found of one partition, by fingerprint, each with its number.
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
    fn new(fingerprint: u64, number: u32) -> Entry {
        Entry([(fingerprint >> 32) as u32, fingerprint as u32], number)
    }

    fn fingerprint(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }

    /// The place within a table, from bits other than those that select the table.
    fn place(&self) -> u64 {
        self.fingerprint().rotate_left(32)
    }
}

/// The partition, out of `of`, to which a state with this fingerprint belongs. It depends on other bits than the place
/// in a table.
#[inline]
pub(super) fn partition(fingerprint: u64, of: usize) -> usize {
    (usize::from(fingerprint as u16) * of) >> 16
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
    /// The number of a fingerprint's bits that select its table.
    const UPPER: u32 = 12;
    const MUCH: u64 = 1 << 16;

    #[inline]
    fn table(&self, fingerprint: u64) -> usize {
        usize::from(self.table_of[(fingerprint >> (u64::BITS - Self::UPPER)) as usize])
    }

    /// The number of the state with this fingerprint, and whether it is new. A new one gets the number `next`; `None`
    /// if there is no such number.
    #[inline]
    pub(super) fn number(&mut self, fingerprint: u64, next: Option<u32>) -> Option<(u32, bool)> {
        self.last = self.table(fingerprint);
        let is = |entry: &Entry| entry.fingerprint() == fingerprint;
        match self.tables[self.last].entry(fingerprint.rotate_left(32), is, Entry::place) {
            hash_table::Entry::Occupied(known) => Some((known.get().1, false)),
            hash_table::Entry::Vacant(place) => {
                let number = next?;
                place.insert(Entry::new(fingerprint, number));
                self.states += 1;
                Some((number, true))
            }
        }
    }

    /// The number of the state with this fingerprint; `None` if it has not been found.
    #[inline]
    pub(super) fn get(&self, fingerprint: u64) -> Option<u32> {
        let table = &self.tables[self.table(fingerprint)];
        table.find(fingerprint.rotate_left(32), |entry| entry.fingerprint() == fingerprint).map(|entry| entry.1)
    }

    /// Adds a state that has not been found.
    #[inline]
    pub(super) fn add(&mut self, fingerprint: u64, number: u32) {
        let table = self.table(fingerprint);
        let entry = Entry::new(fingerprint, number);
        self.tables[table].insert_unique(entry.place(), entry, Entry::place);
        self.states += 1;
    }

    /// The states, divided into this many partitions.
    pub(super) fn divided(self, of: usize) -> Vec<Visited> {
        let mut parts: Vec<Visited> = (0..of).map(|_| Visited::default()).collect();
        for entry in self.tables.into_iter().flatten() {
            parts[partition(entry.fingerprint(), of)].add(entry.fingerprint(), entry.1);
        }
        parts
    }

    /// The number of bytes that the table of the last state will allocate for its next new one; `None` if it need not
    /// grow, or by less than 64 KiB.
    pub(super) fn growth(&self) -> Option<u64> {
        Self::growth_of(&self.tables[self.last], 1)
    }

    /// As [`growth`](Self::growth), of all tables, for so many more states.
    pub(super) fn growth_for(&self, more: usize) -> u64 {
        // The widest range is less than twice as wide as the mean.
        let share = 2 * more / Self::TABLES + 1;
        self.tables.iter().filter_map(|table| Self::growth_of(table, share)).sum()
    }

    fn growth_of(table: &HashTable<Entry>, more: usize) -> Option<u64> {
        // At most seven eighths of the buckets are in use. Each has a control byte. Growing doubles their number.
        let buckets = table.capacity() as u64 * 8 / 7;
        let bytes = 2 * buckets * (size_of::<Entry>() as u64 + 1);
        (table.len() + more > table.capacity() && bytes >= Self::MUCH).then_some(bytes)
    }
}

/// States to be expanded, in order, in pieces. A piece is freed once its states have been taken out.
pub(super) struct Queue<S> {
    first: vec::IntoIter<S>,
    pieces: VecDeque<Vec<S>>,
    length: usize,
}

impl<S> Default for Queue<S> {
    fn default() -> Self {
        Queue { first: Vec::new().into_iter(), pieces: VecDeque::new(), length: 0 }
    }
}

impl<S> Queue<S> {
    const PIECE: usize = 256;

    pub(super) fn push(&mut self, state: S) {
        self.length += 1;
        match self.pieces.back_mut() {
            Some(piece) if piece.len() < Self::PIECE => piece.push(state),
            _ => {
                let mut piece = Vec::with_capacity(Self::PIECE);
                piece.push(state);
                self.pieces.push_back(piece);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn pop(&mut self) -> Option<S> {
        if self.first.len() == 0 {
            self.first = self.pieces.pop_front()?.into_iter();
        }
        self.length -= 1;
        self.first.next()
    }
}

/// States of one partition to be expanded, in the order of their numbers.
pub(super) struct Placed<S> {
    numbers: VecDeque<u32>,
    states: Queue<S>,
}

impl<S> Default for Placed<S> {
    fn default() -> Self {
        Placed { numbers: VecDeque::new(), states: Queue::default() }
    }
}

impl<S> Placed<S> {
    /// Adds a state, whose number [follows](Self::number).
    pub(super) fn push(&mut self, state: S) {
        self.states.push(state);
    }

    /// Gives the next states that have none their numbers.
    pub(super) fn number(&mut self, numbers: impl IntoIterator<Item = u32>) {
        self.numbers.extend(numbers);
    }

    /// Takes the first state out if its number is below `end`.
    pub(super) fn pop_below(&mut self, end: usize) -> Option<(u32, S)> {
        self.numbers.front().filter(|number| (**number as usize) < end)?;
        self.numbers.pop_front().zip(self.states.pop())
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
            assert_eq!(visited.number(fingerprint, Some(state as u32)), Some((state as u32, true)));
            assert_eq!(visited.number(fingerprint, None), Some((state as u32, false)));
            if state > 50_000 {
                let buckets: usize = visited.tables.iter().map(|table| table.capacity() * 8 / 7).sum();
                largest = largest.max((buckets * (size_of::<Entry>() + 1)) as f64 / state as f64);
            }
        }
        assert_eq!((visited.states, visited.number(1, None)), (300_000, None));
        assert!((19.0..22.5).contains(&largest), "{largest} bytes a state");
    }
}
