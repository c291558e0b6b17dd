use super::row::{RowRule, row_rules};
use super::*;
use std::cmp::Ordering;

/// An attribute in Microsoft Active Directory: the larger version wins, then the later time, then the higher invocation
/// id of the originating server. Each originating write increments the version of its server's attribute, so two edits
/// beat one, even a later one.
///
/// Source: MS-DRSR §5.11, "AttributeStamp". A `set` here is an LDAP modify that replaces the value; a `delete` replaces
/// it by no value, which is no error if there was none. Assumed: either is an originating write even if the value stays
/// the same. Left out: objects, and the lifetime of their tombstones.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActiveDirectory;

impl RowRule for ActiveDirectory {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn number(&self, held: Option<&Row>, after: &mut Row) {
        after.count = held.map_or(0, |held| held.count).saturating_add(1);
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        let key = |attribute: &Row| (attribute.count, attribute.time, attribute.dot);
        held.is_none_or(|held| key(&change.after).cmp(&key(held)).is_gt())
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        let after = &change.after;
        match (held.count.cmp(&after.count), held.time.cmp(&after.time)) {
            (Ordering::Greater, _) => "had a higher version",
            (Ordering::Equal, Ordering::Greater) => "had the same version, written later",
            _ => "keeps the higher server's at a tie",
        }
    }
}

row_rules!(ActiveDirectory);
