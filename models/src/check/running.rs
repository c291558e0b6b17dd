//! The explorations of this process while they run: their progress, and their interruption.
//!
//! A signal concerns the whole process, so this state is global: an interruption stops the explorations of all threads,
//! and each ends with the verdicts that it has found.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static FOUND: AtomicU64 = AtomicU64::new(0);
static DEPTH: AtomicUsize = AtomicUsize::new(0);
static FRONTIER: AtomicUsize = AtomicUsize::new(0);

/// The progress of the explorations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// States and histories found, or events and steps replayed, since the process started.
    pub found: u64,
    /// The depth of the exploration that reported last.
    pub depth: usize,
    /// The number of states that it has found and not expanded.
    pub frontier: usize,
}

/// The flag that stops every exploration once it is true. A signal handler may set it.
pub fn interruption() -> &'static Arc<AtomicBool> {
    &INTERRUPTED
}

/// Whether the explorations must stop.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Reads the progress.
pub fn progress() -> Progress {
    Progress {
        found: FOUND.load(Ordering::Relaxed),
        depth: DEPTH.load(Ordering::Relaxed),
        frontier: FRONTIER.load(Ordering::Relaxed),
    }
}

/// Counts so many more states, histories, events or steps.
pub fn count(found: u64) {
    FOUND.fetch_add(found, Ordering::Relaxed);
}

/// Reports the depth of an exploration and its number of states found and not expanded.
pub(crate) fn is_at(depth: usize, frontier: usize) {
    DEPTH.store(depth, Ordering::Relaxed);
    FRONTIER.store(frontier, Ordering::Relaxed);
}
