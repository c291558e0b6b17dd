//! The cluster as a [`Model`]: its steps and its properties, with the witnesses that show that the properties were put
//! to the test.

use super::{ClusterModel, InShard, State};
use crate::model::{Codec, Goal, Model, Property, Sent};
use crate::properties::*;
use crate::scope::{Collected, Failures, Level, LinkKind};
use crate::world::World;
use crate::world::memo::Tables;
use crate::world::sessions::Guarantee;
use multimaster::{Kind, Resolver};
use std::ops::ControlFlow;

impl Model for ClusterModel {
    type State = State;
    type Action = InShard;

    fn init_states(&self) -> Vec<State> {
        vec![self.initial()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<InShard>) {
        self.enabled(state, actions);
    }

    fn step(&self, state: &State, step: &InShard) -> Option<(State, Sent)> {
        ClusterModel::step(self, state, *step)
    }

    fn each_step(
        &self,
        state: &State,
        actions: &mut Vec<InShard>,
        reach: &mut impl FnMut(usize, &State, &Sent) -> ControlFlow<()>,
    ) {
        ClusterModel::each_step(self, state, actions, reach);
    }

    fn is_full(&self) -> bool {
        ClusterModel::is_full(self)
    }

    fn fork(&self) -> Option<Self> {
        Some(ClusterModel::fork(self))
    }

    fn meet(&self) {
        self.tables().catch_up();
    }

    fn adopt(&self, state: &mut State) {
        state.move_to(&self.tables);
    }

    fn codec(&self) -> Option<&dyn Codec<State>> {
        Some(self)
    }

    fn fair_class(&self, step: &InShard) -> Option<u64> {
        self.fair_class_of(*step)
    }

    fn goals(&self) -> Vec<Goal<Self>> {
        self.aims()
    }

    fn properties(&self) -> Vec<Property<Self>> {
        if self.article.is_some() {
            return self.article_properties();
        }
        let mut properties = vec![
            always(CONVERGENCE, |cluster, world| cluster.diverged(world).is_none()),
            always(AGREEMENT, |cluster, world| !cluster.is_quiescent(world) || cluster.agrees(world)),
            always(REPAIRABLE, |cluster, world| cluster.beyond_repair(world).is_none()),
            self.causal_order(),
            always(NO_RESURRECTION, |_, world| world.judgements().all(|judged| !judged.resurrects())),
            always(NO_CAUSAL_LOSS, |_, world| world.judgements().all(|judged| !judged.lost_causally())),
            always(NO_POLICY_LOSS, |_, world| world.judgements().all(|judged| !judged.lost_by_policy())),
            always(NO_TOTAL_LOSS, |_, world| world.judgements().all(|judged| !judged.lost_to_nothing())),
            always(NO_INVENTION, |_, world| world.judgements().all(|judged| !judged.invented())),
            Property::sometimes(QUIESCENCE, |cluster: &Self, state: &State| {
                state.shards.iter().all(|world| cluster.is_quiescent(world))
            }),
            sometimes(CONFLICT, |_, world| world.judgements().any(|judged| judged.conflict())),
            sometimes(LACK, |cluster, world| cluster.lacks(world)),
            sometimes(DEPENDENCY, |_, world| world.judgements().any(|judged| judged.dependency())),
            sometimes(RELAYED, |cluster, world| cluster.seen_by_all(world)),
        ];
        if self.specification.is_some() {
            let as_specified =
                |_: &ClusterModel, world: &World<Tables>| world.judgements().all(|judged| !judged.misread());
            properties.push(always(SPECIFICATION, as_specified));
        }
        if self.start.iter().any(|replica| replica.rule().kind() == Kind::BoundedCounter) {
            properties.push(always(NO_OVERSELLING, |cluster, world| {
                !cluster.overspent(world) && world.judgements().all(|judged| !judged.below_bound())
            }));
            properties.push(sometimes(REFUSAL, |cluster, world| cluster.refused(world)));
        }
        match self.scope.link {
            LinkKind::Stream { resets } => {
                if resets > 0 {
                    properties.push(sometimes(RESET, |_, world| world.faults.resets == 0 && world.broken == 0));
                }
            }
            LinkKind::Datagram { losses, duplicates } => {
                if losses > 0 {
                    let lost = |cluster: &ClusterModel, world: &World<Tables>| {
                        world.faults.losses == 0 && cluster.clients_done(world)
                    };
                    properties.push(sometimes(LOSS, lost));
                }
                if duplicates > 0 {
                    properties.push(sometimes(DUPLICATE, |_, world| world.faults.duplicates == 0));
                }
                properties.push(sometimes(GAP, |cluster, world| cluster.gap(world)));
            }
            LinkKind::Running { losses, duplicates } => {
                if losses > 0 {
                    let lost = |cluster: &ClusterModel, world: &World<Tables>| {
                        world.faults.losses == 0 && cluster.clients_done(world)
                    };
                    properties.push(sometimes(LOSS, lost));
                }
                if duplicates > 0 {
                    // Nothing was lost or is in flight, so both copies have arrived.
                    let arrived_twice = |cluster: &ClusterModel, world: &World<Tables>| {
                        let lost = world.faults.losses < cluster.faults().losses;
                        world.faults.duplicates == 0 && !lost && world.nothing_in_flight()
                    };
                    properties.push(sometimes(DUPLICATE, arrived_twice));
                }
                properties.push(sometimes(GAP, |cluster, world| cluster.gap(world)));
            }
            LinkKind::Soup => properties.push(sometimes(GAP, |cluster, world| cluster.gap(world))),
            LinkKind::Channel { .. } => {}
        }
        properties.extend(self.of_failures());
        if self.scope.batch > 1 {
            properties.push(sometimes(BATCH, |cluster, world| cluster.batch(world)));
        }
        if self.scope.log.is_some() {
            properties.push(sometimes(CROSSED, |cluster, world| cluster.crossed(world)));
        }
        properties.extend(self.own_conditions());
        if self.has_shards() {
            properties.push(Property::sometimes(ACROSS, ClusterModel::depends_across));
        }
        properties
    }
}

impl ClusterModel {
    /// The properties and witnesses of worlds with cuts, crashes and sessions.
    fn of_failures(&self) -> Vec<Property<ClusterModel>> {
        let mut properties = Vec::new();
        let Failures { cuts, crashes, level, .. } = self.scope.failures;
        if cuts > 0 {
            properties.push(sometimes(CUT, |cluster, world| {
                let healed = world.failed.as_ref().is_some_and(|failed| failed.cuts == 0 && failed.severed == 0);
                healed && cluster.clients_done(world)
            }));
        }
        if crashes > 0 {
            properties.push(always(DURABILITY, |cluster, world| {
                !cluster.is_quiescent(world) || cluster.gone(world).is_none()
            }));
            properties.push(sometimes(CRASH, |cluster, world| {
                world.failed.as_ref().is_some_and(|failed| failed.crashes == 0) && cluster.clients_done(world)
            }));
        }
        if matches!(level, Level::HeldBy(_)) || self.scope.clocks.are_hybrid() {
            properties.push(always(AVAILABILITY, |cluster, world| {
                let waits = || cluster.unacknowledged(world).is_some();
                !cluster.is_quiescent(world) || (!waits() && cluster.out_of_time(world).is_empty())
            }));
        }
        if self.protocol.limits.is_some() {
            properties.push(sometimes(TOO_LATE, |cluster, world| cluster.refuses_a_time(world)));
        }
        if self.scope.collected != Collected::Never {
            properties.push(sometimes(COLLECTED, |cluster, world| cluster.has_collected(world)));
        }
        if !self.scope.sessions.is_empty() {
            let keeps = |name, guarantee| {
                always(name, move |_, world| !world.sessions().iter().any(|session| session.has_broken(guarantee)))
            };
            properties.push(keeps(READ_YOUR_WRITES, Guarantee::ReadYourWrites));
            properties.push(keeps(MONOTONIC_READS, Guarantee::MonotonicReads));
            properties.push(keeps(MONOTONIC_WRITES, Guarantee::MonotonicWrites));
            properties.push(keeps(WRITES_FOLLOW_READS, Guarantee::WritesFollowReads));
            properties.push(sometimes(FAILOVER, |_, world| world.sessions().iter().any(|session| session.moved())));
        }
        properties
    }

    fn causal_order(&self) -> Property<ClusterModel> {
        match self.has_shards() {
            true => Property::always(CAUSAL_ORDER, ClusterModel::in_order_across),
            false => always(CAUSAL_ORDER, |_, world| world.judgements().all(|judged| !judged.out_of_order())),
        }
    }
}

/// A property that is true in every shard of every state.
pub(crate) fn always(
    name: &'static str,
    holds: impl Fn(&ClusterModel, &World<Tables>) -> bool + Send + Sync + 'static,
) -> Property<ClusterModel> {
    Property::always(name, move |cluster: &ClusterModel, State { shards, .. }: &State| {
        holds(cluster, &shards.first) && shards.others().iter().all(|world| holds(cluster, world))
    })
}

/// A witness that is reached in some shard.
pub(crate) fn sometimes(
    name: &'static str,
    reached: impl Fn(&ClusterModel, &World<Tables>) -> bool + Send + Sync + 'static,
) -> Property<ClusterModel> {
    Property::sometimes(name, move |cluster: &ClusterModel, State { shards, .. }: &State| {
        reached(cluster, &shards.first) || shards.others().iter().any(|world| reached(cluster, world))
    })
}
