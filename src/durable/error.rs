//! The errors of stores, and of masters on them.

use crate::{Key, RestoreError, WriteError, Written};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

type Cause = Box<dyn Error + Send + Sync>;

/// The error of a [`Store`](super::Store).
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk failed, or another process has the store open.
    Disk(Cause),
    /// The content cannot be read back.
    Damaged {
        /// The place that cannot be read.
        place: String,
        /// The cause.
        cause: Cause,
    },
    /// A state or an effect cannot be encoded as JSON.
    Encode(Cause),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Disk(_) => f.write_str("cannot read or write the store"),
            StoreError::Damaged { place, .. } => write!(f, "the store is damaged at {place}"),
            StoreError::Encode(_) => f.write_str("a state or an effect cannot be stored as JSON"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StoreError::Disk(cause) | StoreError::Damaged { cause, .. } | StoreError::Encode(cause) => Some(&**cause),
        }
    }
}

/// The error of [`Master::open`](crate::Master::open). The stored state is unchanged.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The store failed.
    Store(StoreError),
    /// The store has another number of shards.
    Shards {
        /// The number in the given options.
        expected: usize,
        /// The number in the store.
        found: usize,
    },
    /// A shard cannot be restored: the store is damaged, or belongs to another master, rule or number of masters.
    Shard {
        /// The shard.
        shard: usize,
        /// The reason.
        error: RestoreError,
    },
    /// A shard holds a key that belongs to another shard.
    Misplaced {
        /// The shard that holds the key.
        shard: usize,
        /// The key.
        key: Key,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Store(_) => f.write_str("the store failed"),
            OpenError::Shards { expected, found } => write!(f, "the store has {found} shards, not {expected}"),
            OpenError::Shard { shard, .. } => write!(f, "shard {shard} of the store cannot be restored"),
            OpenError::Misplaced { shard, key } => {
                write!(f, "shard {shard} of the store holds the key `{}` of another shard", key.escape_debug())
            }
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            OpenError::Store(error) => Some(error),
            OpenError::Shard { error, .. } => Some(error),
            OpenError::Shards { .. } | OpenError::Misplaced { .. } => None,
        }
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> OpenError {
        OpenError::Store(error)
    }
}

/// The error of a flush. After a failure of the store, every later flush of this master fails too, and the master sends
/// no more messages. [Open](crate::Master::open) it again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FlushError {
    /// The store failed, in this flush or an earlier one.
    Store(Arc<StoreError>),
    /// The store, or the rule, panicked in a flush.
    Panicked,
    /// The master was not [opened](crate::Master::open) on a store.
    NoStore,
    /// The master has not seen the write.
    Unseen,
    /// The master has [crashed](crate::Cluster::crash).
    Crashed,
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlushError::Store(_) => f.write_str("the store has failed"),
            FlushError::Panicked => f.write_str("the store or the rule has panicked"),
            FlushError::NoStore => f.write_str("the master has no store"),
            FlushError::Unseen => f.write_str("the master has not seen the write"),
            FlushError::Crashed => f.write_str("the master has crashed"),
        }
    }
}

impl Error for FlushError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            FlushError::Store(error) => Some(&**error),
            FlushError::Panicked | FlushError::NoStore | FlushError::Unseen | FlushError::Crashed => None,
        }
    }
}

/// The error of [`Master::write_flushed`](crate::Master::write_flushed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WriteFlushedError {
    /// The write failed: nothing has changed.
    Write(WriteError),
    /// The write is applied and reads show it, but it may not be on disk.
    Flush {
        /// The applied write.
        written: Written,
        /// Why the flush failed.
        error: FlushError,
    },
}

impl fmt::Display for WriteFlushedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteFlushedError::Write(_) => f.write_str("the write failed"),
            WriteFlushedError::Flush { written, .. } => {
                write!(f, "the write {} is applied, but may not be on disk", written.dot)
            }
        }
    }
}

impl Error for WriteFlushedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            WriteFlushedError::Write(error) => Some(error),
            WriteFlushedError::Flush { error, .. } => Some(error),
        }
    }
}
