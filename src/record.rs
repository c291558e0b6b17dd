//! What happened in a running cluster, as the choices that its model would have to make: [`Event`].

use crate::{Dot, Key, Layout, MasterId, Message, Op, Outcome, Reading, Refusal, Topology, VersionVector};
use serde::{Deserialize, Serialize};
use std::io;

/// What must be known to replay a record: its first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The rule's name in scenario files.
    pub rule: String,
    /// Who sent changes to whom.
    pub topology: Topology,
    /// How keys were spread.
    pub layout: Layout,
}

/// One event and its place. Events of one master's shard are numbered in the order in which its lock was held, and a
/// message is delivered after it was sent: so the numbers are an order in which the model can take the steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded<S, E> {
    /// Counted over the whole cluster.
    pub number: u64,
    /// Of which shard: each is a replica group, and so a run, of its own.
    pub shard: usize,
    /// What happened.
    pub event: Event<S, E>,
}

/// Writes a record as JSON, a line each: what `multimaster conform` reads.
///
/// # Errors
/// Of the writer.
pub fn write<S: Serialize, E: Serialize>(
    mut out: impl io::Write,
    setting: &Setting,
    events: &[Recorded<S, E>],
) -> io::Result<()> {
    serde_json::to_writer(&mut out, setting)?;
    for event in events {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, event)?;
    }
    out.write_all(b"\n")
}

/// Something that happened to one shard of a running cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Event<S, E> {
    /// A client wrote.
    Write {
        /// Where.
        at: MasterId,
        /// Which key.
        key: Key,
        /// What it asked.
        op: Op,
        /// What it was told.
        answer: Result<Dot, Refusal>,
    },
    /// A client read.
    Read {
        /// Where.
        at: MasterId,
        /// Which key.
        key: Key,
        /// What it was shown.
        reading: Reading,
    },
    /// The next changes were taken from a log and sent: [`Replica::next_push`](crate::Replica::next_push).
    Push {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// At most so many changes.
        max: usize,
    },
    /// A digest was sent: [`Replica::digest`](crate::Replica::digest).
    Ask {
        /// Who asks.
        asker: MasterId,
        /// Whom.
        feeder: MasterId,
    },
    /// A digest arrived, and its answer, if any, was sent: [`Replica::answer`](crate::Replica::answer).
    Answer {
        /// Whom was asked.
        feeder: MasterId,
        /// Who asked.
        asker: MasterId,
        /// What the asker said it had seen.
        digest: VersionVector,
        /// At most so many changes.
        max: usize,
    },
    /// A message arrived: [`Replica::receive`](crate::Replica::receive).
    Deliver {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// What arrived.
        message: Message<S, E>,
        /// What became of it.
        outcome: Outcome,
    },
    /// A message was lost on its way.
    Lose {
        /// The sender.
        from: MasterId,
        /// The receiver that does not get it.
        to: MasterId,
        /// What is lost.
        message: Message<S, E>,
    },
    /// A message in flight became two.
    Duplicate {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// What will arrive once more.
        message: Message<S, E>,
    },
    /// A log was cut: [`Replica::truncate`](crate::Replica::truncate).
    Truncate {
        /// Whose.
        at: MasterId,
        /// To so many entries.
        keep: usize,
    },
}
