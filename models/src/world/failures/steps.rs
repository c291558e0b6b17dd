//! The effects of cuts and crashes, and of the repairs, restarts and flushes that follow them.

use crate::scope::{Level, LinkKind};
use crate::world::memo::Tables;
use crate::world::{Action, DigestSent, InputOf, Master, Step, Store};
use multimaster::{Dot, MasterId};
use smallvec::SmallVec;

impl<P: Store> Step<'_, P> {
    /// The master has from now on the state that it will come back with, with a clock of at least `clock`, and under a
    /// fresh origin if there is one.
    pub(crate) fn go_down(&mut self, at: MasterId, kept: P::Node, fresh: Option<MasterId>, clock: u64) {
        self.world.masters[at.index()] = kept;
        self.step_master(at, InputOf::Restart { fresh, clock });
    }

    /// The master bypasses these masters, a bit for each.
    pub(crate) fn bypass(&mut self, at: MasterId, dead: u32) {
        self.step_master(at, InputOf::Bypass { dead });
    }
}

impl Step<'_, Tables> {
    /// Takes the step of a failure, repair, restart or flush.
    pub(in crate::world) fn fail(&mut self, action: Action) {
        match action {
            Action::Cut(cut) => self.cut(cut),
            Action::Heal(cut) => self.heal(cut),
            Action::Crash { at } => self.crash(at),
            Action::Restart { at } => self.restart(at),
            Action::Save { at } => self.save(at),
            Action::Repair => self.repair(),
            Action::Tell { from, to } => self.tell(from, to),
            Action::Collect { at } => self.collect(at),
            Action::Pass { at } => self.pass(at),
            _ => {}
        }
    }

    /// Cuts these paths. A stream breaks if a cut path carries its changes or its digests.
    fn cut(&mut self, cut: usize) {
        if let Some(failed) = &mut self.world.failed {
            failed.cuts -= 1;
            failed.severed |= 1 << cut;
        }
        let paths = &self.cluster.scope.failures.severed[cut].paths;
        self.lose_digests(|receiver, sender| paths.contains(&(receiver, sender)));
        self.break_streams(|from, to| paths.contains(&(from, to)) || paths.contains(&(to, from)));
    }

    fn heal(&mut self, cut: usize) {
        if let Some(failed) = &mut self.world.failed {
            failed.severed &= !(1 << cut);
        }
        self.resume_streams();
    }

    /// The master goes down. From now on it has the state with which it will restart.
    fn crash(&mut self, at: MasterId) {
        let Some(mut failed) = self.world.failed.take() else { return };
        let (fresh, clock) = (self.cluster.fresh_origin(&failed), self.clock_after_crash(at));
        failed.crashes -= 1;
        failed.down |= 1 << at.index();
        let node = self.world.masters[at.index()];
        let kept = Master { local: self.cluster.kept(self.store, &failed, at, node.local), ..node };
        self.go_down(at, kept, fresh, clock);
        let last = failed.crashes == 0;
        if last {
            failed.saved.clear();
        } else if let Some(saved) = failed.saved.get_mut(at.index()) {
            *saved = self.store.locals[self.world.local(at)].core;
        }
        self.world.failed = Some(failed);
        self.break_streams(|from, to| from == at || to == at);
        self.lose_digests(|receiver, sender| receiver == at || sender == at);
        let store = &*self.store;
        if !self.cluster.scope.failures.restarts {
            self.world.wire.retain(|envelope| store.envelope(envelope).to != at);
        }
        let node = &mut self.world.masters[at.index()];
        self.store.judge(self.cluster, node, &self.world.history);
        // Until now these envelopes could have restored a change that a master had lost.
        if last {
            self.drop_spent(|_| true);
        }
        if self.cluster.restarts_at_once() {
            self.restart(at);
        }
    }

    fn restart(&mut self, at: MasterId) {
        if let Some(failed) = &mut self.world.failed {
            failed.down &= !(1 << at.index());
        }
        self.forget_what_it_sent(at);
        self.resume_streams();
    }

    /// The masters that are up learn which others are dead. Messages in flight from the dead ones are lost.
    fn repair(&mut self) {
        let Some(dead) = self.world.failed.as_mut().map(|failed| {
            failed.bypassed = failed.down;
            failed.down
        }) else {
            return;
        };
        let store = &*self.store;
        self.world.wire.retain(|envelope| dead & (1 << store.envelope(envelope).from.index()) == 0);
        for at in (0..self.world.masters.len() as u16).map(MasterId) {
            if self.world.is_up(at) {
                self.bypass(at, dead);
            }
        }
        self.break_streams(|_, _| true);
        self.resume_streams();
    }

    /// The master flushes its state, or copies it.
    fn save(&mut self, at: MasterId) {
        let saved = self.store.locals[self.world.local(at)].core;
        if let Some(failed) = &mut self.world.failed {
            failed.saved[at.index()] = saved;
        }
        if self.cluster.scope.failures.level == Level::Flushed {
            let replica = self.store.locals[saved].replica();
            let last = Dot::new(replica.origin(), replica.digest().get(replica.origin()));
            self.acknowledge_writes([last]);
        }
    }

    /// Acknowledges the writes that enough other masters have seen, if the [`Level`] is *held by N*.
    pub(in crate::world) fn acknowledge_held(&mut self) {
        let Level::HeldBy(others) = self.cluster.scope.failures.level else { return };
        let (tables, world) = (&*self.store, &*self.world);
        let masters = || (0..).map(MasterId).take(world.masters.len());
        let held = masters().filter(|at| world.is_up(*at)).map(|at| {
            let origin = tables.locals[world.local(at)].replica().origin();
            let seen = |by: MasterId| tables.digest(world.local(by)).get(origin);
            let mut counts: SmallVec<[u64; 8]> = masters().filter(|by| *by != at).map(seen).collect();
            counts.sort_unstable_by(|one, other| other.cmp(one));
            let held =
                usize::from(others).checked_sub(1).map_or(u64::MAX, |place| counts.get(place).copied().unwrap_or(0));
            Dot::new(origin, held.min(seen(at)))
        });
        let held: SmallVec<[Dot; 4]> = held.collect();
        self.acknowledge_writes(held);
    }

    /// Acknowledges these writes and the earlier ones of their origins.
    fn acknowledge_writes(&mut self, last: impl IntoIterator<Item = Dot>) {
        let Some(failed) = &mut self.world.failed else { return };
        let mut acknowledged = self.store.digests[failed.acknowledged].clone();
        last.into_iter().for_each(|dot| acknowledged.insert(dot));
        failed.acknowledged = self.store.seen(&acknowledged);
    }

    /// Resumes the streams whose ends reach each other again. A later resumption would have the same effect: until a
    /// change is delivered, [acknowledgements](Self::acknowledge) keep the cursor at the place where a later resumption
    /// would put it.
    fn resume_streams(&mut self) {
        if self.cluster.plain {
            return;
        }
        for (edge, (from, to)) in self.cluster.edges.iter().enumerate() {
            let ends = || self.cluster.exchanges(self.world, *from, *to);
            if self.world.broken & (1 << edge) != 0 && ends() && self.cluster.has_edge(self.world, &(*from, *to)) {
                self.world.broken &= !(1 << edge);
                self.resume(edge);
            }
        }
    }

    /// Loses digests in flight: a lost digest is like one that was not sent.
    fn lose_digests(&mut self, is_lost: impl Fn(MasterId, MasterId) -> bool) {
        let store = &*self.store;
        self.world.digests_sent.retain(|sent| {
            let DigestSent { receiver, sender, .. } = store.opened(sent);
            !is_lost(receiver, sender)
        });
    }

    fn break_streams(&mut self, breaks: impl Fn(MasterId, MasterId) -> bool) {
        if !matches!(self.cluster.scope.link, LinkKind::Stream { .. }) {
            return;
        }
        for (edge, (from, to)) in self.cluster.edges.iter().enumerate() {
            if breaks(*from, *to) && self.world.broken & (1 << edge) == 0 {
                self.world.broken |= 1 << edge;
                self.drain(edge);
            }
        }
    }
}
