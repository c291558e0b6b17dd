//! The cuts and crashes of a record, done by the model. Masters that join are in `joins.rs`.

use super::joins::Joins;
use super::path::Path;
use crate::node::any_rule::AnyReplica;
use crate::world::cluster::ClusterModel;
use multimaster::record::{Event, Kept};
use multimaster::{MasterId, Replica, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// What cuts and crashes have left of a path.
pub(super) struct Failures {
    /// The links that are cut.
    cut: BTreeSet<(MasterId, MasterId)>,
    /// The masters that are down. Each has already the state that it comes back with.
    pub(super) down: BTreeSet<MasterId>,
    /// The topology with all masters that have joined. Masters that are gone may still have edges in it.
    pub(super) topology: Topology,
    /// The masters that are gone for good, and ids that no master has.
    pub(super) gone: BTreeSet<MasterId>,
    pub(super) joins: Joins,
    saved: BTreeMap<MasterId, AnyReplica>,
    /// The ids that masters have, or that were fresh origins.
    pub(super) used: BTreeSet<MasterId>,
}

impl Failures {
    pub(super) fn new(topology: Topology) -> Failures {
        Failures {
            cut: BTreeSet::new(),
            down: BTreeSet::new(),
            used: topology.ids().collect(),
            topology,
            gone: BTreeSet::new(),
            joins: Joins::default(),
            saved: BTreeMap::new(),
        }
    }

    pub(super) fn is_up(&self, master: MasterId) -> bool {
        !self.down.contains(&master)
    }

    /// Whether the master that does what the event says is up, and its link not cut; if not, why.
    pub(super) fn vet<S, E>(&self, event: &Event<S, E>) -> Result<(), String> {
        let (by, link) = match event {
            Event::Write { at, .. } | Event::Read { at, .. } | Event::Truncate { at, .. } => (*at, None),
            Event::Advance { at, .. } | Event::Save { at } | Event::Bypass { at, .. } => (*at, None),
            Event::Crash { at, .. } => (*at, None),
            Event::Admit { at, id, .. } if at != id => (*at, None),
            Event::Push { from, .. } | Event::Tell { from, .. } => (*from, None),
            Event::Collect { at, .. } | Event::Flush { at, .. } => (*at, None),
            Event::Learn { from, to } => (*to, Some((*from, *to))),
            Event::Ask { receiver, .. } => (*receiver, None),
            Event::Deliver { from, to, .. } => (*to, Some((*from, *to))),
            Event::Answer { sender, receiver, .. } => (*sender, Some((*sender, *receiver))),
            Event::Lose { .. } | Event::Duplicate { .. } | Event::Restart { .. } => return Ok(()),
            Event::Cut { .. } | Event::Heal { .. } | Event::Admit { .. } | Event::Reopen { .. } => return Ok(()),
        };
        if !self.is_up(by) {
            return Err(format!("{by} is down: it has crashed, and not restarted since"));
        }
        if self.joins.must_be_told(by) && !matches!(event, Event::Bypass { .. } | Event::Crash { .. }) {
            return Err(format!("{by} has restarted, and was not told yet which masters have joined"));
        }
        match link.filter(|link| self.cut.contains(link)) {
            Some((from, to)) => Err(format!("the link {from} -> {to} is cut: nothing arrives over it")),
            None => Ok(()),
        }
    }
}

impl Path {
    pub(super) fn cut(&mut self, from: MasterId, to: MasterId) -> Result<(), String> {
        if !self.failures.cut.insert((from, to)) {
            return Err(format!("the link {from} -> {to} is cut already"));
        }
        self.tally.cuts += 1;
        Ok(())
    }

    pub(super) fn heal(&mut self, from: MasterId, to: MasterId) -> Result<(), String> {
        let was_cut = self.failures.cut.remove(&(from, to));
        was_cut.then_some(()).ok_or_else(|| format!("the link {from} -> {to} is not cut"))
    }

    pub(super) fn save(&mut self, at: MasterId) {
        self.failures.saved.insert(at, self.world.master(at).clone());
    }

    pub(super) fn crash(
        &mut self,
        cluster: &ClusterModel,
        at: MasterId,
        kept: Kept,
        fresh: Option<MasterId>,
    ) -> Result<(), String> {
        match (kept, fresh) {
            (Kept::All | Kept::Stored, Some(fresh)) => {
                return Err(format!(
                    "it has kept everything, and goes on under its origin: `fresh` must be null, not {fresh}"
                ));
            }
            (Kept::Saved | Kept::Nothing, None) => {
                return Err("it may have forgotten what it has sent: `fresh` must be a fresh origin, not null".into());
            }
            (_, Some(fresh)) if fresh.0 == u16::MAX || self.failures.used.contains(&fresh) => {
                return Err(format!(
                    "{fresh} is not a fresh origin: give an id past those of the masters that no crash had before"
                ));
            }
            _ => {}
        }
        let nothing = || Replica::new(at, self.world.master(at).rule().clone(), &self.failures.topology);
        let kept = match kept {
            Kept::All | Kept::Stored => self.world.master(at).clone(),
            Kept::Saved => self.failures.saved.get(&at).cloned().unwrap_or_else(nothing),
            Kept::Nothing => nothing(),
        };
        if fresh.is_some() {
            self.failures.joins.forgets(at);
        }
        self.failures.used.extend(fresh);
        // Where tombstones are collected, no clock may go back.
        let clock = if self.told.is_some() { self.world.master(at).clock() } else { 0 };
        self.world.masters[at.index()] = kept;
        self.expect_origins();
        let kept = self.world.master(at).clone();
        self.step(cluster, |step| step.go_down(at, kept, fresh, clock));
        if fresh.is_some() && self.told.is_some() {
            // Nor may a later crash bring it back to a state from before this one.
            self.failures.saved.insert(at, self.world.master(at).clone());
        }
        self.failures.down.insert(at);
        self.tally.crashes += 1;
        Ok(())
    }

    pub(super) fn restart(&mut self, at: MasterId) -> Result<(), String> {
        if self.failures.gone.contains(&at) {
            return Err(format!("{at} is gone for good: it was bypassed"));
        }
        // Where tombstones are collected, nothing that a master has sent before a crash arrives after it.
        if let Some(told) = &mut self.told {
            told.retain(|(from, _), _| *from != at);
            self.world.wire.retain(|envelope| envelope.from != at);
        }
        let was_down = self.failures.down.remove(&at);
        was_down.then_some(()).ok_or_else(|| format!("{at} is up: it has not crashed since its last restart"))
    }

    pub(super) fn bypass(&mut self, at: MasterId, dead: &BTreeSet<MasterId>) -> Result<(), String> {
        if let Some(up) = dead.iter().find(|id| self.failures.is_up(**id)) {
            return Err(format!("{up} is not a master that is down"));
        }
        self.failures.gone.extend(dead);
        self.tell_topology(at);
        Ok(())
    }
}
