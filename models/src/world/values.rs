//! Parts of a world as values, altered where they are: [`Values`].

use super::{Done, Given, Inquiry, Parts, Told, World};
use crate::node::any_rule::AnyReplica;
use crate::node::{Answer, Envelope, Input, Output};
use crate::world::cluster::Cluster;
use multimaster::{MasterId, VersionVector};
use std::cmp::Ordering;
use std::sync::Arc;

/// Keeps nothing but what was answered last.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// The answer of the last master that was given something.
    pub(crate) answered: Option<Answer>,
}

impl Parts for Values {
    type Node = AnyReplica;
    type Envelope = Arc<Envelope>;
    type Inquiry = Inquiry;
    type Digest = VersionVector;
    type History = ();

    fn step(
        &mut self,
        cluster: &Cluster,
        node: &mut AnyReplica,
        given: Given<Arc<Envelope>, VersionVector>,
    ) -> Done<Arc<Envelope>> {
        let input = match &given {
            Given::Envelope(envelope) => Input::Envelope(envelope),
            Given::Digest { from, seen, max } => Input::Digest { from: *from, seen, max: *max },
            Given::Push { to, max } => Input::Push { to: *to, max: *max },
            Given::Drain { to } => Input::Drain { to: *to },
            Given::Resume { to, seen } => Input::Resume { to: *to, seen },
            Given::Acknowledge { to, seen } => Input::Acknowledge { to: *to, seen },
            Given::Truncate { keep } => Input::Truncate { keep: *keep },
            Given::Send(goroutine) => Input::Send(*goroutine),
        };
        let Output { answer, envelopes } = cluster.protocol.step(node, input);
        let told = Told::of(&answer);
        self.answered = Some(answer);
        Done { told, envelopes: envelopes.into_iter().map(Arc::new).collect() }
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

    fn inquiry(&mut self, inquiry: Inquiry) -> Inquiry {
        inquiry
    }

    fn opened(&self, inquiry: &Inquiry) -> Inquiry {
        inquiry.clone()
    }

    fn order(&self, one: &Inquiry, other: &Inquiry) -> Ordering {
        one.cmp(other)
    }

    fn judge(&mut self, _: &Cluster, _: &mut AnyReplica, (): &()) {}
}

impl World<Values> {
    /// The masters at the start, and nothing else.
    pub(crate) fn of(masters: &[AnyReplica]) -> World<Values> {
        World {
            shard: 0,
            masters: masters.iter().cloned().collect(),
            wire: Default::default(),
            inquiries: Default::default(),
            counts: Default::default(),
            streams: 0,
            history: (),
            chosen: 0,
            broken: 0,
            faults: Default::default(),
        }
    }

    pub(crate) fn master(&self, id: MasterId) -> &AnyReplica {
        &self.masters[id.index()]
    }
}
