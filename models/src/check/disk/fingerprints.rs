//! The fingerprints of states in memory: [`Fingerprints`].

use super::{Fault, Found, Sorted};
use hashbrown::hash_table::{self, HashTable};
use std::ops::Range;
use std::{array, slice, vec};

/// The states found, by fingerprint, numbered in the order of discovery.
///
/// They are divided among tables as in `engine/visited.rs`, so that memory grows evenly: at 19 to 22 bytes a state, and
/// 12 to 14 more if fingerprints are wide.
pub(crate) struct Fingerprints {
    tables: Width,
    found: usize,
    held: usize,
}

/// The tables for fingerprints of 64 or of 128 bits.
enum Width {
    Of64(Tables<2>),
    Of128(Tables<4>),
}

struct Tables<const WORDS: usize> {
    tables: Vec<HashTable<Entry<WORDS>>>,
    /// By the upper bits of a fingerprint, its table.
    table_of: Box<[u8]>,
    /// The table of the fingerprint that was looked up last.
    last: usize,
}

/// Fingerprint and number, in 12 bytes (20 with wide fingerprints): a `u64` and a `u32` would take 16.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<const WORDS: usize> {
    /// The words of the entry, the highest first.
    words: [u32; WORDS],
    number: u32,
}

impl<const WORDS: usize> Entry<WORDS> {
    fn new(fingerprint: u128, number: u32) -> Self {
        Entry { words: array::from_fn(|place| (fingerprint >> (32 * (WORDS - 1 - place))) as u32), number }
    }

    fn fingerprint(&self) -> u128 {
        self.words.iter().fold(0, |fingerprint, word| fingerprint << 32 | u128::from(*word))
    }

    /// The place within a table, from bits other than those that select the table.
    fn place(&self) -> u64 {
        u64::from(self.words[1]) << 32 | u64::from(self.words[0])
    }
}

impl<const WORDS: usize> Tables<WORDS> {
    const TABLES: usize = 64;
    /// The number of a fingerprint's bits that select its table.
    const UPPER: u32 = 12;

    fn new() -> Self {
        let share = |upper: usize| (upper as f64 / (1 << Self::UPPER) as f64 + 1.0).log2();
        let table_of = (0..1 << Self::UPPER).map(|upper| (share(upper) * Self::TABLES as f64) as u8);
        let tables = (0..Self::TABLES).map(|_| HashTable::new()).collect();
        Tables { tables, table_of: table_of.collect(), last: 0 }
    }

    /// The number of the state with this fingerprint; `None` if it is new, and has been given the number `next`.
    fn number(&mut self, fingerprint: u128, next: Option<u32>) -> Option<Option<u32>> {
        let entry = Entry::new(fingerprint, next.unwrap_or(0));
        self.last = usize::from(self.table_of[(entry.words[0] >> (u32::BITS - Self::UPPER)) as usize]);
        let is = |known: &Entry<WORDS>| known.words == entry.words;
        match self.tables[self.last].entry(entry.place(), is, Entry::place) {
            hash_table::Entry::Occupied(known) => Some(Some(known.get().number)),
            hash_table::Entry::Vacant(place) => {
                next?;
                place.insert(entry);
                Some(None)
            }
        }
    }

    /// The bytes that the last table will allocate for its next new state; `None` if it need not grow.
    fn growth(&self) -> Option<u64> {
        // At most seven eighths of the buckets are in use. Each has a control byte. Growing doubles their number.
        let table = &self.tables[self.last];
        let buckets = table.capacity() as u64 * 8 / 7;
        (table.len() == table.capacity()).then_some(2 * buckets * (size_of::<Entry<WORDS>>() as u64 + 1))
    }

    fn sorted(&self, numbers: Range<u32>) -> InOrder<'_, WORDS> {
        let mut in_order = InOrder { tables: self.tables.iter(), numbers, entries: Vec::new().into_iter() };
        in_order.load();
        in_order
    }
}

/// The entries with these numbers in the order of their fingerprints, table by table.
struct InOrder<'a, const WORDS: usize> {
    tables: slice::Iter<'a, HashTable<Entry<WORDS>>>,
    numbers: Range<u32>,
    entries: vec::IntoIter<Entry<WORDS>>,
}

impl<const WORDS: usize> InOrder<'_, WORDS> {
    fn load(&mut self) {
        while self.entries.as_slice().is_empty()
            && let Some(table) = self.tables.next()
        {
            let wanted = table.iter().filter(|entry| self.numbers.contains(&entry.number));
            let mut entries: Vec<_> = wanted.copied().collect();
            entries.sort_unstable();
            self.entries = entries.into_iter();
        }
    }
}

impl<const WORDS: usize> Sorted for InOrder<'_, WORDS> {
    fn head(&self) -> Option<Found> {
        self.entries.as_slice().first().map(|entry| (entry.fingerprint(), entry.number))
    }

    fn advance(&mut self) -> Result<(), Fault> {
        self.entries.next();
        self.load();
        Ok(())
    }
}

impl Fingerprints {
    const MUCH: u64 = 1 << 16;

    /// No states. Fingerprints have 64 bits, or 128 if they are `wide`.
    pub(crate) fn new(wide: bool) -> Fingerprints {
        let tables = if wide { Width::Of128(Tables::new()) } else { Width::Of64(Tables::new()) };
        Fingerprints { tables, found: 0, held: 0 }
    }

    /// The number of the state with this fingerprint, and whether it is new; `None` if it is new and `most` states are
    /// numbered already.
    pub(crate) fn number(&mut self, fingerprint: u128, most: u32) -> Option<(u32, bool)> {
        let next = u32::try_from(self.found).ok().filter(|number| *number < most);
        let known = match &mut self.tables {
            Width::Of64(tables) => tables.number(fingerprint, next)?,
            Width::Of128(tables) => tables.number(fingerprint, next)?,
        };
        if known.is_none() {
            self.found += 1;
            self.held += 1;
        }
        Some((known.or(next)?, known.is_none()))
    }

    /// The number of states found.
    pub(crate) fn len(&self) -> usize {
        self.found
    }

    /// The number of states in the tables: those found since the tables were [freed](Self::free).
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// The number of bytes that the table of the last state will allocate for its next new one; `None` if it need not
    /// grow, or by less than 64 KiB.
    pub(crate) fn growth(&self) -> Option<u64> {
        let bytes = match &self.tables {
            Width::Of64(tables) => tables.growth(),
            Width::Of128(tables) => tables.growth(),
        };
        bytes.filter(|bytes| *bytes >= Self::MUCH)
    }

    /// The states in the tables with these numbers, in the order of their fingerprints.
    pub(crate) fn sorted(&self, numbers: Range<u32>) -> Box<dyn Sorted + '_> {
        match &self.tables {
            Width::Of64(tables) => Box::new(tables.sorted(numbers)),
            Width::Of128(tables) => Box::new(tables.sorted(numbers)),
        }
    }

    /// Forgets all states, but not their number. The tables keep their memory.
    pub(crate) fn free(&mut self) {
        match &mut self.tables {
            Width::Of64(tables) => tables.tables.iter_mut().for_each(HashTable::clear),
            Width::Of128(tables) => tables.tables.iter_mut().for_each(HashTable::clear),
        }
        self.held = 0;
    }

    /// Forgets all states and frees the memory of the tables; continues with the number `found`.
    pub(crate) fn restart(&mut self, found: usize) {
        *self = Fingerprints { found, ..Fingerprints::new(matches!(self.tables, Width::Of128(_))) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_evenly() {
        let (mut visited, mut largest) = (Fingerprints::new(false), 0.0f64);
        for state in 0..300_000u32 {
            let fingerprint = fingerprint(state).into();
            assert_eq!(visited.number(fingerprint, u32::MAX), Some((state, true)));
            assert_eq!(visited.number(fingerprint, u32::MAX), Some((state, false)));
            if let (Width::Of64(tables), 50_000..) = (&visited.tables, state) {
                let buckets: usize = tables.tables.iter().map(|table| table.capacity() * 8 / 7).sum();
                largest = largest.max((buckets * (size_of::<Entry<2>>() + 1)) as f64 / f64::from(state));
            }
        }
        assert_eq!((visited.len(), visited.number(1, 300_000)), (300_000, None));
        assert!((19.0..22.5).contains(&largest), "{largest} bytes a state");
    }

    fn fingerprint(state: u32) -> u64 {
        let mixed = u64::from(state).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    #[test]
    fn states_come_in_the_order_of_their_fingerprints() {
        for wide in [false, true] {
            let mut visited = Fingerprints::new(wide);
            let of = |state| u128::from(fingerprint(state)) << if wide { 64 } else { 0 } | u128::from(state % 2);
            for state in 0..5000 {
                visited.number(of(state), u32::MAX);
            }
            let mut expected: Vec<Found> = (1000..3000).map(|state| (of(state), state)).collect();
            expected.sort_unstable();
            let mut found = Vec::new();
            let mut sorted = visited.sorted(1000..3000);
            while let Some(head) = sorted.head() {
                found.push(head);
                sorted.advance().unwrap();
            }
            drop(sorted);
            assert!(found == expected);
            visited.free();
            assert_eq!((visited.held(), visited.number(of(7), u32::MAX)), (0, Some((5000, true))));
        }
    }
}
