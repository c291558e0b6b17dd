//! The properties of a system, and their witnesses.

use super::System;
use super::bounds::Bounds;
use super::node::{Node, Service};
use super::state::World;
use super::tables::Tables;
use crate::model::Property;
use crate::properties as p;
use multimaster::MasterId;

/// Two requests for one key, made at two nodes.
struct Rival {
    requests: u32,
    nodes: [MasterId; 2],
    /// The index of the key.
    key: usize,
}

/// All such pairs of a system.
pub(super) struct Rivals(Vec<Rival>);

impl Rivals {
    pub(super) fn of(bounds: &Bounds) -> Rivals {
        let mut rivals = Vec::new();
        for (number, one) in bounds.requests.iter().enumerate() {
            for (earlier, other) in bounds.requests[..number].iter().enumerate() {
                if one.at != other.at && one.request.key == other.request.key {
                    let key = bounds.keys.iter().position(|key| *key == one.request.key);
                    let requests = 1 << number | 1 << earlier;
                    rivals.extend(key.map(|key| Rival { requests, nodes: [one.at, other.at], key }));
                }
            }
        }
        Rivals(rivals)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether this property is asked of nodes with this service.
pub(crate) fn is_of(service: Service, property: &str) -> bool {
    match property {
        p::UNIQUE_IDS => service == Service::UniqueIds,
        p::CONVERGENCE
        | p::AGREEMENT
        | p::NO_LOST_WRITE
        | p::NO_INVENTION
        | p::CONTENTION
        | p::RELAYED
        | p::EVERYONE_HEARS
        | p::EVENTUALLY_AGREE => service == Service::Data,
        _ => true,
    }
}

impl<N: Node> System<N> {
    /// The properties, in the order of reports.
    pub(super) fn asked(&self) -> Vec<Property<Self>> {
        let faults = self.bounds.faults();
        let mut asked = vec![
            Property::always(p::CONVERGENCE, |system: &Self, state| {
                system.apart(&system.tables(), &state.world).is_none()
            }),
            Property::always(p::AGREEMENT, |system: &Self, state| {
                system.disagreeing(&mut system.tables(), &state.world).is_none()
            }),
            Property::always(p::NO_LOST_WRITE, |system: &Self, state| {
                system.losing(&mut system.tables(), &state.world).is_none()
            }),
            Property::always(p::NO_INVENTION, |system: &Self, state| {
                system.inventing(&mut system.tables(), &state.world).is_none()
            }),
            Property::always(p::UNIQUE_IDS, |_: &Self, state| state.world.answered_alike().is_none()),
            Property::always(p::AVAILABILITY, |system: &Self, state| {
                system.unanswered(&mut system.tables(), &state.world) == 0
            }),
            Property::sometimes(p::CONTENTION, |system: &Self, state| system.contends(&system.tables(), &state.world)),
            Property::sometimes(p::QUIESCENCE, |system: &Self, state| {
                system.is_quiescent(&mut system.tables(), &state.world)
            }),
            Property::sometimes(p::ACKNOWLEDGED, |system: &Self, state| {
                state.world.asked.done != 0 && system.is_quiescent(&mut system.tables(), &state.world)
            }),
            Property::sometimes(p::RELAYED, |system: &Self, state| system.all_hear(&system.tables(), &state.world)),
        ];
        if faults.losses > 0 {
            asked.push(Property::sometimes(p::LOSS, move |system: &Self, state| {
                state.world.left.losses < faults.losses && system.all_asked(&state.world)
            }));
        }
        if faults.duplicates > 0 {
            asked.push(Property::sometimes(p::DUPLICATE, move |_: &Self, state| {
                state.world.left.duplicates < faults.duplicates
            }));
        }
        if faults.cuts > 0 {
            asked.push(Property::sometimes(p::CUT, move |system: &Self, state| {
                let world = &state.world;
                world.left.cuts < faults.cuts && world.severed == 0 && system.all_asked(world)
            }));
        }
        if faults.crashes > 0 {
            asked.push(Property::sometimes(p::CRASH, |system: &Self, state| {
                let done =
                    (0..system.bounds.scripts.len()).all(|client| system.next_request(&state.world, client).is_none());
                state.world.left.crashes == 0 && done
            }));
        }
        asked.retain(|property| is_of(self.node.service(), property.name));
        asked
    }

    /// Whether the clients have made all their requests.
    fn all_asked(&self, world: &World) -> bool {
        world.asked.made.count_ones() as usize == self.bounds.requests.len()
    }

    /// The nodes that are up.
    pub(super) fn up(&self, world: &World) -> impl Iterator<Item = MasterId> {
        let down = world.down;
        self.ids().filter(move |id| down & (1 << id.index()) == 0)
    }

    /// Two nodes that have seen the same writes and read differently.
    pub(super) fn apart(&self, tables: &Tables<N>, world: &World) -> Option<(MasterId, MasterId)> {
        let known = |id: MasterId| {
            let local = &tables.locals[world.node(id)];
            (local.seen, local.readings)
        };
        let mut pairs = self.up(world).flat_map(|one| self.up(world).map(move |other| (one, other)));
        pairs.find(|(one, other)| {
            let ((seen, reads), (others, read)) = (known(*one), known(*other));
            one < other && seen.is_some() && seen == others && reads != read
        })
    }

    /// At quiescence, two nodes that read differently.
    pub(super) fn disagreeing(&self, tables: &mut Tables<N>, world: &World) -> Option<(MasterId, MasterId)> {
        let apart = self.reading_apart(tables, world)?;
        self.is_quiescent(tables, world).then_some(apart)
    }

    /// At quiescence, the requests at nodes that are up, and that were never answered: a bit for each.
    pub(super) fn unanswered(&self, tables: &mut Tables<N>, world: &World) -> u32 {
        let pending = world.asked.pending();
        if pending != 0 && self.is_quiescent(tables, world) { pending } else { 0 }
    }

    /// Whether two nodes have been asked to write one key, and read it differently: neither knows all of the other.
    fn contends(&self, tables: &Tables<N>, world: &World) -> bool {
        self.rivals.0.iter().any(|Rival { requests, nodes: [one, other], key }| {
            let reads = |id: MasterId| &tables.readings[tables.locals[world.node(id)].readings][*key];
            world.asked.made & requests == *requests && reads(*one) != reads(*other)
        })
    }

    /// Whether all nodes have seen some write: by their reports, or without reports, by their readings.
    fn all_hear(&self, tables: &Tables<N>, world: &World) -> bool {
        let local = |id: MasterId| &tables.locals[world.node(id)];
        let seen = self.ids().map(|id| local(id).seen).reduce(|all, one| Some(all? & one?)).flatten();
        let alters = |key: usize| {
            let reads = |number: u32| &tables.readings[tables.locals[number].readings][key];
            self.ids().all(|id| reads(world.node(id)) != reads(self.first_state(id)))
        };
        seen.map_or_else(|| (0..self.bounds.keys.len()).any(alters), |seen| seen != 0)
    }
}
