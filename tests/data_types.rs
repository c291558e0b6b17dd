//! The other data types than registers, the counter and the set: the readings after concurrent writes, and the
//! refusals.

mod common;

use common::*;
use multimaster::{
    BoundedCounter, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter, GrowOnlySet, LastWriteMap, LastWriteMapWall,
    LastWriteWall, MaxRegister, MinRegister, ObservedRemoveMap, Op, Reading, RemoveWinsSet, Replica, Request, Resolver,
};

/// Makes the request, and returns its result in words.
fn ask<R: Resolver>(master: &mut Replica<R>, text: &str) -> Result<(), String> {
    let Request { key, op } = text.parse().unwrap();
    master.write(&key, op).map(drop).map_err(|refusal| refusal.to_string())
}

/// The reading of `k`, in words. First A and B both see `before`; then each makes its own requests concurrently. Checks
/// that both masters read the same, by changes and by snapshots.
fn at_once<R: Resolver>(rule: R, before: &[&str], at_a: &[&str], at_b: &[&str]) -> String {
    let by = |snapshots: bool| {
        let [mut a, mut b] = pair(rule.clone());
        before.iter().for_each(|text| ask(&mut a, text).unwrap());
        if !before.is_empty() {
            assert_eq!(repair(&a, &mut b), Outcome::Applied);
        }
        at_a.iter().for_each(|text| ask(&mut a, text).unwrap());
        at_b.iter().for_each(|text| ask(&mut b, text).unwrap());
        if snapshots {
            a.truncate(0);
            b.truncate(0);
        }
        let before = a.clone();
        assert!(is_new(repair(&b, &mut a)));
        assert!(is_new(repair(&before, &mut b)));
        assert_eq!(a.state("k"), b.state("k"));
        (a.read("k").to_string(), a.state("k").cloned())
    };
    let (read, snapshots) = (by(false), by(true));
    assert_eq!(read, snapshots, "changes and snapshots lead to the same");
    read.0
}

#[test]
fn of_enabling_and_disabling_at_once_the_flag_s_name_wins() {
    let (on, off) = (["enable k"], ["disable k"]);
    assert_eq!(at_once(EnableWinsFlag, &[], &on, &off), "on");
    assert_eq!(at_once(DisableWinsFlag, &[], &on, &off), "off");
    assert_eq!(at_once(EnableWinsFlag, &on, &on, &off), "on");
    assert_eq!(at_once(DisableWinsFlag, &on, &on, &off), "off");
    assert_eq!(at_once(EnableWinsFlag, &on, &off, &off), "off");
    assert_eq!(at_once(DisableWinsFlag, &off, &on, &on), "on");
}

#[test]
fn a_disabling_that_another_master_undid_is_undone_and_its_twin_is_not() {
    let undone = ["disable k", "enable k"];
    assert_eq!(at_once(DisableWinsFlag, &["enable k"], &undone, &["disable k"]), "off");
    assert_eq!(at_once(DisableWinsFlag, &["enable k"], &undone, &undone), "on");
    assert_eq!(at_once(EnableWinsFlag, &["enable k"], &undone, &["disable k"]), "on");
}

#[test]
fn a_remove_wins_over_an_insert_that_had_not_seen_it_even_of_what_was_never_in() {
    assert_eq!(at_once(RemoveWinsSet, &[], &["insert x into k"], &["remove x from k"]), "{}");
    assert_eq!(at_once(RemoveWinsSet, &["remove x from k"], &["insert x into k"], &["insert y into k"]), "{x, y}");
    assert_eq!(at_once(RemoveWinsSet, &["insert x into k"], &["insert x into k"], &["remove x from k"]), "{}");
}

#[test]
fn what_only_grows_has_all() {
    assert_eq!(at_once(GrowOnlySet, &["insert x into k"], &["insert y into k"], &["insert x into k"]), "{x, y}");
    assert_eq!(at_once(GrowOnlyCounter, &["add 1 to k"], &["add 2 to k"], &["add 3 to k", "add 0 to k"]), "6");
    let [mut a, _] = pair(GrowOnlyCounter);
    assert_eq!(ask(&mut a, "subtract 1 from k").unwrap_err(), "a grow-only counter does not shrink");
    a.write("k", Op::Add(i64::MAX)).unwrap();
    assert_eq!(ask(&mut a, "add 1 to k").unwrap_err(), "the counter is full");
    assert_eq!(a.read("k"), Reading::Total(i64::MAX));
    let [mut a, _] = pair(GrowOnlySet);
    assert_eq!(ask(&mut a, "remove x from k").unwrap_err(), "nothing is taken from a grow-only set");
}

#[test]
fn the_greatest_and_the_least_stand() {
    assert_eq!(at_once(MaxRegister, &["raise k to 5"], &["raise k to -7"], &["raise k to 6"]), "6");
    assert_eq!(at_once(MinRegister, &["lower k to 5"], &["lower k to -7"], &["lower k to 6"]), "-7");
    assert_eq!(pair(MaxRegister)[0].read("k"), Reading::Nothing);
}

#[test]
fn writes_to_two_fields_do_not_conflict() {
    let (a, b) = (["in k, set name = Ann"], ["in k, set seat = 12"]);
    assert_eq!(at_once(LastWriteMap, &[], &a, &b), "{name: Ann, seat: 12}");
    assert_eq!(at_once(LastWriteMap, &a, &["remove name from k"], &b), "{seat: 12}");
    // Equal times: B's id is the higher.
    assert_eq!(at_once(LastWriteMap, &a, &["remove name from k"], &["in k, set name = Bob"]), "{name: Bob}");
    assert_eq!(at_once(LastWriteMap, &a, &["in k, set name = Bob"], &["in k, delete name"]), "{}");
    let [mut a, _] = pair(LastWriteMap);
    let refusal = ask(&mut a, "in k, add 1 to likes").unwrap_err();
    assert_eq!(refusal, "the fields of this map are registers: set or delete them");
}

#[test]
fn to_remove_a_field_takes_back_what_was_seen_of_it_and_no_more() {
    let (add, remove) = (["in k, add 5 to n"], ["remove n from k"]);
    assert_eq!(at_once(ObservedRemoveMap, &["in k, add 1 to n"], &add, &remove), "{n: 5}");
    assert_eq!(at_once(ObservedRemoveMap, &["in k, add 1 to n"], &remove, &remove), "{}");
    assert_eq!(at_once(ObservedRemoveMap, &[], &["in k, set n = 1"], &["in k, set n = 2"]), "{n: 1 | 2}");
    let tags = ["in k, insert red into t", "in k, insert blue into t"];
    assert_eq!(at_once(ObservedRemoveMap, &tags, &["in k, insert red into t"], &["remove t from k"]), "{t: {red}}");
    assert_eq!(at_once(ObservedRemoveMap, &tags, &["in k, remove red from t"], &[tags[0]]), "{t: {blue, red}}");
    assert_eq!(at_once(ObservedRemoveMap, &[], &["in k, set n = 1"], &add), "{n: 1, n: 5}");
    assert_eq!(at_once(ObservedRemoveMap, &["in k, set n = 1"], &["in k, delete n"], &add), "{n: 5}");
}

#[test]
fn rights_are_spent_once_wherever_they_are() {
    let [mut a, mut b] = pair(BoundedCounter);
    ask(&mut a, "add 2 to k").unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(ask(&mut b, "subtract 1 from k").unwrap_err(), "B has the right to 0, not to 1: it needs a transfer");
    ask(&mut a, "transfer 1 of k to B").unwrap();
    assert_eq!(ask(&mut a, "transfer 2 of k to B").unwrap_err(), "A has the right to 1, not to 2: it needs a transfer");
    assert_eq!(ask(&mut b, "subtract 1 from k").unwrap_err(), "B has the right to 0, not to 1: it needs a transfer");
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    ask(&mut b, "subtract 1 from k").unwrap();
    ask(&mut a, "subtract 1 from k").unwrap();
    assert!(ask(&mut a, "subtract 1 from k").is_err());
    assert_eq!((a.read("k"), b.read("k")), (Reading::Total(1), Reading::Total(1)));
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(b.read("k"), Reading::Total(0));
    assert!([A, B].iter().all(|id| b.state("k").unwrap().rights(*id) == 0));
}

#[test]
fn a_transfer_that_leads_nowhere_is_refused_and_changes_nothing() {
    let [mut a, _] = pair(BoundedCounter);
    ask(&mut a, "add 2 to k").unwrap();
    let before = a.clone();
    assert_eq!(ask(&mut a, "transfer 1 of k to A").unwrap_err(), "A cannot transfer to itself");
    assert_eq!(ask(&mut a, "transfer 1 of k to C").unwrap_err(), "there is no master C to transfer to");
    for amount in [i64::MAX, i64::MIN] {
        assert!(a.write("k", Op::Add(amount)).is_err());
    }
    assert!(a.write("k", Op::Transfer { amount: u64::MAX, to: B }).is_err());
    assert_eq!(a, before);
}

#[test]
fn stock_sold_at_once_was_never_more_than_there_was() {
    let before = ["add 3 to k", "transfer 1 of k to B"];
    assert_eq!(at_once(BoundedCounter, &before, &["subtract 2 from k"], &["subtract 1 from k"]), "0");
    assert_eq!(at_once(BoundedCounter, &before, &["transfer 2 of k to B"], &["transfer 1 of k to A"]), "3");
}

#[test]
fn what_is_no_operation_of_a_type_is_refused_and_changes_nothing() {
    fn refuses<R: Resolver>(rule: R, right: &str, wrong: &[&str]) {
        let [mut a, _] = pair(rule);
        ask(&mut a, right).unwrap();
        let before = a.clone();
        for text in wrong.iter().chain(&["set k = 1", "delete k"]) {
            assert!(ask(&mut a, text).unwrap_err().starts_with("this rule does not take "), "{text}");
        }
        assert_eq!(a, before);
    }
    refuses(EnableWinsFlag, "disable k", &["add 1 to k", "remove x from k"]);
    refuses(DisableWinsFlag, "disable k", &["add 1 to k", "remove x from k"]);
    refuses(RemoveWinsSet, "remove x from k", &["add 1 to k", "enable k"]);
    refuses(GrowOnlySet, "insert x into k", &["add 1 to k", "raise k to 1"]);
    refuses(GrowOnlyCounter, "add 1 to k", &["insert x into k", "transfer 1 of k to B"]);
    refuses(BoundedCounter, "add 1 to k", &["insert x into k", "in k, add 1 to f"]);
    refuses(MaxRegister, "raise k to 1", &["lower k to 1", "add 1 to k"]);
    refuses(MinRegister, "lower k to 1", &["raise k to 1", "add 1 to k"]);
    refuses(LastWriteMap, "remove f from k", &["insert f into k", "add 1 to k"]);
    refuses(ObservedRemoveMap, "remove f from k", &["insert f into k", "add 1 to k"]);
}

#[test]
fn by_wall_clocks_the_later_time_wins_and_of_equal_ones_the_later_timestamp() {
    let read = |before: &[&str], at_a: &[&str], at_b: &[&str]| at_once(LastWriteWall, before, at_a, at_b);
    assert_eq!(read(&[], &["at 9, set k = a"], &["at 1, set k = b"]), "a");
    assert_eq!(read(&[], &["at 1, set k = a"], &["at 9, set k = b"]), "b");
    assert_eq!(read(&[], &["at 5, set k = a"], &["at 5, set k = b"]), "b");
    assert_eq!(read(&[], &["at 5, set k = x", "at 5, set k = a"], &["at 5, set k = b"]), "a", "at Lamport time 2");
    // Without a wall-clock time, the Lamport times count: here 2 and 1.
    assert_eq!(read(&[], &["set k = x", "set k = a"], &["set k = b"]), "a");
    assert_eq!(read(&[], &["at 2, set k = a"], &["set k = b"]), "a");
    assert_eq!(read(&["at 9, set k = x"], &["at 10, delete k"], &["at 8, set k = b"]), "-");
}

#[test]
fn a_clock_that_is_behind_makes_a_write_that_not_even_its_writer_reads() {
    let [mut a, _] = pair(LastWriteWall);
    ask(&mut a, "at 9, set k = first").unwrap();
    ask(&mut a, "at 3, set k = second").unwrap();
    ask(&mut a, "at 4, delete k").unwrap();
    assert_eq!((a.read("k"), a.log_len()), (value("first"), 3));
}

#[test]
fn each_field_goes_by_its_own_wall_clock_time() {
    let read = |at_a: &[&str], at_b: &[&str]| at_once(LastWriteMapWall, &[], at_a, at_b);
    let at_a = ["at 9, in k, set f = a", "at 1, in k, set g = a"];
    assert_eq!(read(&at_a, &["at 5, in k, set f = b", "at 5, in k, set g = b"]), "{f: a, g: b}");
    assert_eq!(read(&at_a, &["at 9, remove f from k"]), "{g: a}", "equal timestamps but for the master");
    assert_eq!(read(&at_a, &["at 10, remove f from k", "at 0, in k, set h = b"]), "{g: a, h: b}");
    let [mut a, _] = pair(LastWriteMapWall);
    assert!(ask(&mut a, "at 1, in k, add 1 to f").unwrap_err().contains("the fields of this map are registers"));
}
