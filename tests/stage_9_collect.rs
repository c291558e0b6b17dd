//! Stage 9: a tombstone is dropped once all masters are known to have seen it.

mod common;

use common::*;
use multimaster::{LastWriteMap, LastWriteWins, Op, PeerError, Progress, Reading, Replica, Resolver, Topology};

/// `to` learns what `from` knows. Whether it is news.
fn tell<R: Resolver>(from: &Replica<R>, to: &mut Replica<R>) -> bool {
    to.learn(from.id(), &from.progress()).expect("a correct neighbour")
}

fn collect<R: Resolver>(master: &mut Replica<R>) -> usize {
    let stable = master.seen_by_all();
    master.collect(&stable)
}

/// Three masters, of which A has written and deleted x, and sent this to B.
fn deleted() -> [Replica<LastWriteWins>; 3] {
    let [mut a, mut b, c] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.set("x", "1").unwrap();
    a.delete("x").unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    [a, b, c]
}

#[test]
fn a_tombstone_is_kept_until_all_masters_are_known_to_have_seen_it() {
    let [mut a, mut b, mut c] = deleted();
    assert!(tell(&b, &mut a) && !tell(&b, &mut a), "nothing is news twice");
    assert_eq!((collect(&mut a), a.kept().0), (0, 1), "C is not known to have seen it");
    assert_eq!(carry(&mut a, &mut c), Outcome::Applied);
    assert_eq!(collect(&mut a), 0, "C has seen it, and A does not know");
    assert!(tell(&c, &mut b) && tell(&b, &mut a), "B has it from C");
    assert_eq!(a.seen_by_all(), vector(&[2]));
    assert_eq!((collect(&mut a), a.kept().0), (1, 0));
    assert_eq!(collect(&mut a), 0);
    assert_eq!(a.read("x"), Reading::Nothing);
}

#[test]
fn a_row_counts_only_once_all_that_is_in_it_was_seen() {
    let [mut a, mut b, mut c] = deleted();
    assert_eq!(carry(&mut a, &mut c), Outcome::Applied);
    c.set("x", "2").unwrap();
    assert!(tell(&b, &mut a) && !tell(&c, &mut a), "C's own write is still on its way");
    assert_eq!(collect(&mut a), 0);
    assert_eq!(carry(&mut c, &mut a), Outcome::Applied);
    assert!(tell(&c, &mut a));
    assert_eq!(a.seen_by_all(), vector(&[2]));
    assert_eq!(carry(&mut c, &mut b), Outcome::Applied);
}

#[test]
fn a_value_that_is_deleted_elsewhere_does_not_come_back_in_a_snapshot() {
    let [mut a, mut b, mut c] = deleted();
    a.set("y", "1").unwrap();
    for to in [&mut b, &mut c] {
        assert_ne!(carry(&mut a, to), Outcome::Gap);
    }
    assert!(tell(&b, &mut a) && tell(&c, &mut a));
    let mut before = Replica::new(C, LastWriteWins, &Topology::all_to_all(3).unwrap());
    let old = push(&[], [change(A, 1, 1)]);
    assert_eq!(before.receive(A, old), Outcome::Applied, "a copy of C's state");
    assert_eq!(collect(&mut a), 1);
    a.truncate(0);
    before.restart(Some(D)).unwrap();
    assert_eq!(repair(&a, &mut before), Outcome::Applied);
    assert_eq!((before.read("x"), before.read("y")), (Reading::Nothing, value("1")));
    // And the other way round: what A has collected, it does not take back.
    let [_, _, mut holds] = deleted();
    assert_eq!(holds.receive(A, push(&[], [change(A, 1, 1)])), Outcome::Applied);
    holds.set("z", "1").unwrap();
    holds.truncate(0);
    assert_eq!(repair(&holds, &mut a), Outcome::Applied);
    assert_eq!((a.read("x"), a.read("z")), (Reading::Nothing, value("1")));
}

#[test]
fn of_a_map_the_deleted_fields_are_dropped() {
    let [mut a, mut b] = pair(LastWriteMap);
    for (field, op) in [("red", Op::Set("1".into())), ("green", Op::Set("2".into())), ("red", Op::Delete)] {
        a.write("x", Op::In { field: field.into(), op: Box::new(op) }).unwrap();
    }
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    let before = b.read("x");
    assert!(tell(&b, &mut a) && tell(&a, &mut b));
    assert_eq!((collect(&mut a), collect(&mut b), collect(&mut b)), (1, 1, 0));
    assert_eq!((a.read("x"), b.read("x")), (before.clone(), before));
    assert_eq!(b.state("x").map(|fields| fields.len()), Some(1));
}

#[test]
fn after_a_restart_under_a_fresh_origin_what_was_known_counts_no_more() {
    let [mut a, mut b, mut c] = deleted();
    [&mut a, &mut b].into_iter().for_each(|master| master.expect_origins(4));
    assert_eq!(carry(&mut a, &mut c), Outcome::Applied);
    assert!(tell(&c, &mut b));
    c.restart(Some(D)).unwrap();
    // B hears it from C itself; A, which may still take in what C sent before, does not take B's word for it.
    assert!(tell(&c, &mut b));
    assert!(!tell(&b, &mut a));
    assert!(tell(&c, &mut a) && tell(&b, &mut a));
    assert_eq!(a.seen_by_all(), vector(&[2]));
    // An old telling is no news.
    let [_, old, _] = deleted();
    assert!(!tell(&old, &mut a));
}

#[test]
fn a_dead_master_counts_no_more_and_neither_does_what_was_known_before() {
    let [mut a, mut b, _] = deleted();
    let topology = Topology::all_to_all(3).unwrap();
    assert!(tell(&b, &mut a));
    a.change_topology(&topology, &[C].into());
    assert_eq!(a.seen_by_all(), vector(&[]), "B may still take in what C has sent");
    assert!(!tell(&b, &mut a));
    b.change_topology(&topology, &[C].into());
    assert!(tell(&b, &mut a));
    assert_eq!(collect(&mut a), 1);
    assert_eq!(a.progress().rows().map(|(id, _)| id).collect::<Vec<_>>(), [A, B]);
}

#[test]
fn a_telling_that_no_correct_neighbour_can_send_is_refused() {
    let [mut a, b, _] = deleted();
    let star: [Replica<LastWriteWins>; 3] = cluster(LastWriteWins, Topology::star(3));
    let [_, mut spoke, other] = star;
    assert_eq!(spoke.learn(C, &other.progress()), Err(PeerError::NotANeighbour(C)));
    let [small, _] = pair(LastWriteWins);
    assert_eq!(a.learn(B, &small.progress()), Err(PeerError::UnknownOrigin(D)));
    let mut fresh = b.clone();
    fresh.restart(Some(D)).unwrap();
    assert_eq!(a.learn(B, &fresh.progress()), Err(PeerError::UnknownOrigin(D)), "D is not expected");
    let mut ahead = b;
    let lie = push(&[2], [change(A, 3, 3)]);
    assert_eq!(ahead.receive(A, lie), Outcome::Applied);
    assert_eq!(a.learn(B, &ahead.progress()), Err(PeerError::ImpossibleDot(dot(A, 3))), "A has written twice");
    let unknown: Progress = a.progress();
    assert!(unknown.rows().all(|(id, row)| id == A || row.is_empty()));
}
