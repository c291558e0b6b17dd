//! The record of a running cluster. The model repeats the run, and takes each choice from an [`Event`].

use crate::{Dot, Key, Layout, MasterId, Message, Op, Outcome, Reading, Refusal, Topology, VersionVector};
use std::collections::BTreeSet;

/// The first line of a record: the setting that is needed to replay it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Setting {
    /// The rule's name in scenario files.
    pub rule: String,
    /// The topology of the cluster.
    pub topology: Topology,
    /// The number of shards.
    pub layout: Layout,
    /// Whether the masters collect tombstones.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub collects: bool,
}

/// One event and its number. The events of one master's shard are numbered in the order in which they happened under
/// its lock, and the delivery of a message has a greater number than its sending. So the model can take the steps in
/// the order of the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Recorded<S, E> {
    /// The number of the event, unique in the cluster.
    pub number: u64,
    /// The shard of the event. Shards replicate independently, so each shard is replayed by itself.
    pub shard: usize,
    /// The event.
    pub event: Event<S, E>,
}

/// Writes a record in the format that `multimaster conform` reads: the setting and each event as one line of JSON.
///
/// Requires the feature `serde`.
///
/// # Errors
/// Those of `out`.
#[cfg(feature = "serde")]
pub fn write<S: serde::Serialize, E: serde::Serialize>(
    mut out: impl std::io::Write,
    setting: &Setting,
    events: &[Recorded<S, E>],
) -> std::io::Result<()> {
    serde_json::to_writer(&mut out, setting)?;
    for event in events {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, event)?;
    }
    out.write_all(b"\n")
}

/// Something that happened to one shard of a running cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields))]
pub enum Event<S, E> {
    /// A client wrote.
    Write {
        /// The client's master.
        at: MasterId,
        /// The key.
        key: Key,
        /// The operation.
        op: Op,
        /// The answer to the client.
        answer: Result<Dot, Refusal>,
    },
    /// A client read.
    Read {
        /// The client's master.
        at: MasterId,
        /// The key.
        key: Key,
        /// The reading.
        reading: Reading,
    },
    /// The next changes were taken from a log and sent: [`Replica::next_push`](crate::Replica::next_push).
    Push {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// The most changes taken.
        max: usize,
    },
    /// A digest was sent: [`Replica::digest`](crate::Replica::digest).
    Ask {
        /// The receiver of changes, which sent its digest.
        #[cfg_attr(feature = "serde", serde(alias = "asker"))]
        receiver: MasterId,
        /// The sender of changes.
        #[cfg_attr(feature = "serde", serde(alias = "feeder"))]
        sender: MasterId,
    },
    /// A digest arrived, and its answer, if any, was sent: [`Replica::answer`](crate::Replica::answer).
    Answer {
        /// The sender of changes, which answered.
        #[cfg_attr(feature = "serde", serde(alias = "feeder"))]
        sender: MasterId,
        /// The receiver of changes.
        #[cfg_attr(feature = "serde", serde(alias = "asker"))]
        receiver: MasterId,
        /// The receiver's digest.
        digest: VersionVector,
        /// The most changes in the answer.
        max: usize,
    },
    /// A message arrived: [`Replica::receive`](crate::Replica::receive).
    Deliver {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// The message.
        message: Message<S, E>,
        /// The outcome at the receiver.
        outcome: Outcome,
    },
    /// A message in flight was lost.
    Lose {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// The lost message.
        message: Message<S, E>,
    },
    /// A message in flight was duplicated.
    Duplicate {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// The duplicated message.
        message: Message<S, E>,
    },
    /// A master told a neighbour what it knows of the progress of all: [`Replica::progress`](crate::Replica::progress).
    Tell {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// What a neighbour told last arrived: [`Replica::learn`](crate::Replica::learn).
    Learn {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A master dropped the tombstones of these keys: [`Replica::collect_key`](crate::Replica::collect_key).
    Collect {
        /// The master.
        at: MasterId,
        /// The keys.
        keys: Vec<Key>,
    },
    /// What a master had seen was taken for its store. It is on disk when the next flush begins.
    Flush {
        /// The master.
        at: MasterId,
        /// Whether the whole state was taken; if not, the changes that the store lacks.
        whole: bool,
    },
    /// A master that had crashed is up again, with what its store holds.
    Reopen {
        /// The master.
        at: MasterId,
        /// The changes in its store.
        seen: VersionVector,
    },
    /// A log was cut: [`Replica::truncate`](crate::Replica::truncate).
    Truncate {
        /// The master.
        at: MasterId,
        /// The number of entries kept.
        keep: usize,
    },
    /// A clock was stepped: [`Replica::advance_clock`](crate::Replica::advance_clock).
    Advance {
        /// The master.
        at: MasterId,
        /// The least time that the clock shows now.
        now: u64,
    },
    /// A link was cut: from now on no change arrives over it, and no digest that asks for changes.
    Cut {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A cut link was healed.
    Heal {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A master's state was saved.
    Save {
        /// The master.
        at: MasterId,
    },
    /// A master crashed. It is down until it restarts.
    Crash {
        /// The master.
        at: MasterId,
        /// What it has kept.
        kept: Kept,
        /// The origin of its writes after the restart; `None` if it has kept all that it has sent.
        fresh: Option<MasterId>,
    },
    /// A master that had crashed is up again: [`Replica::restart`](crate::Replica::restart).
    Restart {
        /// The master.
        at: MasterId,
    },
    /// A master was told to bypass others, which are gone for good: [`Replica::change_topology`](crate::Replica::change_topology).
    Bypass {
        /// The master.
        at: MasterId,
        /// The masters that are gone for good, all of them. Ids that no master has, because they are fresh origins, may be
        /// among them. Empty if masters have only joined.
        dead: BTreeSet<MasterId>,
    },
    /// A master learns that a new master joins. The new master learns of it last, and begins without state.
    Admit {
        /// The master that was told.
        at: MasterId,
        /// The new master. No master and no origin ever had this id.
        id: MasterId,
        /// The neighbours that send to it.
        hears_from: BTreeSet<MasterId>,
        /// The neighbours that it sends to.
        sends_to: BTreeSet<MasterId>,
        /// The edges that end.
        replaces: BTreeSet<(MasterId, MasterId)>,
    },
}

/// What a master that crashed has kept of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Kept {
    /// All.
    All,
    /// Its state when it was last [saved](crate::Cluster::save); nothing if it never was.
    Saved,
    /// Nothing.
    Nothing,
    /// What its store holds: see `Cluster::reopen`, with the feature `durable`. No message reflects more.
    Stored,
}
