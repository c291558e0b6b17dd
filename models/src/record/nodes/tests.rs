//! Records of a node in Rust, with and without a difference.

use super::*;
use multimaster::{Key, Op, Reading, Topology};

/// A counter that sends its total to all others at each tick, and keeps the larger total.
struct Largest;

impl Node for Largest {
    type State = i64;
    type Message = i64;

    fn start(&self, _: MasterId, _: &Topology) -> Result<Stepped<i64, i64>, NodeError> {
        Ok(Stepped::to(0))
    }

    fn step(&self, id: MasterId, state: &i64, input: Input<'_, i64>) -> Result<Stepped<i64, i64>, NodeError> {
        Ok(match input {
            Input::Request { number, request } => match request.op {
                Op::Add(amount) => Stepped::to(state + amount).done(number),
                _ => Stepped { answers: vec![(number, Answer::Refused("it only adds".into()))], ..Stepped::to(*state) },
            },
            Input::Message { message, .. } if *message == 99 => return Err(NodeError("99 is not for it".into())),
            Input::Message { message, .. } => Stepped::to(*message.max(state)),
            Input::Tick(_) => Stepped::to(*state).send(MasterId(1 - id.0), *state),
            Input::Restart => Stepped::to(*state),
        })
    }

    fn read(&self, _: MasterId, state: &i64, _: &Key) -> Result<Reading, NodeError> {
        Ok(Reading::Total(*state))
    }

    fn ticks(&self, _: MasterId, state: &i64) -> Vec<String> {
        if *state > 0 { vec!["send".into()] } else { Vec::new() }
    }
}

const RUN: [&str; 9] = [
    r#"{"masters": 2}"#,
    r#"{"event": "request", "at": "A", "request": "add 3 to k"}"#,
    r#"{"event": "answer", "at": "A", "write": "A1"}"#,
    r#"{"event": "request", "at": "B", "request": "delete k"}"#,
    r#"{"event": "answer", "at": "B", "write": "B1", "refused": true}"#,
    r#"{"event": "tick", "at": "A", "tick": "send"}"#,
    r#"{"event": "send", "from": "A", "to": "B", "message": 3}"#,
    r#"{"event": "arrive", "from": "A", "to": "B", "message": 3}"#,
    r#"{"event": "read", "at": "B", "key": "k", "value": 3}"#,
];

fn checked(lines: &[&str]) -> Result<usize, Failure> {
    let record = Record::read("run.jsonl", lines.join("\n").as_bytes()).map_err(Failure::File)?;
    check(&record, &Largest, |message| message.as_i64().ok_or_else(|| "it is a number".into()))
}

/// The record with another text in one line, from 1.
fn altered(line: usize, text: &'static str) -> Vec<&'static str> {
    let mut lines = RUN.to_vec();
    lines[line - 1] = text;
    lines
}

#[test]
fn a_run_of_the_node_conforms() {
    assert_eq!(checked(&RUN), Ok(8));
    // Messages may arrive again, and a node that kept nothing starts anew.
    let again = [&RUN[..], &[RUN[7], r#"{"event": "restart", "at": "B"}"#, RUN[7], RUN[8]]].concat();
    assert_eq!(checked(&again), Ok(12));
}

#[test]
fn each_difference_is_named_with_what_the_model_can_do() {
    for (line, text, said) in [
        (3, r#"{"event": "answer", "at": "A", "write": "B1"}"#, "answer A1: it answers another request"),
        (
            5,
            r#"{"event": "answer", "at": "B", "write": "B1"}"#,
            "refuse B1: it only adds: one is refused, the other is not",
        ),
        (6, r#"{"event": "tick", "at": "B"}"#, "B ticks; the ticks of the model's B now: none"),
        (7, r#"{"event": "send", "from": "A", "to": "B", "message": 4}"#, "send B 3: the message differs"),
        (7, r#"{"event": "send", "from": "B", "to": "A", "message": 3}"#, "the model's B does nothing more"),
        (8, r#"{"event": "arrive", "from": "B", "to": "A", "message": 3}"#, "from B to A was sent nothing"),
        (8, r#"{"event": "arrive", "from": "A", "to": "B", "message": 4}"#, "from A to B was sent\n  3"),
        (9, r#"{"event": "read", "at": "B", "key": "k", "value": 2}"#, "B reads k=2; the model's B reads 3"),
    ] {
        let Err(Failure::Run(fault)) = checked(&altered(line, text)) else { panic!("{text}") };
        let before = format!("the {} events before it are those of the model", line - 2);
        assert!(fault.line == line && fault.what.contains(said) && fault.what.ends_with(&before), "{fault}");
    }
    let Err(Failure::Run(fault)) = checked(&RUN[..6]) else { panic!("the message is missing") };
    assert!(fault.what.contains("the record ends, but after line 6 (A ticks: send) the model's A must still send B 3"));
    let Err(Failure::Run(fault)) = checked(&[&RUN[..6], &RUN[8..], &RUN[5..6]].concat()) else {
        panic!("it must send")
    };
    assert!(fault.line == 7, "{fault}");
}

#[test]
fn what_is_no_record_is_an_error_with_its_line() {
    for (line, text, said) in [
        (1, "{}", "missing field `masters`"),
        (1, r#"{"masters": 1}"#, "master"),
        (2, "nonsense", "this is not an event"),
        (2, r#"{"event": "request", "at": "A", "request": "jump"}"#, "this is not an event"),
        (2, r#"{"event": "request", "at": "C", "request": "add 3 to k"}"#, "there is no node C"),
        (7, r#"{"event": "send", "from": "A", "to": "B", "message": "x"}"#, "`message`: it is a number"),
    ] {
        let Err(Failure::File(fault)) = checked(&altered(line, text)) else { panic!("{text}") };
        assert!(fault.line == line && fault.what.contains(said), "{fault}");
    }
    assert!(matches!(checked(&RUN[..1]), Err(Failure::File(_))));
    let faulty = [&altered(7, r#"{"event": "send", "from": "A", "to": "B", "message": 99}"#)[..]].concat();
    let mut faulty: Vec<&str> = faulty;
    faulty[1] = r#"{"event": "request", "at": "A", "request": "add 99 to k"}"#;
    faulty[7] = r#"{"event": "arrive", "from": "A", "to": "B", "message": 99}"#;
    let Err(Failure::File(fault)) = checked(&faulty) else { panic!("the node is at fault") };
    assert!(fault.line == 8 && fault.what.contains("the node B is at fault: 99 is not for it"), "{fault}");
}
