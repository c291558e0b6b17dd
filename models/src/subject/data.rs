//! A step as data, for programs in other languages that repeat it: [`StepData`].

use multimaster::Reading;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A step. Masters and dots are named as in schedules: `A`, `A1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum StepData {
    /// A client makes a request at a master.
    Request {
        /// The master.
        at: String,
        /// The request, as in a scenario file.
        request: String,
        /// The answer to the client.
        answer: AnswerData,
    },
    /// A message in flight arrives.
    Deliver {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
        /// The message.
        message: MessageData,
        /// Whether the message stays in flight, to arrive once more.
        stays: bool,
        /// The outcome at the receiver.
        outcome: OutcomeData,
    },
    /// A message in flight is lost.
    Lose {
        /// The sender.
        from: String,
        /// The intended receiver.
        to: String,
        /// The message.
        message: MessageData,
    },
    /// A master's digest reaches a neighbour, whose answer is then in flight.
    Ask {
        /// The master that sends its digest.
        from: String,
        /// The neighbour that answers.
        to: String,
    },
    /// A stream breaks: all that is in flight on it is lost.
    Break {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
    },
    /// A broken stream is restored, and continues after the changes that its receiver has seen.
    Resume {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
    },
}

/// The answer to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerData {
    /// The write is accepted.
    Accepted {
        /// Its name.
        dot: String,
        /// The time of its Lamport timestamp.
        time: u64,
    },
    /// The request is refused, for this reason.
    Refused(String),
}

/// The content of a message. Version vectors give the last sequence number seen of each origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageData {
    /// Changes, for a receiver that has seen all changes of a version vector.
    Push {
        /// The names of the changes, in order.
        changes: Vec<String>,
        /// The version vector that the receiver must have seen.
        extends: BTreeMap<String, u64>,
    },
    /// A whole table, which reflects the changes of a version vector.
    Snapshot {
        /// The version vector.
        seen: BTreeMap<String, u64>,
    },
}

/// The outcome of a message at its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeData {
    /// It altered the receiver's table.
    Applied,
    /// It brought changes that did not alter the table.
    Stale,
    /// The receiver has seen all of it, and does nothing.
    Duplicate,
    /// The receiver lacks something before it, and sends its digest, whose answer is then in flight.
    Gap,
    /// The receiver refused it.
    Refused,
}

/// A reading as JSON: `null` for no value, a text for a register's value, a list for several values or for a set's
/// elements, a number for a counter, a Boolean for a flag, and a list of pairs (a field and its reading) for a map.
pub fn reading_as_json(reading: &Reading) -> Value {
    match reading {
        Reading::Nothing => Value::Null,
        Reading::Value(value) => json!(value.as_str()),
        Reading::Values(values) => values.iter().map(|value| json!(value.as_str())).collect(),
        Reading::Total(total) => json!(total),
        Reading::Elements(elements) => elements.iter().map(|element| json!(element.as_str())).collect(),
        Reading::Flag(on) => json!(on),
        Reading::Fields(fields) => {
            fields.iter().map(|(field, reading)| json!([field.as_str(), reading_as_json(reading)])).collect()
        }
    }
}
