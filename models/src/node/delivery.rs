//! Delivery guarantees weaker than this protocol's: [`Delivery`].
//!
//! The protocol is unchanged: a [`Tamper`] around it weakens its guarantee.

use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::node::tamper::Tamper;
use multimaster::{Changes, Dot, MasterId, Message, Outcome, VersionVector};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The delivery guarantee on which a rule can rely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Causal delivery, exactly once: each change is applied after all changes that its writer had seen. This is the
    /// protocol's guarantee.
    #[default]
    Causal,
    /// Delivery in the order of each origin, exactly once: a change is applied after the earlier changes of its origin,
    /// not after the changes of others that its writer had seen. This is one replication stream from each origin, none
    /// of which waits for another.
    ///
    /// A push extends only the earlier changes of the origins that it carries.
    Unordered,
    /// Causal delivery, at least once: a change delivered again is applied again, as after a queue's late
    /// acknowledgement, a restart from an old position, or over two paths to one master. A master still drops its own
    /// changes.
    ///
    /// A duplicate message is [applied again](multimaster::Replica::reapply). It is neither logged nor passed on.
    AtLeastOnce,
}

impl Delivery {
    /// The tamper that weakens delivery; `None` for causal delivery.
    pub fn tamper(self) -> Option<Tamper> {
        match self {
            Delivery::Causal => None,
            Delivery::Unordered => Some(Tamper { send: needs_nothing_of_others, ..Tamper::default() }),
            Delivery::AtLeastOnce => Some(Tamper { receive: again, repeats_count: true, ..Tamper::default() }),
        }
    }
}

fn needs_nothing_of_others(_: &AnyReplica, _: MasterId, message: &mut AnyMessage) -> bool {
    if let Message::Push(push) = message {
        push.extends = VersionVector::default();
        let mut carried = BTreeSet::new();
        for change in &push.changes {
            if carried.insert(change.dot.origin()) {
                push.extends.insert(Dot::new(change.dot.origin(), change.dot.seq() - 1));
            }
        }
    }
    true
}

fn again(replica: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
    let changes = match &message {
        Message::Push(push) => push.changes.clone(),
        Message::Snapshot(_) => Changes::new(),
    };
    let outcome = replica.receive(from, message);
    if outcome != Outcome::Duplicate {
        return outcome;
    }
    let mut altered = false;
    let here = replica.id();
    for change in changes.iter().filter(|change| change.dot.origin() != here) {
        altered |= replica.reapply(change);
    }
    if altered { Outcome::Applied } else { Outcome::Duplicate }
}
