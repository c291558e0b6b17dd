//! Causal order across shards: whether a master has seen a write without its causal past in another shard.

use super::{ClusterModel, State};
use crate::model::Sent;
use crate::world::memo::Tables;
use crate::world::{Action, InShard, World};
use multimaster::{Dot, MasterId, VersionVector};
use std::collections::BTreeMap;

/// By shard and dot of each write, the version vector of each shard that its master had seen.
pub(crate) type Pasts = BTreeMap<(u16, Dot), Vec<VersionVector>>;

impl ClusterModel {
    pub(crate) fn has_shards(&self) -> bool {
        self.requests.layout.shards() > 1
    }

    /// The number of origins that changes may have in a shard: the masters, and fresh ones.
    fn origins(&self) -> u16 {
        self.scope.topology.masters() + u16::from(self.scope.failures.crashes)
    }

    /// Completes a step in one shard. Each shard numbers its changes from 1 and has the same masters, so the changes
    /// sent get dots that differ by shard. For a write, the version vectors of its master in all shards are recorded.
    pub(super) fn note_across(
        &self,
        tables: &mut Tables,
        (before, after): (&State, &mut State),
        InShard { shard, action }: InShard,
        sent: &mut Sent,
    ) {
        let origins = self.origins();
        for dot in sent {
            *dot = Dot::new(MasterId(dot.origin().0 + shard * origins), dot.seq());
        }
        let (from, to) = (&before.shards[shard], &after.shards[shard]);
        if let Action::Request { client, .. } = action
            && to.history != from.history
        {
            let at = self.scope.clients[client].at;
            let origin = tables.locals[to.local(at)].replica().origin();
            let dot = Dot::new(origin, seen(tables, to, at).get(origin));
            let mut pasts = tables.pasts[after.shards.pasts()].clone();
            pasts.insert((shard, dot), before.shards.iter().map(|world| seen(tables, world, at).clone()).collect());
            after.shards.set_pasts(tables.pasts_number(&pasts));
        }
    }

    /// A master, a write that it has seen, and a shard in which it lacks some of the write's causal past.
    fn unseen_elsewhere(&self, tables: &Tables, state: &State) -> Option<(MasterId, (u16, Dot), u16)> {
        self.scope.topology.ids().find_map(|master| {
            let seen: Vec<_> = state.shards.iter().map(|world| seen(tables, world, master)).collect();
            let held = |(shard, dot): &(u16, Dot)| seen[usize::from(*shard)].contains(*dot);
            let mut pasts = tables.pasts[state.shards.pasts()].iter().filter(|(write, _)| held(write));
            pasts.find_map(|(write, past)| {
                let missed = (0..seen.len()).find(|other| !seen[*other].covers(&past[*other]))?;
                Some((master, *write, missed as u16))
            })
        })
    }

    /// Whether each master has seen, in every shard, the causal past of the writes that it has seen.
    pub(super) fn in_order_across(&self, state: &State) -> bool {
        self.unseen_elsewhere(&self.tables(), state).is_none()
    }

    /// Whether two masters have seen a write whose causal past includes a write of another shard.
    pub(super) fn depends_across(&self, state: &State) -> bool {
        let tables = self.tables();
        tables.pasts[state.shards.pasts()].iter().any(|((shard, dot), past)| {
            let elsewhere = (0..).zip(past).any(|(other, past): (u16, _)| other != *shard && !past.is_empty());
            let world = &state.shards[*shard];
            let holders = self.scope.topology.ids().filter(|id| seen(&tables, world, *id).contains(*dot));
            elsewhere && holders.count() > 1
        })
    }

    /// In words, why causal order is broken across shards; `None` if it is not.
    pub(crate) fn across_in_words(&self, state: &State) -> Option<String> {
        let tables = self.tables();
        let (master, (shard, dot), other) = self.unseen_elsewhere(&tables, state)?;
        let past = &tables.pasts[state.shards.pasts()].get(&(shard, dot))?[usize::from(other)];
        let seen = seen(&tables, &state.shards[other], master);
        Some(format!(
            "{master} has seen {dot} of shard {shard}, whose writer had seen {past} of shard {other}; {master} has seen \
             only {seen} there"
        ))
    }

    /// The version vectors of each master, shard by shard.
    pub fn seen(&self, state: &State) -> Vec<VersionVector> {
        let tables = self.tables();
        let masters = state.shards.iter().flat_map(|world| &world.masters);
        masters.map(|master| tables.digest(master.local).clone()).collect()
    }
}

/// The master's version vector in a shard.
fn seen<'a>(tables: &'a Tables, world: &World<Tables>, master: MasterId) -> &'a VersionVector {
    tables.digest(world.local(master))
}
