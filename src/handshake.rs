//! The constants that two masters compare before a link joins them: [`Hello`].

use crate::layout::key_hash;
use crate::{Layout, MasterId};
use std::fmt;

/// The constants that neighbours must share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The master that says this.
    pub(crate) from: MasterId,
    /// The number of masters in its topology.
    pub(crate) masters: u16,
    /// Its shards.
    pub(crate) layout: Layout,
    /// The hash of a fixed key. It differs if a master has another hash function, which would assign keys to other
    /// shards.
    pub(crate) probe: u64,
}

/// Why two masters cannot be joined: the constant in which they differ.
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
            HandshakeError::Masters(ours, theirs) => {
                write!(f, "one topology has {ours} masters, the other {theirs}")
            }
            HandshakeError::Shards(ours, theirs) => write!(f, "one master has {ours} shards, the other {theirs}"),
            HandshakeError::KeyHash => f.write_str("the two masters hash keys differently"),
            HandshakeError::Stranger(id) => write!(f, "{id} is not a neighbour"),
        }
    }
}

impl std::error::Error for HandshakeError {}

impl Hello {
    /// The constants of the master `from`, in a topology of that many masters.
    pub(crate) fn new(from: MasterId, masters: u16, layout: Layout) -> Hello {
        Hello { from, masters, layout, probe: key_hash("multimaster") }
    }

    /// Whether the two masters can be joined.
    ///
    /// # Errors
    /// The first constant in which they differ.
    pub(crate) fn agree(&self, theirs: &Hello) -> Result<(), HandshakeError> {
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
    fn masters_that_assign_keys_differently_are_refused() {
        let four = Layout::of(4).unwrap();
        let ours = Hello::new(MasterId(0), 3, Layout::default());
        assert_eq!(ours.agree(&Hello::new(MasterId(1), 3, Layout::default())), Ok(()));
        assert_eq!(ours.agree(&Hello::new(MasterId(1), 2, Layout::default())), Err(HandshakeError::Masters(3, 2)));
        assert_eq!(ours.agree(&Hello::new(MasterId(1), 3, four)), Err(HandshakeError::Shards(16, 4)));
        assert_eq!(ours.agree(&Hello { probe: 1, ..ours }), Err(HandshakeError::KeyHash));
    }
}
