//! The log lines and the counts of a running master: [`Journal`].

use multimaster::MasterId;
use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A message to the thread that started the masters.
#[derive(Debug)]
pub(super) enum News {
    /// A line to print.
    Line(String),
    /// A master has stopped, with the reason.
    Stopped(MasterId, String),
}

/// One master's log lines and counts. They are not part of its state, so they do not affect an exploration.
#[derive(Debug, Default)]
pub struct Journal {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    /// The receiver of lines, and whether it also gets lines on sent messages and digests. `None` drops all lines.
    lines: Option<(SyncSender<News>, bool)>,
}

impl Journal {
    /// A journal that counts, and drops its lines.
    pub fn silent() -> Journal {
        Journal::default()
    }

    pub(super) fn to(lines: SyncSender<News>, verbose: bool) -> Journal {
        Journal { counts: Mutex::default(), lines: Some((lines, verbose)) }
    }

    /// The number of events of each kind, by name.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.locked().iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    /// Counts an event, and returns the new count.
    pub(super) fn count(&self, name: &'static str) -> u64 {
        let mut counts = self.locked();
        let count = counts.entry(name).or_default();
        *count += 1;
        *count
    }

    /// Logs a line about a client's request or an arrived message.
    pub(super) fn say(&self, line: impl FnOnce() -> String) {
        if let Some((lines, _)) = &self.lines {
            // The receiver is gone only when the process is about to end.
            let _ = lines.send(News::Line(line()));
        }
    }

    /// Logs a line about a sent message or a digest; printed with `--verbose` only.
    pub(super) fn mention(&self, line: impl FnOnce() -> String) {
        if let Some((_, true)) = &self.lines {
            self.say(line);
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
