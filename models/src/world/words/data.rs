//! The steps of a cluster as data.

use crate::node::any_rule::AnyMessage;
use crate::scope::LinkKind;
use crate::subject::{AnswerData, MessageData, OutcomeData, StepData};
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, World};
use multimaster::{MasterId, Message, Outcome, Replica, Request, VersionVector};
use std::collections::BTreeMap;

impl ClusterModel {
    /// Whether every step can be given as data: the protocol is the shipped one, of one shard, over streams or
    /// datagrams, without failures of masters and without sessions.
    fn has_plain_steps(&self) -> bool {
        let plain = matches!(self.scope.link, LinkKind::Stream { .. } | LinkKind::Datagram { .. } | LinkKind::Soup);
        let shipped = self.protocol.tamper.is_none() && self.article.is_none();
        plain && shipped && !self.has_shards() && !self.scope.fails()
    }

    pub(super) fn data_of(&self, world: &World<Tables>, action: Action) -> Option<StepData> {
        if !self.has_plain_steps() {
            return None;
        }
        let name = |master: MasterId| master.to_string();
        Some(match action {
            Action::Request { client, place } => {
                let script = &self.scope.clients[client];
                self.request_as_data(world, script.at, &script.requests[place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                self.request_as_data(world, *at, request)
            }
            Action::Deliver(envelope) | Action::Repeat(envelope) => {
                let envelope = self.envelope(envelope);
                let stays = matches!(action, Action::Repeat(_)) || self.scope.link == LinkKind::Soup;
                self.arrival_as_data(world, (envelope.from, envelope.to), &envelope.message, stays)
            }
            Action::Stream { from, to, max } => {
                let message = self.next_message(world, (from, to), max)?;
                self.arrival_as_data(world, (from, to), &message, false)
            }
            Action::Lose(envelope) => {
                let envelope = self.envelope(envelope);
                let message = message_as_data(&envelope.message);
                StepData::Lose { from: name(envelope.from), to: name(envelope.to), message }
            }
            Action::Tick { receiver, sender } => StepData::Ask { from: name(receiver), to: name(sender) },
            Action::Break { from, to } => StepData::Break { from: name(from), to: name(to) },
            Action::Resume { from, to } => StepData::Resume { from: name(from), to: name(to) },
            _ => return None,
        })
    }

    fn request_as_data(&self, world: &World<Tables>, at: MasterId, request: &Request) -> StepData {
        let answer = match self.answer_to_client(world, at, request) {
            Ok(write) => AnswerData::Accepted { dot: write.dot.to_string(), time: write.timestamp.time() },
            Err(refusal) => AnswerData::Refused(refusal.to_string()),
        };
        // A wall clock that is not free has given the write another time than the request.
        let (replica, history) = (self.replica(world, at), self.shown_in(world).history);
        let request = self.timed(&replica, &history, request);
        StepData::Request { at: at.to_string(), request: request.to_string(), answer }
    }

    fn arrival_as_data(
        &self,
        world: &World<Tables>,
        (from, to): (MasterId, MasterId),
        message: &AnyMessage,
        stays: bool,
    ) -> StepData {
        let mut receiver = Replica::clone(&self.replica(world, to));
        let outcome = match self.protocol.receive(&mut receiver, from, message.clone()) {
            Outcome::Applied => OutcomeData::Applied,
            Outcome::Stale => OutcomeData::Stale,
            Outcome::Duplicate => OutcomeData::Duplicate,
            Outcome::Gap => OutcomeData::Gap,
            Outcome::Refused(_) => OutcomeData::Refused,
        };
        let message = message_as_data(message);
        StepData::Deliver { from: from.to_string(), to: to.to_string(), message, stays, outcome }
    }
}

/// The content of a message, as tests in other languages name it.
pub(crate) fn message_as_data<S, E>(message: &Message<S, E>) -> MessageData {
    let vector = |seen: &VersionVector| -> BTreeMap<String, u64> {
        seen.iter().map(|(origin, last)| (origin.to_string(), last)).collect()
    };
    match message {
        Message::Push(push) => MessageData::Push {
            changes: push.changes.iter().map(|change| change.dot.to_string()).collect(),
            extends: vector(&push.extends),
        },
        Message::Snapshot(snapshot) => MessageData::Snapshot { seen: vector(&snapshot.seen) },
    }
}
