//! Identifies states by a 64-bit hash whose key is drawn anew in each run.
//!
//! The hash is multilinear (Carter and Wegman, "Universal classes of hash functions", 1979), computed as by Lemire and
//! Kaser ("Strongly universal string hashing is fast", 2014): the upper half of the sum of each word times a random
//! number of 128 bits. It is proven that two different sequences of words collide under at most one key in 2^64. So
//! without the key nobody can choose two states that collide, and the probability that any two of `n` states collide is
//! at most `n^2 / 2^65`: 1 in 90,000 for 20 million states. A wider hash would take more memory for each state.

use std::array;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// The number of random multipliers kept in memory.
const AT_HAND: usize = 64;

/// The random multipliers of the words.
pub(crate) struct Key {
    numbers: [u128; AT_HAND],
    /// Derives the multipliers of the words beyond `AT_HAND`.
    source: RandomState,
}

impl Key {
    /// A random key.
    pub(crate) fn random() -> Key {
        let source = RandomState::new();
        Key { numbers: array::from_fn(|place| drawn(&source, place)), source }
    }

    /// The hash under this key.
    pub(crate) fn hash<T: Hash>(&self, value: &T) -> u64 {
        let mut hasher = KeyedHasher { key: self, sum: 0, place: 0 };
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[inline]
    fn number(&self, place: usize) -> u128 {
        self.numbers.get(place).copied().unwrap_or_else(|| drawn(&self.source, place))
    }
}

fn drawn(source: &RandomState, place: usize) -> u128 {
    u128::from(source.hash_one((place, 0))) << 64 | u128::from(source.hash_one((place, 1)))
}

/// An upper bound on the probability that any two of so many values have the same hash.
pub(crate) fn chance_of_one_hash(values: usize) -> f64 {
    (values as f64).powi(2) / 2f64.powi(65)
}

struct KeyedHasher<'k> {
    key: &'k Key,
    sum: u128,
    place: usize,
}

impl Hasher for KeyedHasher<'_> {
    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.sum = self.sum.wrapping_add(self.key.number(self.place).wrapping_mul(word.into()));
        self.place += 1;
    }

    /// Eight bytes a word. The last word holds up to seven bytes and their number.
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = 1 + rest.len() as u8;
        self.write_u64(u64::from_le_bytes(last));
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }

    #[inline]
    fn write_u16(&mut self, word: u16) {
        self.write_u64(word.into());
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    /// Adds one more word, a 1, so that no two sequences differ only in trailing zeros.
    #[inline]
    fn finish(&self) -> u64 {
        (self.sum.wrapping_add(self.key.number(self.place)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_hash_depends_on_the_value_and_the_key() {
        let value = ("seat", vec![1u32, 2, 3], Some(7u8));
        let key = Key::random();
        assert_eq!(key.hash(&value), key.hash(&value.clone()));
        let hashes: BTreeSet<u64> = (0..100).map(|_| Key::random().hash(&value)).collect();
        assert_eq!(hashes.len(), 100);
    }

    #[test]
    fn different_values_have_different_hashes() {
        // These differ only in zeros, in the end of a part, or in a late byte.
        let mut values: Vec<Vec<u8>> = (0..200).map(|length| vec![0; length]).collect();
        values.extend((1..200).map(|length| [vec![0; length - 1], vec![1]].concat()));
        values.extend([b"abcdefg".to_vec(), b"abcdefg\x07".to_vec(), b"abcdefg\x08".to_vec()]);
        let key = Key::random();
        let hashes: BTreeSet<u64> = values.iter().map(|value| key.hash(value)).collect();
        assert_eq!(hashes.len(), values.len());
        let split = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")].map(|value| key.hash(&value));
        assert_eq!(BTreeSet::from(split).len(), split.len());
        let signs: BTreeSet<u64> = (-500..500).map(|number: i64| key.hash(&number)).collect();
        assert_eq!(signs.len(), 1000);
    }

    #[test]
    fn the_collision_bound_is_quadratic() {
        assert_eq!(chance_of_one_hash(0), 0.0);
        assert!(chance_of_one_hash(20_000_000) < 1.0 / 90_000.0);
        assert_eq!(chance_of_one_hash(2_000_000), 4.0 * chance_of_one_hash(1_000_000));
    }
}
