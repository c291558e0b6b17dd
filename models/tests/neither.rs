//! A rule of chat networks: two claims of one name with equal times cancel out, and neither is kept.

use multimaster::{Custom, CustomMerged, Keep, Reading, Replica, Topology, Version};
use multimaster::{Dot, MasterId, Outcome};
use multimaster_models::SerdeRule;
use multimaster_models::check::engine::{Limits, Report, Verdict, explore};
use multimaster_models::properties as p;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::world::cluster::ClusterModel;

/// Keeps the earlier claim, and neither of two claims with equal times. A claim of a free name is kept.
fn earlier_or_neither(first: &Version, second: &Version) -> Keep {
    match (&first.value, &second.value) {
        (None, _) => Keep::Second,
        (_, None) => Keep::First,
        _ if first.timestamp.time() == second.timestamp.time() => Keep::Neither,
        _ => Keep::First,
    }
}

/// Each of this number of masters claims the name once.
fn claims<R: SerdeRule>(rule: R, masters: u16) -> Report {
    let client =
        |at: u16| Client { at: MasterId(at), requests: vec![format!("set nick = {}", MasterId(at)).parse().unwrap()] };
    let scope = Scope {
        clients: (0..masters).map(client).collect(),
        ..Scope::new(Topology::all_to_all(masters).unwrap(), LinkKind::Stream { resets: 0 })
    };
    explore(&ClusterModel::new(scope, rule), Limits::default(), |_, _| {})
}

/// The number of steps that violate the property; `None` if it holds.
fn steps(report: &Report, property: &str) -> Option<usize> {
    match report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => Some(path.len()),
        Some(Verdict::Holds(None)) => None,
        other => panic!("{property}: {other:?}"),
    }
}

/// A and B have claimed the name, and A receives B's claim.
fn both_claim<R: SerdeRule>(rule: R) -> Replica<R> {
    let topology = Topology::all_to_all(2).unwrap();
    let (a, b) = (MasterId(0), MasterId(1));
    let (mut at_a, mut at_b) = (Replica::new(a, rule.clone(), &topology), Replica::new(b, rule, &topology));
    at_a.set("nick", "A").unwrap();
    at_b.set("nick", "B").unwrap();
    assert_ne!(at_a.receive(b, at_b.next_push(a, 1).unwrap()), Outcome::Gap);
    at_a
}

#[test]
fn two_claims_at_one_time_are_both_gone() {
    fn neither_is_shown<R: SerdeRule>(rule: R) {
        let at_a = both_claim(rule);
        assert_eq!(at_a.read("nick"), Reading::Nothing);
        let state = at_a.state("nick").unwrap();
        for master in 0..2 {
            assert!(!at_a.rule().shows(state, Dot::new(MasterId(master), 1)));
        }
    }
    neither_is_shown(Custom(earlier_or_neither));
    neither_is_shown(CustomMerged(earlier_or_neither));
}

/// A later claim, with both earlier ones in its causal past, is read.
#[test]
fn a_later_claim_stands() {
    let mut at_a = both_claim(CustomMerged(earlier_or_neither));
    at_a.set("nick", "again").unwrap();
    assert_eq!(at_a.read("nick"), Reading::Value("again".into()));
}

/// The third claim finds the name free at a master with both other claims, and taken at a master with one of them.
#[test]
fn three_claims_at_one_time_diverge_unless_they_are_judged_all_at_once() {
    let merged = claims(CustomMerged(earlier_or_neither), 3);
    assert_eq!(steps(&merged, p::CONVERGENCE), Some(7));
    let siblings = claims(Custom(earlier_or_neither), 3);
    assert_eq!(steps(&siblings, p::CONVERGENCE), None);
    assert_eq!(steps(&siblings, p::AGREEMENT), None);
}

/// The loss is found once one master has seen both claims.
#[test]
fn both_claims_are_reported_lost() {
    for report in [claims(CustomMerged(earlier_or_neither), 2), claims(Custom(earlier_or_neither), 2)] {
        let losses =
            report.findings.iter().map(|finding| finding.property).filter(|property| property.contains("loss"));
        let shortest = losses.filter_map(|property| steps(&report, property)).min();
        assert_eq!(shortest, Some(3));
        assert_eq!(steps(&report, p::CONVERGENCE), None);
    }
}
