//! Whether a state is quiescent.

use super::System;
use super::node::Node;
use super::state::World;
use super::tables::{Given, Outcome, Tables};

impl<N: Node> System<N> {
    /// Whether the clients are done, cuts are healed, nodes that restart have restarted, nothing is in flight, and no tick
    /// leads to anything: no node's state will change and no client will be answered, whatever is sent and delivered.
    pub(super) fn is_quiescent(&self, tables: &mut Tables<N>, world: &World) -> bool {
        let is_quiet = (world.wire.is_empty() || self.bounds.is_soup())
            && (world.down == 0 || !self.bounds.scope.failures.restarts)
            && world.severed == 0
            && (0..self.bounds.scripts.len()).all(|client| self.next_request(world, client).is_none());
        is_quiet && (!tables.has_ticks && !self.bounds.is_soup() || self.is_settled(tables, world))
    }

    /// Whether ticks, the messages in flight, and all messages that follow from them leave every node as it is. As long as
    /// the nodes stay as they are, what they send depends only on what they are given, in whatever order.
    fn is_settled(&self, tables: &mut Tables<N>, world: &World) -> bool {
        let mut messages: Vec<u32> = world.wire.to_vec();
        for (id, local) in self.ids().zip(&world.nodes).filter(|(id, _)| world.is_up(*id)) {
            for place in 0..tables.locals[*local].ticks.len() {
                let sends = self.unchanging(tables, world, id.index(), Given::Tick(place));
                let Some(sends) = sends else { return false };
                messages.extend(sends.iter().filter(|message| !world.wire.contains(message)));
            }
        }
        let mut taken = 0;
        while let Some(message) = messages.get(taken).copied() {
            taken += 1;
            let to = tables.ends(message).1;
            if !world.is_up(to) {
                continue;
            }
            let Some(sends) = self.unchanging(tables, world, to.index(), Given::Message(message)) else { return false };
            for next in sends {
                if !messages.contains(&next) {
                    messages.push(next);
                }
            }
        }
        true
    }

    /// What the node sends when it is given this input, if neither its state nor a request changes.
    fn unchanging(&self, tables: &mut Tables<N>, world: &World, place: usize, given: Given) -> Option<Vec<u32>> {
        let before = world.nodes[place];
        let outcome = tables.step(&self.node, &self.bounds, before, given)?;
        let Outcome { local, sends, answers } = &tables.outcomes[outcome];
        let answers_one = answers.iter().any(|(number, _)| world.asked.pending() & (1 << number) != 0);
        (*local == before && !answers_one).then(|| sends.to_vec())
    }
}
