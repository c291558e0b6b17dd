use super::versions::version_rules;
use super::*;
use multimaster::{ArrivalWins, Version};
use std::cmp::Reverse;

/// Riak KV with `allow_mult = true`: versions covered by the other side's version vector are dropped, and the others
/// are siblings, all of which are returned. A delete is a sibling, too: a tombstone. Deleting an object that does not
/// exist is an error, because a delete first reads the object for its context (src/riak_kv_delete.erl). A put of an
/// equal value is a put.
///
/// Source: basho/riak_kv, src/riak_object.erl, `syntactic_merge`. Assumed: clients read before they write, and return
/// the context. Left out: the reaping of tombstones.
#[derive(Clone, Copy, Debug, Default)]
pub struct RiakSiblings;

impl RiakSiblings {
    fn reduce(_: &mut Versions<Option<Text>>) {}

    fn shown(state: &Versions<Option<Text>>) -> impl Iterator<Item = &Update<Option<Text>>> {
        state.kept.iter()
    }
}

/// Riak KV with `allow_mult = false`: siblings as in [`RiakSiblings`], but of two only the one last modified is stored,
/// under the *joined* version vector. At equal times a value beats a tombstone, then the smaller term wins.
///
/// Conflicts are resolved when a version is stored, not when it is read. So a version that a sibling has beaten can be
/// replaced by a write that the sibling's vector covers, and the result depends on the order of arrival. This needs a
/// clock that is behind the times in the write's causal past. Source: basho/riak_kv, src/riak_kv_vnode.erl,
/// `enforce_allow_mult`; ties as in src/riak_object.erl, `compare_content_dates`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RiakNewest;

impl RiakNewest {
    fn reduce(state: &mut Versions<Option<Text>>) {
        let newest =
            |version: &Update<Option<Text>>| (version.time, version.value.is_some(), Reverse(version.value.clone()));
        let kept = std::mem::take(&mut state.kept);
        state.kept.extend(kept.into_iter().max_by_key(newest));
    }

    fn shown(state: &Versions<Option<Text>>) -> impl Iterator<Item = &Update<Option<Text>>> {
        state.kept.iter()
    }
}

version_rules!(
    RiakSiblings, clocks: false, not_found: "there is no such object to delete (not found)";
    RiakNewest, clocks: true, not_found: "there is no such object to delete (not found)";
);

/// Riak KV with `last_write_wins = true`: an incoming version is stored without reading the stored one. The name
/// misleads: after a partition the result depends on the order of handoff. This is [`ArrivalWins`], except that a
/// delete of an object that does not exist is an error, as in [`RiakSiblings`].
///
/// Source: basho/riak_kv, src/riak_kv_vnode.erl, `put_merge`; riak-users, November 2011.
#[derive(Clone, Copy, Debug, Default)]
pub struct RiakLastWriteWins;

impl Resolver for RiakLastWriteWins {
    type State = Option<Version>;
    type Effect = Option<Text>;

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Option<Text>, Refusal> {
        let there = state.as_ref().is_some_and(|version| version.value.is_some());
        if op == Op::Delete && !there {
            return Err(Refusal::Because("there is no such object to delete (not found)".into()));
        }
        ArrivalWins.prepare(state, op, dot, timestamp)
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Option<Text>>) -> bool {
        ArrivalWins.apply(state, change)
    }

    fn read(&self, state: &Self::State) -> Reading {
        ArrivalWins.read(state)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        ArrivalWins.merge(ours, theirs)
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        ArrivalWins.shows(state, dot)
    }
}
