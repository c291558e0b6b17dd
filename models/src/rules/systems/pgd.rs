use super::row::{RowRule, Statement, row_rules};
use super::*;

/// EDB Postgres Distributed with its defaults: conflicts are detected by origin and resolved by `update_if_newer`: the
/// later commit wins, of equal times the higher node.
///
/// A `set` is an INSERT if there is no row, or else an UPDATE, which writes a new row also for an equal value. A DELETE
/// that finds no row is answered `DELETE 0` and is no write: logical decoding gives changes of rows (PostgreSQL manual,
/// "Logical Decoding Output Plugins", change callback), and there is none.
///
/// An update can conflict only with a row of another origin. An update of a dead row is skipped, and one of a missing
/// row is inserted (`insert_or_skip`). A delete is applied to any row, and skipped if there is none. A local statement
/// is always applied, whatever its time. Source: EnterpriseDB/docs, PGD 5.6, conflict-management/conflicts:
/// 02_types_of_conflict.mdx and 03_conflict_detection.mdx.
#[derive(Clone, Copy, Debug)]
pub struct Pgd {
    /// The node that applies changes.
    pub node: MasterId,
    /// Whether a dead row is removed at once, by `VACUUM` or by a low freeze age.
    pub vacuumed: bool,
}

impl RowRule for Pgd {
    const CLOCKS: bool = true;
    const MERGES: bool = false;

    fn node(&self) -> Option<MasterId> {
        Some(self.node)
    }

    fn forgets_deletes(&self) -> bool {
        self.vacuumed
    }

    fn changes_nothing(&self, held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
        row::no_row(held, value)
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        let after = &change.after;
        let key = |row: &Row| (row.time, row.dot.origin());
        let newer = |row: &Row| key(after).cmp(&key(row)).is_gt();
        let live = held.filter(|row| row.is_live());
        match change.statement() {
            Statement::Insert => live.is_none_or(newer),
            Statement::Update if held.is_some() && live.is_none() => false,
            Statement::Update => live.is_none_or(|row| row.dot.origin() == after.dot.origin() || newer(row)),
            Statement::Delete => live.is_some(),
        }
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        match change.statement() {
            Statement::Delete => "has no row to delete",
            _ if !held.is_live() => "has a dead row, which is not updated",
            _ if held.time > change.after.time => "had a newer row",
            _ => "keeps the higher node's row at a tie",
        }
    }
}

row_rules!(Pgd);
