//! The liveness properties of a cluster, and the actions that must come in the end.

use super::{Action, ClusterModel, EnvelopeNumber, InShard, State};
use crate::model::Goal;
use crate::node::Goroutine;
use crate::properties::{EVENTUALLY_AGREE, EVERYONE_HEARS};
use crate::scope::LinkKind;
use crate::world::World;
use crate::world::memo::Tables;
use multimaster::{Dot, MasterId};

impl ClusterModel {
    /// The class of an action under weak fairness. Fair are the actions of the network and of the masters: each message
    /// in flight, or the next of each stream; each pair's ticks; and the end of each failure: each master's restart,
    /// each cut's end, each stream's resumption, the repair of the topology. Clients need not make requests, and faults
    /// need not happen.
    pub(super) fn fair_class_of(&self, InShard { shard, action }: InShard) -> Option<u64> {
        let pair = |one: MasterId, other: MasterId| u32::from(one.0) << 16 | u32::from(other.0);
        let (kind, number) = match action {
            // One goroutine receives and relays.
            Action::Deliver(envelope) if matches!(self.scope.link, LinkKind::Channel { .. }) => {
                (0, self.envelope(envelope).to.0.into())
            }
            Action::Send { at, goroutine: Goroutine::Loop } => (0, at.0.into()),
            Action::Send { goroutine: Goroutine::Client(client), .. } => (1, client.into()),
            Action::Deliver(EnvelopeNumber(envelope)) => (2, envelope),
            Action::Tick { receiver, sender } => (3, pair(receiver, sender)),
            Action::Stream { from, to, .. } => (4, pair(from, to)),
            Action::Resume { from, to } => (5, pair(from, to)),
            Action::Push { from, to, .. } => (6, pair(from, to)),
            Action::SendDigest { receiver, sender } => (7, pair(receiver, sender)),
            Action::AnswerDigest { digest_sent, .. } => (8, digest_sent.0),
            Action::Heal(cut) => (9, cut as u32),
            Action::Restart { at } => (10, at.0.into()),
            Action::Repair => (11, 0),
            Action::Pass { at } => (12, at.0.into()),
            Action::Request { .. }
            | Action::Choose(_)
            | Action::Call { .. }
            | Action::Repeat(_)
            | Action::Duplicate(_)
            | Action::Lose(_)
            | Action::Break { .. }
            | Action::Cut(_)
            | Action::Crash { .. }
            | Action::Save { .. }
            | Action::Tell { .. }
            | Action::Collect { .. }
            | Action::Truncate { .. } => return None,
        };
        Some(kind << 48 | u64::from(shard) << 32 | u64::from(number))
    }

    pub(super) fn aims(&self) -> Vec<Goal<ClusterModel>> {
        if self.article.is_some() {
            // The program's messages do not name their writes, so the writes that a master has seen are unknown.
            return vec![Goal::lasting(EVENTUALLY_AGREE, |cluster: &Self, state: &State| {
                cluster.reads_alike(&state.shards.first)
            })];
        }
        let hears = |cluster: &Self, state: &State| {
            let in_shard = |world: &World<Tables>| {
                let shard = u64::from(world.shard) << 48;
                let unheard = cluster.unheard(world);
                unheard.into_iter().map(move |(write, _, by)| shard | (write as u64) << 16 | u64::from(by.0))
            };
            state.shards.iter().flat_map(in_shard).collect()
        };
        let agree = |cluster: &Self, state: &State| state.shards.iter().all(|world| cluster.agrees(world));
        vec![Goal::met(EVERYONE_HEARS, hears), Goal::lasting(EVENTUALLY_AGREE, agree)]
    }

    /// The acknowledged writes that a master that is up has not seen: the write's number, its dot, and the master.
    pub(crate) fn unheard(&self, world: &World<Tables>) -> Vec<(usize, Dot, MasterId)> {
        let tables = self.tables();
        let writes = tables.histories[world.history].history.writes().iter().map(|write| write.dot).enumerate();
        let acknowledged = writes.filter(|(_, dot)| self.is_acknowledged(&tables, world, *dot));
        let unheard = acknowledged.flat_map(|(write, dot)| {
            let up = self.scope.topology.ids().filter(|at| world.is_up(*at) && !self.is_out_of_reach(dot, *at));
            let lacks = |at: &MasterId| !tables.digest(world.local(*at)).contains(dot);
            up.filter(lacks).map(move |at| (write, dot, at)).collect::<Vec<_>>()
        });
        unheard.collect()
    }
}
