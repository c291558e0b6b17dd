//! The cluster as a [`Model`]: its steps, and the properties asked of its states, each beside the witness that it was put to
//! the test.

use super::{Action, Cluster, State};
use crate::model::{Model, Property, Sent};
use crate::properties::*;
use crate::scope::Link;
use multimaster::{Kind, Resolver};
use std::ops::ControlFlow;

impl Model for Cluster {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.initial()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.enabled(state, actions);
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        Cluster::step(self, state, *action)
    }

    fn each_step(
        &self,
        state: &State,
        actions: &mut Vec<Action>,
        reach: &mut impl FnMut(usize, &State, &Sent) -> ControlFlow<()>,
    ) {
        Cluster::each_step(self, state, actions, reach);
    }

    fn is_full(&self) -> bool {
        Cluster::is_full(self)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(CONVERGENCE, |cluster: &Self, state| cluster.diverged(state).is_none()),
            Property::always(AGREEMENT, |cluster: &Self, state| !cluster.at_rest(state) || cluster.agrees(state)),
            Property::always(REPAIRABLE, |cluster: &Self, state| cluster.beyond_repair(state).is_none()),
            Property::always(CAUSAL_ORDER, |_, state: &State| {
                state.world.judgements().all(|judged| !judged.out_of_order())
            }),
            Property::always(NO_RESURRECTION, |_, state: &State| {
                state.world.judgements().all(|judged| !judged.resurrects())
            }),
            Property::always(NO_CAUSAL_LOSS, |_, state: &State| {
                state.world.judgements().all(|judged| !judged.lost_causally())
            }),
            Property::always(NO_POLICY_LOSS, |_, state: &State| {
                state.world.judgements().all(|judged| !judged.lost_by_policy())
            }),
            Property::always(NO_TOTAL_LOSS, |_, state: &State| {
                state.world.judgements().all(|judged| !judged.lost_to_nothing())
            }),
            Property::always(NO_INVENTION, |_, state: &State| {
                state.world.judgements().all(|judged| !judged.invented())
            }),
            Property::sometimes(REST, |cluster: &Self, state| cluster.at_rest(state)),
            Property::sometimes(CONFLICT, |_, state: &State| state.world.judgements().any(|judged| judged.conflict())),
            Property::sometimes(LACK, |cluster: &Self, state| cluster.lacks(state)),
            Property::sometimes(DEPENDENCY, |_, state: &State| {
                state.world.judgements().any(|judged| judged.dependency())
            }),
            Property::sometimes(RELAYED, |cluster: &Self, state| cluster.seen_by_all(state)),
        ];
        if self.specification.is_some() {
            let as_specified = |_: &Self, state: &State| state.world.judgements().all(|judged| !judged.misread());
            properties.push(Property::always(SPECIFICATION, as_specified));
        }
        if self.start.iter().any(|replica| replica.rule().kind() == Kind::BoundedCounter) {
            properties.push(Property::always(NO_OVERSELLING, |cluster: &Self, state: &State| {
                !cluster.overspent(state) && state.world.judgements().all(|judged| !judged.below_bound())
            }));
            properties.push(Property::sometimes(REFUSAL, |cluster: &Self, state| cluster.refused(state)));
        }
        match self.scope.link {
            Link::Stream { resets } => {
                if resets > 0 {
                    properties.push(Property::sometimes(RESET, |_, state: &State| {
                        state.world.faults.resets == 0 && state.world.broken == 0
                    }));
                }
            }
            Link::Datagram { losses, duplicates } => {
                if losses > 0 {
                    let lost =
                        |cluster: &Self, state: &State| state.world.faults.losses == 0 && cluster.clients_done(state);
                    properties.push(Property::sometimes(LOSS, lost));
                }
                if duplicates > 0 {
                    properties
                        .push(Property::sometimes(DUPLICATE, |_, state: &State| state.world.faults.duplicates == 0));
                }
                properties.push(Property::sometimes(GAP, |cluster: &Self, state| cluster.gap(state)));
            }
            Link::Running { losses, duplicates } => {
                if losses > 0 {
                    let lost =
                        |cluster: &Self, state: &State| state.world.faults.losses == 0 && cluster.clients_done(state);
                    properties.push(Property::sometimes(LOSS, lost));
                }
                if duplicates > 0 {
                    // Nothing was lost, and nothing is left in flight: both have arrived.
                    let arrived_twice = |cluster: &Self, state: &State| {
                        let lost = state.world.faults.losses < cluster.faults().losses;
                        state.world.faults.duplicates == 0 && !lost && state.world.nothing_flies()
                    };
                    properties.push(Property::sometimes(DUPLICATE, arrived_twice));
                }
                properties.push(Property::sometimes(GAP, |cluster: &Self, state| cluster.gap(state)));
            }
            Link::Soup => properties.push(Property::sometimes(GAP, |cluster: &Self, state| cluster.gap(state))),
        }
        if self.scope.batch > 1 {
            properties.push(Property::sometimes(BATCH, |cluster: &Self, state| cluster.batch(state)));
        }
        if self.scope.log.is_some() {
            properties.push(Property::sometimes(CROSSED, |cluster: &Self, state| cluster.crossed(state)));
        }
        properties.extend(self.asked_of_own());
        properties
    }
}
