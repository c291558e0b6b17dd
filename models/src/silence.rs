//! Whether messages end: judged on the graph of all states, because no property of one state can tell.

use crate::subject::Sent;
use foldhash::fast::FixedState;
use multimaster::Dot;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// The graph of an exploration: of each state, where its steps lead and which changes they send.
///
/// It is the larger part of what an exploration keeps. So an edge is a few bytes: its label, and how far its target lies
/// from that of the edge before; its action only if that is not the next one.
#[derive(Default)]
pub struct Graph {
    /// Where the edges of the `i`-th state begin. States are expanded in the order of their numbers.
    starts: Vec<u32>,
    edges: Vec<u8>,
    /// The last edge written.
    last: Edge,
    /// Every combination of sent changes that occurred.
    labels: Vec<Sent>,
    label_numbers: HashMap<Sent, u16, FixedState>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Edge {
    to: u32,
    action: u16,
    label: u16,
}

impl Edge {
    /// What the first edge of a state is told from.
    fn before_those_of(state: u32) -> Edge {
        Edge { to: state, action: u16::MAX, label: 0 }
    }

    fn write(self, last: Edge, out: &mut Vec<u8>) {
        let next_action = self.action == last.action.wrapping_add(1);
        write_number(u64::from(self.label) << 1 | u64::from(!next_action), out);
        if !next_action {
            write_number(self.action.into(), out);
        }
        let apart = i64::from(self.to) - i64::from(last.to);
        write_number((apart << 1 ^ apart >> 63) as u64, out);
    }
}

/// The edges of a state, in order.
struct Edges<'a> {
    bytes: &'a [u8],
    last: Edge,
}

impl Iterator for Edges<'_> {
    type Item = Edge;

    fn next(&mut self) -> Option<Edge> {
        let label = read_number(&mut self.bytes)?;
        let next_action = self.last.action.wrapping_add(1);
        let action = if label & 1 == 0 { next_action } else { read_number(&mut self.bytes)? as u16 };
        let apart = read_number(&mut self.bytes)?;
        let apart = (apart >> 1) as i64 ^ -((apart & 1) as i64);
        let to = (i64::from(self.last.to) + apart) as u32;
        self.last = Edge { to, action, label: (label >> 1) as u16 };
        Some(self.last)
    }
}

/// Seven bits a byte, the lowest first, each but the last marked by its highest bit.
fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
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
        self.starts.push(u32::try_from(self.edges.len()).expect("less than 4 GiB of edges"));
        self.last = Edge::before_those_of(state);
    }

    /// A step to the state numbered `to`, with the [label](Self::label) of what it sends.
    pub fn edge(&mut self, to: u32, action: u16, label: u16) {
        let edge = Edge { to, action, label };
        edge.write(self.last, &mut self.edges);
        self.last = edge;
    }

    /// The number of this combination of changes, in whatever order: a label of edges.
    pub fn label(&mut self, sent: &Sent) -> u16 {
        // Few steps send more than one change.
        if let Some(label) = self.label_numbers.get(sent) {
            return *label;
        }
        let mut sorted = sent.clone();
        sorted.sort_unstable();
        let next = self.labels.len() as u16;
        let label = *self.label_numbers.entry(sorted).or_insert_with_key(|sorted| {
            self.labels.push(sorted.clone());
            next
        });
        // So that it need not be sorted when it comes again.
        self.label_numbers.insert(sent.clone(), label);
        label
    }

    fn edges_of(&self, state: usize) -> Edges<'_> {
        let start = |state: usize| self.starts.get(state).map_or(self.edges.len(), |start| *start as usize);
        Edges { bytes: &self.edges[start(state)..start(state + 1)], last: Edge::before_those_of(state as u32) }
    }

    /// How each state was first reached: from which, by which action. The first is reached from itself.
    pub fn origins(&self) -> Vec<(u32, u16)> {
        let mut origins = vec![(0, 0)];
        for state in 0..self.starts.len() {
            for edge in self.edges_of(state) {
                // States are numbered as they are found.
                if edge.to as usize == origins.len() {
                    origins.push((state as u32, edge.action));
                }
            }
        }
        origins
    }

    /// Judges the graph of `states` states. States not expanded have no edges: then `Ends` is no verdict.
    pub fn silence(&self, states: usize) -> Silence {
        let (component, completed) = self.components(states);
        let endless =
            (0..states).flat_map(|from| self.edges_of(from).map(move |edge| (from, edge))).filter(|(from, edge)| {
                !self.labels[usize::from(edge.label)].is_empty() && component[*from] == component[edge.to as usize]
            });
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
            None => Silence::Ends { messages: self.most_messages(&completed, &component) },
        }
    }

    /// The strongly connected component of each state. Components are numbered in the order in which Tarjan's algorithm
    /// ("Depth-first search and linear graph algorithms", 1972) completes them: an edge never leads to a higher number. And the states, component by
    /// component.
    fn components(&self, states: usize) -> (Vec<u32>, Vec<u32>) {
        const NEW: u32 = u32::MAX;
        let (mut order, mut low, mut component) = (vec![NEW; states], vec![0u32; states], vec![NEW; states]);
        let (mut visited, mut completed, mut in_order) = (0, 0, Vec::with_capacity(states));
        let (mut stack, mut path): (Vec<u32>, Vec<(u32, Edges<'_>)>) = (Vec::new(), Vec::new());
        for root in 0..states as u32 {
            if order[root as usize] != NEW {
                continue;
            }
            path.push((root, self.edges_of(root as usize)));
            while let Some((state, edges)) = path.last_mut() {
                let at = *state as usize;
                if order[at] == NEW {
                    (order[at], low[at]) = (visited, visited);
                    visited += 1;
                    stack.push(*state);
                }
                match edges.next() {
                    Some(edge) => {
                        let to = edge.to as usize;
                        if order[to] == NEW {
                            path.push((edge.to, self.edges_of(to)));
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
                                in_order.push(member);
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
        (component, in_order)
    }

    /// The shortest cycle that starts with `first`, within its component.
    fn way_back(&self, from: usize, first: Edge, component: &[u32]) -> Vec<usize> {
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
    fn most_messages(&self, completed: &[u32], component: &[u32]) -> usize {
        let all: BTreeSet<Dot> = self.labels.iter().flatten().copied().collect();
        let dots: BTreeMap<Dot, usize> = all.into_iter().enumerate().map(|(place, dot)| (dot, place)).collect();
        let labels: Vec<Vec<usize>> =
            self.labels.iter().map(|sent| sent.iter().map(|dot| dots[dot]).collect()).collect();
        let width = dots.len();
        let mut ahead = vec![0u16; completed.len() * width];
        let (mut best, mut here) = (vec![0u16; width], vec![0u16; width]);
        for group in completed.chunk_by(|one, other| component[*one as usize] == component[*other as usize]) {
            best.fill(0);
            for state in group {
                for edge in self.edges_of(*state as usize) {
                    let target = edge.to as usize * width;
                    here.copy_from_slice(&ahead[target..target + width]);
                    for dot in &labels[usize::from(edge.label)] {
                        here[*dot] += 1;
                    }
                    for (best, here) in best.iter_mut().zip(&here) {
                        *best = (*best).max(*here);
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
