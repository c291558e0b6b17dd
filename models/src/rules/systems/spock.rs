use super::row::{RowRule, Statement, row_rules};
use super::*;

/// pgEdge Spock 5.0.11 with its default, `last_update_wins`. Of an insert or update and the existing row, the later
/// commit wins. At equal times the change is applied if it comes from the node that wrote the row, or if its node's
/// tiebreaker is not above that of the node *that applies it*, whichever node wrote the row. So at a tie of two nodes,
/// a third node above both keeps the change that arrives last.
///
/// A `set` is an INSERT if there is no row, or else an UPDATE, which writes a new row also for an equal value. A DELETE
/// that finds no row is answered `DELETE 0` and is no write: logical decoding gives changes of rows
/// (src/spock_output_plugin.c, `REORDER_BUFFER_CHANGE_DELETE`), and there is none.
///
/// A delete is applied to any row, whatever the times. A deleted row leaves no tombstone, so an update of it fails and
/// is logged. A local statement is always applied.
///
/// Other versions differ: up to 5.0.9 a tie is broken by the tiebreaker of the node that wrote the row; 6.0.0-beta.1 skips a
/// delete that is older than the row. Source: pgEdge/spock v5.0.11, src/spock_conflict.c,
/// `conflict_resolve_by_timestamp`; src/spock_apply_heap.c, `spock_apply_heap_update` and `spock_apply_heap_delete`. Left out:
/// frozen rows, and retries.
#[derive(Clone, Copy, Debug)]
pub struct Spock {
    /// The node that applies changes.
    pub node: MasterId,
    /// Whether all nodes have the same tiebreaker; by default it is the node's id.
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

    fn changes_nothing(&self, held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
        row::no_row(held, value)
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        let Some(held) = held else {
            return matches!(change.statement(), Statement::Insert);
        };
        let (after, from) = (&change.after, change.after.dot.origin());
        let tie = || self.equal_tiebreakers || from == held.dot.origin() || from < self.node;
        match change.statement() {
            Statement::Delete => true,
            _ => after.time > held.time || (after.time == held.time && tie()),
        }
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        if held.time > change.after.time { "had a newer row" } else { "has the lower tiebreaker at a tie" }
    }
}

row_rules!(Spock);
