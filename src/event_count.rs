//! How threads wait for a change at a master: [`EventCount`].

use super::sync::{Condvar, Mutex};
use std::time::Duration;

/// How many notifications there have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// Wakes threads that wait for work. A thread reads the epoch, then looks for work, then waits for the epoch to end. A
/// notification between the look and the wait ends the epoch, so the wait returns at once and no wake-up is missed. A
/// notification while no thread waits makes no system call.
pub(crate) struct EventCount {
    state: Mutex<State>,
    condition: Condvar,
}

#[derive(Default)]
struct State {
    epoch: u64,
    waiting: u32,
}

const POISONED: &str = "nothing panics while this lock is held";

impl EventCount {
    pub(crate) fn new() -> EventCount {
        EventCount { state: Mutex::default(), condition: Condvar::new() }
    }

    /// The epoch that the next notification ends.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.state.lock().expect(POISONED).epoch)
    }

    /// Ends the epoch and wakes all threads that wait.
    pub(crate) fn notify(&self) {
        let mut state = self.state.lock().expect(POISONED);
        state.epoch += 1;
        let waiting = state.waiting;
        drop(state);
        // Skip the notification if no thread waits: it would cost a system call.
        if waiting > 0 {
            self.condition.notify_all();
        }
    }

    /// Waits until `epoch` has ended, or until `timeout`. May return early: the caller looks for work again.
    pub(crate) fn wait(&self, epoch: Epoch, timeout: Duration) {
        let mut state = self.state.lock().expect(POISONED);
        if state.epoch == epoch.0 {
            state.waiting += 1;
            let (mut state, _) = self.condition.wait_timeout(state, timeout).expect(POISONED);
            state.waiting -= 1;
        }
    }
}
