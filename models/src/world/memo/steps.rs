//! The one cache of steps: by master and input, the outcome.

use super::{Queued, Tables, pair};
use crate::history::History;
use crate::node::{Answer, Envelope, Goroutine, Input, Node, Output, article};
use crate::world::cluster::ClusterModel;
use crate::world::{AnswerKind, DigestSent, InputOf, Master, RequestNumber, Response, Store};
use multimaster::{MasterId, Message, Outcome, Replica, VersionVector};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A master and its input, by number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    node: u32,
    kind: u8,
    peer: MasterId,
    what: u32,
    more: u32,
}

impl Hash for Step {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(pair(self.node, self.what));
        hasher.write_u64(pair(self.more, u32::from(self.kind) << 16 | u32::from(self.peer.0)));
    }
}

/// The outcome: the master after the step, its answer, and the [outbox](Tables::outbox) that it sent.
#[derive(Clone, Copy)]
pub(super) struct Outcomes {
    after: u32,
    answer: AnswerKind,
    outbox: u32,
}

impl Tables {
    /// Adds an outbox with these envelopes, and returns its place.
    fn keep_outbox(&mut self, envelopes: &[u32]) -> u32 {
        if envelopes.is_empty() {
            return 0;
        }
        let number = |place| u32::try_from(place).expect("an exploration ends once a table is full");
        let place = number(self.outboxes.len());
        self.outboxes.push(number(envelopes.len()));
        self.outboxes.extend(envelopes);
        place
    }

    fn outbox(&self, place: u32) -> SmallVec<[u32; 4]> {
        let (count, from) = (self.outboxes[place as usize] as usize, place as usize + 1);
        SmallVec::from_slice(&self.outboxes[from..from + count])
    }

    /// The outcome of a step: remembered, or computed.
    #[inline]
    fn outcomes(
        &mut self,
        cluster: &ClusterModel,
        step: Step,
        work_out: impl FnOnce(&mut Self, &mut Node) -> (AnswerKind, Vec<Envelope>),
    ) -> Outcomes {
        match self.steps.get(&step) {
            Some(known) => *known,
            None => self.worked_out(cluster, step, work_out),
        }
    }

    // Not inlined into the look-up, which runs at each step of an exploration.
    #[cold]
    fn worked_out(
        &mut self,
        cluster: &ClusterModel,
        step: Step,
        work_out: impl FnOnce(&mut Self, &mut Node) -> (AnswerKind, Vec<Envelope>),
    ) -> Outcomes {
        let mut node = self.locals[step.node].node.clone();
        let (answer, envelopes) = work_out(self, &mut node);
        let envelopes: Vec<u32> =
            envelopes.into_iter().map(|envelope| self.envelope_number(Arc::new(envelope))).collect();
        let queues = cluster.counts_waiting && answer.takes_in();
        let after = match answer {
            AnswerKind::Written(_) | AnswerKind::TakenIn | AnswerKind::Moved => {
                self.after(step.node, node, queues.then_some(&envelopes))
            }
            _ => {
                debug_assert!(cluster.protocol.tamper.is_some() || node == self.locals[step.node].node);
                step.node
            }
        };
        let outcomes = Outcomes { after, answer, outbox: self.keep_outbox(if queues { &[] } else { &envelopes }) };
        if self.remembers {
            self.steps.insert(step, outcomes);
        }
        outcomes
    }

    /// The number of the master `node`, which is `before` after a step. Where states count waiting changes, `queued`
    /// are its new envelopes, which follow all that `before` ever had to send.
    fn after(&mut self, before: u32, node: Node, queued: Option<&Vec<u32>>) -> u32 {
        let Some(queued) = queued else { return self.local(node) };
        let after = self.local_with(node, |tables| {
            let mut streams = tables.locals[before].streams.clone();
            for envelope in queued {
                let Envelope { to, message, .. } = &*tables.envelopes[*envelope];
                if let Message::Push(push) = message {
                    streams[to.index()].push(Queued { envelope: *envelope, dot: push.changes[0].dot });
                }
            }
            streams
        });
        debug_assert!(self.locals[after].streams.iter().flatten().all(|Queued { envelope, .. }| {
            let mut sender = Replica::clone(self.locals[after].replica());
            self.wind_back(&mut sender, *envelope);
            let Envelope { to, message, .. } = &*self.envelopes[*envelope];
            sender.next_push(*to, 1).as_ref() == Some(message)
        }));
        after
    }

    /// Makes a client's request at the master, where `history` has the writes so far. The answer to a write carries the
    /// history that includes it.
    pub(crate) fn write(
        &mut self,
        cluster: &ClusterModel,
        node: &mut Master,
        history: u32,
        number: RequestNumber,
    ) -> Response<u32> {
        let step = Step { node: node.local, kind: 0, peer: MasterId(0), what: history, more: number.0 };
        let outcomes = self.outcomes(cluster, step, |tables, node| {
            let (_, request) = cluster.requests.get(number);
            if let Node::Article(_) = node {
                // The program does not track causal pasts, so there is no history.
                let (client, name) = cluster.requests.name(number);
                let set = article::set(name, request).expect("the program's clients only set");
                let output = node.step(&cluster.protocol, Input::Set { client, set: &set });
                return (AnswerKind::Written(history), output.envelopes);
            }
            let replica = node.replica();
            let mut after = History::clone(&tables.histories[history].history);
            let (request, past) = (cluster.timed(replica, &after, request), after.past_of(replica));
            let Output { answer, envelopes } = node.step(&cluster.protocol, Input::Request(&request));
            let Answer::Client(Ok(named)) = answer else { return (AnswerKind::Refused, envelopes) };
            after.add(named.write(&request, past));
            (AnswerKind::Written(tables.history(after)), envelopes)
        });
        self.respond(node, outcomes)
    }

    /// The master `from`, with this number, tells `to` what it knows of the progress of all.
    pub(crate) fn tell(&mut self, cluster: &ClusterModel, (from, told): (MasterId, u32), to: &mut Master) {
        let step = Step { node: to.local, kind: 14, peer: from, what: told, more: 0 };
        let outcomes = self.outcomes(cluster, step, |tables, node| {
            let progress = tables.locals[told].replica().progress();
            let output = node.step(&cluster.protocol, Input::Told { from, progress: &progress });
            (AnswerKind::of(&output.answer), output.envelopes)
        });
        self.respond(to, outcomes);
    }

    fn respond(&self, node: &mut Master, Outcomes { after, answer, outbox }: Outcomes) -> Response<u32> {
        node.local = after;
        Response { answer, envelopes: self.outbox(outbox) }
    }
}

impl Store for Tables {
    type Node = Master;
    type Envelope = u32;
    type DigestSent = u32;
    type Digest = u32;
    type History = u32;

    fn step(&mut self, cluster: &ClusterModel, node: &mut Master, input: InputOf<u32, u32>) -> Response<u32> {
        let number = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
        let step = |kind, peer, what, more| Step { node: node.local, kind, peer, what, more };
        let none = MasterId(0);
        let step = match input {
            InputOf::Envelope(envelope) => step(1, none, envelope, 0),
            InputOf::Early(envelope) => step(15, none, envelope, 0),
            // The answer to a digest does not depend on pending changes.
            InputOf::Digest { from, seen, max } => {
                Step { node: self.locals[node.local].core, ..step(2, from, seen, number(max)) }
            }
            InputOf::Push { to, max } => step(3, to, 0, number(max)),
            InputOf::Drain { to } => step(4, to, 0, 0),
            InputOf::Resume { to, seen } => step(5, to, seen, 0),
            InputOf::Acknowledge { to, seen } => step(6, to, seen, 0),
            InputOf::Truncate { keep } => step(7, none, 0, number(keep)),
            InputOf::Send(Goroutine::Client(client)) => step(8, none, client.into(), 0),
            InputOf::Send(Goroutine::Loop) => step(9, none, 0, 0),
            InputOf::Restart { fresh, clock } => {
                step(10, fresh.unwrap_or(none), u32::from(fresh.is_some()), number(clock as usize))
            }
            InputOf::PeerForgot { peer } => step(11, peer, 0, 0),
            InputOf::Bypass { dead } => step(12, none, dead, 0),
            InputOf::Collect => step(13, none, 0, 0),
        };
        let outcomes = self.outcomes(cluster, step, |tables, node| {
            let given = match input {
                InputOf::Envelope(envelope) => Input::Envelope(&tables.envelopes[envelope]),
                InputOf::Early(envelope) => Input::Early(&tables.envelopes[envelope]),
                InputOf::Digest { from, seen, max } => {
                    // No copy of the master is needed: a digest does not alter it.
                    let answer = cluster.protocol.answer(node.replica(), from, &tables.digests[seen], max);
                    return (AnswerKind::Answered, answer.into_iter().collect());
                }
                InputOf::Push { to, max } => Input::Push { to, max },
                InputOf::Drain { to } => Input::Drain { to },
                InputOf::Resume { to, seen } => Input::Resume { to, seen: &tables.digests[seen] },
                InputOf::Acknowledge { to, seen } => Input::Acknowledge { to, seen: &tables.digests[seen] },
                InputOf::Truncate { keep } => Input::Truncate { keep },
                InputOf::Restart { fresh, clock } => Input::Restart { fresh, clock },
                InputOf::PeerForgot { peer } => Input::PeerForgot { peer },
                InputOf::Bypass { dead } => Input::Bypass { dead },
                InputOf::Collect => Input::Collect,
                InputOf::Send(goroutine) => Input::Send(goroutine),
            };
            let output = node.step(&cluster.protocol, given);
            if let (InputOf::Envelope(envelope), Answer::Arrival(Outcome::Refused(fault))) = (input, &output.answer) {
                let Envelope { to, message, .. } = &*tables.envelopes[envelope];
                // A correct peer's message is never refused: this would be a bug in the protocol or in the model.
                assert!(cluster.protocol.tamper.is_some(), "{to} refused {message}: {fault}");
            }
            (AnswerKind::of(&output.answer), output.envelopes)
        });
        if let InputOf::Digest { .. } = input {
            return Response { answer: outcomes.answer, envelopes: self.outbox(outcomes.outbox) };
        }
        self.respond(node, outcomes)
    }

    fn envelope<'a>(&'a self, envelope: &'a u32) -> &'a Envelope {
        &self.envelopes[*envelope]
    }

    fn seen<'a>(&'a self, node: &'a Master) -> &'a VersionVector {
        self.digest(node.local)
    }

    fn digest_of(&self, node: &Master) -> u32 {
        self.locals[node.local].digest
    }

    fn digest_sent(&mut self, digest_sent: DigestSent<u32>) -> u32 {
        self.number(|parts| &mut parts.digests_sent, &digest_sent)
    }

    fn opened(&self, digest_sent: &u32) -> DigestSent<u32> {
        self.digests_sent[*digest_sent]
    }

    fn order(&self, one: &u32, other: &u32) -> Ordering {
        let content = |number: &u32| {
            let DigestSent { receiver, sender, seen } = self.digests_sent[*number];
            (receiver, sender, &self.digests[seen])
        };
        content(one).cmp(&content(other))
    }

    fn judge(&mut self, cluster: &ClusterModel, node: &mut Master, history: &u32) {
        node.judgement = self.judgement(cluster, node.local, *history);
    }
}
