use super::versions::version_rules;
use super::*;

/// Azure Cosmos DB, last writer wins: of conflicting writes, the one with the largest number at the conflict resolution
/// path wins, by default the time `_ts`. A delete beats all of them, whatever its number.
///
/// A `set` is an upsert, even of an equal item. A `delete` of an item that does not exist is an error (404 Not Found).
///
/// Source: MicrosoftDocs/azure-docs, articles/cosmos-db/conflict-resolution-policies.md: only writes made "concurrently
/// […] in multiple regions" conflict, so a write replaces the writes in its causal past, whatever the numbers. Of equal
/// numbers "the system determines the winner": assumed is the higher master.
#[derive(Clone, Copy, Debug, Default)]
pub struct CosmosDb;

impl CosmosDb {
    fn reduce(_: &mut Versions<Option<Text>>) {}

    fn shown(state: &Versions<Option<Text>>) -> impl Iterator<Item = &Update<Option<Text>>> {
        state.kept.iter().max_by_key(|version| (version.value.is_none(), version.time, version.dot)).into_iter()
    }
}

version_rules!(CosmosDb, clocks: true, not_found: "there is no such item to delete (404 Not Found)";);
