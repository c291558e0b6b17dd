//! A node of a world as a pure machine, `(state, input) → (state, output)`: `Node::step`.
//!
//! A node is the shipping [`Replica`](multimaster::Replica), under any rule, or a master of the article. What the links
//! of a world ask of a replica is in the protocol: whether what it has to send goes out at once, and whether its log is
//! cut. So is what a mutant alters.

pub mod any_rule;
pub(crate) mod article;
pub mod delivery;
pub(crate) mod numbered;
pub mod tamper;

use crate::history::Named;
use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::node::tamper::Tamper;
use crate::scope::{LinkKind, Scope};
use foldhash::quality::FixedState;
use multimaster::{
    Key, MasterId, Outcome, Reading, Refusal, Request, Resolver, Text, Timestamp, Topology, VersionVector,
};
use std::hash::{BuildHasher, Hash};
use std::ptr;
use std::sync::Arc;

pub use article::Goroutine;

/// A node.
#[derive(Clone, PartialEq, Hash)]
pub(crate) enum Node {
    Replica(Arc<AnyReplica>),
    Article(Arc<article::Master>),
}

/// A message, under way between two masters.
pub(crate) struct Envelope {
    pub(crate) from: MasterId,
    pub(crate) to: MasterId,
    pub(crate) message: AnyMessage,
    hash: u64,
}

/// What a master is given.
pub(crate) enum Input<'a> {
    /// A client's request, as the rule gets it.
    Request(&'a Request),
    /// A client of the article's program sets a key.
    Set { client: u16, set: &'a article::Set },
    /// A goroutine of the article's program sends what it has to send to its next neighbour.
    Send(Goroutine),
    /// An envelope arrives.
    Envelope(&'a Envelope),
    /// A neighbour's digest asks for what it lacks, at most so many changes.
    Digest { from: MasterId, seen: &'a VersionVector, max: usize },
    /// A link takes the next changes from the log, at most so many.
    Push { to: MasterId, max: usize },
    /// A link takes all changes from the log, and loses them.
    Drain { to: MasterId },
    /// A link goes on from what its receiver has seen.
    Resume { to: MasterId, seen: &'a VersionVector },
    /// A link skips the next changes, if its receiver has seen them.
    Acknowledge { to: MasterId, seen: &'a VersionVector },
    /// The log is cut to so many entries.
    Truncate { keep: usize },
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The name of the write, or why it is refused.
    Client(Result<Named, Refusal>),
    /// What became of the envelope.
    Arrival(Outcome),
    /// Nothing that a digest asks for alters the master.
    Digest,
    /// The log, or how far a link has got in it, may be another.
    Log,
    /// There is nothing to push.
    Nothing,
}

/// What comes of an input.
pub(crate) struct Output {
    pub(crate) answer: Answer,
    /// What the master sends.
    pub(crate) envelopes: Vec<Envelope>,
}

/// How the replicas of a world behave.
pub(crate) struct Protocol {
    topology: Topology,
    /// How many changes a message carries at most, if what a master has to send goes out at once. Otherwise links take
    /// it from the log when they will.
    pub(crate) eager: Option<usize>,
    /// To how many entries a log is cut whenever something was taken in.
    keep: Option<usize>,
    /// What is broken on purpose.
    pub(crate) tamper: Option<Tamper>,
    /// Whether what had been seen before is passed on once more.
    forwards: bool,
}

impl Node {
    /// The node is given the input: what comes of it.
    pub(crate) fn step(&mut self, protocol: &Protocol, input: Input<'_>) -> Output {
        match self {
            Node::Replica(replica) => protocol.step(Arc::make_mut(replica), input),
            Node::Article(master) => Arc::make_mut(master).step(input),
        }
    }

    /// The replica, where only replicas are asked.
    pub(crate) fn replica(&self) -> &Arc<AnyReplica> {
        match self {
            Node::Replica(replica) => replica,
            Node::Article(_) => unreachable!("a master of the article is no replica"),
        }
    }

    /// The master of the article, where only they are asked.
    pub(crate) fn article(&self) -> &article::Master {
        match self {
            Node::Article(master) => master,
            Node::Replica(_) => unreachable!("a replica is no master of the article"),
        }
    }

    /// What it has seen, as far as it knows.
    pub(crate) fn digest(&self) -> VersionVector {
        match self {
            Node::Replica(replica) => replica.digest().clone(),
            Node::Article(_) => VersionVector::default(),
        }
    }

    /// All that is read there, key by key.
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
            // A stream takes one change after the other.
            LinkKind::Stream { .. } => counts_waiting(scope, tamper.as_ref()).then_some(1),
            LinkKind::Running { .. } | LinkKind::Channel { .. } => None,
        };
        // In a running master, to cut the log is a step of its own.
        let keep = scope.log.filter(|_| !running);
        let forwards = !running && tamper.as_ref().is_some_and(|tamper| tamper.forwards_duplicates);
        Protocol { topology: scope.topology.clone(), eager, keep, tamper, forwards }
    }

    /// The master is given the input: what comes of it.
    pub(crate) fn step(&self, master: &mut AnyReplica, input: Input<'_>) -> Output {
        let (mut answer, mut envelopes) = (Answer::Log, Vec::new());
        match input {
            Input::Request(request) => {
                let named = write(master, request);
                if named.is_ok() {
                    envelopes = self.taken_in(master);
                }
                answer = Answer::Client(named);
            }
            Input::Envelope(Envelope { from, message, .. }) => {
                let outcome = self.receive(master, *from, message.clone());
                match outcome {
                    Outcome::Applied | Outcome::Stale => envelopes = self.taken_in(master),
                    Outcome::Duplicate if self.forwards => {
                        let peers = self.topology.sends_to(master.id());
                        envelopes = peers.filter_map(|peer| self.sealed(master, peer, message.clone())).collect();
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
            // A replica has no goroutines: links take what it has to send.
            Input::Set { .. } | Input::Send(_) => answer = Answer::Nothing,
        }
        Output { answer, envelopes }
    }

    /// The master has taken something in. What it now has to send goes out at once, unless links take it; then its log
    /// is cut.
    fn taken_in(&self, master: &mut AnyReplica) -> Vec<Envelope> {
        let mut outbox = Vec::new();
        if let Some(max) = self.eager {
            for to in self.topology.sends_to(master.id()) {
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

    /// What the master answers a neighbour's digest.
    pub(crate) fn answer(
        &self,
        master: &AnyReplica,
        to: MasterId,
        seen: &VersionVector,
        max: usize,
    ) -> Option<Envelope> {
        self.sealed(master, to, master.answer(seen, max)?)
    }

    pub(crate) fn receive(&self, master: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
        match &self.tamper {
            Some(tamper) => (tamper.receive)(master, from, message),
            None => master.receive(from, message),
        }
    }

    /// The message as it goes out; `None` if a tampered sender keeps it to itself.
    fn sealed(&self, sender: &AnyReplica, to: MasterId, mut message: AnyMessage) -> Option<Envelope> {
        let goes_out = self.tamper.as_ref().is_none_or(|tamper| (tamper.send)(sender, to, &mut message));
        goes_out.then(|| Envelope::new(sender.id(), to, message))
    }
}

/// A client's write: its name, and when it was made.
fn write(master: &mut AnyReplica, request: &Request) -> Result<Named, Refusal> {
    let dot = master.write(&request.key, request.op.clone())?;
    // A master logs what it writes.
    let timestamp = master.log().last().map_or(Timestamp::new(0, master.id()), |change| change.timestamp);
    let wall = master.rule().uses_wall_clock().then(|| request.op.time().unwrap_or(timestamp.time()));
    Ok(Named { dot, timestamp, wall })
}

/// Whether the states of a world count what waits on each stream, and masters are told with nothing yet to send: that
/// leaves few of them, so that few steps are new. So it is where logs are whole and nobody tampers: what waits is then
/// the end of a log. Elsewhere replicas keep count themselves, by their cursors.
pub(crate) fn counts_waiting(scope: &Scope, tamper: Option<&Tamper>) -> bool {
    let streams = matches!(scope.link, LinkKind::Stream { .. });
    let fits = scope.requests() <= usize::from(u8::MAX);
    streams && scope.log.is_none() && tamper.is_none() && fits
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

// What hashes differently is not equal: that settles nearly every comparison.
impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other) || (self.hash == other.hash && self.order() == other.order())
    }
}

pub(crate) fn content_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}
