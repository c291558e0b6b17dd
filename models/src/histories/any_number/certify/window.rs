//! The unsettled writes of a history, and the states of the masters that have seen all settled ones: [`Window`].

use super::marks::{Marks, Settled};
use super::rule::{Names, Rule};
use crate::histories::judge::{Ops, Table};
use crate::histories::lattice::places;
use crate::node::numbered::{ChangeNo, Made, NOTHING, StateNo};
use multimaster::{Dot, MasterId, Timestamp, watch};
use smallvec::{SmallVec, smallvec};

/// A set of unsettled writes, one bit for each place in the window.
pub(super) type Cut = u8;

/// A few distinct states, ascending.
pub(super) type States = SmallVec<[StateNo; 2]>;

/// The most unsettled writes.
pub(super) const MOST_UNSETTLED: usize = Cut::BITS as usize;

/// An unsettled write.
#[derive(Clone)]
pub(super) struct Unsettled {
    /// Its master's index.
    pub(super) at: usize,
    /// The operation's index.
    pub(super) op: usize,
    /// The unsettled writes in its causal past.
    pub(super) seen: Cut,
    pub(super) dot: Dot,
    pub(super) timestamp: Timestamp,
    pub(super) change: ChangeNo,
    pub(super) marks: Marks,
}

/// The part of a history on which its future depends.
///
/// The numbers in it are ranks: among all times, and among all sequence numbers of each master, that occur in it.
#[derive(Clone)]
pub(super) struct Window {
    /// In timestamp order.
    pub(super) writes: Vec<Unsettled>,
    /// By cut of the unsettled writes, ascending, the states that a master can have that has seen it and all settled
    /// writes, and has made none of them itself: it has received them in any order.
    pub(super) cells: Vec<(Cut, States)>,
    /// The settled writes that a later judgement depends on.
    pub(super) settled: Vec<Settled>,
    /// The operations of all writes.
    pub(super) present: Ops,
    /// Whether a next write can have the time of the newest one: no settled write has it.
    tie: bool,
    /// The latest time.
    time: u64,
    /// By master, the greatest sequence number.
    seqs: Vec<u64>,
}

/// A next write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) at: usize,
    /// The unsettled writes that it has seen.
    pub(super) seen: Cut,
    /// Whether it has the time of the newest write; otherwise a later one.
    pub(super) ties: bool,
    pub(super) op: usize,
}

impl Window {
    /// Before the first write.
    pub(super) fn first(masters: usize) -> Window {
        Window {
            writes: Vec::new(),
            cells: vec![(0, smallvec![NOTHING])],
            settled: Vec::new(),
            present: 0,
            tie: false,
            time: 0,
            seqs: vec![0; masters],
        }
    }

    /// The states of a master that has seen all writes.
    pub(super) fn top(&self) -> &States {
        &self.cells.last().expect("the cell of all writes").1
    }

    fn states(&self, cut: Cut) -> &States {
        let place = self.cells.binary_search_by_key(&cut, |(cut, _)| *cut);
        &self.cells[place.expect("a cut of the window")].1
    }

    /// The number of different times and sequence numbers in it.
    pub(super) fn held(&self) -> u64 {
        self.time + self.seqs.iter().sum::<u64>()
    }

    /// All possible next writes of the operation 0.
    pub(super) fn nexts(&self) -> Vec<Next> {
        let mut nexts = Vec::new();
        for at in 0..self.seqs.len() {
            let own = self.writes.iter().enumerate().filter(|(_, write)| write.at == at);
            let own = own.fold(0, |all, (place, _)| all | 1 << place);
            for (seen, _) in self.cells.iter().filter(|(cut, _)| own & !cut == 0) {
                nexts.push(Next { at, seen: *seen, ties: false, op: 0 });
                if self.can_tie(at, *seen) {
                    nexts.push(Next { at, seen: *seen, ties: true, op: 0 });
                }
            }
        }
        nexts
    }

    /// Whether a write of this master can have the time of the newest one, and be later in timestamp order.
    fn can_tie(&self, at: usize, seen: Cut) -> bool {
        let has_the_time = |place: usize| self.writes[place].timestamp.time() == self.time;
        let newest = self.writes.last().filter(|_| self.tie);
        newest.is_some_and(|newest| newest.at < at) && !places(seen.into()).any(has_the_time)
    }

    /// The windows after one more write: one for each effect that the rule can make of it; none if it refuses the
    /// operation.
    pub(super) fn add(&self, next: Next, rule: &mut Rule<'_>, tables: &[Table]) -> SmallVec<[Window; 1]> {
        let Next { at, seen, ties, op } = next;
        let origin = MasterId(at as u16);
        let time = if ties { self.time } else { self.time + 1 };
        let (dot, timestamp) = (Dot::new(origin, self.seqs[at] + 1), Timestamp::new(time, origin));
        let timed = rule.uses_clocks.then(|| rule.alphabet[op].clone().at(time));
        let made = Made { dot, timestamp, key: 0, op: timed.as_ref().unwrap_or(&rule.alphabet[op]) };
        let prepared = self.states(seen).iter().map(|state| rule.numbers.prepare(at, *state, made));
        let mut changes: SmallVec<[ChangeNo; 1]> = prepared.filter_map(Result::ok).collect();
        changes.sort_unstable();
        changes.dedup();
        let mut marked = self.clone();
        let marks = marked.mark(seen, op, tables);
        (marked.time, marked.seqs[at]) = (time, self.seqs[at] + 1);
        marked.tie |= !ties;
        let each = changes.into_iter().map(|change| {
            let mut added = marked.clone();
            added.writes.push(Unsettled { at, op, seen, dot, timestamp, change, marks: marks.clone() });
            added.apply_newest(rule);
            added
        });
        each.collect()
    }

    /// Adds the cells of the newest write.
    fn apply_newest(&mut self, rule: &mut Rule<'_>) {
        let newest = self.writes.len() - 1;
        let Unsettled { seen, change, .. } = self.writes[newest];
        let bit: Cut = 1 << newest;
        for place in 0..self.cells.len() {
            let (cut, states) = self.cells[place].clone();
            if seen & !cut != 0 {
                continue;
            }
            let mut after: States = states.into_iter().map(|state| rule.apply(state, change)).collect();
            for other in places((cut & !seen).into()) {
                // The other write came last instead, unless a write of the cut has seen it.
                let before = cut & !(1 << other);
                if places(before.into()).all(|later| self.writes[later].seen & (1 << other) == 0) {
                    let change = self.writes[other].change;
                    after.extend(self.states(before | bit).clone().into_iter().map(|state| rule.apply(state, change)));
                }
            }
            after.sort_unstable();
            after.dedup();
            self.cells.push((cut | bit, after));
        }
    }

    /// Marks all writes with the operation of a new one, and returns the new one's marks.
    fn mark(&mut self, seen: Cut, op: usize, tables: &[Table]) -> Marks {
        self.settled.iter_mut().for_each(|settled| settled.marks.add(tables, settled.op, op, true));
        let mut beside = 0;
        for (place, write) in self.writes.iter_mut().enumerate() {
            let is_after = seen >> place & 1 == 1;
            write.marks.add(tables, write.op, op, is_after);
            if !is_after {
                beside |= 1 << write.op;
            }
        }
        self.present |= 1 << op;
        Marks::of(tables, op, self.present, beside)
    }

    /// The writes that can be settled next: those whose causal past is settled.
    pub(super) fn settleable(&self) -> impl Iterator<Item = usize> {
        (0..self.writes.len()).filter(|place| self.writes[*place].seen == 0)
    }

    /// The window in which every later write has seen this one.
    pub(super) fn settle(&self, place: usize) -> Window {
        let without = |cut: Cut| {
            let low = (1_u16 << place) as Cut - 1;
            (cut & low) | (cut >> 1 & !low)
        };
        let write = &self.writes[place];
        let mut settled = self.clone();
        settled.writes.remove(place);
        settled.writes.iter_mut().for_each(|write| write.seen = without(write.seen));
        let cells = self.cells.iter().filter(|(cut, _)| cut >> place & 1 == 1);
        settled.cells = cells.map(|(cut, states)| (without(*cut), states.clone())).collect();
        settled.settled.push(Settled { op: write.op, marks: write.marks.clone() });
        settled.tie &= write.timestamp.time() < self.time;
        settled
    }

    /// The same window without settled writes that are judged no more, and with ranks for numbers.
    pub(super) fn normal(mut self, rule: &mut Rule<'_>) -> Result<Window, String> {
        self.settled.retain(|settled| !settled.marks.is_empty());
        self.settled.sort_unstable();
        // Equal ones are judged alike.
        self.settled.dedup();
        let mut from = watch::Numbers::default();
        for state in self.cells.iter().flat_map(|(_, states)| states) {
            from.join(rule.in_state(*state)?);
        }
        for write in &self.writes {
            from.join(rule.in_change(write.change)?);
        }
        let to = from.ranks();
        self.time = to.times.last().copied().unwrap_or(0);
        self.seqs.fill(0);
        to.seqs.iter().for_each(|(origin, rank)| self.seqs[origin.index()] = *rank);
        if from == to {
            return Ok(self);
        }
        let names = Names { from, to };
        for (_, states) in &mut self.cells {
            for state in states.iter_mut() {
                *state = rule.state_renamed(*state, &names)?;
            }
            states.sort_unstable();
        }
        for write in &mut self.writes {
            write.change = rule.change_renamed(write.change, &names)?;
            (write.dot, write.timestamp) = (names.dot(write.dot), names.timestamp(write.timestamp));
        }
        Ok(self)
    }

    /// The content in a canonical form. Dots and timestamps are part of the changes.
    pub(super) fn key(&self) -> Box<[u32]> {
        let mut key = vec![u32::from(self.tie) << 31 | (self.writes.len() as u32) << 16 | u32::from(self.present)];
        for write in &self.writes {
            key.push((write.at as u32) << 16 | (write.op as u32) << 8 | u32::from(write.seen));
            key.push(write.change);
            key.extend(write.marks.numbers());
        }
        for (cut, states) in &self.cells {
            key.push((states.len() as u32) << 8 | u32::from(*cut));
            key.extend(states);
        }
        for settled in &self.settled {
            key.push(settled.op as u32);
            key.extend(settled.marks.numbers());
        }
        key.into()
    }
}
