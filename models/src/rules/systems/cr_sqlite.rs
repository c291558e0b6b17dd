use super::row::{RowRule, row_rules};
use super::*;
use std::cmp::Ordering;

/// cr-sqlite: the larger causal length of the row wins (odd if it lives, even if it is deleted), then the larger
/// version of the column, then the larger value. So a delete beats concurrent updates, and only an insert after the
/// delete brings a row back. No clock is used.
///
/// A `set` is an INSERT if there is no row, or else an UPDATE. An UPDATE to the same value counts no version and gives
/// no change (local_writes/after_update.rs, `after_update`); an INSERT OR REPLACE would, and is not meant. A DELETE
/// that finds no row gives none either: the trigger fires for each row (triggers.rs, `AFTER DELETE`). Neither is a
/// write.
///
/// Values are compared as SQLite's, by type and then by content: a text that spells an integer is taken for an INTEGER,
/// every other is TEXT. Integers are compared by size, texts by their bytes. Of an integer and a text the integer is the
/// *larger*: type numbers are compared in reverse, so that NULL is the least. Left out: REAL, BLOB, and a column's
/// affinity.
///
/// Source: vlcn-io/cr-sqlite, core/rs/core/src: changes_vtab_write.rs, `did_cid_win`; a row that comes back starts its columns
/// anew (`zero_clocks_on_resurrect`); `crsql_compare_sqlite_values`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrSqlite;

impl RowRule for CrSqlite {
    const CLOCKS: bool = false;
    const MERGES: bool = true;

    fn changes_nothing(&self, held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
        row::no_row(held, value).or_else(|| row::same_value(held, value))
    }

    fn number(&self, held: Option<&Row>, after: &mut Row) {
        let (life, count) = held.map_or((0, 0), |held| (held.life, held.count));
        let lived = held.is_some_and(Row::is_live);
        after.life = life + u64::from(lived != after.is_live());
        after.count = match (lived, after.is_live()) {
            (_, false) => 0,
            (false, true) => 1,
            (true, true) => count.saturating_add(1),
        };
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        held.is_none_or(|held| compare(&change.after, held).is_gt())
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        let after = &change.after;
        match (held.life > after.life, held.count > after.count, held.value == after.value) {
            (true, ..) => "had a larger causal length",
            (false, true, _) => "had a larger column version",
            (false, false, true) => "had it already",
            (false, false, false) => "keeps the larger value at a tie",
        }
    }
}

/// A value as SQLite has it, the least first. A column has no value only in a row that is deleted.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    None,
    Text(&'a str),
    Integer(i64),
}

impl Value<'_> {
    fn of(text: Option<&Text>) -> Value<'_> {
        let Some(text) = text else { return Value::None };
        match text.parse::<i64>() {
            Ok(number) if number.to_string() == text.as_str() => Value::Integer(number),
            _ => Value::Text(text),
        }
    }
}

fn compare(a: &Row, b: &Row) -> Ordering {
    // Values are compared last: they rarely decide, and take longest.
    let by_numbers = (a.life, a.count).cmp(&(b.life, b.count));
    by_numbers.then_with(|| Value::of(a.value.as_ref()).cmp(&Value::of(b.value.as_ref())))
}

row_rules!(CrSqlite);
