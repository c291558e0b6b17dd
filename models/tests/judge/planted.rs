//! Each anomaly is found by its property, and by no other.

use super::written::{events, judged, violated};
use multimaster_models::judge::{self as j, Options};

/// The name of the anomaly, the property that rejects it, and the history.
const PLANTED: [(&str, &str, &str); 30] = [
    ("an addition is lost", j::NO_LOST_WRITE, "0 add 1 \n 1 add 2 \n 0 read [1] \n 2 read [1]"),
    ("a removal is lost", j::NO_LOST_WRITE, "0 add 1 \n 1 read [1] \n 1 remove 1 \n 0 read [1]"),
    ("a write is lost to an earlier one", j::NO_LOST_WRITE, "0 write x=1 \n 1 write x=2 \n 2 read x=1"),
    ("all writes are lost", j::NO_LOST_WRITE, "0 write x=1 \n 2 read x=null"),
    ("a compare-and-set is lost", j::NO_LOST_WRITE, "0 write x=1 \n 1 cas x=[1,2] \n 2 read x=1"),
    ("a delete is lost", j::NO_LOST_WRITE, "0 write x=1 \n 1 write x=null \n 2 read x=1"),
    ("a broadcast is lost", j::NO_LOST_WRITE, "0 broadcast 1 \n 1 broadcast 2 \n 2 read [1]"),
    ("sets differ at the end", j::AGREEMENT, "0 add 1 \n 1 add 2 \n 2 read [1,2] \n 3 read [2]"),
    ("lists differ at the end", j::AGREEMENT, "0 append 1 \n 1 append 2 \n 2 read [1,2] \n 3 read [2,1]"),
    (
        "registers differ at the end",
        j::AGREEMENT,
        "begin 0 write x=1 \n begin 1 write x=2 \n end 0 write x=1 \n end 1 write x=2 \n 2 read x=1 \n 3 read x=2",
    ),
    ("an increment is lost", j::COUNTER_BOUNDS, "0 increment 2 \n 1 increment 3 \n 2 read 3"),
    ("a value that nobody wrote", j::NO_INVENTION, "0 write x=1 \n 1 read x=7"),
    ("a value of a failed write", j::NO_INVENTION, "0 write x=1 \n 1 write x=2 fail \n 2 read x=2 \n 2 read x=1"),
    ("a value read before its write begins", j::NO_INVENTION, "0 write x=1 \n 1 read x=2 \n 0 write x=2 \n 0 read x=2"),
    ("an element of a failed addition", j::NO_INVENTION, "0 add 1 \n 1 add 2 fail \n 2 read [1,2]"),
    ("an element that nobody added", j::NO_INVENTION, "0 add 1 \n 1 read [1,9]"),
    (
        "an element comes back",
        j::NO_RESURRECTION,
        "0 add 1 \n 1 read [1] \n 2 remove 1 \n 1 read [] \n 1 read [1] \n 0 add 2 \n 3 read [2]",
    ),
    (
        "a deleted value comes back",
        j::NO_RESURRECTION,
        "0 write x=1 \n 1 read x=1 \n 2 write x=null \n 1 read x=null \n 1 read x=1 \n 0 write x=2 \n 3 read x=2",
    ),
    ("an own addition is not read", j::READ_YOUR_WRITES, "0 add 1 \n 0 read [] \n 1 add 2 \n 0 read [1,2]"),
    ("an own removal is not read", j::READ_YOUR_WRITES, "0 add 1 \n 0 remove 1 \n 0 read [1] \n 1 add 2 \n 0 read [2]"),
    ("an own write is not read", j::READ_YOUR_WRITES, "0 write x=1 \n 0 read x=null \n 1 write x=2 \n 1 read x=2"),
    (
        "an own overwritten value is read",
        j::READ_YOUR_WRITES,
        "0 write x=1 \n 0 write x=2 \n 0 read x=1 \n 1 write x=3 \n 1 read x=3",
    ),
    ("an own increment is not read", j::READ_YOUR_WRITES, "0 increment 2 \n 0 read 1 \n 1 increment 1 \n 1 read 3"),
    ("an element disappears", j::MONOTONIC_READS, "0 add 1 \n 1 read [1] \n 1 read [] \n 0 add 2 \n 1 read [1,2]"),
    (
        "a register goes back and forth",
        j::MONOTONIC_READS,
        "begin 0 write x=1 \n begin 1 write x=2 \n 2 read x=1 \n 2 read x=2 \n 2 read x=1 \n end 0 write x=1 \n \
         end 1 write x=2 \n 3 read x=2",
    ),
    ("a counter goes down", j::MONOTONIC_READS, "0 increment 2 \n 1 read 2 \n 1 read 0 \n 0 increment 1 \n 1 read 3"),
    (
        "two writes are read in reverse",
        j::MONOTONIC_WRITES,
        "0 write x=1 \n 0 write x=2 \n 1 read x=2 \n 1 read x=1 \n 2 write x=3 \n 2 read x=3",
    ),
    (
        "an addition without the one before",
        j::MONOTONIC_WRITES,
        "0 add 1 \n 0 add 2 \n 1 read [2] \n 2 add 3 \n 1 read [1,2,3]",
    ),
    (
        "an answer without its question",
        j::WRITES_FOLLOW_READS,
        "0 write x=1 \n 1 read x=1 \n 1 write y=2 \n 2 read y=2 \n 2 read x=null \n 0 write x=3 \n 3 read x=3",
    ),
    (
        "an element without the one that its session had read",
        j::WRITES_FOLLOW_READS,
        "0 add 1 \n 1 read [1] \n 1 add 2 \n 2 read [2] \n 0 add 3 \n 3 read [1,2,3]",
    ),
];

#[test]
fn each_planted_anomaly_is_found_by_its_property_alone() {
    let mut wrong = String::new();
    for (name, property, words) in PLANTED {
        let report = judged(&events(words), &Options::default());
        let few = report.violated().all(|(_, times, shown)| times == 1 && (1..=5).contains(&shown.operations.len()));
        if violated(&report) != [property] || !few || report.is_fine() {
            wrong += &format!("{name}:\n{report}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
