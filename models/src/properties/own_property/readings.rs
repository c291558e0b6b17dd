//! The view of a state that a user's own property receives: [`Readings`].

use crate::history::{History, Write};
use multimaster::{Dot, Key, MasterId, Reading, Text, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All masters' readings, and the acknowledged writes.
#[derive(Clone, Debug)]
pub struct Readings {
    masters: Vec<Reads>,
    writes: Arc<Vec<Acknowledged>>,
    notes: Notes,
}

/// One master's readings.
#[derive(Clone, Debug)]
pub struct Reads {
    master: MasterId,
    keys: Arc<Keys>,
    notes: Notes,
}

/// The reading of each key that clients write.
pub(crate) type Keys = BTreeMap<Key, Reading>;

/// An acknowledged write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The write: its dot, key and operation.
    pub write: Write,
    /// The masters that have seen it.
    pub seen_by: Vec<MasterId>,
    /// The acknowledged writes in its causal past.
    pub saw: Vec<Dot>,
}

impl Acknowledged {
    /// Whether `earlier` happened before this write.
    pub fn had_seen(&self, earlier: &Acknowledged) -> bool {
        self.write.had_seen(&earlier.write)
    }

    /// Its Lamport timestamp.
    pub fn timestamp(&self) -> Timestamp {
        self.write.timestamp
    }
}

/// The readings that a test has used, and the first one that does not exist.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    read: BTreeSet<(MasterId, Key)>,
    writes: bool,
    wrong: Option<String>,
}

impl Notes {
    fn open(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    /// The readings of the masters, in order, and the acknowledged writes.
    pub(crate) fn new(masters: &[Arc<Keys>], writes: Arc<Vec<Acknowledged>>) -> Readings {
        let notes = Notes::default();
        let of =
            |(master, keys): (MasterId, &Arc<Keys>)| Reads { master, keys: Arc::clone(keys), notes: notes.clone() };
        Readings { masters: (0..).map(MasterId).zip(masters).map(of).collect(), writes, notes }
    }

    /// The masters, in order.
    pub fn masters(&self) -> &[Reads] {
        &self.masters
    }

    /// This master's readings. If the master does not exist, the property's evaluation fails.
    pub fn of(&self, master: MasterId) -> Reads {
        self.masters.get(master.index()).cloned().unwrap_or_else(|| {
            let last = MasterId(self.masters.len().saturating_sub(1) as u16);
            self.notes
                .open()
                .wrong
                .get_or_insert_with(|| format!("there is no master {master}: the masters are A to {last}"));
            Reads { master, keys: Arc::default(), notes: self.notes.clone() }
        })
    }

    /// The acknowledged writes, in dot order.
    pub fn writes(&self) -> &[Acknowledged] {
        self.notes.open().writes = true;
        &self.writes
    }

    /// The first master or key used that does not exist.
    pub(crate) fn wrong(&self) -> Option<String> {
        self.notes.open().wrong.clone()
    }

    /// Whether the writes were used.
    pub(crate) fn read_writes(&self) -> bool {
        self.notes.open().writes
    }

    /// The readings used: each master's keys.
    pub(crate) fn read(&self) -> BTreeSet<(MasterId, Key)> {
        self.notes.open().read.clone()
    }
}

impl Reads {
    /// The master of these readings.
    pub fn master(&self) -> MasterId {
        self.master
    }

    /// The keys that clients write, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys()
    }

    /// The reading of the key. If no client writes it, the property's evaluation fails.
    pub fn get(&self, key: &str) -> Reading {
        self.find(key).unwrap_or_default()
    }

    /// The values, or elements, that the key shows: none, one, or several.
    pub fn values(&self, key: &str) -> Vec<Text> {
        match self.get(key) {
            Reading::Value(value) => vec![value],
            Reading::Values(values) => values,
            Reading::Elements(elements) => elements.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The reading of the key, or the reason for which there is none.
    pub(crate) fn find(&self, key: &str) -> Result<Reading, String> {
        let mut notes = self.notes.open();
        if let Some((key, reading)) = self.keys.get_key_value(key) {
            notes.read.insert((self.master, key.clone()));
            return Ok(reading.clone());
        }
        let wrong = no_such_key(key, self.keys.keys().map(|key| &**key));
        notes.wrong.get_or_insert_with(|| wrong.clone());
        Err(wrong)
    }
}

/// The error for a key that no client writes.
pub(crate) fn no_such_key<'a>(key: &str, keys: impl Iterator<Item = &'a str>) -> String {
    let keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
    let known = if keys.is_empty() { "they write none".into() } else { format!("they write {}", keys.join(", ")) };
    format!("no client writes the key `{key}`: {known}")
}

/// The writes of a history, each with the masters that have seen it, by `seen`.
pub(crate) fn acknowledged(
    history: &History,
    masters: usize,
    seen: impl Fn(MasterId, Dot) -> bool,
) -> Vec<Acknowledged> {
    let writes = history.writes();
    let of = |write: &Write| Acknowledged {
        seen_by: (0..).map(MasterId).take(masters).filter(|master| seen(*master, write.dot)).collect(),
        saw: writes.iter().filter(|earlier| write.had_seen(earlier)).map(|earlier| earlier.dot).collect(),
        write: write.clone(),
    };
    writes.iter().map(|write| of(write)).collect()
}
