//! Registers of stateright's own examples, as systems.

use super::{linearizable_register as linearizable, lww_register as last_write, verdict, violated};
use multimaster::{Key, Op, Reading, Request};
use multimaster_models::check::engine::Verdict;
use multimaster_models::properties as p;
use multimaster_models::system::Answer;
use multimaster_models::system::actor::ActorNode;
use multimaster_models::verify_node;
use stateright::actor::register::RegisterMsg;

fn put<M>(number: u32, request: &Request) -> RegisterMsg<u64, char, M> {
    match &request.op {
        Op::Set(value) => RegisterMsg::Put(number.into(), value.chars().next().unwrap_or_default()),
        other => panic!("a register takes only `set`, not {other:?}"),
    }
}

#[test]
fn the_linearizable_register_is_safe() {
    let make = |_, peers: &[_]| linearizable::AbdActor { peers: peers.to_vec() };
    let read = |state: &_, _: &Key| match linearizable::value(state) {
        '\0' => Reading::Nothing,
        value => Reading::Value(value.to_string().into()),
    };
    let answer = |message: &_| matches!(message, RegisterMsg::PutOk(_)).then_some(Answer::Done);
    let node = ActorNode::new(make, put, read).answers(answer);
    let checked = verify_node(node).requests(["A: set k = x", "B: set k = y"]).run().unwrap();
    for property in [p::AGREEMENT, p::NO_LOST_WRITE, p::NO_INVENTION, p::AVAILABILITY, p::FALLS_SILENT] {
        assert_eq!(verdict(&checked, property), &Verdict::Holds(None), "{property}");
    }
}

/// A write takes the time of its own actor's clock, though it overwrites a value that was written later.
#[test]
fn the_last_write_register_diverges_if_a_clock_is_ahead() {
    last_write::check(["A: set k = A", "B: set k = B"]).unwrap();
    let (steps, why) = violated(last_write::check(["A: at 2000, set k = A", "B: set k = B"]), p::AGREEMENT);
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert_eq!(why, "all is quiescent, but A reads k=A and B reads k=B");
}
