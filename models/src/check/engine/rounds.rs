//! Large levels, expanded by several threads: [`Team`].
//!
//! Each thread has a partition of the states: those that it keeps, numbers and expands. It has a fork of the model, so
//! threads do not wait for each other at a step. They work in rounds of five parts, and meet after each:
//!
//! 1. Each thread expands its states of the round. It looks up each state that it reaches in the partition of that
//!    state, which no thread alters meanwhile. A state that is missing there is a *candidate*, and goes to the thread
//!    of that partition.
//! 2. Each thread sorts its candidates by the steps that reached them, and keeps the first of each state.
//! 3. Each thread numbers its new states. The new states of all threads together are numbered in the order of the steps
//!    that reached them first: of the number of the state before, then of the step's index in it.
//! 4. Each thread gives its steps the numbers of their targets.
//! 5. The first thread adds the steps to the search, and ends it if a limit is reached.
//!
//! A single thread numbers states in the same order, so numbers, counts, verdicts and paths are the same for any number
//! of threads. If a limit of states is reached in the middle of a round, the rest of that round is not counted.

mod conclusion;
mod found;
mod reached;
mod worker;

use super::Cut;
use super::identity::Key;
use super::meeting::Meeting;
use super::search::Search;
use super::visited::{Placed, Queue, Visited, partition};
use super::watch::Watch;
use crate::check::silence::Numbers;
use crate::model::{Property, Sent};
use crate::subject::Subject;
use conclusion::{Sum, conclude};
use found::Found;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use worker::Worker;

/// The model of each thread but the first; `None` if it uses the subject itself.
pub(super) struct Team<M: Subject>(Vec<Option<M>>);

/// A state that a thread has reached and that had not been found when the round began.
pub(super) struct Candidate<S> {
    pub(super) hash: u64,
    /// The first step by which this thread reached it.
    pub(super) step: u64,
    pub(super) state: S,
}

type Candidates<M> = Vec<Candidate<<M as crate::model::Model>::State>>;

/// The number of a state, and the index of a step in it, so that steps are ordered.
fn step_key(state: u32, place: u32) -> u64 {
    u64::from(state) << 32 | u64::from(place)
}

/// The steps of the states that a thread has expanded in one round.
#[derive(Default)]
pub(super) struct Steps {
    /// By state, in order: its number, and the end of its steps.
    pub(super) states: Vec<(u32, usize)>,
    pub(super) steps: Vec<Stepped>,
    /// The distinct combinations of sent changes, in all rounds.
    pub(super) labels: Vec<Sent>,
}

/// A step of a state.
pub(super) struct Stepped {
    /// The partition of its target; [`KNOWN`] once the target's number is known, or [`UNNUMBERED`].
    pub(super) owner: u32,
    /// The target's number, or its index among the candidates.
    pub(super) target: u32,
    pub(super) place: u32,
    pub(super) label: u32,
}

pub(super) const KNOWN: u32 = u32::MAX;
/// The mark of a step that has no number itself.
pub(super) const UNNUMBERED: u32 = u32::MAX - 1;

/// One round.
#[derive(Clone, Copy)]
pub(super) struct Round {
    /// The number of the first state to be expanded.
    pub(super) from: usize,
    /// One more than the number of the last.
    pub(super) to: usize,
    /// One more than the number of the last state of the level.
    pub(super) level_end: usize,
    /// The number of states found before.
    pub(super) states: usize,
    pub(super) depth: usize,
}

impl Round {
    /// The round that begins with this state.
    pub(super) fn new(from: usize, level_end: usize, (states, depth): (usize, usize)) -> Round {
        Round { from, to: level_end, level_end, states, depth }
    }

    /// The round with at most this many states.
    pub(super) fn at_most(self, states: usize) -> Round {
        Round { to: self.level_end.min(self.from + states), ..self }
    }
}

/// The data that the threads share.
struct Desk<'m, M: Subject> {
    threads: usize,
    properties: &'m [Property<M>],
    numbers: Numbers,
    key: Arc<Key>,
    meeting: Meeting,
    /// The present round; `None` after the last.
    round: RwLock<Option<Round>>,
    visited: Vec<RwLock<Visited>>,
    /// By thread that reached them, then by partition: the candidates.
    sent: Vec<Vec<Mutex<Candidates<M>>>>,
    /// By partition, the steps that reached its new states first, in order.
    firsts: Vec<RwLock<Vec<u64>>>,
    /// By partition, then by thread that sent them: the candidates' numbers.
    answers: Vec<Vec<Mutex<Vec<u32>>>>,
    /// By thread, its steps.
    steps: Vec<Mutex<Steps>>,
    /// By property, the number of the first state that decided it before the round.
    decided: RwLock<Vec<Option<usize>>>,
    /// By thread and property, the first of its states that decides it in the round.
    deciding: Vec<Mutex<Vec<Option<usize>>>>,
    outside: AtomicBool,
    /// Whether the round is given up, and why.
    stopping: AtomicBool,
    stopped: Mutex<Option<Cut>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<M: Subject> Desk<'_, M> {
    /// Gives the round up. Its steps are not counted.
    fn stop(&self, cut: Cut) {
        locked(&self.stopped).get_or_insert(cut);
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl<M: Subject> Team<M> {
    /// A team of this many threads.
    pub(super) fn of(subject: &M, threads: usize) -> Team<M> {
        Team((1..threads).map(|_| subject.fork()).collect())
    }

    /// Expands levels until one is small or the search is cut; returns the next level.
    pub(super) fn expand(
        &self,
        search: &mut Search<'_, M>,
        mut level: Queue<M::State>,
        watch: &mut Watch,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Queue<M::State> {
        let threads = self.0.len() + 1;
        let mut queues: Vec<Placed<M::State>> = (0..threads).map(|_| Placed::default()).collect();
        for number in search.begun as u32.. {
            let Some(state) = level.pop() else { break };
            let queue = &mut queues[partition(search.key.hash(&state), threads)];
            queue.number([number]);
            queue.push(state);
        }
        let each = || 0..threads;
        // The data that a round holds until its end is small beside the states.
        let most = (search.limits.large / 4).max(1) * threads;
        let first = Round::new(search.begun, search.states, (search.states, search.depth)).at_most(most);
        let desk = Desk {
            threads,
            properties: search.properties,
            numbers: search.numbers,
            key: Arc::clone(&search.key),
            meeting: Meeting::of(threads),
            round: RwLock::new(Some(first)),
            visited: std::mem::take(&mut search.visited).into_iter().map(RwLock::new).collect(),
            sent: each().map(|_| each().map(|_| Mutex::default()).collect()).collect(),
            firsts: each().map(|_| RwLock::default()).collect(),
            answers: each().map(|_| each().map(|_| Mutex::default()).collect()).collect(),
            steps: each().map(|_| Mutex::default()).collect(),
            decided: RwLock::new(search.decided.clone()),
            deciding: each().map(|_| Mutex::default()).collect(),
            outside: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            stopped: Mutex::default(),
        };
        let subject = search.subject;
        let left = thread::scope(|scope| {
            let mut places = queues.into_iter().enumerate();
            let mine = places.next().map(|(_, queue)| Worker::new(0, subject, queue, watch.beside(), threads));
            let others: Vec<_> = places
                .zip(&self.0)
                .map(|((place, queue), fork)| {
                    let worker = Worker::new(place, fork.as_ref().unwrap_or(subject), queue, watch.beside(), threads);
                    scope.spawn(|| worker.run(&desk, &mut || {}))
                })
                .collect();
            let mut lead = || {
                let Some(round) = desk.round.write().unwrap_or_else(PoisonError::into_inner).take() else { return };
                let firsts: Vec<_> =
                    desk.firsts.iter().map(|firsts| firsts.read().unwrap_or_else(PoisonError::into_inner)).collect();
                let steps: Vec<_> = desk.steps.iter().map(locked).collect();
                let sum = Sum {
                    deciding: desk.deciding.iter().map(|deciding| locked(deciding).clone()).collect(),
                    firsts: firsts.iter().map(|firsts| firsts.as_slice()).collect(),
                    steps: steps.iter().map(|steps| &**steps).collect(),
                    stopped: *locked(&desk.stopped),
                };
                let next = conclude(search, round, &sum, search.limits.large, watch, progress);
                *desk.decided.write().unwrap_or_else(PoisonError::into_inner) = search.decided.clone();
                *desk.round.write().unwrap_or_else(PoisonError::into_inner) = next.map(|next| next.at_most(most));
            };
            let mut left: Vec<Placed<M::State>> = mine.into_iter().map(|worker| worker.run(&desk, &mut lead)).collect();
            for other in others {
                left.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            left
        });
        search.outside |= desk.outside.load(Ordering::Relaxed);
        let visited = desk.visited.into_iter();
        search.visited = visited.map(|visited| visited.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
        subject.meet();
        in_order::<M>(subject, left, search.begun)
    }
}

/// The unexpanded states in the order of their numbers, from `first` on.
fn in_order<M: Subject>(subject: &M, mut queues: Vec<Placed<M::State>>, first: usize) -> Queue<M::State> {
    let mut level = Queue::default();
    for number in first as u32.. {
        let next = queues.iter_mut().find_map(|queue| queue.pop_below(number as usize + 1));
        let Some((_, mut state)) = next else { break };
        subject.adopt(&mut state);
        level.push(state);
    }
    level
}
