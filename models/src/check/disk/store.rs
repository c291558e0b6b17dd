//! The states of a search: [`Store`].

use super::blocks::Fault;
use super::fingerprints::Fingerprints;
use super::queue::{Queue, Reading};
use super::runs::{Form, Merged, Run, RunReader, Sorted, detect};
use super::{Folder, Found};
use crate::check::reached::Reached;
use crate::model::Codec;
use crate::model::bytes::Stored;
use std::mem;

/// The most sorted files of known states. Each is read once for each depth.
const MOST_RUNS: usize = 6;

/// The number of states in the tables below which a move to the disk frees too little memory.
const FEW: usize = 1 << 16;

/// The states of a search as bytes: those found, those of the depth that is being expanded, and those found for the
/// next. They are in memory until they are [moved](Self::move_to_disk) to the disk.
pub(crate) struct Store<'m, S> {
    pub(super) codec: &'m dyn Codec<S>,
    pub(super) visited: Fingerprints,
    pub(super) wide: bool,
    /// The most states that the tables may hold.
    pub(super) most_held: usize,
    pub(super) level: Reading,
    /// By index in the level, whether a state turned out to be known.
    pub(super) dropped: Vec<u64>,
    /// The index in the level of the state to read next.
    pub(super) index: u32,
    /// The states of the level that are to be expanded.
    pub(super) unread: usize,
    pub(super) next: Queue,
    /// The number of the first state of `next`, in the order in which states were found, dropped ones included.
    pub(super) first: u32,
    pub(super) expanded: usize,
    /// The steps by which the states read were first reached.
    pub(super) reached: Reached,
    pub(super) folder: Folder,
    pub(super) disk: Option<Disk>,
}

/// The fingerprints on disk.
#[derive(Default)]
pub(super) struct Disk {
    /// Fingerprints of the levels up to the one that is being expanded, without those in the tables.
    pub(super) known: Vec<Run>,
    /// Fingerprints of states of the next level, which are perhaps new.
    pub(super) candidates: Vec<Run>,
    /// The number of the first state that is in the tables.
    pub(super) held_from: u32,
}

impl<'m, S> Store<'m, S> {
    /// The initial states, given with their fingerprints and their indices among the model's. At most `most_held`
    /// states are in memory.
    pub(crate) fn new(
        codec: &'m dyn Codec<S>,
        initial: impl IntoIterator<Item = (usize, S, u128)>,
        (wide, most_held): (bool, usize),
        folder: Folder,
    ) -> Result<Store<'m, S>, Fault> {
        let (mut visited, mut queue, mut starts) = (Fingerprints::new(wide), Queue::default(), Vec::new());
        for (place, state, fingerprint) in initial {
            if let Some((_, true)) = visited.number(fingerprint, u32::MAX) {
                starts.push(place);
                queue.push(|bytes| write(codec, bytes, 0, 0, &state))?;
            }
        }
        Ok(Store {
            codec,
            wide,
            most_held,
            unread: starts.len(),
            first: starts.len() as u32,
            visited,
            level: queue.into_reader()?,
            dropped: Vec::new(),
            index: 0,
            next: Queue::default(),
            expanded: 0,
            reached: Reached::new(starts),
            folder,
            disk: None,
        })
    }

    /// The number of states that were read to be expanded.
    pub(crate) fn expanded(&self) -> usize {
        self.expanded
    }

    /// The number of states of the level that are yet to be read.
    pub(crate) fn unread(&self) -> usize {
        self.unread
    }

    /// Whether states are on the disk.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// The number of states found. Between the ends of levels, states on disk may be counted twice.
    pub(crate) fn found(&self) -> usize {
        self.expanded + self.unread + self.next.records as usize
    }

    /// Adds a state that was reached by this step. Returns whether it is, perhaps, new; `None` if it is and `most`
    /// states have been added already.
    pub(crate) fn reach(
        &mut self,
        fingerprint: u128,
        state: &S,
        (parent, place): (u32, u32),
        most: u32,
    ) -> Option<Result<bool, Fault>> {
        let (_, new) = self.visited.number(fingerprint, most)?;
        if !new {
            return Some(Ok(false));
        }
        let codec = self.codec;
        Some(self.next.push(|bytes| write(codec, bytes, parent, place, state)).map(|()| true))
    }

    /// The next state of the level, to expand; `None` after the last.
    pub(crate) fn read(&mut self) -> Result<Option<S>, Fault> {
        let codec = self.codec;
        while let Some((parent, place, state)) =
            self.level.next(|bytes| (u32::read(bytes), u32::read(bytes), codec.read(bytes)))?
        {
            let at = self.index as usize;
            self.index += 1;
            if self.dropped.get(at / 64).is_some_and(|bits| bits & (1 << (at % 64)) != 0) {
                continue;
            }
            // The initial states are reached by no step.
            if self.expanded >= self.reached.starts().len() {
                self.reached.push(parent, place);
            }
            (self.unread, self.expanded) = (self.unread - 1, self.expanded + 1);
            return Ok(Some(state));
        }
        Ok(None)
    }

    /// Ends the level, whose states were all read. Drops the known states of the next level, and continues with that
    /// level.
    pub(crate) fn end_level(&mut self) -> Result<(), Fault> {
        let mut dropped = Dropped { first: self.first, bits: Vec::new(), count: 0 };
        if let Some(disk) = &mut self.disk {
            let form = Form { wide: self.wide, numbered: false };
            let mut new = Run::create(self.folder.next(), self.folder.kept, form)?;
            let mut known = disk.known.iter_mut().map(Run::reader).collect::<Result<Vec<_>, _>>()?;
            let mut candidates: Vec<Box<dyn Sorted + '_>> = Vec::new();
            for run in &mut disk.candidates {
                candidates.push(Box::new(run.reader()?));
            }
            let held = self.visited.sorted(self.first.max(disk.held_from)..u32::MAX);
            candidates.push(held);
            let held_from = disk.held_from;
            // A new state stays in the tables if it is there.
            let keep = |found: Found| if found.1 < held_from { new.push(found) } else { Ok(()) };
            detect(&mut known, &mut candidates, |number| dropped.add(number), keep)?;
            drop(candidates);
            disk.candidates.clear();
            if new.file.written() > 0 {
                disk.known.push(new);
            }
            if disk.known.len() > MOST_RUNS {
                self.folder.check_room(disk.known.iter().map(|run| run.file.written()).sum())?;
                let mut merged = Run::create(self.folder.next(), self.folder.kept, form)?;
                let readers: Result<Vec<RunReader>, Fault> = disk.known.iter_mut().map(Run::reader).collect();
                merged.extend(Merged(readers?))?;
                disk.known = vec![merged];
            }
        }
        self.unread = (self.next.records - dropped.count) as usize;
        (self.dropped, self.index) = (dropped.bits, 0);
        self.level = mem::take(&mut self.next).into_reader()?;
        if self.disk.is_some() {
            self.next.move_to(self.folder.next(), self.folder.kept)?;
        }
        self.first = self.visited.len() as u32;
        Ok(())
    }

    /// Whether the tables hold as many states as they may.
    pub(crate) fn is_full(&self) -> bool {
        self.visited.held() >= self.most_held
    }

    /// The bytes that the tables will allocate for the next new state; `None` for few or none.
    pub(crate) fn growth(&self) -> Option<u64> {
        self.visited.growth()
    }

    /// Whether moving states to the disk makes room in memory: not if there are few.
    pub(crate) fn can_make_room(&self) -> bool {
        self.disk.is_none() || self.visited.held() >= FEW
    }

    /// Moves states to the disk because memory runs out, and lets the tables grow no larger.
    pub(crate) fn make_room(&mut self) -> Result<(), Fault> {
        if !self.can_make_room() {
            return Ok(());
        }
        let held = self.visited.held();
        self.move_to_disk()?;
        if held < self.most_held / 8 * 7 && self.most_held < usize::MAX {
            // Other parts of the process have grown, so the tables must become smaller.
            self.visited.restart(self.visited.len());
        }
        self.most_held = self.most_held.min(held.max(FEW));
        Ok(())
    }

    /// Moves all states to the disk.
    pub(crate) fn move_to_disk(&mut self) -> Result<(), Fault> {
        if self.disk.is_none() {
            self.folder.make()?;
        }
        let width = if self.wide { 16 } else { 8 };
        self.folder.check_room((self.visited.held() * (width + 4)) as u64)?;
        let disk = self.disk.get_or_insert_default();
        for (numbers, numbered) in [(0..self.first, false), (self.first..u32::MAX, true)] {
            let sorted = self.visited.sorted(numbers);
            if sorted.head().is_none() {
                continue;
            }
            let mut run = Run::create(self.folder.next(), self.folder.kept, Form { wide: self.wide, numbered })?;
            run.extend(sorted)?;
            if numbered { disk.candidates.push(run) } else { disk.known.push(run) }
        }
        self.visited.free();
        disk.held_from = self.visited.len() as u32;
        self.level.move_to(&mut self.folder)?;
        if self.next.file.is_none() {
            self.next.move_to(self.folder.next(), self.folder.kept)?;
        }
        Ok(())
    }

    /// The size of the files in bytes.
    pub(crate) fn on_disk(&self) -> u64 {
        let Some(Disk { known, candidates, .. }) = &self.disk else { return 0 };
        let fingerprints: u64 = known.iter().chain(candidates).map(|run| run.file.written()).sum();
        let queues = [self.level.file(), self.next.file.as_ref()];
        fingerprints + queues.into_iter().flatten().map(|file| file.written()).sum::<u64>()
    }

    /// The steps by which the states were first reached.
    pub(crate) fn into_reached(self) -> Reached {
        self.reached
    }
}

fn write<S>(codec: &dyn Codec<S>, bytes: &mut Vec<u8>, parent: u32, place: u32, state: &S) {
    parent.write(bytes);
    place.write(bytes);
    codec.write(state, bytes);
}

/// The states of a level that turned out to be known, a bit each.
struct Dropped {
    first: u32,
    bits: Vec<u64>,
    count: u32,
}

impl Dropped {
    fn add(&mut self, number: u32) {
        let at = (number - self.first) as usize;
        if self.bits.len() <= at / 64 {
            self.bits.resize(at / 64 + 1, 0);
        }
        self.bits[at / 64] |= 1 << (at % 64);
        self.count += 1;
    }
}
