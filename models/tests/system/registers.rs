//! Registers of stateright's own examples, as systems.

use super::{linearizable_register as linearizable, lww_register as last_write, verdict, violated};
use multimaster::{Key, Op, Reading, Request};
use multimaster_models::check::engine::Verdict;
use multimaster_models::properties as p;
use multimaster_models::system::Answer;
use multimaster_models::system::actor::ActorNode;
use multimaster_models::{verify_actor, verify_node};
use stateright::actor::register::RegisterMsg;
use stateright::actor::{Actor, Id, Out};
use std::borrow::Cow;

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

/// The actor of stateright 0.31's `examples/single-copy-register.rs`: its copies never hear of each other.
#[derive(Clone)]
struct SingleCopy;

impl Actor for SingleCopy {
    type Msg = RegisterMsg<u64, char, ()>;
    type State = char;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, _: &mut Out<Self>) -> char {
        char::default()
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, char>, src: Id, msg: Self::Msg, out: &mut Out<Self>) {
        match msg {
            RegisterMsg::Put(request, value) => {
                *state.to_mut() = value;
                out.send(src, RegisterMsg::PutOk(request));
            }
            RegisterMsg::Get(request) => out.send(src, RegisterMsg::GetOk(request, **state)),
            _ => {}
        }
    }
}

#[test]
fn single_copies_disagree_and_lose() {
    let read = |state: &char, _: &Key| match state {
        '\0' => Reading::Nothing,
        value => Reading::Value(value.to_string().into()),
    };
    let check = || verify_actor(SingleCopy, put, read).requests(["A: set k = x", "B: set k = y"]);
    let (steps, why) = violated(check().run(), p::AGREEMENT);
    assert_eq!(steps, ["A: set k = x", "B: set k = y"]);
    assert_eq!(why, "all is quiescent, but A reads k=x and B reads k=y");
    // A copy at which nobody writes reads nothing.
    let (_, why) = violated(check().masters(3).run(), p::NO_LOST_WRITE);
    assert_eq!(why, "all is quiescent, but C reads k=- after the acknowledged A1 (set k = x), B1 (set k = y)");
}

/// A write takes the time of its own actor's clock, though it overwrites a value that was written later.
#[test]
fn the_last_write_register_diverges_if_a_clock_is_ahead() {
    last_write::check(["A: set k = A", "B: set k = B"]).unwrap();
    let (steps, why) = violated(last_write::check(["A: at 2000, set k = A", "B: set k = B"]), p::AGREEMENT);
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert_eq!(why, "all is quiescent, but A reads k=A and B reads k=B");
}
