//! What is explored: a [`Model`], its initial states, its steps, and the [properties](Property) of its states.

use multimaster::Dot;
use serde::Serialize;
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::ControlFlow;

/// The changes that a step puts under way, each as often as there are messages that carry it.
pub type Sent = SmallVec<[Dot; 4]>;

/// A state machine whose states can all be visited: initial states, and the steps between states.
pub trait Model: Send + Sync + Sized + 'static {
    /// A state.
    type State: Situation;
    /// A step, as far as it can be told without the state that it starts from.
    type Action: Step;

    /// The states to begin with.
    fn init_states(&self) -> Vec<Self::State>;

    /// Adds the actions that are possible in `state` to `actions`, always in the same order.
    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>);

    /// The state after `action` and the changes sent on the way; `None` if nothing is different.
    fn step(&self, state: &Self::State, action: &Self::Action) -> Option<(Self::State, Sent)>;

    /// Takes every step that is possible in `state`, with room for them in `actions`. `reach` is told of those that alter
    /// something, in order: its place among those possible, where it leads, and the changes sent on the way. No more steps
    /// are taken once it breaks. It asks the model for nothing but [`within_boundary`](Self::within_boundary): the rest
    /// may be locked meanwhile.
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

    /// Whether `state` is to be explored. A state outside the boundary is left out, and the exploration is then not
    /// exhaustive.
    fn within_boundary(&self, _state: &Self::State) -> bool {
        true
    }

    /// What is asked of every state.
    fn properties(&self) -> Vec<Property<Self>>;

    /// Whether its numbers for states are about to run out: an exploration then stops, and is not exhausted.
    fn is_full(&self) -> bool {
        false
    }
}

/// A state of a model.
pub trait Situation: Clone + PartialEq + Hash + Debug + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Hash + Debug + Send + Sync + 'static> Situation for T {}

/// An action of a model.
pub trait Step: Clone + PartialEq + Debug + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Debug + Send + Sync + 'static> Step for T {}

/// What is expected of a property's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Expectation {
    /// It is true in every reachable state.
    Always,
    /// It is true in some state of every schedule. This is not judged here.
    Eventually,
    /// It is true in some reachable state.
    Sometimes,
}

/// Whether a condition is true in a state of this model.
type Condition<M> = dyn Fn(&M, &<M as Model>::State) -> bool + Send + Sync;

/// What is asked of the states of a model.
pub struct Property<M: Model> {
    /// What is expected of the condition.
    pub expectation: Expectation,
    /// The property's name. No two properties of a model have the same.
    pub name: &'static str,
    /// The condition.
    pub condition: Box<Condition<M>>,
}

impl<M: Model> Property<M> {
    /// Something that is true in every reachable state.
    pub fn always(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Property::new(Expectation::Always, name, condition)
    }

    /// Something that comes true in every schedule.
    pub fn eventually(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Property::new(Expectation::Eventually, name, condition)
    }

    /// A witness: something that is true in some reachable state.
    pub fn sometimes(name: &'static str, condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static) -> Self {
        Property::new(Expectation::Sometimes, name, condition)
    }

    /// A property of which this is expected.
    pub fn new(
        expectation: Expectation,
        name: &'static str,
        condition: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Self {
        Property { expectation, name, condition: Box::new(condition) }
    }
}
