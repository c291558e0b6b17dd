//! What is asked of every state of a [`Cluster`]: the properties, and beside each the witness that it was put to the
//! test.

use crate::cluster::{Action, Cluster, State};
use crate::model::{Model, Property, Sent};
use crate::scope::Link;
use multimaster::{Kind, Resolver};
use std::ops::ControlFlow;

/// Masters that have seen the same changes read the same, in every state.
pub const CONVERGENCE: &str = "convergence";
/// At rest every master has seen every acknowledged write, and all read the same. *Rest*: the clients are done and
/// no delivery, tick or repair alters anything any more.
pub const AGREEMENT: &str = "agreement";
/// If all that is in flight were lost now, one exchange of digests over an edge would bring its receiver up to its sender.
pub const REPAIRABLE: &str = "repairable";
/// No master has seen a write without all that the write had seen.
pub const CAUSAL_ORDER: &str = "causal order";
/// What a seen delete removed is not read, unless a seen write shows it that the delete had not seen: one concurrent to it
/// or later. Judged by what is read, not by what a rule claims; a value that the delete failed to remove counts
/// like one that came back.
pub const NO_RESURRECTION: &str = "no resurrection";
/// No seen write is lost although nothing competed with it, or to a write that it had itself seen. Judged by what is read:
/// a write whose value is read is not lost.
pub const NO_CAUSAL_LOSS: &str = "no causal loss";
/// No seen write is lost to a concurrent write that is read instead.
pub const NO_POLICY_LOSS: &str = "no policy loss";
/// No seen write is lost to concurrent writes of which none is read either.
pub const NO_TOTAL_LOSS: &str = "no total loss";
/// Every value that a reader sees was put there by a seen write, or was made by the rule of such values and shows them.
pub const NO_INVENTION: &str = "no invention";
/// A read is what the rule's [specification](crate::specification) makes of the writes that its master has seen, in every
/// state. Asked of a rule that has one.
pub const SPECIFICATION: &str = "specification";
/// No master has subtracted more of a bounded counter than it had a right to, and none reads one below 0: however many
/// sell at once, no more is sold than there was. Asked of bounded counters.
pub const NO_OVERSELLING: &str = "no overselling";
/// Messages that carry changes end: no cycle of steps sends one. A property of the graph, not of a state: see
/// [`silence`](crate::silence).
pub const FALLS_SILENT: &str = "falls silent";

/// The properties of a cluster, in the order of the table.
pub const ALL: [&str; 12] = [
    CONVERGENCE,
    AGREEMENT,
    REPAIRABLE,
    CAUSAL_ORDER,
    NO_RESURRECTION,
    NO_CAUSAL_LOSS,
    NO_POLICY_LOSS,
    NO_TOTAL_LOSS,
    NO_INVENTION,
    SPECIFICATION,
    NO_OVERSELLING,
    FALLS_SILENT,
];

/// The properties that depend on a rule's [`shows`](Resolver::shows) where a reading alone does not tell.
pub(crate) const BY_CLAIM: [&str; 4] = [NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_TOTAL_LOSS, NO_INVENTION];

/// A master has seen two writes of one key, neither of which had seen the other.
pub const CONFLICT: &str = "a conflict";
/// Rest was reached.
pub const REST: &str = "rest";
/// A neighbour has something that another lacks.
pub const LACK: &str = "something to repair";
/// A master has seen another's write that had seen a third's, or its own.
pub const DEPENDENCY: &str = "a dependent write";
/// A change has reached a master and is not passed on.
pub const RELAYED: &str = "a change seen by all";
/// A rule would not do what a client asked: the client is told so at once, and nothing was acknowledged.
pub const REFUSAL: &str = "a refusal";
/// A message was lost and the clients are done.
pub const LOSS: &str = "a loss";
/// A message was delivered twice.
pub const DUPLICATE: &str = "a duplicate";
/// A message arrived that builds on something not seen.
pub const GAP: &str = "a gap";
/// A stream was reset.
pub const RESET: &str = "a reset";
/// Two neighbours each need the other's snapshot.
pub const CROSSED: &str = "crossed snapshots";
/// A message in flight, or next on a stream, carries more than one change.
pub const BATCH: &str = "a batch";

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
