//! Ways in which other systems bring a neighbour up to date, each with a loss that this protocol does not have:
//! [`Exhibit`].

use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::node::tamper::Tamper;
use multimaster::{MasterId, Message, Outcome};
use serde::Deserialize;

/// A way to bring a neighbour up to date. The protocol is unchanged: a [`Tamper`] around it takes away what the other
/// system does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exhibit {
    /// A master keeps its progress as one time, that of the latest write that it has seen, and is sent what is later. A
    /// write that arrives late with an earlier time is left out.
    SinceATime,
    /// The log is cut, and nothing is sent to a neighbour that needs a change from before the cut.
    WithoutSnapshots,
    /// A master that has written something which the snapshot does not contain refuses the snapshot.
    SnapshotRefused,
}

impl Exhibit {
    /// What takes the protocol's own way away.
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
