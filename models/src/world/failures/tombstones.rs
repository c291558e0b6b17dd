//! The background steps that collect tombstones.

use crate::scope::{Collected, LinkKind};
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, InputOf, Step, Store, World, locked};
use multimaster::MasterId;

impl ClusterModel {
    /// Tellings and collections.
    pub(super) fn enabled_background(&self, world: &World<Tables>, enable: &mut impl FnMut(Action)) {
        if self.scope.collected == Collected::Never {
            return;
        }
        for at in (0..world.masters.len() as u16).map(MasterId).filter(|at| world.is_up(*at)) {
            enable(Action::Collect { at });
        }
        if self.scope.collected == Collected::WhenAllHaveSeen {
            let edges = self.edges.iter().filter(|edge| self.has_edge(world, edge));
            for &(from, to) in edges.filter(|(from, to)| self.tells(world, *from, *to)) {
                enable(Action::Tell { from, to });
            }
        }
    }

    fn tells(&self, world: &World<Tables>, from: MasterId, to: MasterId) -> bool {
        world.is_up(from) && world.is_up(to) && self.passes(world, from, to)
    }

    /// Whether a tombstone was collected: a master keeps nothing of a key that it has seen deleted.
    pub(crate) fn has_collected(&self, world: &World<Tables>) -> bool {
        let tables = locked(&self.tables);
        let writes = tables.histories[world.history].history.writes();
        world.masters.iter().any(|master| {
            let replica = tables.locals[master.local].replica();
            writes.iter().any(|write| replica.digest().contains(write.dot) && replica.state(&write.key).is_none())
        })
    }

    /// Whether no message of a master's earlier run arrives after its restart.
    fn is_cut_off_from_its_past(&self) -> bool {
        let hears = self.protocol.tamper.as_ref().is_some_and(|tamper| tamper.hears_earlier_selves);
        self.scope.collected == Collected::WhenAllHaveSeen && self.scope.failures.forget() && !hears
    }
}

impl Step<'_, Tables> {
    /// A master tells a neighbour what it knows of the progress of all.
    pub(super) fn tell(&mut self, from: MasterId, to: MasterId) {
        let told = self.store.locals[self.world.local(from)].core;
        self.store.tell(self.cluster, (from, told), &mut self.world.masters[to.index()]);
    }

    pub(super) fn collect(&mut self, at: MasterId) {
        self.step_master(at, InputOf::Collect);
        let node = &mut self.world.masters[at.index()];
        self.store.judge(self.cluster, node, &self.world.history);
    }

    /// A master that forgot something restarts: the messages of its earlier run in flight are lost.
    pub(super) fn forget_what_it_sent(&mut self, at: MasterId) {
        if self.cluster.is_cut_off_from_its_past() && !matches!(self.cluster.scope.link, LinkKind::Stream { .. }) {
            let store = &*self.store;
            self.world.wire.retain(|envelope| store.envelope(envelope).from != at);
        }
    }

    /// The clock at which the master comes back after a crash now, at least.
    pub(super) fn clock_after_crash(&self, at: MasterId) -> u64 {
        let goes_back = self.cluster.protocol.tamper.as_ref().is_some_and(|tamper| tamper.clock_goes_back);
        if self.cluster.scope.collected != Collected::WhenAllHaveSeen || goes_back {
            return 0;
        }
        self.store.locals[self.world.local(at)].replica().clock()
    }
}
