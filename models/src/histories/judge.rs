//! Judges a reading by a few bit operations: [`Judge`].
//!
//! It gives the same judgement as [`History`](crate::history::History), a hundred times faster: the enumeration of
//! histories needs it millions of times. The functions of `History` fill tables: which operation supersedes which,
//! which compete, and which a reading shows. `History` confirms each violation before it is reported, and tests compare
//! the two judges on all small histories.

use super::lattice::{Cut, Lattice, places};
use crate::history::parts::{Part as Place, PartEffect, by_part};
use crate::history::{Claim, Claims, History, Judged, Write};
use crate::node::numbered::{Numbered, ReadingNo, StateNo};
use multimaster::{Dot, Key, MasterId, Op, Reading, Timestamp, VersionVector};
use std::collections::BTreeMap;

/// Operations, by their index in the alphabet.
pub(super) type Ops = u16;

/// The most operations of an alphabet.
pub(crate) const MOST_OPERATIONS: usize = Ops::BITS as usize;

/// The violations of a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrongs {
    pub(crate) lost_causally: bool,
    pub(crate) lost_by_policy: bool,
    pub(crate) lost_to_nothing: bool,
    pub(crate) resurrects: bool,
    pub(crate) invented: bool,
    /// Whether the loss of a write depends on an untested claim of the rule.
    pub(crate) unsure_of_loss: bool,
    /// Whether an invention depends on an untested claim of the rule.
    pub(crate) unsure_of_value: bool,
}

/// One part of one key: a register, an element, …
pub(super) struct Table {
    place: Place,
    key: usize,
    /// The operations that act on it.
    pub(super) acting: Ops,
    pub(super) clears: Ops,
    puts: Ops,
    /// By operation, the amount that it adds to a counter.
    pub(super) adds: Option<Vec<i64>>,
    /// By operation, the operations that supersede it.
    pub(super) superseded_by: Vec<Ops>,
    /// By operation, the operations that compete with it.
    pub(super) competing: Vec<Ops>,
    /// By operation, the operations with the same effect.
    pub(super) same: Vec<Ops>,
}

/// The content of one reading.
struct Shown {
    /// By table, the operations whose content is read.
    shown: Vec<Ops>,
    /// By table, the total if it is a counter.
    totals: Vec<i64>,
    /// By the set of operations in the history, whether they explain the reading without the rule's claim.
    accounted: BTreeMap<Ops, bool>,
}

pub(crate) struct Judge {
    keys: Vec<Key>,
    alphabet: Vec<(usize, Op)>,
    pub(super) tables: Vec<Table>,
    readings: Vec<Option<Shown>>,
    claims: Claims,
}

/// A fictitious write of this operation.
fn example(key: &Key, op: &Op, seq: u64) -> Write {
    Write {
        dot: Dot::new(MasterId(0), seq),
        timestamp: Timestamp::new(seq, MasterId(0)),
        key: key.clone(),
        op: op.clone(),
        wall: None,
        past: VersionVector::default(),
    }
}

/// One write for each operation on this key: its sequence number is the operation's index plus one.
fn examples(name: &Key, alphabet: &[(usize, Op)], key: usize) -> Vec<Write> {
    let of_key = (1..).zip(alphabet).filter(|(_, (of, _))| *of == key);
    of_key.map(|(seq, (_, op))| example(name, op, seq)).collect()
}

fn bits(ops: impl Iterator<Item = usize>) -> Ops {
    ops.fold(0, |all, op| all | 1 << op)
}

impl Judge {
    pub(crate) fn new(keys: Vec<Key>, alphabet: Vec<(usize, Op)>, claims: Claims) -> Judge {
        assert!(alphabet.len() <= MOST_OPERATIONS, "at most {MOST_OPERATIONS} operations");
        let mut tables = Vec::new();
        for (key, name) in keys.iter().enumerate() {
            let writes = examples(name, &alphabet, key);
            for (place, effects) in by_part(&writes.iter().collect::<Vec<_>>()) {
                let effect =
                    |op: usize| effects.iter().find(|(write, _)| write.dot.seq() as usize == op + 1).map(|(_, d)| *d);
                let all = || 0..alphabet.len();
                let those = |is: &dyn Fn(PartEffect<'_>) -> bool| bits(all().filter(|op| effect(*op).is_some_and(is)));
                let each = |is: &dyn Fn(PartEffect<'_>, PartEffect<'_>) -> bool| -> Vec<Ops> {
                    all().map(|op| effect(op).map_or(0, |one| those(&|other| is(one, other)))).collect()
                };
                let added = |op| match effect(op) {
                    Some(PartEffect::Add(amount)) => amount,
                    _ => 0,
                };
                tables.push(Table {
                    key,
                    acting: those(&|_| true),
                    clears: those(&|effect| effect == PartEffect::Clear),
                    puts: those(&|effect| matches!(effect, PartEffect::Put(_))),
                    adds: place.is_counter().then(|| all().map(added).collect()),
                    superseded_by: each(&|one, other| other.supersedes(one)),
                    competing: each(&|one, other| other.competes(one)),
                    same: each(&|one, other| one == other),
                    place,
                });
            }
        }
        Judge { keys, alphabet, tables, readings: Vec::new(), claims }
    }

    fn shown(&mut self, rule: &dyn Numbered, reading: ReadingNo) -> &mut Shown {
        let place = reading as usize;
        if self.readings.len() <= place {
            self.readings.resize_with(place + 1, || None);
        }
        let (tables, keys, alphabet) = (&self.tables, &self.keys, &self.alphabet);
        self.readings[place].get_or_insert_with(|| {
            let readings = rule.reading(reading);
            let shown = |table: &Table| {
                let shows = table.place.shown(&readings[table.key]);
                // All operations are divided into parts together, because a removal by name has no part of its own: it
                // is listed under the parts of the operations that it may remove.
                let writes = examples(&keys[table.key], alphabet, table.key);
                let parts = by_part(&writes.iter().collect::<Vec<_>>());
                let effects = &parts[&table.place];
                let is_shown = |op: &usize| {
                    effects.iter().any(|(write, effect)| write.dot.seq() as usize == op + 1 && shows.shows(*effect))
                };
                bits((0..alphabet.len()).filter(is_shown))
            };
            let total = |table: &Table| match table.place.is_counter() {
                true => table.place.shown(&readings[table.key]).total(),
                false => 0,
            };
            Shown {
                shown: tables.iter().map(shown).collect(),
                totals: tables.iter().map(total).collect(),
                accounted: BTreeMap::new(),
            }
        })
    }

    /// The violations in this state of a master that has seen this cut of the history.
    pub(crate) fn judge(&mut self, lattice: &mut Lattice, cut: Cut, state: StateNo) -> Wrongs {
        let reading = lattice.rule.read(state);
        let mut wrongs = Wrongs::default();
        self.judge_values(lattice, cut, state, reading, &mut wrongs);
        self.shown(&*lattice.rule, reading);
        let mut in_full = false;
        for (place, table) in self.tables.iter().enumerate() {
            let Some(Shown { shown, totals, .. }) = self.readings[reading as usize].as_ref() else { continue };
            let view = View { lattice, table, cut, state, shown: shown[place], claims: self.claims };
            match &table.adds {
                None => view.judge(&mut wrongs),
                Some(adds) => in_full |= !view.adds_up(adds, totals[place]),
            }
        }
        if in_full {
            let master = Observed { lattice, keys: &self.keys, cut, state, reading, claims: self.claims };
            let history = master.history();
            let judgements = history.judge(&master);
            for loss in &judgements.losses {
                match loss.to {
                    crate::history::LostTo::Past => wrongs.lost_causally = true,
                    crate::history::LostTo::Concurrent => wrongs.lost_by_policy = true,
                    crate::history::LostTo::Nothing => wrongs.lost_to_nothing = true,
                }
            }
            wrongs.unsure_of_loss |= !judgements.unsure.is_empty();
            wrongs.resurrects |= history.resurrection(&master).is_some();
        }
        wrongs
    }

    /// Notes in `wrongs` if the writes do not explain the reading.
    fn judge_values(&mut self, lattice: &Lattice, cut: Cut, state: StateNo, reading: ReadingNo, wrongs: &mut Wrongs) {
        let present = bits((0..lattice.by_op.len()).filter(|op| lattice.by_op[*op] & cut != 0));
        let accounted = self.is_explained(&*lattice.rule, reading, present);
        if !accounted {
            let master = Observed { lattice, keys: &self.keys, cut, state, reading, claims: self.claims };
            match master.history().invented(&master) {
                None => {}
                Some(Ok(_)) => wrongs.invented = true,
                Some(Err(_)) => wrongs.unsure_of_value = true,
            }
        }
    }

    /// Whether writes of these operations explain the reading without a claim of the rule.
    pub(super) fn is_explained(&mut self, rule: &dyn Numbered, reading: ReadingNo, present: Ops) -> bool {
        if let Some(known) = self.shown(rule, reading).accounted.get(&present) {
            return *known;
        }
        let writes = (1..).zip(&self.alphabet).enumerate().filter(|(op, _)| present & 1 << op != 0);
        let writes = writes.map(|(_, (seq, (key, op)))| example(&self.keys[*key], op, seq));
        let all = All { keys: &self.keys, readings: rule.reading(reading) };
        let explained = History::of(writes).invented(&all).is_none();
        self.shown(rule, reading).accounted.insert(present, explained);
        explained
    }

    /// By table, the operations whose content is read.
    pub(super) fn shown_by(&mut self, rule: &dyn Numbered, reading: ReadingNo) -> &[Ops] {
        &self.shown(rule, reading).shown
    }

    /// The judgement of the state by `History`.
    pub(crate) fn observed<'a>(&'a self, lattice: &'a mut Lattice, cut: Cut, state: StateNo) -> Observed<'a> {
        let reading = lattice.rule.read(state);
        Observed { lattice, keys: &self.keys, cut, state, reading, claims: self.claims }
    }
}

/// One part's table, and one state of a master that has seen `cut`.
struct View<'a> {
    lattice: &'a Lattice,
    table: &'a Table,
    cut: Cut,
    state: StateNo,
    /// The operations whose content is read.
    shown: Ops,
    claims: Claims,
}

impl View<'_> {
    /// The writes of these operations that the master has seen.
    fn of(&self, ops: Ops) -> Cut {
        places(ops).fold(0, |all, op| all | self.lattice.by_op[op]) & self.cut
    }

    fn op(&self, write: usize) -> usize {
        self.lattice.writes[write].op
    }

    fn claim(&self, write: usize) -> Claim {
        claim(self.lattice, self.claims, self.state, self.table.key, self.lattice.writes[write].dot)
    }

    fn judge(&self, wrongs: &mut Wrongs) {
        let table = self.table;
        for write in places(self.of(table.acting & !table.clears)) {
            let op = self.op(write);
            let superseded = || self.lattice.successors[write] & self.of(table.superseded_by[op]) != 0;
            if self.shown >> op & 1 == 1 || superseded() {
                continue;
            }
            let is_put = table.puts >> op & 1 == 1;
            match if is_put { self.claim(write) } else { Claim::Hidden } {
                Claim::Shown => {}
                Claim::Untested => wrongs.unsure_of_loss = true,
                Claim::Hidden => self.classify(write, wrongs),
            }
        }
        for clear in places(self.of(table.clears)) {
            if self.rises(clear) {
                wrongs.lost_causally = true;
                wrongs.resurrects = true;
            }
        }
    }

    /// The writes with the same effect as this one that are not in `knower`'s causal past.
    fn fresh(&self, op: usize, knower: usize) -> Cut {
        self.of(self.table.same[op]) & !self.lattice.writes[knower].past
    }

    fn classify(&self, write: usize, wrongs: &mut Wrongs) {
        let (table, lattice) = (self.table, self.lattice);
        let own = 1 << write;
        let past = lattice.writes[write].past;
        let concurrent = self.cut & !past & !lattice.successors[write] & !own;
        let contested = self.of(table.competing[self.op(write)]) & concurrent != 0;
        let mut shown_of_past = false;
        let mut shown_of_others = false;
        for other in places(self.of(table.acting) & !own) {
            let op = self.op(other);
            let is_put = table.puts >> op & 1 == 1;
            if self.shown >> op & 1 == 0 && !(is_put && self.claim(other) != Claim::Hidden) {
                continue;
            }
            let known = past >> other & 1 == 1;
            if !known {
                shown_of_others = true;
            } else if self.fresh(op, write) & !own == 0 {
                shown_of_past = true;
            }
        }
        if !contested || shown_of_past {
            wrongs.lost_causally = true;
        } else if shown_of_others {
            wrongs.lost_by_policy = true;
        } else {
            wrongs.lost_to_nothing = true;
        }
    }

    /// Whether a write that `clear` removed is read, and no write outside its causal past explains this.
    fn rises(&self, clear: usize) -> bool {
        let removed = self.of(self.table.acting & !self.table.clears & self.shown) & self.lattice.writes[clear].past;
        places(removed).any(|write| self.fresh(self.op(write), clear) == 0)
    }

    /// Whether the total is the sum of all adds in no removal's causal past.
    fn adds_up(&self, adds: &[i64], total: i64) -> bool {
        let clears = self.of(self.table.clears);
        let live = places(self.of(self.table.acting & !self.table.clears))
            .filter(|write| self.lattice.successors[*write] & clears == 0);
        let sum: i128 = live.map(|write| i128::from(adds[self.op(write)])).sum();
        sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) == i128::from(total)
    }
}

fn claim(lattice: &Lattice, claims: Claims, state: StateNo, key: usize, dot: Dot) -> Claim {
    match (lattice.rule.shows(state, key, dot), claims) {
        _ if lattice.rule.unsure(state, key, dot) => Claim::Untested,
        (false, _) | (_, Claims::Refuted) => Claim::Hidden,
        (true, Claims::Tested) => Claim::Shown,
        (true, Claims::Untested) => Claim::Untested,
    }
}

/// A master in some state that has seen some cut of the history.
pub(crate) struct Observed<'a> {
    pub(crate) lattice: &'a Lattice,
    keys: &'a [Key],
    cut: Cut,
    state: StateNo,
    pub(crate) reading: ReadingNo,
    claims: Claims,
}

impl Observed<'_> {
    /// The history as a [`History`](crate::history::History).
    pub(crate) fn history(&self) -> History {
        let lattice = self.lattice;
        let write = |place: usize| {
            let write = &lattice.writes[place];
            let (key, op) = &lattice.alphabet[write.op];
            Write {
                dot: write.dot,
                timestamp: write.timestamp,
                key: self.keys[*key].clone(),
                op: op.clone(),
                wall: write.wall,
                past: lattice.vector(write.past),
            }
        };
        History::of((0..lattice.writes.len()).map(write))
    }
}

impl Judged for Observed<'_> {
    fn has_seen(&self, dot: Dot) -> bool {
        places(self.cut).any(|place| self.lattice.writes[place].dot == dot)
    }

    fn read(&self, key: &Key) -> Reading {
        read(self.keys, self.lattice.rule.reading(self.reading), key)
    }

    fn keys(&self) -> Vec<Key> {
        self.keys.to_vec()
    }

    fn claim(&self, key: &Key, dot: Dot) -> Claim {
        let place = self.keys.iter().position(|one| one == key);
        place.map_or(Claim::Hidden, |place| claim(self.lattice, self.claims, self.state, place, dot))
    }
}

/// A master that has seen all writes, under a rule that claims nothing.
struct All<'a> {
    keys: &'a [Key],
    readings: &'a [Reading],
}

impl Judged for All<'_> {
    fn has_seen(&self, _: Dot) -> bool {
        true
    }

    fn read(&self, key: &Key) -> Reading {
        read(self.keys, self.readings, key)
    }

    fn keys(&self) -> Vec<Key> {
        self.keys.to_vec()
    }

    fn claim(&self, _: &Key, _: Dot) -> Claim {
        Claim::Hidden
    }
}

fn read(keys: &[Key], readings: &[Reading], key: &Key) -> Reading {
    keys.iter().position(|one| one == key).map_or_else(Reading::default, |place| readings[place].clone())
}
