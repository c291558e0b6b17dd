//! Whether messages end: judged on the graph of all states, because no property of one state can tell.

use crate::subject::Sent;
use multimaster::Dot;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The graph of an exploration: of each state, where its steps lead and which changes they send.
#[derive(Default)]
pub struct Graph {
    /// Where the edges of the `i`-th state begin. States are expanded in the order of their numbers.
    starts: Vec<u32>,
    edges: Vec<Edge>,
    /// Every combination of sent changes that occurred.
    labels: Vec<Sent>,
    label_numbers: HashMap<Sent, u16>,
}

#[derive(Clone, Copy)]
struct Edge {
    to: u32,
    action: u16,
    label: u16,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Every schedule sends changes only so often: no change more than `messages` times.
    Ends {
        /// The most messages that one schedule spends on carrying one change.
        messages: usize,
    },
    /// From the state `from`, these steps lead back to it, and send a change on the way: for ever, if a schedule will.
    Endless {
        /// The number of the state.
        from: usize,
        /// The steps, by the index of each among those possible.
        around: Vec<usize>,
    },
}

impl Graph {
    /// The edges of `state` follow. States must come in the order of their numbers, starting with 0.
    pub fn begin(&mut self, state: u32) {
        assert_eq!(state as usize, self.starts.len(), "states are expanded in order");
        self.starts.push(self.edges.len() as u32);
    }

    /// A step to the state numbered `to`.
    pub fn edge(&mut self, to: u32, action: u16, sent: &Sent) {
        let mut sent = sent.clone();
        sent.sort();
        let label = *self.label_numbers.entry(sent).or_insert_with_key(|sent| {
            self.labels.push(sent.clone());
            (self.labels.len() - 1) as u16
        });
        self.edges.push(Edge { to, action, label });
    }

    fn edges_of(&self, state: usize) -> &[Edge] {
        let end = |next: usize| self.starts.get(next).map_or(self.edges.len(), |start| *start as usize);
        match self.starts.get(state) {
            Some(start) => &self.edges[*start as usize..end(state + 1)],
            None => &[],
        }
    }

    /// Judges the graph of `states` states. States not expanded have no edges: then `Ends` is no verdict.
    pub fn silence(&self, states: usize) -> Silence {
        let component = self.components(states);
        let endless = (0..states).flat_map(|from| self.edges_of(from).iter().map(move |edge| (from, edge))).filter(
            |(from, edge)| {
                !self.labels[usize::from(edge.label)].is_empty() && component[*from] == component[edge.to as usize]
            },
        );
        // States are numbered by depth, so the first such edges start nearest to the initial state. Of those, the
        // shortest way round.
        let mut shortest: Option<(usize, Vec<usize>)> = None;
        for (from, edge) in endless.take(256) {
            let around = self.way_back(from, edge, &component);
            if shortest.as_ref().is_none_or(|(_, best)| around.len() < best.len()) {
                shortest = Some((from, around));
            }
        }
        match shortest {
            Some((from, around)) => Silence::Endless { from, around },
            None => Silence::Ends { messages: self.most_messages(states, &component) },
        }
    }

    /// The strongly connected component of each state. Components are numbered in the order in which Tarjan's algorithm
    /// ("Depth-first search and linear graph algorithms", 1972) completes them: an edge never leads to a higher number.
    fn components(&self, states: usize) -> Vec<u32> {
        const NEW: u32 = u32::MAX;
        let (mut order, mut low, mut component) = (vec![NEW; states], vec![0u32; states], vec![NEW; states]);
        let (mut visited, mut completed) = (0, 0);
        let (mut stack, mut path): (Vec<u32>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
        for root in 0..states as u32 {
            if order[root as usize] != NEW {
                continue;
            }
            path.push((root, 0));
            while let Some((state, place)) = path.last_mut() {
                let at = *state as usize;
                if *place == 0 {
                    (order[at], low[at]) = (visited, visited);
                    visited += 1;
                    stack.push(*state);
                }
                match self.edges_of(at).get(*place as usize) {
                    Some(edge) => {
                        *place += 1;
                        let to = edge.to as usize;
                        if order[to] == NEW {
                            path.push((edge.to, 0));
                        } else if component[to] == NEW {
                            low[at] = low[at].min(order[to]);
                        }
                    }
                    None => {
                        path.pop();
                        if let Some((parent, _)) = path.last() {
                            let parent = *parent as usize;
                            low[parent] = low[parent].min(low[at]);
                        }
                        if low[at] == order[at] {
                            while let Some(member) = stack.pop() {
                                component[member as usize] = completed;
                                if member as usize == at {
                                    break;
                                }
                            }
                            completed += 1;
                        }
                    }
                }
            }
        }
        component
    }

    /// The shortest cycle that starts with `first`, within its component.
    fn way_back(&self, from: usize, first: &Edge, component: &[u32]) -> Vec<usize> {
        let start = first.to as usize;
        let mut reached: HashMap<usize, Option<(usize, u16)>> = HashMap::from([(start, None)]);
        let mut to_visit = VecDeque::from([start]);
        while let Some(at) = to_visit.pop_front() {
            if at == from {
                break;
            }
            for edge in self.edges_of(at) {
                let to = edge.to as usize;
                if component[to] == component[from] && !reached.contains_key(&to) {
                    reached.insert(to, Some((at, edge.action)));
                    to_visit.push_back(to);
                }
            }
        }
        let (mut back, mut at) = (Vec::new(), from);
        while let Some(Some((previous, action))) = reached.get(&at) {
            back.push(usize::from(*action));
            at = *previous;
        }
        back.push(usize::from(first.action));
        back.reverse();
        back
    }

    /// Per change the heaviest path, from the components that are completed first: those have no way to others.
    fn most_messages(&self, states: usize, component: &[u32]) -> usize {
        let dots: BTreeMap<Dot, usize> = {
            let all: std::collections::BTreeSet<Dot> = self.labels.iter().flatten().copied().collect();
            all.into_iter().enumerate().map(|(place, dot)| (dot, place)).collect()
        };
        let width = dots.len();
        let mut by_component: Vec<u32> = (0..states as u32).collect();
        by_component.sort_by_key(|state| component[*state as usize]);
        let mut ahead = vec![0u16; states * width];
        for group in by_component.chunk_by(|one, other| component[*one as usize] == component[*other as usize]) {
            let mut best = vec![0u16; width];
            for state in group {
                for edge in self.edges_of(*state as usize) {
                    let target = edge.to as usize * width;
                    let mut here: Vec<u16> = ahead[target..target + width].to_vec();
                    for dot in &self.labels[usize::from(edge.label)] {
                        here[dots[dot]] += 1;
                    }
                    for (best, here) in best.iter_mut().zip(here) {
                        *best = (*best).max(here);
                    }
                }
            }
            for state in group {
                let place = *state as usize * width;
                ahead[place..place + width].copy_from_slice(&best);
            }
        }
        ahead.iter().take(width).copied().max().map_or(0, usize::from)
    }
}
