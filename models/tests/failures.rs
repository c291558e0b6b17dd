//! Failures: neither the reductions of the state space nor the kind of link change a verdict.

use multimaster::{LastWriteWins, Layout, MasterId, Topology};
use multimaster_models::check::engine::{Finding, Limits, Verdict, explore};
use multimaster_models::mutants::scopes::{DATAGRAM, STREAM, all_to_all, pair, ring, star};
use multimaster_models::node::tamper::Tamper;
use multimaster_models::properties::{ALL, CONVERGENCE};
use multimaster_models::scope::{Failures, Keeps, Level, LinkKind, Scope, Severed};
use multimaster_models::world::cluster::ClusterModel;

/// The failures of small scopes.
fn failures(topology: &Topology) -> Vec<Failures> {
    let (a, b) = (MasterId(0), MasterId(1));
    let severed = vec![
        Severed { name: "A - B".into(), paths: vec![(a, b), (b, a)] },
        Severed { name: "A -> B".into(), paths: vec![(a, b)] },
    ];
    let cut = || Failures { cuts: 1, severed: severed.clone(), ..Failures::default() };
    let crashing: Vec<MasterId> = topology.ids().collect();
    let crash = |keeps, level| Failures { crashes: 1, crashing: crashing.clone(), keeps, level, ..cut() };
    vec![
        cut(),
        crash(Keeps::All, Level::Applied),
        crash(Keeps::Flushed, Level::Applied),
        crash(Keeps::Flushed, Level::Flushed),
        crash(Keeps::Nothing, Level::Applied),
        crash(Keeps::Nothing, Level::HeldBy(1)),
        Failures { crashes: 2, ..crash(Keeps::Nothing, Level::HeldBy(1)) },
    ]
}

fn holds(finding: &Finding) -> (&str, bool) {
    assert!(!matches!(finding.verdict, Verdict::NotExhausted));
    (finding.property, matches!(finding.verdict, Verdict::Holds(_)))
}

/// A crash and its restart are one step over streams, and a stream resumes as soon as it can. Without these reductions,
/// there are more states and the same verdicts.
#[test]
fn the_reductions_over_streams_change_no_verdict() {
    let (mut states, mut plain_states, mut violated) = (0, 0, 0);
    for scope in [ring, star, all_to_all].map(|shape| shape(STREAM, &[&["set k = 1"], &["set k = 2"]])) {
        for failures in failures(&scope.topology) {
            let cluster = || ClusterModel::new(Scope { failures: failures.clone(), ..scope.clone() }, LastWriteWins);
            let reduced = explore(&cluster(), Limits::default(), |_, _| {});
            let plain = explore(&cluster().plainly(), Limits::default(), |_, _| {});
            let verdicts: Vec<_> = reduced.findings.iter().map(holds).collect();
            assert_eq!(verdicts, plain.findings.iter().map(holds).collect::<Vec<_>>(), "{failures:?}");
            violated += verdicts.iter().filter(|(_, holds)| !holds).count();
            states += reduced.states;
            plain_states += plain.states;
        }
    }
    assert!(violated > 20 && plain_states > 3 * states, "{violated} violated, {states} of {plain_states} states");
}

const RUNNING: LinkKind = LinkKind::Running { losses: 0, duplicates: 0 };

#[test]
fn failures_have_the_same_verdicts_over_each_kind_of_link() {
    let scope = |link, failures: &Failures| Scope {
        failures: failures.clone(),
        ..pair(link, &[&["set k = 1"], &["set k = 2"]])
    };
    let mut violated = 0;
    for failures in failures(&Topology::all_to_all(2).unwrap()) {
        let verdicts = |link| {
            let report =
                explore(&ClusterModel::new(scope(link, &failures), LastWriteWins), Limits::default(), |_, _| {});
            let of_states = report.findings.into_iter().filter(|finding| ALL.contains(&finding.property));
            of_states.map(|finding| (finding.property, holds(&finding).1)).collect::<Vec<_>>()
        };
        let datagram = verdicts(DATAGRAM);
        violated += datagram.iter().filter(|(_, holds)| !holds).count();
        for link in [RUNNING, LinkKind::Soup] {
            assert_eq!(verdicts(link), datagram, "{link:?}, {failures:?}");
        }
    }
    assert!(violated > 5, "{violated} violated");
}

#[test]
fn a_reused_origin_is_found_over_each_kind_of_link_and_in_shards() {
    let failures = Failures { crashes: 1, crashing: vec![MasterId(0)], keeps: Keeps::Nothing, ..Failures::default() };
    for (link, shards) in
        [STREAM, DATAGRAM, RUNNING, LinkKind::Soup].into_iter().flat_map(|link| [(link, 1), (link, 2)])
    {
        let cluster = || {
            let scope = pair(link, &[&["set photo = 1", "set photo = 2"], &["set album = 3"]]);
            let cluster = ClusterModel::new(Scope { failures: failures.clone(), ..scope }, LastWriteWins);
            cluster.sharded(Layout::of(shards).unwrap())
        };
        let converges = |cluster: ClusterModel| {
            let report = explore(&cluster, Limits::default(), |_, _| {});
            assert_eq!(report.cut, None);
            matches!(report.verdict(CONVERGENCE), Some(Verdict::Holds(_)))
        };
        assert!(converges(cluster()), "{link:?}, {shards} shards");
        let tamper = Tamper { keeps_origin: true, ..Tamper::default() };
        assert!(!converges(cluster().tampered(tamper)), "{link:?}, {shards} shards");
    }
}
