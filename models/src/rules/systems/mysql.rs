use super::row::{RowRule, Statement, row_rules};
use super::*;

/// MySQL servers that replicate in a ring: there is no conflict rule. A row event is applied when it arrives, by
/// primary key; a server drops only the events with its own id, and passes the others on.
///
/// A `set` is an INSERT if there is no row, or else an UPDATE. With `binlog_format = ROW`, the default, an event is
/// written for each row that is changed. So a DELETE that finds no row and an UPDATE to the value that is there are
/// answered "0 rows", and are no writes: no other server hears of them. (With `STATEMENT`, which is left out, the
/// statement itself is logged and runs at each server.) Source: mysql/mysql-server 8.0, sql/sql_update.cc,
/// `update_single_table` (`is_row_changed`); sql/binlog.cc, `THD::binlog_query`, `ROW_QUERY_TYPE`.
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

    fn changes_nothing(&self, held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
        row::no_row(held, value).or_else(|| row::same_value(held, value))
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        match change.statement() {
            Statement::Insert | Statement::Delete => true,
            Statement::Update => held.is_some(),
        }
    }
}

row_rules!(MysqlRing);
