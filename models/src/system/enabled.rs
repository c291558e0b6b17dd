//! The steps that are possible in a state of a system, in order.

use super::System;
use super::node::Node;
use super::state::{Action, World};
use super::tables::Tables;
use multimaster::MasterId;

impl<N: Node> System<N> {
    /// Adds every step that is possible in this world.
    pub(super) fn enabled(&self, tables: &Tables<N>, world: &World, actions: &mut Vec<Action>) {
        actions.extend((0..self.bounds.scripts.len()).filter_map(|client| self.next_request(world, client)));
        self.enabled_messages(tables, world, actions);
        for (id, local) in self.ids().zip(&world.nodes).filter(|(id, _)| world.is_up(*id)) {
            actions.extend((0..tables.locals[*local].ticks.len()).map(|place| Action::Tick(id, place)));
        }
        self.enabled_failures(world, actions);
    }

    /// The client's next request. A client waits for the answer to its last one.
    pub(super) fn next_request(&self, world: &World, client: usize) -> Option<Action> {
        let script = self.bounds.scripts[client].clone();
        let is_up = world.is_up(self.bounds.scope.clients[client].at);
        let next = script.clone().find(|number| world.asked.made & (1 << number) == 0)?;
        let waits = next > script.start && world.asked.pending() & (1 << (next - 1)) != 0;
        (is_up && !waits).then_some(Action::Request(next))
    }

    fn enabled_messages(&self, tables: &Tables<N>, world: &World, actions: &mut Vec<Action>) {
        let mut before: Option<(u32, (MasterId, MasterId))> = None;
        for message in &world.wire {
            let ends @ (from, to) = tables.ends(*message);
            let is_behind = |(last, of): (u32, _)| last == *message || self.bounds.in_order() && of == ends;
            let waits = before.is_some_and(is_behind);
            before = Some((*message, ends));
            if waits {
                continue;
            }
            let arrives = world.is_up(to) && !self.bounds.is_severed(world.severed, from, to);
            if arrives {
                actions.push(Action::Deliver(*message));
            }
            if arrives && world.left.duplicates > 0 {
                actions.push(Action::Repeat(*message));
            }
            if self.may_lose(world, arrives) {
                actions.push(Action::Lose(*message));
            }
        }
    }

    /// Whether a message may be lost: over datagrams, within the budget, or because it finds a cut or a node that is down.
    pub(super) fn may_lose(&self, world: &World, arrives: bool) -> bool {
        let is_datagram = !self.bounds.in_order() && !self.bounds.is_soup();
        world.left.losses > 0 || is_datagram && !arrives
    }

    fn enabled_failures(&self, world: &World, actions: &mut Vec<Action>) {
        let failures = &self.bounds.scope.failures;
        if world.left.crashes > 0 {
            let may_crash = |id: &MasterId| world.is_up(*id) && failures.crashing.contains(id);
            actions.extend(self.ids().filter(may_crash).map(Action::Crash));
        }
        if world.down != 0 && failures.restarts {
            actions.extend(self.ids().filter(|id| !world.is_up(*id)).map(Action::Restart));
        }
        for place in 0..failures.severed.len() {
            if world.severed & (1 << place) != 0 {
                actions.push(Action::Heal(place));
            } else if world.left.cuts > 0 {
                actions.push(Action::Cut(place));
            }
        }
    }
}
