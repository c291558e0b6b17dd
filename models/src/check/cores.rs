//! The cores of the machine, which the explorations of this process share.
//!
//! Each exploration runs on one thread as long as its levels are small. Once a level is large, it takes the cores that
//! are idle at that time. So many scenarios are explored side by side, a single one on all cores, and the last of many
//! on those that the others have left. No verdict, count or path depends on the number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

static GIVEN: OnceLock<usize> = OnceLock::new();
static ALL: LazyLock<usize> =
    LazyLock::new(|| GIVEN.get().copied().or(std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1));
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// Some cores that are in use until this is dropped.
pub(crate) struct Busy(usize);

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Sets the number of threads on which this process explores, in place of the number of cores. It must be called before
/// the first exploration; later calls have no effect.
pub fn set_threads(threads: usize) {
    let _ = GIVEN.set(threads.max(1));
}

/// The number of threads on which this process explores: by default, that of the available cores.
pub fn threads() -> usize {
    *ALL
}

/// A core for the calling thread, even if none is idle.
pub(crate) fn one() -> Busy {
    BUSY.fetch_add(1, Ordering::Relaxed);
    Busy(1)
}

/// No core.
pub(crate) fn none() -> Busy {
    Busy(0)
}

/// The cores that are idle.
pub(crate) fn idle() -> Busy {
    let mut taken = 0;
    // The closure never refuses.
    let _ = BUSY.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |busy| {
        taken = threads().saturating_sub(busy);
        Some(busy + taken)
    });
    Busy(taken)
}

impl Busy {
    /// The number of these cores.
    pub(crate) fn count(&self) -> usize {
        self.0
    }
}
