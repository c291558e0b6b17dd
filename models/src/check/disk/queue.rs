//! The states at one depth as bytes, in memory or in a file: [`Queue`].

use super::Folder;
use super::blocks::{BlockFile, BlockReader, Fault, Saved};
use std::collections::VecDeque;
use std::mem;
use std::path::PathBuf;

/// The size at which a block in memory is full.
const FULL: usize = 1 << 16;

/// Records in the order in which they were added. A record is not divided between blocks.
#[derive(Default)]
pub(crate) struct Queue {
    /// The first blocks, if they are in memory.
    blocks: VecDeque<Vec<u8>>,
    /// The block that is being written, unless there is a file.
    last: Vec<u8>,
    pub(crate) file: Option<BlockFile>,
    pub(crate) records: u32,
}

impl Queue {
    /// A queue of this number of records, which are in the file.
    pub(crate) fn in_file(file: BlockFile, records: u32) -> Queue {
        Queue { file: Some(file), records, ..Queue::default() }
    }

    /// Adds a record.
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        self.records += 1;
        if let Some(file) = &mut self.file {
            return file.push(write);
        }
        if self.last.capacity() == 0 {
            self.last.reserve_exact(FULL + FULL / 16);
        }
        write(&mut self.last);
        if self.last.len() >= FULL {
            self.blocks.push_back(mem::take(&mut self.last));
        }
        Ok(())
    }

    /// Moves all records to a new file, to which all further ones are written. There must be no file yet.
    pub(crate) fn move_to(&mut self, path: PathBuf, kept: bool) -> Result<(), Fault> {
        let mut file = BlockFile::create(path, kept)?;
        self.blocks.push_back(mem::take(&mut self.last));
        for block in self.blocks.drain(..) {
            file.push(|bytes| bytes.extend(block))?;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Reads all records, and frees them.
    pub(crate) fn into_reader(mut self) -> Result<Reading, Fault> {
        self.blocks.push_back(mem::take(&mut self.last));
        let from_disk = self.file.as_mut().map(|file| file.reader(0)).transpose()?;
        Ok(Reading { queue: self, from_disk, block: Vec::new(), at: 0, read: 0 })
    }
}

/// Reads the records of a queue in order.
pub(crate) struct Reading {
    queue: Queue,
    from_disk: Option<BlockReader>,
    block: Vec<u8>,
    /// The place of the next record in the block.
    at: usize,
    /// The number of records read from the file.
    pub(super) read: u32,
}

impl Reading {
    /// Reads the next record with `read`, which takes the record's bytes from the front; `None` after the last.
    pub(crate) fn next<A>(&mut self, read: impl FnOnce(&mut &[u8]) -> A) -> Result<Option<A>, Fault> {
        while self.at == self.block.len() {
            self.at = 0;
            match (self.queue.blocks.pop_front(), &mut self.from_disk) {
                (Some(block), _) => self.block = block,
                (None, Some(reader)) => {
                    if !reader.advance()? {
                        return Ok(None);
                    }
                    self.block.clear();
                    self.block.extend(reader.block());
                }
                (None, None) => return Ok(None),
            }
        }
        let mut rest = &self.block[self.at..];
        let value = read(&mut rest);
        self.at = self.block.len() - rest.len();
        self.read += 1;
        Ok(Some(value))
    }

    /// The file, if records are on disk.
    pub(crate) fn file(&self) -> Option<&BlockFile> {
        self.queue.file.as_ref()
    }

    /// Waits until the file's records are on the disk; returns the name and the length of the file.
    pub(super) fn sync(&mut self) -> Result<Saved, Fault> {
        self.queue.file.as_mut().expect("it was moved to the disk").sync()
    }

    /// Moves all records that have not been read to a new file, unless there is one.
    pub(crate) fn move_to(&mut self, folder: &mut Folder) -> Result<(), Fault> {
        if self.queue.file.is_some() {
            return Ok(());
        }
        let rest = self.block.split_off(self.at);
        self.queue.blocks.push_front(rest);
        (self.block, self.at, self.read) = (Vec::new(), 0, 0);
        self.queue.move_to(folder.next(), folder.kept)?;
        self.from_disk = self.queue.file.as_mut().map(|file| file.reader(0)).transpose()?;
        Ok(())
    }
}
