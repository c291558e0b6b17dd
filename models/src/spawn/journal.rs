//! What a running master says of itself: [`Journal`].

use multimaster::MasterId;
use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is told to whoever started the masters.
#[derive(Debug)]
pub(super) enum News {
    /// A line to print.
    Line(String),
    /// A master has stopped, and why.
    Stopped(MasterId, String),
}

/// One master's log lines and counts. No part of its state: what is explored is the same without.
#[derive(Debug, Default)]
pub struct Journal {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// Where lines go, and whether also those on what is sent and asked.
    lines: Option<(SyncSender<News>, bool)>,
}

impl Journal {
    /// One whose lines nobody reads.
    pub fn silent() -> Journal {
        Journal::default()
    }

    pub(super) fn to(lines: SyncSender<News>, verbose: bool) -> Journal {
        Journal { counts: Mutex::default(), lines: Some((lines, verbose)) }
    }

    /// How often what has happened, by its name.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.locked().iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    /// Counts one more; returns how many now.
    pub(super) fn count(&self, name: &'static str) -> u64 {
        let mut counts = self.locked();
        let count = counts.entry(name).or_default();
        *count += 1;
        *count
    }

    /// A line about what a client asked or a neighbour delivered.
    pub(super) fn say(&self, line: impl FnOnce() -> String) {
        if let Some((lines, _)) = &self.lines {
            // Nobody listens any more only when the process is about to end.
            let _ = lines.send(News::Line(line()));
        }
    }

    /// A line about the rest.
    pub(super) fn mention(&self, line: impl FnOnce() -> String) {
        if let Some((_, true)) = &self.lines {
            self.say(line);
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
