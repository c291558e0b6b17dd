//! Stage 3 of a write's life: a neighbour receives it. Every outcome is tested.

mod common;

use common::*;
use multimaster::clock::LATEST;
use multimaster::{
    Change, LastWriteWins, Message, MessageOf, Outcome, PeerError, Reading, Replica, Snapshot, Timestamp, Topology,
};
use std::sync::Arc;

#[test]
fn what_is_new_is_applied() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(b.read("x"), value("1"));
    assert_eq!(b.digest(), &vector(&[1]));
}

#[test]
fn what_is_new_but_older_than_what_is_kept_is_stale_yet_seen_and_logged() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    b.write("x", set("2")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Stale);
    assert_eq!(b.read("x"), value("2"));
    assert_eq!(b.digest(), &vector(&[1, 1]));
    assert_eq!(b.log().last().unwrap().dot, dot(A, 1));
}

#[test]
fn what_is_older_does_not_set_the_clock_back() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    for text in ["2", "3"] {
        b.write("x", set(text)).unwrap();
    }
    assert_eq!(carry(&mut a, &mut b), Outcome::Stale);
    b.write("x", set("4")).unwrap();
    assert_eq!(b.log().last().unwrap().timestamp, Timestamp::new(3, B));
}

#[test]
fn what_has_been_seen_is_a_duplicate_and_changes_nothing() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    let pushed = next(&mut a, B);
    assert_eq!(b.receive(A, pushed.clone()), Outcome::Applied);
    let before = b.clone();
    assert_eq!(b.receive(A, pushed), Outcome::Duplicate);
    assert_eq!(b, before);
}

#[test]
fn what_brings_nothing_is_a_duplicate_even_if_it_builds_on_what_has_not_been_seen() {
    let [_, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    assert_eq!(b.receive(A, push(&[], [change(A, 1, 1)])), Outcome::Applied);
    assert_eq!(b.receive(A, push(&[0, 0, 1], [change(A, 1, 1)])), Outcome::Duplicate);
}

#[test]
fn what_builds_on_what_has_not_been_seen_is_a_gap_and_changes_nothing() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    let _lost = next(&mut a, B);
    a.write("x", set("2")).unwrap();
    let before = b.clone();
    assert_eq!(carry(&mut a, &mut b), Outcome::Gap);
    assert_eq!(b, before);
}

#[test]
fn of_a_push_that_is_partly_new_only_that_part_is_applied() {
    let [_, mut b] = pair(LastWriteWins);
    assert_eq!(b.receive(A, push(&[], [change(A, 1, 1)])), Outcome::Applied);
    assert_eq!(b.receive(A, push(&[], [change(A, 1, 1), change(A, 2, 2)])), Outcome::Applied);
    assert_eq!(b.log().map(|change| change.dot).collect::<Vec<_>>(), [dot(A, 1), dot(A, 2)]);
}

#[test]
fn a_timestamp_of_the_latest_time_is_still_taken() {
    let [_, mut b] = pair(LastWriteWins);
    assert_eq!(b.receive(A, push(&[], [change(A, 1, LATEST)])), Outcome::Applied);
}

/// B of a ring of three, which has seen A1 and B1, refuses `message`, and is unchanged.
#[track_caller]
fn refused(message: MessageOf<LastWriteWins>, fault: PeerError) {
    let mut b = receiver();
    let before = b.clone();
    assert_eq!(b.receive(A, message), Outcome::Refused(fault));
    assert_eq!(b, before);
    assert_eq!(b.receive(A, push(&[1], [change(A, 2, 9)])), Outcome::Applied, "it goes on as if nothing had come");
}

fn receiver() -> Replica<LastWriteWins> {
    let [_, mut b, _] = cluster(LastWriteWins, Topology::ring(3));
    assert_eq!(b.receive(A, push(&[], [change(A, 1, 1)])), Outcome::Applied);
    b.write("x", set("mine")).unwrap();
    b
}

fn snapshot(seen: &[u64], clock: u64) -> MessageOf<LastWriteWins> {
    Message::Snapshot(Snapshot { seen: vector(seen), clock, table: Arc::default() })
}

#[test]
fn refused_is_what_comes_from_whom_one_does_not_hear() {
    let [mut a, mut b, c] = cluster(LastWriteWins, Topology::ring(3));
    a.write("x", set("1")).unwrap();
    let pushed = next(&mut a, B);
    for stranger in [B, C, D] {
        assert_eq!(b.receive(stranger, pushed.clone()), Outcome::Refused(PeerError::NotANeighbour(stranger)));
    }
    assert_eq!(b.read("x"), Reading::Nothing);
    assert_eq!(b.digest(), c.digest());
}

#[test]
fn refused_is_a_push_without_changes() {
    refused(push(&[1], []), PeerError::Empty);
}

#[test]
fn refused_is_what_names_a_master_that_is_not_there() {
    let nobody = || PeerError::UnknownOrigin(D);
    refused(push(&[1], [change(D, 1, 2)]), nobody());
    refused(push(&[1, 0, 0, 1], [change(A, 2, 2)]), nobody());
    refused(snapshot(&[1, 0, 0, 1], 2), nobody());
}

#[test]
fn refused_is_a_hole_in_an_origins_sequence() {
    let fault = |origin, seq| PeerError::ImpossibleDot(dot(origin, seq));
    refused(push(&[1], [change(A, 3, 3)]), fault(A, 3));
    refused(push(&[1], [change(A, 2, 2), change(A, 4, 4)]), fault(A, 4));
    refused(push(&[1], [change(C, 2, 2)]), fault(C, 2));
}

#[test]
fn refused_is_an_origins_sequence_out_of_order() {
    let fault = |origin, seq| PeerError::ImpossibleDot(dot(origin, seq));
    refused(push(&[1], [change(A, 0, 2)]), fault(A, 0));
    refused(push(&[1], [change(A, 2, 2), change(A, 2, 2)]), fault(A, 2));
    refused(push(&[1], [change(A, 1, 1), change(A, 2, 2)]), fault(A, 1));
}

#[test]
fn refused_is_a_write_that_one_is_said_to_have_made_and_has_not() {
    let forged = || PeerError::ImpossibleDot(dot(B, 2));
    refused(push(&[1, 1], [change(B, 2, 3)]), forged());
    refused(push(&[1, 2], [change(A, 2, 3)]), forged());
    refused(snapshot(&[1, 2], 3), forged());
}

#[test]
fn refused_is_another_masters_timestamp() {
    let timestamp = Timestamp::new(2, C);
    refused(push(&[1], [Change { timestamp, ..change(A, 2, 2) }]), PeerError::ImpossibleTimestamp(timestamp));
}

#[test]
fn refused_is_a_time_past_the_latest() {
    let fault = || PeerError::ImpossibleTimestamp(Timestamp::new(LATEST + 1, A));
    refused(push(&[1], [change(A, 2, LATEST + 1)]), fault());
    refused(push(&[1], [change(A, 2, 2), change(A, 3, LATEST + 1)]), fault());
    refused(snapshot(&[2], LATEST + 1), fault());
}
