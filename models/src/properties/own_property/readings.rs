//! What a property of the user's own is told of a state: [`Readings`].

use crate::history::{History, Write};
use multimaster::{Dot, Key, MasterId, Reading, Text, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What all masters read, and what has been written.
#[derive(Clone, Debug)]
pub struct Readings {
    masters: Vec<Reads>,
    writes: Arc<Vec<Acknowledged>>,
    notes: Notes,
}

/// What one master reads.
#[derive(Clone, Debug)]
pub struct Reads {
    master: MasterId,
    keys: Arc<Keys>,
    notes: Notes,
}

/// What is read of each key that clients write.
pub(crate) type Keys = BTreeMap<Key, Reading>;

/// An acknowledged write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The write: its name, its key, its operation.
    pub write: Write,
    /// The masters that have seen it.
    pub seen_by: Vec<MasterId>,
    /// The acknowledged writes that it had seen.
    pub saw: Vec<Dot>,
}

impl Acknowledged {
    /// Whether this write was made in knowledge of `earlier`.
    pub fn had_seen(&self, earlier: &Acknowledged) -> bool {
        self.write.had_seen(&earlier.write)
    }

    /// Its Lamport timestamp.
    pub fn timestamp(&self) -> Timestamp {
        self.write.timestamp
    }
}

/// What a test has asked for, and the first thing that does not exist.
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
    /// What the masters read of each key, in order, and what has been written.
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

    /// What this master reads. If it does not exist, the property fails.
    pub fn of(&self, master: MasterId) -> Reads {
        self.masters.get(master.index()).cloned().unwrap_or_else(|| {
            let last = MasterId(self.masters.len().saturating_sub(1) as u16);
            self.notes.open().wrong.get_or_insert_with(|| format!("there is no master {master}: they are A to {last}"));
            Reads { master, keys: Arc::default(), notes: self.notes.clone() }
        })
    }

    /// The acknowledged writes, in the order of their names.
    pub fn writes(&self) -> &[Acknowledged] {
        self.notes.open().writes = true;
        &self.writes
    }

    /// The first thing asked for that does not exist.
    pub(crate) fn wrong(&self) -> Option<String> {
        self.notes.open().wrong.clone()
    }

    /// Whether the writes were asked for.
    pub(crate) fn read_writes(&self) -> bool {
        self.notes.open().writes
    }

    /// What has been read of it: each master's keys.
    pub(crate) fn read(&self) -> BTreeSet<(MasterId, Key)> {
        self.notes.open().read.clone()
    }
}

impl Reads {
    /// Whose readings these are.
    pub fn master(&self) -> MasterId {
        self.master
    }

    /// The keys that clients write, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.keys()
    }

    /// What is read of the key. If no client writes it, the property fails.
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

    /// What is read of the key, or why there is no such reading.
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

/// The writes of a history, with the masters that have seen each: `seen` is told of a master and a write.
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
    writes.iter().map(of).collect()
}
