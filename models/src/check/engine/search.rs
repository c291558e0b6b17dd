//! The search: level by level, in the order of discovery.
//!
//! The states found are divided into partitions by hash. As long as levels are small, one thread expands all states in
//! the order of their numbers. A large level is expanded by several threads, one for each partition: see
//! [`Team`].

use super::identity::Key;
use super::rounds::Team;
use super::visited::{Queue, Visited, partition};
use super::watch::{At, Watch};
use super::{Counted, Cut, Found, Limits};
use crate::check::cores::{self, Busy};
use crate::check::reached::Reached;
use crate::check::silence::{Graph, Numbers};
use crate::model::{Expectation, Property};
use crate::subject::Subject;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The pass over the states, and its result.
pub(super) struct Search<'m, M: Subject> {
    pub(super) subject: &'m M,
    pub(super) properties: &'m [Property<M>],
    pub(super) limits: Limits,
    pub(super) numbers: Numbers,
    pub(super) key: Arc<Key>,
    /// By partition, the states found.
    pub(super) visited: Vec<Visited>,
    /// The number of states found.
    pub(super) states: usize,
    /// States generated, repetitions included.
    pub(super) generated: usize,
    pub(super) depth: usize,
    /// The number of states whose expansion has begun.
    pub(super) begun: usize,
    /// Whether a state lies outside the boundary.
    pub(super) outside: bool,
    /// By property, the number of the first state that decides it.
    pub(super) decided: Vec<Option<usize>>,
    pub(super) reached: Reached,
    /// The steps between states; `None` if only safety is judged.
    pub(super) graph: Option<Graph>,
    pub(super) cut: Option<Cut>,
}

/// Visits all states within the limits.
pub(super) fn search<M: Subject>(
    subject: &M,
    properties: &[Property<M>],
    given: (Limits, Numbers),
    watch: &mut Watch,
    progress: &mut dyn FnMut(usize, usize),
) -> Found {
    Search::of(subject, properties, given, Key::random()).run(watch, progress)
}

impl<'m, M: Subject> Search<'m, M> {
    fn of(subject: &'m M, properties: &'m [Property<M>], (limits, numbers): (Limits, Numbers), key: Key) -> Self {
        Search {
            subject,
            properties,
            limits,
            numbers,
            key: Arc::new(key),
            visited: vec![Visited::default()],
            states: 0,
            generated: 0,
            depth: 0,
            begun: 0,
            outside: false,
            decided: vec![None; properties.len()],
            reached: Reached::default(),
            graph: None,
            cut: None,
        }
    }

    fn run(mut self, watch: &mut Watch, progress: &mut dyn FnMut(usize, usize)) -> Found {
        let _core = cores::one();
        let mut team: Option<(Team<M>, Busy)> = None;
        let mut level = self.start();
        while level.len() > 0 {
            if level.len() >= self.limits.large {
                team = team.or_else(|| self.gathered());
            }
            level = match &mut team {
                Some((team, _)) if level.len() >= self.limits.large => team.expand(&mut self, level, watch, progress),
                _ => self.expand(level, watch, progress),
            };
            if self.cut.is_some() {
                break;
            }
        }
        self.end()
    }

    fn end(self) -> Found {
        let cut = self.cut.or(self.outside.then_some(Cut::Boundary));
        let Search { states, generated, depth, begun, decided, reached, graph, .. } = self;
        Found { states, generated, depth, frontier: states - begun, decided, reached, graph, cut, on_disk: 0 }
    }

    /// The threads for large levels; `None` if there is only one thread.
    fn gathered(&mut self) -> Option<(Team<M>, Busy)> {
        let (threads, busy) = match self.limits.threads {
            Some(threads) => (threads, cores::none()),
            None if self.subject.takes_turns() => return None,
            None => {
                let busy = cores::idle();
                (1 + busy.count(), busy)
            }
        };
        (threads > 1).then(|| {
            self.visited = std::mem::take(&mut self.visited).into_iter().flat_map(|all| all.divided(threads)).collect();
            (Team::of(self.subject, threads), busy)
        })
    }

    /// Finds the initial states.
    fn start(&mut self) -> Queue<M::State> {
        let (mut level, mut starts) = (Queue::default(), Vec::new());
        for (place, state) in self.subject.init_states().into_iter().enumerate() {
            if !self.subject.within_boundary(&state) {
                self.outside = true;
                continue;
            }
            let next = u32::try_from(self.states).ok().filter(|number| *number < self.numbers.states);
            match self.visited[0].number(self.key.hash(&state), next) {
                None => self.cut = Some(Cut::Numbers(Counted::States)),
                Some((_, false)) => {}
                Some((_, true)) => {
                    self.states += 1;
                    self.generated += 1;
                    starts.push(place);
                    level.push(state);
                }
            }
        }
        self.graph = (!self.limits.safety).then(|| Graph::new(self.numbers, starts.len()));
        self.reached = Reached::new(starts);
        level
    }

    /// Expands the states of one level on this thread, in the order of their numbers; returns the next level.
    fn expand(
        &mut self,
        mut level: Queue<M::State>,
        watch: &mut Watch,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Queue<M::State> {
        let Search { subject, properties, limits, numbers, key, visited, depth, .. } = self;
        let (depth, partitions) = (*depth, visited.len());
        let (states, generated, cut) = (&mut self.states, &mut self.generated, &mut self.cut);
        let (mut next_level, mut actions) = (Queue::default(), Vec::new());
        while let Some(state) = level.pop() {
            let index = self.begun;
            for (property, decided) in properties.iter().zip(&mut self.decided) {
                if decided.is_none() && decides(*subject, property, &state) {
                    *decided = Some(index);
                    if limits.until == Some(property.name) {
                        *cut = Some(Cut::Found);
                        return next_level;
                    }
                }
            }
            *cut = cut
                .or(self.graph.as_mut().and_then(|graph| graph.begin(index).err()).map(Cut::Numbers))
                .or_else(|| watch.stop(At { states: *states, frontier: *states - index, depth }));
            if cut.is_some() {
                return next_level;
            }
            self.begun = index + 1;
            subject.each_step(&state, &mut actions, &mut |place, next, sent| {
                if !subject.within_boundary(next) {
                    self.outside = true;
                    return ControlFlow::Continue(());
                }
                *generated += 1;
                let Some(place) = u32::try_from(place).ok().filter(|place| *place < numbers.steps) else {
                    *cut = Some(Cut::Numbers(Counted::Steps));
                    return ControlFlow::Break(());
                };
                let hash = key.hash(next);
                let number = u32::try_from(*states).ok().filter(|number| *number < numbers.states);
                let Some((target, new)) = visited[partition(hash, partitions)].number(hash, number) else {
                    *cut = Some(Cut::Numbers(Counted::States));
                    return ControlFlow::Break(());
                };
                *cut = self.graph.as_mut().and_then(|graph| graph.edge(target, place, sent).err()).map(Cut::Numbers);
                if new {
                    *states += 1;
                    self.reached.push(index as u32, place);
                    next_level.push(next.clone());
                    if states.is_multiple_of(4096) {
                        progress(*states, depth);
                    }
                    if *states > limits.states {
                        *cut = Some(Cut::States(limits.states));
                    }
                    *cut = cut.or_else(|| watch.memory_for(visited[partition(hash, partitions)].growth()?));
                }
                *cut = cut.or_else(|| watch.stop(At { states: *states, frontier: *states - index, depth }));
                if cut.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if cut.is_none() && subject.is_full() {
                *cut = Some(Cut::Numbers(Counted::Parts));
            }
            if cut.is_some() {
                return next_level;
            }
        }
        self.depth += usize::from(next_level.len() > 0);
        next_level
    }
}

/// Whether this state decides the property: violates an `always`, or reaches a witness.
pub(super) fn decides<M: Subject>(subject: &M, property: &Property<M>, state: &M::State) -> bool {
    match property.expectation {
        Expectation::Always => !(property.condition)(subject, state),
        Expectation::Sometimes => (property.condition)(subject, state),
        Expectation::Eventually => false,
    }
}
