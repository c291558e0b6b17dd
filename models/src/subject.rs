//! A [`Model`] that can be told of in words and pictures: [`Subject`].

use crate::model::Model;
pub use crate::model::Sent;

/// A model that can also say what it does in words.
pub trait Subject: Model {
    /// The action as one sentence, as far as it can be told without the state.
    fn format_action(&self, action: &Self::Action) -> String {
        format!("{action:?}")
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

    /// Whether in some state so far it could not be told what was lost: only the rule's untested claim says so.
    fn is_unsure(&self) -> bool {
        false
    }
}

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
