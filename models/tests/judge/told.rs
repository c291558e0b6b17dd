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

#[test]
fn all_forms_of_a_jepsen_history_are_one() {
    let read = |text: &str| j::reader("h", text.as_bytes(), &Options::default()).unwrap();
    let plain =
        "{:type :ok, :f :write, :value [\"x\" 1], :process 0}\n{:type :ok, :f :read, :value [\"x\" 2], :process 1}";
    let wanted = read(plain).findings;
    assert_eq!(violated(&read(plain)), [j::NO_INVENTION]);
    for (from, to) in [
        ("[\"x\"", "#clojure.lang.MapEntry[\"x\""),
        ("[\"x\"", "#jepsen.independent.Tuple[\"x\""),
        ("{:type", "#jepsen.history.Op{:type"),
        ("{:type", "{:error [:timeout \"a \\\" b\"], :type"),
        ("\n", "\n{:type :info, :f :kill, :process :nemesis, :value nil}"),
    ] {
        let lines = |report: j::Report| report.findings.into_iter().map(|finding| (finding.property, finding.judged));
        assert!(lines(read(&plain.replace(from, to))).eq(wanted.iter().map(|f| (f.property, f.judged))), "{to}");
    }
    assert_eq!(read(&format!("[{plain}]")).findings, wanted);
    let tuple = plain.replace("[\"x\" 1]", "#jepsen.independent.Tuple{:key \"x\", :value 1}");
    assert_eq!(read(&tuple).findings, wanted);
}

#[test]
fn the_parts_of_a_transaction_are_judged() {
    let lost = "0 txn [[\"append\",\"x\",1],[\"append\",\"x\",2]] \n 1 txn [[\"r\",\"x\",[1]]]";
    assert_eq!(violated(&judged(&events(lost), &Options::default())), [j::NO_LOST_WRITE]);
    let torn = "0 txn [[\"w\",\"x\",1],[\"w\",\"y\",2]] \n 1 txn [[\"r\",\"y\",2],[\"r\",\"x\",null]]";
    assert_eq!(violated(&judged(&events(torn), &Options::default())), [j::NO_LOST_WRITE, j::MONOTONIC_WRITES]);
}

#[test]
fn only_reads_that_the_user_calls_final_are_final() {
    let line = |time: u64, f: &str, value: &str, rest: &str| {
        format!("{{\"process\":0,\"type\":\"ok\",\"f\":\"{f}\",\"value\":{value},\"time\":{time}{rest}}}\n")
    };
    let lost = |text: &str, settle: u64| {
        let options = Options { settle: std::time::Duration::from_nanos(settle), ..Options::default() };
        let report = j::reader("h", text.as_bytes(), &options).unwrap();
        report.findings.into_iter().find(|finding| finding.property == j::NO_LOST_WRITE).unwrap()
    };
    let text = [line(5, "insert", "1", ""), line(9, "read", "[]", "")].concat();
    assert!(matches!(lost(&text, 4).verdict, Verdict::Violated { .. }));
    assert!(matches!(lost(&text, 5).verdict, Verdict::NotJudged { .. }));
    let flagged = [text, line(9, "read", "[1]", ",\"final\":true")].concat();
    assert_eq!(lost(&flagged, 0).verdict, Verdict::Holds);
}
