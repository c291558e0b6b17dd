use super::row::{RowRule, Statement, row_rules};
use super::*;

/// MySQL servers that replicate in a ring: there is no rule. A row event is applied when it arrives, by primary key; a
/// server drops only the events that bear its own id, and passes the others on.
///
/// A `set` is an INSERT where the row is not there, else an UPDATE. A DELETE that finds no row, and an UPDATE to the same value,
/// write no row event (sql/sql_update.cc, `compare_records`).
///
/// With `replica_exec_mode = IDEMPOTENT`, which does not stop at a conflict: an insert overwrites, an update or delete of
/// a missing row is passed over. Source: MySQL 8.0 Reference Manual, §19.1.6.3, "Replica Server Options and Variables";
/// MySQL worklog 10963.
#[derive(Clone, Copy, Debug, Default)]
pub struct MysqlRing;

impl RowRule for MysqlRing {
    const CLOCKS: bool = false;
    const MERGES: bool = false;

    fn forgets_deletes(&self) -> bool {
        true
    }

    fn takes(&self, held: Option<&Record>, change: &RowChange) -> bool {
        match change.statement() {
            Statement::Nothing => false,
            Statement::Update if same_value(change) => false,
            Statement::Insert | Statement::Delete => true,
            Statement::Update => held.is_some(),
        }
    }

    fn why_not(&self, _: Option<&Record>, change: &RowChange) -> &'static str {
        match change.statement() {
            Statement::Nothing => row::DELETES_NOTHING,
            Statement::Update if same_value(change) => "got an update that changed nothing",
            _ => "has no row to update",
        }
    }
}

fn same_value(change: &RowChange) -> bool {
    change.before.as_ref().is_some_and(|before| before.value == change.after.value)
}

row_rules!(MysqlRing);
