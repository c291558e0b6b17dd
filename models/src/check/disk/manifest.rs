//! The manifest of a checkpoint, which names its files: [`Manifest`].

use super::blocks::{Fault, Saved, checksum, said};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// The file of the manifest.
pub(super) const MANIFEST: &str = "checkpoint.json";

/// The manifest while it is being written.
pub(super) const NEW: &str = "checkpoint.new";

/// The file by which a process locks the folder.
pub(super) const LOCK: &str = "lock";

/// The progress of a search besides its states.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The key of the fingerprints.
    pub(crate) seed: u128,
    pub(crate) generated: usize,
    pub(crate) depth: usize,
    /// By property, the number of the first state that decides it.
    pub(crate) decided: Vec<Option<usize>>,
    /// Whether a state lies outside the model's boundary.
    pub(crate) outside: bool,
    pub(crate) time: Duration,
}

/// The content of a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The values that must be equal in the process that continues, by name.
    pub(super) run: BTreeMap<String, String>,
    pub(super) progress: Progress,
    /// The number of the model's parts before the search, and now.
    pub(super) parts: (u64, u64),
    /// The states in whose expansion parts were numbered.
    pub(super) numbering: Saved,
    /// The indices of the initial states among the model's.
    pub(super) initial: Vec<usize>,
    pub(super) reached: Saved,
    pub(super) wide: bool,
    pub(super) found: usize,
    pub(super) first: u32,
    pub(super) expanded: usize,
    pub(super) level: Saved,
    /// The number of states that were read from the level's file, and the index of the next one in the level.
    pub(super) read: (u32, u32),
    pub(super) unread: usize,
    pub(super) dropped: Saved,
    pub(super) next: Saved,
    pub(super) next_records: u32,
    pub(super) known: Vec<Saved>,
    pub(super) candidates: Vec<Saved>,
    /// The number of files made.
    pub(super) made: u64,
}

impl Manifest {
    /// The names of the files.
    pub(super) fn files(&self) -> BTreeSet<String> {
        let Manifest { numbering, reached, level, dropped, next, known, candidates, .. } = self;
        let runs = known.iter().chain(candidates);
        [numbering, reached, level, dropped, next].into_iter().chain(runs).map(|saved| saved.name.clone()).collect()
    }
}

/// Writes the manifest to a new file, which then takes the place of the last one.
pub(super) fn write(folder: &Path, manifest: &Manifest) -> Result<(), Fault> {
    let text = serde_json::to_string(manifest).map_err(|error| format!("a checkpoint cannot be written: {error}"))?;
    let (new, path) = (folder.join(NEW), folder.join(MANIFEST));
    let written = File::create(&new).and_then(|mut file| {
        writeln!(file, "{:016x}", u64::from_le_bytes(checksum(text.as_bytes())))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        sync_folder(folder)
    });
    written.map_err(|error| said(&path, "write", &error))
}

/// Waits until the names of a folder's files are on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Reads the manifest in a folder.
pub(super) fn read(folder: &Path) -> Result<Manifest, Fault> {
    let path = folder.join(MANIFEST);
    if !path.exists() {
        return Err(format!("{} has no checkpoint", folder.display()));
    }
    let text = fs::read_to_string(&path).map_err(|error| said(&path, "read", &error))?;
    let whole = text.split_once('\n').filter(|(sum, text)| {
        u64::from_str_radix(sum, 16).is_ok_and(|sum| sum == u64::from_le_bytes(checksum(text.as_bytes())))
    });
    let manifest = whole.and_then(|(_, text)| serde_json::from_str(text).ok());
    manifest.ok_or_else(|| format!("{} is damaged", path.display()))
}

/// Removes the files of states that are not named here.
pub(super) fn remove_files(folder: &Path, named: &BTreeSet<String>) -> Result<(), Fault> {
    for name in names(folder)? {
        let number = name.strip_suffix(".states").unwrap_or_default();
        if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && !named.contains(&name) {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(|error| said(&path, "remove", &error))?;
        }
    }
    Ok(())
}

/// The names of the files in a folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Fault> {
    let entries = fs::read_dir(folder).map_err(|error| said(folder, "read", &error))?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

/// Locks the folder for this process, as long as the file is open. A system without file locks leaves the folder
/// unlocked.
pub(super) fn locked(folder: &Path) -> Result<File, Fault> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(|error| said(&path, "create", &error))?;
    #[cfg(all(unix, feature = "cli"))]
    if let Err(rustix::io::Errno::WOULDBLOCK) =
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
    {
        return Err(format!("{} is in use by another process", folder.display()));
    }
    Ok(file)
}
