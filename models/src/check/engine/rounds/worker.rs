//! One thread of a [`Team`](super::Team).

use super::reached::{Ended, Reach};
use super::{Desk, Found, Round, locked};
use crate::check::engine::search::decides;
use crate::check::engine::visited::{Placed, Visited};
use crate::check::engine::watch::{At, Watch};
use crate::check::engine::{Counted, Cut};
use crate::subject::Subject;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// The data of one thread.
pub(super) struct Worker<'m, M: Subject> {
    place: usize,
    model: &'m M,
    /// Its states that are not expanded, in order.
    queue: Placed<M::State>,
    watch: Watch,
    reach: Reach<M>,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

impl<'m, M: Subject> Worker<'m, M> {
    pub(super) fn new(place: usize, model: &'m M, queue: Placed<M::State>, watch: Watch, threads: usize) -> Self {
        Worker { place, model, queue, watch, reach: Reach::of(threads) }
    }

    /// Takes part in all rounds. Calls `conclude` at the end of each. Returns the states that are left.
    pub(super) fn run(mut self, desk: &Desk<'_, M>, conclude: &mut dyn FnMut()) -> Placed<M::State> {
        let _attendance = desk.meeting.attend();
        while self.round(desk, conclude).is_some() {}
        self.queue
    }

    /// Takes part in one round. `None` if there is no round, or if another thread has panicked.
    fn round(&mut self, desk: &Desk<'_, M>, conclude: &mut dyn FnMut()) -> Option<()> {
        let round = (*read(&desk.round))?;
        self.expand(desk, round);
        desk.meeting.wait()?;
        let found = self.sort(desk);
        desk.meeting.wait()?;
        if !desk.is_stopping() {
            self.number(desk, round, found);
        }
        desk.meeting.wait()?;
        if !desk.is_stopping() {
            let numbers = desk.answers.iter().map(|answers| mem::take(&mut *locked(&answers[self.place])));
            self.reach.steps.resolve(&numbers.collect::<Vec<_>>());
        }
        mem::swap(&mut self.reach.steps, &mut locked(&desk.steps[self.place]));
        desk.meeting.wait()?;
        conclude();
        desk.meeting.wait()?;
        mem::swap(&mut self.reach.steps, &mut locked(&desk.steps[self.place]));
        Some(())
    }

    /// Expands the thread's states of this round.
    fn expand(&mut self, desk: &Desk<'_, M>, round: Round) {
        self.model.meet();
        let visited: Vec<RwLockReadGuard<'_, Visited>> = desk.visited.iter().map(read).collect();
        let decided = read(&desk.decided);
        let mut deciding = vec![None; decided.len()];
        self.reach.clear();
        while let Some((number, state)) = self.queue.pop_below(round.to) {
            for ((property, decided), deciding) in desk.properties.iter().zip(&*decided).zip(&mut deciding) {
                if decided.is_none() && deciding.is_none() && decides(self.model, property, &state) {
                    *deciding = Some(number as usize);
                }
            }
            let at = At { states: round.states, frontier: round.states - number as usize, depth: round.depth };
            let (known, most) = (|owner: usize, hash| visited[owner].get(hash), desk.numbers.steps);
            let ended = self.reach.expand(self.model, &desk.key, most, (number, &state), known, || {
                self.watch.stop(at).into_iter().for_each(|cut| desk.stop(cut));
                desk.is_stopping()
            });
            if ended == Ended::Outside {
                desk.outside.store(true, Ordering::Relaxed);
            }
            if self.model.is_full() {
                desk.stop(Cut::Numbers(Counted::Parts));
            }
            if desk.is_stopping() {
                break;
            }
        }
        *locked(&desk.deciding[self.place]) = deciding;
        for (candidates, sent) in self.reach.take().zip(&desk.sent[self.place]) {
            *locked(sent) = candidates;
        }
    }

    /// Sorts the candidates of the partition by the steps that reached them, and keeps the first of each state.
    fn sort(&mut self, desk: &Desk<'_, M>) -> Found {
        let sent = desk.sent.iter().map(|to| mem::take(&mut *locked(&to[self.place])));
        let (found, firsts) = Found::of(sent.collect(), |mut state, from| {
            if from != self.place {
                self.model.adopt(&mut state);
            }
            self.queue.push(state);
        });
        // All partitions may grow at once.
        let growth = read(&desk.visited[self.place]).growth_for(firsts.len()) * desk.threads as u64;
        if let Some(cut) = Some(growth).filter(|bytes| *bytes > 0).and_then(|bytes| self.watch.memory_for(bytes)) {
            desk.stop(cut);
        }
        *desk.firsts[self.place].write().unwrap_or_else(PoisonError::into_inner) = firsts;
        found
    }

    /// Numbers the new states of the partition among those of all partitions.
    fn number(&mut self, desk: &Desk<'_, M>, round: Round, found: Found) {
        let firsts: Vec<RwLockReadGuard<'_, Vec<u64>>> = desk.firsts.iter().map(read).collect();
        let firsts: Vec<&[u64]> = firsts.iter().map(|firsts| firsts.as_slice()).collect();
        let visited = &mut *desk.visited[self.place].write().unwrap_or_else(PoisonError::into_inner);
        let (numbers, answers) = found.number(self.place, &firsts, round.states, visited);
        self.queue.number(numbers);
        for (numbers, answer) in answers.into_iter().zip(&desk.answers[self.place]) {
            *locked(answer) = numbers;
        }
    }
}
