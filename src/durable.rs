//! Masters that restart from disk: a [`Store`], and a [`Master`](crate::Master) that is [opened](crate::Master::open)
//! on one. Needs the feature `durable`.
//!
//! ```
//! use multimaster::durable::LogStore;
//! use multimaster::{LastWriteWins, Master, MasterId, Options, Reading, Topology};
//!
//! # let temporary = tempfile::tempdir()?;
//! # let folder = temporary.path().join("a");
//! let (a, pair) = (MasterId(0), Topology::all_to_all(2)?);
//! let master = Master::open(a, LastWriteWins, &pair, &Options::default(), LogStore::open(&folder)?)?;
//! master.set_flushed("hello", "world")?;
//! drop(master); // or the power fails
//!
//! let master = Master::open(a, LastWriteWins, &pair, &Options::default(), LogStore::open(&folder)?)?;
//! assert_eq!(master.get("hello"), Reading::Value("world".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Levels.** A write is acknowledged as *applied* ([`Master::set`](crate::Master::set)) or as *flushed*
//! ([`Master::set_flushed`](crate::Master::set_flushed)). A power cut can undo an applied write, but no
//! flushed write: `set_flushed` returns after the write is on disk. Writers that wait at the same time share one sync.
//!
//! **What is sent is on disk.** Before a master with a store sends a push, a snapshot or a digest, it flushes all that
//! the message reflects. So its store is never older than its messages: it issues no dot twice, and to its neighbours a
//! power cut looks like the loss of the messages in flight.
//!
//! **The store is one more neighbour.** A master knows which changes the store holds, and a flush appends those that
//! the store lacks, in the order in which the master has seen them. If the log no longer holds them, the flush saves
//! the shard whole, as a neighbour would be sent a snapshot.

mod error;
mod flusher;
mod folder;
#[cfg(test)]
mod interleavings;
mod line;
mod log_store;
mod master;

pub use error::{FlushError, OpenError, StoreError, WriteFlushedError};
pub(crate) use flusher::{Flusher, Held, Lack};
pub use folder::Storage;
pub use log_store::LogStore;

use crate::{Change, Saved, sync};

/// Durable storage for the shards of a master. [`LogStore`] stores them in a folder.
///
/// One thread at a time calls the store. After an error the content of the disk is unknown, and the master makes no
/// further call until the store is opened and [loaded](Self::load) again.
pub trait Store<S, E>: Send {
    /// Each shard as last [synced](Self::sync), in order. Empty if nothing was ever synced.
    ///
    /// # Errors
    /// If the store cannot be read, or is damaged.
    fn load(&mut self) -> Result<Vec<Saved<S, E>>, StoreError>;

    /// Adds changes to the [log](Saved::log) of a shard, in order.
    ///
    /// # Errors
    /// If a change cannot be encoded, or the store cannot be written.
    fn append(&mut self, shard: usize, changes: &[Change<E>]) -> Result<(), StoreError>;

    /// Replaces the stored state of a shard.
    ///
    /// # Errors
    /// If the state cannot be encoded, or the store cannot be written.
    fn save(&mut self, shard: usize, saved: &Saved<S, E>) -> Result<(), StoreError>;

    /// Puts on disk, as a whole or not at all, everything that was appended and saved since the last call.
    ///
    /// # Errors
    /// If the store cannot be written. It is then unknown whether the appended and saved data is on disk.
    fn sync(&mut self) -> Result<(), StoreError>;
}
