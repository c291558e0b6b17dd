//! The masters that join in a record, done by the model.

use super::path::Path;
use multimaster::{MasterId, Newcomer, Replica};
use std::collections::BTreeSet;

/// The masters that have joined, and who was told of the last one.
#[derive(Default)]
pub(super) struct Joins {
    /// The last master that joins, as its neighbours are told.
    last: Option<(MasterId, Newcomer)>,
    /// Whether the masters are being told of it: it is not up yet.
    telling: bool,
    /// The masters that have not been told of it, or have lost their state since.
    untold: BTreeSet<MasterId>,
}

impl Joins {
    /// Whether the master must be told of the topology before it does anything else: it was down when others were told.
    pub(super) fn must_be_told(&self, master: MasterId) -> bool {
        !self.telling && self.untold.contains(&master)
    }

    /// The master has lost its state.
    pub(super) fn forgets(&mut self, master: MasterId) {
        if self.last.is_some() {
            self.untold.insert(master);
        }
    }
}

/// The product of masters and edges is at most this.
pub(super) const LARGEST: usize = 8192;

impl Path {
    /// The master `at` is told that `id` joins. The new master itself is told last, and is up then.
    pub(super) fn admit(&mut self, at: MasterId, id: MasterId, newcomer: Newcomer) -> Result<(), String> {
        match &self.failures.joins.last {
            Some((last, told)) if *last == id => {
                if *told != newcomer {
                    return Err(format!("another master was told other edges of {id}"));
                }
            }
            _ => self.extend(id, newcomer)?,
        }
        if at == id {
            let up = |master: &&MasterId| **master != id && self.failures.is_up(**master);
            if let Some(master) = self.failures.joins.untold.iter().find(up) {
                return Err(format!("{master} was not told yet that {id} joins: the new master is told last"));
            }
            if !std::mem::take(&mut self.failures.joins.telling) {
                return Err(format!("{id} has joined already"));
            }
            self.failures.down.remove(&id);
            self.tally.joins += 1;
        }
        self.tell_topology(at);
        Ok(())
    }

    /// Adds a master without state, which is not up yet.
    fn extend(&mut self, id: MasterId, newcomer: Newcomer) -> Result<(), String> {
        let failures = &mut self.failures;
        if let Some((last, _)) = failures.joins.last.as_ref().filter(|_| failures.joins.telling) {
            return Err(format!("{last} was not told yet that it joins"));
        }
        if id.0 == u16::MAX || failures.used.contains(&id) {
            return Err(format!("{id} is not a fresh id: give one that no master and no origin ever had"));
        }
        let mut neighbours = newcomer.hears_from.iter().chain(&newcomer.sends_to);
        if let Some(gone) = neighbours.find(|id| failures.gone.contains(id)) {
            return Err(format!("{gone} is gone for good: it cannot be a neighbour of {id}"));
        }
        let before = failures.topology.masters();
        let grown = failures.topology.without(&failures.gone).joined(id, &newcomer);
        let grown = grown.map_err(|error| format!("{id} cannot join: {error}"))?;
        if usize::from(grown.masters()) * grown.edges().count() > LARGEST {
            return Err(format!("{} masters and {} edges are too many", grown.masters(), grown.edges().count()));
        }
        let rule = self.world.masters[0].rule().clone();
        for new in (before..=id.0).map(MasterId) {
            self.world.masters.push(Replica::new(new, rule.clone(), &grown));
        }
        failures.used.extend((before..=id.0).map(MasterId));
        failures.gone.extend((before..id.0).map(MasterId));
        failures.down.extend((before..=id.0).map(MasterId));
        let untold = (0..before).map(MasterId).filter(|id| !failures.gone.contains(id)).collect();
        failures.joins = Joins { last: Some((id, newcomer)), telling: true, untold };
        failures.topology = grown;
        self.expect_origins();
        Ok(())
    }

    /// All masters accept changes of all origins.
    pub(super) fn expect_origins(&mut self) {
        let origins = self.failures.used.last().map_or(0, |last| last.0 + 1);
        self.world.masters.iter_mut().for_each(|replica| replica.expect_origins(origins));
    }

    /// The master learns the present topology.
    pub(super) fn tell_topology(&mut self, at: MasterId) {
        let failures = &mut self.failures;
        failures.joins.untold.remove(&at);
        self.world.masters[at.index()].change_topology(&failures.topology, &failures.gone);
    }
}
