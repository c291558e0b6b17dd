use super::row::{RowRule, row_rules};
use super::*;

/// cr-sqlite: the larger causal length of the row wins (odd if it lives, even if it is deleted), then the larger version
/// of the column, then the larger value. So a delete beats concurrent updates, and a row comes back only by an insert that
/// had seen it deleted. No clock.
///
/// Source: vlcn-io/cr-sqlite, core/rs/core/src/changes_vtab_write.rs, `did_cid_win`; a row that comes back starts its
/// columns anew (`zero_clocks_on_resurrect`). To delete what is not there does nothing, as in SQL.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrSqlite;

impl RowRule for CrSqlite {
    const CLOCKS: bool = false;
    const MERGES: bool = true;

    fn number(&self, held: Option<&Record>, after: &mut Record) {
        let (life, count) = held.map_or((0, 0), |held| (held.life, held.count));
        let lived = held.is_some_and(Record::is_live);
        after.life = life + u64::from(lived != after.is_live());
        after.count = if !after.is_live() { 0 } else { if lived { count } else { 0 }.saturating_add(1) };
    }

    fn takes(&self, held: Option<&Record>, change: &RowChange) -> bool {
        let key = |row: &Record| (row.life, row.count, row.value.clone());
        held.map_or(change.after.life > 0, |held| key(&change.after) > key(held))
    }
}

row_rules!(CrSqlite);
