//! The conditions of the [properties](crate::properties) that depend on several masters or on messages in flight.

use super::{Action, ClusterModel};
use crate::model::Sent;
use crate::node::Envelope;
use crate::scope::LinkKind;
use crate::world::memo::{Local, Pair, Tables};
use crate::world::{AnswerKind, InputOf, Store, World};
use multimaster::{Dot, MasterId, Message};
use std::sync::Arc;

impl ClusterModel {
    /// Two masters with equal digests and different readings.
    pub(crate) fn diverged(&self, world: &World<Tables>) -> Option<(usize, usize)> {
        let tables = self.tables();
        let master = |place: usize| &tables.locals[world.masters[place].local];
        (0..world.masters.len()).find_map(|one| {
            let mut others = 0..one;
            let diverges =
                |(one, other): (&Local, &Local)| one.readings != other.readings && one.digest == other.digest;
            others.find(|other| diverges((master(one), master(*other)))).map(|other| (other, one))
        })
    }

    /// Whether all masters that are up have seen all acknowledged writes that one of them has seen, and read the same. In
    /// a one-way topology, this asks for the writes of the masters that reach it, and not that all read the same.
    pub(crate) fn agrees(&self, world: &World<Tables>) -> bool {
        let tables = self.tables();
        let up = || (0..).map(MasterId).zip(&world.masters).filter(|(at, _)| world.is_up(*at));
        let up = || up().map(|(_, master)| &tables.locals[master.local]);
        let Some(first) = up().next() else { return true };
        let seen = |local: &Local, dot| tables.digests[local.digest].contains(dot);
        let mut writes = tables.histories[world.history].history.writes().iter();
        let one_way = self.scope.topology.is_one_way();
        writes.all(|write| {
            // Without crashes a write has been seen by its master.
            let survives = world.failed.is_none() || up().any(|local| seen(local, write.dot));
            !survives
                || up().all(|local| seen(local, write.dot) || self.is_out_of_reach(write.dot, local.replica().id()))
        }) && (one_way || up().all(|local| local.readings == first.readings))
    }

    /// Whether the topology has no path from the write's master to this one.
    pub(crate) fn is_out_of_reach(&self, write: Dot, master: MasterId) -> bool {
        let topology = &self.scope.topology;
        topology.is_one_way() && !topology.reaches(write.origin(), master)
    }

    /// An acknowledged write that no master that is up has seen.
    pub(crate) fn gone(&self, world: &World<Tables>) -> Option<Dot> {
        let tables = self.tables();
        let up = || (0..).map(MasterId).zip(&world.masters).filter(|(at, _)| world.is_up(*at));
        let held = |dot| up().any(|(_, master)| tables.digest(master.local).contains(dot));
        let mut dots = tables.histories[world.history].history.writes().iter().map(|write| write.dot);
        dots.find(|dot| self.is_acknowledged(&tables, world, *dot) && !held(*dot))
    }

    /// A write at a master that is up, and whose acknowledgement has not come.
    pub(crate) fn unacknowledged(&self, world: &World<Tables>) -> Option<Dot> {
        let tables = self.tables();
        let up = |dot: &Dot| {
            let mut up = (0..).map(MasterId).zip(&world.masters).filter(|(at, _)| world.is_up(*at));
            up.any(|(_, master)| tables.locals[master.local].replica().origin() == dot.origin())
        };
        let dots = tables.histories[world.history].history.writes().iter().map(|write| write.dot);
        dots.filter(up).find(|dot| !self.is_acknowledged(&tables, world, *dot))
    }

    /// Whether all masters have seen some write.
    pub(crate) fn seen_by_all(&self, world: &World<Tables>) -> bool {
        let tables = self.tables();
        let mut writes = tables.histories[world.history].history.writes().iter();
        writes.any(|write| world.masters.iter().all(|master| tables.digest(master.local).contains(write.dot)))
    }

    /// Whether a request has been refused.
    pub(crate) fn refused(&self, world: &World<Tables>) -> bool {
        let requests = world.progress().iter().map(|made| usize::from(*made)).sum::<usize>();
        requests + world.chosen.count_ones() as usize > self.tables().histories[world.history].history.writes().len()
    }

    /// Whether a master has spent more of a bounded counter than its rights.
    pub(crate) fn overspent(&self, world: &World<Tables>) -> bool {
        let Tables { judged, parts, .. } = &mut *self.tables();
        *judged
            .overspent
            .entry(world.history)
            .or_insert_with(|| parts.histories[world.history].history.overspent().is_some())
    }

    pub(crate) fn clients_done(&self, world: &World<Tables>) -> bool {
        if world.failed.is_some() {
            return self.live_clients_done(world) && self.sessions_done(world);
        }
        world.chosen.count_ones() as usize == self.scope.free.take
            && self.requests.in_shard(world.shard) == world.progress()
    }

    /// As [`clients_done`](Self::clients_done); the client of a master that crashed for good can do nothing more.
    fn live_clients_done(&self, world: &World<Tables>) -> bool {
        let mut scripts = self.scope.clients.iter().zip(self.requests.in_shard(world.shard)).zip(world.progress());
        let open = |index: usize| world.chosen & (1 << index) == 0;
        let mut free = self.scope.free.of.iter().enumerate();
        scripts.all(|((client, all), made)| all == made || self.is_dead(world, client.at))
            && (world.chosen.count_ones() as usize == self.scope.free.take
                || free.all(|(index, (at, _))| !open(index) || self.is_dead(world, *at)))
    }

    /// Quiescence: the clients are done, and no delivery or tick alters the state. Unused faults do not matter: nothing
    /// is in flight for them to act on.
    pub(crate) fn is_quiescent(&self, world: &World<Tables>) -> bool {
        // A possible step can leave the state unchanged only in a soup, where envelopes stay, and in a tampered
        // protocol.
        let sure = self.scope.link != LinkKind::Soup && self.protocol.tamper.is_none();
        let in_flight = !world.wire.is_empty() || world.waiting().iter().any(|waiting| *waiting > 0);
        if (sure && in_flight) || !self.clients_done(world) {
            return false;
        }
        let may_not_come = |action: &Action| {
            let of_messages = matches!(action, Action::Lose(_) | Action::Repeat(_) | Action::Duplicate(_));
            let of_links = matches!(action, Action::Break { .. } | Action::Cut(_));
            of_messages
                || of_links
                || matches!(action, Action::Crash { .. } | Action::Save { .. })
                || matches!(action, Action::Tell { .. } | Action::Collect { .. })
        };
        let tables = &mut *self.tables();
        let (mut quiescent, mut to_try) = (true, Vec::new());
        self.each_in_shard(tables, world, &mut |action| match action {
            action if may_not_come(&action) => {}
            _ if sure => quiescent = false,
            action => to_try.push(action),
        });
        quiescent
            && to_try
                .into_iter()
                .all(|action| !self.alter_shard(tables, world, &mut world.clone(), action, &mut Sent::new()))
    }

    /// Whether a master lacks a change that a neighbour that sends to it has seen.
    pub(crate) fn lacks(&self, world: &World<Tables>) -> bool {
        let tables = self.tables();
        let seen = |master| tables.digest(world.local(master));
        let mut edges = self.edges.iter().filter(|edge| self.has_edge(world, edge));
        edges.any(|(from, to)| !seen(*to).covers(seen(*from)))
    }

    /// An edge whose receiver lacks something that an exchange of digests would not bring.
    pub(crate) fn beyond_repair(&self, world: &World<Tables>) -> Option<(usize, usize)> {
        let tables = &mut *self.tables();
        let mut edges = self.edges.iter().filter(|edge| self.has_edge(world, edge));
        let edge = edges.find(|(from, to)| {
            let (sender, receiver) = (&tables.locals[world.local(*from)], &tables.locals[world.local(*to)]);
            let same = receiver.digest == sender.digest;
            let lacks = !same && !tables.digests[receiver.digest].covers(&tables.digests[sender.digest]);
            let (sender, receiver) = (sender.core, receiver.core);
            lacks && !self.is_repaired(tables, sender, receiver)
        });
        edge.map(|(from, to)| (from.index(), to.index()))
    }

    /// Whether an exchange of digests brings the receiver all that the sender has seen.
    fn is_repaired(&self, tables: &mut Tables, sender: u32, receiver: u32) -> bool {
        let (lacks, id) = (tables.locals[receiver].digest, tables.locals[receiver].replica().id());
        let counts = self.relevant_part(tables, receiver);
        let key = (Pair(sender, counts), id);
        if let Some(repaired) = tables.judged.repairs.get(&key).filter(|_| tables.remembers) {
            return *repaired;
        }
        let envelope = self.answer_to(tables, sender, (id, lacks), usize::MAX);
        let repaired = envelope.is_some_and(|envelope| {
            let envelope = tables.envelope_number(Arc::new(envelope));
            let key = Pair(counts, envelope);
            let brought = tables.judged.brought.get(&key).filter(|_| tables.remembers).copied().unwrap_or_else(|| {
                let mut replica = tables.locals[receiver].replica().as_ref().clone();
                let envelope = Arc::clone(&tables.envelopes[envelope]);
                let _ = self.protocol.receive(&mut replica, envelope.from, envelope.message.clone());
                let brought = tables.seen(replica.digest());
                tables.judged.brought.insert(key, brought);
                brought
            });
            tables.digests[brought].covers(&tables.digests[tables.locals[sender].digest])
        });
        tables.judged.repairs.insert(key, repaired);
        repaired
    }

    /// The answer of a sender with this core to the receiver's digest with this number.
    fn answer_to(&self, tables: &Tables, core: u32, (from, digest): (MasterId, u32), max: usize) -> Option<Envelope> {
        self.protocol.answer(tables.locals[core].replica(), from, &tables.digests[digest], max)
    }

    /// The part of a receiver that determines its digest after an envelope: its digest before; in a tampered protocol,
    /// its whole state.
    fn relevant_part(&self, tables: &Tables, receiver: u32) -> u32 {
        if self.protocol.tamper.is_none() { tables.locals[receiver].digest } else { receiver }
    }

    /// Whether an envelope in flight would be a gap at its receiver.
    pub(crate) fn gap(&self, world: &World<Tables>) -> bool {
        let tables = &mut *self.tables();
        world.wire.iter().any(|envelope| {
            let mut receiver = world.masters[tables.envelopes[*envelope].to.index()];
            tables.step(self, &mut receiver, InputOf::Envelope(*envelope)).answer == AnswerKind::Gap
        })
    }

    /// Whether a message in flight, or the next one on a stream, carries more than one change.
    pub(crate) fn batch(&self, world: &World<Tables>) -> bool {
        let tables = self.tables();
        let in_flight = world.wire.iter().any(|envelope| match &tables.envelopes[*envelope].message {
            Message::Push(push) => push.changes.len() > 1,
            Message::Snapshot(_) => false,
        });
        let streams = matches!(self.scope.link, LinkKind::Stream { .. });
        let waits = || (0..self.edges.len()).any(|edge| self.waiting(&tables, world, edge) > 1);
        in_flight || (streams && waits())
    }

    /// Whether two neighbours each need the other's snapshot.
    pub(crate) fn crossed(&self, world: &World<Tables>) -> bool {
        let tables = self.tables();
        let replica = |master| tables.locals[world.local(master)].replica();
        let needs_snapshot = |from, to| {
            let (sender, receiver) = (replica(from), replica(to));
            let answer = sender.answer(receiver.digest(), 1);
            answer.is_some_and(|m| matches!(m, Message::Snapshot(_)) && m.is_news_to(receiver.digest()))
        };
        self.edges.iter().filter(|edge| self.has_edge(world, edge)).any(|&(from, to)| {
            let lacks = !replica(to).digest().covers(replica(from).digest());
            lacks && needs_snapshot(from, to) && needs_snapshot(to, from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::engine::{self, Counted, Cut, Finding, Limits, Verdict};
    use crate::scope::{Client, Scope};
    use multimaster::{LastWriteWins, Replica, Topology};

    #[test]
    fn a_cluster_that_runs_out_of_numbers_ends_an_exploration() {
        let client = |at, request: &str| Client { at: MasterId(at), requests: vec![request.parse().unwrap()] };
        let scope = Scope {
            clients: vec![client(0, "set k = 1"), client(1, "set k = 2")],
            ..Scope::new(Topology::star(3).unwrap(), LinkKind::Datagram { losses: 1, duplicates: 0 })
        };
        let explored = |most| {
            let cluster = ClusterModel::new(scope.clone(), LastWriteWins);
            cluster.tables().most = most;
            engine::explore(&cluster, Limits::default(), |_, _| {})
        };
        let (all, some) = (explored(u32::MAX), explored(8));
        assert_eq!(all.cut, None);
        assert_eq!(some.cut, Some(Cut::Numbers(Counted::Parts)));
        assert!(some.states < all.states);
        let undecided = |finding: &&Finding| finding.verdict == Verdict::NotExhausted;
        assert!(some.findings.iter().filter(undecided).count() > 0);
        // Reaching the limit changes no answer.
        for finding in some.findings.iter().filter(|finding| !undecided(finding)) {
            assert_eq!(all.verdict(finding.property), Some(&finding.verdict), "{}", finding.property);
        }
    }

    fn pairs_of(masters: u32) -> impl Iterator<Item = (u32, u32)> {
        (0..masters).flat_map(move |one| (0..masters).map(move |other| (one, other)))
    }

    #[test]
    fn the_digest_after_an_envelope_depends_only_on_the_digest_before() {
        let requests = |requests: &[&str]| requests.iter().map(|request| request.parse().unwrap()).collect();
        let clients = vec![
            Client { at: MasterId(0), requests: requests(&["set k = 1", "delete k"]) },
            Client { at: MasterId(1), requests: requests(&["set k = 2"]) },
        ];
        for (link, log) in [
            (LinkKind::Stream { resets: 1 }, None),
            (LinkKind::Datagram { losses: 1, duplicates: 0 }, None),
            (LinkKind::Datagram { losses: 1, duplicates: 0 }, Some(1)),
        ] {
            let topology = Topology::star(3).unwrap();
            let scope = Scope { log, clients: clients.clone(), ..Scope::new(topology, link) };
            let cluster = ClusterModel::new(scope, LastWriteWins);
            engine::explore(&cluster, Limits::default(), |_, _| {});
            let tables = &mut *cluster.tables();
            let mut tried = 0;
            for (sender, receiver) in pairs_of(tables.locals.next()) {
                let Local { node, digest, .. } = &tables.locals[receiver];
                let (mut replica, digest) = (Replica::clone(node.replica()), *digest);
                let answer = cluster.answer_to(tables, sender, (replica.id(), digest), usize::MAX);
                let Some(envelope) = answer.map(Arc::new) else { continue };
                let key = Pair(cluster.relevant_part(tables, receiver), tables.envelope_number(Arc::clone(&envelope)));
                if let Some(brought) = tables.judged.brought.get(&key) {
                    let _ = replica.receive(envelope.from, envelope.message.clone());
                    assert_eq!(replica.digest(), &tables.digests[*brought]);
                    tried += 1;
                }
            }
            assert!(tried > tables.judged.brought.len(), "several masters have seen the same");
        }
    }
}
