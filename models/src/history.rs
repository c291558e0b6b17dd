//! The model's ghost variable: the acknowledged writes, each with its causal past. No replica reads it; the properties
//! are judged by it.

mod judged;
pub(crate) mod parts;

pub use judged::{Claim, Claims, Judged, Judgements, Loss, LostTo, Observed};

use multimaster::{Dot, Key, MasterId, Op, Replica, Request, Resolver, Timestamp, VersionVector};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An acknowledged write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its dot.
    pub dot: Dot,
    /// Its Lamport timestamp, which orders concurrent writes where their order matters.
    pub timestamp: Timestamp,
    /// The key.
    pub key: Key,
    /// The operation.
    pub op: Op,
    /// Its wall-clock time, if its master's rule uses wall clocks.
    pub wall: Option<u64>,
    /// Its causal past: the writes that its master had seen, and their causal pasts.
    pub past: VersionVector,
}

impl Write {
    /// Whether `earlier` happened before this write.
    pub fn had_seen(&self, earlier: &Write) -> bool {
        self.past.contains(earlier.dot)
    }

    /// Whether neither write happened before the other.
    pub fn concurrent(&self, other: &Write) -> bool {
        self.dot != other.dot && !self.had_seen(other) && !other.had_seen(self)
    }
}

/// The dot and the times that a master gives to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) dot: Dot,
    pub(crate) timestamp: Timestamp,
    pub(crate) wall: Option<u64>,
}

impl Named {
    /// The write of this request, with the causal past `past`.
    pub(crate) fn write(self, request: &Request, past: VersionVector) -> Write {
        let Named { dot, timestamp, wall } = self;
        Write { dot, timestamp, key: request.key.clone(), op: request.op.untimed().clone(), wall, past }
    }
}

/// All acknowledged writes, in dot order. The order in which they were made is left out, so that it does not
/// distinguish equal states. Histories share their writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History(Vec<Arc<Write>>);

impl History {
    /// The writes, in the order of their dots.
    pub fn writes(&self) -> &[Arc<Write>] {
        &self.0
    }

    /// A history of these writes, given in any order.
    pub(crate) fn of(writes: impl IntoIterator<Item = impl Into<Arc<Write>>>) -> History {
        let mut writes: Vec<Arc<Write>> = writes.into_iter().map(Into::into).collect();
        writes.sort_by_key(|write| write.dot);
        History(writes)
    }

    pub(crate) fn add(&mut self, write: Write) {
        let place = self.0.partition_point(|held| held.dot < write.dot);
        self.0.insert(place, Arc::new(write));
    }

    /// The write with this dot.
    pub fn get(&self, dot: Dot) -> Option<&Write> {
        self.0.binary_search_by_key(&dot, |write| write.dot).ok().map(|place| &*self.0[place])
    }

    /// The Lamport time that a write at `replica` would get.
    pub(crate) fn lamport_time_at<R: Resolver>(&self, replica: &Replica<R>) -> u64 {
        self.seen(replica).map(|write| write.timestamp.time()).max().unwrap_or(0) + 1
    }

    /// The latest wall-clock time of the writes in `past`; `None` if none has one.
    pub(crate) fn latest_wall_time(&self, past: &VersionVector) -> Option<u64> {
        self.0.iter().filter(|write| past.contains(write.dot)).filter_map(|write| write.wall).max()
    }

    /// The causal past of a write at `replica`: the writes that it has seen, and their causal pasts. The latter add
    /// something only where [delivery](crate::node::delivery) is not causal.
    pub(crate) fn past_of<R: Resolver>(&self, replica: &Replica<R>) -> VersionVector {
        let mut past = replica.digest().clone();
        self.seen(replica).for_each(|write| past.join(&write.past));
        past
    }

    fn seen<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> impl Iterator<Item = &'a Write> {
        self.0.iter().map(Arc::as_ref).filter(|write| replica.digest().contains(write.dot))
    }

    /// A write that `replica` has seen without all of its causal past.
    pub fn out_of_order<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> Option<&'a Write> {
        self.seen(replica).find(|write| !replica.digest().covers(&write.past))
    }

    /// A bounded counter and a master that has spent more of it than its rights: it has subtracted and transferred more
    /// than it has added and received. As long as there is none, no total is negative (Balegas et al., SRDS 2015).
    pub fn overspent(&self) -> Option<(&Key, MasterId)> {
        let mut rights: BTreeMap<(&Key, MasterId), i128> = BTreeMap::new();
        for Write { dot, key, op, .. } in self.0.iter().map(Arc::as_ref) {
            match op {
                Op::Add(amount) => *rights.entry((key, dot.origin())).or_default() += i128::from(*amount),
                Op::Transfer { amount, to } => {
                    *rights.entry((key, dot.origin())).or_default() -= i128::from(*amount);
                    *rights.entry((key, *to)).or_default() += i128::from(*amount);
                }
                _ => {}
            }
        }
        rights.into_iter().find(|(_, rights)| *rights < 0).map(|(whose, _)| whose)
    }

    /// Whether `replica` has seen two concurrent writes of one key. Quadratic in the number of writes.
    pub fn conflict<R: Resolver>(&self, replica: &Replica<R>) -> bool {
        let mut earlier: SmallVec<[&Write; 8]> = SmallVec::new();
        self.seen(replica).any(|write| {
            let conflicts = earlier.iter().any(|other| other.key == write.key && other.concurrent(write));
            earlier.push(write);
            conflicts
        })
    }

    /// Whether `replica` has seen another master's write whose causal past has writes of further masters.
    pub fn dependency<R: Resolver>(&self, replica: &Replica<R>) -> bool {
        self.seen(replica).any(|write| {
            write.dot.origin() != replica.id() && write.past.iter().any(|(master, _)| master != write.dot.origin())
        })
    }
}
