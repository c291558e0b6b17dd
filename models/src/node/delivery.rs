//! How changes are delivered, where a system has less than this protocol gives: [`Delivery`].
//!
//! The protocol stays as it is: what is weaker is a [`Tamper`] around it.

use crate::node::any_rule::{AnyMessage, AnyReplica};
use crate::node::tamper::Tamper;
use multimaster::{Changes, Dot, MasterId, Message, Outcome, VersionVector};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What a rule can rely on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Each change once, after all that its writer had seen: what the protocol gives.
    #[default]
    Causal,
    /// Each change once, after those of the same master before it, but not after what its writer had seen of others: one
    /// replication stream from each origin, and none waits for another.
    ///
    /// A push says only that it extends the earlier changes of the origins it carries.
    Unordered,
    /// Causal, but what is delivered again is applied again, on whatever path it comes: a queue that acknowledges late, a
    /// restart from an old position, two paths to one master. A master still knows its own changes and drops them.
    ///
    /// A message that brings nothing new is [applied again](multimaster::Replica::reapply), and is neither logged nor passed
    /// on again.
    AtLeastOnce,
}

impl Delivery {
    /// What does it; `None` where the protocol is left alone.
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
