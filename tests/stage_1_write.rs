//! Stage 1 of a write's life: a client asks a master, which names, timestamps, applies and logs it, or refuses.

mod common;

use common::*;
use multimaster::{
    ArrivalWins, Counter, Custom, CustomMerged, LastWriteWall, LastWriteWins, MasterId, MultiValue, ObservedRemoveSet,
    Op, Refusal, Resolver, Timestamp,
};

#[test]
fn a_write_is_named_by_its_master_and_numbered_across_keys() {
    let [_, mut b] = pair(LastWriteWins);
    assert_eq!(b.write("x", set("1")), Ok(dot(B, 1)));
    assert_eq!(b.write("y", Op::Delete), Ok(dot(B, 2)));
    assert_eq!(b.digest(), &vector(&[0, 2]));
}

#[test]
fn a_write_is_read_at_its_master_at_once() {
    let [mut a, b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(a.read("x"), value("1"));
    assert_eq!(b.read("x"), b.read("never written"));
}

#[test]
fn a_write_is_logged_after_all_that_its_master_had_seen() {
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("x", set("1")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    b.write("x", set("2")).unwrap();
    let logged: Vec<_> = b.log().map(|change| change.dot).collect();
    assert_eq!(logged, [dot(A, 1), dot(B, 1)]);
}

#[test]
fn a_write_is_timestamped_later_than_all_that_its_master_had_seen() {
    let [mut a, mut b] = pair(LastWriteWins);
    for text in ["1", "2", "3"] {
        a.write("x", set(text)).unwrap();
    }
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    b.write("y", set("4")).unwrap();
    assert_eq!(b.log().last().unwrap().timestamp, Timestamp::new(4, B));
}

#[test]
fn an_operation_of_another_kind_is_refused_and_changes_nothing() {
    fn refuses<R: Resolver>(rule: R, right: &Op, wrong: &[Op]) {
        let [mut a, _] = pair(rule);
        a.write("x", right.clone()).unwrap();
        let before = a.clone();
        for op in wrong {
            assert_eq!(a.write("x", op.clone()), Err(Refusal::WrongKind(op.clone())));
            assert_eq!(a.write("new key", op.clone()), Err(Refusal::WrongKind(op.clone())));
        }
        assert_eq!(a, before);
    }
    let (to_register, to_counter, to_set) = ([set("1"), Op::Delete], [Op::Add(1)], [insert("red"), remove("red")]);
    let not_to_register = [&to_counter[..], &to_set].concat();
    refuses(ArrivalWins, &set("1"), &not_to_register);
    refuses(LastWriteWins, &set("1"), &not_to_register);
    refuses(MultiValue, &set("1"), &not_to_register);
    refuses(Custom(lower_seat), &set("1"), &not_to_register);
    refuses(CustomMerged(lower_seat), &set("1"), &not_to_register);
    refuses(Counter, &Op::Add(1), &[&to_register[..], &to_set].concat());
    refuses(ObservedRemoveSet, &insert("red"), &[&to_register[..], &to_counter].concat());
}

#[test]
fn a_full_counter_refuses_and_changes_nothing() {
    let full = Err(Refusal::Because("the counter is full".into()));
    let [mut a, _] = pair(Counter);
    a.write("x", Op::Add(i64::MAX)).unwrap();
    a.write("x", Op::Add(-i64::MAX)).unwrap();
    let before = a.clone();
    for amount in [1, -1, i64::MIN] {
        assert_eq!(a.write("x", Op::Add(amount)), full);
    }
    assert_eq!(a, before);
    assert_eq!(a.write("another", Op::Add(1)), Ok(dot(A, 3)));
}

/// A time that the rule would not use is refused, not dropped silently.
#[test]
fn a_time_is_refused_by_a_rule_that_does_not_use_wall_clocks() {
    fn refuses<R: Resolver>(rule: R, op: &Op) {
        let [mut a, _] = pair(rule);
        let before = a.clone();
        let refusal = a.write("k", op.clone().at(9)).unwrap_err();
        assert_eq!(refusal, Refusal::NoWallClock);
        assert!(refusal.to_string().contains("does not use wall clocks: leave the time out"));
        assert_eq!(a, before);
        a.write("k", op.clone()).unwrap();
    }
    refuses(LastWriteWins, &set("1"));
    refuses(ArrivalWins, &Op::Delete);
    refuses(MultiValue, &set("1"));
    refuses(Custom(lower_seat), &set("1 Ann"));
    refuses(CustomMerged(lower_seat), &set("1 Ann"));
    refuses(Counter, &Op::Add(1));
    refuses(ObservedRemoveSet, &Op::Insert("x".into()));
}

#[test]
fn a_transfer_to_nobody_is_refused_with_a_time_and_without() {
    let [mut a, _] = pair(LastWriteWall);
    let transfer = Op::Transfer { amount: 1, to: MasterId(25) };
    for op in [transfer.clone(), transfer.at(5)] {
        assert_eq!(a.write("k", op).unwrap_err().to_string(), "there is no master Z to transfer to");
    }
}
