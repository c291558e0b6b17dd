//! Messages that no correct peer sends are refused with a reason, whatever their numbers, and nothing panics.
#![allow(missing_docs)]

use multimaster::clock::LATEST;
use multimaster::{
    Change, Dot, LastWriteWins, MasterId, Message, Op, Outcome, PeerError, Push, Replica, Snapshot, Timestamp,
    Topology, VersionVector,
};

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const C: MasterId = MasterId(2);

fn at_b() -> Replica<LastWriteWins> {
    Replica::new(B, LastWriteWins, &Topology::all_to_all(3).unwrap())
}

fn change(origin: MasterId, seq: u64, time: u64) -> Change<Option<multimaster::Text>> {
    let timestamp = Timestamp::new(time, origin);
    Change { dot: Dot::new(origin, seq), timestamp, key: "k".into(), effect: Some("v".into()) }
}

fn push(extends: Vec<u64>, changes: Vec<Change<Option<multimaster::Text>>>) -> multimaster::MessageOf<LastWriteWins> {
    Message::Push(Push { extends: extends.into(), changes: changes.into() })
}

#[test]
fn a_vector_of_any_width_is_refused_by_the_last_master_it_names() {
    for width in [4, 65_536, 65_537, 131_072] {
        let mut extends = vec![0; width];
        extends[width - 1] = 1;
        let last = MasterId(u16::try_from(width - 1).unwrap_or(u16::MAX));
        let outcome = at_b().receive(A, push(extends, vec![change(A, 1, 1)]));
        assert_eq!(outcome, Outcome::Refused(PeerError::UnknownOrigin(last)));
    }
}

#[test]
fn numbers_at_their_end_are_refused() {
    for (claimed, impossible) in [(Dot::LAST, 1), (Dot::LAST + 1, Dot::LAST), (u64::MAX, Dot::LAST)] {
        let outcome = at_b().receive(A, push(vec![claimed], vec![change(A, 1, 1)]));
        assert_eq!(outcome, Outcome::Refused(PeerError::ImpossibleDot(Dot::new(A, impossible))));
    }
    let none = Dot::new(A, 0);
    let outcome = at_b().receive(A, push(vec![], vec![change(A, 0, 1)]));
    assert_eq!(outcome, Outcome::Refused(PeerError::ImpossibleDot(none)));
}

/// A neighbour's claim to have seen changes of others cannot be checked. A false claim is believed, and causes no
/// panic.
#[test]
fn after_a_snapshot_that_claims_everything_pushes_are_still_answered() {
    let mut at_b = at_b();
    let seen: VersionVector = vec![1, 0, Dot::LAST].into();
    let snapshot = Snapshot { seen, clock: 1, table: Default::default() };
    assert_eq!(at_b.receive(A, Message::Snapshot(snapshot)), Outcome::Applied);
    let outcome = at_b.receive(C, push(vec![0, 0, Dot::LAST], vec![change(C, 1, 1)]));
    assert_eq!(outcome, Outcome::Refused(PeerError::ImpossibleDot(Dot::new(C, 1))));
    assert!(at_b.write("k", Op::Delete).is_ok());
}

#[test]
fn a_clock_at_its_end_refuses_writes_that_others_would_refuse() {
    let mut at_b = at_b();
    assert_eq!(at_b.receive(A, push(vec![], vec![change(A, 1, LATEST)])), Outcome::Applied);
    let before = at_b.clone();
    let refusal = at_b.write("k", Op::Delete).unwrap_err().to_string();
    assert!(refusal.contains("clock is at its end"), "{refusal}");
    assert_eq!(at_b, before);
}
