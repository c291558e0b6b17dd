//! Files of checksummed blocks, written and read from the first byte to the last.

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::hash::BuildHasher;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The size at which a block is written.
const FULL: usize = 1 << 16;
/// The length and the checksum before each block.
const HEAD: usize = 12;

/// An error of a file, in words.
pub(crate) type Fault = String;

/// A file that blocks are appended to.
pub(crate) struct BlockFile {
    path: PathBuf,
    file: File,
    /// The bytes in complete blocks.
    length: u64,
    /// The bytes in complete blocks that are known to be on the disk.
    synced: u64,
    block: Vec<u8>,
}

/// The name and the length of a file that is part of a checkpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) name: String,
    pub(crate) length: u64,
}

pub(crate) fn said(path: &Path, does: &str, error: &io::Error) -> Fault {
    format!("cannot {does} {}: {error}", path.display())
}

pub(crate) fn checksum(bytes: &[u8]) -> [u8; 8] {
    FixedState::with_seed(1).hash_one(bytes).to_le_bytes()
}

impl BlockFile {
    /// A new file. Where the system allows it, a file that is not to be `kept` loses its name at once, so that the file
    /// is gone however the process ends.
    pub(crate) fn create(path: PathBuf, kept: bool) -> Result<BlockFile, Fault> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|error| said(&path, "create", &error))?;
        if !kept && cfg!(unix) {
            fs::remove_file(&path).map_err(|error| said(&path, "remove", &error))?;
        }
        Ok(BlockFile { path, file, length: 0, synced: 0, block: Vec::new() })
    }

    /// A file of a checkpoint. Blocks that were added after the checkpoint are cut off.
    pub(crate) fn open(folder: &Path, saved: &Saved) -> Result<BlockFile, Fault> {
        let (path, length) = (folder.join(&saved.name), saved.length);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let mut file = file.map_err(|error| said(&path, "open", &error))?;
        let found = file.metadata().map_err(|error| said(&path, "read", &error))?.len();
        if found < length {
            return Err(format!("{} is torn: it has {found} bytes of {length}", path.display()));
        }
        let cut = file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(|error| said(&path, "cut", &error))?;
        let mut blocks = BlockFile { path, file, length, synced: length, block: Vec::new() };
        // Every block is read once, so that damage is found before the search goes on.
        let mut reader = blocks.reader(0)?;
        while reader.advance()? {}
        blocks.file.seek(SeekFrom::End(0)).map_err(|error| said(&blocks.path, "read", &error))?;
        Ok(blocks)
    }

    /// Appends a record. A record is never divided between blocks.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        write(&mut self.block);
        if self.block.len() >= FULL { self.end_block() } else { Ok(()) }
    }

    /// Ends the block.
    pub(crate) fn end_block(&mut self) -> Result<(), Fault> {
        if self.block.is_empty() {
            return Ok(());
        }
        let mut head = (self.block.len() as u32).to_le_bytes().to_vec();
        head.extend(checksum(&self.block));
        let written = self.file.write_all(&head).and_then(|()| self.file.write_all(&self.block));
        written.map_err(|error| said(&self.path, "write", &error))?;
        self.length += (HEAD + self.block.len()) as u64;
        self.block.clear();
        Ok(())
    }

    /// Ends the block, and waits until the whole file is on the disk.
    pub(crate) fn sync(&mut self) -> Result<Saved, Fault> {
        self.end_block()?;
        if self.synced < self.length {
            self.file.sync_data().map_err(|error| said(&self.path, "write", &error))?;
            self.synced = self.length;
        }
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Saved { name: name.unwrap_or_default(), length: self.length })
    }

    /// The bytes written, those of the block in memory included.
    pub(crate) fn written(&self) -> u64 {
        self.length + self.block.len() as u64
    }

    /// Reads the complete blocks, from the one that begins at byte `from`. The file must not be written until the last
    /// one has been read.
    pub(crate) fn reader(&mut self, from: u64) -> Result<BlockReader, Fault> {
        self.end_block()?;
        let file = self.file.try_clone().and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            Ok(file)
        });
        let file = file.map_err(|error| said(&self.path, "read", &error))?;
        Ok(BlockReader { path: self.path.clone(), file, at: from, end: self.length, block: Vec::new() })
    }
}

/// Reads the blocks of a file in order.
pub(crate) struct BlockReader {
    path: PathBuf,
    file: File,
    at: u64,
    end: u64,
    block: Vec<u8>,
}

impl BlockReader {
    /// Reads the next block; false after the last.
    pub(crate) fn advance(&mut self) -> Result<bool, Fault> {
        self.block.clear();
        if self.at == self.end {
            return Ok(false);
        }
        let damaged = |path: &Path| format!("{} is damaged", path.display());
        let mut head = [0; HEAD];
        self.file.read_exact(&mut head).map_err(|_| damaged(&self.path))?;
        let (length, sum) = head.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let end = self.at + HEAD as u64 + u64::from(length);
        if end > self.end {
            return Err(damaged(&self.path));
        }
        self.block.resize(length as usize, 0);
        self.file.read_exact(&mut self.block).map_err(|_| damaged(&self.path))?;
        if sum != checksum(&self.block) {
            return Err(damaged(&self.path));
        }
        self.at = end;
        Ok(true)
    }

    /// The block that was read last.
    pub(crate) fn block(&self) -> &[u8] {
        &self.block
    }
}
