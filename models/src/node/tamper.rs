//! Breaking the protocol on purpose: what a property is worth is shown by a protocol that it rejects.

use crate::node::any_rule::{AnyMessage, AnyReplica};
use multimaster::{MasterId, Outcome, Replica};

/// Changes to what masters send and how they take in what arrives. The shipping [`Replica`] stays as it is: a mutant is
/// this wrapper around it, or a rule.
///
/// What they do must follow from what they are given alone, and not from how far a neighbour has been sent the log: an
/// exploration does each step of a master once, and remembers what came of it.
pub struct Tamper {
    /// Alters a message on its way out; false if it is not sent at all.
    pub send: fn(&AnyReplica, MasterId, &mut AnyMessage) -> bool,
    /// Stands for [`Replica::receive`].
    pub receive: fn(&mut AnyReplica, MasterId, AnyMessage) -> Outcome,
    /// Whether masters ever ask for what they lack without being prompted by a gap.
    pub ticks: bool,
    /// Whether what had been seen before is passed on once more.
    pub forwards_duplicates: bool,
    /// Whether a message that would do nothing now may do something later, and so is kept until it is delivered.
    pub repeats_count: bool,
}

impl Default for Tamper {
    /// Alters nothing.
    fn default() -> Self {
        Tamper {
            send: |_, _, _| true,
            receive: Replica::receive,
            ticks: true,
            forwards_duplicates: false,
            repeats_count: false,
        }
    }
}
