//! Streams in an exploration: each master's position in its log for each neighbour.

use super::{InputOf, Step, World};
use crate::node::Envelope;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use multimaster::{MasterId, Replica};
use std::sync::Arc;

impl ClusterModel {
    /// The number of changes in flight on the stream of this edge.
    pub(crate) fn waiting(&self, tables: &Tables, world: &World<Tables>, edge: usize) -> usize {
        let (from, to) = self.edges[edge];
        let counted = world.waiting().get(edge).map(|waiting| usize::from(*waiting));
        counted.unwrap_or_else(|| tables.locals[world.local(from)].replica().pending(to))
    }
}

impl Step<'_, Tables> {
    /// Takes the next changes, at most `max`, off the stream of this edge: their envelope; `None` if the stream is
    /// empty.
    pub(super) fn next_on_stream(&mut self, edge: usize, max: usize) -> Option<u32> {
        let (from, to) = self.cluster.edges[edge];
        let (masters, waiting, _) = self.world.split_mut();
        let Some(waiting) = waiting.get_mut(edge) else {
            return self.step_master(from, InputOf::Push { to, max }).envelopes.first().copied();
        };
        let sender = masters[from.index()].local;
        let first = self.store.in_flight(sender, to, *waiting).first()?.envelope;
        *waiting = waiting.saturating_sub(max.min(u8::MAX.into()) as u8);
        Some(if max == 1 { first } else { self.joined(sender, first, max) })
    }

    /// The envelope of this change and those that follow on its stream, at most `max` in all.
    fn joined(&mut self, sender: u32, first: u32, max: usize) -> u32 {
        let (tables, key) = (&mut *self.store, (first, max, sender));
        if let Some(joined) = tables.joined.get(&key).filter(|_| tables.remembers) {
            return *joined;
        }
        let mut replica = Replica::clone(tables.locals[sender].replica());
        tables.wind_back(&mut replica, first);
        let Envelope { from, to, .. } = *tables.envelopes[first];
        let envelope = replica.next_push(to, max).map(|message| Envelope::new(from, to, message));
        let joined = envelope.map_or(first, |envelope| tables.envelope_number(Arc::new(envelope)));
        tables.joined.insert(key, joined);
        joined
    }

    /// Loses all that is in flight on the stream of this edge.
    pub(super) fn drain(&mut self, edge: usize) {
        let (from, to) = self.cluster.edges[edge];
        match self.world.split_mut().1.get_mut(edge) {
            Some(waiting) => *waiting = 0,
            None => drop(self.step_master(from, InputOf::Drain { to })),
        }
    }

    /// Continues the stream of this edge after the changes in its receiver's digest.
    pub(super) fn resume(&mut self, edge: usize) {
        let (from, to) = self.cluster.edges[edge];
        let (masters, waiting, _) = self.world.split_mut();
        if let Some(waiting) = waiting.get_mut(edge) {
            // `acknowledge` then skips the changes that the receiver has seen.
            *waiting = self.store.in_all(masters[from.index()].local, to).len() as u8;
        } else {
            let receiver = &self.store.locals[self.world.local(to)];
            let (seen, forgot) = (receiver.digest, receiver.replica().origin() != to);
            if forgot {
                self.step_master(from, InputOf::PeerForgot { peer: to });
            }
            self.step_master(from, InputOf::Resume { to, seen });
        }
    }

    /// Puts the changes that the master `altered` has gained since `before` in flight on its streams, and lets streams
    /// skip the changes that their receivers have seen. Delivering such a change, now or later, would only move the
    /// cursor, so it counts as delivered at once, as in [`is_spent`](Self::is_spent). No other master has changed since
    /// the last call.
    pub(super) fn acknowledge(&mut self, before: &World<Tables>, altered: MasterId) {
        let broken = self.world.broken;
        let edges = &self.cluster.edges;
        let streams = edges.iter().enumerate().filter(|(_, (from, to))| *from == altered || *to == altered);
        let streams = streams.map(|(edge, &(from, to))| (edge, from, to, broken & (1 << edge) == 0));
        if self.world.waiting().is_empty() {
            for (_, from, to, _) in streams.filter(|(.., stands)| *stands) {
                if self.store.locals[self.world.local(from)].replica().pending(to) > 0 {
                    let seen = self.store.locals[self.world.local(to)].digest;
                    self.step_master(from, InputOf::Acknowledge { to, seen });
                }
            }
            return;
        }
        let (tables, before) = (&*self.store, before.local(altered));
        let (masters, waiting, _) = self.world.split_mut();
        for (edge, from, to, stands) in streams {
            let (waiting, sender) = (&mut waiting[edge], masters[from.index()].local);
            if from == altered {
                *waiting += (tables.in_all(sender, to).len() - tables.in_all(before, to).len()) as u8;
            }
            if stands && *waiting > 0 {
                *waiting -= tables.known_in_flight(sender, to, *waiting, tables.digest(masters[to.index()].local));
            }
        }
    }
}
