//! What can happen in a cluster, one step at a time: [`Action`].

use super::{Inquiry, Letter};
use derive_where::derive_where;
use multimaster::{MasterId, Resolver};
use std::sync::Arc;

/// One step.
#[derive_where(Clone, PartialEq)]
pub enum Action<R: Resolver> {
    /// A client makes its next request.
    Ask {
        /// Which client.
        client: usize,
        /// Which of its requests: the place in its script.
        place: usize,
    },
    /// One of the free requests is made.
    Choose(usize),
    /// A letter arrives.
    Deliver(Arc<Letter<R>>),
    /// A letter arrives, and will arrive once more.
    Repeat(Arc<Letter<R>>),
    /// A letter is lost.
    Lose(Arc<Letter<R>>),
    /// A master's digest asks a neighbour for what it lacks.
    Tick {
        /// Who asks.
        asker: MasterId,
        /// Whom.
        feeder: MasterId,
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
    /// A running link takes the next changes from its sender's log: a letter is in flight.
    Push {
        /// The sender.
        from: MasterId,
        /// The receiver.
        to: MasterId,
        /// At most so many changes.
        max: usize,
    },
    /// A master sends its digest: it is on its way.
    Inquire {
        /// Who asks.
        asker: MasterId,
        /// Whom.
        feeder: MasterId,
    },
    /// A digest arrives, and its answer, if there is one, is in flight.
    Answer {
        /// The digest.
        inquiry: Inquiry,
        /// At most so many changes.
        max: usize,
    },
    /// A letter in flight becomes two.
    Duplicate(Arc<Letter<R>>),
    /// A master cuts its log.
    Truncate {
        /// Whose.
        at: MasterId,
        /// To so many entries.
        keep: usize,
    },
}
