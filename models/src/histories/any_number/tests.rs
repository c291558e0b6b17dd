//! Rules that are certified, and rules that must not be.

mod concrete;
mod refused;

use super::*;
use crate::node::any_rule::SerdeRule;
use crate::rules::systems;
use multimaster::{DisableWinsFlag, EnableWinsFlag, LastWriteWins, MultiValue, ObservedRemoveSet, RemoveWinsSet};

fn limits(masters: u16, lag: usize) -> Limits {
    Limits { masters, lag, windows: 10_000, time: Duration::from_secs(120) }
}

fn certified_within<R: SerdeRule>(rule: R, limits: Limits) -> Certificate {
    let erased = move |_| AnyRule::new(rule.clone());
    let requests = crate::histories::operations(&erased(MasterId(0)));
    let subject = Subject { rule: &erased, by_master: false, claims: Claims::Refuted, specification: None };
    certify(&subject, limits, requests).unwrap()
}

fn certified<R: SerdeRule>(rule: R, masters: u16, lag: usize) -> Certificate {
    certified_within(rule, limits(masters, lag))
}

/// The properties, other than convergence, that a rule violates, if all of its windows are explored.
fn violated(certificate: &Certificate) -> Vec<&'static str> {
    assert_eq!(certificate.obstacle, None);
    assert!(certificate.conflicts > 0 && certificate.covers(p::CONVERGENCE));
    let judged = certificate.judged.iter();
    judged.filter(|(_, history)| history.is_some()).map(|(property, _)| *property).collect()
}

#[test]
fn rules_that_compare_and_keep_little_are_certified() {
    for masters in [2, 3] {
        assert_eq!(violated(&certified(EnableWinsFlag, masters, 2)), [""; 0]);
        assert_eq!(violated(&certified(DisableWinsFlag, masters, 2)), [p::NO_POLICY_LOSS]);
    }
    assert_eq!(violated(&certified(LastWriteWins, 2, 2)), [p::NO_POLICY_LOSS]);
    assert_eq!(violated(&certified(ObservedRemoveSet, 2, 2)), [""; 0]);
    assert_eq!(violated(&certified(RemoveWinsSet, 2, 2)), [p::NO_POLICY_LOSS]);
    assert_eq!(violated(&certified(systems::CassandraCell::default(), 2, 2)), [p::NO_POLICY_LOSS]);
}

/// The larger explorations, whose figures are in `docs/any-number.md`.
#[test]
#[ignore = "takes minutes"]
fn the_documented_certificates() {
    for (masters, lag) in [(2, 2), (2, 3), (3, 2), (3, 3), (2, 4)] {
        let within = || Limits { windows: 1_000_000, ..limits(masters, lag) };
        let all = [
            ("last-write", certified_within(LastWriteWins, within())),
            ("multi-value", certified_within(MultiValue, within())),
            ("set", certified_within(ObservedRemoveSet, within())),
            ("remove-wins-set", certified_within(RemoveWinsSet, within())),
            ("enable-wins-flag", certified_within(EnableWinsFlag, within())),
            ("disable-wins-flag", certified_within(DisableWinsFlag, within())),
            ("cassandra", certified_within(systems::CassandraCell::default(), within())),
            ("riak", certified_within(systems::RiakSiblings, within())),
        ];
        for (name, certificate) in all {
            println!("{name}, {masters} masters, lag {lag}: {}", certificate.in_words());
        }
    }
}
