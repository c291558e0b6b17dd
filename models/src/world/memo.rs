//! What a state is made of, by number, and what a step comes to at one master, worked out once.
//!
//! An exploration takes millions of steps, but few of them differ in what a master knows and what it is given. So each
//! master, message and history that occurs is kept once, and identified by a number (*hash-consing*: Ershov, 1958). The
//! shipping replica takes each step once, and the outcome is remembered by the numbers of its inputs. Two values get
//! one number if their contents are equal: a hash only says where to look. Numbers are given in the order of finding,
//! which may differ from run to run: nothing that is reported or counted depends on them.

mod judged;
mod masters;
mod numbered;
mod steps;
mod streams;

pub(crate) use judged::Judged;
pub(crate) use masters::Local;
pub(crate) use numbered::Numbered;
pub(crate) use streams::{Queued, Streams};

use crate::history::Write;
use crate::node::Envelope;
use crate::world::DigestSent;
use crate::world::cluster::Pasts;
use foldhash::fast;
use masters::Ghost;
use multimaster::{Key, MasterId, Reading, VersionVector};
use std::collections::HashMap;
use std::sync::Arc;
use steps::{Outcomes, Step};

/// The most values numbered of one kind, with room for those that the last expanded state adds.
const MOST_NUMBERS: u32 = u32::MAX - (1 << 28);

/// The values of a function, each worked out once.
pub(crate) type Known<K, V> = HashMap<K, V, fast::FixedState>;

/// All that a cluster's states are made of, and all that is remembered of its steps.
pub(crate) struct Tables {
    /// The topology's edges, in order.
    edges: Arc<[(MasterId, MasterId)]>,
    /// Whether what has been worked out is remembered.
    pub(crate) remembers: bool,
    /// How much may be numbered of each kind.
    pub(crate) most: u32,
    pub(crate) locals: Numbered<Local>,
    pub(crate) digests: Numbered<VersionVector>,
    pub(crate) envelopes: Numbered<Arc<Envelope>>,
    pub(crate) digests_sent: Numbered<DigestSent<u32>>,
    pub(crate) histories: Numbered<Ghost>,
    /// All that a master reads: each key in order.
    readings: Numbered<Vec<(Key, Reading)>>,
    writes_made: Numbered<Write>,
    /// What writes were made in knowledge of, in all shards; no write at all is 0.
    pub(crate) pasts: Numbered<Pasts>,
    /// Some of the writes of a history, in order: those that a master has seen.
    selections: Numbered<Vec<u32>>,
    /// Envelopes that go out together: each time how many, and they.
    outboxes: Vec<u32>,
    /// The one cache of steps: by a master and what it is given, what comes of it.
    steps: Known<Step, Outcomes>,
    /// By the first envelope of several that a stream carries at once, their number, and their sender: the envelope that
    /// they are together.
    pub(crate) joined: Known<(u32, usize, u32), u32>,
    /// What the properties remember.
    pub(crate) judged: Judged,
}

/// Two numbers in one, for what is looked up at nearly every step.
pub(crate) fn pair(one: u32, other: u32) -> u64 {
    u64::from(one) << 32 | u64::from(other)
}

impl Tables {
    pub(crate) fn new(edges: Arc<[(MasterId, MasterId)]>) -> Tables {
        Tables {
            edges,
            remembers: true,
            locals: Numbered::default(),
            digests: Numbered::default(),
            envelopes: Numbered::default(),
            digests_sent: Numbered::default(),
            histories: Numbered::default(),
            readings: Numbered::default(),
            writes_made: Numbered::default(),
            pasts: Numbered::default(),
            selections: Numbered::default(),
            most: MOST_NUMBERS,
            // That at 0 is empty.
            outboxes: vec![0],
            steps: Known::default(),
            joined: Known::default(),
            judged: Judged::default(),
        }
    }

    /// Whether more values of one kind have been numbered than may be. An exploration asks after each state that it
    /// expands, which adds few: so numbers never overflow.
    pub(crate) fn is_full(&self) -> bool {
        let of_masters = self.locals.next().max(self.digests.next()).max(self.readings.next());
        let of_writes = self.histories.next().max(self.writes_made.next()).max(self.selections.next());
        let of_writes = of_writes.max(self.pasts.next());
        let in_flight = self.envelopes.next().max(self.digests_sent.next());
        of_masters.max(of_writes).max(in_flight) > self.most || self.outboxes.len() > self.most as usize
    }
}
