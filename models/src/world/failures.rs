//! Cuts and crashes: the state that they leave, and the states in which they are possible. Their effects are in
//! `failures/steps.rs`.

mod limits;
mod steps;
mod tombstones;

use super::sessions::SessionState;
#[cfg(feature = "spread")]
use super::state::Part;
use super::{Action, Store, World};
use crate::model::bytes::Stored;
use crate::node::{self, Node};
use crate::scope::{Failures, Keeps, Level, LinkKind, Scope};
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use multimaster::{Dot, MasterId, VersionVector};
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The state of failures and sessions. Masters and digests are given by number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Failed {
    /// The number of cuts that may still happen.
    pub(crate) cuts: u8,
    /// The number of crashes that may still happen.
    pub(crate) crashes: u8,
    /// The unhealed cuts, one bit for each of [`Failures::severed`].
    pub(crate) severed: u32,
    /// The masters that are down, one bit each. Such a master already has the state with which it restarts.
    down: u32,
    /// The dead masters whose edges are replaced, one bit each.
    bypassed: u32,
    /// The masters at which time has passed, one bit each.
    passed: u32,
    /// The state of each master at its last flush, or in its copy. Empty if no later crash can restore it.
    saved: SmallVec<[u32; 4]>,
    /// The version vector of the acknowledged writes, if the [`Level`] is not *applied*.
    acknowledged: u32,
    /// The state of each session.
    pub(crate) sessions: SmallVec<[SessionState; 1]>,
}

impl Stored for Failed {
    fn write(&self, out: &mut Vec<u8>) {
        let Failed { cuts, crashes, severed, down, bypassed, passed, saved, acknowledged, sessions } = self;
        cuts.write(out);
        crashes.write(out);
        severed.write(out);
        down.write(out);
        bypassed.write(out);
        passed.write(out);
        saved.write(out);
        acknowledged.write(out);
        sessions.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Self {
        Failed {
            cuts: Stored::read(bytes),
            crashes: Stored::read(bytes),
            severed: Stored::read(bytes),
            down: Stored::read(bytes),
            bypassed: Stored::read(bytes),
            passed: Stored::read(bytes),
            saved: Stored::read(bytes),
            acknowledged: Stored::read(bytes),
            sessions: Stored::read(bytes),
        }
    }
}

impl Failed {
    /// Hashes the content, with the values of the numbers.
    pub(super) fn hash_content(&self, tables: &Tables, hasher: &mut impl Hasher) {
        let Failed { cuts, crashes, severed, down, bypassed, passed, saved, acknowledged, sessions } = self;
        (cuts, crashes, severed, down, bypassed, passed).hash(hasher);
        saved.iter().for_each(|local| hasher.write_u64(tables.locals[*local].content));
        tables.digests[*acknowledged].hash(hasher);
        sessions.iter().for_each(|session| session.hash_content(tables, hasher));
    }

    /// Calls `alter` with each number.
    #[cfg(feature = "spread")]
    pub(super) fn each_number(&mut self, alter: &mut impl FnMut(Part, &mut u32)) {
        let Failed { cuts: _, crashes: _, severed: _, down: _, bypassed: _, passed: _, saved, acknowledged, sessions } =
            self;
        saved.iter_mut().for_each(|local| alter(Part::Local, local));
        alter(Part::Digest, acknowledged);
        sessions.iter_mut().for_each(|session| session.each_number(alter));
    }
}

/// By set of dead masters, one bit each: the edges of the repaired topology.
pub(crate) fn repaired(scope: &Scope) -> Vec<(u32, BTreeSet<(MasterId, MasterId)>)> {
    let Failures { crashes, crashing, repaired, .. } = &scope.failures;
    let sets = 1..1_u32 << scope.topology.masters().min(16);
    let may_die = |dead: &u32| {
        let dead = node::members(*dead);
        dead.len() <= usize::from(*crashes) && dead.iter().all(|master| crashing.contains(master))
    };
    let edges = |dead: u32| (dead, scope.topology.without(&node::members(dead)).edges().collect());
    if *repaired { sets.filter(may_die).map(edges).collect() } else { Vec::new() }
}

impl<P: Store> World<P> {
    /// Whether the master is up.
    pub(crate) fn is_up(&self, master: MasterId) -> bool {
        self.failed.as_ref().is_none_or(|failed| failed.down & (1 << master.index()) == 0)
    }
}

impl ClusterModel {
    /// The initial state of failures; `None` if there are none.
    pub(crate) fn unfailed(&self, tables: &mut Tables, masters: &[super::Master]) -> Option<Box<Failed>> {
        let failures = &self.scope.failures;
        let saved = if self.saves() { masters.iter().map(|master| master.local).collect() } else { SmallVec::new() };
        self.scope.fails().then(|| {
            let acknowledged = tables.seen(&VersionVector::default());
            let Failures { cuts, crashes, .. } = *failures;
            let sessions = self.scope.sessions.iter().map(|_| SessionState::new(acknowledged)).collect();
            let (severed, down, bypassed, passed) = (0, 0, 0, 0);
            Box::new(Failed { cuts, crashes, severed, down, bypassed, passed, saved, acknowledged, sessions })
        })
    }

    /// Whether no cut stops a message from one master to the other now.
    pub(crate) fn passes<P: Store>(&self, world: &World<P>, from: MasterId, to: MasterId) -> bool {
        world.failed.as_ref().is_none_or(|failed| {
            let mut severed = self.scope.failures.severed.iter().enumerate();
            failed.severed == 0
                || !severed.any(|(cut, set)| failed.severed & (1 << cut) != 0 && set.paths.contains(&(from, to)))
        })
    }

    /// Whether a message in flight can arrive now.
    pub(crate) fn arrives(&self, world: &World<Tables>, from: MasterId, to: MasterId) -> bool {
        world.is_up(to) && self.passes(world, from, to)
    }

    /// Whether a message in flight may be lost without a further fault: it cannot arrive now, or its sender has crashed
    /// and may have crashed before it sent the message.
    pub(crate) fn goes_astray(&self, world: &World<Tables>, from: MasterId, to: MasterId) -> bool {
        !self.arrives(world, from, to) || !world.is_up(from)
    }

    /// Whether the present topology has this edge.
    pub(crate) fn has_edge(&self, world: &World<Tables>, edge: &(MasterId, MasterId)) -> bool {
        let Some(failed) = world.failed.as_ref().filter(|_| !self.repaired.is_empty()) else { return true };
        if failed.bypassed == 0 {
            return self.scope.topology.edges().any(|known| known == *edge);
        }
        let mut repaired = self.repaired.iter();
        repaired.any(|(dead, edges)| *dead == failed.bypassed && edges.contains(edge))
    }

    /// Whether two masters are up, and messages pass both ways between them.
    pub(crate) fn exchanges(&self, world: &World<Tables>, one: MasterId, other: MasterId) -> bool {
        world.failed.is_none()
            || (world.is_up(one)
                && world.is_up(other)
                && self.passes(world, one, other)
                && self.passes(world, other, one))
    }

    /// Whether a crash and the restart are one step. Over streams the other masters cannot distinguish a master that is
    /// down from a slow one: a crash breaks its streams, and every lost message is still in its sender's log.
    pub(crate) fn restarts_at_once(&self) -> bool {
        let streams = matches!(self.scope.link, LinkKind::Stream { .. });
        streams && self.scope.failures.restarts && !self.plain
    }

    /// Whether the master is dead: it crashed, and never restarts.
    pub(crate) fn is_dead<P: Store>(&self, world: &World<P>, master: MasterId) -> bool {
        !self.scope.failures.restarts && !world.is_up(master)
    }

    /// Whether a flush, or a copy, is a step.
    fn saves(&self) -> bool {
        let Failures { crashes, keeps, .. } = self.scope.failures;
        crashes > 0 && matches!(keeps, Keeps::Flushed | Keeps::OlderCopy)
    }

    /// Whether a write is acknowledged later than it is applied.
    pub(crate) fn acknowledges_later(&self) -> bool {
        match self.scope.failures.level {
            Level::Applied => false,
            // Under the other `Keeps`, a write is flushed at once.
            Level::Flushed => self.scope.failures.keeps == Keeps::Flushed && self.scope.failures.crashes > 0,
            Level::HeldBy(others) => others > 0,
        }
    }

    /// Whether the write with this dot has been acknowledged.
    pub(crate) fn is_acknowledged(&self, tables: &Tables, world: &World<Tables>, dot: Dot) -> bool {
        let failed = world.failed.as_ref().filter(|_| self.acknowledges_later());
        failed.is_none_or(|failed| tables.digests[failed.acknowledged].contains(dot))
    }

    /// Enables the cuts and crashes, and the repairs, restarts and flushes that follow them.
    pub(super) fn enabled_failures(&self, tables: &Tables, world: &World<Tables>, enable: &mut impl FnMut(Action)) {
        let Some(failed) = &world.failed else { return };
        for cut in 0..self.scope.failures.severed.len() {
            if failed.severed & (1 << cut) != 0 {
                enable(Action::Heal(cut));
            } else if failed.cuts > 0 {
                enable(Action::Cut(cut));
            }
        }
        if self.scope.failures.repaired && failed.down & !failed.bypassed != 0 {
            enable(Action::Repair);
        }
        for (at, master) in (0..).map(MasterId).zip(&world.masters) {
            if !world.is_up(at) {
                if self.scope.failures.restarts {
                    enable(Action::Restart { at });
                }
            } else if failed.crashes > 0 && self.scope.failures.crashing.contains(&at) {
                if !self.scope.failures.drained || self.is_drained(tables, world, at) {
                    enable(Action::Crash { at });
                }
                if failed.saved.get(at.index()).is_some_and(|saved| *saved != tables.locals[master.local].core) {
                    enable(Action::Save { at });
                }
            }
        }
        self.enabled_background(world, enable);
        self.enabled_passing(tables, world, enable);
    }

    /// Whether each neighbour to which the master sends has seen every write that the master has seen.
    fn is_drained(&self, tables: &Tables, world: &World<Tables>, at: MasterId) -> bool {
        let seen = |master| tables.digest(world.local(master));
        self.scope.topology.sends_to(at).all(|to| world.is_up(to) && seen(to).covers(seen(at)))
    }

    /// If a master with the state `local` crashes now: the number of the state with which it will restart.
    pub(crate) fn kept(&self, tables: &mut Tables, failed: &Failed, at: MasterId, local: u32) -> u32 {
        match self.scope.failures.keeps {
            Keeps::All => local,
            Keeps::Flushed | Keeps::OlderCopy => failed.saved[at.index()],
            Keeps::Nothing => tables.local(Node::Replica(Arc::new(self.start[at.index()].clone()))),
        }
    }

    /// Whether a crash may still lose changes that a master has seen.
    pub(crate) fn may_forget<P: Store>(&self, world: &World<P>) -> bool {
        self.scope.failures.forget() && world.failed.as_ref().is_some_and(|failed| failed.crashes > 0)
    }

    /// The fresh origin of a master that crashes now; `None` if a crash loses nothing.
    pub(crate) fn fresh_origin(&self, failed: &Failed) -> Option<MasterId> {
        let Failures { crashes, keeps, .. } = self.scope.failures;
        let reuses = self.protocol.tamper.as_ref().is_some_and(|tamper| tamper.reuses_origins);
        let before = if reuses { 0 } else { crashes - failed.crashes };
        (keeps != Keeps::All).then_some(MasterId(self.scope.topology.masters() + u16::from(before)))
    }
}
