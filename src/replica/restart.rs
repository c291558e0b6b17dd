//! A master that comes back after a crash, perhaps without some of its state.

use super::{Place, Replica};
use crate::clock::LATEST;
use crate::log::Cursor;
use crate::{MasterId, Resolver, Topology};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The error of [`Replica::restart`]: the origin is not fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedOriginError {
    /// The origin.
    pub origin: MasterId,
}

impl fmt::Display for UsedOriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not a fresh origin: it is a master of the topology, or a change of it has been seen",
            self.origin
        )
    }
}

impl std::error::Error for UsedOriginError {}

impl<R: Resolver> Replica<R> {
    /// This master restarts: this replica is what it had kept of its state.
    ///
    /// What was in flight is gone, so the replica takes each neighbour for one that has been sent everything. What a
    /// neighbour lacks, its [digest](Self::digest) brings; on an ordered connection, [`resume`](Self::resume) does.
    ///
    /// `fresh` is `None` if the master has kept all that it ever sent. Otherwise its next write could take a dot that
    /// an earlier write has, and other masters would ignore that write as a duplicate. So the master writes under a
    /// fresh origin from now on: an id past those of the topology's masters that no master has used before. Its earlier
    /// writes keep their dots, and come back from its neighbours like any other change.
    ///
    /// Every master must [expect](Self::expect_origins) the fresh origin. O(neighbours).
    ///
    /// # Errors
    /// If the origin is a master of the topology, or if this replica has seen a change of it. Nothing has changed then.
    pub fn restart(&mut self, fresh: Option<MasterId>) -> Result<(), UsedOriginError> {
        if let Some(origin) = fresh {
            if origin.0 < self.place.masters || origin.0 == u16::MAX || self.known.seen.get(origin) > 0 {
                return Err(UsedOriginError { origin });
            }
            self.known.origin = origin;
            self.expect_origins(origin.0 + 1);
        }
        let known = &mut self.known;
        let end = || Cursor::Next { index: known.log.entries.len(), seen: known.seen.clone() };
        known.cursors.fill_with(end);
        Ok(())
    }

    /// The neighbour `peer` has restarted and may have forgotten something. Split horizon keeps nothing from it any more:
    /// a change that it must have had before may be one that it forgot.
    ///
    /// Call this before [`resume`](Self::resume) if the neighbour writes under a [fresh origin](Self::restart). Without
    /// it, a stream to the neighbour may leave out changes for ever. Digests and their answers do not need it.
    pub fn peer_forgot(&mut self, peer: MasterId) {
        if let Err(place) = self.known.forgetful.binary_search(&peer) {
            self.known.forgetful.insert(place, peer);
            Arc::make_mut(&mut self.place).keep_nothing_from(peer);
        }
    }

    /// Accepts changes of the origins below `origins`. Changes of other origins are refused as a peer's fault. At
    /// first, the origins are the masters of the topology.
    pub fn expect_origins(&mut self, origins: u16) {
        if origins > self.place.origins {
            Arc::make_mut(&mut self.place).origins = origins;
        }
    }

    /// The masters in `dead` are gone for good, and the topology is now `topology` [without](Topology::without) them.
    ///
    /// What a new neighbour lacks, its digest brings; on an ordered connection, [`resume`](Self::resume) does. Split
    /// horizon keeps nothing from any neighbour from now on, because changes have come along paths that are no more.
    /// Every master must be told of the same dead, in any order. O(edges²).
    pub fn bypass(&mut self, topology: &Topology, dead: &BTreeSet<MasterId>) {
        let old = Arc::clone(&self.place);
        let mut place = Place::new(self.known.id, &topology.without(dead));
        (place.origins, place.latest) = (old.origins, old.latest);
        place.neighbours.iter_mut().for_each(|neighbour| neighbour.split_horizon.clear());
        self.place = Arc::new(place);
        let known = &mut self.known;
        let end = || Cursor::Next { index: known.log.entries.len(), seen: known.seen.clone() };
        let before = |id: MasterId| old.neighbours.iter().position(|neighbour| neighbour.id == id);
        let neighbours = &self.place.neighbours;
        let cursors =
            neighbours.iter().map(|neighbour| before(neighbour.id).map_or_else(end, |at| known.cursors[at].clone()));
        known.cursors = cursors.collect();
        known.forgetful = neighbours.iter().map(|neighbour| neighbour.id).collect();
        known.bypassed = dead.iter().copied().collect();
    }

    /// The neighbours to which this master sends changes, in order.
    pub fn sends_to(&self) -> impl Iterator<Item = MasterId> {
        self.place.neighbours.iter().map(|neighbour| neighbour.id)
    }

    /// Moves the logical clock to at least `now`, so that the next write is timestamped later than `now`.
    ///
    /// A driver that calls this before each write, with its wall clock, makes the clock a *hybrid logical clock*
    /// (Kulkarni et al., "Logical physical clocks", OPODIS 2014): timestamps are near the wall-clock time, and still later
    /// than all that the master has seen, however wrong a wall clock is. Milliseconds since 1970, times 16, leave room for
    /// 16 writes a millisecond, and for two centuries. A `now` past 2^47 is taken for that.
    pub fn advance_clock(&mut self, now: u64) {
        self.known.clock = self.known.clock.max(now.min(LATEST));
    }

    /// Refuses changes with a time past `latest` from now on, as a peer's fault. Call this with the wall-clock time and
    /// the greatest error of a clock that is tolerated: a master whose clock is far ahead then moves no other clock, and
    /// its changes are accepted once that time has come.
    pub fn limit_clock(&mut self, latest: u64) {
        Arc::make_mut(&mut self.place).latest = latest.min(LATEST);
    }

    /// The origin of this master's writes: its [id](Self::id), or a fresh one after a [restart](Self::restart).
    pub fn origin(&self) -> MasterId {
        self.known.origin
    }
}
