//! The events of a file, one after the other.

use super::event::Event;
use super::jepsen::Events;
use super::value::Value;
use super::{edn, json};
use crate::fault::Fault;
use crate::record::conform::lines;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// An event, or the line and what is wrong with it.
pub(super) type Found = Result<Event, (usize, String)>;

/// The most blank bytes at the beginning of a file.
const BLANK: usize = 1 << 16;

/// The events of the file of this name.
pub(super) fn of_file(file: &str) -> Result<Box<dyn Iterator<Item = Found>>, Fault> {
    if Path::new(file).is_dir() {
        return Err(Fault::of(file, "this is a folder: name a file in it"));
    }
    let opened = File::open(file).map_err(|error| Fault::of(file, error.to_string()))?;
    of(BufReader::with_capacity(1 << 16, opened)).map_err(|error| Fault::of(file, error.to_string()))
}

/// The events that are read from anywhere. Whether they are JSON lines or EDN, the first characters tell.
pub(super) fn of<'a>(mut source: impl BufRead + 'a) -> io::Result<Box<dyn Iterator<Item = Found> + 'a>> {
    let mut start = Vec::new();
    let is_json = loop {
        match source.fill_buf()?.first().copied() {
            None => break false,
            Some(byte) if start.len() == BLANK => break byte == b'{',
            Some(byte) => {
                let after_brace = start.iter().rev().any(|before| *before == b'{');
                if !byte.is_ascii_whitespace() && (after_brace || byte != b'{') {
                    break byte == b'"' && after_brace;
                }
                start.push(byte);
                source.consume(1);
            }
        }
    };
    let whole = io::Cursor::new(start).chain(source);
    Ok(if is_json { Box::new(of_lines(whole)) } else { Box::new(of_forms(whole)) })
}

fn of_lines(source: impl BufRead) -> impl Iterator<Item = Found> {
    let mut last_time = None;
    let mut next = move |place: usize, text: Result<String, String>| {
        let line = place + 1;
        let text = text.map_err(|what| (line, what))?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let event = json::event(line, &text).map_err(|what| (line, what))?;
        if event.time.is_some_and(|time| last_time.is_some_and(|last| time < last)) {
            return Err((line, "this is earlier than the line before: sort the lines by `time`".into()));
        }
        last_time = event.time.or(last_time);
        Ok(Some(event).filter(|event| event.process != Value::Text("nemesis".into())))
    };
    lines::of(source).enumerate().filter_map(move |(place, text)| next(place, text).transpose())
}

fn of_forms(source: impl BufRead) -> impl Iterator<Item = Found> {
    let mut reader = edn::Reader::new(source);
    let mut events = Events::default();
    let mut inside = None;
    std::iter::from_fn(move || {
        loop {
            let found = match reader.next(&mut inside) {
                Ok(found) => found,
                Err(what) => return Some(Err((reader.line, what))),
            };
            let (line, form) = found?;
            match events.event(line, form) {
                Ok(None) => {}
                Ok(Some(event)) => return Some(Ok(event)),
                Err(what) => return Some(Err((line, what))),
            }
        }
    })
}
