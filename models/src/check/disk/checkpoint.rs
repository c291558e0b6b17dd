//! A search that can be continued by a later process: [`Checkpoint`].
//!
//! A checkpoint is a manifest that names the files of the states. It is written to a new file, which then takes the
//! place of the last one, so that a process that is killed at any moment leaves one whole checkpoint. Files that no
//! manifest names are removed after that.
//!
//! States are stored by the numbers of their parts. To number all parts in the same order, a later process expands
//! again each state whose expansion numbered new parts. These states are few, and are stored, too.

use super::Folder;
use super::blocks::{BlockFile, Fault, Saved, said};
use super::fingerprints::Fingerprints;
use super::manifest::{self, LOCK, MANIFEST, Manifest, NEW, Progress, remove_files};
use super::queue::Queue;
use super::runs::{Form, Run};
use super::store::{Disk, Store};
use crate::check::reached::Reached;
use crate::model::Codec;
use crate::model::bytes::Stored;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

/// The checkpoints of a search.
pub(crate) struct Checkpoint {
    folder: Folder,
    _lock: File,
    every: Duration,
    run: BTreeMap<String, String>,
    saved_at: Instant,
    numbering: BlockFile,
    reached: BlockFile,
    /// The place in [`Reached`] up to which the steps are in the file.
    reached_to: (usize, usize),
    parts: (u64, u64),
}

impl Checkpoint {
    /// Begins with an empty folder. `parts` is the number of the model's parts.
    pub(crate) fn begin(
        path: &Path,
        every: Duration,
        run: BTreeMap<String, String>,
        parts: u64,
    ) -> Result<Checkpoint, Fault> {
        if path.join(MANIFEST).exists() {
            let path = path.display();
            return Err(format!("{path} has a checkpoint already: continue with `--resume {path}`, or remove it"));
        }
        let mut folder = Folder { path: path.to_owned(), kept: true, files: 0 };
        folder.make()?;
        if manifest::names(path)?.iter().any(|name| name != LOCK) {
            return Err(format!("{} is not empty: name a new folder for checkpoints", path.display()));
        }
        let lock = manifest::locked(path)?;
        let (numbering, reached) = (BlockFile::create(folder.next(), true)?, BlockFile::create(folder.next(), true)?);
        let saved_at = Instant::now();
        let (reached_to, parts) = ((0, 0), (parts, parts));
        Ok(Checkpoint { folder, _lock: lock, every, run, saved_at, numbering, reached, reached_to, parts })
    }

    /// Continues from the checkpoint in a folder. `again` expands a state once more, given the progress, the number of
    /// the state, and the state.
    pub(crate) fn resume<'m, S>(
        path: &Path,
        every: Duration,
        run: BTreeMap<String, String>,
        codec: &'m dyn Codec<S>,
        most_held: usize,
        mut again: impl FnMut(&Progress, usize, S),
    ) -> Result<(Checkpoint, Store<'m, S>, Progress), Fault> {
        let manifest = manifest::read(path)?;
        let lock = manifest::locked(path)?;
        for (name, value) in &manifest.run {
            if run.get(name) != Some(value) {
                let (path, now) = (path.display(), run.get(name).map_or("nothing", |now| now));
                return Err(format!("{path}: the checkpoint was made with another {name}: {value}, not {now}"));
            }
        }
        // Files that a process made after its last checkpoint.
        remove_files(path, &manifest.files())?;
        let folder = Folder { path: path.to_owned(), kept: true, files: manifest.made };
        let open = |saved: &Saved| BlockFile::open(path, saved);
        let (mut numbering, mut reached_file) = (open(&manifest.numbering)?, open(&manifest.reached)?);
        let differs = || {
            let path = path.display();
            format!("{path}: the model does not number its parts as when the checkpoint was made: is it deterministic?")
        };
        if codec.parts() != manifest.parts.0 {
            return Err(differs());
        }
        let mut blocks = numbering.reader(0)?;
        while blocks.advance()? {
            let mut rest = blocks.block();
            while !rest.is_empty() {
                let (number, parts) = (u32::read(&mut rest) as usize, u64::read(&mut rest));
                again(&manifest.progress, number, codec.read(&mut rest));
                if codec.parts() != parts {
                    return Err(differs());
                }
            }
        }
        if codec.parts() != manifest.parts.1 {
            return Err(differs());
        }
        let mut reached = Reached::new(manifest.initial);
        let mut blocks = reached_file.reader(0)?;
        while blocks.advance()? {
            reached.push_bytes(blocks.block());
        }
        let reached_to = reached.bytes_from((0, 0)).1;
        let mut dropped = Vec::new();
        let mut blocks = open(&manifest.dropped)?.reader(0)?;
        while blocks.advance()? {
            let words = blocks.block().as_chunks::<8>().0;
            dropped.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
        }
        let mut level = Queue::in_file(open(&manifest.level)?, 0).into_reader()?;
        for _ in 0..manifest.read.0 {
            level.next(|bytes| (u32::read(bytes), u32::read(bytes), codec.read(bytes)))?;
        }
        let mut visited = Fingerprints::new(manifest.wide);
        visited.restart(manifest.found);
        let runs = |saved: &[Saved], numbered| -> Result<Vec<Run>, Fault> {
            let form = Form { wide: manifest.wide, numbered };
            saved.iter().map(|saved| Ok(Run { file: open(saved)?, form })).collect()
        };
        let disk = Disk {
            known: runs(&manifest.known, false)?,
            candidates: runs(&manifest.candidates, true)?,
            held_from: manifest.found as u32,
        };
        let store = Store {
            codec,
            visited,
            wide: manifest.wide,
            most_held,
            level,
            dropped,
            index: manifest.read.1,
            unread: manifest.unread,
            next: Queue::in_file(open(&manifest.next)?, manifest.next_records),
            first: manifest.first,
            expanded: manifest.expanded,
            reached,
            folder: folder.clone(),
            disk: Some(disk),
        };
        let (saved_at, parts) = (Instant::now(), manifest.parts);
        let reached = reached_file;
        let checkpoint =
            Checkpoint { folder, _lock: lock, every, run, saved_at, numbering, reached, reached_to, parts };
        Ok((checkpoint, store, manifest.progress))
    }

    /// The folder for the files of the states.
    pub(crate) fn folder(&self) -> Folder {
        self.folder.clone()
    }

    /// Whether the next checkpoint is due.
    pub(crate) fn is_due(&self) -> bool {
        self.saved_at.elapsed() >= self.every
    }

    /// Notes that this state was expanded.
    pub(crate) fn expanded<S>(&mut self, codec: &dyn Codec<S>, number: usize, state: &S) -> Result<(), Fault> {
        let parts = codec.parts();
        if parts == self.parts.1 {
            return Ok(());
        }
        self.parts.1 = parts;
        self.numbering.push(|bytes| {
            (number as u32).write(bytes);
            parts.write(bytes);
            codec.write(state, bytes);
        })
    }

    /// Writes a checkpoint. No state may be half expanded.
    pub(crate) fn save<S>(&mut self, store: &mut Store<'_, S>, progress: Progress) -> Result<(), Fault> {
        store.move_to_disk()?;
        let (pieces, reached_to) = store.reached.bytes_from(self.reached_to);
        for piece in pieces {
            self.reached.push(|bytes| bytes.extend(piece))?;
        }
        self.reached_to = reached_to;
        let mut dropped = BlockFile::create(store.folder.next(), true)?;
        for word in &store.dropped {
            dropped.push(|bytes| bytes.extend(word.to_le_bytes()))?;
        }
        let sync =
            |runs: &mut [Run]| -> Result<Vec<Saved>, Fault> { runs.iter_mut().map(|run| run.file.sync()).collect() };
        let disk = store.disk.as_mut().expect("its states were moved to the disk");
        let next = store.next.file.as_mut().expect("its states were moved to the disk");
        let manifest = Manifest {
            run: self.run.clone(),
            progress,
            parts: self.parts,
            numbering: self.numbering.sync()?,
            initial: store.reached.starts().to_vec(),
            reached: self.reached.sync()?,
            wide: store.wide,
            found: store.visited.len(),
            first: store.first,
            expanded: store.expanded,
            level: store.level.sync()?,
            read: (store.level.read, store.index),
            unread: store.unread,
            dropped: dropped.sync()?,
            next: next.sync()?,
            next_records: store.next.records,
            known: sync(&mut disk.known)?,
            candidates: sync(&mut disk.candidates)?,
            made: store.folder.files,
        };
        manifest::write(&self.folder.path, &manifest)?;
        self.saved_at = Instant::now();
        remove_files(&self.folder.path, &manifest.files())
    }

    /// Removes the checkpoint of a search that has ended.
    pub(crate) fn remove(self) -> Result<(), Fault> {
        remove_files(&self.folder.path, &BTreeSet::new())?;
        for name in [MANIFEST, NEW, LOCK] {
            let path = self.folder.path.join(name);
            if path.exists() {
                fs::remove_file(&path).map_err(|error| said(&path, "remove", &error))?;
            }
        }
        // A folder with other files stays.
        let _ = fs::remove_dir(&self.folder.path);
        Ok(())
    }
}
