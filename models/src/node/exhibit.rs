//! Repairs of other systems, each of which can lose writes that this protocol keeps: [`Exhibit`].

use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::node::tamper::Tamper;
use multimaster::{MasterId, Message, Outcome};
use serde::Deserialize;

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
