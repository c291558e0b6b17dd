//! The properties that are asked of every state, by name, and the witnesses that each was put to the test. The user's
//! own are in [`own_property`], the meaning of each data type in [`specification`].

pub mod own_property;
pub mod specification;

/// Masters that have seen the same changes read the same, in every state.
pub const CONVERGENCE: &str = "convergence";
/// At quiescence every master has seen every acknowledged write, and all read the same. *Quiescence*: the clients are
/// done and no delivery, tick or repair alters anything any more.
pub const AGREEMENT: &str = "agreement at quiescence";
/// If all that is in flight were lost now, one exchange of digests over an edge would bring its receiver up to its
/// sender.
pub const REPAIRABLE: &str = "repairable";
/// No master has seen a write without all that the write had seen.
pub const CAUSAL_ORDER: &str = "causal order";
/// What a seen delete removed is not read, unless a seen write shows it that the delete had not seen: one concurrent to
/// it or later. Judged by what is read, not by what a rule claims; a value that the delete failed to remove counts like
/// one that came back.
pub const NO_RESURRECTION: &str = "no resurrection";
/// No seen write is lost although nothing competed with it, or to a write that it had itself seen. Judged by what is
/// read: a write whose value is read is not lost.
pub const NO_CAUSAL_LOSS: &str = "no causal loss";
/// No seen write is lost to a concurrent write that is read instead.
pub const NO_POLICY_LOSS: &str = "no policy loss";
/// No seen write is lost to concurrent writes of which none is read either.
pub const NO_TOTAL_LOSS: &str = "no total loss";
/// Every value that a reader sees was put there by a seen write, or was made by the rule of such values and shows them.
pub const NO_INVENTION: &str = "no invention";
/// A read is what the rule's [`specification`] makes of the writes that its master has seen, in every
/// state. Asked of a rule that has one.
pub const SPECIFICATION: &str = "specification";
/// No master has subtracted more of a bounded counter than it had a right to, and none reads one below 0: however many
/// sell at once, no more is sold than there was. Asked of bounded counters.
pub const NO_OVERSELLING: &str = "no overselling";
/// Messages that carry changes end: no cycle of steps sends one. A property of the graph, not of a state: see
/// [`silence`](crate::check::silence).
pub const FALLS_SILENT: &str = "falls silent";

/// The properties of a cluster, in the order of the table.
pub const ALL: [&str; 12] = [
    CONVERGENCE,
    AGREEMENT,
    REPAIRABLE,
    CAUSAL_ORDER,
    NO_RESURRECTION,
    NO_CAUSAL_LOSS,
    NO_POLICY_LOSS,
    NO_TOTAL_LOSS,
    NO_INVENTION,
    SPECIFICATION,
    NO_OVERSELLING,
    FALLS_SILENT,
];

/// The properties that depend on a rule's [`shows`](multimaster::Resolver::shows) where a reading alone does not tell.
pub(crate) const BY_CLAIM: [&str; 4] = [NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_TOTAL_LOSS, NO_INVENTION];

/// A master has seen two writes of one key, neither of which had seen the other.
pub const CONFLICT: &str = "a conflict";
/// Quiescence was reached.
pub const QUIESCENCE: &str = "quiescence";
/// A neighbour has something that another lacks.
pub const LACK: &str = "something to repair";
/// A master has seen another's write that had seen a third's, or its own.
pub const DEPENDENCY: &str = "a dependent write";
/// A change has reached a master and is not passed on.
pub const RELAYED: &str = "a change seen by all";
/// A rule would not do what a client asked: the client is told so at once, and nothing was acknowledged.
pub const REFUSAL: &str = "a refusal";
/// A message was lost and the clients are done.
pub const LOSS: &str = "a loss";
/// A message was delivered twice.
pub const DUPLICATE: &str = "a duplicate";
/// A message arrived that builds on something not seen.
pub const GAP: &str = "a gap";
/// A stream was reset.
pub const RESET: &str = "a reset";
/// Two neighbours each need the other's snapshot.
pub const CROSSED: &str = "crossed snapshots";
/// A message in flight, or next on a stream, carries more than one change.
pub const BATCH: &str = "a batch";

/// A master has seen a write that had seen one of another shard.
pub const ACROSS: &str = "a dependency across shards";

/// It never happens that nothing can go on while something still has a change to send.
pub const NO_DEADLOCK: &str = "no deadlock";
/// At quiescence, every master reads of a key that only one master writes what that master reads.
///
/// Told by what is read at quiescence, because no state records in which order the sets of one master were made; and a key
/// with one writer has no conflict, so that nothing but a change of order can set masters apart.
pub const ORDER_KEPT: &str = "order kept";
/// What is asked of the [article's program](crate::world::article), in the order of the table, beside whether it falls
/// silent.
pub const OF_THE_ARTICLE: [&str; 2] = [NO_DEADLOCK, ORDER_KEPT];
/// A channel holds as much as it can.
pub const FULL: &str = "a full channel";
