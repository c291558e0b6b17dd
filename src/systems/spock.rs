use super::row::{RowRule, Statement, row_rules};
use super::*;

/// pgEdge Spock with `last_update_wins`: the later commit wins; of equal times the node with the *lower* tiebreaker, and if
/// those are equal too the remote row, on both sides.
///
/// A `set` is an INSERT where the row is not there, else an UPDATE, which writes a new row also for an equal value. A DELETE
/// that finds no row is answered `DELETE 0` and is no write: logical decoding gives changes of rows
/// (src/spock_output_plugin.c, `REORDER_BUFFER_CHANGE_DELETE`), and there is none.
///
/// A change to a row that came from the same node is applied. A delete older than the row is skipped; nothing is kept of a
/// deleted row, so an update that finds none fails, and is logged. A local statement is always applied. Source:
/// pgEdge/spock, docs/conflict_types.md and src/spock_conflict.c. Left out: frozen rows, and retries.
#[derive(Clone, Copy, Debug)]
pub struct Spock {
    /// The node that applies.
    pub node: MasterId,
    /// Whether all nodes were given one tiebreaker; by default each has its own id.
    pub equal_tiebreakers: bool,
}

impl RowRule for Spock {
    const CLOCKS: bool = true;
    const MERGES: bool = false;

    fn node(&self) -> Option<MasterId> {
        Some(self.node)
    }

    fn forgets_deletes(&self) -> bool {
        true
    }

    fn changes_nothing(&self, held: Option<&Record>, value: Option<&Text>) -> Option<&'static str> {
        row::no_row(held, value)
    }

    fn takes(&self, held: Option<&Record>, change: &RowChange) -> bool {
        let Some(held) = held else {
            return matches!(change.statement(), Statement::Insert);
        };
        let after = &change.after;
        let tie = || self.equal_tiebreakers || after.dot.origin() <= held.dot.origin();
        let newer = after.time > held.time || (after.time == held.time && tie());
        let same_origin = after.dot.origin() == held.dot.origin() && !matches!(change.statement(), Statement::Insert);
        same_origin || newer
    }

    fn why_not(&self, held: &Record, change: &RowChange) -> &'static str {
        if held.time > change.after.time { "had a newer row" } else { "keeps the lower tiebreaker's row at a tie" }
    }
}

row_rules!(Spock);
