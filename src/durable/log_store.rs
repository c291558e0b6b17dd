//! A store in two log files: [`LogStore`].

use super::folder::{Folder, Storage};
use super::line::{Content, Line, Part};
use super::{Store, StoreError};
use crate::{Change, Saved};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::fmt;
use std::path::Path;

/// A store in a folder. It is a log: each sync adds one line of text to a file, with a checksum, and syncs the file.
///
/// There are two files, of which one is in use. When the file in use has grown far beyond its content, the content is
/// written to the other file as one line and synced, and then the first file is emptied. So after a power cut at any
/// time, one file has the whole content, and at most its last line is torn.
///
/// [Loading](Store::load) is O(content). A [sync](Store::sync) is O(data since the last sync), and from time to time
/// O(content): amortized, this is O(1) for each byte.
pub struct LogStore {
    storage: Box<dyn Storage>,
    /// The file in use.
    file: usize,
    /// The number of the next line.
    next: u64,
    /// The number of bytes in the file.
    len: usize,
    /// The number of bytes in its first line.
    first: usize,
    /// The parts of the next line.
    staged: Vec<Vec<u8>>,
}

/// A file is rewritten when it is this much longer than twice its first line.
const SLACK: usize = 1 << 20;

impl LogStore {
    /// Opens the store in this folder, and creates it if there is none.
    ///
    /// # Errors
    /// If the folder cannot be read or written, or another process has the store open.
    pub fn open(folder: impl AsRef<Path>) -> Result<LogStore, StoreError> {
        let folder = Folder::open(folder.as_ref()).map_err(|error| StoreError::Disk(error.into()))?;
        Ok(Self::on(folder))
    }

    /// A store on a storage of the caller's.
    pub fn on(storage: impl Storage + 'static) -> LogStore {
        LogStore { storage: Box::new(storage), file: 0, next: 0, len: 0, first: 0, staged: Vec::new() }
    }

    fn read(&mut self, file: usize) -> Result<Vec<u8>, StoreError> {
        self.storage.read(file).map_err(|error| StoreError::Disk(error.into()))
    }

    /// Adds a line of these parts to a file, and syncs it.
    fn write(&mut self, file: usize, parts: &[Vec<u8>]) -> Result<usize, StoreError> {
        let line = Line::with(self.next, parts);
        let written = self.storage.append(file, &line).and_then(|()| self.storage.sync(file));
        written.map_err(|error| StoreError::Disk(error.into()))?;
        self.next += 1;
        Ok(line.len())
    }

    fn clear(&mut self, file: usize) -> Result<(), StoreError> {
        let cleared = self.storage.clear(file).and_then(|()| self.storage.sync(file));
        cleared.map_err(|error| StoreError::Disk(error.into()))
    }

    /// Writes these parts, the whole content, to the other file, and empties this one.
    fn rewrite(&mut self, parts: &[Vec<u8>]) -> Result<(), StoreError> {
        let other = 1 - self.file;
        self.clear(other)?;
        self.first = self.write(other, parts)?;
        self.len = self.first;
        self.clear(self.file)?;
        self.file = other;
        Ok(())
    }
}

/// Of two files, the one in use. Both have a line only if the power was cut after the new file was written and before
/// the old one was emptied.
fn newer<'a>(contents: [Content<'a>; 2]) -> Result<(usize, Content<'a>), StoreError> {
    let [zero, one] = contents;
    // The first line of a new store is the shortest possible line: shorter bytes are a torn one.
    let least = Line::with(0, &[]).len();
    let number = |content: &Content<'_>| content.lines.first().map(|line| line.number);
    match (number(&zero), number(&one)) {
        (None, None) if zero.torn.len().max(one.torn.len()) > least => Err(StoreError::Damaged {
            place: "the first line of both files".into(),
            cause: "the checksum is wrong".into(),
        }),
        (first, second) if first >= second => Ok((0, zero)),
        _ => Ok((1, one)),
    }
}

/// The stored parts of a shard.
struct Held<'a> {
    saved: &'a RawValue,
    appended: Vec<&'a RawValue>,
}

/// The content of these lines, by shard.
fn held<'a>(lines: &[Line<'a>]) -> Result<Vec<Held<'a>>, StoreError> {
    let mut shards: Vec<Held<'a>> = Vec::new();
    for line in lines {
        for part in line.parts()? {
            match part {
                Part::Save(shard, saved) if usize::from(shard) < shards.len() => {
                    shards[usize::from(shard)] = Held { saved, appended: Vec::new() };
                }
                Part::Save(shard, saved) if usize::from(shard) == shards.len() => {
                    shards.push(Held { saved, appended: Vec::new() });
                }
                Part::Append(shard, changes) if usize::from(shard) < shards.len() => {
                    shards[usize::from(shard)].appended.push(changes);
                }
                Part::Save(shard, _) | Part::Append(shard, _) => {
                    let cause = format!("shard {shard}, and there are {}", shards.len());
                    return Err(StoreError::Damaged { place: format!("line {}", line.number), cause: cause.into() });
                }
            }
        }
    }
    Ok(shards)
}

fn encode(shards: &[Held<'_>]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut parts = Vec::new();
    for (shard, Held { saved, appended }) in (0..).zip(shards) {
        parts.push(Part::Save(shard, *saved).encode()?);
        for changes in appended {
            parts.push(Part::Append(shard, *changes).encode()?);
        }
    }
    Ok(parts)
}

fn decode<S: DeserializeOwned, E: DeserializeOwned>(shard: usize, held: &Held<'_>) -> Result<Saved<S, E>, StoreError> {
    let read = || {
        let mut saved: Saved<S, E> = serde_json::from_str(held.saved.get())?;
        for changes in &held.appended {
            saved.log.extend(serde_json::from_str::<Vec<Change<E>>>(changes.get())?);
        }
        Ok(saved)
    };
    read().map_err(|error: serde_json::Error| StoreError::Damaged {
        place: format!("shard {shard}"),
        cause: error.into(),
    })
}

impl<S: Serialize + DeserializeOwned, E: Serialize + DeserializeOwned> Store<S, E> for LogStore {
    /// Also writes the whole content to the other file. This removes a torn line, and puts on disk all lines that were
    /// read from the operating system's cache and that the disk may lack.
    fn load(&mut self) -> Result<Vec<Saved<S, E>>, StoreError> {
        let contents = [self.read(0)?, self.read(1)?];
        let (file, content) = newer([Content::of(&contents[0])?, Content::of(&contents[1])?])?;
        let shards = held(&content.lines)?;
        let loaded = shards.iter().enumerate().map(|(shard, held)| decode(shard, held)).collect::<Result<_, _>>()?;
        self.file = file;
        self.next = content.lines.last().map_or(0, |last| last.number + 1);
        self.rewrite(&encode(&shards)?)?;
        Ok(loaded)
    }

    fn append(&mut self, shard: usize, changes: &[Change<E>]) -> Result<(), StoreError> {
        self.staged.push(Part::Append(number(shard)?, changes).encode()?);
        Ok(())
    }

    fn save(&mut self, shard: usize, saved: &Saved<S, E>) -> Result<(), StoreError> {
        self.staged.push(Part::Save(number(shard)?, saved).encode()?);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let staged = std::mem::take(&mut self.staged);
        self.len += self.write(self.file, &staged)?;
        if self.len > 2 * self.first + SLACK {
            let content = self.read(self.file)?;
            let parts = encode(&held(&Content::of(&content)?.lines)?)?;
            self.rewrite(&parts)?;
        }
        Ok(())
    }
}

fn number(shard: usize) -> Result<u16, StoreError> {
    u16::try_from(shard).map_err(|error| StoreError::Encode(error.into()))
}

impl fmt::Debug for LogStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a store of {} bytes", self.len)
    }
}
