use super::row::{RowRule, row_rules};
use super::*;

/// AntidoteDB's last-writer-wins register: the larger pair of time and value. A write's time is the clock's, but at
/// least one more than the time of the value that it replaces. The empty register has time 0, so a first write has at
/// least time 1.
///
/// Source: AntidoteDB/antidote, apps/antidote_crdt/src/antidote_crdt_register_lww.erl, `downstream` and `update`. A
/// `set` is an assign, also of an equal value: it has a later time. The register has no delete: here, a `delete`
/// assigns the empty value, the least of all, whether there is a value or not. Antidote delivers causally.
#[derive(Clone, Copy, Debug, Default)]
pub struct AntidoteRegister;

impl RowRule for AntidoteRegister {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn number(&self, held: Option<&Row>, after: &mut Row) {
        let replaced = held.map_or(0, |held| held.time.get());
        after.time = after.time.max(replaced.saturating_add(1).into());
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        held.is_none_or(|held| (change.after.time, &change.after.value) > (held.time, &held.value))
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        let after = &change.after;
        match (held.time > after.time, held.value == after.value) {
            (true, _) => "had a later time",
            (false, true) => "had it already",
            (false, false) => "keeps the larger value at a tie",
        }
    }
}

row_rules!(AntidoteRegister);
