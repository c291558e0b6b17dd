//! Restarts of a master after a crash, changes of the topology, and limits of the clock.

use super::{Place, Replica};
use crate::clock::LATEST;
use crate::log::Cursor;
use crate::{MasterId, Resolver, Topology};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The error of [`Replica::restart`]: the origin has been used before, or may be used by another master.
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
    /// Restarts the master after a crash. This replica is the state that the crash has left.
    ///
    /// The replica moves each neighbour's cursor to the end of its log, because it cannot know which messages have
    /// arrived. A neighbour gets the changes that it lacks in [answer](Self::answer) to its digest, or, on an ordered
    /// connection, by [`resume`](Self::resume).
    ///
    /// `fresh` is `None` if the state contains every change that the master has ever sent. Otherwise the next write
    /// could get the dot of an earlier write, and other masters would ignore it as a duplicate. So from now on the
    /// master writes under the fresh origin: an id above those of the topology's masters that no master has used
    /// before. Its earlier writes keep their dots, and come back from the neighbours like any other change.
    ///
    /// Every master must [expect](Self::expect_origins) the fresh origin. Where tombstones are
    /// [collected](Self::collect), three conditions must hold. The clock is first [advanced](Self::advance_clock) past the
    /// clock of the earlier run, for example by a hybrid clock. No message of the earlier run arrives any more. And
    /// this replica is not a copy from before an earlier restart under a fresh origin. O(neighbours).
    ///
    /// # Errors
    /// If the origin is a master of the topology or the greatest id (65,535), or if this replica has seen a change of
    /// it. The replica is unchanged then.
    pub fn restart(&mut self, fresh: Option<MasterId>) -> Result<(), UsedOriginError> {
        if let Some(origin) = fresh {
            if origin.0 < self.place.masters || origin.0 == u16::MAX || self.known.seen.get(origin) > 0 {
                return Err(UsedOriginError { origin });
            }
            self.known.origin = origin;
            self.expect_origins(origin.0 + 1);
            self.progress_begins_anew();
        }
        let known = &mut self.known;
        let end = || Cursor::Next { index: known.log.entries.len(), seen: known.seen.clone() };
        known.cursors.fill_with(end);
        Ok(())
    }

    /// Notes that the neighbour `peer` has restarted and may have lost changes. From now on split horizon withholds
    /// nothing from this neighbour, because it may lack any change that it once had.
    ///
    /// Call this before [`resume`](Self::resume) if the neighbour writes under a [fresh origin](Self::restart). Without
    /// this call, a stream to the neighbour may leave out changes for ever. Digests and their answers do not need it.
    /// O(neighbours).
    pub fn peer_forgot(&mut self, peer: MasterId) {
        if let Err(place) = self.known.forgetful.binary_search(&peer) {
            self.known.forgetful.insert(place, peer);
            Arc::make_mut(&mut self.place).keep_nothing_from(peer);
        }
    }

    /// The number of origins that this master expects.
    #[cfg(feature = "durable")]
    pub(crate) fn origins(&self) -> u16 {
        self.place.origins
    }

    /// Accepts changes of the origins below `origins`; lower values than before have no effect. Changes of other
    /// origins are refused as a peer's fault. At first, the origins are the masters of the topology.
    pub fn expect_origins(&mut self, origins: u16) {
        if origins > self.place.origins {
            Arc::make_mut(&mut self.place).origins = origins;
        }
    }

    /// The topology is now `topology` [without](Topology::without) the masters in `gone`, which never come back. It may
    /// have masters that [joined](Topology::joined). Such a master has an id that was never an origin: neither that of an
    /// earlier master nor a [fresh](Self::restart) one. So ids between those of the masters may be those of no master,
    /// and are in `gone` as well.
    ///
    /// A new neighbour gets the changes that it lacks in [answer](Self::answer) to its digest, or, on an ordered
    /// connection, by [`resume`](Self::resume). From now on split horizon withholds nothing from any neighbour, because
    /// changes have come along paths that no longer exist. Call this at every master with the same arguments. Where
    /// tombstones are [collected](Self::collect), a new master begins after all others have been told of it, with a clock
    /// that is not behind any of theirs. O(edges²).
    pub fn change_topology(&mut self, topology: &Topology, gone: &BTreeSet<MasterId>) {
        let old = Arc::clone(&self.place);
        let mut place = Place::new(self.known.id, &topology.without(gone));
        (place.origins, place.latest) = (old.origins.max(place.masters), old.latest);
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
        known.gone = gone.iter().copied().collect();
        self.progress_begins_anew();
    }

    /// The neighbours to which this master sends changes, in order.
    pub fn sends_to(&self) -> impl Iterator<Item = MasterId> {
        self.place.neighbours.iter().map(|neighbour| neighbour.id)
    }

    /// Moves the logical clock to at least `now`, so that the next write has a time later than `now`. A `now` above
    /// 2^47 counts as 2^47.
    ///
    /// A driver that calls this before each write, with its wall clock, makes the clock a *hybrid logical clock*
    /// (Kulkarni et al., "Logical physical clocks", OPODIS 2014). Times are then near the wall-clock time, and still
    /// later than all times that the master has seen, however wrong a wall clock is. A suitable unit is 1/16 of a
    /// millisecond since 1970: it leaves room for 16 writes a millisecond, and for two centuries.
    pub fn advance_clock(&mut self, now: u64) {
        self.known.clock = self.known.clock.max(now.min(LATEST));
    }

    /// The logical clock: no timestamp that this master has seen is later.
    pub fn clock(&self) -> u64 {
        self.known.clock
    }

    /// From now on, refuses changes with a time after `latest`, as a peer's fault. Call this regularly with the
    /// wall-clock time plus the tolerated error of a clock. A master whose clock is far ahead then cannot move this
    /// clock, and its changes are accepted once their time has come.
    pub fn limit_clock(&mut self, latest: u64) {
        Arc::make_mut(&mut self.place).latest = latest.min(LATEST);
    }

    /// The origin of this master's writes: its [id](Self::id), or a fresh one after a [restart](Self::restart).
    pub fn origin(&self) -> MasterId {
        self.known.origin
    }
}
