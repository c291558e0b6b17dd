//! Nodes that are programs: the driver, step by step.
#![cfg(unix)]

use multimaster::{Key, MasterId, Reading, Topology};
use multimaster_models::process::{Options, ProcessNode, Skills, Workload};
use multimaster_models::system::{Answer, Input, Node};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);

/// The interpreter itself: `python3` may be a script that looks for it, which takes longer than a node.
fn python() -> Option<String> {
    let asked =
        std::process::Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    let path = String::from_utf8(asked.stdout).ok()?;
    (asked.status.success()).then(|| path.trim().to_owned())
}

fn node(script: &str, workload: Workload) -> Option<Arc<ProcessNode>> {
    let Some(python) = python() else {
        println!("skipped: there is no python3");
        return None;
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nodes");
    let command = format!("{python} {folder}/{script}");
    let options = Options { command, workload: None, patience: Duration::from_secs(10), memory: 512 << 20 };
    let keys = BTreeSet::from([Key::from("k")]);
    Some(Arc::new(
        ProcessNode::new(&options, workload, Topology::all_to_all(2).expect("a graph"), keys).expect("a shell"),
    ))
}

#[test]
fn a_step_is_a_function_of_the_state_and_the_input() {
    let Some(node) = node("g_set.py", Workload::GSet) else { return };
    assert_eq!(node.skills(), Ok(Skills { state: true, tick: true }));
    let topology = Topology::all_to_all(2).expect("a graph");
    let request = "insert 3 into k".parse().expect("a request");
    let start = node.start(A, &topology).expect("a start");
    assert!(start.sends.is_empty() && start.answers.is_empty());
    let read = |at, state: &_| node.read(at, state, &"k".into()).expect("a reading");
    let asked = || node.step(A, &start.state, Input::Request { number: 0, request: &request }).expect("a step");
    let added = asked();
    assert_eq!(asked(), added);
    assert_eq!(added.answers, [(0, Answer::Done)]);
    assert_eq!(read(A, &start.state), Reading::Elements(BTreeSet::new()));
    assert_eq!(read(A, &added.state), Reading::Elements(BTreeSet::from(["3".into()])));
    // The process that was at the start has gone on: another takes its place.
    let ticked = node.step(A, &start.state, Input::Tick(0)).expect("a step");
    assert_eq!(ticked.state, start.state);
    let ticked = node.step(A, &added.state, Input::Tick(0)).expect("a step");
    assert_eq!(ticked.state, added.state, "equal states are one");
    let (to, message) = &ticked.sends[0];
    assert_eq!((*to, format!("{message:?}")), (B, r#"{"elements":[3],"type":"gossip"}"#.to_owned()));
    let other = node.start(B, &topology).expect("a start");
    let told = node.step(B, &other.state, Input::Message { from: A, message }).expect("a step");
    assert_eq!(read(B, &told.state), Reading::Elements(BTreeSet::from(["3".into()])));
    let again = node.step(B, &told.state, Input::Message { from: A, message }).expect("a step");
    assert_eq!(again.state, told.state);
}
