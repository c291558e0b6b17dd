use super::row::{RowRule, row_rules};
use super::*;

/// Amazon DynamoDB's global tables of eventual consistency: the last writer of an item wins, by an internal timestamp, on
/// a "best effort" basis; a delete is resolved like a write.
///
/// A `set` is a PutItem, even of an equal item. A `delete` is a DeleteItem: it is no error if there is no item, and is
/// then assumed to be resolved like any other.
///
/// Source: AWS, "Global tables: how it works", awsdocs/amazon-dynamodb-developer-guide,
/// doc_source/globaltables_HowItWorks.md. How ties are broken is not documented: assumed is the higher master, so that
/// masters agree as promised. Also assumed: a region resolves its own writes like others'.
#[derive(Clone, Copy, Debug, Default)]
pub struct DynamoDbGlobal;

impl RowRule for DynamoDbGlobal {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        held.is_none_or(|held| (change.after.time, change.after.dot) > (held.time, held.dot))
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        if held.time > change.after.time { "had a later timestamp" } else { "keeps the higher region's at a tie" }
    }
}

row_rules!(DynamoDbGlobal);
