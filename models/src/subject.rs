//! A [`Model`] that can be presented in words and pictures: [`Subject`].

mod data;

use crate::model::Model;
pub use crate::model::Sent;
pub use data::{AnswerData, MessageData, OutcomeData, StepData, reading_as_json};
use std::collections::BTreeMap;

/// A model that also describes its steps and states in words.
pub trait Subject: Model {
    /// The action as one sentence, as far as it is known without the state.
    fn format_action(&self, action: &Self::Action) -> String {
        format!("{action:?}")
    }

    /// The step as one line of a trace. Different steps of one state have different descriptions.
    fn describe(&self, state: &Self::State, action: &Self::Action) -> String;

    /// The outcome of the step, where its description does not tell it: a gap, a refusal, a duplicate.
    fn remark(&self, state: &Self::State, action: &Self::Action) -> Option<String>;

    /// The masters' names, in order.
    fn masters(&self) -> Vec<String>;

    /// The readings of each master, in order: `key=value` for every key written.
    fn readings(&self, state: &Self::State) -> Vec<String>;

    /// The step as data; `None` if the model cannot say it in this form.
    fn as_data(&self, _state: &Self::State, _action: &Self::Action) -> Option<StepData> {
        None
    }

    /// The reading of every key that has a value, master by master in order, as [`reading_as_json`] gives it.
    fn values(&self, _state: &Self::State) -> Vec<BTreeMap<String, serde_json::Value>> {
        Vec::new()
    }

    /// In words, why the property of this name is false in this state; `None` if it is true.
    fn complaint(&self, property: &str, state: &Self::State) -> Option<String>;

    /// The arrow of a sequence diagram that the step draws.
    fn arrow(&self, state: &Self::State, action: &Self::Action) -> Arrow;

    /// Why the witness of this name cannot be reached, if the requests alone explain it.
    fn why_unreached(&self, _witness: &str) -> Option<String> {
        None
    }

    /// Why the property of this name cannot be judged, although no state so far violates it.
    fn not_judged(&self, _property: &str) -> Option<&'static str> {
        None
    }

    /// Whether a judgement of some state so far depends on an untested claim of the rule.
    fn is_unsure(&self) -> bool {
        false
    }
}

/// A step in a sequence diagram. Masters are given by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// An event at one master: its index and label.
    At(usize, String),
    /// A write that carries the time of its master's wall clock.
    Timed(usize, String),
    /// A master crashes or leaves, and is down until it restarts.
    Crash(usize, String),
    /// A master restarts. If it was not down, it crashes and restarts in one step.
    Restart(usize, String),
    /// Paths are cut, or a cut is healed.
    Cut {
        /// The paths, each from a master to a neighbour.
        paths: Vec<(usize, usize)>,
        /// The cut.
        label: String,
        /// Whether the cut is healed.
        healed: bool,
    },
    /// A message that arrives.
    Arrives {
        /// The sender.
        from: usize,
        /// The receiver.
        to: usize,
        /// The message.
        label: String,
        /// Whether the message will arrive once more.
        again: bool,
    },
    /// A message that is lost.
    Lost {
        /// The sender.
        from: usize,
        /// The intended receiver.
        to: usize,
        /// The message.
        label: String,
    },
    /// A master sends a neighbour its digest.
    Asks {
        /// The master whose digest it is.
        from: usize,
        /// The neighbour.
        to: usize,
    },
}

impl Arrow {
    /// The label; an arrow by which a master asks has none.
    pub fn label_mut(&mut self) -> Option<&mut String> {
        match self {
            Arrow::At(_, label) | Arrow::Timed(_, label) | Arrow::Crash(_, label) | Arrow::Restart(_, label) => {
                Some(label)
            }
            Arrow::Cut { label, .. } | Arrow::Arrives { label, .. } | Arrow::Lost { label, .. } => Some(label),
            Arrow::Asks { .. } => None,
        }
    }
}
