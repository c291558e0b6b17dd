//! The step of a world: the effect of each action, for every kind of link. [`enabled`](super::enabled) lists the
//! possible actions, and [`node`](crate::node) has the behaviour of a master.

use super::{
    Action, AnswerKind, DigestNumber, DigestSent, EnvelopeNumber, InputOf, RequestNumber, Response, Store, World,
};
use crate::model::Sent;
use crate::node::{Envelope, Goroutine};
use crate::scope::LinkKind;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use multimaster::MasterId;

/// A step about to be taken: it alters `world`, and adds the changes that it puts in flight to `sent`.
pub(crate) struct Step<'a, P: Store> {
    pub(crate) cluster: &'a ClusterModel,
    pub(crate) store: &'a mut P,
    pub(crate) world: &'a mut World<P>,
    pub(crate) sent: &'a mut Sent,
}

impl Step<'_, Tables> {
    /// Takes the action in a world equal to `before`. False if the action is not allowed.
    #[inline]
    pub(crate) fn take(&mut self, before: &World<Tables>, action: Action) -> bool {
        let scope = &self.cluster.scope;
        let (allowed, altered) = match action {
            Action::Request { client, place } => {
                self.world.split_mut().2[client] += 1;
                (true, self.request(self.cluster.requests.scripted(client, place)))
            }
            Action::Choose(index) => {
                self.world.chosen |= 1 << index;
                (true, self.request(self.cluster.requests.free(index)))
            }
            // In a soup a delivered envelope stays in flight.
            Action::Deliver(EnvelopeNumber(envelope)) => {
                let there = scope.link == LinkKind::Soup || self.remove(&envelope);
                (there && self.deliver(envelope), self.store.envelope(&envelope).to)
            }
            Action::Repeat(EnvelopeNumber(envelope)) => {
                self.world.faults.duplicates -= 1;
                (self.deliver(envelope), self.store.envelope(&envelope).to)
            }
            Action::Duplicate(EnvelopeNumber(envelope)) => {
                self.world.faults.duplicates -= 1;
                (self.duplicate(envelope), self.store.envelope(&envelope).to)
            }
            Action::Lose(EnvelopeNumber(envelope)) => {
                let Envelope { from, to, .. } = *self.store.envelope(&envelope);
                if !self.cluster.goes_astray(self.world, from, to) {
                    self.world.faults.losses -= 1;
                }
                (self.remove(&envelope), to)
            }
            Action::Tick { receiver, sender } => {
                self.exchange_digest(receiver, sender);
                (true, receiver)
            }
            Action::Stream { from, to, max } => {
                let Some(envelope) = self.next_on_stream(self.cluster.edge(from, to), max) else { return false };
                self.count(&envelope);
                (self.deliver(envelope), to)
            }
            Action::Break { from, to } => {
                let edge = self.cluster.edge(from, to);
                self.world.faults.resets -= 1;
                self.world.broken |= 1 << edge;
                self.drain(edge);
                (true, from)
            }
            Action::Resume { from, to } => {
                let edge = self.cluster.edge(from, to);
                self.world.broken &= !(1 << edge);
                self.resume(edge);
                (true, from)
            }
            Action::Push { from, to, max } => (self.push(from, to, max), from),
            Action::SendDigest { receiver, sender } => {
                self.send_digest(receiver, sender);
                (true, receiver)
            }
            Action::AnswerDigest { digest_sent: DigestNumber(digest_sent), max } => {
                (self.answer(&digest_sent, max), self.store.opened(&digest_sent).sender)
            }
            Action::Truncate { at, keep } => (self.truncate(at, keep), at),
            Action::Send { at, goroutine } => (self.send_on(at, goroutine), at),
            Action::Call { session, place, at } => (self.call(session, place, at), at),
            Action::Cut(_)
            | Action::Heal(_)
            | Action::Crash { .. }
            | Action::Restart { .. }
            | Action::Save { .. }
            | Action::Repair
            | Action::Tell { .. }
            | Action::Collect { .. }
            | Action::Pass { .. } => {
                self.fail(action);
                return true;
            }
        };
        if matches!(scope.link, LinkKind::Stream { .. }) {
            self.acknowledge(before, altered);
        }
        if self.cluster.acknowledges_later() {
            self.acknowledge_held();
        }
        allowed
    }

    /// Makes a client's request; returns the master that received it.
    fn request(&mut self, request: RequestNumber) -> MasterId {
        let at = self.cluster.requests.get(request).0;
        self.request_at(at, request);
        at
    }

    /// Makes a client's request at this master.
    pub(super) fn request_at(&mut self, at: MasterId, request: RequestNumber) -> AnswerKind {
        let node = &mut self.world.masters[at.index()];
        let response = self.store.write(self.cluster, node, self.world.history, request);
        if let AnswerKind::Written(history) = response.answer {
            self.world.history = history;
            self.settle(at, response.envelopes);
        }
        response.answer
    }
}

impl<P: Store> Step<'_, P> {
    /// Delivers the envelope, which has been taken from the wire.
    pub(crate) fn deliver(&mut self, envelope: P::Envelope) -> bool {
        let Envelope { from, to, .. } = *self.store.envelope(&envelope);
        let early = self.cluster.is_early(self.world, to);
        let response = self.step_master(to, if early { InputOf::Early(envelope) } else { InputOf::Envelope(envelope) });
        match response.answer {
            AnswerKind::TakenIn => self.settle(to, response.envelopes),
            // Over a running link, sending a digest is a separate step.
            AnswerKind::Gap if !self.is_running() => {
                // A digest that is lost in a cut is sent again at a tick.
                if self.world.is_up(from) && self.cluster.passes(self.world, to, from) {
                    self.exchange_digest(to, from);
                }
            }
            // Only a tampered master passes on a duplicate.
            _ => response.envelopes.into_iter().for_each(|envelope| self.send(envelope)),
        }
        true
    }

    /// Duplicates an envelope in flight. False if it is not in flight.
    pub(crate) fn duplicate(&mut self, envelope: P::Envelope) -> bool {
        let flies = self.world.wire.contains(&envelope);
        if flies {
            self.fly(envelope);
        }
        flies
    }

    /// Removes the envelope from the wire. False if it was not in flight.
    pub(crate) fn remove(&mut self, envelope: &P::Envelope) -> bool {
        let place = self.world.wire.iter().position(|held| held == envelope);
        place.map(|place| self.world.wire.remove(place)).is_some()
    }

    /// Delivers the receiver's digest at once, and sends the sender's answer.
    fn exchange_digest(&mut self, receiver: MasterId, sender: MasterId) {
        let seen = self.store.digest_of(&self.world.masters[receiver.index()]);
        let max = self.cluster.scope.batch;
        let response = self.step_master(sender, InputOf::Digest { from: receiver, seen, max });
        response.envelopes.into_iter().for_each(|envelope| self.send(envelope));
    }

    /// Puts the next changes of the sender's log in flight, over a running link. False if there are none.
    pub(crate) fn push(&mut self, from: MasterId, to: MasterId, max: usize) -> bool {
        let response = self.step_master(from, InputOf::Push { to, max });
        response.envelopes.into_iter().for_each(|envelope| self.send(envelope));
        response.answer != AnswerKind::Nothing
    }

    /// Puts the receiver's digest in flight.
    pub(crate) fn send_digest(&mut self, receiver: MasterId, sender: MasterId) {
        let seen = self.store.digest_of(&self.world.masters[receiver.index()]);
        let digest_sent = self.store.digest_sent(DigestSent { receiver, sender, seen });
        let place = self.world.digests_sent.partition_point(|held| self.store.order(held, &digest_sent).is_lt());
        self.world.digests_sent.insert(place, digest_sent);
    }

    /// Delivers a digest, and puts the answer, if any, in flight. False if the digest was not in flight.
    pub(crate) fn answer(&mut self, digest_sent: &P::DigestSent, max: usize) -> bool {
        let Some(place) = self.world.digests_sent.iter().position(|held| held == digest_sent) else { return false };
        let digest_sent = self.world.digests_sent.remove(place);
        let DigestSent { receiver, sender, seen } = self.store.opened(&digest_sent);
        let response = self.step_master(sender, InputOf::Digest { from: receiver, seen, max });
        response.envelopes.into_iter().for_each(|envelope| self.send(envelope));
        true
    }

    /// Truncates a running master's log.
    pub(crate) fn truncate(&mut self, at: MasterId, keep: usize) -> bool {
        self.step_master(at, InputOf::Truncate { keep });
        true
    }

    /// Sends a goroutine's change to its next neighbour. False if there is none, or the channel is full.
    fn send_on(&mut self, at: MasterId, goroutine: Goroutine) -> bool {
        let response = self.step_master(at, InputOf::Send(goroutine));
        let has_room = |envelope| self.cluster.has_room(self.store, self.world, self.store.envelope(envelope).to);
        let fits = response.envelopes.iter().all(has_room);
        response.envelopes.into_iter().for_each(|envelope| self.send(envelope));
        fits && response.answer != AnswerKind::Nothing
    }

    pub(super) fn step_master(
        &mut self,
        at: MasterId,
        input: InputOf<P::Envelope, P::Digest>,
    ) -> Response<P::Envelope> {
        self.store.step(self.cluster, &mut self.world.masters[at.index()], input)
    }

    /// After a write or an applied change at `at`: judges the master, drops envelopes in flight that can no longer
    /// bring it anything, and sends the master's envelopes.
    fn settle(&mut self, at: MasterId, envelopes: impl IntoIterator<Item = P::Envelope>) {
        let node = &mut self.world.masters[at.index()];
        self.store.judge(self.cluster, node, &self.world.history);
        self.drop_spent(|to| to == at);
        envelopes.into_iter().for_each(|envelope| self.send(envelope));
    }

    /// Counts the envelope as sent, and puts it in flight unless it is spent or its receiver is dead.
    fn send(&mut self, envelope: P::Envelope) {
        self.count(&envelope);
        if self.cluster.is_dead(self.world, self.store.envelope(&envelope).to) {
            return;
        }
        let is_there = self.cluster.scope.link == LinkKind::Soup && self.world.wire.contains(&envelope);
        if !is_there && (self.delivers_all() || self.cluster.may_forget(self.world) || !self.is_spent(&envelope)) {
            self.fly(envelope);
        }
    }

    /// Puts the envelope in flight, perhaps beside an equal one.
    fn fly(&mut self, envelope: P::Envelope) {
        let new = self.store.envelope(&envelope);
        let before = |held: &P::Envelope| match self.cluster.scope.link {
            // Behind all envelopes of the channel.
            LinkKind::Channel { .. } => self.store.envelope(held).to <= new.to,
            _ => *held != envelope && self.store.envelope(held).order() < new.order(),
        };
        let place = self.world.wire.partition_point(before);
        self.world.wire.insert(place, envelope);
    }

    /// Counts the envelope's changes as sent; of a snapshot, those that the receiver lacks.
    fn count(&mut self, envelope: &P::Envelope) {
        let envelope = self.store.envelope(envelope);
        envelope.count(|| self.store.seen(&self.world.masters[envelope.to.index()]), self.sent);
    }

    /// Whether the link also delivers duplicates.
    fn delivers_all(&self) -> bool {
        matches!(self.cluster.scope.link, LinkKind::Running { .. } | LinkKind::Channel { .. })
    }

    fn is_running(&self) -> bool {
        matches!(self.cluster.scope.link, LinkKind::Running { .. })
    }
}
