//! One thread of a [`Team`](super::Team).

use super::{Candidate, Desk, KNOWN, Placed, Round, Stepped, Steps, UNNUMBERED, locked, step_key};
use crate::check::engine::search::decides;
use crate::check::engine::visited::{Queue, Visited, partition};
use crate::check::engine::watch::{At, Watch};
use crate::check::engine::{Counted, Cut};
use crate::model::Sent;
use crate::subject::Subject;
use foldhash::fast::FixedState;
use hashbrown::hash_table::{Entry, HashTable};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::vec;

/// A thread's own things.
pub(super) struct Worker<'m, M: Subject> {
    place: usize,
    model: &'m M,
    /// Its states that are not expanded, in order.
    queue: Queue<Placed<M>>,
    watch: Watch,
    /// By partition, the candidates of this round.
    candidates: Vec<Candidates<M::State>>,
    labels: HashMap<Sent, u32, FixedState>,
    actions: Vec<M::Action>,
}

/// The candidates of one partition.
struct Candidates<S> {
    list: Vec<Candidate<S>>,
    /// By hash, the index in the list.
    places: HashTable<(u64, u32)>,
}

/// The new states of a partition in one round.
struct Found<S> {
    /// By index: hash, state, and whether another thread has reached it first.
    states: Vec<(u64, S, bool)>,
    /// By thread, the index of each of its candidates in `states`.
    indices: Vec<Vec<u32>>,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Clone> Candidates<S> {
    /// The index of the candidate with this hash.
    #[inline]
    fn index(&mut self, hash: u64, step: u64, state: &S) -> u32 {
        match self.places.entry(hash, |(known, _)| *known == hash, |(known, _)| *known) {
            Entry::Occupied(known) => known.get().1,
            Entry::Vacant(place) => {
                let index = self.list.len() as u32;
                place.insert((hash, index));
                self.list.push(Candidate { hash, step, state: state.clone() });
                index
            }
        }
    }
}

impl<'m, M: Subject> Worker<'m, M> {
    pub(super) fn new(place: usize, model: &'m M, queue: Queue<Placed<M>>, watch: Watch, threads: usize) -> Self {
        let candidates = (0..threads).map(|_| Candidates { list: Vec::new(), places: HashTable::new() }).collect();
        Worker { place, model, queue, watch, candidates, labels: HashMap::default(), actions: Vec::new() }
    }

    /// Takes part in all rounds. Calls `conclude` at the end of each. Returns the states that are left.
    pub(super) fn run(mut self, desk: &Desk<'_, M>, conclude: &mut dyn FnMut()) -> Queue<Placed<M>> {
        let _attendance = desk.meeting.attend();
        loop {
            let Some(round) = *read(&desk.round) else { return self.queue };
            self.expand(desk, round);
            if !desk.meeting.wait() {
                return self.queue;
            }
            let found = self.sort(desk);
            if !desk.meeting.wait() {
                return self.queue;
            }
            if !desk.is_stopping() {
                self.number(desk, round, found);
            }
            if !desk.meeting.wait() {
                return self.queue;
            }
            conclude();
            if !desk.meeting.wait() {
                return self.queue;
            }
        }
    }

    /// Expands the thread's states of this round.
    fn expand(&mut self, desk: &Desk<'_, M>, round: Round) {
        let Worker { place: own, model, queue, watch, candidates, labels, actions } = self;
        model.meet();
        let visited: Vec<RwLockReadGuard<'_, Visited>> = desk.visited.iter().map(read).collect();
        let decided = read(&desk.decided);
        let mut deciding = vec![None; decided.len()];
        let Steps { states, steps, labels: sent_before } = &mut *locked(&desk.steps[*own]);
        states.clear();
        steps.clear();
        let to = u32::try_from(round.to).unwrap_or(u32::MAX);
        while let Some((number, state)) = queue.pop_if(|(number, _)| *number < to) {
            for ((property, decided), deciding) in desk.properties.iter().zip(&*decided).zip(&mut deciding) {
                if decided.is_none() && deciding.is_none() && decides(*model, property, &state) {
                    *deciding = Some(number as usize);
                }
            }
            let at = At { states: round.states, frontier: round.states - number as usize, depth: round.depth };
            model.each_step(&state, actions, &mut |place, next, sent| {
                if let Some(cut) = watch.stop(at) {
                    desk.stop(cut);
                }
                if desk.is_stopping() {
                    return ControlFlow::Break(());
                }
                if !model.within_boundary(next) {
                    desk.outside.store(true, Ordering::Relaxed);
                    return ControlFlow::Continue(());
                }
                let Some(place) = u32::try_from(place).ok().filter(|place| *place < desk.numbers.steps) else {
                    steps.push(Stepped { owner: UNNUMBERED, target: 0, place: desk.numbers.steps, label: 0 });
                    return ControlFlow::Break(());
                };
                let hash = desk.key.hash(next);
                let owner = partition(hash, desk.threads);
                let (owner, target) = match visited[owner].get(hash) {
                    Some(number) => (KNOWN, number),
                    None => (owner as u32, candidates[owner].index(hash, step_key(number, place), next)),
                };
                let label = labels.get(sent).copied().unwrap_or_else(|| {
                    let label = sent_before.len() as u32;
                    sent_before.push(sent.clone());
                    labels.insert(sent.clone(), label);
                    label
                });
                steps.push(Stepped { owner, target, place, label });
                ControlFlow::Continue(())
            });
            states.push((number, steps.len()));
            if model.is_full() {
                desk.stop(Cut::Numbers(Counted::Parts));
            }
            if desk.is_stopping() {
                break;
            }
        }
        *locked(&desk.deciding[*own]) = deciding;
        for (candidates, sent) in candidates.iter_mut().zip(&desk.sent[*own]) {
            candidates.places.clear();
            *locked(sent) = std::mem::take(&mut candidates.list);
        }
    }

    /// Sorts the candidates of the partition by the steps that reached them, and keeps the first of each state.
    fn sort(&mut self, desk: &Desk<'_, M>) -> Found<M::State> {
        let sent = desk.sent.iter().map(|to| std::mem::take(&mut *locked(&to[self.place])).into_iter());
        let mut lists: Vec<vec::IntoIter<Candidate<M::State>>> = sent.collect();
        let mut firsts = Vec::new();
        let mut found =
            Found { states: Vec::new(), indices: lists.iter().map(|list| Vec::with_capacity(list.len())).collect() };
        let known = &mut self.candidates[self.place].places;
        // Each list is in order.
        let next = |lists: &[vec::IntoIter<Candidate<M::State>>]| {
            let heads = lists.iter().enumerate().filter_map(|(from, list)| Some((list.as_slice().first()?.step, from)));
            heads.min().map(|(_, from)| from)
        };
        while let Some(from) = next(&lists) {
            let Some(Candidate { hash, step, state }) = lists[from].next() else { break };
            let index = match known.entry(hash, |(known, _)| *known == hash, |(known, _)| *known) {
                Entry::Occupied(known) => known.get().1,
                Entry::Vacant(place) => {
                    let index = firsts.len() as u32;
                    place.insert((hash, index));
                    firsts.push(step);
                    found.states.push((hash, state, from != self.place));
                    index
                }
            };
            found.indices[from].push(index);
        }
        known.clear();
        // All partitions may grow at once.
        let growth = read(&desk.visited[self.place]).growth_for(firsts.len()) * desk.threads as u64;
        if let Some(cut) = Some(growth).filter(|bytes| *bytes > 0).and_then(|bytes| self.watch.memory_for(bytes)) {
            desk.stop(cut);
        }
        *desk.firsts[self.place].write().unwrap_or_else(PoisonError::into_inner) = firsts;
        found
    }

    /// Numbers the new states of the partition among those of all partitions.
    fn number(&mut self, desk: &Desk<'_, M>, round: Round, found: Found<M::State>) {
        let firsts: Vec<RwLockReadGuard<'_, Vec<u64>>> = desk.firsts.iter().map(read).collect();
        let visited = &mut *desk.visited[self.place].write().unwrap_or_else(PoisonError::into_inner);
        // By other partition, how many of its new states come before the present one.
        let mut before = vec![0; desk.threads];
        let mut numbers = Vec::with_capacity(found.states.len());
        for ((index, step), (hash, mut state, foreign)) in firsts[self.place].iter().enumerate().zip(found.states) {
            let mut number = round.states + index;
            for (other, before) in before.iter_mut().enumerate().filter(|(other, _)| *other != self.place) {
                *before += firsts[other][*before..].iter().take_while(|first| *first < step).count();
                number += *before;
            }
            // A search ends before numbers overflow.
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            if foreign {
                self.model.adopt(&mut state);
            }
            visited.add(hash, number);
            self.queue.push((number, state));
            numbers.push(number);
        }
        for (indices, answer) in found.indices.into_iter().zip(&desk.answers[self.place]) {
            *locked(answer) = indices.into_iter().map(|index| numbers[index as usize]).collect();
        }
    }
}
