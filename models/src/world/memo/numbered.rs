//! Values that are kept once each, by number: [`Numbered`].

use crate::node::content_hash;
use hashbrown::HashTable;
use std::borrow::Borrow;
use std::hash::Hash;
use std::ops::Index;

/// Values that are kept once each.
pub(crate) struct Numbered<T> {
    values: Vec<T>,
    /// The numbers of the values, by the hash of the content that identifies each.
    numbers: HashTable<Place>,
}

/// The place of a value, and its hash, so that a table that grows need not compute the hash again.
struct Place {
    hash: u64,
    number: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), numbers: HashTable::new() }
    }
}

impl<T> Numbered<T> {
    /// The number of the value with this hash for which `is` is true, if it is known.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        let known = self.numbers.find(hash, |place| place.hash == hash && is(&self.values[place.number as usize]));
        known.map(|place| place.number)
    }

    /// Numbers a value that is not yet known, under this hash.
    pub(crate) fn add(&mut self, hash: u64, value: T) -> u32 {
        let number = self.next();
        self.values.push(value);
        self.numbers.insert_unique(hash, Place { hash, number }, |place| place.hash);
        number
    }

    /// The number of the value that equals `content`, which `make` gives if it is new.
    pub(crate) fn number<C: Hash + PartialEq + ?Sized>(&mut self, content: &C, make: impl FnOnce() -> T) -> u32
    where
        T: Borrow<C>,
    {
        let hash = content_hash(content);
        self.find(hash, |value| value.borrow() == content).unwrap_or_else(|| self.add(hash, make()))
    }

    /// The number that the next new value will have.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.values.len()).expect("an exploration ends once a table is full")
    }
}

impl<T> Index<u32> for Numbered<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}
