//! The parts of a state by number, and the one cache of steps.
//!
//! An exploration takes millions of steps, but few of them differ in the master's state and input. So each master,
//! message and history is kept once and identified by a number (*hash-consing*: Ershov, 1958). The shipping replica
//! takes each step once, and the outcome is remembered by the numbers of its inputs. Two values get the same number if
//! and only if their contents are equal: a hash only says where to look. Values are numbered in the order of discovery,
//! which may differ from run to run: nothing that is reported or counted depends on the numbers.

mod judged;
mod masters;
mod numbered;
mod parts;
mod steps;
mod streams;

pub(crate) use judged::Judged;
pub(crate) use masters::Local;
pub(crate) use numbered::Numbered;
pub(crate) use streams::{Queued, Streams};

use foldhash::fast;
use multimaster::MasterId;
use parts::{Parts, Shared};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use steps::{Outcomes, Step};

/// The most values of one kind that are numbered. The rest of the numbers is for those that the last expanded state
/// adds.
const MOST_NUMBERS: u32 = u32::MAX - (1 << 28);

/// The remembered values of a function.
pub(crate) type Known<K, V> = HashMap<K, V, fast::FixedState>;

/// All parts of a cluster's states, and the outcomes of its steps.
pub(crate) struct Tables {
    /// The topology's edges, in order.
    edges: Arc<[(MasterId, MasterId)]>,
    /// The names of the possible cuts, in order.
    cuts: Arc<[String]>,
    /// Whether results are remembered.
    pub(crate) remembers: bool,
    /// The most values that may be numbered of each kind.
    pub(crate) most: u32,
    pub(crate) parts: Parts,
    /// The parts that the threads of a search have found together; `None` as long as there is one thread.
    shared: Option<Shared>,
    /// The writes of a history that a master has seen, in order.
    selections: Numbered<Vec<u32>>,
    /// The outboxes, each a list of envelopes that are sent together: its length, then its envelopes.
    outboxes: Vec<u32>,
    /// The one cache of steps: by master and input, the outcome.
    steps: Known<Step, Outcomes>,
    /// The joined envelope of the changes that a stream delivers together, by the first one's envelope, the number of
    /// changes, and the sender.
    pub(crate) joined: Known<(u32, usize, u32), u32>,
    /// The cache of the properties.
    pub(crate) judged: Judged,
}

/// Two numbers, as the key of frequent look-ups. A `u64` would be aligned to eight bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair(pub(crate) u32, pub(crate) u32);

impl Hash for Pair {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(pair(self.0, self.1));
    }
}

/// Packs two numbers into one word.
pub(crate) fn pair(one: u32, other: u32) -> u64 {
    u64::from(one) << 32 | u64::from(other)
}

impl Deref for Tables {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Tables {
    pub(crate) fn new(edges: Arc<[(MasterId, MasterId)]>, cuts: Arc<[String]>) -> Tables {
        Tables {
            edges,
            cuts,
            remembers: true,
            parts: Parts::default(),
            shared: None,
            selections: Numbered::default(),
            most: MOST_NUMBERS,
            // The outbox at 0 is empty.
            outboxes: vec![0],
            steps: Known::default(),
            joined: Known::default(),
            judged: Judged::default(),
        }
    }

    /// The number of all parts of states.
    pub(crate) fn parts(&self) -> u64 {
        let of_masters = [self.locals.next(), self.digests.next()];
        let of_writes = [self.histories.next(), self.writes_made.next(), self.pasts.next()];
        let in_flight = [self.envelopes.next(), self.digests_sent.next()];
        of_masters.into_iter().chain(of_writes).chain(in_flight).map(u64::from).sum()
    }

    /// Whether more values of one kind have been numbered than allowed. An exploration checks this after expanding each
    /// state, which adds few values, so numbers never overflow.
    pub(crate) fn is_full(&self) -> bool {
        let of_masters = self.locals.next().max(self.digests.next()).max(self.readings.next());
        let of_writes = self.histories.next().max(self.writes_made.next()).max(self.selections.next());
        let of_writes = of_writes.max(self.pasts.next());
        let in_flight = self.envelopes.next().max(self.digests_sent.next());
        of_masters.max(of_writes).max(in_flight) > self.most || self.outboxes.len() > self.most as usize
    }
}
