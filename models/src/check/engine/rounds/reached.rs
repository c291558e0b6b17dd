//! The states that a thread reaches in a round: [`Reach`].

use super::{Candidate, KNOWN, Stepped, Steps, UNNUMBERED, step_key};
use crate::check::engine::identity::Key;
use crate::check::engine::visited::partition;
use crate::model::Sent;
use crate::subject::Subject;
use foldhash::fast::FixedState;
use hashbrown::hash_table::{Entry, HashTable};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The candidates of one partition.
struct Candidates<S> {
    list: Vec<Candidate<S>>,
    /// By hash, the index in the list.
    places: HashTable<(u64, u32)>,
}

/// The steps taken in a round, and by partition the candidates that they reach.
pub(in crate::check::engine) struct Reach<M: Subject> {
    candidates: Vec<Candidates<M::State>>,
    pub(in crate::check::engine) steps: Steps,
    labels: HashMap<Sent, u32, FixedState>,
    actions: Vec<M::Action>,
}

/// The end of the expansion of a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::check::engine) enum Ended {
    Whole,
    /// A state lies outside the boundary.
    Outside,
    /// The expansion was given up.
    Stopped,
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

impl<M: Subject> Reach<M> {
    pub(in crate::check::engine) fn of(partitions: usize) -> Self {
        let candidates = (0..partitions).map(|_| Candidates { list: Vec::new(), places: HashTable::new() }).collect();
        Reach { candidates, steps: Steps::default(), labels: HashMap::default(), actions: Vec::new() }
    }

    /// Begins a round.
    pub(in crate::check::engine) fn clear(&mut self) {
        self.steps.states.clear();
        self.steps.steps.clear();
    }

    /// Takes all steps of a state, the possible ones being numbered up to `most`. `known` gives the number of a state
    /// that is known to this thread, by partition and hash. Gives up once `stops` is true.
    #[inline]
    pub(in crate::check::engine) fn expand(
        &mut self,
        model: &M,
        key: &Key,
        most: u32,
        (number, state): (u32, &M::State),
        known: impl Fn(usize, u64) -> Option<u32>,
        mut stops: impl FnMut() -> bool,
    ) -> Ended {
        let Reach { candidates, steps: Steps { states, steps, labels: all_labels }, labels, actions } = self;
        let mut ended = Ended::Whole;
        model.each_step(state, actions, &mut |place, next, sent| {
            if stops() {
                ended = Ended::Stopped;
                return ControlFlow::Break(());
            }
            if !model.within_boundary(next) {
                ended = Ended::Outside;
                return ControlFlow::Continue(());
            }
            let Some(place) = u32::try_from(place).ok().filter(|place| *place < most) else {
                steps.push(Stepped { owner: UNNUMBERED, target: 0, place: most, label: 0 });
                return ControlFlow::Break(());
            };
            let hash = key.hash(next);
            let owner = partition(hash, candidates.len());
            let (owner, target) = match known(owner, hash) {
                Some(number) => (KNOWN, number),
                None => (owner as u32, candidates[owner].index(hash, step_key(number, place), next)),
            };
            let label = labels.get(sent).copied().unwrap_or_else(|| {
                let label = all_labels.len() as u32;
                all_labels.push(sent.clone());
                labels.insert(sent.clone(), label);
                label
            });
            steps.push(Stepped { owner, target, place, label });
            ControlFlow::Continue(())
        });
        states.push((number, steps.len()));
        ended
    }

    /// Takes the candidates out, by partition.
    pub(in crate::check::engine) fn take(&mut self) -> impl Iterator<Item = Vec<Candidate<M::State>>> {
        self.candidates.iter_mut().map(|candidates| {
            candidates.places.clear();
            // The next round has about as many candidates.
            let room = Vec::with_capacity(candidates.list.len());
            std::mem::replace(&mut candidates.list, room)
        })
    }
}

impl Steps {
    /// Gives each step the number of its target, from the numbers of the candidates by partition.
    pub(in crate::check::engine) fn resolve(&mut self, numbers: &[Vec<u32>]) {
        for step in self.steps.iter_mut().filter(|step| step.owner < UNNUMBERED) {
            step.target = numbers[step.owner as usize][step.target as usize];
            step.owner = KNOWN;
        }
    }
}
