//! The answer to a client's write: [`Written`], or a [`WriteError`].

use crate::{Dot, Refusal};
use std::fmt;

/// An acknowledged write: its dot, and the shard in which to [wait](crate::Master::wait_for) for it at another master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Written {
    /// The shard that holds its key.
    pub shard: usize,
    /// Its dot in that shard.
    pub dot: Dot,
}

/// Why a write failed. It has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The rule refused the operation, or the logical clock is exhausted.
    Refused(Refusal),
    /// The master has been [closed](crate::Master::close).
    Closed,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Refused(_) => f.write_str("the write is refused"),
            WriteError::Closed => f.write_str("the master is closed to writes"),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Refused(refusal) => Some(refusal),
            WriteError::Closed => None,
        }
    }
}
