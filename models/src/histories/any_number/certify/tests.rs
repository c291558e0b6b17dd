//! Rules that are certified, and rules that must not be.

mod concrete;
mod refused;

use super::*;
use crate::rules::systems;
use multimaster::{DisableWinsFlag, EnableWinsFlag, LastWriteWins, MultiValue, ObservedRemoveSet, RemoveWinsSet};

fn limits(masters: u16, lag: usize) -> Limits {
    Limits { windows: 10_000, ..Limits::new(masters, lag) }
}

fn certified<R: SerdeRule>(rule: R, masters: u16, lag: usize) -> Certificate {
    of(rule, limits(masters, lag)).unwrap()
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
    for (masters, lag) in [(2, 2), (3, 2), (2, 3)] {
        let within = || Limits::new(masters, lag);
        let all = [
            ("last-write", of(LastWriteWins, within())),
            ("multi-value", of(MultiValue, within())),
            ("set", of(ObservedRemoveSet, within())),
            ("remove-wins-set", of(RemoveWinsSet, within())),
            ("enable-wins-flag", of(EnableWinsFlag, within())),
            ("disable-wins-flag", of(DisableWinsFlag, within())),
            ("cassandra", of(systems::CassandraCell::default(), within())),
            ("riak", of(systems::RiakSiblings, within())),
        ];
        for (name, certificate) in all {
            let certificate = certificate.unwrap();
            println!("{name}, {masters} masters, lag {lag}: {}", certificate.in_words());
            assert!(certificate.is_given(), "{name}");
        }
    }
}
