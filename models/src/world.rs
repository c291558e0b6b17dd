//! One world: masters, the messages in flight between them, clients, and the faults that may still happen.
//!
//! `enabled` lists the possible actions, and `step` takes one. A master's own behaviour is that of its
//! [node](crate::node): a replica, or a master of the article's program. If masters have several shards, a state holds
//! one world for each. A world is made of parts: masters, envelopes, digests, a history. A `Store` says how they are
//! kept. In an exploration each part is kept once and identified by a number, and each step of a master is computed
//! once (`world/memo.rs`). In the replay of a record, parts are values, altered in place. The step is the same code.

mod action;
pub mod article;
mod class;
pub mod cluster;
mod enabled;
pub(crate) mod failures;
mod fingerprint;
pub(crate) mod memo;
pub(crate) mod sessions;
mod shards;
mod spent;
mod state;
mod step;
mod streams;
pub(crate) mod values;
pub(crate) mod words;

pub use action::{Action, DigestNumber, EnvelopeNumber, InShard};
pub(crate) use failures::Failed;
pub(crate) use shards::Shards;
#[cfg(feature = "spread")]
pub(crate) use state::Part;
pub use state::{Faults, State};
pub(crate) use state::{Master, Seen, locked};
pub(crate) use step::Step;

use crate::model::Sent;
use crate::node::{Answer, Envelope, Goroutine};
use crate::world::cluster::ClusterModel;
use multimaster::{MasterId, Message, Outcome, VersionVector};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// How the parts of a world are kept, and how a master takes a step on them.
pub(crate) trait Store {
    /// A master and its judgement.
    type Node: Clone;
    /// A message in flight.
    type Envelope: Clone + PartialEq;
    /// A digest in flight.
    type DigestSent: Clone + PartialEq;
    /// The version vector of the changes seen.
    type Digest: Clone;
    /// The acknowledged writes.
    type History;

    /// Takes a step of the master.
    fn step(
        &mut self,
        cluster: &ClusterModel,
        node: &mut Self::Node,
        input: InputOf<Self::Envelope, Self::Digest>,
    ) -> Response<Self::Envelope>;
    fn envelope<'a>(&'a self, envelope: &'a Self::Envelope) -> &'a Envelope;
    fn seen<'a>(&'a self, node: &'a Self::Node) -> &'a VersionVector;
    fn digest_of(&self, node: &Self::Node) -> Self::Digest;
    fn digest_sent(&mut self, digest_sent: DigestSent<Self::Digest>) -> Self::DigestSent;
    fn opened(&self, digest_sent: &Self::DigestSent) -> DigestSent<Self::Digest>;
    /// The order of digests in flight, by content.
    fn order(&self, one: &Self::DigestSent, other: &Self::DigestSent) -> Ordering;
    /// Judges the master by the acknowledged writes.
    fn judge(&mut self, cluster: &ClusterModel, node: &mut Self::Node, history: &Self::History);
}

/// The global state of one shard.
pub(crate) struct World<P: Store> {
    /// The number of the shard, from 0.
    pub(crate) shard: u16,
    pub(crate) masters: SmallVec<[P::Node; 4]>,
    /// The envelopes in flight. Ordered by content: a multiset for datagrams and running links, a set for the soup. For
    /// channels: by receiver, each channel in the order of sending.
    pub(crate) wire: SmallVec<[P::Envelope; 8]>,
    /// The digests in flight over running links: a multiset, ordered by content.
    pub(crate) digests_sent: SmallVec<[P::DigestSent; 2]>,
    /// The number of changes in flight on each stream, if they are [counted](crate::node::counts_waiting) here; then
    /// the number of requests that each client has made.
    counts: SmallVec<[u8; 16]>,
    /// How many of the counts belong to streams; the rest belong to clients.
    streams: u8,
    pub(crate) history: P::History,
    /// The free requests that have been made, a bit each.
    pub(crate) chosen: u32,
    /// The broken streams, a bit for each edge in order.
    pub(crate) broken: u32,
    pub(crate) faults: Faults,
    /// The state of cuts, crashes and sessions; `None` if there are none.
    pub(crate) failed: Option<Box<Failed>>,
}

/// An [`Input`](crate::node::Input) whose envelope and digest are kept by a [`Store`]. Clients' requests are made by
/// `Tables::write`; the progress of masters is sent by `Tables::tell`.
#[derive(Clone, Copy)]
pub(crate) enum InputOf<E, D> {
    Envelope(E),
    Early(E),
    Digest { from: MasterId, seen: D, max: usize },
    Push { to: MasterId, max: usize },
    Drain { to: MasterId },
    Resume { to: MasterId, seen: D },
    Acknowledge { to: MasterId, seen: D },
    Truncate { keep: usize },
    Restart { fresh: Option<MasterId>, clock: u64 },
    PeerForgot { peer: MasterId },
    Bypass { dead: u32 },
    Collect,
    Send(Goroutine),
}

/// The result of a step: the answer, and the envelopes sent.
pub(crate) struct Response<E> {
    pub(crate) answer: AnswerKind,
    pub(crate) envelopes: SmallVec<[E; 4]>,
}

/// The kind of an [`Answer`], as far as the rest of the step depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    /// A write was acknowledged: the number of the history with it.
    Written(u32),
    /// A request or a message was refused.
    Refused,
    TakenIn,
    Gap,
    Duplicate,
    Answered,
    Moved,
    Nothing,
}

impl AnswerKind {
    pub(crate) fn of(answer: &Answer) -> AnswerKind {
        match answer {
            Answer::Arrival(Outcome::Applied | Outcome::Stale) => AnswerKind::TakenIn,
            Answer::Arrival(Outcome::Gap) => AnswerKind::Gap,
            Answer::Arrival(Outcome::Duplicate) => AnswerKind::Duplicate,
            Answer::Arrival(Outcome::Refused(_)) | Answer::Client(_) => AnswerKind::Refused,
            Answer::Digest => AnswerKind::Answered,
            Answer::Log => AnswerKind::Moved,
            Answer::Nothing => AnswerKind::Nothing,
        }
    }

    pub(crate) fn takes_in(self) -> bool {
        matches!(self, AnswerKind::Written(_) | AnswerKind::TakenIn)
    }
}

/// A digest in flight, from the receiver of changes to their sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DigestSent<D = VersionVector> {
    pub(crate) receiver: MasterId,
    pub(crate) sender: MasterId,
    pub(crate) seen: D,
}

/// The number of a request: the scripted ones client by client, then the free ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestNumber(pub(crate) u32);

impl Envelope {
    /// Adds the changes that the envelope carries to `sent`. Of a snapshot, only those count that the receiver lacks;
    /// `seen` is the receiver's version vector.
    fn count<'a>(&self, seen: impl FnOnce() -> &'a VersionVector, sent: &mut Sent) {
        match &self.message {
            // One by one, because most messages carry one change.
            Message::Push(push) => push.changes.iter().for_each(|change| sent.push(change.dot)),
            Message::Snapshot(_) => sent.extend(self.message.brings(seen())),
        }
    }
}
