//! Who wrote what, and who has seen it: [`MasterId`], [`Dot`], [`VersionVector`].

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::fmt;

/// A master's place in the cluster, counted from 0. Shown as a letter: A, B, C, … Z, then M26, M27, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MasterId(pub u16);

impl MasterId {
    /// The place as an index into a list of all masters.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The master that is shown so.
    pub(crate) fn named(name: &str) -> Option<MasterId> {
        let id = MasterId(match name.as_bytes() {
            [letter @ b'A'..=b'Z'] => u16::from(letter - b'A'),
            _ => name.strip_prefix('M')?.parse().ok()?,
        });
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for MasterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n @ 0..26 => write!(f, "{}", char::from(b'A' + n as u8)),
            n => write!(f, "M{n}"),
        }
    }
}

/// The name of one change: the master that wrote it and that master's how-manieth change it is (from 1).
///
/// A dot is issued once and never again. The term is from Preguiça et al., "Dotted version vectors", 2010.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// The master at which a client made the write.
    pub origin: MasterId,
    /// 1 for the master's first change.
    pub seq: u64,
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.seq)
    }
}

/// Which changes have been seen: of each master, its first `n`.
///
/// A set of dots that has no holes, so one number per master tells it (Parker et al., 1983). A master that is not
/// named stands at 0, and trailing zeros are never kept: equal sets are equal values. The partial order is
/// [`covers`](Self::covers); `Ord` is only for keeping vectors in sorted lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<u64>")]
pub struct VersionVector(SmallVec<[u64; 4]>);

impl From<Vec<u64>> for VersionVector {
    fn from(counts: Vec<u64>) -> Self {
        let mut vector = VersionVector(counts.into());
        vector.trim();
        vector
    }
}

impl VersionVector {
    /// How many of `master`'s changes are in.
    #[inline]
    pub fn get(&self, master: MasterId) -> u64 {
        self.0.get(master.index()).copied().unwrap_or(0)
    }

    /// Whether the change named `dot` is in.
    #[inline]
    pub fn contains(&self, dot: Dot) -> bool {
        dot.seq <= self.get(dot.origin)
    }

    /// Whether all of `other` is in. O(masters).
    #[inline]
    pub fn covers(&self, other: &VersionVector) -> bool {
        self.0.len() >= other.0.len() && self.0.iter().zip(&other.0).all(|(ours, theirs)| ours >= theirs)
    }

    /// Adds the change named `dot` and all earlier ones of its origin.
    #[inline]
    pub fn insert(&mut self, dot: Dot) {
        let index = dot.origin.index();
        if self.0.len() <= index {
            // Dots are counted from 1, but who asks for more gets no trailing zero.
            self.0.resize(index + 1, 0);
            self.0[index] = dot.seq;
            self.trim();
        } else {
            self.0[index] = self.0[index].max(dot.seq);
        }
    }

    /// Adds all of `other`: the least vector that covers both.
    pub fn join(&mut self, other: &VersionVector) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (ours, theirs) in self.0.iter_mut().zip(&other.0) {
            *ours = (*ours).max(*theirs);
        }
    }

    /// Keeps what is also in `other`: the greatest vector that both cover.
    pub fn meet(&mut self, other: &VersionVector) {
        self.0.truncate(other.0.len());
        for (ours, theirs) in self.0.iter_mut().zip(&other.0) {
            *ours = (*ours).min(*theirs);
        }
        self.trim();
    }

    /// The masters with at least one change in, in order, each with how many.
    pub fn iter(&self) -> impl Iterator<Item = (MasterId, u64)> + '_ {
        let numbered = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        numbered.map(|(index, count)| (MasterId(index as u16), *count))
    }

    /// One more than the highest master named; 0 for the empty vector.
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

/// `A2 B1`: two changes of A and one of B; `nothing` when empty.
impl fmt::Display for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        for (place, (master, count)) in self.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{master}{count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(counts: &[u64]) -> VersionVector {
        counts.to_vec().into()
    }

    #[test]
    fn trailing_zeros_do_not_tell_vectors_apart() {
        let mut met = vector(&[1, 2, 3]);
        met.meet(&vector(&[1, 0, 0, 5]));
        assert_eq!(met, vector(&[1]));
        assert_eq!(vector(&[1, 0, 0]), met);
        assert_eq!(serde_json::from_str::<VersionVector>("[1,0]").unwrap(), met);
    }

    #[test]
    fn an_older_dot_takes_nothing_away() {
        let mut held = vector(&[3]);
        held.insert(Dot { origin: MasterId(0), seq: 1 });
        assert_eq!(held, vector(&[3]));
    }

    #[test]
    fn covers_is_the_partial_order() {
        assert!(vector(&[1, 1]).covers(&vector(&[1])));
        assert!(!vector(&[1]).covers(&vector(&[0, 1])));
        assert!(!vector(&[0, 1]).covers(&vector(&[1])));
        assert!(vector(&[]).covers(&vector(&[])));
    }
}
