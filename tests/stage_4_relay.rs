//! Stage 4 of a write's life: a master that received it passes it on.

mod common;

use common::*;
use multimaster::{LastWriteWins, Topology};

#[test]
fn on_a_ring_a_write_goes_round_until_it_stands_at_its_origins_door() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::ring(3));
    a.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(next(&mut b, C).to_string(), "A1 after nothing");
    b.resume(C, &vector(&[]));
    assert_eq!(carry(&mut b, &mut c), Outcome::Applied);
    assert!(!c.has_push(A));
    assert_eq!(c.next_push(A, 100), None);
}

#[test]
fn on_a_star_the_hub_passes_on_to_the_other_spokes_and_a_spoke_passes_nothing_on() {
    let [mut hub, mut b, mut c] = cluster(LastWriteWins, Topology::star(3));
    b.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut b, &mut hub), Outcome::Applied);
    assert_eq!(hub.next_push(B, 100), None);
    assert_eq!(carry(&mut hub, &mut c), Outcome::Applied);
    assert_eq!(c.next_push(A, 100), None);
    assert_eq!(c.read("x"), value("1"));
}

#[test]
fn all_to_all_each_passes_on_to_all_but_the_origin_and_what_came_twice_is_a_duplicate() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(b.next_push(A, 100), None);
    assert_eq!(carry(&mut b, &mut c), Outcome::Applied);
    assert_eq!(carry(&mut a, &mut c), Outcome::Duplicate);
}

#[test]
fn a_neighbour_is_not_sent_what_it_must_have_had_but_what_follows_builds_on_it() {
    let [mut hub, mut b, _] = cluster(LastWriteWins, Topology::star(3));
    b.write("x", set("question")).unwrap();
    assert_eq!(carry(&mut b, &mut hub), Outcome::Applied);
    hub.write("y", set("answer")).unwrap();
    assert_eq!(next(&mut hub, B).to_string(), "A1 after B1");
    assert_eq!(next(&mut hub, C).to_string(), "B1 A1 after nothing");
}

#[test]
fn a_neighbour_is_not_sent_what_it_must_have_had_in_the_middle_of_a_push_either() {
    let [mut hub, mut b, _] = cluster(LastWriteWins, Topology::star(3));
    hub.write("x", set("1")).unwrap();
    b.write("x", set("2")).unwrap();
    assert_eq!(carry(&mut b, &mut hub), Outcome::Applied);
    hub.write("x", set("3")).unwrap();
    assert_eq!(next(&mut hub, B).to_string(), "A1 A2 after B1");
    hub.write("x", set("4")).unwrap();
    assert_eq!(next(&mut hub, B).to_string(), "A3 after A2 B1");
}

#[test]
fn an_answer_never_arrives_before_its_question() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.write("x", set("question")).unwrap();
    let _lost = next(&mut a, C);
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    b.write("y", set("answer")).unwrap();
    assert_eq!(b.next_push(C, 1).unwrap().to_string(), "A1 after nothing");
    let answer = b.next_push(C, 1).unwrap();
    assert_eq!(answer.to_string(), "B1 after A1");
    assert_eq!(c.receive(B, answer), Outcome::Gap);
}

#[test]
fn a_stale_write_is_passed_on_too() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::ring(3));
    a.write("x", set("1")).unwrap();
    b.write("x", set("2")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Stale);
    assert_eq!(next(&mut b, C).to_string(), "B1 A1 after nothing");
    b.resume(C, &vector(&[]));
    assert_eq!(carry(&mut b, &mut c), Outcome::Applied);
    assert_eq!(c.read("x"), value("2"));
}

#[test]
fn a_duplicate_is_not_passed_on_again() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::ring(3));
    a.write("x", set("1")).unwrap();
    let pushed = next(&mut a, B);
    assert_eq!(b.receive(A, pushed.clone()), Outcome::Applied);
    assert_eq!(carry(&mut b, &mut c), Outcome::Applied);
    assert_eq!(b.receive(A, pushed), Outcome::Duplicate);
    assert_eq!(b.next_push(C, 100), None);
}

#[test]
fn a_refused_write_is_not_passed_on() {
    let [_, mut b, _] = cluster(LastWriteWins, Topology::ring(3));
    assert!(matches!(b.receive(A, push(&[], [change(A, 2, 2)])), Outcome::Refused(_)));
    assert_eq!(b.next_push(C, 100), None);
}
