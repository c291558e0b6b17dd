//! Identifies states by a fingerprint of 64 or 128 bits: a hash whose key is drawn anew in each run.
//!
//! The hash is multilinear (Carter and Wegman, "Universal classes of hash functions", 1979), computed as by Lemire and
//! Kaser ("Strongly universal string hashing is fast", 2014): the upper half of the sum of each word times a random
//! number of 128 bits. It is proven that two different sequences of words collide under at most one key in 2^64. So
//! without the key nobody can choose two states that collide, and the probability that any two of `n` states collide is
//! at most `n^2 / 2^65`: 1 in 90,000 for 20 million states. Two hashes under two keys make a fingerprint of 128 bits,
//! which is eight bytes longer.

use std::array;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

/// The number of random multipliers kept in memory.
const AT_HAND: usize = 64;

/// The random multipliers of the words.
pub(crate) struct Key {
    numbers: [u128; AT_HAND],
    /// The number that all multipliers are derived from.
    seed: u128,
    /// The key of the second hash, if fingerprints have 128 bits.
    second: Option<Box<Key>>,
}

impl Key {
    /// A random key.
    pub(crate) fn random() -> Key {
        Key::from_seed(random_seed())
    }

    pub(crate) fn from_seed(seed: u128) -> Key {
        Key { numbers: array::from_fn(|place| drawn(seed, place)), seed, second: None }
    }

    /// The same key, for fingerprints of 128 bits.
    pub(crate) fn wide(self) -> Key {
        let second = Some(Box::new(Key::from_seed(!self.seed)));
        Key { second, ..self }
    }

    /// The hash under this key.
    pub(crate) fn hash<T: Hash>(&self, value: &T) -> u64 {
        let mut hasher = KeyedHasher { key: self, sum: 0, place: 0 };
        value.hash(&mut hasher);
        hasher.finish()
    }

    /// The fingerprint under this key.
    #[inline]
    pub(crate) fn fingerprint<T: Hash>(&self, value: &T) -> u128 {
        let low = u128::from(self.hash(value));
        self.second.as_ref().map_or(low, |second| u128::from(second.hash(value)) << 64 | low)
    }

    #[inline]
    fn number(&self, place: usize) -> u128 {
        self.numbers.get(place).copied().unwrap_or_else(|| drawn(self.seed, place))
    }
}

/// 128 random bits.
pub(crate) fn random_seed() -> u128 {
    let source = RandomState::new();
    u128::from(source.hash_one(0)) << 64 | u128::from(source.hash_one(1))
}

fn drawn(seed: u128, place: usize) -> u128 {
    let half = |half: u8| {
        let mut hasher = DefaultHasher::new();
        (seed, place, half).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// An upper bound on the probability that any two of this many values have the same fingerprint.
pub(crate) fn chance_of_one_hash(values: usize, wide: bool) -> f64 {
    (values as f64).powi(2) / 2f64.powi(if wide { 129 } else { 65 })
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
        assert_eq!(chance_of_one_hash(0, false), 0.0);
        assert!(chance_of_one_hash(20_000_000, false) < 1.0 / 90_000.0);
        assert_eq!(chance_of_one_hash(2_000_000, false), 4.0 * chance_of_one_hash(1_000_000, false));
        assert!(chance_of_one_hash(300_000_000, true) < 1e-21);
    }

    #[test]
    fn a_wide_fingerprint_is_two_hashes() {
        let (narrow, wide) = (Key::from_seed(7), Key::from_seed(7).wide());
        let fingerprints = ["a", "b"].map(|value| wide.fingerprint(&value));
        assert_eq!(fingerprints.map(|both| both as u64), ["a", "b"].map(|value| narrow.hash(&value)));
        assert_ne!(fingerprints[0] >> 64, fingerprints[1] >> 64);
        assert_ne!(fingerprints[0] >> 64, u128::from(fingerprints[0] as u64));
    }
}
