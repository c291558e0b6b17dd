//! The ghost in the model: which writes were acknowledged, and what each had seen. No replica reads it; the properties
//! are judged by it.

mod judged;
pub(crate) mod parts;

pub use judged::{Claim, Claims, Judged, Judgements, Loss, LostTo, Observed};

use multimaster::{Dot, Key, MasterId, Op, Replica, Request, Resolver, Timestamp, VersionVector};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// An acknowledged write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its name.
    pub dot: Dot,
    /// When it was made: the order of writes where it matters and neither had seen the other.
    pub timestamp: Timestamp,
    /// The key.
    pub key: Key,
    /// The operation.
    pub op: Op,
    /// Its wall-clock time, if its master's rule uses wall clocks.
    pub wall: Option<u64>,
    /// What had been seen when it was made: by its master, and by the writers of what that had seen.
    pub past: VersionVector,
}

impl Write {
    /// Whether this write was made in knowledge of `earlier`.
    pub fn had_seen(&self, earlier: &Write) -> bool {
        self.past.contains(earlier.dot)
    }

    /// Whether neither was made in knowledge of the other.
    pub fn concurrent(&self, other: &Write) -> bool {
        self.dot != other.dot && !self.had_seen(other) && !other.had_seen(self)
    }
}

/// What a master gives to a write: its name, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) dot: Dot,
    pub(crate) timestamp: Timestamp,
    pub(crate) wall: Option<u64>,
}

impl Named {
    /// The write that was asked for, made in knowledge of `past`.
    pub(crate) fn write(self, request: &Request, past: VersionVector) -> Write {
        let Named { dot, timestamp, wall } = self;
        Write { dot, timestamp, key: request.key.clone(), op: request.op.untimed().clone(), wall, past }
    }
}

/// All acknowledged writes, by dot: the order in which they were made is not in it, so that it tells no two states
/// apart that are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History(Vec<Write>);

impl History {
    /// The writes, in the order of their dots.
    pub fn writes(&self) -> &[Write] {
        &self.0
    }

    /// These writes, in whatever order.
    pub(crate) fn of(mut writes: Vec<Write>) -> History {
        writes.sort_by_key(|write| write.dot);
        History(writes)
    }

    pub(crate) fn add(&mut self, write: Write) {
        let place = self.0.partition_point(|held| held.dot < write.dot);
        self.0.insert(place, write);
    }

    /// The write named `dot`.
    pub fn get(&self, dot: Dot) -> Option<&Write> {
        self.0.binary_search_by_key(&dot, |write| write.dot).ok().map(|place| &self.0[place])
    }

    /// The Lamport time of a write at `replica` now.
    pub(crate) fn lamport_time_at<R: Resolver>(&self, replica: &Replica<R>) -> u64 {
        self.seen(replica).map(|write| write.timestamp.time()).max().unwrap_or(0) + 1
    }

    /// The latest wall-clock time of the writes in `past`, if one has such a time.
    pub(crate) fn latest_wall_time(&self, past: &VersionVector) -> Option<u64> {
        self.0.iter().filter(|write| past.contains(write.dot)).filter_map(|write| write.wall).max()
    }

    /// What a write at `replica` would be made in knowledge of: what it has seen, and what that was made in knowledge
    /// of. The latter adds something only where [delivery](crate::node::delivery) is not causal.
    pub(crate) fn past_of<R: Resolver>(&self, replica: &Replica<R>) -> VersionVector {
        let mut past = replica.digest().clone();
        self.seen(replica).for_each(|write| past.join(&write.past));
        past
    }

    fn seen<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> impl Iterator<Item = &'a Write> {
        self.0.iter().filter(|write| replica.digest().contains(write.dot))
    }

    /// A write that `replica` has seen without one that the write had seen.
    pub fn out_of_order<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> Option<&'a Write> {
        self.seen(replica).find(|write| !replica.digest().covers(&write.past))
    }

    /// A key and a master that has subtracted and handed over more of it than it had added and been handed: more than
    /// it had a right to. As long as there is none, no total is negative (Balegas et al., SRDS 2015).
    pub fn overspent(&self) -> Option<(&Key, MasterId)> {
        let mut rights: BTreeMap<(&Key, MasterId), i128> = BTreeMap::new();
        for Write { dot, key, op, .. } in &self.0 {
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

    /// Whether some master could show that a conflict happened: two seen writes of one key, neither aware of the other.
    pub fn conflict<R: Resolver>(&self, replica: &Replica<R>) -> bool {
        let mut earlier: SmallVec<[&Write; 8]> = SmallVec::new();
        self.seen(replica).any(|write| {
            let conflicts = earlier.iter().any(|other| other.key == write.key && other.concurrent(write));
            earlier.push(write);
            conflicts
        })
    }

    /// Whether `replica` has seen a write that had seen another master's.
    pub fn dependency<R: Resolver>(&self, replica: &Replica<R>) -> bool {
        self.seen(replica).any(|write| {
            write.dot.origin() != replica.id() && write.past.iter().any(|(master, _)| master != write.dot.origin())
        })
    }
}
