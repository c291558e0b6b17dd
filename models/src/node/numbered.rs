//! A rule on numbers: [`Numbered`].
//!
//! Each distinct state and each distinct change gets a number. So the enumeration of histories is compiled once for all
//! rules, and compares, hashes and stores only numbers. Two numbers are equal if and only if their contents are.

#[cfg(not(feature = "any-number"))]
mod unwatched;
#[cfg(feature = "any-number")]
mod watched;

use crate::history::parts;
use crate::node::any_rule::SerdeRule;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use multimaster::{Change, Dot, Key, Op, Reading, Refusal, Resolver, Side, Timestamp, VersionVector};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};
#[cfg(not(feature = "any-number"))]
use unwatched::{Notes, Watched};
#[cfg(feature = "any-number")]
use watched::{Notes, Watched};

/// The number of a master's state of all keys.
pub(crate) type StateNo = u32;
/// The number of a change.
pub(crate) type ChangeNo = u32;
/// The number of the readings of all keys.
pub(crate) type ReadingNo = u32;

/// The state of a master that has seen nothing.
pub(crate) const NOTHING: StateNo = 0;

/// A write without its effect.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) dot: Dot,
    pub(crate) timestamp: Timestamp,
    /// The key's index.
    pub(crate) key: usize,
    pub(crate) op: &'a Op,
}

/// [`Resolver`] on numbers. Masters are given by their index: the rule may differ by master.
pub(crate) trait Numbered: Watched {
    /// The change of a write at this master, in this state; `None` if the rule refuses it.
    fn prepare(&mut self, at: usize, state: StateNo, made: Made<'_>) -> Result<ChangeNo, Refusal>;
    /// The state after this change is applied.
    fn apply(&mut self, at: usize, state: StateNo, change: ChangeNo) -> StateNo;
    /// Our state after merging the other's snapshot.
    fn merge(&mut self, at: usize, ours: (StateNo, &VersionVector), theirs: (StateNo, &VersionVector)) -> StateNo;
    /// The readings of a state.
    fn read(&mut self, state: StateNo) -> ReadingNo;
    /// The readings with this number: one for each key.
    fn reading(&self, reading: ReadingNo) -> &[Reading];
    /// Whether the rule claims that a read of this key shows the write.
    fn shows(&self, state: StateNo, key: usize, dot: Dot) -> bool;
    /// Whether the rule cannot tell if a read of this key shows the write.
    fn unsure(&self, state: StateNo, key: usize, dot: Dot) -> bool;
    /// Compares two changes by content.
    fn compare(&self, one: ChangeNo, other: ChangeNo) -> Ordering;
    /// The number of numbered states and changes.
    fn len(&self) -> usize;
    /// Forgets all numbers but those of readings.
    fn clear(&mut self);
}

/// Distinct values, numbered in the order in which they were found.
struct Distinct<T> {
    values: Vec<T>,
    places: HashTable<u32>,
    hasher: FixedState,
}

impl<T: Eq + Hash> Distinct<T> {
    fn new() -> Distinct<T> {
        Distinct { values: Vec::new(), places: HashTable::new(), hasher: FixedState::with_seed(0) }
    }

    fn number(&mut self, value: T) -> u32 {
        let Distinct { values, places, hasher } = self;
        let hash = hasher.hash_one(&value);
        let is_it = |place: &u32| values[*place as usize] == value;
        if let Some(place) = places.find(hash, is_it) {
            return *place;
        }
        let place = u32::try_from(values.len()).expect("numbers are forgotten long before they run out");
        places.insert_unique(hash, place, |place| hasher.hash_one(&values[*place as usize]));
        values.push(value);
        place
    }

    fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    fn clear(&mut self) {
        self.values.clear();
        self.places.clear();
    }
}

/// A rule's state of each key.
type Rows<R> = SmallVec<[<R as Resolver>::State; 1]>;

/// A rule, and the numbers of its states and changes.
pub(crate) struct Numbers<R: SerdeRule> {
    notes: Notes,
    /// By master.
    rules: Vec<R>,
    keys: Vec<Key>,
    states: Distinct<Rows<R>>,
    changes: Distinct<Change<R::Effect>>,
    readings: Distinct<Vec<Reading>>,
    /// By state, its readings once computed.
    read: Vec<Option<ReadingNo>>,
}

impl<R: SerdeRule> Numbers<R> {
    pub(crate) fn new(rules: Vec<R>, keys: Vec<Key>) -> Numbers<R> {
        let mut numbers = Numbers {
            notes: Default::default(),
            rules,
            keys,
            states: Distinct::new(),
            changes: Distinct::new(),
            readings: Distinct::new(),
            read: Vec::new(),
        };
        numbers.clear();
        numbers
    }

    /// The row of the key, if a replica holds one: the default state is no row, and shows nothing.
    fn held(&self, state: StateNo, key: usize) -> Option<&R::State> {
        Some(&self.states.get(state)[key]).filter(|row| **row != R::State::default())
    }

    fn key_of(&self, change: &Change<R::Effect>) -> usize {
        self.keys.iter().position(|key| *key == change.key).expect("changes are of these keys")
    }
}

impl<R: SerdeRule> Numbered for Numbers<R> {
    fn prepare(&mut self, at: usize, state: StateNo, made: Made<'_>) -> Result<ChangeNo, Refusal> {
        let Made { dot, timestamp, key, op } = made;
        parts::known(op)?;
        let row = &self.states.get(state)[key];
        let (rule, op) = (&self.rules[at], op.clone());
        let effect = self.notes.during("prepare", || rule.prepare(row, op, dot, timestamp))?;
        Ok(self.changes.number(Change { dot, timestamp, key: self.keys[key].clone(), effect }))
    }

    fn apply(&mut self, at: usize, state: StateNo, change: ChangeNo) -> StateNo {
        let change = self.changes.get(change);
        let mut rows = self.states.get(state).clone();
        let row = &mut rows[self.key_of(change)];
        self.notes.during("apply", || self.rules[at].apply(row, change));
        self.states.number(rows)
    }

    /// As a [replica](multimaster::Replica) merges: a row that neither side holds is left alone, and rows that the rule
    /// cannot merge are replaced by the other's.
    fn merge(&mut self, at: usize, ours: (StateNo, &VersionVector), theirs: (StateNo, &VersionVector)) -> StateNo {
        let absent = R::State::default();
        let rows = self.states.get(ours.0).iter().zip(self.states.get(theirs.0));
        let merged: Rows<R> = rows
            .map(|(our, their)| {
                if *our == absent && *their == absent {
                    return absent.clone();
                }
                let (our, theirs) = (Side { state: our, seen: ours.1 }, Side { state: their, seen: theirs.1 });
                self.rules[at].merge(our, theirs).unwrap_or_else(|| their.clone())
            })
            .collect();
        self.states.number(merged)
    }

    fn read(&mut self, state: StateNo) -> ReadingNo {
        let place = state as usize;
        if self.read.len() <= place {
            self.read.resize(self.states.values.len(), None);
        }
        if let Some(known) = self.read[place] {
            return known;
        }
        let rows = self.states.get(state).iter();
        let readings = rows.map(|row| self.notes.during("read", || self.rules[0].read(row)));
        let readings: Vec<Reading> = readings.collect();
        let number = self.readings.number(readings);
        self.read[place] = Some(number);
        number
    }

    fn reading(&self, reading: ReadingNo) -> &[Reading] {
        self.readings.get(reading)
    }

    fn shows(&self, state: StateNo, key: usize, dot: Dot) -> bool {
        self.held(state, key).is_some_and(|row| self.rules[0].shows(row, dot))
    }

    fn unsure(&self, state: StateNo, key: usize, dot: Dot) -> bool {
        self.held(state, key).is_some_and(|row| self.rules[0].unsure(row, dot))
    }

    fn compare(&self, one: ChangeNo, other: ChangeNo) -> Ordering {
        self.changes.get(one).cmp(self.changes.get(other))
    }

    fn len(&self) -> usize {
        self.states.values.len() + self.changes.values.len()
    }

    fn clear(&mut self) {
        self.states.clear();
        self.changes.clear();
        self.read.clear();
        self.states.number(self.keys.iter().map(|_| R::State::default()).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use multimaster::{Kind, MasterId, Message, Outcome, Replica, Topology};

    /// Numbers, of which two that differ cannot be merged.
    #[derive(Clone)]
    struct Unsure;

    impl Resolver for Unsure {
        type State = Option<i64>;
        type Effect = i64;

        fn kind(&self) -> Kind {
            Kind::Maximum
        }

        fn prepare(&self, _: &Option<i64>, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
            match op {
                Op::Raise(number) => Ok(number),
                other => Err(Refusal::WrongKind(other)),
            }
        }

        fn apply(&self, state: &mut Option<i64>, change: &Change<i64>) -> bool {
            state.replace(change.effect) != Some(change.effect)
        }

        fn read(&self, state: &Option<i64>) -> Reading {
            state.map_or(Reading::Nothing, Reading::Total)
        }

        fn merge(&self, ours: Side<'_, Option<i64>>, theirs: Side<'_, Option<i64>>) -> Option<Option<i64>> {
            match (ours.state, theirs.state) {
                (Some(_), Some(_)) => None,
                // This rule would merge two absent rows to 9, so it must not be called for them.
                (one, other) => Some(one.or(*other).or(Some(9))),
            }
        }

        fn shows(&self, _: &Option<i64>, _: Dot) -> bool {
            false
        }
    }

    #[test]
    fn rows_are_merged_as_a_replica_does_it() {
        let keys: Vec<Key> = ["a", "b", "c"].map(Key::from).to_vec();
        let topology = Topology::all_to_all(2).unwrap();
        let mut replicas = [0, 1].map(|at| Replica::new(MasterId(at), Unsure, &topology));
        let mut numbers = Numbers::new(vec![Unsure, Unsure], keys.clone());
        let mut states = [NOTHING; 2];
        for (at, key, number) in [(0, 0, 1), (0, 1, 2), (1, 0, 3)] {
            let op = Op::Raise(number);
            let dot = replicas[at].write(&keys[key], op.clone()).unwrap();
            let timestamp = Timestamp::new(dot.seq(), dot.origin());
            let change = numbers.prepare(at, states[at], Made { dot, timestamp, key, op: &op }).unwrap();
            states[at] = numbers.apply(at, states[at], change);
        }
        let [ours, theirs] = &mut replicas;
        let seen = [ours.digest().clone(), theirs.digest().clone()];
        theirs.truncate(0);
        let snapshot = theirs.answer(ours.digest(), 1).unwrap();
        assert!(matches!(snapshot, Message::Snapshot(_)));
        assert_eq!(ours.receive(MasterId(1), snapshot), Outcome::Applied);
        let merged = numbers.merge(0, (states[0], &seen[0]), (states[1], &seen[1]));
        let expected: Vec<Reading> = keys.iter().map(|key| ours.read(key)).collect();
        assert_eq!(expected, [Reading::Total(3), Reading::Total(2), Reading::Nothing]);
        let reading = numbers.read(merged);
        assert_eq!(numbers.reading(reading), expected);
    }
}
