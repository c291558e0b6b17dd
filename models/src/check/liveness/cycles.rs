//! The cycles of a graph: its strongly connected components of several states, and the fairness of each.

use super::walk::Walk;
use super::{Class, Searched};
use crate::check::engine::Path;
use crate::check::silence::Graph;
use crate::model::{Aim, Goal, Model};
use std::collections::{BTreeSet, HashMap};

/// The most components whose lassos are compared.
const COMPARED: usize = 16;

/// The components of several states, and for each of their states its steps' classes and its open obligations.
pub(super) struct Cycles {
    components: Components,
    /// By state, its place in the lists below; [`NONE`](Self::NONE) if it lies on no cycle.
    places: Vec<u32>,
    /// By place, the index of the first class of its edges.
    starts: Vec<usize>,
    classes: Vec<Class>,
    /// By place, the classes of steps that the graph lacks.
    beyond: HashMap<u32, Vec<Class>>,
    /// By place and goal, the number of the set of its open obligations.
    open: Vec<u32>,
    sets: Vec<Vec<u64>>,
    set_numbers: HashMap<Vec<u64>, u32>,
}

/// The components of a graph, or of a part of it.
struct Components {
    /// By state, the number of its component.
    of: Vec<u32>,
    /// The states of each component of several states, in order.
    members: Vec<Vec<u32>>,
}

impl Components {
    fn of(graph: &Graph, states: usize, within: &impl Fn(u32) -> bool) -> Components {
        let (of, completed) = graph.components(states, within);
        let all = completed.chunk_by(|one, other| of[*one as usize] == of[*other as usize]);
        let mut members: Vec<Vec<u32>> = all.filter(|group| group.len() > 1).map(<[u32]>::to_vec).collect();
        members.iter_mut().for_each(|group| group.sort_unstable());
        // The component that was reached first comes first.
        members.sort_unstable_by_key(|group| group[0]);
        Components { of, members }
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.members.iter().map(|members| Part { of: &self.of, members })
    }
}

/// A strongly connected part of a graph.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    of: &'a [u32],
    /// Its states, in order.
    pub(super) members: &'a [u32],
}

impl Part<'_> {
    /// Whether the part has this state.
    pub(super) fn has(self, state: u32) -> bool {
        self.of[state as usize] == self.of[self.members[0] as usize]
    }
}

impl Cycles {
    const NONE: u32 = u32::MAX;
    /// An upper bound on the bytes that the components take for each state while they are computed.
    pub(super) const BYTES_A_STATE: u64 = 80;

    pub(super) fn of(graph: &Graph, states: usize) -> Cycles {
        let components = Components::of(graph, states, &|_| true);
        let mut places = vec![Self::NONE; states];
        let mut cyclic: Vec<u32> = components.members.iter().flatten().copied().collect();
        cyclic.sort_unstable();
        for (place, state) in (0..).zip(&cyclic) {
            places[*state as usize] = place;
        }
        Cycles {
            components,
            places,
            starts: Vec::with_capacity(cyclic.len()),
            classes: Vec::new(),
            beyond: HashMap::new(),
            open: Vec::new(),
            sets: Vec::new(),
            set_numbers: HashMap::new(),
        }
    }

    /// The components of several states.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.components.parts()
    }

    /// Whether the state lies on a cycle.
    pub(super) fn has(&self, state: usize) -> bool {
        self.places[state] != Self::NONE
    }

    /// Notes the classes of the state's edges, and of the steps that the graph lacks. States come in the order of their
    /// numbers.
    pub(super) fn note(&mut self, state: usize, edges: &[Class], beyond: Vec<Class>) {
        self.starts.push(self.classes.len());
        self.classes.extend(edges);
        if !beyond.is_empty() {
            self.beyond.insert(self.places[state], beyond);
        }
    }

    /// Notes the open obligations of the last state, goal by goal. A condition is an obligation that is open where the
    /// condition is false.
    pub(super) fn note_open(&mut self, mut open: Vec<u64>) {
        open.sort_unstable();
        let number = *self.set_numbers.entry(open).or_insert_with_key(|open| {
            self.sets.push(open.clone());
            self.sets.len() as u32 - 1
        });
        self.open.push(number);
    }

    /// The classes of the state's edges, in their order.
    pub(super) fn classes_of(&self, state: u32) -> &[Class] {
        let place = self.places[state as usize] as usize;
        let end = self.starts.get(place + 1).copied().unwrap_or(self.classes.len());
        &self.classes[self.starts[place]..end]
    }

    /// The classes of which some action alters the state.
    pub(super) fn enabled(&self, state: u32) -> BTreeSet<Class> {
        let beyond = self.beyond.get(&self.places[state as usize]).into_iter().flatten();
        self.classes_of(state).iter().chain(beyond).copied().filter(|class| *class != 0).collect()
    }

    /// Whether a schedule that takes every step of the part again and again is fair: every class that is enabled in all
    /// its states has a step within.
    fn is_fair(&self, graph: &Graph, part: Part<'_>) -> bool {
        let mut starved = self.enabled(part.members[0]);
        for state in part.members {
            if starved.is_empty() {
                return true;
            }
            let enabled = self.enabled(*state);
            starved.retain(|class| enabled.contains(class));
        }
        for state in part.members {
            for (edge, class) in graph.edges_of(*state as usize).zip(self.classes_of(*state)) {
                if part.has(edge.to) {
                    starved.remove(class);
                }
            }
        }
        starved.is_empty()
    }

    /// A lasso with a cycle of several states that violates the goal at this place; without a goal, one that sends
    /// changes for ever. Of the components that have one, those nearest to an initial state are tried.
    pub(super) fn lasso<M: Model>(&self, searched: Searched<'_>, place: usize, goal: Option<&Goal<M>>) -> Option<Path> {
        let graph = searched.graph;
        let goals = self.open.len().checked_div(self.starts.len()).unwrap_or(0);
        let set = |state: u32| self.open[self.places[state as usize] as usize * goals + place];
        let is_bad = |state: u32| !self.sets[set(state) as usize].is_empty();
        let sends_within = |part: Part<'_>| {
            let mut edges = part.members.iter().flat_map(|state| graph.edges_of(*state as usize));
            edges.any(|edge| part.has(edge.to) && graph.sends(edge))
        };
        let shortest = |parts: &mut dyn Iterator<Item = Part<'_>>, seek: Seek<'_>| {
            let fair = parts.filter(|part| self.is_fair(graph, *part)).take(COMPARED);
            fair.map(|part| Walk { searched, cycles: self, part }.lasso(seek)).min_by_key(|path| path.len())
        };
        match goal.map(|goal| &goal.aim) {
            None => shortest(&mut self.parts().filter(|part| sends_within(*part)), Seek::Sent),
            Some(Aim::Lasting(_)) => {
                let bad = |part: &Part<'_>| part.members.iter().any(|state| is_bad(*state));
                shortest(&mut self.parts().filter(bad), Seek::State(&is_bad))
            }
            Some(Aim::Met(_)) => {
                let any = Seek::State(&|_| true);
                let is_constant = |part: Part<'_>| part.members.iter().all(|state| set(*state) == set(part.members[0]));
                if self.parts().all(is_constant) {
                    return shortest(&mut self.parts().filter(|part| is_bad(part.members[0])), any);
                }
                let cyclic = self.components.members.iter().flatten();
                let open: BTreeSet<u32> = cyclic.map(|state| set(*state)).collect();
                let open: BTreeSet<u64> = open.iter().flat_map(|set| &self.sets[*set as usize]).copied().collect();
                let lassos = open.into_iter().filter_map(|obligation| {
                    let is_open = |state: u32| {
                        self.has(state as usize) && self.sets[set(state) as usize].binary_search(&obligation).is_ok()
                    };
                    let components = Components::of(graph, searched.states, &is_open);
                    shortest(&mut components.parts(), any)
                });
                lassos.min_by_key(|path| path.len())
            }
        }
    }
}

/// A state or a step that a cycle must pass.
#[derive(Clone, Copy)]
pub(super) enum Seek<'a> {
    /// A state for which this is true.
    State(&'a dyn Fn(u32) -> bool),
    /// A step that sends a change.
    Sent,
}
