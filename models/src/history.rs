//! The ghost in the model: which writes were acknowledged, and what each had seen. No replica reads it; the properties
//! are judged by it.

use multimaster::{Dot, Key, Kind, MasterId, Op, Reading, Replica, Resolver, Stamp, Text, VersionVector};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// An acknowledged write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// Its name.
    pub dot: Dot,
    /// When it was made: the order of writes where it matters and neither had seen the other.
    pub stamp: Stamp,
    /// The key.
    pub key: Key,
    /// The operation.
    pub op: Op,
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

    /// Whether this write, having seen `earlier`, leaves nothing of it to show.
    fn supersedes(&self, earlier: &Write) -> bool {
        replaces(&self.op, &earlier.op) && self.key == earlier.key && self.had_seen(earlier)
    }

    /// Whether both write the same part of the same key: the same element, the same field.
    fn rivals(&self, other: &Write) -> bool {
        self.dot != other.dot && self.key == other.key && touch(&self.op, &other.op)
    }

    /// The value or element that the write puts there to be read.
    fn value(&self) -> Option<&Text> {
        match &self.op {
            Op::Set(value) | Op::Insert(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this write takes away what it has seen, and shows itself only by that.
    fn only_removes(&self) -> bool {
        let op = if let Op::In { op, .. } = &self.op { op } else { &self.op };
        matches!(op, Op::Delete | Op::Remove(_) | Op::Disable)
    }
}

/// Whether nothing is left of `old` after a `new` that had seen it.
fn replaces(new: &Op, old: &Op) -> bool {
    match (new, old) {
        (Op::Insert(new) | Op::Remove(new), Op::Insert(old)) => new == old,
        (Op::Set(_) | Op::Delete, Op::Set(_) | Op::Delete) => true,
        (Op::Enable | Op::Disable, Op::Enable | Op::Disable) => true,
        (Op::In { field, op: new }, Op::In { field: same, op: old }) => field == same && replaces(new, old),
        (Op::Remove(new), Op::In { field: old, .. }) => new == old,
        // Where the fields are registers, a remove of one is a delete.
        (Op::In { field: new, op }, Op::Remove(old)) => new == old && matches!(**op, Op::Set(_) | Op::Delete),
        _ => false,
    }
}

/// Whether two operations on one key are about the same part of it.
fn touch(one: &Op, other: &Op) -> bool {
    match (one, other) {
        (Op::Insert(one) | Op::Remove(one), Op::Insert(other) | Op::Remove(other)) => one == other,
        (Op::In { field, op: one }, Op::In { field: same, op: other }) => {
            let alike = |kind: &Kind| kind.takes(one) && kind.takes(other);
            field == same && [Kind::Register, Kind::Counter, Kind::Set].iter().any(alike) && touch(one, other)
        }
        (Op::In { field: one, .. }, Op::Remove(other)) | (Op::Remove(one), Op::In { field: other, .. }) => one == other,
        _ => true,
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

    /// What a write at `replica` would be made in knowledge of: what it has seen, and what that was made in knowledge of.
    /// The latter adds something only where [delivery](crate::delivery) is not causal.
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

    /// The writes that `replica` has seen and lost: judged by dot.
    ///
    /// A set, an insert or an enabling is kept while its dot shows or a seen write that had seen it has superseded it. A
    /// delete, a remove or a disabling is kept while nothing that it had seen shows. Of what only adds up, the read alone
    /// is asked: increments are kept while the total is the sum of those seen, what is inserted into a set that only grows
    /// while it is in, and a number while the greatest, or the least, is no worse.
    /// Where increments can be deleted, those are counted that show.
    pub fn losses<R: Resolver>(&self, replica: &Replica<R>) -> Vec<Loss> {
        let shows = |write: &Write| replica.state(&write.key).is_some_and(|s| replica.rule().shows(s, write.dot));
        let mut losses = Vec::new();
        for write in self.seen(replica) {
            let rivals = || self.seen(replica).filter(|rival| rival.rivals(write));
            let read = self.is_read(replica, write);
            let kept = match read {
                Some(read) => read,
                None if matches!(write.op, Op::Add(_)) => {
                    let accounted = shows(write) || rivals().any(|rival| rival.supersedes(write));
                    accounted && self.total_is_right(replica, &write.key)
                }
                None if write.only_removes() => {
                    shows(write) || !rivals().any(|rival| write.supersedes(rival) && shows(rival))
                }
                None => shows(write) || rivals().any(|rival| rival.supersedes(write)),
            };
            if kept {
                continue;
            }
            let shown: Vec<&Write> = rivals().filter(|rival| shows(rival)).collect();
            let beaten_by_its_past = shown.iter().any(|rival| write.had_seen(rival));
            // Increments do not compete with each other.
            let competes = |rival: &Write| !matches!((&write.op, &rival.op), (Op::Add(_), Op::Add(_)));
            let contested = rivals().any(|rival| rival.concurrent(write) && competes(rival));
            losses.push(Loss {
                write: write.dot,
                shown: shown.iter().map(|rival| rival.dot).collect(),
                by_policy: contested && !beaten_by_its_past && read.is_none(),
            });
        }
        losses
    }

    /// Whether what is read accounts for the write, where that alone can tell.
    fn is_read<R: Resolver>(&self, replica: &Replica<R>, write: &Write) -> Option<bool> {
        let number = || match replica.read(&write.key) {
            Reading::Value(number) => number.parse::<i64>().ok(),
            _ => None,
        };
        match &write.op {
            Op::Add(_) if replica.rule().kind() == Kind::DeletableCounter => None,
            Op::Add(_) | Op::Transfer { .. } => Some(self.total_is_right(replica, &write.key)),
            Op::Raise(least) => Some(number().is_some_and(|number| number >= *least)),
            Op::Lower(most) => Some(number().is_some_and(|number| number <= *most)),
            Op::Insert(element) if replica.rule().kind() == Kind::GrowOnlySet => {
                Some(matches!(replica.read(&write.key), Reading::Elements(all) if all.contains(element)))
            }
            _ => None,
        }
    }

    fn total_is_right<R: Resolver>(&self, replica: &Replica<R>, key: &Key) -> bool {
        let shows = |dot| replica.state(key).is_none_or(|state| replica.rule().shows(state, dot));
        let amounts = self.seen(replica).filter(|write| write.key == *key).map(|write| match write.op {
            Op::Add(amount) if shows(write.dot) => i128::from(amount),
            _ => 0,
        });
        // As the counters hold it: at the ends of `i64` if it lies beyond.
        let sum = amounts.sum::<i128>().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        replica.read(key) == Reading::Total(sum as i64)
    }

    /// A key and a master that has subtracted and handed over more of it than it had added and been handed: more than it
    /// had a right to. As long as there is none, no total is negative (Balegas et al., SRDS 2015).
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

    /// A delete or remove that `replica` has seen, and a write that it removed, whose value is read although no seen write
    /// put it there that the delete had not seen.
    pub fn resurrection<'a, R: Resolver>(&'a self, replica: &'a Replica<R>) -> Option<(&'a Write, &'a Write)> {
        let removes = self.seen(replica).filter(|write| write.only_removes());
        let mut pairs = removes.flat_map(|delete| {
            self.seen(replica).filter(|write| delete.supersedes(write)).map(move |write| (delete, write))
        });
        pairs.find(|(delete, removed)| {
            let Some(value) = removed.value() else {
                return false;
            };
            let again = |write: &Write| write.key == removed.key && write.value() == Some(value);
            let is_read = match replica.read(&removed.key) {
                Reading::Value(read) => read == *value,
                Reading::Values(read) => read.contains(value),
                Reading::Elements(read) => read.contains(value),
                _ => false,
            };
            is_read && !self.seen(replica).any(|write| again(write) && !delete.had_seen(write))
        })
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
