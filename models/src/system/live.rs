//! The liveness properties of a system, and the steps that must come in the end.

use super::System;
use super::asked::is_of;
use super::node::Node;
use super::state::{Action, State, World};
use super::tables::Tables;
use crate::model::Goal;
use crate::properties::{EVENTUALLY_AGREE, EVERYONE_HEARS};
use multimaster::MasterId;

impl<N: Node> System<N> {
    /// The class of a step under weak fairness. Fair are the delivery of each message, each of a node's ticks, each
    /// node's restart and the end of each cut. Clients need not make requests, and faults need not happen.
    pub(super) fn fair_class_of(action: Action) -> Option<u64> {
        let (kind, node, number) = match action {
            Action::Deliver(message) => (0, 0, message),
            Action::Tick(at, place) => (1, at.0, place as u32),
            Action::Restart(at) => (2, at.0, 0),
            Action::Heal(cut) => (3, 0, cut as u32),
            Action::Request(_) | Action::Repeat(_) | Action::Lose(_) | Action::Crash(_) | Action::Cut(_) => {
                return None;
            }
        };
        Some(kind << 48 | u64::from(node) << 32 | u64::from(number))
    }

    pub(super) fn aims(&self) -> Vec<Goal<Self>> {
        let hears = |system: &Self, state: &State| {
            let unheard = system.unheard(&system.tables(), &state.world).into_iter();
            unheard.map(|(request, by)| u64::from(request) << 16 | u64::from(by.0)).collect()
        };
        let agree = |system: &Self, state: &State| system.reading_apart(&system.tables(), &state.world).is_none();
        let mut aims = vec![Goal::met(EVERYONE_HEARS, hears), Goal::lasting(EVENTUALLY_AGREE, agree)];
        aims.retain(|goal| is_of(self.node.service(), goal.name));
        aims
    }

    /// The acknowledged requests that a node that is up has not seen: the request's number, and the node.
    pub(super) fn unheard(&self, tables: &Tables<N>, world: &World) -> Vec<(u32, MasterId)> {
        let done = (0..self.bounds.requests.len() as u32).filter(|number| world.asked.done & (1 << number) != 0);
        let lacks = |number: u32, at: MasterId| {
            tables.locals[world.node(at)].seen.is_some_and(|seen| seen & (1 << number) == 0)
        };
        done.flat_map(|number| self.up(world).filter(move |at| lacks(number, *at)).map(move |at| (number, at)))
            .collect()
    }

    /// Two nodes that are up and read differently.
    pub(super) fn reading_apart(&self, tables: &Tables<N>, world: &World) -> Option<(MasterId, MasterId)> {
        let reads = |id: MasterId| tables.locals[world.node(id)].readings;
        let first = self.up(world).next()?;
        self.up(world).find(|id| reads(*id) != reads(first)).map(|other| (first, other))
    }
}
