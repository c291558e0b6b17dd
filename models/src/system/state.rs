//! A state of a system, its parts given by number, and the steps between states.

use multimaster::MasterId;
use smallvec::{Array, SmallVec};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A global state of a [`System`](super::System). Its parts are in the system's tables, where each node's state and each
/// message is kept once: two states of one system are equal if and only if their numbers are.
pub struct State {
    pub(super) world: World,
    shown: Arc<dyn Shown>,
}

/// Shows the parts of a state in words.
pub(super) trait Shown: Send + Sync {
    fn write(&self, world: &World, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The parts of a state.
#[derive(PartialEq, Eq)]
pub(super) struct World {
    /// The number of each node's state. A node that is down has already the state that it restarts from.
    pub(super) nodes: SmallVec<[u32; 4]>,
    /// The messages in flight. For datagrams a multiset and for a soup a set, both ordered by content; for streams, the
    /// queue of each pair of nodes, pair by pair.
    pub(super) wire: SmallVec<[u32; 8]>,
    pub(super) asked: Asked,
    /// By request, the number of the value that it was answered with, plus one; 0 without one. Empty as long as there is
    /// none.
    pub(super) values: SmallVec<[u32; 2]>,
    pub(super) left: Left,
    /// The nodes that are down, a bit for each.
    pub(super) down: u32,
    /// The cuts that are not healed, a bit for each.
    pub(super) severed: u32,
}

/// What became of the clients' requests, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) made: u32,
    /// Acknowledged.
    pub(super) done: u32,
    pub(super) refused: u32,
    /// Made at a node that crashed before it answered.
    pub(super) unanswered: u32,
}

impl Asked {
    /// The requests that await their answers.
    pub(super) fn pending(&self) -> u32 {
        self.made & !(self.done | self.refused | self.unanswered)
    }

    /// The requests that may have taken effect.
    pub(super) fn effective(&self) -> u32 {
        self.made & !self.refused
    }
}

/// The faults that may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) losses: u8,
    pub(super) duplicates: u8,
    pub(super) cuts: u8,
    pub(super) crashes: u8,
}

/// A step of a [`System`](super::System). Requests and messages are given by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A client makes its next request.
    Request(u32),
    /// A message arrives.
    Deliver(u32),
    /// A message arrives, and will arrive once more.
    Repeat(u32),
    /// A message is lost.
    Lose(u32),
    /// A node takes the tick at this place in its list.
    Tick(MasterId, usize),
    /// A node goes down.
    Crash(MasterId),
    /// A node comes back.
    Restart(MasterId),
    /// A cut begins.
    Cut(usize),
    /// A cut ends.
    Heal(usize),
}

impl World {
    /// Whether the node is up.
    pub(super) fn is_up(&self, node: MasterId) -> bool {
        self.down & (1 << node.index()) == 0
    }

    /// Two requests that were answered with the same value, by number.
    pub(super) fn answered_alike(&self) -> Option<(u32, u32)> {
        let mut answered = (0..).zip(&self.values).filter(|(_, value)| **value != 0);
        answered.find_map(|(number, value)| {
            let earlier = self.values[..number as usize].iter().position(|other| other == value);
            Some((earlier? as u32, number))
        })
    }

    /// The number of the node's state.
    pub(super) fn node(&self, node: MasterId) -> u32 {
        self.nodes[node.index()]
    }
}

impl State {
    pub(super) fn new(world: World, shown: Arc<dyn Shown>) -> State {
        State { world, shown }
    }
}

/// One line for each node: its state and its readings. Then the messages in flight, the requests, and the faults left.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.write(&self.world, f)
    }
}

/// Compares numbers, which identify parts within one system.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.world == other.world
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.world.hash(hasher);
    }
}

impl Clone for State {
    fn clone(&self) -> Self {
        State { world: self.world.clone(), shown: Arc::clone(&self.shown) }
    }

    fn clone_from(&mut self, other: &Self) {
        if !Arc::ptr_eq(&self.shown, &other.shown) {
            self.shown = Arc::clone(&other.shown);
        }
        self.world.clone_from(&other.world);
    }
}

fn pair(one: u32, other: u32) -> u64 {
    u64::from(one) << 32 | u64::from(other)
}

/// Hashes the numbers, two in a word. All states of a system have equally many nodes.
impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let World { nodes, wire, asked, values, left, down, severed } = self;
        let Left { losses, duplicates, cuts, crashes } = *left;
        hasher.write_u64(pair(asked.made, asked.done));
        hasher.write_u64(pair(u32::from_le_bytes([losses, duplicates, cuts, crashes]), wire.len() as u32));
        hasher.write_u64(pair(asked.refused, asked.unanswered));
        hasher.write_u64(pair(*down, *severed));
        let mut numbers = nodes.iter().chain(wire).chain(values);
        while let Some(one) = numbers.next() {
            hasher.write_u64(pair(*one, numbers.next().copied().unwrap_or(0)));
        }
    }
}

impl Clone for World {
    // Copied as slices, which is several times as fast as element by element.
    fn clone(&self) -> Self {
        let World { nodes, wire, asked, values, left, down, severed } = self;
        let (nodes, wire, values) =
            (SmallVec::from_slice(nodes), SmallVec::from_slice(wire), SmallVec::from_slice(values));
        World { nodes, wire, asked: *asked, values, left: *left, down: *down, severed: *severed }
    }

    fn clone_from(&mut self, other: &Self) {
        copy(&mut self.nodes, &other.nodes);
        copy(&mut self.wire, &other.wire);
        copy(&mut self.values, &other.values);
        (self.asked, self.left, self.down, self.severed) = (other.asked, other.left, other.down, other.severed);
    }
}

fn copy<A: Array<Item: Copy>>(to: &mut SmallVec<A>, from: &SmallVec<A>) {
    to.clear();
    to.extend_from_slice(from);
}
