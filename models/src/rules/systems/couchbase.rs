use super::row::{RowRule, row_rules};
use super::*;

/// Couchbase Server's cross-datacenter replication by timestamp: the larger CAS wins, then the larger revision count;
/// if both are equal, the local document stays, whatever its body, so each side keeps its own.
///
/// A `set` is an upsert: it increments the revision count and takes a new CAS, even for an equal body. A `delete` of a
/// document that does not exist is an error (`KEY_ENOENT`).
///
/// A CAS comes from a hybrid logical clock, so a write is timestamped later than the document that it replaces, however
/// wrong the wall clock is. Source: couchbase/kv_engine, engines/ep/src/conflict_resolution.cc,
/// `LastWriteWinsResolution`. Left out: expiry, flags and extended attributes, which break ties where they differ; and
/// that many documents share one clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Couchbase;

impl RowRule for Couchbase {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn changes_nothing(&self, held: Option<&Row>, value: Option<&Text>) -> Option<&'static str> {
        row::deletes_nothing(held, value).then_some("there is no such document to delete (KEY_ENOENT)")
    }

    fn number(&self, held: Option<&Row>, after: &mut Row) {
        if let Some(held) = held {
            after.time = after.time.max(held.time.get().saturating_add(1).into());
        }
        after.count = held.map_or(0, |held| held.count).saturating_add(1);
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        let key = |row: &Row| (row.time, row.count);
        held.is_none_or(|held| key(&change.after).cmp(&key(held)).is_gt())
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        let after = &change.after;
        match (held.time > after.time, held.count > after.count) {
            (true, _) => "had a larger CAS",
            (false, true) => "had more revisions at a tie",
            (false, false) => "keeps its own at a tie",
        }
    }
}

row_rules!(Couchbase);
