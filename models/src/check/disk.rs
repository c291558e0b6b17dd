//! The states of a search as bytes, in memory or on disk: a search that needs more memory than it may take moves its
//! states to files and goes on.
//!
//! The states at one depth are a [queue](queue) that is written and read in order. The set of states found begins as a
//! table of fingerprints in memory. When the table may not grow, its fingerprints are written to a [sorted
//! file](runs) and it is emptied: a state reached from then on is only *perhaps* new. At the end of each depth all such
//! states are compared with the sorted files in one pass, and those that were known are dropped.

mod blocks;
mod checkpoint;
mod fingerprints;
mod folder;
mod manifest;
mod queue;
mod runs;
mod store;

pub(crate) use blocks::Fault;
pub(crate) use checkpoint::Checkpoint;
pub(crate) use folder::Folder;
pub(crate) use manifest::Progress;
pub(crate) use runs::{Found, Sorted};
pub(crate) use store::Store;
