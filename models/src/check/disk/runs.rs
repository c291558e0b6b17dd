//! Fingerprints in sorted files, and the late detection of duplicates.

use super::blocks::{BlockFile, BlockReader, Fault};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A fingerprint, and the number of the state found with it.
pub(crate) type Found = (u128, u32);

/// Distinct fingerprints in ascending order, with their states' numbers.
pub(crate) trait Sorted {
    /// The next fingerprint; `None` after the last.
    fn head(&self) -> Option<Found>;
    /// Goes past the next fingerprint.
    fn advance(&mut self) -> Result<(), Fault>;
}

impl Sorted for Box<dyn Sorted + '_> {
    fn head(&self) -> Option<Found> {
        (**self).head()
    }

    fn advance(&mut self) -> Result<(), Fault> {
        (**self).advance()
    }
}

/// The layout of a sorted file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Form {
    /// Whether fingerprints have 128 bits, not 64.
    pub(crate) wide: bool,
    /// Whether each fingerprint is followed by a number.
    pub(crate) numbered: bool,
}

impl Form {
    fn width(self) -> usize {
        if self.wide { 16 } else { 8 }
    }

    fn bytes(self) -> usize {
        self.width() + if self.numbered { 4 } else { 0 }
    }

    fn read(self, bytes: &[u8]) -> Found {
        let mut fingerprint = [0; 16];
        fingerprint[..self.width()].copy_from_slice(&bytes[..self.width()]);
        let number = bytes[self.width()..self.bytes()].try_into().map_or(0, u32::from_le_bytes);
        (u128::from_le_bytes(fingerprint), number)
    }
}

/// A sorted file.
pub(crate) struct Run {
    pub(crate) file: BlockFile,
    pub(crate) form: Form,
}

impl Run {
    pub(crate) fn create(path: PathBuf, kept: bool, form: Form) -> Result<Run, Fault> {
        Ok(Run { file: BlockFile::create(path, kept)?, form })
    }

    /// Adds a fingerprint, which must be above the last one.
    pub(crate) fn push(&mut self, (fingerprint, number): Found) -> Result<(), Fault> {
        let Form { numbered, .. } = self.form;
        let width = self.form.width();
        self.file.push(|block| {
            block.extend(&fingerprint.to_le_bytes()[..width]);
            if numbered {
                block.extend(number.to_le_bytes());
            }
        })
    }

    /// Adds all of `sorted`, in order.
    pub(crate) fn extend(&mut self, mut sorted: impl Sorted) -> Result<(), Fault> {
        while let Some(found) = sorted.head() {
            self.push(found)?;
            sorted.advance()?;
        }
        Ok(())
    }

    pub(crate) fn reader(&mut self) -> Result<RunReader, Fault> {
        let mut reader = RunReader { blocks: self.file.reader(0)?, form: self.form, at: 0, head: None };
        reader.load()?;
        Ok(reader)
    }
}

/// Reads a sorted file in order.
pub(crate) struct RunReader {
    blocks: BlockReader,
    form: Form,
    /// The place of the head in its block.
    at: usize,
    head: Option<Found>,
}

impl RunReader {
    fn load(&mut self) -> Result<(), Fault> {
        if self.at >= self.blocks.block().len() {
            self.at = 0;
            self.blocks.advance()?;
        }
        let rest = &self.blocks.block()[self.at..];
        self.head = (!rest.is_empty()).then(|| self.form.read(rest));
        Ok(())
    }

    /// Skips all fingerprints below this one; returns whether the next one is equal to it.
    fn has(&mut self, fingerprint: u128) -> Result<bool, Fault> {
        while self.head.is_some_and(|(head, _)| head < fingerprint) {
            self.advance()?;
        }
        Ok(self.head.is_some_and(|(head, _)| head == fingerprint))
    }
}

impl Sorted for RunReader {
    fn head(&self) -> Option<Found> {
        self.head
    }

    fn advance(&mut self) -> Result<(), Fault> {
        self.at += self.form.bytes();
        self.load()
    }
}

/// The merge of several sorted sequences. Of equal fingerprints, the one with the lowest number counts.
pub(crate) struct Merged<S>(pub(crate) Vec<S>);

impl<S: Sorted> Sorted for Merged<S> {
    fn head(&self) -> Option<Found> {
        self.0.iter().filter_map(Sorted::head).min()
    }

    fn advance(&mut self) -> Result<(), Fault> {
        let Some((least, _)) = self.head() else { return Ok(()) };
        let same = self.0.iter_mut().filter(|sorted| sorted.head().is_some_and(|(head, _)| head == least));
        for sorted in same {
            sorted.advance()?;
        }
        Ok(())
    }
}

/// Detects duplicates late (Stern and Dill, "Using magnetic disk instead of main memory in the Murφ verifier", CAV
/// 1998; Korf, "Best-first frontier search with delayed duplicate detection", AAAI 2004): compares the states found in
/// a level, `candidates`, with one another and with all found before, `known`, in one pass over all of them.
///
/// Of the candidates with one fingerprint, the one with the lowest number is new unless it is known; `drop` is called
/// with the number of every other one, and `keep` with each that is new.
pub(crate) fn detect<S: Sorted>(
    known: &mut [RunReader],
    candidates: &mut [S],
    mut drop: impl FnMut(u32),
    mut keep: impl FnMut(Found) -> Result<(), Fault>,
) -> Result<(), Fault> {
    while let Some((fingerprint, first)) = candidates.iter().filter_map(Sorted::head).min() {
        let mut is_known = false;
        for run in &mut *known {
            is_known |= run.has(fingerprint)?;
        }
        for sorted in &mut *candidates {
            if let Some((head, number)) = sorted.head()
                && head == fingerprint
            {
                if is_known || number != first {
                    drop(number);
                }
                sorted.advance()?;
            }
        }
        if !is_known {
            keep((fingerprint, first))?;
        }
    }
    Ok(())
}
