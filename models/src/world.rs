//! One world: masters, what is in flight between them, clients, and the faults that may still happen.
//!
//! `enabled` lists what can happen in it, and `step` says what comes of that. What a master does is behind its
//! [node](crate::node): a replica, or a master of the article's program. Masters of several shards have a world for
//! each, side by side in one state. A world is made of parts. Where it is explored, each part is kept once and known by
//! its number, and what a master does is worked out once (`world/memo.rs`). Where a record is replayed, the parts are
//! values, altered in place. The step is the same.

mod action;
pub mod article;
pub mod cluster;
mod enabled;
pub(crate) mod memo;
mod shards;
mod state;
mod step;
mod streams;
pub(crate) mod values;
pub(crate) mod words;

pub use action::{Action, DigestNumber, EnvelopeNumber, InShard};
pub(crate) use shards::Shards;
pub use state::{Faults, State};
pub(crate) use state::{Master, Seen, locked};
pub(crate) use step::Step;

use crate::model::Sent;
use crate::node::{Answer, Envelope, Goroutine};
use crate::world::cluster::ClusterModel;
use multimaster::{MasterId, Message, Outcome, VersionVector};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// What a world is made of, and what masters do.
pub(crate) trait Store {
    /// A master, and how it is judged.
    type Node: Clone;
    /// A message in flight.
    type Envelope: Clone + PartialEq;
    /// A digest in flight.
    type DigestSent: Clone + PartialEq;
    /// What a master has seen.
    type Digest: Clone;
    /// What has been written.
    type History;

    /// The master is given something: what comes of it.
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
    /// The master is judged by what has been written.
    fn judge(&mut self, cluster: &ClusterModel, node: &mut Self::Node, history: &Self::History);
}

/// A world at one moment: masters of one shard.
pub(crate) struct World<P: Store> {
    /// Which shard of the masters it is of.
    pub(crate) shard: u16,
    pub(crate) masters: SmallVec<[P::Node; 4]>,
    /// The envelopes in flight, in the order of content: a bag for datagrams and running links, a set for the soup. Of
    /// channels, one receiver's after the other, each in the order in which they were sent.
    pub(crate) wire: SmallVec<[P::Envelope; 8]>,
    /// The digests that are on their way over running links, in the order of content: a bag.
    pub(crate) digests_sent: SmallVec<[P::DigestSent; 2]>,
    /// How many changes are in flight on each stream, if that is [counted](crate::node::counts_waiting) here; then how
    /// far each client is in its script.
    counts: SmallVec<[u8; 16]>,
    /// How many of those are streams.
    streams: u8,
    pub(crate) history: P::History,
    /// Which of the free requests have been made, a bit each.
    pub(crate) chosen: u32,
    /// Which streams are broken, a bit for each edge in order.
    pub(crate) broken: u32,
    pub(crate) faults: Faults,
}

/// What a master is given, but for requests of clients.
#[derive(Clone, Copy)]
pub(crate) enum InputOf<E, D> {
    Envelope(E),
    Digest { from: MasterId, seen: D, max: usize },
    Push { to: MasterId, max: usize },
    Drain { to: MasterId },
    Resume { to: MasterId, seen: D },
    Acknowledge { to: MasterId, seen: D },
    Truncate { keep: usize },
    Send(Goroutine),
}

/// What comes of it: what the master said, and what it sends.
pub(crate) struct Response<E> {
    pub(crate) answer: AnswerKind,
    pub(crate) envelopes: SmallVec<[E; 4]>,
}

/// An [`Answer`], as far as a world goes on otherwise after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    /// A write was acknowledged: the number of the history with it.
    Written(u32),
    /// A request, or an envelope, was refused.
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

/// A digest on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DigestSent<D = VersionVector> {
    pub(crate) receiver: MasterId,
    pub(crate) sender: MasterId,
    pub(crate) seen: D,
}

/// A request of a client, by its number: those of scripts, one client after the other, then the free ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestNumber(pub(crate) u32);

impl Envelope {
    /// What it puts under way to a receiver that has seen so much.
    fn count<'a>(&self, seen: impl FnOnce() -> &'a VersionVector, sent: &mut Sent) {
        match &self.message {
            // One after the other: mostly there is one.
            Message::Push(push) => push.changes.iter().for_each(|change| sent.push(change.dot)),
            Message::Snapshot(_) => sent.extend(self.message.brings(seen())),
        }
    }
}
