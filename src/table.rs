//! The states of all keys of a master: [`Table`].

use crate::Key;
use crate::layout::{HashedKey, key_hash};
use hashbrown::HashTable;
use hashbrown::hash_table::OccupiedEntry;
use prefetch_index::prefetch_index;
use smallvec::SmallVec;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::slice;

/// States by key, in a hash table. All observable behaviour (iteration, equality, hash, serialization) is in key order.
/// So tables with the same states are equal, however they came about. A key with the default state is not stored.
#[derive(Clone)]
pub(crate) struct Table<S> {
    rows: HashTable<Row<S>>,
}

/// A key and its state. The alignment keeps the row of a register within one cache line.
#[derive(Clone)]
#[repr(align(64))]
struct Row<S> {
    key: Key,
    state: S,
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Table { rows: HashTable::new() }
    }
}

/// Whether two keys are equal. `==` calls `memcmp`, and for a short key the call costs more than the comparison. So
/// keys of 8 to 16 bytes are compared inline, as two halves that may overlap.
#[inline(always)]
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    match (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        (Some(first), Some(last)) if one.len() <= 16 => {
            one.len() == other.len() && other.first_chunk() == Some(first) && other.last_chunk() == Some(last)
        }
        _ => one == other,
    }
}

impl<S: Default + PartialEq> Table<S> {
    /// The state of `key`, if it is not the default.
    pub(crate) fn get(&self, HashedKey { key, hash }: HashedKey<'_>) -> Option<&S> {
        self.rows.find(hash, |row| same(&row.key, key)).map(|row| &row.state)
    }

    /// The state of `key`, the default if there is none, to be altered and put back. O(1).
    #[inline(always)]
    pub(crate) fn take(&mut self, HashedKey { key, hash }: HashedKey<'_>) -> Taken<'_, S> {
        self.prefetch_home(hash);
        let entry = match self.rows.find_entry(hash, |row| same(&row.key, key)) {
            Ok(entry) => entry,
            Err(absent) => {
                let row = Row { key: Key::from(key), state: S::default() };
                absent.into_table().insert_unique(hash, row, |row| key_hash(&row.key))
            }
        };
        Taken(entry)
    }

    /// Alters the state of `key`, the default if there is none. O(1).
    #[inline(always)]
    pub(crate) fn alter<T>(&mut self, key: HashedKey<'_>, alter: impl FnOnce(&mut S) -> T) -> T {
        let mut taken = self.take(key);
        let (_, state) = taken.row();
        let answer = alter(state);
        taken.put_back();
        answer
    }

    /// Prefetches the row of a key with this hash. In a table that is larger than the caches, a miss takes as long as all
    /// other work on a change: the caller prefetches the rows of several keys before it alters the first (as in Chen et
    /// al., "Improving hash join performance through prefetching", ICDE 2004).
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        self.prefetch_home(hash);
        // Two keys may share a tag, so this may be the wrong row.
        self.rows.find_bucket_index(hash, |row| {
            prefetch_index(slice::from_ref(&row.key), 0);
            prefetch_index(slice::from_ref(&row.state), 0);
            true
        });
    }

    /// Prefetches the home bucket of a key with this hash, before the tags are probed: most rows are in their home
    /// bucket.
    #[inline(always)]
    pub(crate) fn prefetch_home(&self, hash: u64) {
        let mask = self.rows.num_buckets().wrapping_sub(1);
        if let Some(row) = self.rows.get_bucket(hash as usize & mask) {
            prefetch_index(slice::from_ref(&row.key), 0);
        }
    }
}

/// A key's row while its state is altered. [`put_back`](Self::put_back) must follow.
pub(crate) struct Taken<'a, S: Default + PartialEq>(OccupiedEntry<'a, Row<S>>);

impl<S: Default + PartialEq> Taken<'_, S> {
    /// The key and its state.
    #[inline]
    pub(crate) fn row(&mut self) -> (&Key, &mut S) {
        let row = self.0.get_mut();
        (&row.key, &mut row.state)
    }

    /// Removes the row if its state has become the default.
    #[inline]
    pub(crate) fn put_back(self) {
        if self.0.get().state == S::default() {
            self.0.remove();
        }
    }
}

impl<S: Default + PartialEq> Table<S> {
    /// Replaces each state in these buckets for which `smaller` has another, and calls `reduced` with its key.
    pub(crate) fn reduce(
        &mut self,
        buckets: Range<usize>,
        smaller: impl Fn(&S) -> Option<S>,
        mut reduced: impl FnMut(&Key),
    ) {
        for bucket in buckets.start..buckets.end.min(self.buckets()) {
            let Some(row) = self.rows.get_bucket_mut(bucket) else { continue };
            let Some(state) = smaller(&row.state) else { continue };
            reduced(&row.key);
            row.state = state;
            if let Ok(row) = self.rows.get_bucket_entry(bucket) {
                Taken(row).put_back();
            }
        }
    }

    /// Gives memory back if most of it is unused. O(keys) then.
    pub(crate) fn give_back(&mut self) {
        if self.rows.len() < self.rows.capacity() / 4 {
            self.rows.shrink_to(2 * self.rows.len(), |row| key_hash(&row.key));
        }
    }
}

impl<S> Table<S> {
    /// The number of states, and of those for which there is memory.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.rows.capacity())
    }

    /// The number of buckets, occupied or not.
    pub(crate) fn buckets(&self) -> usize {
        self.rows.num_buckets()
    }

    /// All states that are not the default, by key, in order. O(keys log keys).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &S)> {
        self.in_order().into_iter().map(|row| (&row.key, &row.state))
    }

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
                table.alter(key.as_str().into(), |state| *state = n);
            }
            table
        };
        let (up, down) = (filled(&mut (1..500)), filled(&mut (1..500).rev()));
        let hasher = RandomState::new();
        assert_eq!(up, down);
        assert_eq!(hasher.hash_one(&up), hasher.hash_one(&down));
        assert!(up.iter().eq(down.iter()) && up.iter().is_sorted());
        assert_eq!(format!("{up:?}"), format!("{down:?}"));
    }

    #[test]
    fn keys_are_the_same_if_every_byte_is() {
        for length in 0..40 {
            let key = "k".repeat(length);
            assert!(same(&key, &key.clone()) && !same(&key, &format!("{key}k")) && !same(&format!("{key}k"), &key));
            for place in 0..length {
                let mut other = key.clone();
                other.replace_range(place..=place, "x");
                assert!(!same(&key, &other) && !same(&other, &key), "{key} and {other}");
            }
        }
    }

    #[test]
    fn what_becomes_the_default_is_no_longer_held() {
        let mut table = Table::default();
        for (state, held) in [(1, Some(&1)), (0, None)] {
            table.alter("k".into(), |held| *held = state);
            assert_eq!(table.get("k".into()), held);
        }
        assert_eq!(table, Table::default());
    }
}
