//! What a step comes to at one master, as it is remembered.

/// A request: the client and its place in the script, or the place among the free ones.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    Scripted(usize, usize),
    Free(usize),
}

/// How a cursor moves.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Move {
    /// Past the next changes, at most so many, which are sent.
    Push(usize),
    /// Past all.
    Drain,
    /// To what the receiver says it has: a digest of this number.
    Resume(u32),
    /// The same, if what would be sent next is in that digest.
    Acknowledge(u32),
}

/// What came of a letter's arrival.
#[derive(Clone, Copy)]
pub(super) struct Receipt {
    pub(super) outcome: Arrival,
    pub(super) settled: Settled,
}

/// An [`Outcome`](multimaster::Outcome), as far as the model goes on otherwise after it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arrival {
    TakenIn,
    Gap,
    Duplicate,
    Refused,
}

/// A master that has taken something in.
#[derive(Clone, Copy)]
pub(super) struct Settled {
    /// What it is now.
    pub(super) after: u32,
    /// What it sends at once: see [`outbox`](super::tables::Tables::outbox).
    pub(super) outbox: (u32, u32),
}

/// What came of a write.
#[derive(Clone, Copy)]
pub(super) struct Wrote {
    pub(super) settled: Settled,
    pub(super) history: u32,
}

/// A sender whose cursor has moved: what it is now, and the letter that it has sent.
#[derive(Clone, Copy)]
pub(super) struct Moved {
    pub(super) after: u32,
    pub(super) letter: Option<u32>,
}
