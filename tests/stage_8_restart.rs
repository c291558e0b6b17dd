//! Stage 8: a master crashes, and restarts with all, some or none of its state.

mod common;

use common::*;
use multimaster::{Dot, LastWriteWins, Outcome, Replica, RestoreError, Topology, UsedOriginError};

/// A, without state, under the fresh origin D.
fn without_state(topology: &Topology) -> Replica<LastWriteWins> {
    let mut a = Replica::new(A, LastWriteWins, topology);
    a.restart(Some(D)).unwrap();
    a
}

#[test]
fn a_master_that_lost_its_state_names_its_writes_anew() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.set("x", "1").unwrap();
    assert_eq!(b.receive(A, next(&mut a, B)), Outcome::Applied);

    let mut a = without_state(&Topology::all_to_all(3).unwrap());
    assert_eq!((a.id(), a.origin()), (A, D));
    assert_eq!(a.set("x", "2"), Ok(Dot::new(D, 1)), "A1 is a write that B has");
    // Its earlier writes come back like any other change.
    assert_eq!(repair(&b, &mut a), Outcome::Stale);
    assert_eq!(a.digest(), &vector(&[1, 0, 0, 1]));
    b.expect_origins(4);
    assert_ne!(carry(&mut a, &mut b), Outcome::Gap);
    assert_eq!((a.read("x"), b.read("x")), (value("2"), value("2")));
}

#[test]
fn a_change_of_an_origin_that_is_not_expected_is_refused() {
    let [_, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    let mut a = without_state(&Topology::all_to_all(3).unwrap());
    a.set("x", "2").unwrap();
    let push = next(&mut a, B);
    assert!(matches!(b.receive(A, push.clone()), Outcome::Refused(_)));
    b.expect_origins(4);
    assert_eq!(b.receive(A, push), Outcome::Applied);
}

#[test]
fn only_a_fresh_origin_is_taken() {
    let [mut a, _, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    assert_eq!(a.restart(Some(B)), Err(UsedOriginError { origin: B }));
    a.restart(Some(D)).unwrap();
    a.set("x", "1").unwrap();
    assert_eq!(a.restart(Some(D)), Err(UsedOriginError { origin: D }), "D1 is a write");
    assert_eq!(a.restart(None), Ok(()), "it has kept all that it wrote");
    assert_eq!(a.set("x", "2"), Ok(Dot::new(D, 2)));
}

/// Split horizon withholds from A a change that A must have had before, and that A has lost.
#[test]
fn on_a_stream_a_master_without_state_is_sent_its_own_writes_too() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.set("x", "1").unwrap();
    assert_ne!(carry(&mut a, &mut b), Outcome::Gap);
    let mut a = without_state(&Topology::all_to_all(3).unwrap());
    b.resume(A, a.digest());
    assert_eq!(b.pending(A), 0);
    b.peer_forgot(A);
    b.resume(A, a.digest());
    assert_eq!(b.pending(A), 1);
    assert_eq!(a.receive(B, next(&mut b, A)), Outcome::Applied);
    assert_eq!(a.read("x"), value("1"));
}

/// A push leaves out changes that the neighbour must have had, and extends them: a neighbour that has lost one of them
/// must not apply the push.
#[test]
fn a_push_extends_what_it_leaves_out() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    b.set("x", "0").unwrap();
    a.set("x", "1").unwrap();
    assert_ne!(carry(&mut a, &mut b), Outcome::Gap);
    b.set("x", "2").unwrap();
    let push = next(&mut b, A);
    assert_eq!(push.to_string(), "B1 B2 after A1");
    let mut a = without_state(&Topology::all_to_all(3).unwrap());
    assert_eq!(a.receive(B, push), Outcome::Gap);
}

#[test]
fn a_master_that_kept_all_has_nothing_to_send_until_it_is_asked() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.set("x", "1").unwrap();
    a.restart(None).unwrap();
    assert_eq!((a.has_push(B), a.pending(B)), (false, 0));
    assert_eq!(repair(&a, &mut b), Outcome::Applied);
}

/// A hybrid logical clock follows the wall clock, and never steps back.
#[test]
fn a_clock_is_moved_to_the_time_of_day() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    a.advance_clock(1000);
    a.set("x", "1").unwrap();
    carry_all(&mut a, &mut b);
    // B's wall clock is behind.
    b.advance_clock(10);
    b.set("x", "2").unwrap();
    let times: Vec<u64> = b.log().map(|change| change.timestamp.time()).collect();
    assert_eq!(times, [1001, 1002]);
    assert_eq!(b.read("x"), value("2"));
}

/// A's clock is years ahead. Its changes are refused until their time has come; changes of other masters are accepted.
#[test]
fn a_clock_that_is_far_ahead_moves_no_other() {
    let [mut a, mut b, mut c] = cluster(LastWriteWins, Topology::all_to_all(3));
    b.limit_clock(2000);
    a.advance_clock(1_000_000);
    a.set("x", "1").unwrap();
    let ahead = next(&mut a, B);
    assert!(matches!(b.receive(A, ahead.clone()), Outcome::Refused(_)));
    c.set("x", "2").unwrap();
    carry_all(&mut c, &mut b);
    b.set("x", "3").unwrap();
    assert_eq!(b.log().last().map(|change| change.timestamp.time()), Some(2));
    b.limit_clock(2_000_000);
    assert_eq!(b.receive(A, ahead), Outcome::Applied);
}

fn carry_all(from: &mut Replica<LastWriteWins>, to: &mut Replica<LastWriteWins>) {
    assert_eq!(carry(from, to), Outcome::Applied);
}

/// B is dead, and the ring closes: A sends to C, and C receives the change that B had not passed on.
#[test]
fn a_ring_closes_past_a_dead_master() {
    let ring = Topology::ring(3).unwrap();
    let [mut a, _, mut c] = cluster(LastWriteWins, Topology::ring(3));
    a.set("x", "1").unwrap();
    let _lost_at_b = next(&mut a, B);
    for master in [&mut a, &mut c] {
        master.change_topology(&ring, &[B].into());
    }
    assert_eq!((a.sends_to().collect::<Vec<_>>(), c.sends_to().collect::<Vec<_>>()), (vec![C], vec![A]));
    a.resume(C, c.digest());
    assert_eq!(carry(&mut a, &mut c), Outcome::Applied);
    c.set("x", "2").unwrap();
    // Split horizon withholds nothing any more, so a neighbour's own change comes back to it.
    assert_eq!(next(&mut c, A).to_string(), "A1 C1 after nothing");
    assert_eq!(c.read("x"), value("2"));
}

/// A state that was saved among three masters is restored among four, unless the new master's id was an origin before.
#[test]
fn a_saved_state_is_restored_after_a_master_has_joined() {
    let [mut a, mut b, _] = cluster(LastWriteWins, Topology::all_to_all(3));
    let four = Topology::all_to_all(4).unwrap();
    a.set("x", "1").unwrap();
    let restored = Replica::restore(A, LastWriteWins, &four, a.saved()).unwrap();
    assert_eq!(restored.read("x"), value("1"));
    b.restart(Some(D)).unwrap();
    b.set("y", "2").unwrap();
    a.expect_origins(4);
    carry_all(&mut b, &mut a);
    let refused = Replica::restore(A, LastWriteWins, &four, a.saved()).unwrap_err();
    assert_eq!(refused, RestoreError::Masters { expected: 4, found: 3 });
}
