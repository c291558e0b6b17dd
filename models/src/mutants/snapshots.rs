//! Broken snapshots: how they are taken, and how they are merged. Logs are short, so that masters need snapshots.

use super::scopes::*;
use super::worlds::{Broken, Worlds};
use super::{Bug::Documented, Mutant};
use crate::node::any_rule::Pack;
use crate::properties::{AGREEMENT, CONVERGENCE, NO_CAUSAL_LOSS, NO_RESURRECTION};
use crate::scope::Scope;
use multimaster::{Counter, LastWriteWins, Message, Timestamp, Version};
use std::sync::Arc;

/// The state of a register.
fn version(held: &Pack) -> Option<&Version> {
    held.value::<Option<Version>>()?.as_ref()
}

/// The later write is kept, whatever the other side has seen.
pub(super) fn by_timestamp() -> Broken<LastWriteWins> {
    Broken::merge(LastWriteWins, |_, ours, theirs| {
        let timestamp = |version: &Option<Version>| version.as_ref().map(|version| version.timestamp);
        let latest = if timestamp(theirs.state) > timestamp(ours.state) { theirs } else { ours };
        Some(latest.state.clone())
    })
}

/// The encoding of a snapshot cannot express a delete, so deleted keys are left out.
fn forgets_deletes() -> Worlds {
    let scope = keeping(0, pair(STREAM, &[&["set k = 1", "delete k"]]));
    Worlds::sending(&scope, by_timestamp(), |_, _, message| {
        if let Message::Snapshot(snapshot) = message {
            Arc::make_mut(&mut snapshot.table)
                .retain(|_, held| version(held).is_some_and(|version| version.value.is_some()));
        }
        true
    })
}

/// A counter whose snapshots are merged by addition.
pub(super) fn adds_when_merging() -> Broken<Counter> {
    Broken::merge(Counter, |_, ours, theirs| {
        let mut merged = ours.state.clone();
        for (master, tally) in theirs.state {
            merged.entry(*master).or_default().added += tally.added;
        }
        Some(merged)
    })
}

/// Two increments, each delivered in a snapshot.
pub(super) fn likes() -> Scope {
    keeping(0, pair(STREAM, &[&["add 1 to likes", "add 1 to likes"]]))
}

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        bug: Documented(5),
        about: "collecting the log drops the timestamps too",
        story: "The log is collected, and the timestamps with it: the writes in a snapshot count as older than\n\
                all others.",
        property: CONVERGENCE,
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: snapshot of A1", "B -> A: snapshot of A1 B1"],
        complaint: "A reads k=1 and B reads k=2",
        worlds: || {
            let scope = keeping(0, pair(STREAM, &[&["set k = 1"], &["set k = 2"]]));
            Worlds::sending(&scope, LastWriteWins, |_, _, message| {
                if let Message::Snapshot(snapshot) = message {
                    for held in Arc::make_mut(&mut snapshot.table).values_mut() {
                        let version = version(held).map(|version| Version {
                            timestamp: Timestamp::new(0, version.timestamp.master()),
                            ..version.clone()
                        });
                        *held = Pack::of_state(version);
                    }
                }
                true
            })
        },
    },
    Mutant {
        bug: Documented(21),
        about: "a full sync overwrites the receiver's state",
        story: "A full sync replaces the receiver's state, and with it a write that the sender has not seen.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: set k = 1", "B: set j = 2", "A -> B: snapshot of A1"],
        complaint: "B has seen B1 (set j = 2) and reads k=1: nothing competed with it",
        worlds: || {
            let scope = keeping(0, pair(STREAM, &[&["set k = 1"], &["set j = 2"]]));
            let rule = Broken::merge(LastWriteWins, |_, _, theirs| Some(theirs.state.clone()));
            Worlds::rule(&scope, rule, LastWriteWins)
        },
    },
    Mutant {
        bug: Documented(22),
        about: "a snapshot claims a write that it lacks",
        story: "The table is copied, then a client writes, then the position is noted: the receiver counts that\n\
                write as seen.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: set k = 1", "A: set j = 2", "A -> B: snapshot of A2"],
        complaint: "B has seen A2 (set j = 2) and reads k=1: nothing competed with it",
        worlds: || {
            let scope = keeping(1, pair(STREAM, &[&["set k = 1", "set j = 2"]]));
            Worlds::sending(&scope, LastWriteWins, |replica, _, message| {
                // The last write is its key's first, so this is the table before it.
                if let (Message::Snapshot(snapshot), Some(last)) = (message, replica.log().last()) {
                    Arc::make_mut(&mut snapshot.table).remove(&last.key);
                }
                true
            })
        },
    },
    Mutant {
        bug: Documented(22),
        about: "a snapshot holds a write that it does not claim",
        story: "The reverse: the position is noted, then a client writes, then the table is copied. The receiver\n\
                asks for that write again, and counts it twice.",
        property: AGREEMENT,
        schedule: &[
            "A: add 1 to likes",
            "A: add 1 to likes",
            "A -> B: A2 after A1",
            "A -> B: snapshot of A1",
            "B asks A for what it lacks",
            "A -> B: A2 after A1",
        ],
        complaint: "all is quiescent, but A reads likes=2 and B reads likes=3",
        worlds: || {
            let scope = keeping(1, pair(LOSSY, &[&["add 1 to likes", "add 1 to likes"]]));
            Worlds::sending(&scope, Counter, |replica, _, message| {
                if let Message::Snapshot(snapshot) = message {
                    snapshot.seen = replica.truncated().clone();
                }
                true
            })
        },
    },
    Mutant {
        bug: Documented(23),
        about: "a snapshot leaves out deleted keys",
        story: "The encoding of a snapshot cannot express a delete. A neighbour that still holds the value keeps it:\n\
                the delete is lost.",
        property: NO_CAUSAL_LOSS,
        schedule: &["A: set k = 1", "A -> B: snapshot of A1", "A: delete k", "A -> B: snapshot of A2"],
        complaint: "B has seen A2 (delete k) and reads k=1: A1 won, which A2 had seen",
        worlds: forgets_deletes,
    },
    Mutant {
        bug: Documented(23),
        about: "a snapshot without tombstones: a deleted value is read",
        story: "The encoding of a snapshot cannot express a delete, so the deleted value is read again.",
        property: NO_RESURRECTION,
        schedule: &["A: set k = 1", "A -> B: snapshot of A1", "A: delete k", "A -> B: snapshot of A2"],
        complaint: "B has seen A2, which removed A1, and reads k=1",
        worlds: forgets_deletes,
    },
    Mutant {
        bug: Documented(24),
        about: "counters are merged by addition",
        story: "Counters are merged by addition, so increments that both sides have seen count twice.",
        property: CONVERGENCE,
        schedule: &["A: add 1 to likes", "A -> B: snapshot of A1", "A: add 1 to likes", "A -> B: snapshot of A2"],
        complaint: "A reads likes=2 and B reads likes=3",
        worlds: || Worlds::rule(&likes(), adds_when_merging(), Counter),
    },
];
