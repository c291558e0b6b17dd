//! Readings that the requests made do not account for.

use super::System;
use super::judged::{self, Judged, Write};
use super::node::Node;
use super::state::World;
use super::tables::Tables;
use multimaster::{Key, MasterId, Reading};
use std::sync::atomic::Ordering;

impl<N: Node> System<N> {
    /// A node, and a key at which it reads a value that was never written.
    pub(super) fn inventing(&self, tables: &mut Tables<N>, world: &World) -> Option<(MasterId, usize)> {
        let effective = world.asked.effective();
        for id in self.ids().filter(|id| world.is_up(*id)) {
            let number = tables.locals[world.node(id)].readings;
            if let Some(true) = tables.explained.get(&(number, effective)) {
                continue;
            }
            let invented = (0..self.bounds.keys.len()).find(|key| {
                let reading = &tables.readings[number][*key];
                let first = &tables.readings[tables.locals[self.first_state(id)].readings][*key];
                reading != first
                    && self.is_wrong(judged::is_explained(reading, &self.writes(world, &self.bounds.keys[*key])))
            });
            if let Some(key) = invented {
                return Some((id, key));
            }
            tables.explained.insert((number, effective), true);
        }
        None
    }

    /// At quiescence, a node, and a key at which it lacks an acknowledged write.
    pub(super) fn losing(&self, tables: &mut Tables<N>, world: &World) -> Option<(MasterId, usize)> {
        if !self.is_quiescent(tables, world) {
            return None;
        }
        let up = || self.ids().filter(|id| world.is_up(*id));
        let mut read = up().flat_map(|id| (0..self.bounds.keys.len()).map(move |key| (id, key)));
        read.find(|(id, key)| {
            let reading = &tables.readings[tables.locals[world.node(*id)].readings][*key];
            self.is_wrong(judged::shows_all(reading, &self.writes(world, &self.bounds.keys[*key])))
        })
    }

    /// The writes of this key that may have taken effect.
    pub(super) fn writes(&self, world: &World, key: &Key) -> Vec<Write<'_>> {
        let effective = world.asked.effective();
        let requests = (0..).zip(&self.bounds.requests);
        let of_key = requests.filter(|(number, asking)| effective & (1 << number) != 0 && asking.request.key == *key);
        of_key
            .map(|(number, asking)| Write {
                op: asking.request.op.untimed(),
                done: world.asked.done & (1 << number) != 0,
                client: asking.client,
                number,
            })
            .collect()
    }

    /// The node's reading of each key, in key order.
    pub(super) fn reads<'t>(
        &'t self,
        tables: &'t Tables<N>,
        world: &World,
        id: MasterId,
    ) -> impl Iterator<Item = (&'t Key, &'t Reading)> {
        self.bounds.keys.iter().zip(&tables.readings[tables.locals[world.node(id)].readings])
    }

    /// Whether a reading is wrong. Notes that one cannot be judged.
    fn is_wrong(&self, judged: Judged) -> bool {
        if judged == Judged::Unknown {
            self.unknown.store(true, Ordering::Relaxed);
        }
        judged == Judged::Wrong
    }
}
