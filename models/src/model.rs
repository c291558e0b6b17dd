//! The interface of the search: a [`Model`] has initial states, steps, and [properties](Property) of its states.

pub(crate) mod bytes;
mod goal;

pub use bytes::Codec;
pub use goal::{Aim, Goal};

use multimaster::Dot;
use serde::Serialize;
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::ControlFlow;

/// The changes that a step puts in flight, each once for every message that carries it.
pub type Sent = SmallVec<[Dot; 4]>;

/// A state machine that can be explored: initial states, and steps between states.
pub trait Model: Send + Sync + Sized + 'static {
    /// A state.
    type State: Situation;
    /// A step, independent of the state that it starts from.
    type Action: Step;

    /// The initial states, in a fixed order.
    fn init_states(&self) -> Vec<Self::State>;

    /// Adds the actions that are possible in `state` to `actions`, always in the same order.
    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>);

    /// The state after `action`, and the changes sent; `None` if the state is unchanged.
    fn step(&self, state: &Self::State, action: &Self::Action) -> Option<(Self::State, Sent)>;

    /// Takes every step that is possible in `state`, and calls `reach` for those that alter it, in order: the step's
    /// index among those possible, the next state, and the changes sent. Stops once `reach` breaks. `actions` is a
    /// buffer. The model may be locked during the call, so the only method of the model that `reach` may call is
    /// [`within_boundary`](Self::within_boundary).
    fn each_step(
        &self,
        state: &Self::State,
        actions: &mut Vec<Self::Action>,
        reach: &mut impl FnMut(usize, &Self::State, &Sent) -> ControlFlow<()>,
    ) {
        actions.clear();
        self.actions(state, actions);
        for (place, action) in actions.iter().enumerate() {
            if let Some((next, sent)) = self.step(state, action)
                && reach(place, &next, &sent).is_break()
            {
                return;
            }
        }
    }

    /// Whether `state` is to be explored. If a state lies outside the boundary, it is left out, and the exploration is
    /// not exhaustive.
    fn within_boundary(&self, _state: &Self::State) -> bool {
        true
    }

    /// The properties, in the order of reports.
    fn properties(&self) -> Vec<Property<Self>>;

    /// The class of the action under weak fairness: a class of which some action can alter the state, now and from now
    /// on, is taken in the end. `None`: the action may be put off for ever.
    fn fair_class(&self, _action: &Self::Action) -> Option<u64> {
        None
    }

    /// The liveness properties, in the order of reports.
    fn goals(&self) -> Vec<Goal<Self>> {
        Vec::new()
    }

    /// Whether the model's numbers for parts of states are about to run out. The exploration then stops, not exhausted.
    fn is_full(&self) -> bool {
        false
    }

    /// An equal model for another thread of the search, with caches of its own. States of one are states of the other,
    /// with the same hash. `None` if all threads use this model, as they may: it is [`Sync`].
    fn fork(&self) -> Option<Self> {
        None
    }

    /// Whether a step locks the whole model, so that several threads would take turns.
    fn takes_turns(&self) -> bool {
        false
    }

    /// Prepares a fork for states that other forks have found up to now.
    fn meet(&self) {}

    /// Takes over a state that another fork has found.
    fn adopt(&self, _state: &mut Self::State) {}

    /// The states as bytes, so that a search can keep them on disk; `None` if they can only be in memory.
    fn codec(&self) -> Option<&dyn Codec<Self::State>> {
        None
    }
}

/// A state of a model.
pub trait Situation: Clone + PartialEq + Hash + Debug + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Hash + Debug + Send + Sync + 'static> Situation for T {}

/// An action of a model.
pub trait Step: Clone + PartialEq + Debug + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Debug + Send + Sync + 'static> Step for T {}

/// The expectation of a property's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Expectation {
    /// The condition is true in every reachable state.
    Always,
    /// The condition is true in some state of every schedule. The engine does not judge this.
    Eventually,
    /// The condition is true in some reachable state.
    Sometimes,
}

/// A predicate on the states of a model.
type Condition<M> = dyn Fn(&M, &<M as Model>::State) -> bool + Send + Sync;

/// A property of a model's states.
pub struct Property<M: Model> {
    /// What is expected of the condition.
    pub expectation: Expectation,
    /// The property's name, unique in its model.
    pub name: &'static str,
    /// The condition.
    pub condition: Box<Condition<M>>,
}

impl<M: Model> Property<M> {
    /// A property that is true in every reachable state.
    pub fn always(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Property::new(Expectation::Always, name, condition)
    }

    /// A property that becomes true in every schedule.
    pub fn eventually(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Property::new(Expectation::Eventually, name, condition)
    }

    /// A witness: true in some reachable state.
    pub fn sometimes(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Property::new(Expectation::Sometimes, name, condition)
    }

    /// A property with this expectation.
    pub fn new(
        expectation: Expectation,
        name: &'static str,
        condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Self {
        Property { expectation, name, condition: Box::new(condition) }
    }
}
