//! What all masters are known to have seen, and the background steps that depend on it: [`Progress`].

use super::{PeerError, Replica};
use crate::{MasterId, Resolver, VersionVector};
use std::iter::zip;
use std::ops::Range;

/// What one master knows of the progress of all: by master, a version vector of changes that it has seen. These are
/// the rows of the matrix clock of Wuu and Bernstein, "Efficient solutions to the replicated log and dictionary
/// problems", PODC 1984. Masters [tell](Replica::learn) each other.
///
/// A master that restarted under a fresh origin may have forgotten writes that it had made, and which are still on
/// their way from it to others. So each row also says from which earlier selves its master takes nothing more: from
/// those before `origins`. Rows that differ in this are not combined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// By master, the origin of its writes; [`GONE`] if the topology was led past it.
    origins: Vec<MasterId>,
    /// By master, changes that it has seen.
    rows: Vec<VersionVector>,
}

/// In place of the origin of a master that is gone for good. No master has it: see [`Replica::restart`].
const GONE: MasterId = MasterId(u16::MAX);

impl Progress {
    /// By master, changes that it is known to have seen. Masters that are gone for good are left out.
    pub fn rows(&self) -> impl Iterator<Item = (MasterId, &VersionVector)> {
        let numbered = (0..).map(MasterId).zip(zip(&self.origins, &self.rows));
        numbered.filter(|(_, (origin, _))| **origin != GONE).map(|(id, (_, row))| (id, row))
    }

    /// From now on, this origin is that of the master: what was known counts no more.
    fn begin_anew(&mut self, id: MasterId, origin: MasterId) {
        self.origins[id.index()] = origin;
        self.rows.fill(VersionVector::default());
    }
}

impl<R: Resolver> Replica<R> {
    /// What this master knows of the progress of all, for a neighbour to [learn](Self::learn). O(masters²).
    pub fn progress(&self) -> Progress {
        let mut progress = self.known_progress();
        progress.rows[self.known.id.index()] = self.known.seen.clone();
        progress
    }

    /// As [`progress`](Self::progress), but this master's own row is empty.
    fn known_progress(&self) -> Progress {
        let origin = |id: MasterId| match id {
            id if id == self.known.id => self.known.origin,
            id if self.known.bypassed.contains(&id) => GONE,
            id => id,
        };
        self.known.progress.as_deref().cloned().unwrap_or_else(|| Progress {
            origins: (0..self.place.masters).map(MasterId).map(origin).collect(),
            rows: vec![VersionVector::default(); self.place.masters.into()],
        })
    }

    /// The neighbour `from`, which sends to this master, tells what it knows of the progress of all. Returns whether
    /// this master has learned something.
    ///
    /// A row that has changes which this master has not seen is left out: the next telling has them again. A telling
    /// may be lost, repeated and reordered; but after one of a neighbour that restarted under a fresh origin, no
    /// message may arrive that its earlier self has sent. O(masters²).
    ///
    /// # Errors
    /// If a correct neighbour cannot have told this. The replica is unchanged then.
    pub fn learn(&mut self, from: MasterId, told: &Progress) -> Result<bool, PeerError> {
        self.vet_progress(from, told)?;
        let mut ours = self.known_progress();
        let mut altered = false;
        for (id, origin) in (0..).map(MasterId).zip(&told.origins) {
            let held = ours.origins[id.index()];
            // That a master is gone, and that a neighbour has restarted, this master must be told directly: until
            // then it may take in what the earlier self has sent.
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
        let is_known = |(id, origin): &(MasterId, MasterId)| {
            id == origin || *origin == GONE || (self.place.masters..self.place.origins).contains(&origin.0)
        };
        match (0..).map(MasterId).zip(told.origins.iter().copied()).find(|pair| !is_known(pair)) {
            Some((_, origin)) => Err(PeerError::UnknownOrigin(origin)),
            None => told.rows.iter().try_for_each(|row| self.vet_vector(row)),
        }
    }

    /// Changes that all masters have seen, as far as this master knows, but for those that are [gone](Self::bypass) for
    /// good. Each of these changes is *stable* (Baquero, Almeida and Shoker, "Making operation-based CRDTs
    /// operation-based", DAIS 2014): every change that this master has yet to see has a later timestamp.
    ///
    /// This holds as long as a master that [restarts](Self::restart) under a fresh origin comes back with a clock that
    /// is not behind that of its earlier self, and no message of its earlier self arrives after that. O(masters²).
    pub fn seen_by_all(&self) -> VersionVector {
        let mut all = self.known.seen.clone();
        let known = self.known_progress();
        known.rows().filter(|(id, _)| *id != self.known.id).for_each(|(_, row)| all.meet(row));
        all
    }

    /// A background step: the rule drops from each state what it needs only as long as a change could arrive that is
    /// earlier than those in `stable` ([`Resolver::collect`]). Tombstones are collected in this way. Returns the number
    /// of states that became smaller.
    ///
    /// With [`seen_by_all`](Self::seen_by_all) masters still agree. Any other vector that this master has seen can be
    /// given, too, such as what it had seen an hour ago; but then masters may disagree for ever, and deleted values come
    /// back, if a master has been away for longer. O(keys).
    pub fn collect(&mut self, stable: &VersionVector) -> usize {
        self.collect_in(0..usize::MAX, stable)
    }

    /// As [`collect`](Self::collect), in these buckets of the table.
    fn collect_in(&mut self, buckets: Range<usize>, stable: &VersionVector) -> usize {
        let last = buckets.end >= self.known.table.buckets();
        let collected = self.known.table.reduce(buckets, |state| self.rule.collect(state, stable));
        if collected > 0 {
            self.snapshot.forget();
        }
        if last {
            self.known.table.give_back();
        }
        collected
    }

    /// A part of [`collect`](Self::collect): at most `most` buckets of the table, from `next` on. Returns the bucket at
    /// which the next part begins, 0 after the last one.
    pub(crate) fn collect_part(&mut self, stable: &VersionVector, next: usize, most: usize) -> usize {
        let end = next.saturating_add(most);
        let last = end >= self.known.table.buckets();
        self.collect_in(next..end, stable);
        if last { 0 } else { end }
    }

    /// This master writes under another origin, or takes other masters for gone, than before.
    pub(super) fn progress_begins_anew(&mut self) {
        let Some(mut progress) = self.known.progress.take() else { return };
        progress.begin_anew(self.known.id, self.known.origin);
        self.known.bypassed.iter().for_each(|dead| progress.begin_anew(*dead, GONE));
        self.known.progress = Some(progress);
    }
}
