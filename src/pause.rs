//! How long a link pauses between rounds: [`Pause`].

use std::mem;
use std::time::Duration;

/// The longest pause, as a multiple of the shortest.
const MOST: u32 = 8;

/// The pause doubles while each round carries as many changes as a full message, and is the shortest after any other
/// round. So a client that waits for one write does not wait long, and clients that write much are interrupted less
/// often.
pub(crate) struct Pause {
    shortest: Duration,
    last: Duration,
    /// How many changes make a message full.
    batch: usize,
    /// How many changes this round has carried.
    carried: usize,
    /// Whether a message of this round was full.
    full: bool,
}

impl Pause {
    pub(crate) fn new(shortest: Duration, batch: usize) -> Pause {
        Pause { shortest, last: shortest, batch, carried: 0, full: false }
    }

    /// Notes that a message with this many changes was sent in this round.
    pub(crate) fn carried(&mut self, changes: usize) {
        self.carried += changes;
        self.full |= changes >= self.batch;
    }

    /// Ends the round, and returns the pause after it; `None` if writes come faster than the link carries them.
    pub(crate) fn end_round(&mut self) -> Option<Duration> {
        let much = mem::take(&mut self.carried) >= self.batch;
        self.last = if much { (2 * self.last).min(MOST * self.shortest) } else { self.shortest };
        let full = mem::take(&mut self.full);
        (!full && !self.shortest.is_zero()).then_some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_while_rounds_carry_much() {
        let mut pause = Pause::new(Duration::from_micros(100), 10);
        let pauses = [true, true, true, true, true, false, true].map(|much| {
            for _ in 0..if much { 2 } else { 1 } {
                pause.carried(5);
            }
            pause.end_round().map(|pause| pause.as_micros())
        });
        assert_eq!(pauses, [200, 400, 800, 800, 800, 100, 200].map(Some));
    }

    #[test]
    fn a_round_with_a_full_message_is_followed_by_no_pause() {
        let mut pause = Pause::new(Duration::from_micros(100), 10);
        pause.carried(10);
        assert_eq!(pause.end_round(), None);
        assert_eq!(Pause::new(Duration::ZERO, 10).end_round(), None);
    }
}
