//! The lines of a store's files: [`Line`].

use super::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// `checksum number [part, part, ...]`: the data of one sync. Each line has the number after the one before.
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) parts: &'a str,
}

/// One part of a line: a change of a shard's stored state.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part<V> {
    /// Replaces the stored state of the shard.
    Save(u16, V),
    /// Adds changes to its log.
    Append(u16, V),
}

/// The content of a file.
#[derive(Default)]
pub(super) struct Content<'a> {
    /// The whole lines.
    pub(super) lines: Vec<Line<'a>>,
    /// The bytes after them: a torn write.
    pub(super) torn: &'a [u8],
}

impl<'a> Line<'a> {
    /// A line with these parts.
    pub(super) fn with(number: u64, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut body = format!("{number} [").into_bytes();
        body.extend(parts.join(&b','));
        body.push(b']');
        let mut line = format!("{:016x} ", checksum(&body)).into_bytes();
        line.append(&mut body);
        line.push(b'\n');
        line
    }

    fn parse(line: &'a [u8]) -> Option<Line<'a>> {
        let (sum, body) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let (number, parts) = body.split_once(' ')?;
        let whole = sum == format!("{:016x}", checksum(body.as_bytes()));
        Some(Line { number: number.parse().ok()?, parts }).filter(|_| whole)
    }

    /// The parts, not yet decoded.
    pub(super) fn parts(&self) -> Result<Vec<Part<&'a RawValue>>, StoreError> {
        serde_json::from_str(self.parts)
            .map_err(|error| StoreError::Damaged { place: format!("line {}", self.number), cause: error.into() })
    }
}

impl<'a> Content<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// If a whole line follows a damaged one. A power cut tears only the last line, because each line is synced before
    /// the next is written.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Content<'a>, StoreError> {
        let mut content = Content { lines: Vec::new(), torn: bytes };
        while let Some(end) = content.torn.iter().position(|byte| *byte == b'\n') {
            let Some(line) = Line::parse(&content.torn[..end]) else {
                break;
            };
            if content.lines.last().is_some_and(|last| line.number != last.number + 1) {
                break;
            }
            content.lines.push(line);
            content.torn = &content.torn[end + 1..];
        }
        let next = content.lines.last().map_or(0, |last| last.number + 1);
        // The last piece is empty, or a line without its line feed.
        let later = content.torn.rsplit(|byte| *byte == b'\n').skip(1).filter_map(Line::parse);
        match later.map(|line| line.number).find(|number| *number >= next) {
            Some(found) => {
                let cause = format!("line {found} is found where line {next} should be");
                Err(StoreError::Damaged {
                    place: format!("byte {}", bytes.len() - content.torn.len()),
                    cause: cause.into(),
                })
            }
            None => Ok(content),
        }
    }
}

impl<V: Serialize> Part<V> {
    pub(super) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| StoreError::Encode(error.into()))
    }
}

/// FNV-1a, 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}
