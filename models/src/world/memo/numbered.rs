//! A table of distinct values, by number: [`Numbered`].

use crate::node::content_hash;
use hashbrown::HashTable;
use std::borrow::Borrow;
use std::hash::Hash;
use std::ops::Index;

/// A table that keeps each distinct value once, under a number.
#[derive(Clone)]
pub(crate) struct Numbered<T> {
    values: Vec<T>,
    /// By number, the hash of the content.
    hashes: Vec<u64>,
    /// The numbers of the values, by the hash of the content that identifies each.
    numbers: HashTable<Place>,
}

/// The number of a value, and its hash, so that a growing table need not compute it again.
#[derive(Clone, Copy)]
struct Place {
    hash: u64,
    number: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { values: Vec::new(), hashes: Vec::new(), numbers: HashTable::new() }
    }
}

impl<T> Numbered<T> {
    /// The number of the value with this hash for which `is` is true; `None` if it is new.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<u32> {
        let known = self.numbers.find(hash, |place| place.hash == hash && is(&self.values[place.number as usize]));
        known.map(|place| place.number)
    }

    /// Adds a new value under this hash; returns its number.
    pub(crate) fn add(&mut self, hash: u64, value: T) -> u32 {
        let number = self.next();
        self.values.push(value);
        self.hashes.push(hash);
        self.numbers.insert_unique(hash, Place { hash, number }, |place| place.hash);
        number
    }

    /// The number of the value that equals `content`; if it is new, `make` makes it. Constant time, but for hashing.
    pub(crate) fn number<C: Hash + PartialEq + ?Sized>(&mut self, content: &C, make: impl FnOnce() -> T) -> u32
    where
        T: Borrow<C>,
    {
        let hash = content_hash(content);
        self.find(hash, |value| value.borrow() == content).unwrap_or_else(|| self.add(hash, make()))
    }

    /// Copies the values that `all` has beyond those of this table, under the same numbers.
    pub(super) fn catch_up(&mut self, all: &Numbered<T>)
    where
        T: Clone,
    {
        let known = self.values.len();
        for (value, hash) in all.values[known..].iter().zip(&all.hashes[known..]) {
            self.add(*hash, value.clone());
        }
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
