//! What a node does after one input: [`Turn`].

use super::line::Body;
use crate::fault::quoted;
use crate::system::node::Answer;
use multimaster::{Key, MasterId, Reading};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a node did after one input.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Turn {
    pub(super) sends: Vec<(MasterId, Body)>,
    /// The answers to requests, by number.
    pub(super) answers: Vec<(u32, Answer)>,
    pub(super) readings: BTreeMap<Key, Reading>,
    /// The reply to `state`, if the node is asked.
    pub(super) state: Option<Arc<str>>,
}

impl Turn {
    /// The first difference, continuing "it ".
    pub(super) fn difference(&self, other: &Turn) -> String {
        let both = |what: &str, one: String, other: String| {
            format!("{what} {} in one run, and {} in the other", quoted(&one), quoted(&other))
        };
        if self.sends != other.sends {
            let sent = |turn: &Turn| {
                let sent: Vec<String> = turn.sends.iter().map(|(to, body)| format!("{body:?} to {to}")).collect();
                if sent.is_empty() { "nothing".into() } else { sent.join(", ") }
            };
            return both("sends", sent(self), sent(other));
        }
        if self.readings != other.readings {
            let read = |turn: &Turn| {
                let read: Vec<String> = turn.readings.iter().map(|(key, value)| format!("{key}={value}")).collect();
                read.join(", ")
            };
            return both("reads", read(self), read(other));
        }
        if self.answers != other.answers {
            let answered = |turn: &Turn| {
                let each = |(number, answer): &(u32, Answer)| {
                    let how = match answer {
                        Answer::Done => "with success".into(),
                        Answer::Value(value) => format!("with {value}"),
                        Answer::Refused(_) => "with an error".into(),
                    };
                    format!("msg_id {} {how}", number + 1)
                };
                let answered: Vec<String> = turn.answers.iter().map(each).collect();
                if answered.is_empty() { "no request".into() } else { answered.join(", ") }
            };
            return both("answers", answered(self), answered(other));
        }
        let state = |turn: &Turn| turn.state.as_deref().unwrap_or("none").to_owned();
        both("tells the state", state(self), state(other))
    }
}
