//! Writes that repeat the present content: a rule may ignore them, and nothing is lost.

use crate::inputs::{checked, violated};
use multimaster::Kind;
use multimaster_models::properties::{CONVERGENCE, NO_CAUSAL_LOSS, NO_TOTAL_LOSS};
use multimaster_models::scenario::Scenario;
use multimaster_models::verify::rules;
use std::collections::BTreeMap;

fn named(rule: &str) -> String {
    format!("rule = \"{rule}\"")
}

fn takes(rule: &str, ask: &str) -> bool {
    let text = format!(
        "about = \"\"\nmasters = 2\ntopology = \"all-to-all\"\nlink = \"stream\"\nrule = \"{rule}\"\n[clients]\nA = [\"{ask}\"]\n"
    );
    Scenario::parse("mine", "mine.toml", &text).is_ok()
}

/// The requests that the rule accepts, as the script of one client.
fn script(rule: &str, asks: &[&str]) -> String {
    let asks: Vec<String> = asks.iter().filter(|ask| takes(rule, ask)).map(|ask| format!("\"{ask}\"")).collect();
    format!("[{}]", asks.join(", "))
}

/// Requests that repeat the present content, or remove something absent.
fn again(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Register => &["delete k", "set k = 1", "set k = 1", "delete k", "delete k"],
        // Cassandra ignores an add after a delete: that add is lost.
        Kind::Counter | Kind::GrowOnlyCounter | Kind::DeletableCounter => {
            &["add 0 to k", "add 1 to k", "delete k", "delete k"]
        }
        Kind::BoundedCounter => &["add 0 to k", "add 2 to k", "transfer 1 of k to A", "transfer 1 of k to B"],
        Kind::Set | Kind::GrowOnlySet => {
            &["remove x from k", "insert x into k", "insert x into k", "remove x from k", "remove x from k"]
        }
        Kind::Flag => &["disable k", "enable k", "enable k", "disable k", "disable k"],
        Kind::Maximum => &["raise k to 2", "raise k to 2", "raise k to 1"],
        Kind::Minimum => &["lower k to 1", "lower k to 1", "lower k to 2"],
        Kind::Map => &["remove f from k", "in k, set f = 1", "in k, set f = 1", "remove f from k", "remove f from k"],
        other => panic!("no operations of the kind {other:?} here"),
    }
}

/// If only one master writes, no rule violates a property.
#[test]
fn one_writer_loses_nothing_by_saying_a_thing_twice() {
    let mut tried = BTreeMap::new();
    for rule in rules::all() {
        let asks = script(rule.name, again(rule.kind()));
        assert!(asks.matches('"').count() >= 4, "{}: {asks}", rule.name);
        let checked = checked(2, &named(rule.name), &format!("A = {asks}"));
        assert_eq!(violated(&checked), [].into(), "{}: {asks}", rule.name);
        *tried.entry(format!("{:?}", rule.kind())).or_insert(0) += 1;
    }
    assert!(tried.len() == 11 && tried["Register"] > 20, "{tried:?}");
}

/// Two masters that write the same value do not compete: a reader sees the value, whichever write is kept.
#[test]
fn of_equal_values_neither_is_lost() {
    for rule in rules::all().iter().filter(|rule| rule.kind() == Kind::Register) {
        let clients = "A = [\"set k = 1\", \"set k = 1\"]\nB = [\"set k = 1\"]";
        let checked = checked(2, &named(rule.name), clients);
        assert_eq!(violated(&checked), [].into(), "{}", rule.name);
    }
}

/// An update to the present value is no write in MySQL and cr-sqlite: the other value wins over the first write
/// alone, which is concurrent to it.
#[test]
fn an_equal_update_beside_another_value_is_lost_by_policy_at_most() {
    for rule in ["mysql", "cr-sqlite"] {
        let clients = "A = [\"set k = 1\", \"set k = 1\"]\nB = [\"set k = 2\", \"set k = 2\"]";
        let found = violated(&checked(2, &named(rule), clients));
        assert_eq!((found.get(NO_CAUSAL_LOSS), found.get(NO_TOTAL_LOSS)), (None, None), "{rule}: {found:?}");
        assert_eq!(found.contains_key(CONVERGENCE), rule == "mysql", "{found:?}");
    }
}

/// A delete of an absent value, while another master writes it.
#[test]
fn a_delete_that_removed_nothing_is_not_lost_to_a_write_that_it_had_not_seen() {
    for rule in rules::all().iter().filter(|rule| takes(rule.name, "delete k") && rule.kind() == Kind::Register) {
        let found = violated(&checked(2, &named(rule.name), "A = [\"delete k\"]\nB = [\"set k = 1\"]"));
        assert_eq!((found.get(NO_CAUSAL_LOSS), found.get(NO_TOTAL_LOSS)), (None, None), "{}", rule.name);
    }
}
