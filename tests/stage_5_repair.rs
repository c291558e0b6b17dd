//! Stage 5 of a write's life: it was lost in flight; a digest asks for it, and it is sent again.

mod common;

use common::*;
use multimaster::{LastWriteWins, Topology};

#[test]
fn on_a_tick_a_master_tells_what_it_has_seen_to_those_it_hears_from() {
    let [_, mut b, _] = cluster(LastWriteWins, Topology::ring(3));
    b.write("x", set("1")).unwrap();
    let told: Vec<_> = b.digests_due().map(|(to, seen)| (to, seen.clone())).collect();
    assert_eq!(told, [(A, vector(&[0, 1]))]);
}

#[test]
fn a_lost_last_push_is_found_by_a_digest() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    let _lost = next(&mut a, B);
    assert_eq!(a.next_push(B, 100), None, "the sender believes it sent");
    assert_eq!(repair(&a, &mut b), Outcome::Applied);
    assert_eq!(b.read("x"), value("1"));
}

#[test]
fn a_gap_is_closed_by_a_digest() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    let _lost = next(&mut a, B);
    a.write("x", set("2")).unwrap();
    let late = next(&mut a, B);
    assert_eq!(b.receive(A, late.clone()), Outcome::Gap);
    assert_eq!(a.answer(b.digest(), 1).unwrap().to_string(), "A1 after nothing");
    let first = a.answer(b.digest(), 1).unwrap();
    assert_eq!(b.receive(A, first), Outcome::Applied);
    assert_eq!(b.receive(A, late), Outcome::Applied);
}

#[test]
fn an_answer_holds_what_the_receiver_lacks_and_no_more() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    b.write("y", set("2")).unwrap();
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    a.write("x", set("3")).unwrap();
    assert_eq!(a.answer(&vector(&[]), 100).unwrap().to_string(), "A1 B1 A2 after nothing");
    assert_eq!(a.answer(&vector(&[0, 1]), 100).unwrap().to_string(), "A1 A2 after B1");
    assert_eq!(a.answer(&vector(&[0, 1]), 1).unwrap().to_string(), "A1 after B1");
    assert_eq!(a.answer(&vector(&[2, 0]), 100).unwrap().to_string(), "B1 after A2");
    assert_eq!(a.answer(&vector(&[2, 1]), 100), None);
}

#[test]
fn an_answer_builds_on_nothing_that_the_answerer_has_not_seen() {
    let [mut a, _, _] = cluster(LastWriteWins, Topology::star(3));
    a.write("x", set("1")).unwrap();
    assert_eq!(a.answer(&vector(&[0, 5, 7]), 100).unwrap().to_string(), "A1 after nothing");
}

#[test]
fn an_answer_does_not_depend_on_what_was_pushed_and_moves_no_cursor() {
    let [mut a, _] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(a.answer(&vector(&[]), 100).unwrap().to_string(), "A1 after nothing");
    assert_eq!(next(&mut a, B).to_string(), "A1 after nothing");
    assert_eq!(a.answer(&vector(&[]), 100).unwrap().to_string(), "A1 after nothing");
}

#[test]
fn a_digest_of_one_that_knows_more_is_answered_by_nothing() {
    let [a, mut b] = pair(LastWriteWins);
    b.write("x", set("1")).unwrap();
    assert_eq!(a.answer(b.digest(), 100), None);
}

#[test]
fn a_resumed_connection_goes_on_after_what_the_peer_has_seen() {
    let [mut a, _] = pair(LastWriteWins);
    for text in ["1", "2", "3"] {
        a.write("x", set(text)).unwrap();
    }
    let _lost = next(&mut a, B);
    a.resume(B, &vector(&[1]));
    assert_eq!(next(&mut a, B).to_string(), "A2 A3 after A1");
    a.resume(B, &vector(&[3]));
    assert!(!a.has_push(B));
}

#[test]
fn a_resumed_connection_does_not_send_back_what_the_peer_wrote() {
    let [mut hub, mut b, _] = cluster(LastWriteWins, Topology::star(3));
    b.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut b, &mut hub), Outcome::Applied);
    hub.resume(B, &vector(&[]));
    assert!(!hub.has_push(B));
    hub.resume(C, &vector(&[]));
    assert!(hub.has_push(C));
}

#[test]
fn a_resumed_connection_skips_what_the_peer_got_from_others() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::all_to_all(3));
    c.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut c, &mut a), Outcome::Applied);
    assert_eq!(carry(&mut c, &mut b), Outcome::Applied);
    assert!(a.would_repeat(B, b.digest()));
    a.resume(B, b.digest());
    assert!(!a.would_repeat(B, b.digest()));
    assert!(!a.has_push(B));
}

#[test]
fn what_the_peer_lacks_would_not_be_a_repetition() {
    let [mut a, b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert!(!a.would_repeat(B, b.digest()));
    a.truncate(0);
    assert!(!a.would_repeat(B, b.digest()), "nor would a snapshot");
    assert!(a.would_repeat(B, &vector(&[1])));
    assert!(!a.would_repeat(C, &vector(&[1])), "nothing is sent to C");
}

#[test]
fn resuming_with_whom_one_does_not_send_to_changes_nothing() {
    let [mut a, _, _] = cluster(LastWriteWins, Topology::ring(3));
    a.write("x", set("1")).unwrap();
    let before = a.clone();
    for other in [A, C, D] {
        a.resume(other, &vector(&[]));
    }
    assert_eq!(a, before);
}
