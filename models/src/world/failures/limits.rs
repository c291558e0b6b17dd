//! The limits of the times that masters accept: [`Clocks::HybridUpTo`](crate::scope::Clocks::HybridUpTo).

use crate::scope::Clocks;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, AnswerKind, InputOf, Step, Store, World, locked};
use multimaster::clock::LATEST;
use multimaster::{MasterId, Outcome, Replica};

impl ClusterModel {
    /// Whether the master's limit is still the first one.
    #[inline]
    pub(crate) fn is_early<P: Store>(&self, world: &World<P>, at: MasterId) -> bool {
        self.protocol.limits.is_some() && !world.has_passed(at)
    }

    /// Time passes once at each master. Before a write with a later time than the first limit, nothing depends on this.
    pub(super) fn enabled_passing(&self, tables: &Tables, world: &World<Tables>, enable: &mut impl FnMut(Action)) {
        let Clocks::HybridUpTo { limit, then: Some(_) } = self.scope.clocks else { return };
        let writes = tables.histories[world.history].history.writes();
        let late = || writes.iter().filter(|write| write.timestamp.time() > limit);
        for at in (0..world.masters.len() as u16).map(MasterId).filter(|at| world.is_up(*at)) {
            let lacks = || late().any(|write| !tables.digest(world.local(at)).contains(write.dot));
            if !world.has_passed(at) && lacks() {
                enable(Action::Pass { at });
            }
        }
    }

    /// Whether the receiver now refuses the sender's answer to its digest.
    pub(crate) fn refuses_answer(
        &self,
        tables: &Tables,
        world: &World<Tables>,
        sender: MasterId,
        receiver: MasterId,
    ) -> bool {
        self.is_early(world, receiver) && {
            let replica = |at| tables.locals[world.local(at)].replica();
            let (sender, mut at) = (replica(sender), Replica::clone(replica(receiver)));
            let answer = self.protocol.answer(sender, receiver, at.digest(), self.scope.batch);
            answer.is_some_and(|envelope| {
                let outcome = self.protocol.receive_early(&mut at, envelope.from, envelope.message);
                matches!(outcome, Outcome::Refused(_))
            })
        }
    }

    /// Whether a message in flight would be refused, because the time of a change has not come.
    pub(crate) fn refuses_a_time(&self, world: &World<Tables>) -> bool {
        let tables = &mut *locked(&self.tables);
        world.wire.iter().any(|envelope| {
            let to = tables.envelopes[*envelope].to;
            let mut receiver = world.masters[to.index()];
            self.is_early(world, to)
                && tables.step(self, &mut receiver, InputOf::Early(*envelope)).answer == AnswerKind::Refused
        })
    }

    /// Where a request has been refused: the masters that are up and refuse all writes, because their clocks are at the
    /// end of all times.
    pub(crate) fn out_of_time(&self, world: &World<Tables>) -> Vec<MasterId> {
        if !self.scope.clocks.are_hybrid() || !self.refused(world) {
            return Vec::new();
        }
        let tables = locked(&self.tables);
        let at_end = |at: &MasterId| tables.locals[world.local(*at)].replica().clock() >= LATEST;
        self.scope.topology.ids().filter(|at| world.is_up(*at)).filter(at_end).collect()
    }
}

impl<P: Store> World<P> {
    /// Whether time has passed at the master.
    pub(crate) fn has_passed(&self, at: MasterId) -> bool {
        self.failed.as_ref().is_some_and(|failed| failed.passed & (1 << at.index()) != 0)
    }
}

impl Step<'_, Tables> {
    pub(super) fn pass(&mut self, at: MasterId) {
        if let Some(failed) = &mut self.world.failed {
            failed.passed |= 1 << at.index();
        }
    }
}
