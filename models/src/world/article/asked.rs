//! The properties of the article's program.

use crate::model::Property;
use crate::properties::{AGREEMENT, CONFLICT, FULL, NO_DEADLOCK, ORDER_KEPT, QUIESCENCE};
use crate::world::cluster::ClusterModel;
use crate::world::cluster::asked::{always, sometimes};
use crate::world::memo::Tables;
use crate::world::{World, locked};
use multimaster::{Key, MasterId, Request};

impl ClusterModel {
    pub(crate) fn article_properties(&self) -> Vec<Property<ClusterModel>> {
        vec![
            always(AGREEMENT, |cluster, world| !cluster.program_is_quiescent(world) || cluster.reads_alike(world)),
            always(ORDER_KEPT, |cluster, world| {
                !cluster.program_is_quiescent(world) || cluster.reordered(world).is_none()
            }),
            always(NO_DEADLOCK, |cluster, world| cluster.can_step(world) || cluster.program_is_quiescent(world)),
            sometimes(QUIESCENCE, ClusterModel::program_is_quiescent),
            sometimes(CONFLICT, |cluster, world| cluster.conflicts(world)),
            sometimes(FULL, |cluster, world| {
                let tables = &*locked(&cluster.tables);
                cluster.scope.topology.ids().any(|id| !cluster.has_room(tables, world, id))
            }),
        ]
    }

    /// Whether some goroutine can take its next step.
    pub(super) fn can_step(&self, world: &World<Tables>) -> bool {
        let tables = &*locked(&self.tables);
        self.goroutines().any(|(at, goroutine)| self.next_of(tables, world, at, goroutine).is_some())
    }

    /// Whether the clients are done, the channels are empty, and no goroutine has anything to send.
    pub(super) fn program_is_quiescent(&self, world: &World<Tables>) -> bool {
        let tables = &*locked(&self.tables);
        let idle = || world.masters.iter().all(|master| tables.locals[master.local].node.article().is_idle());
        world.nothing_in_flight() && self.clients_done(world) && idle()
    }

    /// Whether all masters read the same.
    pub(crate) fn reads_alike(&self, world: &World<Tables>) -> bool {
        let tables = &*locked(&self.tables);
        let readings = |place: usize| tables.locals[world.masters[place].local].readings;
        (1..world.masters.len()).all(|place| readings(place) == readings(0))
    }

    /// A key that only one master writes, that master, and one that reads it differently.
    pub(super) fn reordered(&self, world: &World<Tables>) -> Option<(Key, MasterId, MasterId)> {
        let tables = &*locked(&self.tables);
        let reads = |id: MasterId, key: &Key| tables.locals[world.local(id)].node.article().data.get(key);
        let scripts = self.scope.clients.iter();
        let mut writes: Vec<_> =
            scripts.flat_map(|client| client.requests.iter().map(|request| (client.at, &request.key))).collect();
        // In master order.
        writes.sort_by_key(|(at, _)| *at);
        writes.iter().find_map(|(writer, key)| {
            let alone = writes.iter().all(|(at, written)| written != key || at == writer);
            let other = self.scope.topology.ids().find(|id| reads(*id, key) != reads(*writer, key))?;
            alone.then(|| (Key::clone(key), *writer, other))
        })
    }

    /// Whether one key has been written at two masters.
    fn conflicts(&self, world: &World<Tables>) -> bool {
        let scripts = self.scope.clients.iter().zip(world.progress());
        let made = || {
            scripts.clone().flat_map(|(client, made)| {
                client.requests[..usize::from(*made)].iter().map(|request: &Request| (client.at, &request.key))
            })
        };
        made().any(|(at, key)| made().any(|(other, written)| written == key && other != at))
    }
}
