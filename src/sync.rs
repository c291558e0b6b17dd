//! The locks and threads that a running cluster uses: the standard library's.
//!
//! `master.rs`, `link.rs` and `cluster.rs` take theirs from here and from nowhere else, so that a test can compile them once more over
//! those of a checker of interleavings: see `tests/loom.rs` and `tests/shuttle.rs`.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;
