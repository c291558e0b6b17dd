//! What a report says.

use super::written::{events, judged, violated};
use multimaster_models::judge::{self as j, Data, Options, Verdict};

/// The verdict on a property.
fn verdict(words: &str, property: &str) -> Verdict {
    let report = judged(&events(words), &Options::default());
    report.findings.into_iter().find(|finding| finding.property == property).unwrap().verdict
}

fn is_not_judged(words: &str, property: &str) {
    let found = verdict(words, property);
    assert!(matches!(found, Verdict::NotJudged { .. }), "{words}: {found:?}");
}

#[test]
fn what_cannot_be_known_is_not_judged() {
    is_not_judged("0 add 1 \n 1 add 2", j::NO_LOST_WRITE);
    is_not_judged("0 add 1 \n 1 remove 1 \n 2 read []", j::NO_LOST_WRITE);
    is_not_judged("0 write x=1 open \n 1 write x=2 \n 2 read x=1", j::NO_LOST_WRITE);
    is_not_judged("begin 0 write x=1 \n 1 write x=2 \n end 0 write x=1 \n 2 read x=1", j::READ_YOUR_WRITES);
    is_not_judged("0 increment 2 open \n 1 read 0 \n 2 read 2", j::AGREEMENT);
    is_not_judged("0 increment 2 \n 1 read 2", j::MONOTONIC_WRITES);
}

#[test]
fn a_history_without_reads_is_not_fine() {
    let report = judged(&events("0 write x=1 \n 1 write x=2"), &Options::default());
    assert!(violated(&report).is_empty() && !report.is_fine(), "{report}");
}

#[test]
fn counters_stay_within_their_bounds() {
    let bounds = |words: &str, least: Option<i64>| {
        let report =
            judged(&events(words), &Options { at_least: least, data: Some(Data::Counter), ..Options::default() });
        violated(&report)
    };
    assert_eq!(bounds("0 add 2 \n 1 add 3 \n 2 read 3", None), [j::COUNTER_BOUNDS]);
    assert_eq!(bounds("0 add 2 \n 2 read 4", None), [j::COUNTER_BOUNDS]);
    assert_eq!(bounds("0 add 2 \n 1 add -3 \n 2 read -1", Some(0)), [j::COUNTER_BOUNDS]);
    assert!(bounds("0 add 2 \n 1 add 3 info \n 2 read 5", Some(0)).is_empty());
    assert!(bounds("0 add 2 \n 1 add 3 info \n 2 read 2", Some(0)).is_empty());
}
