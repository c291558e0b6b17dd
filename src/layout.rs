//! How a cluster's keys are spread over shards: [`Layout`].

use crate::MasterId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::BuildHasher;

/// Into how many shards every master of a cluster divides its keys.
///
/// A shard is a replica of its own: with its own log, dots and version vectors. So masters can be written to by many
/// threads at once, and what this costs is order: **within a shard a write is never seen before what it had seen;
/// between shards it may be.** Keys that must be seen in order belong into one shard, or the cluster has only one.
///
/// The number of shards and the function that picks one are constants of a cluster. Masters that differ in them are
/// told so when they first [greet](Hello) each other, not when keys have gone astray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Layout {
    shards: u16,
}

/// The seed of the function that picks a key's shard: the same at every master, for ever.
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

    /// So many shards.
    ///
    /// # Errors
    /// If that is none, or more than [`MOST`](Self::MOST).
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
    pub fn shard_of<'k>(self, key: impl Into<HashedKey<'k>>) -> usize {
        // One shard is known before the hash is: the lock need not wait for the key.
        if self.shards == 1 {
            return 0;
        }
        many();
        // The high half: a table inside the shard may pick its bucket by the low bits of the same hash.
        let high = key.into().hash >> 32;
        ((high * u64::from(self.shards)) >> 32) as usize
    }
}

/// Where this is called, the other way is what the compiler is to expect.
#[cold]
#[inline(always)]
fn many() {}

/// A key with its hash, so that it is worked out once: it picks the shard, and the place in the shard's table.
#[derive(Clone, Copy, Debug)]
pub struct HashedKey<'k> {
    pub(crate) key: &'k str,
    pub(crate) hash: u64,
}

impl HashedKey<'_> {
    /// The key.
    pub fn as_str(&self) -> &str {
        self.key
    }
}

impl<'k, K: AsRef<str> + ?Sized> From<&'k K> for HashedKey<'k> {
    #[inline]
    fn from(key: &'k K) -> Self {
        let key = key.as_ref();
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

/// What masters tell each other before anything else: the constants that they must share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Who speaks.
    pub from: MasterId,
    /// How many masters the speaker believes there are.
    pub masters: u16,
    /// The speaker's shards.
    pub layout: Layout,
    /// What the speaker's hash function makes of a fixed word: another version of it would spread keys otherwise.
    pub probe: u64,
}

/// Why two masters cannot be joined: in what they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Their topologies have different numbers of masters: ours, and theirs.
    Masters(u16, u16),
    /// They have different numbers of shards: ours, and theirs.
    Shards(usize, usize),
    /// They assign keys to shards by different hash functions.
    KeyHash,
    /// This master is not a neighbour.
    Stranger(MasterId),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::Masters(ours, theirs) => write!(f, "one topology has {ours} masters, the other {theirs}"),
            HandshakeError::Shards(ours, theirs) => write!(f, "one master has {ours} shards, the other {theirs}"),
            HandshakeError::KeyHash => f.write_str("the two masters hash keys differently"),
            HandshakeError::Stranger(id) => write!(f, "{id} is not a neighbour"),
        }
    }
}

impl std::error::Error for HandshakeError {}

impl Hello {
    /// What the master `from` of so many says.
    pub fn new(from: MasterId, masters: u16, layout: Layout) -> Hello {
        Hello { from, masters, layout, probe: key_hash("multimaster") }
    }

    /// Whether who says `theirs` can be joined to who says this.
    ///
    /// # Errors
    /// The first constant in which they differ.
    pub fn agree(&self, theirs: &Hello) -> Result<(), HandshakeError> {
        if self.masters != theirs.masters {
            return Err(HandshakeError::Masters(self.masters, theirs.masters));
        }
        if self.layout != theirs.layout {
            return Err(HandshakeError::Shards(self.layout.shards(), theirs.layout.shards()));
        }
        if self.probe != theirs.probe {
            return Err(HandshakeError::KeyHash);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spread_evenly_and_always_alike() {
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

    #[test]
    fn masters_that_spread_keys_otherwise_are_refused() {
        let ours = Hello::new(MasterId(0), 3, Layout::default());
        assert_eq!(ours.agree(&Hello::new(MasterId(1), 3, Layout::default())), Ok(()));
        assert_eq!(ours.agree(&Hello::new(MasterId(1), 2, Layout::default())), Err(HandshakeError::Masters(3, 2)));
        assert_eq!(ours.agree(&Hello::new(MasterId(1), 3, Layout { shards: 4 })), Err(HandshakeError::Shards(16, 4)));
        assert_eq!(ours.agree(&Hello { probe: 1, ..ours }), Err(HandshakeError::KeyHash));
    }
}
