use super::row::{RowRule, row_rules};
use super::*;

/// AntidoteDB's last-writer-wins register: the larger pair of time and value. A write takes the clock's time, but at least
/// one more than the time of what it replaces.
///
/// Source: AntidoteDB/antidote, apps/antidote_crdt/src/antidote_crdt_register_lww.erl. It has no delete: here, one
/// assigns the empty value, the least of all. Antidote delivers causally.
#[derive(Clone, Copy, Debug, Default)]
pub struct AntidoteRegister;

impl RowRule for AntidoteRegister {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn number(&self, held: Option<&Record>, after: &mut Record) {
        if let Some(held) = held {
            after.time = after.time.max(held.time.saturating_add(1));
        }
    }

    fn takes(&self, held: Option<&Record>, change: &RowChange) -> bool {
        held.is_none_or(|held| (change.after.time, &change.after.value) > (held.time, &held.value))
    }
}

row_rules!(AntidoteRegister);
