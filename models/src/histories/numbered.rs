//! A rule on numbers: [`Numbered`].
//!
//! Each distinct state and each distinct change gets a number, so that what walks over histories is compiled once for all
//! rules, and compares, hashes and stores numbers only. Two numbers are equal if and only if their contents are.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use multimaster::{Change, Dot, Key, Op, Reading, Refusal, Resolver, Side, Stamp, VersionVector};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash};

/// The number of a state: of what a master keeps for all keys.
pub(crate) type StateNo = u32;
/// The number of a change.
pub(crate) type ChangeNo = u32;
/// The number of what a reader sees of all keys.
pub(crate) type ReadingNo = u32;

/// The state of a master that has seen nothing.
pub(crate) const NOTHING: StateNo = 0;

/// What a write is made of, apart from what its rule makes of it.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    pub(crate) dot: Dot,
    pub(crate) stamp: Stamp,
    /// The key's index.
    pub(crate) key: usize,
    pub(crate) op: &'a Op,
}

/// [`Resolver`] on numbers. Masters are given by their index: the rule may differ by master.
pub(crate) trait Numbered {
    /// The change that a write at this master makes, in this state.
    fn prepare(&mut self, at: usize, state: StateNo, made: Made<'_>) -> Result<ChangeNo, Refusal>;
    /// The state after this change is applied.
    fn apply(&mut self, at: usize, state: StateNo, change: ChangeNo) -> StateNo;
    /// Two masters' states merged; what reflects the second where the rule has no merge.
    fn merge(
        &mut self,
        at: usize,
        ours: (StateNo, &VersionVector),
        theirs: (StateNo, &VersionVector),
    ) -> Result<StateNo, StateNo>;
    /// What a reader sees.
    fn read(&mut self, state: StateNo) -> ReadingNo;
    /// What the number of a reading stands for: a reading for each key.
    fn reading(&self, reading: ReadingNo) -> &[Reading];
    /// Whether the rule claims that a read of this key shows the write.
    fn shows(&self, state: StateNo, key: usize, dot: Dot) -> bool;
    /// Whether the rule cannot tell.
    fn unsure(&self, state: StateNo, key: usize, dot: Dot) -> bool;
    /// Compares two changes by content.
    fn compare(&self, one: ChangeNo, other: ChangeNo) -> Ordering;
    /// How many states and changes have numbers.
    fn len(&self) -> usize;
    /// Forgets all numbers but those of readings.
    fn clear(&mut self);
}

/// Values, each once, in the order in which they were met.
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

/// A rule, and the numbers of what it has kept and sent.
pub(crate) struct Numbers<R: Resolver> {
    /// By master.
    rules: Vec<R>,
    keys: Vec<Key>,
    states: Distinct<Rows<R>>,
    changes: Distinct<Change<R::Effect>>,
    readings: Distinct<Vec<Reading>>,
    /// By state, once it was read.
    read: Vec<Option<ReadingNo>>,
}

impl<R: Resolver> Numbers<R> {
    pub(crate) fn new(rules: Vec<R>, keys: Vec<Key>) -> Numbers<R> {
        let mut numbers = Numbers {
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

    fn key_of(&self, change: &Change<R::Effect>) -> usize {
        self.keys.iter().position(|key| *key == change.key).expect("changes are of these keys")
    }
}

impl<R: Resolver> Numbered for Numbers<R> {
    fn prepare(&mut self, at: usize, state: StateNo, made: Made<'_>) -> Result<ChangeNo, Refusal> {
        let Made { dot, stamp, key, op } = made;
        let row = &self.states.get(state)[key];
        let effect = self.rules[at].prepare(row, op.clone(), dot, stamp)?;
        Ok(self.changes.number(Change { dot, stamp, key: self.keys[key].clone(), effect }))
    }

    fn apply(&mut self, at: usize, state: StateNo, change: ChangeNo) -> StateNo {
        let change = self.changes.get(change);
        let mut rows = self.states.get(state).clone();
        self.rules[at].apply(&mut rows[self.key_of(change)], change);
        self.states.number(rows)
    }

    fn merge(
        &mut self,
        at: usize,
        ours: (StateNo, &VersionVector),
        theirs: (StateNo, &VersionVector),
    ) -> Result<StateNo, StateNo> {
        let rows = self.states.get(ours.0).iter().zip(self.states.get(theirs.0));
        let merged: Option<Rows<R>> = rows
            .map(|(our, their)| {
                self.rules[at].merge(Side { state: our, seen: ours.1 }, Side { state: their, seen: theirs.1 })
            })
            .collect();
        merged.map(|rows| self.states.number(rows)).ok_or(theirs.0)
    }

    fn read(&mut self, state: StateNo) -> ReadingNo {
        let place = state as usize;
        if self.read.len() <= place {
            self.read.resize(self.states.values.len(), None);
        }
        if let Some(known) = self.read[place] {
            return known;
        }
        let rows = self.states.get(state);
        let read_by = |rule: &R| -> Vec<Reading> { rows.iter().map(|row| rule.read(row)).collect() };
        let readings = read_by(&self.rules[0]);
        debug_assert!(
            self.rules.iter().all(|rule| read_by(rule) == readings),
            "a read is of the state alone, never of the master"
        );
        let number = self.readings.number(readings);
        self.read[place] = Some(number);
        number
    }

    fn reading(&self, reading: ReadingNo) -> &[Reading] {
        self.readings.get(reading)
    }

    fn shows(&self, state: StateNo, key: usize, dot: Dot) -> bool {
        self.rules[0].shows(&self.states.get(state)[key], dot)
    }

    fn unsure(&self, state: StateNo, key: usize, dot: Dot) -> bool {
        self.rules[0].unsure(&self.states.get(state)[key], dot)
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
