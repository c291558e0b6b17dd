//! The check of your own nodes in a test of your own crate: [`verify_node`], [`verify_actor`].

mod outcome;

pub use outcome::Checked;

use super::demands::Demands;
use super::failure::Failure;
#[cfg(not(feature = "explorer"))]
use super::replay::NO_EXPLORER;
use super::requests::{masters_of, of_any_kind};
use super::{EXPLORE, REPLAY, replay};
use crate::check::engine::Limits;
use crate::check::erased::Erased;
use crate::report::trace::Replayed;
use crate::scope::{Failures, Keeps, LinkKind, Scope};
#[cfg(feature = "stateright")]
use crate::system::actor::ActorNode;
use crate::system::{Faults, Node, System, Watched};
#[cfg(feature = "stateright")]
use multimaster::{Key, Reading, Request};
use multimaster::{MasterId, Topology};
#[cfg(feature = "stateright")]
use stateright::actor::Actor;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The name of the explored system in reports and traces.
const NAME: &str = "system";

/// The most states that are explored by default. The states of foreign nodes are often infinitely many.
const MOST_STATES: usize = 1_000_000;

/// Checks a system of copies of this node: see [`VerifyNode`].
pub fn verify_node<N: Node>(node: N) -> VerifyNode<N> {
    VerifyNode::of(node)
}

/// Checks a system of copies of this actor: see [`VerifyNode`]. `ask` turns the request of this number into the actor's
/// message, and `read` returns a client's reading of a key in the actor's state.
///
/// For an actor that differs by node, for example because it knows its peers, or whose writes are its own random
/// choices, give [`verify_node`] an [`ActorNode`].
#[cfg(feature = "stateright")]
pub fn verify_actor<A: Actor + Clone + Send + Sync + 'static>(
    actor: A,
    ask: impl Fn(u32, &Request) -> A::Msg + Send + Sync + 'static,
    read: impl Fn(&A::State, &Key) -> Reading + Send + Sync + 'static,
) -> VerifyNode<ActorNode<A>>
where
    ActorNode<A>: Node<State = crate::system::actor::ActorState<A>, Message = A::Msg>,
{
    verify_node(ActorNode::new(move |_, _| actor.clone(), ask, read))
}

/// A check of a system of your own nodes: what is explored, and what is required of it. Without further calls, two
/// nodes or as many as the requests name, all to all, over streams without failures.
#[must_use = "nothing is checked until `.run()` or `.assert_safe()`"]
pub struct VerifyNode<N: Node> {
    node: N,
    masters: Option<u16>,
    topology: Option<Topology>,
    requests: Vec<String>,
    link: LinkKind,
    crashes: u8,
    keeps: Keeps,
    demands: Demands,
    unreached: BTreeSet<String>,
    limits: Limits,
}

impl<N: Node> VerifyNode<N> {
    fn of(node: N) -> VerifyNode<N> {
        VerifyNode {
            node,
            masters: None,
            topology: None,
            requests: Vec::new(),
            link: LinkKind::Stream { resets: 0 },
            crashes: 0,
            keeps: Keeps::All,
            demands: Demands::default(),
            unreached: BTreeSet::new(),
            limits: Limits { states: MOST_STATES, ..Limits::default() },
        }
    }

    /// This many nodes, each of which can send to all others.
    pub fn masters(mut self, masters: u16) -> Self {
        self.masters = Some(masters);
        self
    }

    /// The nodes of this topology, which send along its edges only.
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = Some(topology);
        self
    }

    /// Clients make these requests. Each names its master, as `A: set seat = 14 Ann`; the requests to one master are
    /// made in the order given, each after the answer to the one before. `A/2: …` is a second client of master A.
    pub fn requests<T: Into<String>>(mut self, requests: impl IntoIterator<Item = T>) -> Self {
        self.requests.extend(requests.into_iter().map(Into::into));
        self
    }

    /// Messages are datagrams: they arrive in any order.
    pub fn datagrams(mut self) -> Self {
        if !matches!(self.link, LinkKind::Datagram { .. }) {
            self.link = LinkKind::Datagram { losses: 0, duplicates: 0 };
        }
        self
    }

    /// Messages are [`datagrams`](Self::datagrams), of which at most this many are lost.
    pub fn losses(mut self, most: u8) -> Self {
        self = self.datagrams();
        if let LinkKind::Datagram { losses, .. } = &mut self.link {
            *losses = most;
        }
        self
    }

    /// Messages are [`datagrams`](Self::datagrams), of which at most this many arrive twice.
    pub fn duplicates(mut self, most: u8) -> Self {
        self = self.datagrams();
        if let LinkKind::Datagram { duplicates, .. } = &mut self.link {
            *duplicates = most;
        }
        self
    }

    /// A message, once sent, may arrive at any time and any number of times.
    pub fn soup(mut self) -> Self {
        self.link = LinkKind::Soup;
        self
    }

    /// At most this many crashes. A node that crashed keeps its state, or what a stateright actor saved, and restarts.
    pub fn crashes(mut self, most: u8) -> Self {
        self.crashes = most;
        self
    }

    /// A node that crashed has lost its state, and starts anew.
    pub fn forgetting(mut self) -> Self {
        self.keeps = Keeps::Nothing;
        self
    }

    /// Requires only this property. Several calls add up.
    pub fn only(mut self, property: &str) -> Self {
        self.demands.only.insert(property.into());
        self
    }

    /// Does not require this property.
    pub fn allow(mut self, property: &str) -> Self {
        self.demands.allowed.insert(property.into());
        self
    }

    /// Accepts that this witness is not reached.
    pub fn unreached(mut self, witness: &str) -> Self {
        self.unreached.insert(witness.into());
        self
    }

    /// Stops exploring after this number of states instead of a million. There is then no verdict but *violated*.
    pub fn at_most(mut self, states: usize) -> Self {
        self.limits.states = states;
        self
    }

    /// Runs the check, and prints the verdicts.
    ///
    /// # Panics
    /// As [`run`](Self::run) fails. The message has the shortest schedule of each violation, and where its picture is.
    #[track_caller]
    pub fn assert_safe(self) {
        match self.run() {
            Ok(checked) => println!("{checked}"),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Runs the check. If the environment variable [`REPLAY`] names a trace, replays it instead; if [`EXPLORE`] names
    /// one, serves the Explorer and does not return.
    ///
    /// # Errors
    /// A [`Failure`]: a property is violated, a node is at fault, the states cannot be exhausted, or the requests put
    /// nothing to the test.
    #[must_use = "a test that ignores the result cannot fail: end it in `.unwrap()`, or return the result"]
    pub fn run(self) -> Result<Checked, Failure> {
        let VerifyNode { demands, unreached, limits, .. } = &self;
        let (demands, unreached, limits) = (demands.clone(), unreached.clone(), *limits);
        let (model, faults) = self.model()?;
        demands.known(std::slice::from_ref(&model), &unreached)?;
        if let Some(file) = std::env::var_os(REPLAY) {
            let replayed = replayed(&model, &PathBuf::from(file))?;
            return replay::judged(&replayed, &demands).map(|()| Checked { report: None });
        }
        if let Some(file) = std::env::var_os(EXPLORE).map(PathBuf::from) {
            #[cfg(feature = "explorer")]
            return replay::explored(&file, model.clone(), &replayed(&model, &file)?, limits)
                .map(|never| match never {});
            #[cfg(not(feature = "explorer"))]
            return Err(Failure::Trace(format!("{}: {NO_EXPLORER}", file.display())));
        }
        outcome::checked(&model, &faults, &demands, &unreached, limits)
    }

    /// The model, and what tells whether a node was at fault.
    fn model(self) -> Result<(Erased, Faults), Failure> {
        let clients = of_any_kind(&self.requests, |_| Ok(())).map_err(Failure::Request)?;
        let named = masters_of(clients.iter().map(|client| client.at));
        let topology = match self.topology {
            Some(topology) => topology,
            None => Topology::all_to_all(self.masters.unwrap_or(named))
                .map_err(|error| Failure::Request(error.to_string()))?,
        };
        let crashing: Vec<MasterId> = topology.ids().collect();
        let failures = Failures { crashes: self.crashes, crashing, keeps: self.keeps, ..Failures::default() };
        let scope = Scope { clients, failures, ..Scope::new(topology, self.link) };
        let system = System::new(scope, Watched(self.node)).map_err(Failure::Request)?;
        let faults = system.faults();
        Ok((Erased::new(system), faults))
    }
}

fn replayed(model: &Erased, file: &Path) -> Result<Replayed, Failure> {
    replay::read(file)?.replay(model).map_err(|fault| Failure::Trace(fault.to_string()))
}
