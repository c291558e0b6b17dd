//! The explorations of this process while they run: how far they are, and whether they are to stop.
//!
//! A signal is for the whole process, and so is this: a command that is interrupted stops every exploration, in whatever
//! thread, and each ends with what it has found.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static FOUND: AtomicU64 = AtomicU64::new(0);
static DEPTH: AtomicUsize = AtomicUsize::new(0);
static FRONTIER: AtomicUsize = AtomicUsize::new(0);

/// How far the explorations are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// States and histories found, or events replayed, since the process started.
    pub found: u64,
    /// The depth of the exploration that was the last to report.
    pub depth: usize,
    /// How many states it has found and not expanded.
    pub frontier: usize,
}

/// The flag that stops every exploration once it is true: for a signal handler.
pub fn interruption() -> &'static Arc<AtomicBool> {
    &INTERRUPTED
}

/// Whether the explorations are to stop.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// How far they are.
pub fn progress() -> Progress {
    Progress {
        found: FOUND.load(Ordering::Relaxed),
        depth: DEPTH.load(Ordering::Relaxed),
        frontier: FRONTIER.load(Ordering::Relaxed),
    }
}

/// So many more have been found.
pub(crate) fn count(found: u64) {
    FOUND.fetch_add(found, Ordering::Relaxed);
}

/// An exploration is so deep, with so many states found and not expanded.
pub(crate) fn is_at(depth: usize, frontier: usize) {
    DEPTH.store(depth, Ordering::Relaxed);
    FRONTIER.store(frontier, Ordering::Relaxed);
}
