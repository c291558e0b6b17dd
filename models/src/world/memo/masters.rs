//! Masters, envelopes, digests and histories by number, and the values behind a state's numbers.

use super::{Streams, Tables};
use crate::history::{History, Write};
use crate::node::any_rule::AnyReplica;
use crate::node::{Envelope, Node, content_hash};
use crate::world::{DigestSent, Seen, World};
use multimaster::{MasterId, VersionVector};
use std::sync::Arc;

/// A master. Where states [count waiting changes](crate::node::counts_waiting), it is kept here with nothing pending.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) node: Node,
    /// The number of the same master with nothing pending. It reads and answers digests as this one does.
    pub(crate) core: u32,
    /// The number of its digest.
    pub(crate) digest: u32,
    /// The number of its readings.
    pub(crate) readings: u32,
    /// All changes that it ever had to send, where states count waiting changes.
    pub(crate) streams: Streams,
    /// A hash of its content.
    pub(crate) content: u64,
}

impl Local {
    /// The replica; panics for a master of the article.
    pub(crate) fn replica(&self) -> &Arc<AnyReplica> {
        self.node.replica()
    }
}

/// A history, and its writes by number.
#[derive(Clone)]
pub(crate) struct Ghost {
    pub(crate) history: Arc<History>,
    /// The number of each write, in order.
    pub(super) writes: Vec<u32>,
}

impl Tables {
    /// The number of the master `node`.
    pub(crate) fn local(&mut self, node: Node) -> u32 {
        self.local_with(node, |_| Streams::new())
    }

    /// The number of the master `node`; if it is new, `streams` computes its streams.
    pub(crate) fn local_with(&mut self, node: Node, streams: impl FnOnce(&mut Self) -> Streams) -> u32 {
        let hash = content_hash(&node);
        if let Some(known) = self.locals.find(hash, |local| local.node == node) {
            return known;
        }
        let streams = streams(self);
        let drained = self.drained(&node).map(|drained| self.local(Node::Replica(Arc::new(drained))));
        let digest = self.seen(&node.digest());
        let readings = self.number(|parts| &mut parts.readings, &node.readings());
        let made = |number| Local {
            node: node.clone(),
            core: drained.unwrap_or(number),
            digest,
            readings,
            streams,
            content: hash,
        };
        self.numbered(|parts| &mut parts.locals, hash, |local| local.node == node, made)
    }

    /// The same master with nothing pending; `None` if this one has nothing pending.
    fn drained(&self, node: &Node) -> Option<AnyReplica> {
        let Node::Replica(replica) = node else { return None };
        let peers = || self.edges.iter().filter(|(from, _)| *from == replica.id()).map(|(_, to)| *to);
        peers().any(|peer| replica.has_push(peer)).then(|| {
            let mut drained = AnyReplica::clone(replica);
            peers().for_each(|peer| drained.resume(peer, replica.digest()));
            drained
        })
    }

    /// The master `at` in this world, with its pending changes.
    pub(crate) fn replica(&self, world: &World<Tables>, at: MasterId) -> Arc<AnyReplica> {
        let local = world.local(at);
        let mut replica = Arc::clone(self.locals[local].replica());
        for ((_, to), waiting) in self.edges.iter().zip(world.waiting()).filter(|((from, _), _)| *from == at) {
            if let Some(next) = self.in_flight(local, *to, *waiting).first() {
                self.wind_back(Arc::make_mut(&mut replica), next.envelope);
            }
        }
        replica
    }

    /// The master's digest.
    pub(crate) fn digest(&self, local: u32) -> &VersionVector {
        &self.digests[self.locals[local].digest]
    }

    /// The number of a digest.
    pub(crate) fn seen(&mut self, digest: &VersionVector) -> u32 {
        self.number(|parts| &mut parts.digests, digest)
    }

    pub(crate) fn envelope_number(&mut self, envelope: Arc<Envelope>) -> u32 {
        let hash = envelope.hash();
        self.numbered(|parts| &mut parts.envelopes, hash, |known| *known == envelope, |_| Arc::clone(&envelope))
    }

    pub(crate) fn history(&mut self, history: History) -> u32 {
        let number = |write| self.number(|parts| &mut parts.writes_made, write);
        let writes: Vec<u32> = history.writes().iter().map(number).collect();
        let hash = content_hash(&writes);
        let shared: Vec<Arc<Write>> = writes.iter().map(|number| Arc::clone(&self.writes_made[*number])).collect();
        let made = |_| Ghost { history: Arc::new(History::of(shared)), writes: writes.clone() };
        self.numbered(|parts| &mut parts.histories, hash, |ghost| ghost.writes == writes, made)
    }

    /// The values behind a world's numbers.
    pub(crate) fn seen_in(&self, world: &World<Tables>) -> Seen {
        let opened = |digest_sent: &u32| {
            let DigestSent { receiver, sender, seen } = self.digests_sent[*digest_sent];
            DigestSent { receiver, sender, seen: self.digests[seen].clone() }
        };
        Seen {
            replicas: (0..).map(MasterId).take(world.masters.len()).map(|at| self.replica(world, at)).collect(),
            wire: world.wire.iter().map(|envelope| Arc::clone(&self.envelopes[*envelope])).collect(),
            digests_sent: world.digests_sent.iter().map(opened).collect(),
            history: Arc::clone(&self.histories[world.history].history),
            edges: Arc::clone(&self.edges),
            cuts: Arc::clone(&self.cuts),
        }
    }
}
