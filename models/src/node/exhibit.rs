//! Repairs of other systems, each of which can lose writes that this protocol keeps: [`Exhibit`].

use crate::node::any_rule::{AnyMessage, AnyReplica, Pack};
use crate::node::tamper::Tamper;
use multimaster::{Dot, MasterId, Message, Outcome, Snapshot, VersionVector};
use serde::Deserialize;
use std::sync::Arc;

/// A repair of another system. The protocol is unchanged: a [`Tamper`] around it removes the messages that the other
/// system does not send or accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exhibit {
    /// A master asks for the changes after the latest time that it has seen. A change that arrives late with an earlier
    /// time is left out.
    SinceATime,
    /// A neighbour that needs a truncated change gets no snapshot.
    WithoutSnapshots,
    /// A master refuses a snapshot that lacks one of the master's own writes.
    SnapshotRefused,
    /// A master applies a change although an earlier one of the same origin is missing, and remembers only the latest
    /// one that it has applied. An earlier one that arrives later counts as a duplicate.
    OutOfOrder,
}

impl Exhibit {
    /// The `Tamper` that replaces the protocol's repair.
    pub fn tamper(self) -> Tamper {
        match self {
            Exhibit::SinceATime => Tamper { receive: only_what_is_later, ..Tamper::default() },
            Exhibit::WithoutSnapshots => {
                Tamper { send: |_, _, message| !matches!(message, Message::Snapshot(_)), ..Tamper::default() }
            }
            Exhibit::SnapshotRefused => Tamper { receive: no_snapshot_of_less, ..Tamper::default() },
            Exhibit::OutOfOrder => Tamper { receive: without_waiting, ..Tamper::default() },
        }
    }
}

fn only_what_is_later(replica: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
    let latest = replica.log().map(|change| change.timestamp.time()).max().unwrap_or(0);
    match &message {
        Message::Push(push) if push.changes.iter().all(|change| change.timestamp.time() <= latest) => {
            Outcome::Duplicate
        }
        _ => replica.receive(from, message),
    }
}

fn no_snapshot_of_less(replica: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
    let own = replica.digest().get(replica.origin());
    match &message {
        Message::Snapshot(snapshot) if snapshot.seen.get(replica.origin()) < own => Outcome::Duplicate,
        _ => replica.receive(from, message),
    }
}

/// In place of a gap, the master takes in a snapshot of its own table that claims the missing changes of the push's
/// origins, and then the push.
fn without_waiting(replica: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
    let outcome = replica.receive(from, message.clone());
    let (Outcome::Gap, Message::Push(push)) = (&outcome, &message) else { return outcome };
    let mut seen = replica.digest().clone();
    for origin in push.changes.iter().map(|change| change.dot.origin()) {
        let last = push.extends.get(origin);
        if last > seen.get(origin) {
            seen.insert(Dot::new(origin, last));
        }
    }
    let _ = replica.receive(from, Message::Snapshot(Snapshot { seen, ..own_table(replica) }));
    replica.receive(from, message)
}

/// A snapshot of all that the master has seen.
fn own_table(replica: &AnyReplica) -> Snapshot<Pack> {
    let mut whole = replica.clone();
    whole.truncate(0);
    match whole.answer(&VersionVector::default(), 1) {
        Some(Message::Snapshot(snapshot)) => snapshot,
        _ => Snapshot { seen: VersionVector::default(), clock: 0, table: Arc::default() },
    }
}
