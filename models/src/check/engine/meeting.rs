//! The point at which the threads of a search wait for each other: [`Meeting`].

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A barrier that lets all threads go once one of them has panicked.
pub(super) struct Meeting {
    threads: usize,
    state: Mutex<Here>,
    all_here: Condvar,
}

struct Here {
    waiting: usize,
    /// The number of times that all threads have met.
    met: u64,
    broken: bool,
}

/// Breaks the meeting if its thread panics.
pub(super) struct Attendance<'a>(&'a Meeting);

impl Drop for Attendance<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.locked().broken = true;
            self.0.all_here.notify_all();
        }
    }
}

impl Meeting {
    pub(super) fn of(threads: usize) -> Meeting {
        Meeting { threads, state: Mutex::new(Here { waiting: 0, met: 0, broken: false }), all_here: Condvar::new() }
    }

    /// Each thread keeps this as long as the others may wait for it.
    pub(super) fn attend(&self) -> Attendance<'_> {
        Attendance(self)
    }

    /// Waits until all threads have called this. `None` if one of them has panicked.
    pub(super) fn wait(&self) -> Option<()> {
        let mut here = self.locked();
        here.waiting += 1;
        if here.waiting == self.threads {
            here.waiting = 0;
            here.met += 1;
            self.all_here.notify_all();
            return (!here.broken).then_some(());
        }
        let met = here.met;
        while here.met == met && !here.broken {
            here = self.all_here.wait(here).unwrap_or_else(PoisonError::into_inner);
        }
        (!here.broken).then_some(())
    }

    fn locked(&self) -> MutexGuard<'_, Here> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
