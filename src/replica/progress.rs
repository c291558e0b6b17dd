//! What all masters are known to have seen, and the background steps that depend on it: [`Progress`].

use super::{PeerError, Replica};
use crate::{Key, MasterId, Resolver, VersionVector};
use std::iter::zip;
use std::ops::Range;

/// The progress of all masters as one master knows it: for each master, a version vector of changes that this master
/// has seen. These are the rows of the matrix clock of Wuu and Bernstein, "Efficient solutions to the replicated log
/// and dictionary problems", PODC 1984. Masters [tell](Replica::learn) each other.
///
/// A master that restarted under a fresh origin may have forgotten writes of its earlier run that are still in flight.
/// So the progress also states the origin of each master. Once a master has learned the fresh origin of another, no
/// message of the other's earlier run may arrive at it. Rows are combined only under equal `origins`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// By master, the origin of its writes; [`GONE`] if it is gone for good.
    origins: Vec<MasterId>,
    /// By master, changes that it has seen.
    rows: Vec<VersionVector>,
}

/// In place of the origin of a bypassed master. No master has it: see [`Replica::restart`].
const GONE: MasterId = MasterId(u16::MAX);

impl Progress {
    /// By master, changes that it is known to have seen. Bypassed masters are left out.
    pub fn rows(&self) -> impl Iterator<Item = (MasterId, &VersionVector)> {
        let numbered = (0..).map(MasterId).zip(zip(&self.origins, &self.rows));
        numbered.filter(|(_, (origin, _))| **origin != GONE).map(|(id, (_, row))| (id, row))
    }

    /// From now on the master writes under this origin. All rows are emptied.
    fn begin_anew(&mut self, id: MasterId, origin: MasterId) {
        self.origins[id.index()] = origin;
        self.rows.fill(VersionVector::default());
    }
}

impl<R: Resolver> Replica<R> {
    /// The progress of all masters as this master knows it, for a neighbour to [learn](Self::learn). O(masters²).
    pub fn progress(&self) -> Progress {
        let mut progress = self.known_progress();
        progress.rows[self.known.id.index()] = self.known.seen.clone();
        progress
    }

    /// As [`progress`](Self::progress), but this master's own row is empty.
    fn known_progress(&self) -> Progress {
        let origin = |id: MasterId| match id {
            id if id == self.known.id => self.known.origin,
            id if self.known.gone.contains(&id) => GONE,
            id => id,
        };
        self.known.progress.as_deref().cloned().unwrap_or_else(|| Progress {
            origins: (0..self.place.masters).map(MasterId).map(origin).collect(),
            rows: vec![VersionVector::default(); self.place.masters.into()],
        })
    }

    /// Learns the progress of all masters as `from` knows it, a neighbour that sends to this master. Returns whether
    /// any of it was new.
    ///
    /// A row with changes that this master has not seen is ignored; a later message has the row again. These messages
    /// may be lost, repeated and reordered. But once one has arrived from a neighbour that restarted under a fresh
    /// origin, no message of the neighbour's earlier run may arrive. O(masters²).
    ///
    /// # Errors
    /// If a correct neighbour cannot have sent this. The replica is unchanged then.
    pub fn learn(&mut self, from: MasterId, told: &Progress) -> Result<bool, PeerError> {
        self.vet_progress(from, told)?;
        let mut ours = self.known_progress();
        let mut altered = false;
        for (id, origin) in (0..).map(MasterId).zip(&told.origins) {
            let held = ours.origins[id.index()];
            // A neighbour's restart is learned only from the neighbour itself, because messages of its earlier run may
            // arrive before. That a master is gone is learned only by `change_topology`.
            let direct = id == from || !self.place.senders.contains(&id);
            if held < *origin && *origin != GONE && id != self.known.id && direct {
                ours.begin_anew(id, *origin);
                altered = true;
            }
        }
        if ours.origins == told.origins {
            for (id, row) in told.rows() {
                let held = &mut ours.rows[id.index()];
                if id != self.known.id && !held.covers(row) && self.known.seen.covers(row) {
                    held.join(row);
                    altered = true;
                }
            }
        }
        if altered {
            self.known.progress = Some(Box::new(ours));
        }
        Ok(altered)
    }

    fn vet_progress(&self, from: MasterId, told: &Progress) -> Result<(), PeerError> {
        if !self.place.senders.contains(&from) {
            return Err(PeerError::NotANeighbour(from));
        }
        let masters = usize::from(self.place.masters);
        if told.origins.len() != masters || told.rows.len() != masters {
            return Err(PeerError::UnknownOrigin(MasterId(self.place.masters)));
        }
        // A fresh origin may be below a master that joined later: it is then an id that no master has.
        let is_fresh = |origin: MasterId| {
            origin.0 < self.place.origins && (origin.0 >= self.place.masters || self.known.gone.contains(&origin))
        };
        let is_known = |(id, origin): &(MasterId, MasterId)| id == origin || *origin == GONE || is_fresh(*origin);
        match (0..).map(MasterId).zip(told.origins.iter().copied()).find(|pair| !is_known(pair)) {
            Some((_, origin)) => Err(PeerError::UnknownOrigin(origin)),
            None => told.rows.iter().try_for_each(|row| self.vet_vector(row)),
        }
    }

    /// The changes of which this master knows that all masters have seen them, masters that are
    /// [gone](Self::change_topology) apart. Each of these changes is *stable* (Baquero, Almeida and Shoker, "Making
    /// operation-based CRDTs operation-based", DAIS 2014): every change that this master has yet to see has a later
    /// timestamp.
    ///
    /// This holds as long as a master that [restarts](Self::restart) under a fresh origin comes back with a clock that
    /// is not behind that of its earlier run, and no message of its earlier run arrives after that. O(masters²).
    pub fn seen_by_all(&self) -> VersionVector {
        let mut all = self.known.seen.clone();
        let known = self.known_progress();
        known.rows().filter(|(id, _)| *id != self.known.id).for_each(|(_, row)| all.meet(row));
        all
    }

    /// A background step: the rule drops from each state the parts that only matter if a change earlier than those in
    /// `stable` arrives ([`Resolver::collect`]). Tombstones are collected in this way. Returns the number of states
    /// that became smaller.
    ///
    /// With [`seen_by_all`](Self::seen_by_all) masters still agree. Any other vector that this master has seen can be
    /// given, too, such as what it had seen an hour ago; but then masters may disagree for ever, and deleted values come
    /// back, if a master has been away for longer. O(keys).
    pub fn collect(&mut self, stable: &VersionVector) -> usize {
        let mut collected = 0;
        self.collect_in(0..usize::MAX, stable, |_| collected += 1);
        collected
    }

    /// As [`collect`](Self::collect), for one key. Returns whether its state became smaller. O(1).
    pub fn collect_key(&mut self, key: &str, stable: &VersionVector) -> bool {
        let state = self.known.table.get(key.into());
        let Some(smaller) = state.and_then(|state| self.rule.collect(state, stable)) else { return false };
        self.known.table.alter(key.into(), |state| *state = smaller);
        self.snapshot.forget();
        true
    }

    /// As [`collect`](Self::collect), in these buckets of the table. Calls `collected` with each key whose state became
    /// smaller.
    fn collect_in(&mut self, buckets: Range<usize>, stable: &VersionVector, mut collected: impl FnMut(&Key)) {
        let last = buckets.end >= self.known.table.buckets();
        let mut any = false;
        let smaller = |state: &R::State| self.rule.collect(state, stable);
        self.known.table.reduce(buckets, smaller, |key| {
            any = true;
            collected(key);
        });
        if any {
            self.snapshot.forget();
        }
        if last {
            self.known.table.give_back();
        }
    }

    /// A part of [`collect`](Self::collect): at most `most` buckets of the table, from `next` on. Returns the bucket at
    /// which the next part begins, 0 after the last one.
    pub(crate) fn collect_part(
        &mut self,
        stable: &VersionVector,
        next: usize,
        most: usize,
        collected: impl FnMut(&Key),
    ) -> usize {
        let end = next.saturating_add(most);
        let last = end >= self.known.table.buckets();
        self.collect_in(next..end, stable, collected);
        if last { 0 } else { end }
    }

    /// The origin of this master has changed, or which masters have joined or are gone.
    pub(super) fn progress_begins_anew(&mut self) {
        let Some(mut progress) = self.known.progress.take() else { return };
        let before = progress.rows.len() as u16;
        progress.origins.extend((before..self.place.masters).map(MasterId));
        progress.rows.resize(self.place.masters.into(), VersionVector::default());
        progress.begin_anew(self.known.id, self.known.origin);
        self.known.gone.iter().for_each(|gone| progress.begin_anew(*gone, GONE));
        self.known.progress = Some(progress);
    }
}
