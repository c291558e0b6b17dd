//! What can be checked: [`Subject`].

use multimaster::{Dot, VersionVector};
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::Hash;
use std::ops::ControlFlow;

/// The changes that a step puts under way, each as often as there are messages that carry it.
pub type Sent = SmallVec<[Dot; 4]>;

/// A stateright model that can also say what it does in words, and what it sends.
pub trait Subject: stateright::Model<State: Situation, Action: Step> + Send + Sync + 'static {
    /// The state after `action` and the changes sent on the way; `None` if nothing is different. What
    /// [`next_state`](stateright::Model::next_state) gives, and more.
    fn step(&self, state: &Self::State, action: &Self::Action) -> Option<(Self::State, Sent)>;

    /// Takes every step that is possible in `state`, with room for them in `actions`. `reach` is told of those that alter
    /// something, in order: its place among those possible, where it leads, and the changes sent on the way. No more steps
    /// are taken once it breaks. It asks the subject for nothing but
    /// [`within_boundary`](stateright::Model::within_boundary): the rest may be locked meanwhile.
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

    /// Whether its numbers for states are about to run out: an exploration then stops, and is not exhausted.
    fn is_full(&self) -> bool {
        false
    }

    /// The step as one line of a trace. No two steps that are possible in one state are described alike.
    fn describe(&self, state: &Self::State, action: &Self::Action) -> String;

    /// What became of the step, where that is not plain: a gap, a refusal, a duplicate.
    fn remark(&self, state: &Self::State, action: &Self::Action) -> Option<String>;

    /// The masters' names, in order.
    fn masters(&self) -> Vec<String>;

    /// What each master reads: one entry a master, `key=value` for every key written.
    fn readings(&self, state: &Self::State) -> Vec<String>;

    /// In words, why the property named so is false in this state; `None` if it is true.
    fn complaint(&self, property: &str, state: &Self::State) -> Option<String>;

    /// The arrow of a sequence diagram that the step draws.
    fn arrow(&self, state: &Self::State, action: &Self::Action) -> Arrow;

    /// Why the witness of this name cannot be reached, where the requests alone explain it.
    fn why_unreached(&self, _witness: &str) -> Option<String> {
        None
    }

    /// The client whose next request the step makes, by its place in the scope.
    fn client(&self, _action: &Self::Action) -> Option<usize> {
        None
    }

    /// Whether in some state so far it could not be told what was lost: only the rule's untested claim says so.
    fn is_unsure(&self) -> bool {
        false
    }

    /// What each master has seen; empty where that is not known by version vectors.
    fn seen(&self, _state: &Self::State) -> Vec<VersionVector> {
        Vec::new()
    }
}

/// A state of a subject.
pub trait Situation: Clone + PartialEq + Hash + Debug + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Hash + Debug + Send + Sync + 'static> Situation for T {}

/// An action of a subject.
pub trait Step: Clone + PartialEq + Debug + Send + Sync + 'static {}
impl<T: Clone + PartialEq + Debug + Send + Sync + 'static> Step for T {}

/// How a step looks in a sequence diagram. Masters by their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// Something that happens at one master.
    At(usize, String),
    /// A message that arrives.
    Arrives {
        /// The sender.
        from: usize,
        /// The receiver.
        to: usize,
        /// What it carries.
        label: String,
        /// Whether it will arrive once more.
        again: bool,
    },
    /// A message that is lost.
    Lost {
        /// The sender.
        from: usize,
        /// The receiver that never gets it.
        to: usize,
        /// What it carried.
        label: String,
    },
    /// A master asks a neighbour for what it lacks.
    Asks {
        /// Who asks.
        from: usize,
        /// Whom.
        to: usize,
    },
}
