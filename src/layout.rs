//! How a cluster's keys are spread over shards: [`Layout`].

use std::fmt;
use std::hash::BuildHasher;

/// How many shards every master of a cluster divides its keys into.
///
/// A shard is a separate replica, with its own lock, log and version vectors, so that many threads can write to one
/// master at once. The price is causal order: **within a shard, no write is seen before a write that it had seen;
/// across shards, it may be.** Keys that must be seen in order must share a shard, as all keys do if there is one
/// shard.
///
/// The number of shards and the function that assigns keys to them are constants of a cluster. Masters that differ in them
/// [cannot be joined](crate::HandshakeError).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u16", into = "u16"))]
pub struct Layout {
    shards: u16,
}

/// The seed of the hash function that assigns keys to shards: the same at every master, for ever.
const SEED: u64 = 0x6d75_6c74_696d_7374;

impl Default for Layout {
    /// 16 shards.
    fn default() -> Self {
        Layout { shards: 16 }
    }
}

impl Layout {
    /// The most shards there can be.
    pub const MOST: u16 = 1024;

    /// A layout of this many shards.
    ///
    /// # Errors
    /// If there are none, or more than [`MOST`](Self::MOST).
    pub fn of(shards: u16) -> Result<Layout, LayoutError> {
        if (1..=Self::MOST).contains(&shards) { Ok(Layout { shards }) } else { Err(LayoutError(shards)) }
    }

    /// How many shards there are.
    #[inline]
    pub fn shards(self) -> usize {
        usize::from(self.shards)
    }

    /// The shard that holds `key`.
    #[inline]
    pub fn shard_of(self, key: &str) -> usize {
        self.shard_of_hashed(key.into())
    }

    #[inline]
    pub(crate) fn shard_of_hashed(self, key: HashedKey<'_>) -> usize {
        // With one shard, the lock need not wait for the hash.
        if self.shards == 1 {
            return 0;
        }
        // The high half: the table in the shard picks its bucket by the low bits of the same hash.
        let high = key.hash >> 32;
        ((high * u64::from(self.shards)) >> 32) as usize
    }
}

/// A key with its hash, computed once: it picks the shard, and the bucket in the shard's table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HashedKey<'k> {
    pub(crate) key: &'k str,
    pub(crate) hash: u64,
}

impl<'k> From<&'k str> for HashedKey<'k> {
    #[inline]
    fn from(key: &'k str) -> Self {
        HashedKey { key, hash: key_hash(key) }
    }
}

#[inline]
pub(crate) fn key_hash(key: &str) -> u64 {
    foldhash::fast::FixedState::with_seed(SEED).hash_one(key)
}

/// A number of shards that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayoutError(u16);

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} shards: a master has from 1 to {}", self.0, Layout::MOST)
    }
}

impl std::error::Error for LayoutError {}

impl TryFrom<u16> for Layout {
    type Error = LayoutError;

    fn try_from(shards: u16) -> Result<Layout, LayoutError> {
        Layout::of(shards)
    }
}

impl From<Layout> for u16 {
    fn from(layout: Layout) -> u16 {
        layout.shards
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_assigned_evenly_and_always_alike() {
        let layout = Layout::default();
        let mut counts = vec![0; layout.shards()];
        for n in 0..16_000 {
            counts[layout.shard_of(&format!("key{n}"))] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
        // Pinned: another function would be another cluster.
        assert_eq!(key_hash("multimaster"), 0x0010_a3bc_c027_f7ee);
        assert_eq!(Layout::of(1).map(|one| one.shard_of("any")), Ok(0));
        assert!(Layout::of(0).is_err() && Layout::of(1025).is_err());
    }
}
