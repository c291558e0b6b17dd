//! The actions that are possible in a world, in order.

use super::{Action, DigestNumber, DigestSent, EnvelopeNumber, InShard, State, Store, World};
use crate::node::Envelope;
use crate::scope::LinkKind;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use multimaster::{MasterId, Message};

impl ClusterModel {
    /// Calls `enable` with every action that is possible in the state, in order.
    pub(crate) fn each_enabled(&self, tables: &Tables, state: &State, enable: &mut impl FnMut(InShard)) {
        if let LinkKind::Channel { .. } = self.scope.link {
            let (world, shard) = (&state.shards.first, 0);
            let next = self.goroutines().filter_map(|(at, goroutine)| self.next_of(tables, world, at, goroutine));
            return next.for_each(|action| enable(InShard { shard, action }));
        }
        let mut each_of = |world: &World<Tables>| {
            let shard = world.shard;
            for (client, script) in self.scope.clients.iter().enumerate() {
                let place = state.shards.made(client);
                let here =
                    || !self.has_shards() || self.requests.shard_of(self.requests.scripted(client, place)) == shard;
                if place < script.requests.len() && world.is_up(script.at) && here() {
                    enable(InShard { shard, action: Action::Request { client, place } });
                }
            }
            self.each_in_shard(tables, world, &mut |action| {
                if !self.has_shards() || !action.is_in_all_shards() {
                    enable(InShard { shard, action });
                }
            });
        };
        each_of(&state.shards.first);
        state.shards.others().iter().for_each(each_of);
        if self.has_shards() && self.scope.failures.any() {
            self.each_in_all_shards(tables, state, &mut |action| enable(InShard { shard: 0, action }));
        }
    }

    /// The failures, which befall all shards at once. One is possible if it is possible in each shard; a flush, if it
    /// alters something in at least one.
    fn each_in_all_shards(&self, tables: &Tables, state: &State, enable: &mut impl FnMut(Action)) {
        let of = |world| {
            let mut actions = Vec::new();
            self.enabled_failures(tables, world, &mut |action| actions.push(action));
            actions
        };
        let by_shard: Vec<Vec<Action>> = state.shards.iter().map(of).collect();
        for (shard, action) in
            by_shard.iter().enumerate().flat_map(|(shard, all)| all.iter().map(move |one| (shard, one)))
        {
            let is_first = !by_shard[..shard].iter().any(|actions| actions.contains(action));
            let is_flush = matches!(action, Action::Save { .. });
            if is_first && (is_flush || by_shard.iter().all(|actions| actions.contains(action))) {
                enable(*action);
            }
        }
    }

    /// As [`each_enabled`](Self::each_enabled) for one shard, without the scripted requests.
    pub(crate) fn each_in_shard(&self, tables: &Tables, world: &World<Tables>, enable: &mut impl FnMut(Action)) {
        if (world.chosen.count_ones() as usize) < self.scope.free.take {
            let free = &self.scope.free.of;
            let open = |index: &usize| world.chosen & (1 << index) == 0 && world.is_up(free[*index].0);
            (0..free.len()).filter(open).for_each(|index| enable(Action::Choose(index)));
        }
        let running = matches!(self.scope.link, LinkKind::Running { .. });
        for (place, envelope) in world.wire.iter().enumerate() {
            if place > 0 && world.wire[place - 1] == *envelope {
                continue;
            }
            let Envelope { from, to, .. } = *tables.envelope(envelope);
            let envelope = EnvelopeNumber(*envelope);
            let arrives = self.arrives(world, from, to);
            if arrives {
                enable(Action::Deliver(envelope));
            }
            if world.faults.losses > 0 || self.goes_astray(world, from, to) {
                enable(Action::Lose(envelope));
            }
            if arrives && world.faults.duplicates > 0 {
                enable(if running { Action::Duplicate(envelope) } else { Action::Repeat(envelope) });
            }
        }
        match self.scope.link {
            LinkKind::Stream { .. } => self.enabled_streams(tables, world, enable),
            LinkKind::Datagram { .. } | LinkKind::Soup if self.ticks() && self.loses_messages() => {
                for &(sender, receiver) in self.edges.iter().filter(|edge| self.has_edge(world, edge)) {
                    let seen = |master| tables.digest(world.local(master));
                    let lacks = !seen(receiver).covers(seen(sender));
                    if lacks
                        && self.awaits_nothing(tables, world, sender, receiver)
                        && self.exchanges(world, sender, receiver)
                        && !self.refuses_answer(tables, world, sender, receiver)
                    {
                        enable(Action::Tick { receiver, sender });
                    }
                }
            }
            LinkKind::Running { .. } => self.enabled_running(tables, world, enable),
            LinkKind::Datagram { .. } | LinkKind::Soup | LinkKind::Channel { .. } => {}
        }
        self.enabled_sessions(tables, world, &mut |session, place, at| enable(Action::Call { session, place, at }));
        self.enabled_failures(tables, world, enable);
    }

    fn enabled_streams(&self, tables: &Tables, world: &World<Tables>, enable: &mut impl FnMut(Action)) {
        for (edge, &(from, to)) in self.edges.iter().enumerate().filter(|(_, edge)| self.has_edge(world, edge)) {
            if world.broken & (1 << edge) != 0 {
                if self.exchanges(world, from, to) {
                    enable(Action::Resume { from, to });
                }
                continue;
            }
            let waiting = self.waiting(tables, world, edge);
            (1..=waiting.min(self.scope.batch)).for_each(|max| enable(Action::Stream { from, to, max }));
            if world.faults.resets > 0 {
                enable(Action::Break { from, to });
            }
        }
    }

    /// The actions of a running cluster's threads that must be explored. [`LinkKind::Running`] explains why the other
    /// actions bring masters nothing new. The record of a real run may contain the other actions too, and is checked
    /// against every action that [`Step`](super::Step) can take.
    fn enabled_running(&self, tables: &Tables, world: &World<Tables>, enable: &mut impl FnMut(Action)) {
        let max = self.scope.batch;
        for &(from, to) in self.edges.iter().filter(|edge| self.has_edge(world, edge)) {
            let (sender, receiver) = (world.local(from), world.local(to));
            if tables.locals[sender].replica().has_push(to) {
                if world.is_up(from) && !self.is_dead(world, to) {
                    enable(Action::Push { from, to, max });
                }
                continue;
            }
            let is_between = |DigestSent { receiver, sender, .. }: DigestSent<u32>| receiver == to && sender == from;
            let quiet = self.is_quiet(tables, world, from, to)
                && !world.digests_sent.iter().any(|sent| is_between(tables.opened(sent)));
            let lacks = !tables.digest(receiver).covers(tables.digest(sender));
            if self.ticks()
                && quiet
                && lacks
                && self.exchanges(world, from, to)
                && !self.refuses_answer(tables, world, from, to)
            {
                enable(Action::SendDigest { receiver: to, sender: from });
            }
        }
        for digest_sent in &world.digests_sent {
            enable(Action::AnswerDigest { digest_sent: DigestNumber(*digest_sent), max });
        }
        if let Some(keep) = self.scope.log {
            for (at, master) in (0..).map(MasterId).zip(&world.masters).filter(|(at, _)| world.is_up(*at)) {
                if tables.locals[master.local].replica().log().len() > keep {
                    enable(Action::Truncate { at, keep });
                }
            }
        }
    }

    /// Whether a failure, or the link itself, can lose messages.
    fn loses_messages(&self) -> bool {
        self.scope.link != LinkKind::Soup || self.scope.failures.any()
    }

    /// Whether the receiver waits for nothing on this edge: no envelope is in flight or, in a soup, none that it can
    /// apply.
    fn awaits_nothing(&self, tables: &Tables, world: &World<Tables>, from: MasterId, to: MasterId) -> bool {
        if self.scope.link != LinkKind::Soup {
            return self.is_quiet(tables, world, from, to);
        }
        let seen = tables.digest(world.local(to));
        let applies = |envelope: &Envelope| {
            let extends = match &envelope.message {
                Message::Push(push) => seen.covers(&push.extends),
                Message::Snapshot(_) => true,
            };
            envelope.from == from && envelope.to == to && extends && envelope.message.is_news_to(seen)
        };
        !world.wire.iter().any(|envelope| applies(tables.envelope(envelope)))
    }

    /// Whether no envelope is in flight over this edge.
    fn is_quiet(&self, tables: &Tables, world: &World<Tables>, from: MasterId, to: MasterId) -> bool {
        let is_here = |envelope: &Envelope| envelope.from == from && envelope.to == to;
        !world.wire.iter().any(|envelope| is_here(tables.envelope(envelope)))
    }
}
