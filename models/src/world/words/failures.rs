//! The steps of cuts and crashes in words.

use crate::scope::Keeps;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, World, locked};
use multimaster::MasterId;

impl ClusterModel {
    /// A step of a failure as a sentence.
    pub(super) fn failure_in_words(&self, action: Action) -> String {
        let severed = |cut: usize| &self.scope.failures.severed[cut].name;
        match action {
            Action::Cut(cut) => format!("cut {}", severed(cut)),
            Action::Heal(cut) => format!("heal {}", severed(cut)),
            Action::Crash { at } if self.scope.failures.drained => format!("{at} leaves"),
            Action::Crash { at } if self.restarts_at_once() => format!("{at} crashes and restarts"),
            Action::Crash { at } => format!("{at} crashes"),
            Action::Restart { at } => format!("{at} restarts"),
            Action::Repair => "the dead masters are bypassed".into(),
            Action::Save { at } if self.scope.failures.keeps == Keeps::OlderCopy => format!("{at} copies its state"),
            Action::Save { at } => format!("{at} flushes its state"),
            Action::Tell { from, to } => format!("{from} sends {to} its progress"),
            Action::Collect { at } => format!("{at} collects its tombstones"),
            Action::Pass { at } => {
                format!("{at} accepts times up to {}", self.protocol.limits.map_or(0, |(_, then)| then))
            }
            other => format!("{other:?}"),
        }
    }

    /// The state that a crash now would leave of the master, and its fresh origin.
    pub(super) fn kept_in_words(&self, world: &World<Tables>, at: MasterId) -> Option<String> {
        let failed = world.failed.as_ref()?;
        let tables = &mut *locked(&self.tables);
        let kept = self.kept(tables, failed, at, world.local(at));
        let of = if self.has_shards() { " of shard 0" } else { "" };
        let has = format!("it has kept {}{of}", tables.digest(kept));
        let keeps_origin = self.protocol.tamper.as_ref().is_some_and(|tamper| tamper.keeps_origin);
        Some(match self.fresh_origin(failed).filter(|_| !keeps_origin) {
            Some(fresh) if self.scope.failures.restarts => format!("{has}, and will write as {fresh}"),
            _ => has,
        })
    }
}
