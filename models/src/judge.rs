//! Judges the history of operations at any replicated system by its clients' requests and answers, without a model of
//! the system.
//!
//! [`file()`] and [`reader()`] read the history event by event, and return a [`Report`]: a [`Verdict`] for each
//! property. A verdict is never a guess: a property that the history does not decide is *not judged*, with the reason.
//! `docs/judge.md` defines the properties, and states when each is judged.
//!
//! # Theory
//!
//! The four session guarantees are those of Terry et al. (*Session guarantees for weakly consistent replicated data*,
//! PDIS 1994). Whether a history allows an order of its operations under which a guarantee holds is in general
//! NP-complete; Bouajjani, Enea, Guerraoui and Hamza (*On verifying causal consistency*, POPL 2017) show that it is
//! polynomial if no value is written twice, because each read then names its write, and that a violation of causal
//! consistency shows as one of a few patterns. Biswas and Enea (*On the complexity of checking transactional
//! consistency*, OOPSLA 2019) bound the cost by the number of sessions. The patterns judged here are some of those, in
//! histories where the values read name their writes. Each is impossible in a system that is *causally convergent*
//! (Burckhardt, *Principles of eventual consistency*, 2014): a system that has all four guarantees, and one order of
//! writes that respects causality. So no violation is reported of such a system. The converse does not hold: violations
//! that involve more than one intermediate session are not searched for.
//!
//! # Cost
//!
//! Let N be the number of operations and of elements read. Loss, agreement, invention, resurrection, counters, read
//! your writes and monotonic reads take time O(N). Monotonic writes and writes follow reads take O(N·S log N) for
//! registers, and O(N·S²) for sets, where S is the number of other sessions whose writes a session has read. Memory is
//! O(N), for sets with the elements of the last read of each process; the reads of a set are not kept.

mod counters;
mod data;
mod edn;
mod ends;
mod event;
mod finding;
mod jepsen;
mod json;
mod log;
mod parts;
mod reader;
mod registers;
mod report;
mod sets;
mod source;
mod value;

pub use data::Data;
pub use finding::{
    AGREEMENT, COUNTER_BOUNDS, MONOTONIC_READS, MONOTONIC_WRITES, NO_INVENTION, NO_LOST_WRITE, NO_RESURRECTION,
    READ_YOUR_WRITES, WRITES_FOLLOW_READS,
};
pub use finding::{Evidence, Finding, Shown, Verdict};
pub use report::Report;

use crate::check::running;
use crate::fault::Fault;
use reader::{Reader, Settings};
use std::io::BufRead;
use std::time::Duration;

/// The user's settings for a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The kind of data. Without it, the operations determine the kind.
    pub data: Option<Data>,
    /// The value of every register before its first write, as JSON. Without it, a register has no value then.
    pub initial: Option<String>,
    /// The least value that a counter may have.
    pub at_least: Option<i64>,
    /// The least time from the end of the last write of a key to the begin of a final read.
    pub settle: Duration,
}

/// Judges the history in this file. Events are read one after the other.
///
/// # Errors
/// If the file cannot be read, or is not a history.
pub fn file(file: &str, options: &Options) -> Result<Report, Fault> {
    judged(file, source::of_file(file)?, options)
}

/// Judges the history that is read from `source`, which messages name as `file`.
///
/// # Errors
/// If it is not a history.
pub fn reader(file: &str, source: impl BufRead, options: &Options) -> Result<Report, Fault> {
    let events = source::of(source).map_err(|error| Fault::of(file, error.to_string()))?;
    judged(file, events, options)
}

fn judged(file: &str, events: impl Iterator<Item = source::Found>, options: &Options) -> Result<Report, Fault> {
    let initial = options.initial.as_deref().map(|text| {
        json::value(text).map_err(|what| Fault::of("--initial", format!("this is not a JSON value: {what}")))
    });
    let settings = Settings {
        data: options.data,
        initial: initial.transpose()?,
        at_least: options.at_least,
        settle: i64::try_from(options.settle.as_nanos()).unwrap_or(i64::MAX),
    };
    let mut reader = Reader::new(settings);
    let mut interrupted_after = None;
    let mut last = 0;
    for found in events {
        let event = found.map_err(|(line, what)| Fault::at(file, line, what))?;
        if running::is_interrupted() {
            interrupted_after = Some(last);
            break;
        }
        last = event.line;
        running::count(1);
        reader.take(&event).map_err(|what| Fault::at(file, event.line, what))?;
    }
    if last == 0 && interrupted_after.is_none() {
        return Err(Fault::of(file, "this history has no operations"));
    }
    Ok(Report::of(file, reader, interrupted_after))
}
