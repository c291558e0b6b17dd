//! A fair cycle within a strongly connected part of a graph.

use super::cycles::{Cycles, Part, Seek};
use super::{Class, Searched};
use crate::check::engine::Path;
use crate::check::silence::Edge;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::iter;

/// Walks within a part that has a fair cycle.
pub(super) struct Walk<'a> {
    pub(super) searched: Searched<'a>,
    pub(super) cycles: &'a Cycles,
    pub(super) part: Part<'a>,
}

/// An edge, the state where it begins, and its class.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    from: u32,
    pub(super) edge: Edge,
    class: Class,
}

/// The part of a walk on which its continuation depends.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Passed {
    at: u32,
    /// Whether the walk has passed the sought state or step.
    sought: bool,
    /// The classes that were enabled in all its states and never taken.
    starved: BTreeSet<Class>,
}

/// The most steps of walks that are compared.
const COMPARED: usize = 200_000;

impl Walk<'_> {
    /// A shortest path to the part, and a fair cycle there that passes the sought state or step: a shortest one from
    /// its entry, or if there are too many walks to compare, a short one.
    pub(super) fn lasso(&self, seek: Seek<'_>) -> Path {
        let entry = self.part.members[0];
        let cycle = self.shortest(entry, seek).unwrap_or_else(|| self.short(entry, seek));
        let mut path = self.searched.reached.path_to(entry as usize);
        path.steps.extend(cycle.iter().map(|taken| taken.edge.action as usize));
        path
    }

    /// A shortest fair cycle, by a breadth-first search over [`Passed`].
    pub(super) fn shortest(&self, entry: u32, seek: Seek<'_>) -> Option<Vec<Taken>> {
        let is_sought = |state| matches!(seek, Seek::State(is_sought) if is_sought(state));
        let start = Passed { at: entry, sought: is_sought(entry), starved: self.cycles.enabled(entry) };
        // By walk, its last step and the walk before that.
        let mut steps: Vec<(Option<Taken>, usize)> = vec![(None, 0)];
        let (mut walks, mut known) = (vec![start.clone()], HashSet::from([start]));
        let mut number = 0;
        while let Some(walk) = walks.get(number).cloned() {
            for taken in self.steps(walk.at) {
                let enabled = self.cycles.enabled(taken.edge.to);
                let starved = walk.starved.iter().filter(|class| **class != taken.class && enabled.contains(class));
                let sent = matches!(seek, Seek::Sent) && self.searched.graph.sends(taken.edge);
                let sought = walk.sought || sent || is_sought(taken.edge.to);
                let next = Passed { at: taken.edge.to, sought, starved: starved.copied().collect() };
                let is_closed = next.at == entry && next.sought && next.starved.is_empty();
                if known.insert(next.clone()) {
                    walks.push(next);
                    steps.push((Some(taken), number));
                    if is_closed {
                        let back = iter::successors(steps.last(), |(_, before)| steps.get(*before));
                        let mut cycle: Vec<Taken> = back.map_while(|(taken, _)| *taken).collect();
                        cycle.reverse();
                        return Some(cycle);
                    }
                }
            }
            number += 1;
            if walks.len() > COMPARED {
                return None;
            }
        }
        None
    }

    /// A short fair cycle: shortest ways, one after the other, to the sought state or step, to a step of each class
    /// that would otherwise starve or to a state that does not enable the class, and back.
    pub(super) fn short(&self, entry: u32, seek: Seek<'_>) -> Vec<Taken> {
        let mut cycle = match seek {
            Seek::State(is_sought) => self.way(entry, is_sought, |_| false),
            Seek::Sent => self.way(entry, |_| false, |taken| self.searched.graph.sends(taken.edge)),
        };
        loop {
            let end = cycle.last().map_or(entry, |taken| taken.edge.to);
            let back = self.way(end, |state| state == entry, |_| false);
            let closed: Vec<Taken> = cycle.iter().chain(&back).copied().collect();
            let Some(class) = self.starved(entry, &closed) else { return closed };
            let is_without = |state| !self.cycles.enabled(state).contains(&class);
            cycle.extend(self.way(end, is_without, |taken| taken.class == class));
        }
    }

    /// The steps within the part.
    fn steps(&self, from: u32) -> impl Iterator<Item = Taken> {
        let edges = self.searched.graph.edges_of(from as usize).zip(self.cycles.classes_of(from));
        let within = edges.filter(|(edge, _)| self.part.has(edge.to));
        within.map(move |(edge, class)| Taken { from, edge, class: *class })
    }

    /// A class that is enabled in all states of the cycle and never taken.
    pub(super) fn starved(&self, entry: u32, cycle: &[Taken]) -> Option<Class> {
        let mut starved: BTreeSet<Class> = self.cycles.enabled(entry);
        for Taken { from, class, .. } in cycle {
            let enabled = self.cycles.enabled(*from);
            starved.retain(|starved| starved != class && enabled.contains(starved));
        }
        starved.first().copied()
    }

    /// A shortest way within the part to such a state or over such an edge. There must be one.
    fn way(&self, from: u32, is_state: impl Fn(u32) -> bool, is_edge: impl Fn(Taken) -> bool) -> Vec<Taken> {
        if is_state(from) {
            return Vec::new();
        }
        let mut reached: HashMap<u32, Option<Taken>> = HashMap::from([(from, None)]);
        let mut to_visit = VecDeque::from([from]);
        while let Some(at) = to_visit.pop_front() {
            for taken in self.steps(at) {
                let to = taken.edge.to;
                if is_edge(taken) || is_state(to) {
                    let mut way = vec![taken];
                    let mut back = reached[&at];
                    while let Some(taken) = back {
                        way.push(taken);
                        back = reached[&taken.from];
                    }
                    way.reverse();
                    return way;
                }
                reached.entry(to).or_insert_with(|| {
                    to_visit.push_back(to);
                    Some(taken)
                });
            }
        }
        unreachable!("every state and edge of a strongly connected part is reached from each of its states")
    }
}
