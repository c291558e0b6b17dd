//! The model's steps for the events of one shard: [`Path`].

use super::events;
use super::failures::Failures;
use super::judged::judged;
use super::report::{self, ShardSummary, Tally};
use super::stores::Stored;
use crate::history::Write;
use crate::model::Sent;
use crate::node::any_rule::AnyMessage;
use crate::node::{Answer, Envelope, Input};
use crate::world::cluster::ClusterModel;
use crate::world::values::Values;
use crate::world::{DigestSent, Step, World};
use multimaster::record::Event;
use multimaster::{MasterId, Message, Newcomer, Progress, Request};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A path of the model, and its last state.
pub(super) struct Path {
    pub(super) world: World<Values>,
    values: Values,
    pub(super) failures: Failures,
    /// What masters have told their neighbours last of the progress of all. `None` if no tombstones are collected.
    pub(super) told: Option<BTreeMap<(MasterId, MasterId), Progress>>,
    /// The stores of the masters that have flushed.
    pub(super) stores: BTreeMap<MasterId, Stored>,
    /// The acknowledged writes, in the order in which they were made, without those that a crash has lost before they were
    /// sent.
    pub(super) writes: Vec<Write>,
    pub(super) tally: Tally,
}

impl Path {
    pub(super) fn new(cluster: &ClusterModel, collects: bool) -> Path {
        Path {
            world: World::of(&cluster.start),
            values: Values::default(),
            failures: Failures::new(cluster.scope.topology.clone()),
            told: collects.then(BTreeMap::new),
            stores: BTreeMap::new(),
            writes: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Takes the event's step.
    ///
    /// # Errors
    /// If the model does not allow the step, or its result differs: the model's step, in words.
    pub(super) fn take<S, E>(
        &mut self,
        cluster: &ClusterModel,
        event: &Event<S, E>,
        read: impl Fn(&Message<S, E>) -> Result<AnyMessage, String>,
    ) -> Result<(), String> {
        let count = self.world.masters.len();
        if let Some(absent) = events::masters_of(event).into_iter().find(|id| id.index() >= count) {
            let last = self.world.masters[count - 1].id();
            return Err(format!("there is no master {absent}: the {count} masters are A to {last}"));
        }
        self.failures.vet(event)?;
        match event {
            Event::Write { at, key, op, answer } => {
                let request = Request { key: key.clone(), op: op.clone() };
                // A running cluster delivers causally: a master has seen the causal past of each write that it has
                // seen.
                let master = &mut self.world.masters[at.index()];
                let past = master.digest().clone();
                let ours = match cluster.protocol.step(master, Input::Request(&request)).answer {
                    Answer::Client(named) => named.map(|named| named.write(&request, past)),
                    other => unreachable!("a client is answered: {other:?}"),
                };
                let dot = ours.as_ref().map(|write| write.dot).map_err(Clone::clone);
                if dot != *answer {
                    return Err(report::other_answer(*at, answer, &dot));
                }
                self.tally.refused += usize::from(dot.is_err());
                self.tally.writes += 1;
                self.writes.extend(ours);
            }
            Event::Read { at, key, reading } => {
                let replica = self.world.master(*at);
                let ours = replica.read(key);
                if ours != *reading {
                    return Err(report::other_reading(*at, reading, &ours, replica.digest()));
                }
                self.tally.reads += 1;
            }
            Event::Push { from, to, max } => {
                if !self.step(cluster, |step| step.push(*from, *to, *max)) {
                    return Err(format!("the model's {from} has nothing to send to {to}"));
                }
            }
            Event::Ask { receiver, sender } => {
                if !self.world.master(*receiver).digests_due().any(|(heard, _)| heard == *sender) {
                    return Err(format!("{receiver} does not hear from {sender}"));
                }
                self.step(cluster, |step| step.send_digest(*receiver, *sender));
            }
            Event::Answer { sender, receiver, digest, max } => {
                let digest_sent = DigestSent { receiver: *receiver, sender: *sender, seen: digest.clone() };
                if !self.step(cluster, |step| step.answer(&digest_sent, *max)) {
                    let under_way = |one: &&DigestSent| one.receiver == *receiver && one.sender == *sender;
                    let seen = self.world.digests_sent.iter().filter(under_way).map(|sent| sent.seen.to_string());
                    return Err(report::not_under_way("digest", *receiver, *sender, seen.collect()));
                }
            }
            Event::Deliver { from, to, message, outcome } => {
                let message = read(message)?;
                let envelope = self.envelope(*from, *to, &message)?;
                self.step(cluster, |step| step.remove(&envelope) && step.deliver(envelope));
                if let Some(Answer::Arrival(ours)) = &self.values.answered
                    && ours != outcome
                {
                    return Err(report::other_outcome(*to, outcome, ours, self.world.master(*to).digest()));
                }
                self.tally.delivered += 1;
                self.tally.snapshots += usize::from(matches!(message, Message::Snapshot(_)));
            }
            Event::Lose { from, to, message } => {
                let envelope = self.envelope(*from, *to, &read(message)?)?;
                self.step(cluster, |step| step.remove(&envelope));
                self.tally.lost += 1;
            }
            Event::Duplicate { from, to, message } => {
                let envelope = self.envelope(*from, *to, &read(message)?)?;
                self.step(cluster, |step| step.duplicate(envelope));
                self.tally.repeated += 1;
            }
            Event::Truncate { at, keep } => {
                self.step(cluster, |step| step.truncate(*at, *keep));
            }
            Event::Flush { at, whole } => self.flush(*at, *whole)?,
            Event::Reopen { at, seen } => self.reopen(*at, seen)?,
            Event::Tell { from, to } => self.tell(*from, *to)?,
            Event::Learn { from, to } => self.learn(*from, *to)?,
            Event::Collect { at, keys } => self.collect(*at, keys)?,
            Event::Advance { at, now } => self.world.masters[at.index()].advance_clock(*now),
            Event::Cut { from, to } => self.cut(*from, *to)?,
            Event::Heal { from, to } => self.heal(*from, *to)?,
            Event::Save { at } => self.save(*at),
            Event::Crash { at, kept, fresh } => self.crash(cluster, *at, *kept, *fresh)?,
            Event::Restart { at } => self.restart(*at)?,
            Event::Bypass { at, dead } => self.bypass(*at, dead)?,
            Event::Admit { at, id, hears_from, sends_to, replaces } => {
                let newcomer =
                    Newcomer { hears_from: hears_from.clone(), sends_to: sends_to.clone(), replaces: replaces.clone() };
                self.admit(*at, *id, newcomer)?;
            }
        }
        self.tally.steps += 1;
        Ok(())
    }

    /// Takes a step of the world.
    pub(super) fn step<T>(&mut self, cluster: &ClusterModel, take: impl FnOnce(&mut Step<'_, Values>) -> T) -> T {
        let Path { world, values, .. } = self;
        take(&mut Step { cluster, store: values, world, sent: &mut Sent::new() })
    }

    /// The envelope in flight that holds this message.
    fn envelope(&self, from: MasterId, to: MasterId, message: &AnyMessage) -> Result<Arc<Envelope>, String> {
        let wire = &self.world.wire;
        let place = wire.partition_point(|held| held.order() < (from, to, message));
        if let Some(envelope) = wire.get(place).filter(|held| held.order() == (from, to, message)) {
            return Ok(Arc::clone(envelope));
        }
        let between = || self.world.wire.iter().filter(|envelope| envelope.from == from && envelope.to == to);
        let said = message.to_string();
        let alike = between().find(|envelope| envelope.message.to_string() == said);
        match alike.map(|envelope| (serde_json::to_value(&envelope.message), serde_json::to_value(message))) {
            Some((Ok(ours), Ok(theirs))) => Err(report::not_quite(from, to, &ours, &theirs)),
            _ => {
                let others = between().map(|envelope| envelope.message.to_string()).collect();
                Err(report::not_under_way("message", from, to, others))
            }
        }
    }

    pub(super) fn summary(self, shard: usize, budget: &mut u64) -> ShardSummary {
        let up: Vec<_> = self.world.masters.iter().filter(|replica| self.failures.is_up(replica.id())).collect();
        ShardSummary {
            shard,
            in_flight: self.world.wire.len(),
            seen_alike: up.windows(2).all(|two| two[0].digest() == two[1].digest()),
            read_alike: up.windows(2).all(|two| two[0].readings().eq(two[1].readings())),
            losses: judged(self.writes, &up, budget),
            tally: self.tally,
        }
    }
}
