//! The names of masters and writes, and the sets of writes seen: [`MasterId`], [`Dot`], [`VersionVector`].

use crate::watch;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ptr;
use std::str::FromStr;
use std::sync::Arc;

/// A master's place in the cluster, counted from 0. Shown as a letter: A, B, C, … Z, then M26, M27, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MasterId(pub u16);

impl MasterId {
    /// The place as an index into a list of all masters.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The error for a text that cannot be parsed as a [`MasterId`] or a [`Dot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseIdError {
    text: String,
    expected: &'static str,
}

impl ParseIdError {
    fn new(text: &str, expected: &'static str) -> ParseIdError {
        ParseIdError { text: text.escape_debug().to_string(), expected }
    }
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", self.text, self.expected)
    }
}

impl std::error::Error for ParseIdError {}

/// Parses exactly the form that `Display` writes.
impl FromStr for MasterId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<MasterId, ParseIdError> {
        let id = match text.as_bytes() {
            [letter @ b'A'..=b'Z'] => Some(u16::from(letter - b'A')),
            _ => text.strip_prefix('M').and_then(|number| number.parse().ok()),
        };
        let id = id.map(MasterId).filter(|id| id.to_string() == text);
        id.ok_or_else(|| ParseIdError::new(text, "a master: A, B, ... Z, M26, M27, ..."))
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

/// The name of one change: the master that wrote it, and its sequence number among that master's changes, from 1.
///
/// A dot is issued once and never again. The term is from Preguiça et al., "Dotted version vectors", 2010.
///
/// A dot takes eight bytes, and so does a [`Timestamp`](crate::Timestamp). So a change with a short key and a short
/// value fits one cache line. `Ord` compares the master first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "crate::serialized::NamedDot", into = "crate::serialized::NamedDot"))]
pub struct Dot(u64);

impl Dot {
    /// The greatest sequence number. A master that writes a million times a second reaches it after nine years.
    pub const LAST: u64 = (1 << 48) - 1;

    /// The change of `origin` with the sequence number `seq`.
    ///
    /// # Panics
    /// If `seq` is past [`LAST`](Self::LAST).
    #[inline]
    pub fn new(origin: MasterId, seq: u64) -> Dot {
        watch::look("Dot::new");
        Dot::numbered(origin, seq)
    }

    #[inline]
    pub(crate) fn numbered(origin: MasterId, seq: u64) -> Dot {
        assert!(seq <= Self::LAST, "a sequence number is at most 2^48 - 1");
        Dot(u64::from(origin.0) << 48 | seq)
    }

    /// The origin: the id of the master at which a client made the write, or the fresh origin under which this master
    /// wrote it.
    #[inline]
    pub const fn origin(self) -> MasterId {
        MasterId((self.0 >> 48) as u16)
    }

    /// 1 for the origin's first change.
    #[inline]
    pub fn seq(self) -> u64 {
        watch::look("Dot::seq");
        self.number()
    }

    #[inline]
    pub(crate) fn number(self) -> u64 {
        self.0 & Self::LAST
    }
}

impl Hash for Dot {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        watch::look("the hash of a Dot");
        self.0.hash(hasher);
    }
}

impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.seq())
    }
}

/// Parses the form that `Display` writes for a master with a letter, such as `A1`. A text such as `M261` is refused,
/// because it is ambiguous: change 261 of the master M, or the first change of M26.
impl FromStr for Dot {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Dot, ParseIdError> {
        let read = || {
            let (master, seq) = text.split_at_checked(1)?;
            if master == "M" && seq.len() > 2 {
                return None;
            }
            let seq = seq.parse().ok().filter(|seq| *seq <= Dot::LAST)?;
            Some(Dot::new(master.parse().ok()?, seq)).filter(|dot| dot.to_string() == text)
        };
        read().ok_or_else(|| ParseIdError::new(text, "a dot: A1, B7, ..."))
    }
}

/// A set of changes seen: the first `n` changes of each master.
///
/// The set has no gaps, so one count per master represents it (Parker et al., 1983). The count of a master past the end
/// is 0, and trailing zeros are never stored: equal sets are equal values. The partial order is
/// [`covers`](Self::covers); `Ord` is only for keeping vectors in sorted lists.
///
/// The counts of the first four masters are inline, so that a lookup does not branch on where the counts are. This
/// saves one in thirteen of an arrival's instructions.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize), serde(from = "Vec<u64>"))]
pub struct VersionVector {
    first: [u64; FIRST],
    /// The counts of the other masters, without trailing zeros; `None` if all are zero. Clones share them until one
    /// changes, because most of the vectors that a master keeps and sends are equal. The pointer is thin, so that a
    /// message with one change fits two cache lines.
    rest: Option<Arc<Vec<u64>>>,
}

/// The number of masters whose counts are inline.
const FIRST: usize = 4;

impl From<Vec<u64>> for VersionVector {
    fn from(counts: Vec<u64>) -> Self {
        watch::look("VersionVector::from");
        let mut vector = VersionVector::default();
        let (first, rest) = counts.split_at(counts.len().min(FIRST));
        vector.first[..first.len()].copy_from_slice(first);
        for (index, count) in rest.iter().enumerate() {
            vector.join_rest(index, *count);
        }
        vector
    }
}

impl VersionVector {
    /// The number of changes of `master` in this set.
    #[inline]
    pub fn get(&self, master: MasterId) -> u64 {
        watch::look("VersionVector::get");
        self.count(master)
    }

    #[inline]
    pub(crate) fn count(&self, master: MasterId) -> u64 {
        match self.first.get(master.index()) {
            Some(count) => *count,
            None => self.rest().get(master.index() - FIRST).copied().unwrap_or(0),
        }
    }

    /// Whether the change named `dot` is in this set.
    #[inline]
    pub fn contains(&self, dot: Dot) -> bool {
        dot.number() <= self.count(dot.origin())
    }

    /// Whether all changes in `other` are in this set. O(masters).
    #[inline]
    pub fn covers(&self, other: &VersionVector) -> bool {
        // The few inline counts are all compared, without a branch.
        let first = self.first.iter().zip(&other.first).fold(true, |all, (ours, theirs)| all & (ours >= theirs));
        first && (other.rest.is_none() || self.rest_covers(other))
    }

    #[cold]
    fn rest_covers(&self, other: &VersionVector) -> bool {
        let (ours, theirs) = (self.rest(), other.rest());
        if ptr::eq(ours, theirs) {
            return true;
        }
        // Compares without a branch, so by vector instructions: the highest bit is set if one of ours may be less.
        let pairs = || ours.iter().zip(theirs);
        let less = pairs().fold(0, |less, (ours, theirs)| less | ours.wrapping_sub(*theirs) | theirs);
        ours.len() >= theirs.len() && (less >> 63 == 0 || pairs().all(|(ours, theirs)| ours >= theirs))
    }

    /// Adds the change named `dot` and all earlier ones of its origin.
    #[inline]
    pub fn insert(&mut self, dot: Dot) {
        match self.first.get_mut(dot.origin().index()) {
            Some(count) => *count = (*count).max(dot.number()),
            None => self.join_rest(dot.origin().index() - FIRST, dot.number()),
        }
    }

    #[cold]
    fn join_rest(&mut self, index: usize, count: u64) {
        // A count of 0 must not leave a trailing zero, and shared counts are copied only to change one.
        if count > self.rest().get(index).copied().unwrap_or(0) {
            let rest = Arc::make_mut(self.rest.get_or_insert_default());
            rest.resize(rest.len().max(index + 1), 0);
            rest[index] = count;
        }
    }

    /// Adds all of `other`: the least vector that covers both.
    #[inline]
    pub fn join(&mut self, other: &VersionVector) {
        for (ours, theirs) in self.first.iter_mut().zip(&other.first) {
            *ours = (*ours).max(*theirs);
        }
        for (index, count) in other.rest().iter().enumerate() {
            self.join_rest(index, *count);
        }
    }

    /// Keeps only changes that are also in `other`: the greatest vector that both cover.
    pub fn meet(&mut self, other: &VersionVector) {
        for (ours, theirs) in self.first.iter_mut().zip(&other.first) {
            *ours = (*ours).min(*theirs);
        }
        let ours = mem::take(self);
        self.first = ours.first;
        for (index, (ours, theirs)) in ours.rest().iter().zip(other.rest()).enumerate() {
            self.join_rest(index, *ours.min(theirs));
        }
    }

    /// The masters with at least one change in this set, in order, each with its count.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (MasterId, u64)> + '_ {
        watch::look("VersionVector::iter");
        let numbered = self.first.iter().chain(self.rest()).enumerate().filter(|(_, count)| **count > 0);
        numbered.map(|(index, count)| (MasterId(index as u16), *count))
    }

    /// One more than the highest master named; 0 for the empty vector.
    #[inline]
    pub fn width(&self) -> usize {
        match &self.rest {
            Some(rest) => FIRST + rest.len(),
            None => self.first.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1),
        }
    }

    /// Whether the set is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.width() == 0
    }

    #[inline]
    fn rest(&self) -> &[u64] {
        self.rest.as_ref().map_or(&[], |rest| rest.as_slice())
    }

    /// The counts, up to that of the last master with a change in this set.
    pub(crate) fn counts(&self) -> impl Iterator<Item = &u64> {
        self.first.iter().chain(self.rest()).take(self.width())
    }
}

impl Hash for VersionVector {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        watch::look("the hash of a VersionVector");
        (&self.first, &self.rest).hash(hasher);
    }
}

impl fmt::Debug for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        watch::look("the text of a VersionVector");
        f.debug_list().entries(self.counts()).finish()
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
    }

    #[test]
    fn the_master_goes_before_the_sequence_number() {
        assert!(Dot::new(MasterId(1), Dot::LAST) < Dot::new(MasterId(2), 0));
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for id in [0, 1, 25, 26, 27, u16::MAX].map(MasterId) {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "a", "AA", "M3", "M026", "M+26", "M65536", " A"] {
            let error = text.parse::<MasterId>().expect_err(text).to_string();
            assert!(error.starts_with(&format!("`{text}` is not a master")), "{error}");
        }
        let dot = Dot::new(MasterId(2), Dot::LAST);
        assert_eq!(dot.to_string().parse(), Ok(dot));
        for text in ["", "A", "1", "A+1", "A01", "a1", "A281474976710656", "M261", "é1"] {
            let error = text.parse::<Dot>().expect_err(text).to_string();
            assert!(error.ends_with("is not a dot: A1, B7, ..."), "{error}");
        }
    }

    #[test]
    fn an_older_dot_takes_nothing_away() {
        let mut held = vector(&[3]);
        held.insert(Dot::new(MasterId(0), 1));
        assert_eq!(held, vector(&[3]));
    }

    #[test]
    fn it_is_the_list_of_its_counts_however_many_there_are() {
        let lists: Vec<Vec<u64>> =
            vec![vec![], vec![1, 2], vec![0, 0, 0, 7], vec![1, 0, 0, 0, 2], vec![0, 3, 0, 4, 1, 0, 9]];
        let each = |one: &[u64], other: &[u64], what: fn(u64, u64) -> u64| {
            let get = |list: &[u64], n: usize| list.get(n).copied().unwrap_or(0);
            vector(&(0..one.len().max(other.len())).map(|n| what(get(one, n), get(other, n))).collect::<Vec<_>>())
        };
        for one in &lists {
            assert!(vector(one).counts().eq(one));
            assert_eq!((vector(one).width(), vector(one).is_empty()), (one.len(), one.is_empty()));
            for other in &lists {
                let (mut joined, mut met, mut inserted) = (vector(one), vector(one), vector(one));
                joined.join(&vector(other));
                met.meet(&vector(other));
                for (origin, count) in vector(other).iter() {
                    inserted.insert(Dot::new(origin, count));
                }
                assert_eq!((&joined, &inserted), (&each(one, other, u64::max), &joined));
                assert_eq!(met, each(one, other, u64::min));
                assert_eq!(vector(one).covers(&vector(other)), joined == vector(one), "{one:?} {other:?}");
                assert_eq!(vector(one).cmp(&vector(other)), one.cmp(other));
            }
        }
    }

    #[test]
    fn covers_is_the_partial_order() {
        assert!(vector(&[1, 1]).covers(&vector(&[1])));
        assert!(!vector(&[1]).covers(&vector(&[0, 1])));
        assert!(!vector(&[0, 1]).covers(&vector(&[1])));
        assert!(vector(&[]).covers(&vector(&[])));
        // Counts that no master reaches are compared, too.
        for (more, less) in [(u64::MAX, 1), (1 << 63, 0), (u64::MAX, 1 << 63), (u64::MAX, u64::MAX - 1)] {
            let (more, less) = (vector(&[0, 0, 0, 0, 3, more, 1]), vector(&[0, 0, 0, 0, 3, less, 1]));
            assert!(more.covers(&less) && more.covers(&more) && !less.covers(&more));
        }
    }
}
