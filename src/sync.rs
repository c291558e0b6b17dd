//! The locks and threads of a running cluster: the standard library's.
//!
//! `master.rs`, `event_count.rs`, `link.rs` and `cluster.rs` take theirs from here and from nowhere else, by `super::sync`,
//! so that `src/interleavings/` can compile them once more over those of a checker of interleavings. So does
//! `durable/flusher.rs`, for `durable/interleavings.rs`.

pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread;
