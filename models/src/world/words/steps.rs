//! The steps of a shard in words: the lines of traces, the Explorer's sentences, the arrows of pictures.

use super::as_written;
use crate::history::Write;
use crate::node::any_rule::{AnyMessage, AnyReplica, Pack};
use crate::node::{Answer, Input};
use crate::scope::LinkKind;
use crate::subject::Arrow;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, World};
use multimaster::{MasterId, Message, Outcome, PeerError, Refusal, Replica, Request, Resolver};

impl ClusterModel {
    /// The step as a sentence, as far as it is known without the state.
    pub(crate) fn sentence(&self, action: Action) -> String {
        match action {
            Action::Request { client, place } => {
                let script = &self.scope.clients[client];
                format!("{}: {}", script.at, script.requests[place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                format!("{at}: {request}")
            }
            Action::Deliver(envelope) => self.envelope(envelope).to_string(),
            Action::Repeat(envelope) => format!("{}, and once more later", self.envelope(envelope)),
            Action::Lose(envelope) => format!("lost {}", self.envelope(envelope)),
            Action::Tick { receiver, sender } => format!("{receiver} asks {sender} for what it lacks"),
            Action::Stream { from, to, max: 1 } => format!("{from} -> {to}: the next change"),
            Action::Stream { from, to, max } => format!("{from} -> {to}: the next {max} changes"),
            Action::Break { from, to } => format!("break {from} -> {to}"),
            Action::Resume { from, to } => format!("resume {from} -> {to}"),
            Action::Push { from, to, .. } => format!("{from} sends {to} the next changes"),
            Action::SendDigest { receiver, sender } => format!("{receiver} sends {sender} its digest"),
            Action::AnswerDigest { digest_sent, .. } => self.digest_sent(digest_sent).to_string(),
            Action::Duplicate(envelope) => format!("twice {}", self.envelope(envelope)),
            Action::Truncate { at, keep } => format!("{at} truncates its log to {keep}"),
            Action::Call { session, place, at } => self.call_in_words(session, place, at),
            Action::Cut(_)
            | Action::Heal(_)
            | Action::Crash { .. }
            | Action::Restart { .. }
            | Action::Save { .. }
            | Action::Repair
            | Action::Tell { .. }
            | Action::Collect { .. }
            | Action::Pass { .. } => self.failure_in_words(action),
            Action::Send { .. } => self.goroutine_in_words(action),
        }
    }

    /// The step as one line of a trace.
    pub(super) fn step_in_words(&self, world: &World<Tables>, action: Action) -> String {
        match action {
            Action::Stream { from, to, max } => {
                let message = self.next_message(world, (from, to), max);
                format!("{from} -> {to}: {}", message.map(|message| message.to_string()).unwrap_or_default())
            }
            Action::Push { from, to, max } => {
                let message = self.next_message(world, (from, to), max);
                format!("{from} sends {to} {}", message.map(|message| message.to_string()).unwrap_or_default())
            }
            other => self.sentence(other),
        }
    }

    /// The outcome of the step, where the step itself does not tell it.
    pub(super) fn outcome_of(&self, world: &World<Tables>, action: Action) -> Option<String> {
        match action {
            Action::Request { client, place } => {
                let script = &self.scope.clients[client];
                self.client_remark(world, script.at, &script.requests[place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                self.client_remark(world, *at, request)
            }
            Action::Deliver(envelope) | Action::Repeat(envelope) => {
                let envelope = self.envelope(envelope);
                let before = self.replica(world, envelope.to);
                let mut receiver = Replica::clone(&before);
                let early = self.is_early(world, envelope.to);
                let message = envelope.message.clone();
                let outcome = match early {
                    true => self.protocol.receive_early(&mut receiver, envelope.from, message),
                    false => self.protocol.receive(&mut receiver, envelope.from, message),
                };
                if let Outcome::Refused(PeerError::ImpossibleTimestamp(timestamp)) = &outcome
                    && early
                {
                    return Some(format!("{} refuses it: the time {} is too late", envelope.to, timestamp.time()));
                }
                if let (LinkKind::Running { .. }, Outcome::Gap) = (self.scope.link, &outcome) {
                    return Some(format!("{} lacks something before it", envelope.to));
                }
                outcome_in_words(&outcome, envelope.from, &before, &envelope.message)
            }
            Action::Stream { from, to, max } => {
                let message = self.next_message(world, (from, to), max)?;
                let before = self.replica(world, to);
                let outcome = self.protocol.receive(&mut Replica::clone(&before), from, message.clone());
                outcome_in_words(&outcome, from, &before, &message)
            }
            Action::Lose(_) | Action::Tick { .. } | Action::Break { .. } | Action::Resume { .. } => None,
            Action::Push { .. } | Action::SendDigest { .. } | Action::AnswerDigest { .. } => None,
            Action::Duplicate(_) | Action::Truncate { .. } | Action::Send { .. } => None,
            Action::Call { session, place, at } => self.call_outcome(world, session, place, at),
            Action::Crash { at } => self.kept_in_words(world, at),
            Action::Cut(_) | Action::Heal(_) | Action::Restart { .. } | Action::Save { .. } | Action::Repair => None,
            Action::Tell { .. } | Action::Collect { .. } | Action::Pass { .. } => None,
        }
    }

    pub(super) fn arrow_of(&self, world: &World<Tables>, action: Action) -> Arrow {
        let arrives = |envelope, again| {
            let envelope = self.envelope(envelope);
            let (from, to) = (envelope.from.index(), envelope.to.index());
            Arrow::Arrives { from, to, label: envelope.message.to_string(), again }
        };
        match action {
            Action::Request { client, place } => {
                let script = &self.scope.clients[client];
                self.arrow_of_request(world, script.at, &script.requests[place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                self.arrow_of_request(world, *at, request)
            }
            Action::Deliver(envelope) => arrives(envelope, false),
            Action::Repeat(envelope) => arrives(envelope, true),
            Action::Lose(envelope) => {
                let envelope = self.envelope(envelope);
                Arrow::Lost {
                    from: envelope.from.index(),
                    to: envelope.to.index(),
                    label: envelope.message.to_string(),
                }
            }
            Action::Tick { receiver, sender } => Arrow::Asks { from: receiver.index(), to: sender.index() },
            Action::Stream { from, to, .. } => {
                let label = self.step_in_words(world, action);
                let label = label.split_once(": ").map(|(_, label)| label.to_owned()).unwrap_or(label);
                Arrow::Arrives { from: from.index(), to: to.index(), label, again: false }
            }
            Action::Break { from, to } => {
                Arrow::Lost { from: from.index(), to: to.index(), label: "all in flight".into() }
            }
            Action::Resume { from, to } => Arrow::Asks { from: to.index(), to: from.index() },
            Action::Push { from, .. } => Arrow::At(from.index(), self.step_in_words(world, action)),
            Action::SendDigest { receiver, .. } => Arrow::At(receiver.index(), self.sentence(action)),
            Action::AnswerDigest { digest_sent, .. } => {
                let digest_sent = self.digest_sent(digest_sent);
                Arrow::Asks { from: digest_sent.receiver.index(), to: digest_sent.sender.index() }
            }
            Action::Duplicate(envelope) => Arrow::At(self.envelope(envelope).from.index(), self.sentence(action)),
            Action::Truncate { at, .. } | Action::Send { at, .. } => Arrow::At(at.index(), self.sentence(action)),
            Action::Crash { at } if self.restarts_at_once() => Arrow::Restart(at.index(), self.sentence(action)),
            Action::Crash { at } => Arrow::Crash(at.index(), self.sentence(action)),
            Action::Restart { at } => Arrow::Restart(at.index(), self.sentence(action)),
            Action::Save { at } | Action::Call { at, .. } => Arrow::At(at.index(), self.sentence(action)),
            Action::Collect { at } | Action::Pass { at } => Arrow::At(at.index(), self.sentence(action)),
            Action::Tell { from, .. } => Arrow::At(from.index(), self.sentence(action)),
            Action::Repair => {
                let up = self.scope.topology.ids().find(|id| world.is_up(*id));
                Arrow::At(up.map_or(0, MasterId::index), self.sentence(action))
            }
            Action::Cut(cut) | Action::Heal(cut) => {
                let paths = self.scope.failures.severed[cut].paths.iter();
                let paths = paths.map(|(from, to)| (from.index(), to.index())).collect();
                Arrow::Cut { paths, label: self.sentence(action), healed: matches!(action, Action::Heal(_)) }
            }
        }
    }

    /// The next message on this edge, after tampering, if any.
    pub(super) fn next_message(
        &self,
        world: &World<Tables>,
        (from, to): (MasterId, MasterId),
        max: usize,
    ) -> Option<AnyMessage> {
        let mut sender = Replica::clone(&self.replica(world, from));
        let envelope = self.protocol.step(&mut sender, Input::Push { to, max }).envelopes.pop()?;
        Some(envelope.message)
    }

    /// The request, after the dot of the change that it makes.
    fn arrow_of_request(&self, world: &World<Tables>, at: MasterId, request: &Request) -> Arrow {
        match self.answer_to_client(world, at, request) {
            Ok(write) => {
                let label = format!("{}: {}", write.dot, as_written(&write));
                if write.wall.is_some() { Arrow::Timed(at.index(), label) } else { Arrow::At(at.index(), label) }
            }
            Err(_) => Arrow::At(at.index(), request.to_string()),
        }
    }

    pub(super) fn client_remark(&self, world: &World<Tables>, at: MasterId, request: &Request) -> Option<String> {
        match self.answer_to_client(world, at, request) {
            Ok(write) if write.wall == request.op.time() => None,
            Ok(write) => write.wall.map(|time| format!("at wall-clock time {time}")),
            Err(refusal) => Some(format!("refused: {refusal}")),
        }
    }

    pub(super) fn answer_to_client(
        &self,
        world: &World<Tables>,
        at: MasterId,
        request: &Request,
    ) -> Result<Write, Refusal> {
        let (mut replica, history) = (Replica::clone(&self.replica(world, at)), self.shown_in(world).history);
        let (request, past) = (self.timed(&replica, &history, request), history.past_of(&replica));
        match self.protocol.step(&mut replica, Input::Request(&request)).answer {
            Answer::Client(named) => named.map(|named| named.write(&request, past)),
            other => unreachable!("a client is answered: {other:?}"),
        }
    }
}

fn outcome_in_words(outcome: &Outcome, from: MasterId, before: &AnyReplica, message: &AnyMessage) -> Option<String> {
    let to = before.id();
    match outcome {
        Outcome::Applied => None,
        Outcome::Stale => Some(format!("{to} {}", why_kept(before, message))),
        Outcome::Duplicate => Some(format!("{to} has seen all of it: nothing done")),
        Outcome::Gap => Some(format!("{to} lacks something before it, and asks {from}")),
        Outcome::Refused(fault) => Some(format!("refused: {fault}")),
    }
}

/// The reason, if the rule gives none.
const KEPT: &str = "kept what it had";

/// The rule's reason why the first change that is new to the receiver did not alter its state.
fn why_kept(receiver: &AnyReplica, message: &AnyMessage) -> &'static str {
    let changes = if let Message::Push(push) = message { push.changes.as_slice() } else { &[] };
    let new = changes.iter().find(|change| !receiver.digest().contains(change.dot));
    new.map_or(KEPT, |change| {
        let (rule, untouched) = (receiver.rule(), Pack::default());
        let state = receiver.state(&change.key).unwrap_or(&untouched);
        // If the rule would apply the change, a tampered protocol dropped it, and the rule's reason does not apply.
        let alters = rule.apply(&mut state.clone(), change);
        if alters { KEPT } else { rule.why_kept(state, change) }
    })
}
