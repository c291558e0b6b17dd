//! The tombstones that masters collect in a record, dropped by the model.

use super::path::Path;
use super::report::short;
use multimaster::{Key, MasterId};

const COLLECTS_NOTHING: &str = "the first line does not say `\"collects\":true`";

impl Path {
    /// The master tells the neighbour what it knows of the progress of all. The telling is in flight until the next one.
    pub(super) fn tell(&mut self, from: MasterId, to: MasterId) -> Result<(), String> {
        let told = self.told.as_mut().ok_or(COLLECTS_NOTHING)?;
        let sender = self.world.master(from);
        if !sender.sends_to().any(|peer| peer == to) {
            return Err(format!("{from} does not send to {to}"));
        }
        told.insert((from, to), sender.progress());
        Ok(())
    }

    pub(super) fn learn(&mut self, from: MasterId, to: MasterId) -> Result<(), String> {
        let told = self.told.as_ref().ok_or(COLLECTS_NOTHING)?.get(&(from, to));
        let told = told.ok_or_else(|| format!("the model has no progress in flight from {from} to {to}"))?;
        let learned = self.world.masters[to.index()].learn(from, told);
        learned.map(drop).map_err(|error| format!("the model's {to} refuses it: {error}"))
    }

    /// The master drops these tombstones. Each must be one that every member is known to have seen.
    pub(super) fn collect(&mut self, at: MasterId, keys: &[Key]) -> Result<(), String> {
        if self.told.is_none() {
            return Err(COLLECTS_NOTHING.into());
        }
        let master = &mut self.world.masters[at.index()];
        let stable = master.seen_by_all();
        if let Some(early) = keys.iter().find(|key| !master.collect_key(key, &stable)) {
            let key = short(early);
            return Err(format!(
                "the model's {at}, which knows that all have seen {stable}, has no tombstone of {key} to drop"
            ));
        }
        self.tally.collected += keys.len();
        Ok(())
    }
}
