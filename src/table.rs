//! What a master keeps for every key: [`Table`].

use crate::Key;
use crate::layout::key_hash;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::{Serialize, Serializer};
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};

/// States by key. Inside it is a hash table; whatever can be observed (iteration, equality, hash, serialization) goes in
/// key order, so that two tables that hold the same are the same, however they came to hold it. A key whose state is the
/// default is not held.
#[derive(Clone)]
pub(crate) struct Table<S> {
    rows: HashTable<Row<S>>,
}

#[derive(Clone)]
struct Row<S> {
    key: Key,
    state: S,
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Table { rows: HashTable::new() }
    }
}

impl<S: Default + PartialEq> Table<S> {
    /// The state of `key`, if it is not the default.
    pub(crate) fn get(&self, key: &str) -> Option<&S> {
        self.rows.find(key_hash(key), |row| row.key == key).map(|row| &row.state)
    }

    /// Alters the state of `key`, the default if there is none, and holds or drops it by what it has become. `hash` is
    /// the key's. O(1).
    #[inline]
    pub(crate) fn alter<T>(&mut self, hash: u64, key: &str, alter: impl FnOnce(&Key, &mut S) -> T) -> T {
        match self.rows.entry(hash, |row| row.key == key, |row| key_hash(&row.key)) {
            Entry::Occupied(mut entry) => {
                let row = entry.get_mut();
                let answer = alter(&row.key, &mut row.state);
                if row.state == S::default() {
                    entry.remove();
                }
                answer
            }
            Entry::Vacant(place) => {
                let mut row = Row { key: Key::from(key), state: S::default() };
                let answer = alter(&row.key, &mut row.state);
                if row.state != S::default() {
                    place.insert(row);
                }
                answer
            }
        }
    }

    /// Reads the rows that keys of these hashes have, or one of them where two share a tag, so that they are in the cache
    /// when they are altered: one after the other each look-up would wait for memory, here they wait together (as in
    /// Chen et al., "Improving hash join performance through prefetching", ICDE 2004).
    #[inline]
    pub(crate) fn touch(&self, hashes: &[u64]) {
        let lengths = hashes.iter().filter_map(|hash| self.rows.find(*hash, |_| true)).map(|row| row.key.len());
        std::hint::black_box(lengths.fold(0, usize::wrapping_add));
    }

    /// All states that are not the default, by key, in order. O(keys log keys).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &S)> {
        self.in_order().into_iter().map(|row| (&row.key, &row.state))
    }
}

impl<S> Table<S> {
    fn in_order(&self) -> SmallVec<[&Row<S>; 8]> {
        let mut rows: SmallVec<[&Row<S>; 8]> = self.rows.iter().collect();
        rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        rows
    }
}

impl<S: PartialEq> PartialEq for Table<S> {
    fn eq(&self, other: &Self) -> bool {
        let same = |row: &Row<S>| {
            let there = other.rows.find(key_hash(&row.key), |held| held.key == row.key);
            there.is_some_and(|there| there.state == row.state)
        };
        self.rows.len() == other.rows.len() && self.rows.iter().all(same)
    }
}

impl<S: Eq> Eq for Table<S> {}

impl<S: Hash> Hash for Table<S> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_usize(self.rows.len());
        for row in self.in_order() {
            (&row.key, &row.state).hash(hasher);
        }
    }
}

impl<S: Serialize> Serialize for Table<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        serializer.collect_map(self.in_order().into_iter().map(|row| (&row.key, &row.state)))
    }
}

impl<S: fmt::Debug> fmt::Debug for Table<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.in_order().into_iter().map(|row| (&row.key, &row.state))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn two_orders_of_insertion_make_one_table() {
        let filled = |numbers: &mut dyn Iterator<Item = u32>| {
            let mut table = Table::default();
            for n in numbers {
                let key = format!("key{n}");
                table.alter(key_hash(&key), &key, |_, state| *state = n);
            }
            table
        };
        let (up, down) = (filled(&mut (1..500)), filled(&mut (1..500).rev()));
        let hasher = RandomState::new();
        assert_eq!(up, down);
        assert_eq!(hasher.hash_one(&up), hasher.hash_one(&down));
        assert_eq!(serde_json::to_string(&up).ok(), serde_json::to_string(&down).ok());
        assert!(up.iter().eq(down.iter()) && up.iter().is_sorted());
        assert_eq!(format!("{up:?}"), format!("{down:?}"));
    }

    #[test]
    fn what_becomes_the_default_is_no_longer_held() {
        let mut table = Table::default();
        table.alter(key_hash("k"), "k", |_, state| *state = 1);
        assert_eq!(table.get("k"), Some(&1));
        table.alter(key_hash("k"), "k", |_, state| *state = 0);
        assert_eq!((table.get("k"), &table), (None, &Table::default()));
    }
}
