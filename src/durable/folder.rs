//! The two files of a store: [`Storage`], and [`Folder`], where they are files of a folder.

use fs4::fs_std::FileExt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;

/// Two files, numbered 0 and 1, which are empty at first.
///
/// Before [`sync`](Self::sync) returns, a power cut may lose, tear or reorder the changes to a file.
pub trait Storage: Send {
    /// The content of a file.
    ///
    /// # Errors
    /// Those of the disk.
    fn read(&mut self, file: usize) -> io::Result<Vec<u8>>;

    /// Adds bytes at the end of a file.
    ///
    /// # Errors
    /// Those of the disk.
    fn append(&mut self, file: usize, bytes: &[u8]) -> io::Result<()>;

    /// Empties a file.
    ///
    /// # Errors
    /// Those of the disk.
    fn clear(&mut self, file: usize) -> io::Result<()>;

    /// Returns once all earlier changes to a file survive a power cut.
    ///
    /// # Errors
    /// Those of the disk.
    fn sync(&mut self, file: usize) -> io::Result<()>;
}

/// The files `0.log` and `1.log` of a folder, locked against other processes.
#[derive(Debug)]
pub(super) struct Folder {
    files: [File; 2],
    /// The lock, held until the file is closed.
    _lock: File,
}

impl Folder {
    /// Opens the folder and its files, and creates them if there are none.
    pub(super) fn open(path: &Path) -> io::Result<Folder> {
        fs::create_dir_all(path)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path.join("lock"))?;
        if !lock.try_lock_exclusive()? {
            return Err(io::Error::new(ErrorKind::WouldBlock, "another process has the store open"));
        }
        let open = |name| OpenOptions::new().read(true).append(true).create(true).open(path.join(name));
        let files = [open("0.log")?, open("1.log")?];
        for file in &files {
            file.sync_all()?;
        }
        // A new file survives a power cut only after its folder is synced, and a new folder only after its own.
        sync_folder(path)?;
        if let Some(parent) = path.parent() {
            sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
        }
        Ok(Folder { files, _lock: lock })
    }
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Only Unix opens a folder as a file.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

impl Storage for Folder {
    fn read(&mut self, file: usize) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.files[file].rewind()?;
        self.files[file].read_to_end(&mut content)?;
        Ok(content)
    }

    fn append(&mut self, file: usize, bytes: &[u8]) -> io::Result<()> {
        self.files[file].write_all(bytes)
    }

    fn clear(&mut self, file: usize) -> io::Result<()> {
        self.files[file].set_len(0)
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        self.files[file].sync_data()
    }
}
