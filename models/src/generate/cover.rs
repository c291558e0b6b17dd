//! Few schedules that cover a graph: [`schedules`].
//!
//! The fewest steps would be a minimum-cost flow (the rural postman problem with restarts). This is the usual greedy
//! walk instead: take uncovered transitions; if the state has none, go to the nearest state that has one, unless a new
//! schedule would reach it in fewer steps.

use super::Cover;
use crate::report::graph::Graph;
use std::collections::{HashMap, VecDeque};

/// The most states that a search for the next uncovered transition visits.
const NEAR: usize = 256;

/// Schedules from the initial state, each a list of places of steps, that together cover all states or transitions.
pub(super) fn schedules(graph: &Graph, cover: Cover) -> Vec<Vec<usize>> {
    let mut walk = Walk {
        graph,
        by_state: cover == Cover::States,
        edges: vec![false; graph.transitions()],
        states: vec![false; graph.states()],
    };
    walk.states[0] = true;
    let mut schedules = Vec::new();
    for state in 0..graph.states() {
        for edge in graph.from(state) {
            if walk.wants(edge) {
                let way = walk.through(state, edge);
                schedules.push(way.into_iter().map(|edge| graph.place(edge)).collect());
            }
        }
    }
    schedules
}

/// What is covered so far.
struct Walk<'a> {
    graph: &'a Graph,
    /// Whether states are to be covered, and not transitions.
    by_state: bool,
    edges: Vec<bool>,
    states: Vec<bool>,
}

impl Walk<'_> {
    /// Whether taking this transition covers something new.
    fn wants(&self, edge: usize) -> bool {
        if self.by_state { !self.states[self.graph.target(edge)] } else { !self.edges[edge] }
    }

    fn take(&mut self, edge: usize, way: &mut Vec<usize>) {
        self.edges[edge] = true;
        self.states[self.graph.target(edge)] = true;
        way.push(edge);
    }

    /// A schedule that takes this transition of this state, and goes on as long as that is cheaper than to begin anew.
    fn through(&mut self, state: usize, edge: usize) -> Vec<usize> {
        let mut way = Vec::new();
        for edge in self.graph.way_to(state) {
            self.take(edge, &mut way);
        }
        self.take(edge, &mut way);
        let mut at = self.graph.target(edge);
        while let Some(hop) = self.nearest(at) {
            for edge in hop {
                self.take(edge, &mut way);
                at = self.graph.target(edge);
            }
        }
        way
    }

    /// The shortest way to an uncovered transition and through it, among the states nearby.
    fn nearest(&self, from: usize) -> Option<Vec<usize>> {
        let mut reached: HashMap<usize, Option<(usize, usize)>> = HashMap::from([(from, None)]);
        let mut queue = VecDeque::from([(from, 0)]);
        while let Some((state, steps)) = queue.pop_front() {
            let wanted = self.graph.from(state).find(|edge| self.wants(*edge));
            if let Some(edge) = wanted.filter(|_| steps <= self.graph.depth(state)) {
                let mut way = vec![edge];
                let mut at = state;
                while let Some((before, edge)) = reached[&at] {
                    way.push(edge);
                    at = before;
                }
                way.reverse();
                return Some(way);
            }
            if reached.len() < NEAR {
                for edge in self.graph.from(state) {
                    let target = self.graph.target(edge);
                    reached.entry(target).or_insert_with(|| {
                        queue.push_back((target, steps + 1));
                        Some((state, edge))
                    });
                }
            }
        }
        None
    }
}
