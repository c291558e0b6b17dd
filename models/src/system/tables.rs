//! The parts of a system's states by number, and the one cache of steps. Each node's state and each message is kept
//! once, and what a node does with an input is computed once.

use super::bounds::Bounds;
use super::node::{Answer, Input, Node, NodeError, Service, Stepped};
use crate::node::content_hash;
use crate::printed::escaped;
use crate::world::memo::{Known, Numbered};
use multimaster::{MasterId, Reading, Text};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::fmt;

/// The most values of one kind that are numbered. The rest of the numbers is for those that the last expanded state
/// adds.
const MOST_NUMBERS: u32 = 1 << 29;

/// All parts of a system's states, and the outcomes of its nodes' steps.
pub(super) struct Tables<N: Node> {
    pub(super) locals: Numbered<Local<N::State>>,
    pub(super) messages: Numbered<Flight<N::Message>>,
    /// What a node reads, key by key.
    pub(super) readings: Numbered<Vec<Reading>>,
    /// The values with which requests were answered.
    pub(super) values: Numbered<Text>,
    steps: Known<u64, u32>,
    pub(super) outcomes: Vec<Outcome>,
    /// Whether these readings are explained by these requests.
    pub(super) explained: Known<(u32, u32), bool>,
    /// The first node at fault.
    pub(super) failed: Option<Failed>,
    /// Whether some node did not say which writes it has seen.
    pub(super) is_silent_on_seen: bool,
    /// Whether some node takes ticks.
    pub(super) has_ticks: bool,
}

/// A state of one node.
pub(super) struct Local<S> {
    pub(super) id: MasterId,
    pub(super) state: S,
    /// The number of what is read.
    pub(super) readings: u32,
    /// The requests seen, a bit for each, if the node says so.
    pub(super) seen: Option<u32>,
    pub(super) ticks: Vec<String>,
    /// The state and the input from which this state was first reached; `None` for the first state.
    came_from: Option<(u32, Given)>,
}

/// A message, its sender and its receiver.
pub(super) struct Flight<M> {
    pub(super) from: MasterId,
    pub(super) to: MasterId,
    pub(super) message: M,
    /// In words, on one line.
    pub(super) text: String,
    hash: u64,
}

/// What a node does with an input.
pub(super) struct Outcome {
    pub(super) local: u32,
    /// The messages sent, by number, in order.
    pub(super) sends: SmallVec<[u32; 4]>,
    pub(super) answers: Vec<(u32, Answer)>,
}

/// An input, its parts given by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Request(u32),
    Message(u32),
    Tick(usize),
    Restart,
    /// The node starts anew.
    Start,
}

impl Given {
    fn key(self) -> u32 {
        match self {
            Given::Message(number) => number << 2,
            Given::Request(number) => number << 2 | 1,
            Given::Tick(place) => (place as u32) << 2 | 2,
            Given::Restart => 3,
            Given::Start => 7,
        }
    }
}

/// A node that was at fault: it returned a [`NodeError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The node.
    pub at: MasterId,
    /// What is wrong.
    pub what: String,
    /// The node's inputs, in order, of which the last one is answered wrongly. Empty if the node failed at its start.
    pub inputs: Vec<String>,
}

/// On several lines.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failed { at, what, inputs } = self;
        write!(f, "node {at} is at fault: {what}")?;
        if inputs.is_empty() {
            return write!(f, "\n  at its start, before any input");
        }
        write!(f, "\n  its inputs, in order:")?;
        inputs.iter().enumerate().try_for_each(|(place, input)| write!(f, "\n  {}. {input}", place + 1))
    }
}

impl<N: Node> Tables<N> {
    pub(super) fn new() -> Tables<N> {
        Tables {
            locals: Numbered::default(),
            messages: Numbered::default(),
            readings: Numbered::default(),
            values: Numbered::default(),
            steps: Known::default(),
            outcomes: Vec::new(),
            explained: Known::default(),
            failed: None,
            is_silent_on_seen: false,
            has_ticks: false,
        }
    }

    /// Whether the exploration must end: a node is at fault, or numbers are about to run out.
    pub(super) fn is_full(&self) -> bool {
        let next = self.locals.next().max(self.messages.next()).max(self.readings.next());
        self.failed.is_some() || next > MOST_NUMBERS || self.outcomes.len() > MOST_NUMBERS as usize
    }

    /// The index of the outcome of this node's step. `None` if the node is at fault.
    pub(super) fn step(&mut self, node: &N, bounds: &Bounds, local: u32, given: Given) -> Option<usize> {
        let key = u64::from(local) << 32 | u64::from(given.key());
        if let Some(known) = self.steps.get(&key) {
            return Some(*known as usize);
        }
        let Local { id, state, .. } = &self.locals[local];
        let id = *id;
        let stepped = match given {
            Given::Request(number) => {
                node.step(id, state, Input::Request { number, request: &bounds.asking(number).request })
            }
            Given::Message(number) => {
                let Flight { from, message, .. } = &self.messages[number];
                node.step(id, state, Input::Message { from: *from, message })
            }
            Given::Tick(place) => node.step(id, state, Input::Tick(place)),
            Given::Restart => node.step(id, state, Input::Restart),
            Given::Start => node.start(id, &bounds.scope.topology),
        };
        let outcome = stepped.and_then(|stepped| self.adopt(node, bounds, id, stepped, Some((local, given))));
        match outcome {
            Ok(outcome) => {
                let index = self.outcomes.len();
                self.outcomes.push(outcome);
                self.steps.insert(key, index as u32);
                Some(index)
            }
            Err(error) => {
                let mut inputs = self.inputs_of(bounds, local);
                inputs.push(self.input_in_words(bounds, local, given));
                self.fail(id, error, inputs);
                None
            }
        }
    }

    /// The first state of a node, and what it sends at its start. `None` if the node is at fault.
    pub(super) fn start(&mut self, node: &N, bounds: &Bounds, id: MasterId) -> Option<Outcome> {
        let stepped = node.start(id, &bounds.scope.topology);
        let outcome = stepped.and_then(|stepped| self.adopt(node, bounds, id, stepped, None));
        outcome.map_err(|error| self.fail(id, error, Vec::new())).ok()
    }

    fn fail(&mut self, at: MasterId, error: NodeError, inputs: Vec<String>) {
        self.failed.get_or_insert(Failed { at, what: error.0, inputs });
    }

    /// Numbers the parts of a step's result.
    fn adopt(
        &mut self,
        node: &N,
        bounds: &Bounds,
        id: MasterId,
        stepped: Stepped<N::State, N::Message>,
        came_from: Option<(u32, Given)>,
    ) -> Result<Outcome, NodeError> {
        let Stepped { state, sends, answers } = stepped;
        let asked = bounds.requests.len() as u32;
        if let Some((number, _)) = answers.iter().find(|(number, _)| *number >= asked) {
            return Err(NodeError(format!("it answers request {number}, which does not exist")));
        }
        let mut sent = SmallVec::new();
        for (to, message) in sends {
            if !bounds.joins(id, to) {
                return Err(NodeError(format!("it sends {message:?} to {to}, to which no edge leads from {id}")));
            }
            sent.push(self.message(id, to, message));
        }
        Ok(Outcome { local: self.local(node, bounds, id, state, came_from)?, sends: sent, answers })
    }

    fn message(&mut self, from: MasterId, to: MasterId, message: N::Message) -> u32 {
        let hash = content_hash(&(from, to, &message));
        let is = |known: &Flight<N::Message>| (known.from, known.to) == (from, to) && known.message == message;
        self.messages.find(hash, is).unwrap_or_else(|| {
            let text = escaped(&format!("{message:?}"));
            self.messages.add(hash, Flight { from, to, message, text, hash })
        })
    }

    fn local(
        &mut self,
        node: &N,
        bounds: &Bounds,
        id: MasterId,
        state: N::State,
        came_from: Option<(u32, Given)>,
    ) -> Result<u32, NodeError> {
        let hash = content_hash(&(id, &state));
        if let Some(known) = self.locals.find(hash, |known| known.id == id && known.state == state) {
            return Ok(known);
        }
        let read =
            |key| if node.service() == Service::Data { node.read(id, &state, key) } else { Ok(Reading::Nothing) };
        let readings = bounds.keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let readings = self.readings.number(&readings, || readings.clone());
        let seen = node.seen(id, &state);
        let bits = |seen: std::collections::BTreeSet<u32>| {
            seen.into_iter().filter(|number| (*number as usize) < bounds.requests.len()).map(|number| 1 << number).sum()
        };
        let seen: Option<u32> = seen.map(bits);
        let ticks = node.ticks(id, &state);
        self.is_silent_on_seen |= seen.is_none();
        self.has_ticks |= !ticks.is_empty();
        Ok(self.locals.add(hash, Local { id, state, readings, seen, ticks, came_from }))
    }

    /// The order of messages in flight: by sender, receiver and content.
    pub(super) fn order(&self, one: u32, other: u32) -> Ordering {
        let key = |number: u32| {
            let Flight { from, to, text, hash, .. } = &self.messages[number];
            (*from, *to, text, *hash)
        };
        if one == other { Ordering::Equal } else { key(one).cmp(&key(other)).then(one.cmp(&other)) }
    }

    /// The sender and the receiver of a message.
    pub(super) fn ends(&self, message: u32) -> (MasterId, MasterId) {
        let Flight { from, to, .. } = &self.messages[message];
        (*from, *to)
    }

    /// The inputs by which a node's state was first reached, in words.
    fn inputs_of(&self, bounds: &Bounds, local: u32) -> Vec<String> {
        let (mut inputs, mut at) = (Vec::new(), local);
        while let Some((before, given)) = self.locals[at].came_from {
            inputs.push(self.input_in_words(bounds, before, given));
            at = before;
        }
        inputs.reverse();
        inputs
    }

    fn input_in_words(&self, bounds: &Bounds, local: u32, given: Given) -> String {
        match given {
            Given::Request(number) => {
                let asking = bounds.asking(number);
                format!("the request {} ({})", asking.name, asking.request)
            }
            Given::Message(number) => {
                let Flight { from, text, .. } = &self.messages[number];
                format!("from {from}: {text}")
            }
            Given::Tick(place) => format!("the tick {}", self.locals[local].ticks[place]),
            Given::Restart => "a restart".into(),
            Given::Start => "a start after a crash in which it lost its state".into(),
        }
    }
}
