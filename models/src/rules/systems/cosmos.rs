use super::versions::version_rules;
use super::*;

/// Azure Cosmos DB, last writer wins: of writes that conflict, the largest number at the conflict resolution path, by
/// default the time `_ts`; a delete wins over any of them, whatever its number.
///
/// A `set` is an upsert, even of an equal item. A `delete` of an item that does not exist is an error (404 Not Found).
///
/// Source: MicrosoftDocs/azure-docs, articles/cosmos-db/conflict-resolution-policies.md: only what is done "concurrently
/// […] in multiple regions" conflicts, so a write that had seen another replaces it, whatever the numbers. Among equal
/// ones "the system determines the winner": the higher master is assumed.
#[derive(Clone, Copy, Debug, Default)]
pub struct CosmosDb;

impl CosmosDb {
    fn reduce(_: &mut Versions<Option<Text>>) {}

    fn shown(state: &Versions<Option<Text>>) -> impl Iterator<Item = &Update<Option<Text>>> {
        state.kept.iter().max_by_key(|version| (version.value.is_none(), version.time, version.dot)).into_iter()
    }
}

version_rules!(CosmosDb, clocks: true, not_found: "there is no such item to delete (404 Not Found)";);
