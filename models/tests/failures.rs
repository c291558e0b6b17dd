//! Failures: the reductions of the state space change no verdict.

use multimaster::{LastWriteWins, MasterId, Topology};
use multimaster_models::check::engine::{Finding, Limits, Verdict, explore};
use multimaster_models::mutants::scopes::{STREAM, all_to_all, ring, star};
use multimaster_models::scope::{Failures, Keeps, Level, Scope, Severed};
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
