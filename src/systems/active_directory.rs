use super::row::{RowRule, row_rules};
use super::*;

/// An attribute in Microsoft Active Directory: the larger version wins, then the later time, then the higher invocation
/// id of the originating server. Each originating write makes the version one more than it was there: so two edits beat
/// one, even one made later.
///
/// Source: MS-DRSR §5.11, "AttributeStamp". A delete here clears the attribute. Left out: objects, and their tombstones'
/// lifetime.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActiveDirectory;

impl RowRule for ActiveDirectory {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn number(&self, held: Option<&Record>, after: &mut Record) {
        after.count = held.map_or(0, |held| held.count).saturating_add(1);
    }

    fn takes(&self, held: Option<&Record>, change: &RowChange) -> bool {
        let key = |attribute: &Record| (attribute.count, attribute.time, attribute.dot);
        held.is_none_or(|held| key(&change.after) > key(held))
    }
}

row_rules!(ActiveDirectory);
