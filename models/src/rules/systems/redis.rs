use super::versions::version_rules;
use super::*;
use multimaster::{Counter, ObservedRemoveSet};

/// A string in a Redis Active-Active database: of concurrent writes, the one with the later wall-clock time wins.
///
/// A `set` is a SET, even of an equal value. A `delete` is a DEL: for a key that does not exist it returns 0 and does
/// nothing, which is modelled as a refusal.
///
/// Source: redis/docs, content/operate/rs/databases/active-active/develop/data-types/strings.md. Equal times are not
/// documented: assumed is the higher instance. Neither is a delete concurrent to a write: it is assumed to compete like
/// a write.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedisString;

impl RedisString {
    fn reduce(_: &mut Versions<Option<Text>>) {}

    fn shown(state: &Versions<Option<Text>>) -> impl Iterator<Item = &Update<Option<Text>>> {
        state.kept.iter().max_by_key(|version| (version.time, version.dot)).into_iter()
    }
}

version_rules!(RedisString, clocks: true, not_found: "there is no such key to delete (DEL gives 0)";);

/// A counter in a Redis Active-Active database: the sum of all instances' counts. This is [`Counter`].
///
/// Source: redis/docs, …/data-types/strings.md, "String counter support". Left out: that it holds 59 bits, and `DEL`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedisCounter;

/// A set in a Redis Active-Active database: a remove removes only the adds that its instance has seen, so a concurrent
/// add wins. This is [`ObservedRemoveSet`].
///
/// Source: redis/docs, …/data-types/sets.md.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedisSet;

the_same_as! {
    RedisCounter is Counter, Counter;
    RedisSet is ObservedRemoveSet, ObservedRemoveSet;
}
