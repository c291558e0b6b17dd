//! What can happen in a cluster, one step at a time: [`Action`], in a [shard](InShard).

use crate::node::Goroutine;
use multimaster::MasterId;

/// One step, and the shard of the masters in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InShard {
    /// Which shard, from 0.
    pub shard: u16,
    /// What happens there.
    pub action: Action,
}

/// One step in one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A client makes its next request.
    Request {
        /// Which client.
        client: usize,
        /// Which of its requests: the place in its script.
        place: usize,
    },
    /// One of the free requests is made.
    Choose(usize),
    /// An envelope arrives.
    Deliver(EnvelopeNumber),
    /// An envelope arrives, and will arrive once more.
    Repeat(EnvelopeNumber),
    /// An envelope is lost.
    Lose(EnvelopeNumber),
    /// A master's digest asks a neighbour for what it lacks.
    Tick {
        /// Who asks.
        receiver: MasterId,
        /// Whom.
        sender: MasterId,
    },
    /// The next changes of a stream arrive.
    Stream {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// At most so many changes.
        max: usize,
    },
    /// A stream breaks: all that it had in flight is lost.
    Break {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A broken stream stands again, and goes on from what the receiver says it has.
    Resume {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
    },
    /// A running link takes the next changes from its sender's log: an envelope is in flight.
    Push {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// At most so many changes.
        max: usize,
    },
    /// A master sends its digest: it is on its way.
    SendDigest {
        /// Who asks.
        receiver: MasterId,
        /// Whom.
        sender: MasterId,
    },
    /// A digest arrives, and its answer, if there is one, is in flight.
    AnswerDigest {
        /// The digest.
        digest_sent: DigestNumber,
        /// At most so many changes.
        max: usize,
    },
    /// A goroutine sends a change into the channel of its next neighbour.
    Send {
        /// The goroutine's master.
        at: MasterId,
        /// Which goroutine.
        goroutine: Goroutine,
    },
    /// An envelope in flight becomes two.
    Duplicate(EnvelopeNumber),
    /// A master cuts its log.
    Truncate {
        /// Whose.
        at: MasterId,
        /// To so many entries.
        keep: usize,
    },
}

/// An envelope, by its number among those of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeNumber(pub(crate) u32);

/// A digest on its way, by its number among those of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestNumber(pub(crate) u32);
