//! The judgement of a reading by marks of the writes: [`judge`].
//!
//! It is that of [`judge`](crate::histories::judge) for a rule that claims nothing, but it needs no history: a few
//! [`Mark`]s of each write suffice, and most settled writes need none.

use crate::histories::judge::{Ops, Table, Wrongs};
use smallvec::SmallVec;

/// The facts that the judgement of a write needs for one part on which the write acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// The part's table.
    table: u8,
    /// The operations that, if their content is read, show a write from this one's causal past: all other writes with
    /// that content are in its causal past too.
    stale: Ops,
    /// Whether a concurrent write competes with it.
    contested: bool,
}

/// The marks of a write. There is none for a part in which the write is superseded: it is judged no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Marks(SmallVec<[Mark; 2]>);

/// A settled write that may yet be judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Settled {
    /// The operation's index.
    pub(super) op: usize,
    pub(super) marks: Marks,
}

fn has(ops: Ops, op: usize) -> bool {
    ops >> op & 1 == 1
}

impl Marks {
    /// The marks of the newest write. `present` are the operations of all writes, `beside` those of the concurrent
    /// ones.
    pub(super) fn of(tables: &[Table], op: usize, present: Ops, beside: Ops) -> Marks {
        let acting = (0_u8..).zip(tables).filter(|(_, table)| has(table.acting, op));
        let marks = acting.map(|(place, table)| {
            let fresh = (0..Ops::BITS as usize).filter(|other| has(beside, *other) && has(table.acting, *other));
            let stale = fresh.fold(present & table.acting & !table.same[op], |stale, other| stale & !table.same[other]);
            let is_clear = has(table.clears, op);
            let stale = if is_clear { stale & !table.clears } else { stale };
            Mark { table: place, stale, contested: !is_clear && table.competing[op] & beside != 0 }
        });
        let mut marks = Marks(marks.collect());
        marks.keep(tables, op);
        marks
    }

    /// A clear under which nothing can rise is judged no more.
    fn keep(&mut self, tables: &[Table], op: usize) {
        self.0.retain(|mark| mark.stale != 0 || !has(tables[usize::from(mark.table)].clears, op));
    }

    /// Marks the write of `op`, after or beside which there is now a write of `new`.
    pub(super) fn add(&mut self, tables: &[Table], op: usize, new: usize, is_after: bool) {
        self.0.retain(|mark| {
            let table = &tables[usize::from(mark.table)];
            if !has(table.acting, new) {
                return true;
            }
            // Whatever rises under a clear rises under the next one, too.
            let over = if has(table.clears, op) { table.clears } else { table.superseded_by[op] };
            mark.stale &= !table.same[new];
            mark.contested |= !is_after && !has(table.clears, op) && has(table.competing[op], new);
            !(is_after && has(over, new))
        });
        self.keep(tables, op);
    }

    /// Whether the write is judged no more.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The marks as numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let number =
            |mark: &Mark| u32::from(mark.table) << 24 | u32::from(mark.contested) << 16 | u32::from(mark.stale);
        std::iter::once(self.0.len() as u32).chain(self.0.iter().map(number))
    }

    /// Adds the violations of the write of `op`. `shown` are, by table, the operations whose content is read.
    pub(super) fn judge(&self, tables: &[Table], op: usize, present: Ops, shown: &[Ops], wrongs: &mut Wrongs) {
        for mark in &self.0 {
            let table = &tables[usize::from(mark.table)];
            let shown = shown[usize::from(mark.table)] & table.acting;
            let shows_stale = shown & mark.stale != 0;
            if has(table.clears, op) {
                wrongs.lost_causally |= shows_stale;
                wrongs.resurrects |= shows_stale;
            } else if has(shown, op) {
                continue;
            } else if !mark.contested || shows_stale {
                wrongs.lost_causally = true;
            } else if shown & present != 0 {
                wrongs.lost_by_policy = true;
            } else {
                wrongs.lost_to_nothing = true;
            }
        }
    }
}
