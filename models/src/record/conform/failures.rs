//! The cuts and crashes of a record, done by the model.

use super::path::Path;
use crate::node::any_rule::AnyReplica;
use crate::world::cluster::ClusterModel;
use multimaster::MasterId;
use multimaster::record::{Event, Kept};
use std::collections::{BTreeMap, BTreeSet};

/// What cuts and crashes have left of a path.
pub(super) struct Failures {
    /// The links that are cut.
    cut: BTreeSet<(MasterId, MasterId)>,
    /// The masters that are down. Each has already the state that it comes back with.
    down: BTreeSet<MasterId>,
    /// The masters past which the topology was led.
    bypassed: BTreeSet<MasterId>,
    saved: BTreeMap<MasterId, AnyReplica>,
    /// The origins that are masters of the topology, or were fresh once.
    used: BTreeSet<MasterId>,
}

impl Failures {
    pub(super) fn new(masters: u16) -> Failures {
        let used = (0..masters).map(MasterId).collect();
        Failures {
            cut: BTreeSet::new(),
            down: BTreeSet::new(),
            bypassed: BTreeSet::new(),
            saved: BTreeMap::new(),
            used,
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
            Event::Push { from, .. } => (*from, None),
            Event::Ask { receiver, .. } => (*receiver, None),
            Event::Deliver { from, to, .. } => (*to, Some((*from, *to))),
            Event::Answer { sender, receiver, .. } => (*sender, Some((*sender, *receiver))),
            Event::Lose { .. } | Event::Duplicate { .. } | Event::Restart { .. } => return Ok(()),
            Event::Cut { .. } | Event::Heal { .. } => return Ok(()),
        };
        if !self.is_up(by) {
            return Err(format!("{by} is down: it has crashed, and not restarted since"));
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
            (Kept::All, Some(fresh)) => {
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
        let start = &cluster.start[at.index()];
        let mut kept = match kept {
            Kept::All => self.world.master(at).clone(),
            Kept::Saved => self.failures.saved.get(&at).unwrap_or(start).clone(),
            Kept::Nothing => start.clone(),
        };
        self.failures.used.extend(fresh);
        let origins = self.failures.used.last().map_or(0, |last| last.0 + 1);
        for replica in self.world.masters.iter_mut().chain([&mut kept]) {
            replica.expect_origins(origins);
        }
        // A recorded cluster collects no tombstones, so a clock may go back.
        self.step(cluster, |step| step.go_down(at, kept, fresh, 0));
        self.failures.down.insert(at);
        self.tally.crashes += 1;
        Ok(())
    }

    pub(super) fn restart(&mut self, at: MasterId) -> Result<(), String> {
        if self.failures.bypassed.contains(&at) {
            return Err(format!("{at} is gone for good: it was bypassed"));
        }
        let was_down = self.failures.down.remove(&at);
        was_down.then_some(()).ok_or_else(|| format!("{at} is up: it has not crashed since its last restart"))
    }

    pub(super) fn bypass(
        &mut self,
        cluster: &ClusterModel,
        at: MasterId,
        dead: &BTreeSet<MasterId>,
    ) -> Result<(), String> {
        if let Some(up) = dead.iter().find(|id| self.failures.is_up(**id)) {
            return Err(format!("{up} is not a master that is down"));
        }
        if let Some(large) = dead.iter().find(|id| id.0 >= 32) {
            return Err(format!("{large}: the model bypasses only the first 32 masters"));
        }
        let bits = dead.iter().fold(0, |bits, id| bits | 1 << id.0);
        self.failures.bypassed.extend(dead);
        self.step(cluster, |step| step.bypass(at, bits));
        Ok(())
    }
}
