//! A [`Model`] that can be presented in words and pictures: [`Subject`].

mod data;

use crate::model::Model;
pub use crate::model::Sent;
pub use data::{AnswerData, MessageData, OutcomeData, StepData, reading_as_json};
use foldhash::quality::FixedState;
use multimaster::MasterId;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash};

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

    /// The class of the action, by which random walks prefer some actions to others.
    fn class(&self, _action: &Self::Action) -> Class {
        Class::default()
    }

    /// A hash of the state's content: the same in every copy of this model, and in every run.
    fn fingerprint(&self, state: &Self::State) -> u64 {
        content_hash(&format!("{state:?}"))
    }
}

/// The class of an action: its kind, and the masters that it concerns, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// The kind, in the plural: `deliveries`.
    pub kind: &'static str,
    /// The role of the actions of this kind in a walk.
    pub role: Role,
    /// The sender, or the one master.
    pub from: usize,
    /// The receiver, or the one master.
    pub to: usize,
}

/// The role of an action in a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A client makes a request.
    Request,
    /// A failure begins.
    Fault,
    /// Any other action.
    Progress,
}

impl Class {
    /// A class that concerns the masters `from` and `to`.
    pub(crate) fn of(kind: &'static str, role: Role, from: MasterId, to: MasterId) -> Class {
        Class { kind, role, from: from.index(), to: to.index() }
    }
}

impl Default for Class {
    fn default() -> Class {
        Class { kind: "steps", role: Role::Progress, from: 0, to: 0 }
    }
}

/// A hash of the value's content, the same in every run.
pub(crate) fn content_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
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
