//! The events to come, in the order of their times: [`Queue`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Events to come. Events of one time come in the order in which they were added, so a run is the same each time.
pub(super) struct Queue<E> {
    heap: BinaryHeap<Reverse<(u64, u64, E)>>,
    added: u64,
}

impl<E: Ord> Queue<E> {
    pub(super) fn new() -> Queue<E> {
        Queue { heap: BinaryHeap::new(), added: 0 }
    }

    pub(super) fn add(&mut self, time: u64, event: E) {
        self.heap.push(Reverse((time, self.added, event)));
        self.added += 1;
    }

    pub(super) fn next(&mut self) -> Option<(u64, E)> {
        self.heap.pop().map(|Reverse((time, _, event))| (time, event))
    }
}
