//! Deliberate faults of the protocol. A property is worth something only if it rejects a broken protocol.

use crate::node::any_rule::{AnyMessage, AnyReplica};
use multimaster::{MasterId, Outcome, Replica, VersionVector};

/// Alters the messages that masters send and how masters receive them. The shipping [`Replica`] is unchanged: a mutant
/// is this wrapper around it, or a rule.
///
/// The functions must depend only on their arguments, and not on a neighbour's cursor in the log: an exploration
/// computes each step of a master once and remembers the result.
#[derive(Clone)]
pub struct Tamper {
    /// Alters an outgoing message; false drops it.
    pub send: fn(&AnyReplica, MasterId, &mut AnyMessage) -> bool,
    /// Replaces [`Replica::receive`].
    pub receive: fn(&mut AnyReplica, MasterId, AnyMessage) -> Outcome,
    /// Whether masters send digests at ticks, and not only after a gap.
    pub ticks: bool,
    /// Whether a duplicate is passed on once more.
    pub forwards_duplicates: bool,
    /// Whether such a duplicate ends at the origin of its changes, which recognizes them.
    pub ends_at_origin: bool,
    /// Whether a master that restarts without some of its state keeps its origin.
    pub keeps_origin: bool,
    /// Whether all masters that restart without some of their state get the same origin.
    pub reuses_origins: bool,
    /// Whether a message that would have no effect now may have one later, so that it stays in flight until delivered.
    pub repeats_count: bool,
    /// Replaces [`Replica::seen_by_all`].
    pub seen_by_all: fn(&AnyReplica) -> VersionVector,
    /// Whether a master that restarts without some of its state has also forgotten the time, where tombstones are
    /// collected.
    pub clock_goes_back: bool,
    /// Whether messages that a master sent before it restarted without some of its state may arrive after that, where
    /// tombstones are collected.
    pub hears_earlier_selves: bool,
}

impl Default for Tamper {
    /// Alters nothing.
    fn default() -> Self {
        Tamper {
            send: |_, _, _| true,
            receive: Replica::receive,
            ticks: true,
            forwards_duplicates: false,
            ends_at_origin: false,
            keeps_origin: false,
            reuses_origins: false,
            repeats_count: false,
            seen_by_all: Replica::seen_by_all,
            clock_goes_back: false,
            hears_earlier_selves: false,
        }
    }
}
