//! What a step comes to at one master, worked out once.
//!
//! An exploration takes millions of steps, but few of them differ in what a master knows and what it is given. So the
//! shipping replica takes each of these once, and what came of it is remembered by the content hashes of what went in, as
//! the search remembers states by theirs.

use super::state::Waiting;
use super::{Letter, Local, Verdict};
use crate::history::History;
use foldhash::fast::FixedState;
use multimaster::{MasterId, Outcome, Resolver};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

/// The values of a function, each worked out once. Shared between threads, it may be worked out by any of them: what
/// comes of it is the same.
pub(crate) struct Known<K, V>(Mutex<HashMap<K, V, FixedState>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Known(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Known<K, V> {
    /// The value for `key`, which `work_out` gives if it is asked for the first time.
    pub(crate) fn get(&self, key: K, work_out: impl FnOnce() -> V) -> V {
        let mut known = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.entry(key).or_insert_with(work_out).clone()
    }
}

/// All that is remembered of a cluster. Masters, letters and histories are keys by their content hashes; masters by those of
/// their cores, where what they have yet to send does not count.
pub(crate) struct Memo<R: Resolver> {
    /// By master and letter: what comes of its arrival.
    pub(super) receipts: Known<(u64, u64), Arc<Receipt<R>>>,
    /// By master, history and request: what comes of a write; `None` if it is refused.
    pub(super) writes: Known<(u64, u64, Asked), Acknowledged<R>>,
    /// By sender: what moving its cursor for a neighbour comes to.
    pub(super) moves: Known<(u64, MasterId, u8, Move), Arc<Moved<R>>>,
    /// By core and what is waiting: the master.
    pub(super) locals: Known<(u64, Waiting), Arc<Local<R>>>,
    /// By feeder and asker: the answer to the asker's digest.
    pub(super) answers: Known<(u64, u64), Option<Arc<Letter<R>>>>,
    /// By master and history: how the master is judged.
    pub(super) verdicts: Known<(u64, u64), Verdict>,
    /// By feeder and asker: whether an exchange of digests would bring the asker up to the feeder.
    pub(crate) exchanges: Known<(u64, u64), bool>,
    /// By history: whether a right was overspent.
    pub(crate) overspent: Known<u64, bool>,
}

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
    /// To what the receiver says it has: a digest of this hash.
    Resume(u64),
}

/// What came of a letter's arrival.
pub(super) struct Receipt<R: Resolver> {
    /// What was waiting before.
    pub(super) before: Waiting,
    pub(super) outcome: Outcome,
    /// If something was taken in.
    pub(super) settled: Settled<R>,
}

/// A master that has taken something in, and what it sends at once.
pub(super) struct Settled<R: Resolver> {
    pub(super) local: Arc<Local<R>>,
    pub(super) outbox: Vec<Arc<Letter<R>>>,
}

/// What came of a write, unless it was refused.
pub(super) type Acknowledged<R> = Option<Arc<Wrote<R>>>;

/// What came of a write.
pub(super) struct Wrote<R: Resolver> {
    /// What was waiting before.
    pub(super) before: Waiting,
    pub(super) settled: Settled<R>,
    pub(super) history: Arc<super::Hashed<History>>,
}

/// A sender whose cursor has moved, and what it has sent.
pub(super) struct Moved<R: Resolver> {
    /// What was waiting before.
    pub(super) before: Waiting,
    pub(super) local: Arc<Local<R>>,
    pub(super) letter: Option<Arc<Letter<R>>>,
}

impl<R: Resolver> Default for Memo<R> {
    fn default() -> Self {
        Memo {
            receipts: Known::default(),
            writes: Known::default(),
            moves: Known::default(),
            locals: Known::default(),
            answers: Known::default(),
            verdicts: Known::default(),
            exchanges: Known::default(),
            overspent: Known::default(),
        }
    }
}
