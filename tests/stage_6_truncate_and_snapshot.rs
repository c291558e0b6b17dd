//! Stage 6 of a write's life: it is truncated from the log, and travels in a snapshot.

mod common;

use common::*;
use multimaster::{
    ArrivalWins, Counter, Custom, CustomMerged, Key, LastWriteWins, Message, MultiValue, ObservedRemoveSet, Op,
    Outcome, Reading, Replica, Resolver, Timestamp, Topology, VersionVector,
};
use std::collections::BTreeMap;
use std::sync::Arc;

#[test]
fn truncating_keeps_the_newest_and_notes_what_is_gone() {
    let [mut a, _] = pair(LastWriteWins);
    for text in ["1", "2", "3"] {
        a.write("x", set(text)).unwrap();
    }
    a.truncate(1);
    assert_eq!(a.log().map(|change| change.dot).collect::<Vec<_>>(), [dot(A, 3)]);
    assert_eq!(a.truncated(), &vector(&[2]));
    assert_eq!(a.read("x"), value("3"));
}

#[test]
fn a_neighbour_that_was_sent_all_that_is_gone_is_pushed_changes_as_before() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    a.write("x", set("2")).unwrap();
    a.truncate(1);
    assert_eq!(next(&mut a, B).to_string(), "A2 after A1");
}

#[test]
fn a_neighbour_that_still_needs_what_is_gone_is_sent_a_snapshot() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    a.truncate(0);
    assert!(a.has_push(B));
    assert_eq!(a.answer(b.digest(), 1).unwrap().to_string(), "snapshot of A1");
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(b.read("x"), value("1"));
    assert!(!a.has_push(B));
    assert_eq!(a.answer(b.digest(), 1), None);
}

#[test]
fn a_connection_resumed_at_what_is_gone_goes_on_with_a_snapshot() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    let _lost = next(&mut a, B);
    a.truncate(0);
    assert!(!a.has_push(B));
    a.resume(B, b.digest());
    assert_eq!(next(&mut a, B).to_string(), "snapshot of A1");
    a.resume(B, b.digest());
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    a.write("x", set("2")).unwrap();
    assert_eq!(next(&mut a, B).to_string(), "A2 after A1");
}

#[test]
fn a_snapshot_sets_the_clock_and_starts_the_log_anew() {
    let [mut a, mut b] = pair(LastWriteWins);
    for text in ["1", "2", "3"] {
        a.write("x", set(text)).unwrap();
    }
    a.truncate(0);
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(b.log().count(), 0);
    assert_eq!(b.truncated(), &vector(&[3]));
    b.write("x", set("4")).unwrap();
    assert_eq!(b.log().last().unwrap().timestamp, Timestamp::new(4, B));
}

#[test]
fn a_snapshot_is_passed_on_but_not_back_to_whom_it_tells_nothing() {
    let [mut hub, mut b, mut c] = cluster(LastWriteWins, Topology::star(3));
    b.write("x", set("1")).unwrap();
    b.truncate(0);
    assert_eq!(carry(&mut b, &mut hub), Outcome::Applied);
    assert_eq!(hub.next_push(B, 100), None);
    assert_eq!(next(&mut hub, C).to_string(), "snapshot of B1");
    hub.resume(C, c.digest());
    assert_eq!(carry(&mut hub, &mut c), Outcome::Applied);
    assert_eq!(c.next_push(A, 100), None);
}

#[test]
fn a_snapshot_that_brings_nothing_is_a_duplicate_and_changes_nothing() {
    let [mut a, mut b] = pair(ArrivalWins);
    a.write("x", set("1")).unwrap();
    a.truncate(0);
    let snapshot = next(&mut a, B);
    assert_eq!(b.receive(A, snapshot.clone()), Outcome::Applied);
    b.write("x", set("2")).unwrap();
    let before = b.clone();
    assert_eq!(b.receive(A, snapshot), Outcome::Duplicate);
    assert_eq!(b, before);
}

#[test]
fn a_snapshot_brings_back_nothing_that_was_removed() {
    let [mut a, mut b] = pair(ObservedRemoveSet);
    a.write("tags", insert("red")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    a.write("tags", insert("green")).unwrap();
    a.truncate(0);
    let held_red = next(&mut a, B);
    b.write("tags", remove("red")).unwrap();
    assert_eq!(b.receive(A, held_red), Outcome::Applied);
    assert_eq!(b.read("tags"), elements(["green"]));
}

/// Two masters see `shared`. Then each makes its own writes, both truncate their logs, and each receives the other's
/// snapshot. Both read the same as two masters that kept their logs and exchanged single changes.
#[track_caller]
fn loses_nothing<R: Resolver>(rule: R, shared: &[(&str, Op)], at_a: &[(&str, Op)], at_b: &[(&str, Op)]) {
    let [mut a, mut b] = pair(rule);
    shared.iter().for_each(|(key, op)| assert!(a.write(key, op.clone()).is_ok()));
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    at_a.iter().for_each(|(key, op)| assert!(a.write(key, op.clone()).is_ok()));
    at_b.iter().for_each(|(key, op)| assert!(b.write(key, op.clone()).is_ok()));
    let (mut twin_a, mut twin_b) = (a.clone(), b.clone());
    let (to_b, to_a) = (next(&mut twin_a, B), next(&mut twin_b, A));
    assert_eq!(twin_a.receive(B, to_a), Outcome::Applied);
    assert_eq!(twin_b.receive(A, to_b), Outcome::Applied);

    a.truncate(0);
    b.truncate(0);
    let (to_b, to_a) = (next(&mut a, B), next(&mut b, A));
    assert!(to_a.to_string().starts_with("snapshot") && to_b.to_string().starts_with("snapshot"));
    assert_eq!(a.receive(B, to_a), Outcome::Applied);
    assert_eq!(b.receive(A, to_b), Outcome::Applied);
    assert!(a.readings().eq(twin_a.readings()), "{a:?}");
    assert!(b.readings().eq(twin_a.readings()), "{b:?}");
    assert!(twin_b.readings().eq(twin_a.readings()), "{twin_b:?}");

    // Neither master knows that the other has all changes now, so each sends them once more. Then both are silent.
    assert_eq!(carry(&mut a, &mut b), Outcome::Duplicate);
    assert_eq!(carry(&mut b, &mut a), Outcome::Duplicate);
    assert!(!a.has_push(B) && !b.has_push(A));
}

#[test]
fn two_masters_that_need_each_others_snapshot_lose_nothing() {
    let shared = [("seat", set("9 Zoe")), ("gone", set("9 Zoe")), ("kept", set("9 Zoe"))];
    let at_a = [("seat", set("7 Ann")), ("gone", Op::Delete), ("of a", set("1 Ann"))];
    let at_b = [("seat", set("5 Bob")), ("kept", set("5 Bob")), ("of b", set("2 Bob"))];
    loses_nothing(LastWriteWins, &shared, &at_a, &at_b);
    loses_nothing(MultiValue, &shared, &at_a, &at_b);
    loses_nothing(Custom(lower_seat), &shared, &at_a, &at_b);
    loses_nothing(CustomMerged(lower_seat), &shared, &at_a, &at_b);

    let adds = [("likes", Op::Add(5)), ("likes", Op::Add(-2))];
    loses_nothing(Counter, &adds, &[("likes", Op::Add(1)), ("of a", Op::Add(1))], &[("likes", Op::Add(-7))]);

    let inserts = [("tags", insert("red")), ("tags", insert("green")), ("tags", insert("blue"))];
    let at_a = [("tags", remove("red")), ("tags", remove("green")), ("of a", insert("new"))];
    let at_b = [("tags", insert("red")), ("tags", remove("blue")), ("tags", insert("white"))];
    loses_nothing(ObservedRemoveSet, &inserts, &at_a, &at_b);
}

#[test]
fn a_rule_that_cannot_merge_loses_what_the_snapshot_does_not_hold() {
    let [mut a, mut b] = pair(ArrivalWins);
    a.write("x", set("of a")).unwrap();
    b.write("y", set("of b")).unwrap();
    a.truncate(0);
    b.truncate(0);
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!((b.read("x"), b.read("y")), (value("of a"), Reading::Nothing), "B's own write is gone");
    assert_eq!(b.digest(), &vector(&[1, 1]), "and B claims to have seen it");
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    assert_eq!((a.read("x"), a.read("y")), (value("of a"), Reading::Nothing), "so A never hears of it");
    assert!(!a.has_push(B) && !b.has_push(A));
}

#[test]
fn two_masters_whose_rule_cannot_merge_swap_their_tables_if_the_snapshots_cross() {
    let [mut a, mut b] = pair(ArrivalWins);
    a.write("x", set("of a")).unwrap();
    b.write("y", set("of b")).unwrap();
    a.truncate(0);
    b.truncate(0);
    let (to_b, to_a) = (next(&mut a, B), next(&mut b, A));
    assert_eq!(a.receive(B, to_a), Outcome::Applied);
    assert_eq!(b.receive(A, to_b), Outcome::Applied);
    assert_eq!((a.read("x"), a.read("y")), (Reading::Nothing, value("of b")));
    assert_eq!((b.read("x"), b.read("y")), (value("of a"), Reading::Nothing));
    assert_eq!(a.digest(), b.digest(), "no digest will ever find out");
}

/// The rows of the snapshot in the answer to an empty digest.
fn rows<R: Resolver>(master: &Replica<R>) -> Arc<BTreeMap<Key, R::State>> {
    match master.answer(&VersionVector::default(), 1) {
        Some(Message::Snapshot(snapshot)) => snapshot.table,
        other => panic!("no snapshot: {other:?}"),
    }
}

/// Repeated requests for a snapshot copy the table once.
#[test]
fn snapshots_of_one_state_share_their_rows() {
    let [mut a, mut b] = pair(ArrivalWins);
    a.write("x", set("1")).unwrap();
    a.truncate(0);
    let first = rows(&a);
    assert!(Arc::ptr_eq(&first, &rows(&a)));
    // A clone may diverge, so it shares no snapshot, and has the same rows.
    assert!(!Arc::ptr_eq(&first, &rows(&a.clone())) && first == rows(&a.clone()));

    // A written, received or reapplied change is in the next snapshot.
    a.write("y", set("2")).unwrap();
    a.truncate(0);
    let second = rows(&a);
    assert_eq!((first.len(), second.len()), (1, 2));
    b.write("x", set("3")).unwrap();
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    a.truncate(0);
    assert_eq!(rows(&a)["x"], a.state("x").cloned().unwrap());
    let again = b.log().next().unwrap().clone();
    a.write("x", set("4")).unwrap();
    a.truncate(0);
    let before = rows(&a);
    a.reapply(&again);
    assert_ne!(rows(&a), before);
    assert_eq!(rows(&a)["x"], a.state("x").cloned().unwrap());
}
