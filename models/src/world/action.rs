//! The actions of a cluster: an [`Action`] in a [shard](InShard).

use crate::node::Goroutine;
use multimaster::MasterId;

/// An action, and the shard in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InShard {
    /// The number of the shard, from 0.
    pub shard: u16,
    /// The action in that shard.
    pub action: Action,
}

/// An action in one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A client makes its next request.
    Request {
        /// The index of the client.
        client: usize,
        /// The index of the request in the client's script.
        place: usize,
    },
    /// The free request with this index is made.
    Choose(usize),
    /// An envelope arrives.
    Deliver(EnvelopeNumber),
    /// An envelope arrives, and stays in flight.
    Repeat(EnvelopeNumber),
    /// An envelope is lost.
    Lose(EnvelopeNumber),
    /// A master's digest reaches a neighbour at once, and the answer is in flight.
    Tick {
        /// The master that sends its digest: the receiver of changes.
        receiver: MasterId,
        /// The neighbour that answers: the sender of changes.
        sender: MasterId,
    },
    /// The next changes of a stream arrive.
    Stream {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// The most changes delivered.
        max: usize,
    },
    /// A stream breaks: its changes in flight are lost.
    Break {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A broken stream is restored, and continues after the changes in the receiver's digest.
    Resume {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A running link takes the next changes from its sender's log and puts them in flight.
    Push {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// The most changes taken.
        max: usize,
    },
    /// A master puts its digest in flight.
    SendDigest {
        /// The master that sends its digest: the receiver of changes.
        receiver: MasterId,
        /// The neighbour that answers: the sender of changes.
        sender: MasterId,
    },
    /// A digest arrives, and its answer, if any, is put in flight.
    AnswerDigest {
        /// The digest that arrives.
        digest_sent: DigestNumber,
        /// The most changes in the answer.
        max: usize,
    },
    /// A goroutine sends a change into the channel of its next neighbour.
    Send {
        /// The goroutine's master.
        at: MasterId,
        /// The goroutine that sends.
        goroutine: Goroutine,
    },
    /// A session makes its next request.
    Call {
        /// The index of the session.
        session: usize,
        /// The index of the request among the session's.
        place: usize,
        /// The master.
        at: MasterId,
    },
    /// A cut, by its index in [`Failures::severed`](crate::scope::Failures::severed).
    Cut(usize),
    /// A cut with this index is healed.
    Heal(usize),
    /// A master crashes.
    Crash {
        /// The master.
        at: MasterId,
    },
    /// A master that crashed comes back.
    Restart {
        /// The master.
        at: MasterId,
    },
    /// The masters that are up bypass those that crashed for good.
    Repair,
    /// A master flushes its state, or copies it.
    Save {
        /// The master.
        at: MasterId,
    },
    /// A master tells a neighbour what it knows of the progress of all masters.
    Tell {
        /// The master that tells.
        from: MasterId,
        /// The neighbour.
        to: MasterId,
    },
    /// A master collects its tombstones.
    Collect {
        /// The master.
        at: MasterId,
    },
    /// Time passes at a master: from now on it accepts later times.
    Pass {
        /// The master.
        at: MasterId,
    },
    /// An envelope in flight is duplicated.
    Duplicate(EnvelopeNumber),
    /// A master truncates its log.
    Truncate {
        /// The master.
        at: MasterId,
        /// The number of entries kept.
        keep: usize,
    },
}

impl Action {
    /// Whether the action, in a state of several shards, takes place in all of them at once.
    pub(crate) fn is_in_all_shards(self) -> bool {
        matches!(
            self,
            Action::Cut(_)
                | Action::Heal(_)
                | Action::Crash { .. }
                | Action::Restart { .. }
                | Action::Repair
                | Action::Save { .. }
        )
    }
}

/// The number of an envelope in the cluster's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeNumber(pub(crate) u32);

/// The number of a digest in flight in the cluster's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestNumber(pub(crate) u32);
