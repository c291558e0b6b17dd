//! A node of a system of the user's own, as a deterministic state machine: [`Node`].

use multimaster::{Key, MasterId, Reading, Request, Text, Topology};
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::hash::Hash;

/// A node of a system of your own: a deterministic state machine without threads, sockets, clocks or randomness.
///
/// All nodes of a system are copies of one node, and differ in their names: A, B, C. Each method must be a function
/// of its arguments. A node's result for an input is computed once and remembered.
pub trait Node: Send + Sync + 'static {
    /// All that the node remembers. Two equal states behave the same.
    type State: Clone + PartialEq + Hash + Debug + Send + Sync + 'static;
    /// A message to another node. Its `Debug` form appears in schedules.
    type Message: Clone + PartialEq + Hash + Debug + Send + Sync + 'static;

    /// The state of node `id` before any input, and the messages that it sends at once. It can send along the edges of
    /// `topology`.
    ///
    /// # Errors
    /// If the node is at fault.
    fn start(&self, id: MasterId, topology: &Topology) -> Result<Stepped<Self::State, Self::Message>, NodeError>;

    /// The step of node `id` in `state` for this input: the next state, the messages sent, and the requests answered.
    ///
    /// # Errors
    /// If the node is at fault. An input that the node does not want is no fault: it returns the same state.
    fn step(
        &self,
        id: MasterId,
        state: &Self::State,
        input: Input<'_, Self::Message>,
    ) -> Result<Stepped<Self::State, Self::Message>, NodeError>;

    /// The service of the nodes, which decides the properties. By default, the nodes replicate data.
    fn service(&self) -> Service {
        Service::Data
    }

    /// A client's reading of this key. It is asked for only if the [service](Self::service) is [`Service::Data`].
    ///
    /// # Errors
    /// If the node is at fault.
    fn read(&self, id: MasterId, state: &Self::State, key: &Key) -> Result<Reading, NodeError>;

    /// The names of the ticks that may come in this state, such as that of a timer. A tick is given by its place in
    /// this list. By default there are none.
    fn ticks(&self, _id: MasterId, _state: &Self::State) -> Vec<String> {
        Vec::new()
    }

    /// The numbers of the requests whose writes the node has seen. If the node does not report them (`None`, the
    /// default), convergence is judged only at quiescence.
    fn seen(&self, _id: MasterId, _state: &Self::State) -> Option<BTreeSet<u32>> {
        None
    }
}

/// The service of the nodes of a system to their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// They keep data that clients read: all nodes agree, and no write is lost.
    Data,
    /// They answer each request with a [value](Answer::Value): no two requests get the same one.
    UniqueIds,
    /// They answer requests, and nothing more is asked of them.
    Answers,
}

/// An input of a [`Node`].
#[derive(Debug, PartialEq, Eq)]
pub enum Input<'a, M> {
    /// A client's request. Its number is unique in the system, from 0. The node answers it now or later.
    Request {
        /// The request's number.
        number: u32,
        /// The request.
        request: &'a Request,
    },
    /// A message arrives.
    Message {
        /// The sender.
        from: MasterId,
        /// The message.
        message: &'a M,
    },
    /// The tick at this place in [`ticks`](Node::ticks).
    Tick(usize),
    /// The node restarts after a crash in which it kept its state. A node that kept nothing
    /// [starts](Node::start) anew instead.
    Restart,
}

impl<M> Clone for Input<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

// A message is only borrowed.
impl<M> Copy for Input<'_, M> {}

/// The result of a [`Node`]'s step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped<S, M> {
    /// The next state.
    pub state: S,
    /// The messages sent, in order, each with its receiver.
    pub sends: Vec<(MasterId, M)>,
    /// The requests answered, by number. An answer to a request that awaits none is ignored.
    pub answers: Vec<(u32, Answer)>,
}

impl<S, M> Stepped<S, M> {
    /// This state, with nothing sent and nothing answered.
    pub fn to(state: S) -> Stepped<S, M> {
        Stepped { state, sends: Vec::new(), answers: Vec::new() }
    }

    /// Also answers this request with [`Answer::Done`].
    pub fn done(mut self, number: u32) -> Stepped<S, M> {
        self.answers.push((number, Answer::Done));
        self
    }

    /// Also sends this message.
    pub fn send(mut self, to: MasterId, message: M) -> Stepped<S, M> {
        self.sends.push((to, message));
        self
    }
}

/// The answer to a client's request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The write is acknowledged.
    Done,
    /// The request is acknowledged with this value.
    Value(Text),
    /// The write is refused, for this reason, and has no effect.
    Refused(String),
}

/// A fault of a node: it panicked, gave two results for one input, or sent to a node that it cannot reach.
/// The exploration ends, and no verdict counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeError(pub String);

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NodeError {}
