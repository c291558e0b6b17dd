//! Parts of a world as values, altered in place: [`Values`].

use super::{AnswerKind, DigestSent, InputOf, Response, Store, World};
use crate::node::any_rule::AnyReplica;
use crate::node::{Answer, Envelope, Input, Output};
use crate::world::cluster::ClusterModel;
use multimaster::{MasterId, VersionVector};
use std::cmp::Ordering;
use std::sync::Arc;

/// A [`Store`] of values. It keeps only the last answer.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// The answer of the last step.
    pub(crate) answered: Option<Answer>,
}

impl Store for Values {
    type Node = AnyReplica;
    type Envelope = Arc<Envelope>;
    type DigestSent = DigestSent;
    type Digest = VersionVector;
    type History = ();

    fn step(
        &mut self,
        cluster: &ClusterModel,
        node: &mut AnyReplica,
        input: InputOf<Arc<Envelope>, VersionVector>,
    ) -> Response<Arc<Envelope>> {
        let input = match &input {
            InputOf::Envelope(envelope) => Input::Envelope(envelope),
            InputOf::Early(envelope) => Input::Early(envelope),
            InputOf::Digest { from, seen, max } => Input::Digest { from: *from, seen, max: *max },
            InputOf::Push { to, max } => Input::Push { to: *to, max: *max },
            InputOf::Drain { to } => Input::Drain { to: *to },
            InputOf::Resume { to, seen } => Input::Resume { to: *to, seen },
            InputOf::Acknowledge { to, seen } => Input::Acknowledge { to: *to, seen },
            InputOf::Truncate { keep } => Input::Truncate { keep: *keep },
            InputOf::Restart { fresh, clock } => Input::Restart { fresh: *fresh, clock: *clock },
            InputOf::PeerForgot { peer } => Input::PeerForgot { peer: *peer },
            InputOf::Bypass { dead } => Input::Bypass { dead: *dead },
            InputOf::Collect => Input::Collect,
            InputOf::Send(goroutine) => Input::Send(*goroutine),
        };
        let Output { answer, envelopes } = cluster.protocol.step(node, input);
        let kind = AnswerKind::of(&answer);
        self.answered = Some(answer);
        Response { answer: kind, envelopes: envelopes.into_iter().map(Arc::new).collect() }
    }

    fn envelope<'a>(&'a self, envelope: &'a Arc<Envelope>) -> &'a Envelope {
        envelope
    }

    fn seen<'a>(&'a self, node: &'a AnyReplica) -> &'a VersionVector {
        node.digest()
    }

    fn digest_of(&self, node: &AnyReplica) -> VersionVector {
        node.digest().clone()
    }

    fn digest_sent(&mut self, digest_sent: DigestSent) -> DigestSent {
        digest_sent
    }

    fn opened(&self, digest_sent: &DigestSent) -> DigestSent {
        digest_sent.clone()
    }

    fn order(&self, one: &DigestSent, other: &DigestSent) -> Ordering {
        one.cmp(other)
    }

    fn judge(&mut self, _: &ClusterModel, _: &mut AnyReplica, (): &()) {}
}

impl World<Values> {
    /// A world of these masters in which nothing has happened.
    pub(crate) fn of(masters: &[AnyReplica]) -> World<Values> {
        World {
            shard: 0,
            masters: masters.iter().cloned().collect(),
            wire: Default::default(),
            digests_sent: Default::default(),
            counts: Default::default(),
            streams: 0,
            history: (),
            chosen: 0,
            broken: 0,
            faults: Default::default(),
            failed: None,
        }
    }

    pub(crate) fn master(&self, id: MasterId) -> &AnyReplica {
        &self.masters[id.index()]
    }
}
