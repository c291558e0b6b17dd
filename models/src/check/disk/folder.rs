//! The place of the files of a search: [`Folder`].

use super::blocks::{Fault, said};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder of a search's files.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// Whether files keep their names, so that a later process can open them.
    pub(crate) kept: bool,
    /// The number of files made.
    pub(crate) files: u64,
}

/// The free bytes of the disk that a search leaves to others.
const SPARED: u64 = 64 << 20;

impl Folder {
    /// A folder for files that are gone when this process ends.
    pub(crate) fn temporary(path: PathBuf) -> Folder {
        Folder { path, kept: false, files: 0 }
    }

    /// The path of the next file.
    pub(crate) fn next(&mut self) -> PathBuf {
        static FILES: AtomicU64 = AtomicU64::new(0);
        self.files += 1;
        self.path.join(if self.kept {
            format!("{}.states", self.files)
        } else {
            format!("multimaster-{}-{}.states", process::id(), FILES.fetch_add(1, Ordering::Relaxed))
        })
    }

    /// Makes the folder if it is missing.
    pub(crate) fn make(&self) -> Result<(), Fault> {
        fs::create_dir_all(&self.path).map_err(|error| said(&self.path, "create", &error))
    }

    /// An error if the disk has no room for so many more bytes.
    pub(crate) fn check_room(&self, bytes: u64) -> Result<(), Fault> {
        match free(&self.path) {
            Some(free) if free < bytes.saturating_add(SPARED) => Err(format!(
                "the disk of {} has {} MB free, and {} MB are needed",
                self.path.display(),
                free >> 20,
                (bytes + SPARED) >> 20
            )),
            _ => Ok(()),
        }
    }
}

/// The bytes free for this process on the disk of a folder; `None` where this is unknown.
#[cfg(all(unix, feature = "cli"))]
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(all(unix, feature = "cli")))]
fn free(_: &Path) -> Option<u64> {
    None
}
