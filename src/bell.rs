//! What threads sleep by that wait for something new at a master: [`Bell`].

use crate::sync::{Condvar, Mutex};
use std::time::Duration;

/// How often the bell has rung: whoever [sleeps](crate::Master::sleep) from then on is woken by the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard(u64);

/// What sleepers are woken by. Who is about to sleep listens first, and looks for work then: what comes after the look
/// rings, and having rung since is noticed. So no wake-up is missed, and a writer nobody waits for rings nothing.
pub(crate) struct Bell {
    rung: Mutex<Rung>,
    condition: Condvar,
}

#[derive(Default)]
struct Rung {
    times: u64,
    sleepers: u32,
}

const BELL: &str = "nothing panics with the bell in hand";

impl Bell {
    pub(crate) fn new() -> Bell {
        Bell { rung: Mutex::default(), condition: Condvar::new() }
    }

    /// How often it has rung by now.
    pub(crate) fn listen(&self) -> Heard {
        Heard(self.rung.lock().expect(BELL).times)
    }

    /// Wakes all who sleep.
    pub(crate) fn ring(&self) {
        let mut rung = self.rung.lock().expect(BELL);
        rung.times += 1;
        let sleepers = rung.sleepers;
        drop(rung);
        // To wake nobody is a call to the system all the same.
        if sleepers > 0 {
            self.condition.notify_all();
        }
    }

    /// Sleeps until it has rung since it was `heard`, or `patience` has ended.
    pub(crate) fn wait(&self, heard: Heard, patience: Duration) {
        let mut rung = self.rung.lock().expect(BELL);
        if rung.times == heard.0 {
            rung.sleepers += 1;
            // Woken too late or for no reason, the caller looks again all the same.
            let (mut rung, _) = self.condition.wait_timeout(rung, patience).expect(BELL);
            rung.sleepers -= 1;
        }
    }
}
