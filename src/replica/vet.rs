//! Checks of what a peer sent: [`PeerError`].

use super::Replica;
use crate::clock::END;
use crate::{Change, Dot, MasterId, Op, Refusal, Resolver, Snapshot, Timestamp, VersionVector};
use std::fmt;

/// Why a message is refused. The error is the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum PeerError {
    /// The sender is not a neighbour that sends changes to this master.
    NotANeighbour(MasterId),
    /// The message names a shard that does not exist.
    NoSuchShard(usize),
    /// A push without changes.
    Empty,
    /// A change or a version vector names a master that is not in the cluster.
    UnknownOrigin(MasterId),
    /// A dot that cannot be the next of its origin: an earlier change is missing, the sequence number is 0, or this
    /// master has not made that write.
    ImpossibleDot(Dot),
    /// A timestamp whose master is not the change's origin, or whose time is past 2^47, or past the [limit](Replica::limit_clock).
    ImpossibleTimestamp(Timestamp),
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerError::NotANeighbour(id) => write!(f, "{id} is not a neighbour that sends changes here"),
            PeerError::NoSuchShard(shard) => write!(f, "there is no shard {shard} here"),
            PeerError::Empty => write!(f, "a push without changes"),
            PeerError::UnknownOrigin(id) => write!(f, "{id} is not in the cluster"),
            PeerError::ImpossibleDot(dot) => write!(f, "{dot} cannot be the next change of {}", dot.origin()),
            PeerError::ImpossibleTimestamp(timestamp) => write!(f, "{timestamp} cannot be the change's timestamp"),
        }
    }
}

impl std::error::Error for PeerError {}

impl<R: Resolver> Replica<R> {
    /// Makes the checks that do not need the rule's state: an operation gives a time only to a rule that uses wall
    /// clocks, and a transfer names a master of the cluster.
    #[inline(never)]
    pub(super) fn vet_op(&self, op: &Op) -> Result<(), Refusal> {
        if op.time().is_some() && !self.rule.uses_wall_clock() {
            return Err(Refusal::NoWallClock);
        }
        match op.untimed() {
            Op::Transfer { to, .. } if to.0 >= self.place.masters => {
                Err(Refusal::Because(format!("there is no master {to} to transfer to").into()))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether all changes that the push extends have been seen, or an error if a correct peer cannot have sent
    /// the push. O(changes + masters).
    #[inline(always)]
    pub(super) fn vet_push(
        &self,
        from: MasterId,
        extends: &VersionVector,
        changes: &[Change<R::Effect>],
    ) -> Result<bool, PeerError> {
        let seen = self.vet_seen(from, extends)?;
        let [first, rest @ ..] = changes else {
            return Err(PeerError::Empty);
        };
        self.vet_change(first, extends)?;
        if !rest.is_empty() {
            self.vet_rest(first.dot, rest, extends.clone())?;
        }
        Ok(seen)
    }

    /// Returns an error if a correct peer cannot have sent this snapshot. O(masters).
    pub(super) fn vet_snapshot(&self, from: MasterId, snapshot: &Snapshot<R::State>) -> Result<(), PeerError> {
        self.vet_seen(from, &snapshot.seen)?;
        if snapshot.clock > self.place.latest {
            return Err(PeerError::ImpossibleTimestamp(Timestamp::new(snapshot.clock.min(END), from)));
        }
        Ok(())
    }

    /// Returns whether this master has seen all changes in `vector`, or an error if a correct neighbour cannot have
    /// seen them.
    #[inline(always)]
    fn vet_seen(&self, from: MasterId, vector: &VersionVector) -> Result<bool, PeerError> {
        if !self.place.senders.contains(&from) {
            return Err(PeerError::NotANeighbour(from));
        }
        let seen = self.known.seen.covers(vector);
        if !seen {
            self.vet_vector(vector)?;
        }
        Ok(seen)
    }

    /// Checks the changes of a push after the `first`. This is a separate function because a push of one change needs
    /// no copy of the vector.
    #[inline(never)]
    fn vet_rest(&self, first: Dot, rest: &[Change<R::Effect>], mut so_far: VersionVector) -> Result<(), PeerError> {
        so_far.insert(first);
        for change in rest {
            self.vet_change(change, &so_far)?;
            so_far.insert(change.dot);
        }
        Ok(())
    }

    /// A change must be the next of its origin after `before`: the changes that the push extends, and those before it
    /// in the push.
    #[inline(always)]
    fn vet_change(
        &self,
        Change { dot, timestamp, .. }: &Change<R::Effect>,
        before: &VersionVector,
    ) -> Result<(), PeerError> {
        if dot.origin().0 >= self.place.origins {
            return Err(PeerError::UnknownOrigin(dot.origin()));
        }
        let follows = dot.number().checked_sub(1) == Some(before.count(dot.origin()));
        if !follows || dot.number() > self.most_changes_of(dot.origin()) {
            return Err(PeerError::ImpossibleDot(*dot));
        }
        if timestamp.master() != dot.origin() || timestamp.number() > self.place.latest {
            return Err(PeerError::ImpossibleTimestamp(*timestamp));
        }
        Ok(())
    }

    /// Checks that a correct peer can have seen the changes in `vector`: the masters that it names exist, and this
    /// master has made the changes that it counts. O(masters).
    ///
    /// # Errors
    /// The first fault.
    #[inline]
    pub fn vet_vector(&self, vector: &VersionVector) -> Result<(), PeerError> {
        if vector.width() > usize::from(self.place.origins) {
            let last = u16::try_from(vector.width() - 1).unwrap_or(u16::MAX);
            return Err(PeerError::UnknownOrigin(MasterId(last)));
        }
        match vector.iter().find(|(origin, count)| *count > self.most_changes_of(*origin)) {
            Some((origin, count)) => Err(PeerError::ImpossibleDot(Dot::new(origin, count.min(Dot::LAST)))),
            None => Ok(()),
        }
    }

    /// The greatest sequence number of `origin` that a peer may name.
    #[inline]
    fn most_changes_of(&self, origin: MasterId) -> u64 {
        if origin == self.known.origin { self.known.seen.count(origin) } else { Dot::LAST }
    }
}
