//! The explored graph as a whole; [`drawn`] writes it for other programs.

pub mod drawn;

use crate::check::erased::{Erased, ErasedState};
use crate::check::running;
use crate::model::Model;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

/// All states of a scenario by number, in the order of their distance from the initial state, and all transitions.
pub(crate) struct Graph {
    states: Vec<ErasedState>,
    /// The transitions, by source: the step's place among the possible ones, and the target.
    edges: Vec<(usize, usize)>,
    /// By state, its first transition; then the number of transitions.
    first: Vec<usize>,
    /// By state except the initial one, the state and the transition that reached it first.
    parent: Vec<Option<(usize, usize)>>,
    /// By state, its distance from the initial state.
    depth: Vec<usize>,
}

/// Why the graph is not known.
pub(crate) enum Ended {
    TooLarge,
    Interrupted,
}

impl Graph {
    /// Explores the scenario, which has one initial state and may have at most `most` states.
    pub(crate) fn of(model: &Erased, most: usize) -> Result<Graph, Ended> {
        let start = model.init_states().swap_remove(0);
        let mut numbers = HashMap::from([(start.clone(), 0)]);
        let mut states = vec![start];
        let (first, parent, depth) = (vec![0], vec![None], vec![0]);
        let mut graph = Graph { states: Vec::new(), edges: Vec::new(), first, parent, depth };
        let (mut actions, mut source) = (Vec::new(), 0);
        while let Some(state) = states.get(source).cloned() {
            model.each_step(&state, &mut actions, &mut |place, next, _| {
                let found = numbers.len();
                let target = *numbers.entry(next.clone()).or_insert(found);
                if target == found {
                    states.push(next.clone());
                    graph.parent.push(Some((source, graph.edges.len())));
                    graph.depth.push(graph.depth[source] + 1);
                    running::count(1);
                }
                graph.edges.push((place, target));
                if found > most || running::is_interrupted() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            if running::is_interrupted() {
                return Err(Ended::Interrupted);
            }
            if states.len() > most {
                return Err(Ended::TooLarge);
            }
            graph.first.push(graph.edges.len());
            source += 1;
        }
        graph.states = states;
        Ok(graph)
    }

    pub(crate) fn states(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn state(&self, number: usize) -> &ErasedState {
        &self.states[number]
    }

    pub(crate) fn transitions(&self) -> usize {
        self.edges.len()
    }

    /// The transitions from a state, by number.
    pub(crate) fn from(&self, state: usize) -> Range<usize> {
        self.first[state]..self.first[state + 1]
    }

    pub(crate) fn target(&self, edge: usize) -> usize {
        self.edges[edge].1
    }

    /// The place of the transition's step among the steps that are possible in its source.
    pub(crate) fn place(&self, edge: usize) -> usize {
        self.edges[edge].0
    }

    /// The distance of a state from the initial state.
    pub(crate) fn depth(&self, state: usize) -> usize {
        self.depth[state]
    }

    /// The transitions of a shortest schedule to a state.
    pub(crate) fn way_to(&self, mut state: usize) -> Vec<usize> {
        let mut way = Vec::new();
        while let Some((before, edge)) = self.parent[state] {
            way.push(edge);
            state = before;
        }
        way.reverse();
        way
    }
}
