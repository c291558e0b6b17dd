//! Nodes broken on purpose, one for each property; and nodes at fault.

use super::{verdict, violated};
use multimaster::{Key, MasterId, Op, Reading, Text, Topology};
use multimaster_models::check::engine::{Limits, Report, Verdict};
use multimaster_models::check::erased::Erased;
use multimaster_models::check::stateright_engine::{self, How};
use multimaster_models::properties as p;
use multimaster_models::scope::{Client, Failures, LinkKind, Scope, Severed};
use multimaster_models::system::{Answer, Input, Node, NodeError, Stepped, System};
use multimaster_models::verify::Failure;
use multimaster_models::{VerifyNode, verify_node};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a node is broken.
#[derive(Clone, Copy, PartialEq)]
enum Broken {
    /// It is not: it keeps the greatest version, by time and then by value.
    Not,
    /// The value that arrives last is kept, but it counts as seen like any other.
    Arrival,
    /// A second write of one client does not count.
    FirstStays,
    /// A reader sees a value with a mark that nobody wrote.
    Marks,
    /// The second request that a node gets is never answered.
    Mute,
    /// Each message is sent back.
    Echo,
    /// It panics at the first message.
    Panics,
    /// It remembers outside its state.
    Remembers,
    /// It sends to a node that is no neighbour.
    Strays,
    /// It refuses values below 5, but takes them.
    Refuses,
    /// After a restart it starts anew, although it kept its state.
    Forgets,
}

/// A register on two or more nodes.
struct Register {
    how: Broken,
    calls: AtomicU64,
}

/// The time, the value, and the requests seen.
type Held = (u64, Text, BTreeSet<u32>);

impl Node for Register {
    type State = Held;
    type Message = Held;

    fn start(&self, _: MasterId, _: &Topology) -> Result<Stepped<Held, Held>, NodeError> {
        Ok(Stepped::to(Held::default()))
    }

    fn step(&self, id: MasterId, state: &Held, input: Input<'_, Held>) -> Result<Stepped<Held, Held>, NodeError> {
        let peer = MasterId(1 - id.0);
        match input {
            Input::Request { number, request } => {
                let Op::Set(value) = &request.op else { return Ok(Stepped::to(state.clone())) };
                let mut next = state.clone();
                next.2.insert(number);
                if self.how != Broken::FirstStays || next.0 == 0 {
                    (next.0, next.1) = (next.0 + 1, value.clone());
                }
                if self.how == Broken::Remembers {
                    next.0 += self.calls.fetch_add(1, Ordering::Relaxed);
                }
                let to = if self.how == Broken::Strays { MasterId(7) } else { peer };
                let stepped = Stepped::to(next.clone()).send(to, next);
                Ok(match self.how {
                    Broken::Mute if state.0 > 0 => stepped,
                    Broken::Refuses if **value < *"5" => {
                        Stepped { answers: vec![(number, Answer::Refused("too small".into()))], ..stepped }
                    }
                    _ => stepped.done(number),
                })
            }
            Input::Message { from, message } => {
                assert!(self.how != Broken::Panics, "a message came");
                let greater = (message.0, &message.1) > (state.0, &state.1);
                let mut next = state.clone();
                next.2.extend(&message.2);
                if greater || self.how == Broken::Arrival {
                    (next.0, next.1) = (message.0.max(state.0), message.1.clone());
                }
                let stepped = Stepped::to(next);
                Ok(if self.how == Broken::Echo { stepped.send(from, message.clone()) } else { stepped })
            }
            Input::Restart if self.how == Broken::Forgets => Ok(Stepped::to(Held::default())),
            Input::Tick(_) | Input::Restart => Ok(Stepped::to(state.clone())),
        }
    }

    fn read(&self, _: MasterId, (time, value, _): &Held, _: &Key) -> Result<Reading, NodeError> {
        let mark = if self.how == Broken::Marks { "!" } else { "" };
        Ok(if *time == 0 { Reading::Nothing } else { Reading::Value(format!("{value}{mark}").into()) })
    }

    fn seen(&self, _: MasterId, (_, _, seen): &Held) -> Option<BTreeSet<u32>> {
        Some(seen.clone())
    }
}

/// Two nodes, whose clients write concurrently.
fn check(how: Broken) -> VerifyNode<Register> {
    verify_node(Register { how, calls: AtomicU64::new(0) }).requests(["A: set k = 1", "A: set k = 2", "B: set k = 3"])
}

#[test]
fn a_sound_register_passes() {
    let checked = check(Broken::Not).run().unwrap();
    for property in [p::CONVERGENCE, p::AGREEMENT, p::NO_LOST_WRITE, p::NO_INVENTION, p::AVAILABILITY, p::FALLS_SILENT]
    {
        assert_eq!(verdict(&checked, property), &Verdict::Holds(None), "{property}");
    }
    assert_eq!(checked.report.and_then(|report| report.messages), Some(3), "one message for each write");
}

#[test]
fn each_property_rejects_a_broken_register() {
    let (_, why) = violated(check(Broken::Arrival).run(), p::CONVERGENCE);
    assert_eq!(why, "A and B have both seen A1 B1, but A reads k=3 and B reads k=1");
    let (_, why) = violated(check(Broken::Arrival).run(), p::AGREEMENT);
    assert!(why.starts_with("all is quiescent, but A reads k="), "{why}");
    let (_, why) = violated(check(Broken::FirstStays).run(), p::NO_LOST_WRITE);
    assert!(why.starts_with("all is quiescent, but A reads k=1 after the acknowledged A1 (set k = 1), A2"), "{why}");
    let (steps, why) = violated(check(Broken::Marks).run(), p::NO_INVENTION);
    assert_eq!((steps.len(), why.as_str()), (1, "A reads k=1! after A1 (set k = 1)"));
    let (_, why) = violated(check(Broken::Mute).run(), p::AVAILABILITY);
    assert!(why.starts_with("all is quiescent, but never answered: "), "{why}");
    let (steps, why) = violated(check(Broken::Echo).run(), p::FALLS_SILENT);
    assert!(steps.last().is_some_and(|step| step.contains(" -> ")), "{steps:?}");
    assert!(why.contains("this can repeat for ever"), "{why}");
}

#[test]
fn a_refused_write_has_no_effect() {
    let (_, why) = violated(check(Broken::Refuses).run(), p::NO_INVENTION);
    assert_eq!(why, "A reads k=1 before any write of it");
}

#[test]
fn what_a_node_forgets_in_a_crash_is_lost() {
    let (steps, why) = violated(check(Broken::Forgets).crashes(1).run(), p::NO_LOST_WRITE);
    assert!(steps.iter().any(|step| step.ends_with(" crashes")), "{steps:?}");
    assert!(why.contains("reads k=-"), "{why}");
    // A node that starts anew has no anti-entropy here, so it stays behind.
    violated(check(Broken::Not).crashes(1).forgetting().run(), p::NO_LOST_WRITE);
}

#[test]
fn a_node_at_fault_ends_the_exploration() {
    let fault = |how| match check(how).run() {
        Err(Failure::Node(failed)) => failed.to_string(),
        other => panic!("the node is at fault: {other:?}"),
    };
    let panics = "node B is at fault: it panics: a message came\n  its inputs, in order:\n  1. from A: (1, \"1\", {0})";
    assert_eq!(fault(Broken::Panics), panics);
    assert!(fault(Broken::Remembers).contains("given this input twice, it answers"));
    let strays = "it sends (1, \"1\", {0}) to H, to which no edge leads from A";
    assert!(fault(Broken::Strays).contains(strays), "{}", fault(Broken::Strays));
}

#[test]
fn requests_that_test_nothing_are_told() {
    let result = verify_node(Register { how: Broken::Not, calls: AtomicU64::new(0) }).requests(["A: set k = 1"]).run();
    let failure = result.unwrap_err().to_string();
    assert!(failure.contains("concurrent requests was not reached"), "{failure}");
    assert!(failure.contains("no two nodes are asked to write the same key"), "{failure}");
}

/// The same states and verdicts are found by stateright's checker, with cuts and crashes of datagrams, and in a soup.
#[test]
fn stateright_agrees_on_systems() {
    let (a, b) = (MasterId(0), MasterId(1));
    let client = |at, request: &str| Client { at, requests: vec![request.parse().unwrap()] };
    let severed = vec![Severed { name: "A - B".into(), paths: vec![(a, b), (b, a)] }];
    let failing = Failures { cuts: 1, severed, crashes: 1, crashing: vec![a], ..Failures::default() };
    for (link, failures) in [
        (LinkKind::Datagram { losses: 1, duplicates: 1 }, failing.clone()),
        (LinkKind::Stream { resets: 0 }, Failures { restarts: false, ..failing }),
        (LinkKind::Soup, Failures::default()),
    ] {
        let topology = Topology::all_to_all(2).unwrap();
        let clients = vec![client(a, "set k = 1"), client(b, "set k = 2")];
        let scope = Scope { clients, failures, ..Scope::new(topology, link) };
        let node = || Register { how: Broken::Arrival, calls: AtomicU64::new(0) };
        let model = || Erased::new(System::new(scope.clone(), node()).unwrap());
        let ours = model().explore(Limits::default(), &mut |_, _| {});
        let theirs = stateright_engine::explore(model(), How::Bfs, Limits::default());
        let holds = |report: &Report| -> Vec<(&'static str, bool)> {
            report.findings.iter().map(|one| (one.property, matches!(one.verdict, Verdict::Holds(_)))).collect()
        };
        assert_eq!((ours.states, holds(&ours)), (theirs.states, holds(&theirs)), "{link:?}");
        assert!(holds(&ours).contains(&(p::AGREEMENT, false)), "{link:?}");
        if ours.is_witness(p::CUT) {
            assert!([p::CUT, p::CRASH].into_iter().all(|witness| holds(&ours).contains(&(witness, true))), "{link:?}");
        }
    }
}
