//! Liveness: the properties that something happens in the end in every fair schedule. They are judged on the graph of
//! all states, by strongly connected components, because schedules violate them, not states. `docs/liveness.md` argues
//! that the judgement is sound and complete.
//!
//! A schedule that violates a liveness property never ends. In a finite graph there is one of the form of a *lasso*: a
//! path to a cycle that repeats for ever. A schedule may also stay in a state for ever, if nothing has to happen there:
//! then the cycle has no steps.

mod cycles;
mod repeated;
mod walk;

pub use repeated::{Repeated, repeated};

use crate::check::engine::{At, Cut, Finding, Path, Verdict, Watch};
use crate::check::reached::Reached;
use crate::check::silence::{Edge, Graph};
use crate::model::{Aim, Goal, Model};
use crate::properties::FALLS_SILENT_IF_FAIR;
use crate::subject::Subject;
use cycles::Cycles;
use smallvec::SmallVec;
use std::collections::{HashMap, VecDeque};

/// The schedules that a liveness property speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fairness {
    /// Those that are weakly fair to each [class](Model::fair_class) of actions: if from some state on an action of the
    /// class can always alter the state, the class is taken again and again.
    Weak,
    /// All, also those in which nothing happens any more.
    None,
}

/// The result of a search.
#[derive(Clone, Copy)]
pub(crate) struct Searched<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) reached: &'a Reached,
    /// The number of states.
    pub(crate) states: usize,
    /// Whether the graph has every step of every state.
    pub(crate) is_whole: bool,
}

/// The reason why nothing was judged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unjudged {
    /// A limit.
    Cut(Cut),
    /// Another reason, in words.
    Because(&'static str),
}

/// The reason of a [`Verdict::NotJudged`] if the model is not deterministic.
const NOT_REPEATABLE: &str = "a step that the search took could not be taken again";

/// A class of actions by number.
type Class = u32;

/// The liveness properties of a model with these goals. Without fairness, [`FALLS_SILENT_IF_FAIR`] is left out, as
/// *falls silent* asks the same.
pub(crate) fn names<M: Model>(goals: &[Goal<M>], fairness: Fairness) -> Vec<&'static str> {
    let silent = (fairness == Fairness::Weak).then_some(FALLS_SILENT_IF_FAIR);
    goals.iter().map(|goal| goal.name).chain(silent).collect()
}

/// The findings on all liveness properties, in order.
pub(crate) fn findings<M: Subject>(
    subject: &M,
    fairness: Fairness,
    judged: Result<Vec<Option<Path>>, Unjudged>,
    is_whole: bool,
) -> Vec<Finding> {
    let names = names(&subject.goals(), fairness).into_iter().enumerate();
    let finding = |(place, property)| {
        let verdict = match &judged {
            Ok(lassos) => match lassos.get(place).cloned().flatten() {
                Some(lasso) => Verdict::Violated(Some(lasso)),
                None if is_whole => Verdict::Holds(None),
                None => Verdict::NotExhausted,
            },
            Err(Unjudged::Cut(_)) => Verdict::NotExhausted,
            Err(Unjudged::Because(why)) => Verdict::NotJudged(why),
        };
        let verdict = subject.not_judged(property).map_or(verdict, Verdict::NotJudged);
        Finding { property, witness: false, verdict }
    };
    names.map(finding).collect()
}

/// Searches for a lasso that violates each liveness property of `model`.
///
/// The states are reached once more, in the order of their numbers and each by one step, so that only a frontier of
/// them is kept. The time is proportional to the number of edges; for an obligation that opens and closes within a
/// component, once more for each such obligation.
pub(crate) fn judge<M: Model>(
    model: &M,
    searched: Searched<'_>,
    fairness: Fairness,
    watch: &mut Watch,
) -> Result<Vec<Option<Path>>, Unjudged> {
    let Searched { graph, reached, states, .. } = searched;
    let (goals, mut cycles) = (model.goals(), None);
    if fairness == Fairness::Weak && !graph.is_acyclic(graph.ways(states)) {
        let needed = (states as u64).saturating_mul(Cycles::BYTES_A_STATE);
        watch.memory_for(needed).map_or(Ok(()), |cut| Err(Unjudged::Cut(cut)))?;
        cycles = Some(Cycles::of(graph, states));
    }
    let stays = vec![None; names(&goals, fairness).len()];
    let mut pass = Pass { model, goals, searched, fairness, classes: HashMap::new(), stays };
    pass.run(&mut cycles, watch)?;
    let Pass { goals, stays, .. } = pass;
    let found = stays.into_iter().enumerate().map(|(place, stay)| {
        let stay = stay.map(|state| {
            let mut path = reached.path_to(state);
            if place == goals.len() {
                path.steps.extend(stutters(graph, state).next().map(|edge| edge.action as usize));
            }
            path
        });
        let cycle = cycles.as_ref().and_then(|cycles| cycles.lasso(searched, place, goals.get(place)));
        // The shorter one; a stay, if both are equally long.
        stay.into_iter().chain(cycle).min_by_key(|path| path.len())
    });
    Ok(found.collect())
}

/// The pass over all states.
struct Pass<'a, M: Model> {
    model: &'a M,
    goals: Vec<Goal<M>>,
    searched: Searched<'a>,
    fairness: Fairness,
    /// The numbers of the classes, from 1.
    classes: HashMap<u64, Class>,
    /// By property, the first state that violates it if a schedule stays there for ever.
    stays: Vec<Option<usize>>,
}

impl<M: Model> Pass<'_, M> {
    fn run(&mut self, cycles: &mut Option<Cycles>, watch: &mut Watch) -> Result<(), Unjudged> {
        let Searched { graph, reached, states, .. } = self.searched;
        let (all, mut actions) = (self.model.init_states(), Vec::new());
        let mut waiting: VecDeque<M::State> = VecDeque::new();
        waiting.extend(reached.starts().iter().filter_map(|place| all.get(*place).cloned()));
        let mut found = waiting.len();
        for index in 0..states {
            let at = At { states, frontier: states - index, depth: 0 };
            watch.stop(at).map_or(Ok(()), |cut| Err(Unjudged::Cut(cut)))?;
            let state = waiting.pop_front().ok_or(Unjudged::Because(NOT_REPEATABLE))?;
            actions.clear();
            self.model.actions(&state, &mut actions);
            for edge in graph.edges_of(index) {
                // States are numbered in the order of discovery.
                if edge.to as usize == found {
                    let next = actions.get(edge.action as usize).and_then(|action| self.model.step(&state, action));
                    waiting.push_back(next.ok_or(Unjudged::Because(NOT_REPEATABLE))?.0);
                    found += 1;
                }
            }
            self.look(index, &state, &actions, cycles);
        }
        Ok(())
    }

    /// Judges a schedule that stays in this state for ever, and notes the classes and the obligations of a state on a
    /// cycle.
    fn look(&mut self, index: usize, state: &M::State, actions: &[M::Action], cycles: &mut Option<Cycles>) {
        let graph = self.searched.graph;
        if let Some(cycles) = cycles.as_mut().filter(|cycles| cycles.has(index)) {
            let edges: SmallVec<[Class; 16]> =
                graph.edges_of(index).map(|edge| self.class_of(index, edge, actions)).collect();
            let beyond = self.beyond(state, actions, &edges);
            let can_stay = edges.iter().all(|class| *class == 0) && beyond.is_empty();
            cycles.note(index, &edges, beyond);
            for (place, goal) in self.goals.iter().enumerate() {
                let open = match &goal.aim {
                    Aim::Lasting(condition) if condition(self.model, state) => Vec::new(),
                    Aim::Lasting(_) => vec![0],
                    Aim::Met(open) => open(self.model, state),
                };
                if can_stay && !open.is_empty() {
                    self.stays[place].get_or_insert(index);
                }
                cycles.note_open(open);
            }
            self.note_silence(index, can_stay);
            return;
        }
        let has_to_go_on = self.fairness == Fairness::Weak
            && (graph.edges_of(index).any(|edge| self.class_of(index, edge, actions) != 0)
                || !self.beyond(state, actions, &[]).is_empty());
        if has_to_go_on {
            return;
        }
        for (goal, stay) in self.goals.iter().zip(&mut self.stays).filter(|(_, stay)| stay.is_none()) {
            let violates = match &goal.aim {
                Aim::Lasting(condition) => !condition(self.model, state),
                Aim::Met(open) => !open(self.model, state).is_empty(),
            };
            *stay = violates.then_some(index);
        }
        self.note_silence(index, true);
    }

    /// A schedule that stays in the state may repeat a step that leads from the state to itself.
    fn note_silence(&mut self, index: usize, can_stay: bool) {
        let graph = self.searched.graph;
        if can_stay
            && let Some(stay @ None) = self.stays.get_mut(self.goals.len())
            && stutters(graph, index).next().is_some()
        {
            *stay = Some(index);
        }
    }

    /// The class of a step; 0 if it has none, or alters nothing.
    fn class_of(&mut self, from: usize, edge: Edge, actions: &[M::Action]) -> Class {
        if edge.to as usize == from {
            return 0;
        }
        actions.get(edge.action as usize).map_or(0, |action| self.class(action))
    }

    fn class(&mut self, action: &M::Action) -> Class {
        let next = self.classes.len() as Class + 1;
        self.model.fair_class(action).map_or(0, |class| *self.classes.entry(class).or_insert(next))
    }

    /// The classes, other than `known`, of steps that the graph lacks because the search was cut.
    fn beyond(&mut self, state: &M::State, actions: &[M::Action], known: &[Class]) -> Vec<Class> {
        let mut beyond = Vec::new();
        if self.searched.is_whole {
            return beyond;
        }
        for action in actions {
            let class = self.class(action);
            let is_new = class != 0 && !known.contains(&class) && !beyond.contains(&class);
            if is_new && self.model.step(state, action).is_some_and(|(next, _)| next != *state) {
                beyond.push(class);
            }
        }
        beyond
    }
}

/// The steps from the state to itself that send a change.
fn stutters(graph: &Graph, state: usize) -> impl Iterator<Item = Edge> {
    graph.edges_of(state).filter(move |edge| edge.to as usize == state && graph.sends(*edge))
}

#[cfg(test)]
mod tests;
