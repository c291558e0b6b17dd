//! Stage 2 of a write's life: its master sends it to each neighbour.

mod common;

use common::*;
use multimaster::{LastWriteWins, Message, Topology};

#[test]
fn a_write_is_pushed_once_to_each_neighbour() {
    let [mut a, _, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    assert!(!a.has_push(B));
    a.write("x", set("1")).unwrap();
    for peer in [B, C] {
        assert!(a.has_push(peer));
        assert_eq!(next(&mut a, peer).to_string(), "A1 after nothing");
        assert!(!a.has_push(peer));
        assert_eq!(a.next_push(peer, 100), None);
    }
}

#[test]
fn a_push_is_shared_with_the_neighbours_that_would_get_the_same() {
    let [mut a, mut b, _, _] = cluster(LastWriteWins, Topology::all_to_all(4));
    b.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    a.write("x", set("2")).unwrap();
    let Message::Push(push) = next(&mut a, C) else { panic!("the log is whole") };
    for (peer, shares) in [(A, false), (B, false), (C, false), (D, true)] {
        let (mut shared, mut alone) = (a.clone(), a.clone());
        let is_same = alone.next_push(peer, 2) == Some(Message::Push(push.clone()));
        assert_eq!((is_same, shared.shares_push(peer, &push, 2)), (shares, shares), "{peer}");
        assert_eq!(shared == alone, peer != B, "a push that is not shared moves no cursor");
        assert_eq!(shared.next_push(D, 2), (peer != D).then(|| Message::Push(push.clone())));
    }
    assert!(!a.shares_push(D, &push, 1), "two messages");
}

#[test]
fn a_write_is_not_pushed_to_whom_no_edge_leads() {
    let [mut a, _, _] = cluster(LastWriteWins, Topology::ring(3));
    a.write("x", set("1")).unwrap();
    assert!(a.has_push(B));
    for other in [A, C, D] {
        assert!(!a.has_push(other));
        assert_eq!(a.next_push(other, 100), None);
    }
}

#[test]
fn a_push_holds_what_the_client_wrote_and_when() {
    let [mut a, _] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(next(&mut a, B), push(&[], [change(A, 1, 1)]));
}

#[test]
fn a_push_holds_so_many_changes_at_most_and_the_next_builds_on_it() {
    let [mut a, _] = pair(LastWriteWins);
    for text in ["1", "2", "3"] {
        a.write("x", set(text)).unwrap();
    }
    assert_eq!(a.next_push(B, 2).unwrap().to_string(), "A1 A2 after nothing");
    assert_eq!(a.next_push(B, 2).unwrap().to_string(), "A3 after A2");
    assert_eq!(a.next_push(B, 2), None);
}

#[test]
fn a_master_tells_how_much_waits_for_a_neighbour() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    b.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    a.write("x", set("2")).unwrap();
    a.write("x", set("3")).unwrap();
    assert_eq!([a.pending(A), a.pending(B), a.pending(C), a.pending(D)], [0, 2, 3, 0]);
    a.next_push(C, 1).unwrap();
    assert_eq!(a.pending(C), 2);
    a.truncate(0);
    assert_eq!(a.pending(C), 1, "one snapshot");
}

#[test]
fn a_push_of_no_changes_is_not_made() {
    let [mut a, _] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(a.next_push(B, 0), None);
    assert_eq!(next(&mut a, B).to_string(), "A1 after nothing");
}
