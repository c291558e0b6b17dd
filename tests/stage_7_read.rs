//! Stage 7 of a write's life: a reader reads its value, or the value that the rule computed.

mod common;

use common::*;
use multimaster::{
    ArrivalWins, Counter, Custom, CustomMerged, Keep, LastWriteWins, MultiValue, ObservedRemoveSet, Op, Outcome,
    Reading, Replica, Resolver, Topology, Version,
};

/// Two masters concurrently write `x`, and then receive each other's write.
fn concurrently<R: Resolver>(rule: R, at_a: &Op, at_b: &Op) -> [Replica<R>; 2] {
    let [mut a, mut b] = pair(rule);
    a.write("x", at_a.clone()).unwrap();
    b.write("x", at_b.clone()).unwrap();
    let (to_b, to_a) = (next(&mut a, B), next(&mut b, A));
    assert!(is_new(a.receive(B, to_a)));
    assert!(is_new(b.receive(A, to_b)));
    [a, b]
}

#[track_caller]
fn both_read<R: Resolver>([a, b]: [Replica<R>; 2], reading: Reading) {
    assert_eq!([a.read("x"), b.read("x")], [reading.clone(), reading]);
}

#[test]
fn a_key_never_written_reads_as_nothing() {
    assert_eq!(pair(ArrivalWins)[0].read("x"), Reading::Nothing);
    assert_eq!(pair(LastWriteWins)[0].read("x"), Reading::Nothing);
    assert_eq!(pair(MultiValue)[0].read("x"), Reading::Nothing);
    assert_eq!(pair(Custom(lower_seat))[0].read("x"), Reading::Nothing);
    assert_eq!(pair(CustomMerged(lower_seat))[0].read("x"), Reading::Nothing);
    assert_eq!(pair(Counter)[0].read("x"), Reading::Total(0));
    assert_eq!(pair(ObservedRemoveSet)[0].read("x"), elements([]));
}

#[test]
fn a_deleted_key_reads_as_nothing() {
    fn deleted<R: Resolver>(rule: R) {
        let [mut a, mut b] = pair(rule);
        a.write("x", set("1")).unwrap();
        a.write("x", Op::Delete).unwrap();
        assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
        both_read([a, b], Reading::Nothing);
    }
    deleted(ArrivalWins);
    deleted(LastWriteWins);
    deleted(MultiValue);
    deleted(Custom(lower_seat));
    deleted(CustomMerged(lower_seat));
}

#[test]
fn arrival_wins_reads_what_came_last_so_masters_disagree_for_ever() {
    let [a, b] = concurrently(ArrivalWins, &set("1"), &set("2"));
    assert_eq!([a.read("x"), b.read("x")], [value("2"), value("1")]);
    assert_eq!(a.digest(), b.digest());
}

#[test]
fn last_write_wins_reads_the_latest_timestamp_and_of_equal_times_the_higher_master() {
    both_read(concurrently(LastWriteWins, &set("1"), &set("2")), value("2"));
    let [mut a, mut b] = pair(LastWriteWins);
    a.write("y", set("earlier")).unwrap();
    a.write("x", set("1")).unwrap();
    b.write("x", set("2")).unwrap();
    assert_eq!(carry(&mut b, &mut a), Outcome::Stale);
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    both_read([a, b], value("1"));
}

#[test]
fn last_write_wins_lets_a_later_delete_win() {
    both_read(concurrently(LastWriteWins, &set("1"), &Op::Delete), Reading::Nothing);
    both_read(concurrently(LastWriteWins, &Op::Delete, &set("2")), value("2"));
}

#[test]
fn multi_value_reads_all_concurrent_writes_in_timestamp_order() {
    let both = Reading::Values(vec!["1".into(), "2".into()]);
    both_read(concurrently(MultiValue, &set("1"), &set("2")), both);
}

#[test]
fn multi_value_reads_one_value_once_a_writer_has_seen_all() {
    let [mut a, mut b] = concurrently(MultiValue, &set("1"), &set("2"));
    b.write("x", set("3")).unwrap();
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    both_read([a, b], value("3"));
}

#[test]
fn multi_value_keeps_what_a_delete_had_not_seen() {
    both_read(concurrently(MultiValue, &set("1"), &Op::Delete), value("1"));
}

#[test]
fn multi_value_takes_a_delete_of_nothing_as_stale() {
    let [mut a, mut b] = pair(MultiValue);
    a.write("x", Op::Delete).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Stale);
    both_read([a, b], Reading::Nothing);
}

#[test]
fn custom_reads_the_lower_seat_and_of_equal_seats_the_earlier_booking() {
    let rule = Custom(lower_seat);
    both_read(concurrently(rule, &set("7 Ann"), &set("5 Bob")), value("5 Bob"));
    both_read(concurrently(rule, &set("5 Ann"), &set("5 Bob")), value("5 Ann"));
    both_read(concurrently(rule, &set("anywhere"), &set("99 Bob")), value("99 Bob"));
}

#[test]
fn custom_reads_what_your_function_makes_of_both() {
    let join = |first: &Version, second: &Version| {
        let [first, second] = [first, second].map(|version| version.value.as_deref().unwrap_or_default());
        Keep::Both(format!("{first}+{second}").into())
    };
    let [a, b] = concurrently(Custom(join), &set("1"), &set("2"));
    assert!([dot(A, 1), dot(B, 1)].iter().all(|dot| a.rule().shows(a.state("x").unwrap(), *dot)));
    both_read([a, b], value("1+2"));
}

/// At A seat 5 overwrites seat 3; at B seat 4 is concurrent to both. B and C receive 3 and 4 before 5.
fn overwritten_booking<R: Resolver>(rule: R) -> [Reading; 3] {
    let [mut a, mut b, mut c] = cluster(rule, Topology::all_to_all(3));
    a.write("x", set("3 Ann")).unwrap();
    b.write("x", set("4 Bob")).unwrap();
    assert_eq!(carry(&mut a, &mut c), Outcome::Applied);
    assert_eq!(carry(&mut b, &mut c), Outcome::Applied);
    a.write("x", set("5 Ann")).unwrap();
    assert_eq!(carry(&mut a, &mut c), Outcome::Applied);
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    assert_eq!(carry(&mut b, &mut a), Outcome::Applied);
    assert!(a.digest() == b.digest() && b.digest() == c.digest());
    [a, b, c].map(|master| master.read("x"))
}

#[test]
fn custom_reads_the_same_everywhere_and_custom_merged_a_superseded_value_at_some() {
    let [ann, bob] = [value("3 Ann"), value("4 Bob")];
    assert_eq!(overwritten_booking(Custom(lower_seat)), [bob.clone(), bob.clone(), bob.clone()]);
    assert_eq!(overwritten_booking(CustomMerged(lower_seat)), [bob, ann.clone(), ann]);
}

#[test]
fn a_counter_reads_the_sum_of_all_masters() {
    both_read(concurrently(Counter, &Op::Add(5), &Op::Add(-7)), Reading::Total(-2));
}

#[test]
fn a_counter_reads_the_end_of_the_range_if_the_sum_lies_beyond() {
    both_read(concurrently(Counter, &Op::Add(i64::MAX), &Op::Add(2)), Reading::Total(i64::MAX));
    both_read(concurrently(Counter, &Op::Add(-i64::MAX), &Op::Add(-2)), Reading::Total(i64::MIN));
}

#[test]
fn adding_nothing_to_a_counter_is_stale() {
    let [mut a, mut b] = pair(Counter);
    a.write("x", Op::Add(0)).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Stale);
    both_read([a, b], Reading::Total(0));
}

#[test]
fn a_set_keeps_what_is_inserted_concurrently_to_its_remove() {
    let [mut a, mut b] = concurrently(ObservedRemoveSet, &insert("red"), &insert("green"));
    a.write("x", remove("red")).unwrap();
    a.write("x", remove("green")).unwrap();
    b.write("x", insert("red")).unwrap();
    let (to_b, to_a) = (next(&mut a, B), next(&mut b, A));
    assert!(is_new(a.receive(B, to_a)));
    assert!(is_new(b.receive(A, to_b)));
    both_read([a, b], elements(["red"]));
}

#[test]
fn removing_what_is_not_in_is_stale_and_takes_out_no_later_insert() {
    let [mut a, mut b] = pair(ObservedRemoveSet);
    a.write("x", remove("red")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Stale);
    a.write("x", insert("red")).unwrap();
    assert_eq!(carry(&mut a, &mut b), Outcome::Applied);
    both_read([a, b], elements(["red"]));
}

#[test]
fn the_readings_are_in_order_all_keys_that_do_not_read_as_if_never_written() {
    let [mut a, _] = pair(LastWriteWins);
    for key in ["b", "c", "a"] {
        a.write(key, set(key)).unwrap();
    }
    a.write("c", Op::Delete).unwrap();
    let readings: Vec<_> = a.readings().map(|(key, reading)| (key.to_string(), reading)).collect();
    assert_eq!(readings, [("a".into(), value("a")), ("b".into(), value("b"))]);
    assert!(a.state("c").is_some(), "a tombstone stays");
}

#[test]
fn what_was_deleted_without_a_tombstone_leaves_no_trace() {
    let [mut a, _] = pair(MultiValue);
    a.write("x", set("1")).unwrap();
    a.write("x", Op::Delete).unwrap();
    assert_eq!(a.state("x"), None);
    let [mut a, _] = pair(ObservedRemoveSet);
    a.write("x", insert("red")).unwrap();
    a.write("x", remove("red")).unwrap();
    assert_eq!(a.state("x"), None);
}

/// C receives `at_a` and `at_b` in either order, passes both on, and truncates its log.
#[track_caller]
fn order_leaves_no_trace<R: Resolver>(rule: R, at_a: (&str, Op), at_b: (&str, Op)) {
    let [mut a, mut b, c] = cluster(rule, Topology::all_to_all(3));
    a.write(at_a.0, at_a.1).unwrap();
    b.write(at_b.0, at_b.1).unwrap();
    let of = [(A, next(&mut a, C)), (B, next(&mut b, C))];
    let [one, other] = [[0, 1], [1, 0]].map(|order| {
        let mut c = c.clone();
        for (from, message) in order.map(|place| of[place].clone()) {
            assert_eq!(c.receive(from, message), Outcome::Applied);
        }
        let _sent = [A, B].map(|peer| next(&mut c, peer));
        c.truncate(0);
        print(&c)
    });
    assert_eq!(one, other);
}

#[test]
fn the_order_of_independent_writes_leaves_no_trace_in_hash_or_serialization() {
    order_leaves_no_trace(LastWriteWins, ("x", set("1")), ("y", set("2")));
    order_leaves_no_trace(MultiValue, ("x", set("1")), ("x", set("2")));
    order_leaves_no_trace(Custom(lower_seat), ("x", set("1")), ("x", set("2")));
    order_leaves_no_trace(Counter, ("x", Op::Add(1)), ("x", Op::Add(-1)));
    order_leaves_no_trace(ObservedRemoveSet, ("x", insert("red")), ("x", insert("green")));
    order_leaves_no_trace(ObservedRemoveSet, ("x", insert("red")), ("x", insert("red")));
}
