//! A node of a world as a pure machine, `(state, input) → (state, output)`: `Node::step`.
//!
//! A node is the shipping [`Replica`](multimaster::Replica) under any rule, or a master of the article's program.
//! `Protocol` has the world's settings for a replica: whether it sends new changes at once, the number of entries to
//! which its log is truncated, and the alterations of a mutant.

pub mod any_rule;
pub(crate) mod article;
pub mod delivery;
pub mod exhibit;
pub(crate) mod numbered;
pub mod tamper;

use crate::history::Named;
use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::node::tamper::Tamper;
use crate::scope::{Clocks, Collected, LinkKind, Scope};
use multimaster::{
    Key, MasterId, Message, Outcome, Progress, Push, Reading, Refusal, Request, Resolver, Text, Timestamp, Topology,
    VersionVector,
};
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::ptr;
use std::sync::Arc;

pub(crate) use crate::subject::content_hash;
pub use article::Goroutine;

/// A node.
#[derive(Clone, PartialEq, Hash)]
pub(crate) enum Node {
    Replica(Arc<AnyReplica>),
    Article(Arc<article::Master>),
}

/// A message with its sender and its receiver.
pub(crate) struct Envelope {
    pub(crate) from: MasterId,
    pub(crate) to: MasterId,
    pub(crate) message: AnyMessage,
    hash: u64,
}

/// The input of a node's step.
pub(crate) enum Input<'a> {
    /// A client's request, with its wall-clock time if the rule uses one.
    Request(&'a Request),
    /// A client of the article's program sets a key.
    Set { client: u16, set: &'a article::Set },
    /// A goroutine of the article's program sends its change to the next neighbour.
    Send(Goroutine),
    /// An envelope arrives.
    Envelope(&'a Envelope),
    /// An envelope arrives while the master's limit of times is still the first one.
    Early(&'a Envelope),
    /// A neighbour's digest arrives. The answer carries at most `max` changes.
    Digest { from: MasterId, seen: &'a VersionVector, max: usize },
    /// A link takes the next changes from the log, at most `max`.
    Push { to: MasterId, max: usize },
    /// A link takes all changes from the log and loses them.
    Drain { to: MasterId },
    /// A link continues after the changes that its receiver has seen.
    Resume { to: MasterId, seen: &'a VersionVector },
    /// A link skips the next changes if its receiver has seen them.
    Acknowledge { to: MasterId, seen: &'a VersionVector },
    /// The log is truncated to its last `keep` entries.
    Truncate { keep: usize },
    /// The master restarts with this state and a clock of at least `clock`, under a fresh origin if there is one.
    Restart { fresh: Option<MasterId>, clock: u64 },
    /// A neighbour has restarted and may have forgotten something.
    PeerForgot { peer: MasterId },
    /// Masters that are gone for good are bypassed, a bit for each.
    Bypass { dead: u32 },
    /// A neighbour sends the progress of all masters as it knows it.
    Told { from: MasterId, progress: &'a Progress },
    /// Tombstones are collected.
    Collect,
}

/// The answer of a node's step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The write's dot and timestamps, or the reason of its refusal.
    Client(Result<Named, Refusal>),
    /// The outcome of an envelope's arrival.
    Arrival(Outcome),
    /// A digest was answered, which does not alter the master.
    Digest,
    /// The log, or a link's position in it, may have changed.
    Log,
    /// There is nothing to push.
    Nothing,
}

/// The result of a node's step.
pub(crate) struct Output {
    pub(crate) answer: Answer,
    /// The envelopes that the master sends, in order.
    pub(crate) envelopes: Vec<Envelope>,
}

/// The behaviour of a world's replicas beyond that of the rule.
#[derive(Clone)]
pub(crate) struct Protocol {
    topology: Topology,
    /// If new changes are sent at once, the maximum number of changes in a message. `None` if links take changes from
    /// the log in separate steps.
    pub(crate) eager: Option<usize>,
    /// The number of entries to which the log is truncated after each write and each arrival of new changes.
    keep: Option<usize>,
    /// The deliberate fault, in a mutant.
    pub(crate) tamper: Option<Tamper>,
    /// Whether a duplicate is passed on once more.
    forwards: bool,
    /// Whether logical clocks follow the wall-clock times that requests give.
    hybrid: bool,
    /// The latest times that a master accepts: at first, and once time has passed. `None` if it accepts all.
    pub(crate) limits: Option<(u64, u64)>,
    /// When tombstones are collected.
    collected: Collected,
}

impl Node {
    /// Takes one step.
    pub(crate) fn step(&mut self, protocol: &Protocol, input: Input<'_>) -> Output {
        match self {
            Node::Replica(replica) => protocol.step(Arc::make_mut(replica), input),
            Node::Article(master) => Arc::make_mut(master).step(input),
        }
    }

    /// The replica; panics for a master of the article.
    pub(crate) fn replica(&self) -> &Arc<AnyReplica> {
        match self {
            Node::Replica(replica) => replica,
            Node::Article(_) => unreachable!("a master of the article is no replica"),
        }
    }

    /// The master of the article; panics for a replica.
    pub(crate) fn article(&self) -> &article::Master {
        match self {
            Node::Article(master) => master,
            Node::Replica(_) => unreachable!("a replica is no master of the article"),
        }
    }

    /// The version vector of the changes seen; empty for a master of the article, which does not track them.
    pub(crate) fn digest(&self) -> VersionVector {
        match self {
            Node::Replica(replica) => replica.digest().clone(),
            Node::Article(_) => VersionVector::default(),
        }
    }

    /// The reading of each key written, in key order.
    pub(crate) fn readings(&self) -> Vec<(Key, Reading)> {
        match self {
            Node::Replica(replica) => replica.readings().map(|(key, reading)| (key.clone(), reading)).collect(),
            Node::Article(master) => {
                let reads = |(key, value): (&Key, &Text)| (key.clone(), Reading::Value(value.clone()));
                master.data.iter().map(reads).collect()
            }
        }
    }
}

impl Protocol {
    pub(crate) fn new(scope: &Scope, tamper: Option<Tamper>) -> Protocol {
        let running = matches!(scope.link, LinkKind::Running { .. });
        let eager = match scope.link {
            LinkKind::Datagram { .. } | LinkKind::Soup => Some(scope.batch),
            // If states count the changes waiting on streams, each envelope carries one change.
            LinkKind::Stream { .. } => counts_waiting(scope, tamper.as_ref()).then_some(1),
            LinkKind::Running { .. } | LinkKind::Channel { .. } => None,
        };
        // In a running master, truncating the log is a separate step.
        let keep = scope.log.filter(|_| !running);
        let forwards = !running && tamper.as_ref().is_some_and(|tamper| tamper.forwards_duplicates);
        let hybrid = scope.clocks.are_hybrid();
        let limits = match scope.clocks {
            Clocks::HybridUpTo { limit, then } => Some((limit, then.unwrap_or(u64::MAX))),
            _ => None,
        };
        let (topology, collected) = (scope.topology.clone(), scope.collected);
        Protocol { topology, eager, keep, tamper, forwards, hybrid, limits, collected }
    }

    /// Takes one step of a replica.
    pub(crate) fn step(&self, master: &mut AnyReplica, input: Input<'_>) -> Output {
        let (mut answer, mut envelopes) = (Answer::Log, Vec::new());
        match input {
            Input::Request(request) => {
                let named = self.write(master, request);
                if named.is_ok() {
                    envelopes = self.taken_in(master);
                }
                answer = Answer::Client(named);
            }
            Input::Envelope(Envelope { from, message, .. }) | Input::Early(Envelope { from, message, .. }) => {
                let outcome = match input {
                    Input::Early(_) => self.receive_early(master, *from, message.clone()),
                    _ => self.receive(master, *from, message.clone()),
                };
                match outcome {
                    Outcome::Applied | Outcome::Stale => envelopes = self.taken_in(master),
                    Outcome::Duplicate if self.forwards && !self.ends_here(master, message) => {
                        let peers: SmallVec<[MasterId; 8]> = master.sends_to().collect();
                        envelopes =
                            peers.into_iter().filter_map(|peer| self.sealed(master, peer, message.clone())).collect();
                    }
                    Outcome::Duplicate | Outcome::Gap | Outcome::Refused(_) => {}
                }
                answer = Answer::Arrival(outcome);
            }
            Input::Digest { from, seen, max } => {
                answer = Answer::Digest;
                envelopes.extend(self.answer(master, from, seen, max));
            }
            Input::Push { to, max } => match master.next_push(to, max) {
                Some(message) => envelopes.extend(self.sealed(master, to, message)),
                None => answer = Answer::Nothing,
            },
            Input::Drain { to } => while master.next_push(to, usize::MAX).is_some() {},
            Input::Acknowledge { to, seen } if !master.would_repeat(to, seen) => {}
            Input::Acknowledge { to, seen } | Input::Resume { to, seen } => master.resume(to, seen),
            Input::Truncate { keep } => master.truncate(keep),
            Input::PeerForgot { peer } => master.peer_forgot(peer),
            Input::Bypass { dead } => master.change_topology(&self.topology, &members(dead)),
            Input::Told { from, progress } => {
                master.learn(from, progress).expect("a correct neighbour's telling is never refused");
            }
            Input::Collect => {
                let stable = match (self.collected, &self.tamper) {
                    (Collected::Never, _) => VersionVector::default(),
                    (Collected::AfterATime, _) => master.digest().clone(),
                    (Collected::WhenAllHaveSeen, None) => master.seen_by_all(),
                    (Collected::WhenAllHaveSeen, Some(tamper)) => (tamper.seen_by_all)(master),
                };
                master.collect(&stable);
            }
            Input::Restart { fresh, clock } => {
                master.advance_clock(clock);
                // A mutant keeps its origin.
                let fresh = fresh.filter(|_| self.tamper.as_ref().is_none_or(|tamper| !tamper.keeps_origin));
                master.restart(fresh).expect("each crash has an origin of its own");
            }
            // A replica has no goroutines: links take its changes from the log.
            Input::Set { .. } | Input::Send(_) => answer = Answer::Nothing,
        }
        Output { answer, envelopes }
    }

    /// After a write or an arrival of new changes: sends all pending changes, unless links take them from the log, then
    /// truncates the log.
    fn taken_in(&self, master: &mut AnyReplica) -> Vec<Envelope> {
        let mut outbox = Vec::new();
        if let Some(max) = self.eager {
            let neighbours: SmallVec<[MasterId; 8]> = master.sends_to().collect();
            for to in neighbours {
                while let Some(message) = master.next_push(to, max) {
                    outbox.push((to, message));
                }
            }
        }
        if let Some(keep) = self.keep {
            master.truncate(keep);
        }
        outbox.into_iter().filter_map(|(to, message)| self.sealed(master, to, message)).collect()
    }

    /// Whether a duplicate ends at this master, which is the origin of its changes.
    fn ends_here(&self, master: &AnyReplica, message: &AnyMessage) -> bool {
        let ends = self.tamper.as_ref().is_some_and(|tamper| tamper.ends_at_origin);
        let own = |push: &Push<_>| push.changes.iter().all(|change| change.dot.origin() == master.id());
        ends && matches!(message, Message::Push(push) if own(push))
    }

    /// The master's answer to a neighbour's digest; `None` if the neighbour lacks nothing.
    pub(crate) fn answer(
        &self,
        master: &AnyReplica,
        to: MasterId,
        seen: &VersionVector,
        max: usize,
    ) -> Option<Envelope> {
        self.sealed(master, to, master.answer(seen, max)?)
    }

    /// A message arrives; if times are limited, when time has passed.
    pub(crate) fn receive(&self, master: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
        if let Some((_, then)) = self.limits {
            master.limit_clock(then);
        }
        self.receive_now(master, from, message)
    }

    /// A message arrives before time has passed.
    pub(crate) fn receive_early(&self, master: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
        if let Some((limit, _)) = self.limits {
            master.limit_clock(limit);
        }
        self.receive_now(master, from, message)
    }

    fn receive_now(&self, master: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
        match &self.tamper {
            Some(tamper) => (tamper.receive)(master, from, message),
            None => master.receive(from, message),
        }
    }

    /// The message in its envelope; `None` if a tampered sender drops it.
    fn sealed(&self, sender: &AnyReplica, to: MasterId, mut message: AnyMessage) -> Option<Envelope> {
        let goes_out = self.tamper.as_ref().is_none_or(|tamper| (tamper.send)(sender, to, &mut message));
        goes_out.then(|| Envelope::new(sender.id(), to, message))
    }

    /// Makes a client's write: its dot and timestamps.
    fn write(&self, master: &mut AnyReplica, request: &Request) -> Result<Named, Refusal> {
        let mut op = &request.op;
        if let (true, false, Some(now)) = (self.hybrid, master.rule().uses_wall_clock(), op.time()) {
            // The write's timestamp is then `now`, or later.
            master.advance_clock(now.saturating_sub(1));
            op = op.untimed();
        }
        let dot = master.write(&request.key, op.clone())?;
        // A master logs its own writes, so the last entry is this one.
        let timestamp = master.log().last().map_or(Timestamp::new(0, master.id()), |change| change.timestamp);
        let wall = master.rule().uses_wall_clock().then(|| request.op.time().unwrap_or(timestamp.time()));
        Ok(Named { dot, timestamp, wall })
    }
}

/// The masters whose bits are set.
pub(crate) fn members(bits: u32) -> BTreeSet<MasterId> {
    (0..32).filter(|place| bits & (1 << place) != 0).map(MasterId).collect()
}

/// Whether the state counts the changes that wait on each stream. The tables then keep every master with its cursors at
/// the end of its log, so masters that differ only in their cursors are one master, and fewer steps are new. This
/// requires whole logs, masters that do not crash, and an untampered protocol, so that the waiting changes are those at
/// the end of the log. Otherwise the replicas' own cursors state which changes wait.
pub(crate) fn counts_waiting(scope: &Scope, tamper: Option<&Tamper>) -> bool {
    let streams = matches!(scope.link, LinkKind::Stream { .. });
    let fits = scope.requests() <= usize::from(u8::MAX);
    streams && scope.log.is_none() && tamper.is_none() && fits && !scope.fails()
}

impl Envelope {
    pub(crate) fn new(from: MasterId, to: MasterId, message: AnyMessage) -> Envelope {
        let hash = content_hash(&(from, to, &message));
        Envelope { from, to, message, hash }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn order(&self) -> (MasterId, MasterId, &AnyMessage) {
        (self.from, self.to, &self.message)
    }
}

// Different hashes prove inequality, which settles nearly every comparison.
impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || (self.hash == other.hash && self.order() == other.order())
    }
}
