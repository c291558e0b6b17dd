//! The properties by name, and the witnesses that show that they were put to the test. The user's own properties are in
//! [`own_property`], the specifications of data types in [`specification`].

pub mod own_property;
pub mod specification;

/// In every state, masters that have seen the same changes read the same (strong eventual consistency, without its
/// liveness).
pub const CONVERGENCE: &str = "convergence";
/// At quiescence every master has seen every acknowledged write, and all read the same. *Quiescence*: the clients are
/// done, and no delivery, tick or repair alters the state; cuts are healed, and masters that crashed have restarted or
/// stay down.
///
/// In a one-way topology, this requires that every master has seen the writes of the masters that reach it.
///
/// In worlds with crashes, this is about the masters that are up, and about the writes that at least one of them has
/// seen. [`DURABILITY`] is about the other writes.
pub const AGREEMENT: &str = "agreement at quiescence";
/// If all messages in flight were lost now, one exchange of digests over an edge would bring its receiver all that its
/// sender has seen.
pub const REPAIRABLE: &str = "repairable";
/// No master has seen a write without its causal past.
pub const CAUSAL_ORDER: &str = "causal order";
/// A value that a seen delete removed is not read, unless a write outside the delete's causal past shows it: a
/// concurrent or a later one. Judged by readings, not by the rule's claims. A value that the delete failed to remove
/// counts like one that came back.
pub const NO_RESURRECTION: &str = "no resurrection";
/// No seen write is lost to a write in its own causal past, or without a competing write. Judged by readings: a write
/// whose value is read is not lost.
pub const NO_CAUSAL_LOSS: &str = "no causal loss";
/// No seen write is lost to a concurrent write that is read instead.
pub const NO_POLICY_LOSS: &str = "no policy loss";
/// Of competing concurrent writes that a master has seen, at least one is read.
pub const NO_TOTAL_LOSS: &str = "no total loss";
/// Every value read was written by a seen write, or was merged by the rule from such values and shows them.
pub const NO_INVENTION: &str = "no invention";
/// In every state, every reading is the one that the rule's [`specification`] gives for the writes that the master has
/// seen. For rules with a specification.
pub const SPECIFICATION: &str = "specification";
/// No master has spent more of a bounded counter than its rights, and none reads less than 0. So masters that sell at
/// the same time never sell more than there is. For bounded counters.
pub const NO_OVERSELLING: &str = "no overselling";
/// At quiescence, every acknowledged write has been seen by a master that is up. For worlds with crashes.
pub const DURABILITY: &str = "durability";
/// At quiescence, every write at a master that is up has been acknowledged: no client waits for an answer that never
/// comes. And no write is refused because its master's clock is at its [end](multimaster::clock::LATEST). For worlds in
/// which other masters must hold a write before it is acknowledged, and for hybrid clocks.
pub const AVAILABILITY: &str = "write availability";
/// A session reads at masters that have seen all writes of the session. This and the following three are the session
/// guarantees of Terry et al., 1994; they are for worlds with sessions.
pub const READ_YOUR_WRITES: &str = "read your writes";
/// A session reads at masters that have seen all writes that its earlier reads may have reflected.
pub const MONOTONIC_READS: &str = "monotonic reads";
/// A session writes at masters that have seen its earlier writes, so that all masters apply them in order.
pub const MONOTONIC_WRITES: &str = "monotonic writes";
/// A session writes at masters that have seen all writes that its reads may have reflected, so that all masters apply
/// those writes before the session's.
pub const WRITES_FOLLOW_READS: &str = "writes follow reads";
/// Masters stop sending changes: no cycle of steps sends one. This is a property of the graph, not of a state: see
/// [`silence`](crate::check::silence).
pub const FALLS_SILENT: &str = "falls silent";

/// Liveness: every acknowledged write reaches every master that stays up, in every fair schedule. In a one-way topology,
/// every master that it can reach.
pub const EVERYONE_HEARS: &str = "everyone hears";
/// Liveness: in every fair schedule there is a state from which on all masters that are up have seen the same
/// acknowledged writes and read the same.
pub const EVENTUALLY_AGREE: &str = "eventually always agree";
/// Liveness: no fair schedule sends changes for ever. [`FALLS_SILENT`] requires this of all schedules, so it is
/// stronger. A master that repeats a message until an answer arrives violates [`FALLS_SILENT`], but not this property.
pub const FALLS_SILENT_IF_FAIR: &str = "falls silent if fair";
/// The liveness properties, in the order of the table. They are judged only [on
/// request](crate::check::engine::Limits::liveness).
pub const OF_LIVENESS: [&str; 3] = [EVERYONE_HEARS, EVENTUALLY_AGREE, FALLS_SILENT_IF_FAIR];

/// The properties of a cluster, in the order of the table.
pub const ALL: [&str; 18] = [
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
    DURABILITY,
    AVAILABILITY,
    READ_YOUR_WRITES,
    MONOTONIC_READS,
    MONOTONIC_WRITES,
    WRITES_FOLLOW_READS,
    FALLS_SILENT,
];

/// The properties that are asked at quiescence only.
pub(crate) const AT_QUIESCENCE: [&str; 5] = [AGREEMENT, ORDER_KEPT, DURABILITY, AVAILABILITY, NO_LOST_WRITE];

/// The properties that depend on a rule's [`shows`](multimaster::Resolver::shows) where the reading alone does not
/// decide them.
pub(crate) const BY_CLAIM: [&str; 4] = [NO_CAUSAL_LOSS, NO_POLICY_LOSS, NO_TOTAL_LOSS, NO_INVENTION];

/// A master has seen two concurrent writes of one key.
pub const CONFLICT: &str = "a conflict";
/// Quiescence was reached.
pub const QUIESCENCE: &str = "quiescence";
/// A neighbour that sends to a master has seen a change that the master lacks.
pub const LACK: &str = "something to repair";
/// A master has seen another master's write, and the causal past of that write includes a write of a different master.
pub const DEPENDENCY: &str = "a dependent write";
/// All masters have seen some write.
pub const RELAYED: &str = "a change seen by all";
/// The rule has refused a client's request: the client learns this at once, and nothing was acknowledged.
pub const REFUSAL: &str = "a refusal";
/// A message was lost and the clients are done.
pub const LOSS: &str = "a loss";
/// A cut was healed, and the clients are done.
pub const CUT: &str = "a cut";
/// A session changed its master.
pub const FAILOVER: &str = "a failover";
/// All crashes have happened, and the clients of the masters that are up are done.
pub const CRASH: &str = "a crash";
/// A tombstone was collected: a master keeps nothing of a key that it has seen deleted.
pub const COLLECTED: &str = "a tombstone collected";
/// A message in flight would be refused, because the time of a change has not come.
pub const TOO_LATE: &str = "a time refused";
/// A message was delivered twice.
pub const DUPLICATE: &str = "a duplicate";
/// If a message in flight arrived now, its receiver would report a gap.
pub const GAP: &str = "a gap";
/// A stream was reset.
pub const RESET: &str = "a reset";
/// Two neighbours each need the other's snapshot.
pub const CROSSED: &str = "crossed snapshots";
/// A message in flight, or next on a stream, carries more than one change.
pub const BATCH: &str = "a batch";

/// Two masters have seen a write with a write of another shard in its causal past.
pub const ACROSS: &str = "a dependency across shards";

/// For [systems](crate::system) of foreign nodes, at quiescence: every acknowledged write is read at every node, unless
/// another write may have superseded it. Judged from outside, by the kind of data: an element that was inserted is read
/// unless a remove may have come later; a counter reads the sum; a register reads a value that the writing client has
/// not overwritten since. Flags, greatest and least numbers, and the fields of a map are judged in the same way.
pub const NO_LOST_WRITE: &str = "no lost write";
/// For [systems](crate::system) that hand out values, such as ids: no two requests are answered with the same value.
pub const UNIQUE_IDS: &str = "unique ids";
/// The properties of a [system](crate::system), in the order of its report, without *falls silent*.
pub const OF_A_SYSTEM: [&str; 6] = [CONVERGENCE, AGREEMENT, NO_LOST_WRITE, NO_INVENTION, UNIQUE_IDS, AVAILABILITY];
/// The properties of a system that are not properties of the protocol's masters.
pub(crate) const OF_NODES: [&str; 2] = [NO_LOST_WRITE, UNIQUE_IDS];
/// Two nodes of a system have been asked to write one key, and read it differently.
pub const CONTENTION: &str = "concurrent requests";
/// Quiescence was reached, and some write was acknowledged.
pub const ACKNOWLEDGED: &str = "an acknowledged write";

/// No deadlock: while a change is yet to be sent, some goroutine can take a step.
pub const NO_DEADLOCK: &str = "no deadlock";
/// At quiescence, if only one master has written a key, all masters read what that master reads.
///
/// Judged by readings at quiescence, because no state records the order of one master's sets. A key with one writer has
/// no conflict, so only a change of order can make masters differ.
pub const ORDER_KEPT: &str = "order kept";
/// The properties of the [article's program](crate::world::article), in the order of the table, without *falls silent*.
pub const OF_THE_ARTICLE: [&str; 2] = [NO_DEADLOCK, ORDER_KEPT];
/// A channel is full.
pub const FULL: &str = "a full channel";
