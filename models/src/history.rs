//! The ghost in the model: which writes were acknowledged, and what each had seen. No replica reads it; the properties
//! are judged by it.

use multimaster::{Dot, Key, Op, Reading, Replica, Resolver, VersionVector};
use std::collections::BTreeMap;

/// An acknowledged write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its name.
    pub dot: Dot,
    /// The key.
    pub key: Key,
    /// The operation.
    pub op: Op,
    /// What its master had seen when it was made.
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

    /// Whether this write, having seen `earlier`, leaves nothing of it to show.
    fn supersedes(&self, earlier: &Write) -> bool {
        let same_thing = match (&self.op, &earlier.op) {
            (Op::Insert(new) | Op::Remove(new), Op::Insert(old)) => new == old,
            (Op::Set(_) | Op::Delete, Op::Set(_) | Op::Delete) => true,
            _ => false,
        };
        same_thing && self.key == earlier.key && self.had_seen(earlier)
    }

    /// Whether this write takes away what it has seen, and shows itself only by that.
    fn only_removes(&self) -> bool {
        matches!(self.op, Op::Delete | Op::Remove(_))
    }
}

/// All acknowledged writes, by dot: the order in which they were made is not in it, so that it tells no two states apart
/// that are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History(Vec<Write>);

/// A write that a master has seen and no longer accounts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The lost write.
    pub write: Dot,
    /// Which writes a read shows instead.
    pub shown: Vec<Dot>,
    /// Whether the loser was beaten by a write concurrent to it, as a rule may decide; if not, it was lost although
    /// nothing competed with it, or to a write that it had itself seen: a bug whatever the rule.
    pub by_policy: bool,
}

impl History {
    /// The writes, in the order of their dots.
    pub fn writes(&self) -> &[Write] {
        &self.0
    }

    pub(crate) fn add(&mut self, write: Write) {
        let place = self.0.partition_point(|held| held.dot < write.dot);
        self.0.insert(place, write);
    }

    /// The write named `dot`.
    pub fn get(&self, dot: Dot) -> Option<&Write> {
        self.0.binary_search_by_key(&dot, |write| write.dot).ok().map(|place| &self.0[place])
    }

    fn seen<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> impl Iterator<Item = &'a Write> {
        self.0.iter().filter(|write| replica.digest().contains(write.dot))
    }

    /// A write that `replica` has seen without one that the write had seen.
    pub fn out_of_order<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> Option<&'a Write> {
        self.seen(replica).find(|write| !replica.digest().covers(&write.past))
    }

    /// The writes that `replica` has seen and lost: judged by dot.
    ///
    /// A set or an insert is kept while its dot shows or a seen write that had seen it has superseded it. A delete or a
    /// remove is kept while nothing that it had seen shows. Increments are kept while the total is the sum of those seen.
    pub fn losses<R: Resolver>(&self, replica: &Replica<R>) -> Vec<Loss> {
        let shows = |write: &Write| replica.state(&write.key).is_some_and(|s| replica.rule().shows(s, write.dot));
        let mut losses = Vec::new();
        for write in self.seen(replica) {
            let rivals = || self.seen(replica).filter(|rival| rival.key == write.key && rival.dot != write.dot);
            let kept = match &write.op {
                Op::Add(_) => self.total_is_right(replica, &write.key),
                _ if write.only_removes() => {
                    shows(write) || !rivals().any(|rival| write.supersedes(rival) && shows(rival))
                }
                _ => shows(write) || rivals().any(|rival| rival.supersedes(write)),
            };
            if kept {
                continue;
            }
            let shown: Vec<&Write> = rivals().filter(|rival| shows(rival)).collect();
            let beaten_by_its_past = shown.iter().any(|rival| write.had_seen(rival));
            let contested = rivals().any(|rival| rival.concurrent(write));
            let counted = matches!(write.op, Op::Add(_));
            losses.push(Loss {
                write: write.dot,
                shown: shown.iter().map(|rival| rival.dot).collect(),
                by_policy: contested && !beaten_by_its_past && !counted,
            });
        }
        losses
    }

    fn total_is_right<R: Resolver>(&self, replica: &Replica<R>, key: &Key) -> bool {
        let amounts = self.seen(replica).filter(|write| write.key == *key).map(|write| match write.op {
            Op::Add(amount) => amount,
            _ => 0,
        });
        replica.read(key) == Reading::Total(amounts.sum())
    }

    /// Whether some master could show that a conflict happened: two seen writes of one key, neither aware of the other.
    pub fn conflict<R: Resolver>(&self, replica: &Replica<R>) -> bool {
        let mut by_key: BTreeMap<&Key, Vec<&Write>> = BTreeMap::new();
        self.seen(replica).any(|write| {
            let earlier = by_key.entry(&write.key).or_default();
            let conflicts = earlier.iter().any(|other| other.concurrent(write));
            earlier.push(write);
            conflicts
        })
    }

    /// Whether `replica` has seen a write that had seen another master's.
    pub fn dependency<R: Resolver>(&self, replica: &Replica<R>) -> bool {
        self.seen(replica).any(|write| {
            write.dot.origin != replica.id() && write.past.iter().any(|(master, _)| master != write.dot.origin)
        })
    }
}
