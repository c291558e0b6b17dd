//! Broken snapshots: how they are made, and how they are taken in. Logs are kept short, so that there are some.

use super::kill::*;
use multimaster::{Counter, LastWriteWins, Message};
use multimaster_models::cluster::Cluster;
use multimaster_models::properties::{AGREEMENT, CONVERGENCE, NO_CAUSAL_LOSS, NO_RESURRECTION};
use multimaster_models::tamper::Tamper;

/// K5: history is collected, and the stamps with it: what the snapshot holds counts as older than anything.
pub(crate) fn k5_collected_stamps_are_zero() -> Mutant {
    Mutant {
        number: "K5",
        property: CONVERGENCE,
        killed: |property| {
            let tamper: Tamper<LastWriteWins> = Tamper {
                send: |_, _, message| {
                    if let Message::Snapshot(snapshot) = message {
                        snapshot.table.values_mut().flatten().for_each(|version| version.stamp.time = 0);
                    }
                    true
                },
                ..Tamper::default()
            };
            let sound = || Cluster::new(keeping(0, pair(STREAM, &[&["set k = 1"], &["set k = 2"]])), LastWriteWins);
            killed(sound().tampered(tamper), sound(), property)
        },
        schedule: &["A: set k = 1", "B: set k = 2", "A -> B: snapshot of A1", "B -> A: snapshot of A1 B1"],
        complaint: "A reads k=1 and B reads k=2",
    }
}

/// K21: a full sync replaces what is there, and with it a write that the sender has not seen.
pub(crate) fn k21_a_full_sync_overwrites() -> Mutant {
    Mutant {
        number: "K21",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let merge: Merge<LastWriteWins> = |_, _, theirs| Some(theirs.state.clone());
            let rule = Broken { merge, ..Broken::of(LastWriteWins) };
            let scope = || keeping(0, pair(STREAM, &[&["set k = 1"], &["set j = 2"]]));
            killed(Cluster::new(scope(), rule), Cluster::new(scope(), LastWriteWins), property)
        },
        schedule: &["A: set k = 1", "B: set j = 2", "A -> B: snapshot of A1"],
        complaint: "B has seen B1 (set j = 2) and reads k=1: nothing that competed with it won",
    }
}

/// K22: the table is copied, a write happens, then the position is noted: the receiver takes that write for seen.
pub(crate) fn k22_a_snapshot_claims_a_write_it_lacks() -> Mutant {
    Mutant {
        number: "K22",
        property: NO_CAUSAL_LOSS,
        killed: |property| {
            let tamper: Tamper<LastWriteWins> = Tamper {
                send: |replica, _, message| {
                    // The last write is its key's first, so this is the table before it.
                    if let (Message::Snapshot(snapshot), Some(last)) = (message, replica.log().last()) {
                        snapshot.table.remove(&last.key);
                    }
                    true
                },
                ..Tamper::default()
            };
            let sound = || Cluster::new(keeping(1, pair(STREAM, &[&["set k = 1", "set j = 2"]])), LastWriteWins);
            killed(sound().tampered(tamper), sound(), property)
        },
        schedule: &["A: set k = 1", "A: set j = 2", "A -> B: snapshot of A2"],
        complaint: "B has seen A2 (set j = 2) and reads k=1: nothing that competed with it won",
    }
}

/// K22, the other way round: the position is noted, a write happens, then the table is copied: the receiver asks for
/// that write once more, and counts it twice.
pub(crate) fn k22_a_snapshot_holds_a_write_it_does_not_claim() -> Mutant {
    Mutant {
        number: "K22",
        property: AGREEMENT,
        killed: |property| {
            let tamper: Tamper<Counter> = Tamper {
                send: |replica, _, message| {
                    if let Message::Snapshot(snapshot) = message {
                        snapshot.seen = replica.truncated().clone();
                    }
                    true
                },
                ..Tamper::default()
            };
            let sound = || Cluster::new(keeping(1, pair(LOSSY, &[&["add 1 to likes", "add 1 to likes"]])), Counter);
            killed(sound().tampered(tamper), sound(), property)
        },
        schedule: &[
            "A: add 1 to likes",
            "A: add 1 to likes",
            "A -> B: A2 after A1",
            "A -> B: snapshot of A1",
            "B asks A for what it lacks",
            "A -> B: A2 after A1",
        ],
        complaint: "all is at rest, but A reads likes=2 and B reads likes=3",
    }
}

/// The snapshot's encoding has no place for "removed", so what is deleted is left out.
fn forgets_deletes(property: &'static str) -> (Vec<String>, String) {
    let tamper: Tamper<LastWriteWins> = Tamper {
        send: |_, _, message| {
            if let Message::Snapshot(snapshot) = message {
                snapshot.table.retain(|_, held| held.as_ref().is_some_and(|version| version.value.is_some()));
            }
            true
        },
        ..Tamper::default()
    };
    let sound = || Cluster::new(keeping(0, pair(STREAM, &[&["set k = 1", "delete k"]])), LastWriteWins);
    killed(sound().tampered(tamper), sound(), property)
}

/// K23: what a snapshot forgot stands where a neighbour still holds it: the delete is lost.
pub(crate) fn k23_a_snapshot_forgets_deletes() -> Mutant {
    Mutant {
        number: "K23",
        property: NO_CAUSAL_LOSS,
        killed: forgets_deletes,
        schedule: &["A: set k = 1", "A -> B: snapshot of A1", "A: delete k", "A -> B: snapshot of A2"],
        complaint: "B has seen A2 (delete k) and reads k=1: A1 won, which it had seen",
    }
}

/// K23: the same, as who reads it sees it.
pub(crate) fn k23_what_a_snapshot_forgets_is_read_again() -> Mutant {
    Mutant {
        number: "K23",
        property: NO_RESURRECTION,
        killed: forgets_deletes,
        schedule: &["A: set k = 1", "A -> B: snapshot of A1", "A: delete k", "A -> B: snapshot of A2"],
        complaint: "B has seen A2, which removed A1, and reads k=1",
    }
}

/// K24: counters are merged by adding, so what both sides know counts twice.
pub(crate) fn k24_a_counter_is_merged_by_adding() -> Mutant {
    Mutant {
        number: "K24",
        property: CONVERGENCE,
        killed: |property| {
            let merge: Merge<Counter> = |_, ours, theirs| {
                let mut merged = ours.state.clone();
                for (master, tally) in theirs.state {
                    merged.entry(*master).or_default().added += tally.added;
                }
                Some(merged)
            };
            let rule = Broken { merge, ..Broken::of(Counter) };
            let scope = || keeping(0, pair(STREAM, &[&["add 1 to likes", "add 1 to likes"]]));
            killed(Cluster::new(scope(), rule), Cluster::new(scope(), Counter), property)
        },
        schedule: &["A: add 1 to likes", "A -> B: snapshot of A1", "A: add 1 to likes", "A -> B: snapshot of A2"],
        complaint: "A reads likes=2 and B reads likes=3",
    }
}
