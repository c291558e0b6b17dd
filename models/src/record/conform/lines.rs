//! The lines of a file, one after the other.

use crate::fault::Fault;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The most bytes of a line: the snapshot of a large table is one.
const MOST: u64 = 64 << 20;

/// The lines of the file, each of them or the error in it.
pub(super) fn of_file(file: &str) -> Result<impl Iterator<Item = Result<String, String>>, Fault> {
    if Path::new(file).is_dir() {
        return Err(Fault::of(file, "this is a folder: name a file in it"));
    }
    let opened = File::open(file).map_err(|error| Fault::of(file, error.to_string()))?;
    Ok(of(BufReader::new(opened)))
}

/// The lines of a record from any source.
pub(crate) fn of(mut reader: impl BufRead) -> impl Iterator<Item = Result<String, String>> {
    std::iter::from_fn(move || next(&mut reader).transpose())
}

fn next(reader: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MOST + 1).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
    if read as u64 > MOST {
        return Err(format!("this line is over {} MB long", MOST >> 20));
    }
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        line.pop_if(|last| *last == b'\r');
    }
    String::from_utf8(line).map(Some).map_err(|_| "this is not UTF-8 text".into())
}
