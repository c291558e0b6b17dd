//! Witnesses can fail: if a situation cannot occur, its witness is reported as unreached.

use multimaster::{BoundedCounter, LastWriteWins, Outcome, VersionVector};
use multimaster_models::check::engine::{Limits, Verdict, explore};
use multimaster_models::mutants::scopes::{self, *};
use multimaster_models::node::tamper::Tamper;
use multimaster_models::properties as p;
use multimaster_models::scope::{Clocks, Collected, Failures, LinkKind, Scope, Session};
use multimaster_models::world::cluster::ClusterModel;

fn verdict(cluster: &ClusterModel, witness: &str) -> Option<Verdict> {
    let report = explore(cluster, Limits::default(), |_, _| {});
    assert_eq!(report.cut, None);
    report.verdict(witness).cloned()
}

fn unreached(scope: Scope, witness: &str) {
    assert_eq!(verdict(&ClusterModel::new(scope, LastWriteWins), witness), Some(Verdict::Violated(None)), "{witness}");
}

fn unreached_if(tamper: Tamper, scope: Scope, witness: &str) {
    let cluster = ClusterModel::new(scope, LastWriteWins).tampered(tamper);
    assert_eq!(verdict(&cluster, witness), Some(Verdict::Violated(None)), "{witness}");
}

/// The witness is not requested either.
fn absent(scope: Scope, witness: &str) {
    assert_eq!(verdict(&ClusterModel::new(scope, LastWriteWins), witness), None, "{witness}");
}

/// No message of a master is sent.
fn mute() -> Tamper {
    Tamper { send: |_, _, _| false, ..Tamper::default() }
}

#[test]
fn one_writer_has_no_conflict() {
    unreached(all_to_all(DATAGRAM, &[&["set k = 1", "set k = 2"]]), p::CONFLICT);
}

#[test]
fn two_keys_have_no_conflict() {
    unreached(pair(DATAGRAM, &[&["set k = 1"], &["set j = 2"]]), p::CONFLICT);
}

#[test]
fn masters_that_throw_away_what_arrives_ask_for_ever_and_never_rest() {
    let deaf = Tamper { receive: |_, _, _| Outcome::Stale, ..Tamper::default() };
    unreached_if(deaf, pair(DATAGRAM, &[&["set k = 1"]]), p::QUIESCENCE);
}

#[test]
fn without_writes_there_is_nothing_to_repair() {
    unreached(pair(DATAGRAM, &[]), p::LACK);
}

#[test]
fn one_writer_depends_on_nobody() {
    unreached(all_to_all(DATAGRAM, &[&["set k = 1", "set k = 2"]]), p::DEPENDENCY);
}

#[test]
fn a_change_that_is_not_sent_is_not_seen_by_all() {
    unreached_if(mute(), pair(DATAGRAM, &[&["set k = 1"]]), p::RELAYED);
}

#[test]
fn a_message_that_is_not_sent_is_not_lost() {
    unreached_if(mute(), pair(LOSSY, &[&["set k = 1"]]), p::LOSS);
}

#[test]
fn a_message_that_is_not_sent_is_not_repeated() {
    unreached_if(mute(), pair(REPEATING, &[&["set k = 1"]]), p::DUPLICATE);
}

#[test]
fn a_lone_write_builds_on_nothing() {
    unreached(pair(LOSSY, &[&["set k = 1"]]), p::GAP);
    unreached(pair(LinkKind::Soup, &[&["set k = 1"]]), p::GAP);
}

#[test]
fn one_writer_crosses_nobody() {
    unreached(keeping(0, pair(DATAGRAM, &[&["set k = 1", "set k = 2"]])), p::CROSSED);
}

#[test]
fn a_log_that_keeps_all_makes_no_snapshots_to_cross() {
    unreached(keeping(9, pair(DATAGRAM, &[&["set k = 1"], &["set k = 2"]])), p::CROSSED);
}

#[test]
fn a_lone_write_makes_no_batch() {
    unreached(Scope { batch: 2, ..pair(STREAM, &[&["set k = 1"]]) }, p::BATCH);
}

#[test]
fn who_sells_only_its_own_is_refused_nothing() {
    let scope = pair(STREAM, &[&["add 1 to stock", "subtract 1 from stock"], &["add 1 to stock"]]);
    assert_eq!(verdict(&ClusterModel::new(scope, BoundedCounter), p::REFUSAL), Some(Verdict::Violated(None)));
    absent(pair(STREAM, &[&["set k = 1"]]), p::REFUSAL);
}

#[test]
fn what_a_rule_has_not_is_not_asked_of_it() {
    absent(pair(STREAM, &[&["set k = 1"]]), p::SPECIFICATION);
    absent(pair(STREAM, &[&["set k = 1"]]), p::NO_OVERSELLING);
}

#[test]
fn faults_that_a_scope_does_not_allow_are_not_asked_for() {
    let writes: &[&[&str]] = &[&["set k = 1"]];
    absent(pair(STREAM, writes), p::RESET);
    absent(pair(DATAGRAM, writes), p::LOSS);
    absent(pair(DATAGRAM, writes), p::DUPLICATE);
    absent(pair(STREAM, writes), p::GAP);
    absent(pair(STREAM, writes), p::BATCH);
    absent(pair(STREAM, writes), p::CROSSED);
}

/// A cut may happen, but no path is named; a crash may happen, but no master is named.
#[test]
fn what_cannot_fail_does_not() {
    let pair = || pair(DATAGRAM, &[&["set k = 1"]]);
    let failing = |failures| Scope { failures, ..pair() };
    unreached(failing(Failures { cuts: 1, ..Failures::default() }), p::CUT);
    unreached(failing(Failures { crashes: 1, ..Failures::default() }), p::CRASH);
    let session = Session { name: "ann".into(), at: vec![], calls: vec![], token: false };
    unreached(Scope { sessions: vec![session], ..pair() }, p::FAILOVER);
    let writes: &[&[&str]] = &[&["set k = 1", "delete k"]];
    let never_seen_by_all = Tamper { seen_by_all: |_| VersionVector::default(), ..Tamper::default() };
    let collecting = |collected| Scope { collected, ..scopes::pair(DATAGRAM, writes) };
    unreached_if(never_seen_by_all, collecting(Collected::WhenAllHaveSeen), p::COLLECTED);
    absent(collecting(Collected::Never), p::COLLECTED);
    let limited = Clocks::HybridUpTo { limit: 10, then: Some(20) };
    unreached(Scope { clocks: limited, ..scopes::pair(DATAGRAM, &[&["at 10, set k = 1"]]) }, p::TOO_LATE);
    absent(pair(), p::TOO_LATE);
    absent(pair(), p::FAILOVER);
    absent(pair(), p::CUT);
    absent(pair(), p::CRASH);
}
