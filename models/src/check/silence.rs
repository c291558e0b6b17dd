//! Whether masters stop sending changes. This is judged on the graph of all states, because it is no property of a
//! single state.

mod edges;

use crate::check::engine::Counted;
use crate::model::Sent;
pub(crate) use edges::{Edge, Edges};
use foldhash::fast::FixedState;
use multimaster::Dot;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// The most of each kind that may be numbered.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// States.
    pub states: u32,
    /// The steps that are possible in one state.
    pub steps: u32,
    /// The bytes that the edges of `BLOCK` states take.
    pub edges: u32,
    /// Combinations of sent changes.
    pub labels: u32,
}

impl Default for Numbers {
    /// The most values that a `u32` can number; its highest value means "none yet".
    fn default() -> Self {
        Numbers { states: u32::MAX, steps: u32::MAX, edges: u32::MAX, labels: u32::MAX }
    }
}

/// For one state in this many, the start of its edges is stored in full; for the others, relative to it.
const BLOCK: usize = 4096;

/// The graph of an exploration: for each state, the targets of its steps and the changes that they send.
///
/// It takes most of an exploration's memory, so an edge is encoded in a few bytes: its label, its target relative to
/// the previous edge's, and its action only if that is not the next one.
pub struct Graph {
    numbers: Numbers,
    /// The number of initial states.
    initial: usize,
    /// By state, the start of its edges relative to that of its block. States are expanded in the order of their
    /// numbers.
    starts: Vec<u32>,
    blocks: Vec<usize>,
    edges: Vec<u8>,
    /// The last edge written.
    last: Edge,
    /// The distinct combinations of sent changes.
    labels: Vec<Sent>,
    label_numbers: HashMap<Sent, u32, FixedState>,
    /// The labels of combinations of at most one change, as nearly all are.
    short_labels: HashMap<Option<Dot>, u32, FixedState>,
}

/// The judgement of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Every schedule sends each change at most `messages` times.
    Ends {
        /// The most messages that one schedule spends on one change; `None` above 65,534.
        messages: Option<usize>,
    },
    /// These steps lead from the state `from` back to it and send a change, so a schedule can send changes for ever.
    Endless {
        /// The number of the state.
        from: usize,
        /// The steps, each by the index of its action among those possible.
        around: Vec<usize>,
    },
    /// The judgement needs more memory than there is.
    TooLarge,
}

/// The number of edges that lead to each of a graph's states.
pub struct Ways(Vec<u32>);

impl Graph {
    /// A graph without edges, whose first states are the `initial` ones.
    pub fn new(numbers: Numbers, initial: usize) -> Graph {
        Graph {
            numbers,
            initial,
            starts: Vec::new(),
            blocks: Vec::new(),
            edges: Vec::new(),
            last: Edge::default(),
            labels: Vec::new(),
            label_numbers: HashMap::default(),
            short_labels: HashMap::default(),
        }
    }

    /// Begins the edges of `state`. States must come in the order of their numbers, starting with 0.
    ///
    /// # Errors
    /// If the edges so far cannot be numbered.
    pub fn begin(&mut self, state: usize) -> Result<(), Counted> {
        assert_eq!(state, self.starts.len(), "states are expanded in order");
        if state.is_multiple_of(BLOCK) {
            self.blocks.push(self.edges.len());
        }
        let start = u32::try_from(self.edges.len() - self.blocks[state / BLOCK]).ok();
        self.starts.push(start.filter(|start| *start < self.numbers.edges).ok_or(Counted::Edges)?);
        self.last = Edge::before_those_of(state as u32);
        Ok(())
    }

    /// Adds a step to the state numbered `to`: its index among the possible steps, and the changes that it sends.
    ///
    /// # Errors
    /// If the combination of changes cannot be numbered.
    pub fn edge(&mut self, to: u32, action: u32, sent: &Sent) -> Result<(), Counted> {
        let edge = Edge { to, action, label: self.label(sent)? };
        edge.write(self.last, &mut self.edges);
        self.last = edge;
        Ok(())
    }

    /// The label of this combination of changes, whatever their order.
    fn label(&mut self, sent: &Sent) -> Result<u32, Counted> {
        let short = (sent.len() < 2).then(|| sent.first().copied());
        let known = short.map_or_else(|| self.label_numbers.get(sent), |short| self.short_labels.get(&short));
        if let Some(label) = known {
            return Ok(*label);
        }
        let mut sorted = sent.clone();
        sorted.sort_unstable();
        let label = match self.label_numbers.get(&sorted) {
            Some(label) => *label,
            None => {
                let next = u32::try_from(self.labels.len()).ok().filter(|next| *next < self.numbers.labels);
                let next = next.ok_or(Counted::Labels)?;
                self.labels.push(sorted.clone());
                self.label_numbers.insert(sorted, next);
                next
            }
        };
        // So that this order need not be sorted again.
        self.label_numbers.insert(sent.clone(), label);
        self.short_labels.extend(short.map(|short| (short, label)));
        Ok(label)
    }

    /// The edges of a state, in order; none if it was not expanded.
    pub(crate) fn edges_of(&self, state: usize) -> Edges<'_> {
        let start = |state: usize| match self.starts.get(state) {
            Some(start) => self.blocks[state / BLOCK] + *start as usize,
            None => self.edges.len(),
        };
        Edges::of(state as u32, &self.edges[start(state)..start(state + 1)])
    }

    /// Whether the step sends a change.
    pub(crate) fn sends(&self, edge: Edge) -> bool {
        !self.labels[edge.label as usize].is_empty()
    }

    /// The incoming edges of the first `states` states.
    pub fn ways(&self, states: usize) -> Ways {
        let mut ways = vec![0; states];
        for edge in (0..self.starts.len()).flat_map(|state| self.edges_of(state)) {
            ways[edge.to as usize] += 1;
        }
        Ways(ways)
    }

    /// Whether the graph, whose states have these `ways`, has no cycle (Kahn, 1962).
    pub(crate) fn is_acyclic(&self, ways: Ways) -> bool {
        let (Ways(mut to_come), mut passed) = (ways, 0);
        let mut ready: Vec<u32> = (0..self.initial as u32).filter(|state| to_come[*state as usize] == 0).collect();
        while let Some(state) = ready.pop() {
            passed += 1;
            for edge in self.edges_of(state as usize) {
                to_come[edge.to as usize] -= 1;
                if to_come[edge.to as usize] == 0 {
                    ready.push(edge.to);
                }
            }
        }
        passed == to_come.len()
    }

    /// Judges the graph whose states have these `ways`, in at most `room` bytes. A state that was not expanded has no
    /// edges, so `Ends` is no verdict on a cut exploration. The time is proportional to the number of edges times that
    /// of changes.
    pub fn silence(&self, ways: &Ways, room: Option<u64>) -> Silence {
        let (states, (_, width)) = (ways.0.len(), self.dots_by_place());
        let fits = |each: usize| room.is_none_or(|room| (states as u64).saturating_mul(each as u64) <= room);
        if !fits(size_of::<u16>() * width + 2 * size_of::<u32>()) {
            return Silence::TooLarge;
        }
        if let Some(messages) = self.most_messages_without_cycles(ways) {
            return Silence::Ends { messages: counted(messages) };
        }
        // Four numbers a state, and in the worst case all states on the stack.
        if !fits(size_of::<u16>() * width + 5 * size_of::<u32>() + size_of::<(u32, Edges<'_>)>()) {
            return Silence::TooLarge;
        }
        let (component, completed) = self.components(states, &|_| true);
        let endless = (0..states)
            .flat_map(|from| self.edges_of(from).map(move |edge| (from, edge)))
            .filter(|(from, edge)| self.sends(*edge) && component[*from] == component[edge.to as usize]);
        // States are numbered by depth, so the first such edges start nearest to an initial state. Of these, the
        // shortest cycle is taken.
        let mut shortest: Option<(usize, Vec<usize>)> = None;
        for (from, edge) in endless.take(256) {
            let around = self.way_back(from, edge, &component);
            if shortest.as_ref().is_none_or(|(_, best)| around.len() < best.len()) {
                shortest = Some((from, around));
            }
        }
        match shortest {
            Some((from, around)) => Silence::Endless { from, around },
            None => Silence::Ends { messages: counted(self.most_messages(&completed, &component)) },
        }
    }

    /// The heaviest path by change, if the graph is acyclic, as in most scopes: one pass in topological order (Kahn,
    /// "Topological sorting of large networks", 1962). `None` if there is a cycle.
    fn most_messages_without_cycles(&self, ways: &Ways) -> Option<u16> {
        let (states, mut to_come) = (ways.0.len(), ways.0.clone());
        let (labels, width) = self.dots_by_place();
        let (mut behind, mut here) = (vec![0u16; states * width], vec![0u16; width]);
        let (mut most, mut passed) = (0, 0);
        // All states are reachable from initial ones.
        let mut ready: Vec<u32> = (0..self.initial as u32).filter(|state| to_come[*state as usize] == 0).collect();
        while let Some(state) = ready.pop() {
            passed += 1;
            let place = state as usize * width;
            here.copy_from_slice(&behind[place..place + width]);
            for edge in self.edges_of(state as usize) {
                let to = edge.to as usize;
                let ahead = &mut behind[to * width..][..width];
                for (ahead, here) in ahead.iter_mut().zip(&here) {
                    *ahead = (*ahead).max(*here);
                }
                for (dot, times) in &labels[edge.label as usize] {
                    ahead[*dot] = ahead[*dot].max(here[*dot].saturating_add(*times));
                }
                to_come[to] -= 1;
                if to_come[to] == 0 {
                    ready.push(edge.to);
                }
            }
            most = here.iter().copied().fold(most, u16::max);
        }
        (passed == states).then_some(most)
    }

    /// By label, its changes and how often each occurs; and the number of changes.
    fn dots_by_place(&self) -> (Vec<Vec<(usize, u16)>>, usize) {
        let all: BTreeSet<Dot> = self.labels.iter().flatten().copied().collect();
        let dots: BTreeMap<Dot, usize> = all.into_iter().enumerate().map(|(place, dot)| (dot, place)).collect();
        // Labels are sorted.
        let label = |sent: &Sent| {
            sent.chunk_by(Dot::eq).map(|same| (dots[&same[0]], u16::try_from(same.len()).unwrap_or(u16::MAX))).collect()
        };
        (self.labels.iter().map(label).collect(), dots.len())
    }

    /// The strongly connected component of each state in the part of the graph with the states `within`, and these
    /// states, component by component. Components are numbered in the order in which Tarjan's algorithm ("Depth-first
    /// search and linear graph algorithms", 1972) completes them, so no edge leads to a higher number.
    pub(crate) fn components(&self, states: usize, within: &impl Fn(u32) -> bool) -> (Vec<u32>, Vec<u32>) {
        const NEW: u32 = u32::MAX;
        let (mut order, mut low, mut component) = (vec![NEW; states], vec![0u32; states], vec![NEW; states]);
        let (mut visited, mut completed, mut in_order) = (0, 0, Vec::with_capacity(states));
        let (mut stack, mut path): (Vec<u32>, Vec<(u32, Edges<'_>)>) = (Vec::new(), Vec::new());
        for root in 0..states as u32 {
            if order[root as usize] != NEW || !within(root) {
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
                        if !within(edge.to) {
                            continue;
                        } else if order[to] == NEW {
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
        let mut reached: HashMap<usize, Option<(usize, u32)>> = HashMap::from([(start, None)]);
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
            back.push(*action as usize);
            at = *previous;
        }
        back.push(first.action as usize);
        back.reverse();
        back
    }

    /// The heaviest path by change, in the order of completion: the components completed first lead to no others.
    fn most_messages(&self, completed: &[u32], component: &[u32]) -> u16 {
        let (labels, width) = self.dots_by_place();
        let mut ahead = vec![0u16; completed.len() * width];
        let (mut best, mut here) = (vec![0u16; width], vec![0u16; width]);
        for group in completed.chunk_by(|one, other| component[*one as usize] == component[*other as usize]) {
            best.fill(0);
            for state in group {
                for edge in self.edges_of(*state as usize) {
                    let target = edge.to as usize * width;
                    here.copy_from_slice(&ahead[target..target + width]);
                    for (dot, times) in &labels[edge.label as usize] {
                        here[*dot] = here[*dot].saturating_add(*times);
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
        ahead.into_iter().max().unwrap_or(0)
    }
}

/// The count, unless it is saturated.
fn counted(most: u16) -> Option<usize> {
    (most < u16::MAX).then_some(usize::from(most))
}
