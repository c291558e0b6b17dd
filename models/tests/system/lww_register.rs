//! The actor of stateright 0.31's `examples/lww-register.rs`, taken over unchanged, and its check (MIT licence, copyright Jonathan Nadal and the
//! contributors of stateright).

#![allow(warnings, clippy::all, reason = "the code is that of the example")]
#![cfg_attr(rustfmt, rustfmt::skip)]

use serde::{Deserialize, Serialize};
use stateright::actor::{Actor, Id};

/// A Last Write Wins (LWW) register, implemented as a state-based CRDT.
/// <https://www.bartoszsypytkowski.com/the-state-of-a-state-based-crdts/#lastwritewinsregister>.
#[derive(Hash, PartialEq, Eq, PartialOrd, Ord, Debug, Clone, Serialize, Deserialize)]
struct LwwRegister<T> {
    value: T,
    timestamp: u128,
    updater_id: usize,
}

impl<T: Clone> LwwRegister<T> {
    fn merge(a: &Self, b: &Self) -> Self {
        if (a.timestamp, a.updater_id) > (b.timestamp, b.updater_id) {
            a.clone()
        } else {
            b.clone()
        }
    }

    fn set(&mut self, value: T, timestamp: u128, updater_id: usize) {
        self.value = value;
        self.timestamp = timestamp;
        self.updater_id = updater_id;
    }
}

#[derive(Hash, Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Serialize, Deserialize)]
enum Value {
    A,
    B,
    C,
}

#[derive(Ord, PartialOrd, Eq, PartialEq, Clone, Debug, Hash)]
enum LwwActorActions<T> {
    SetValue(T),
    SetTime(u128),
}

#[derive(Hash, Debug, PartialEq, Eq, Clone)]
struct LwwActorState {
    register: Option<LwwRegister<Value>>,
    local_clock: u128,
    maximum_used_clock: u128,
}

impl LwwActorState {
    fn new() -> Self {
        Self {
            register: None,
            local_clock: 1000,
            maximum_used_clock: 1000,
        }
    }
}

#[derive(Clone)]
struct LwwActor {
    peers: Vec<Id>,
}

impl LwwActor {
    fn populate_choices(&self, o: &mut stateright::actor::Out<Self>, time: u128) {
        o.choose_random(
            "node_action",
            vec![
                LwwActorActions::SetValue(Value::A),
                LwwActorActions::SetValue(Value::B),
                LwwActorActions::SetValue(Value::C),
                LwwActorActions::SetTime(time.saturating_add(1)),
                LwwActorActions::SetTime(time.saturating_sub(1)),
            ],
        );
    }
}

impl Actor for LwwActor {
    type Msg = LwwRegister<Value>;
    type Timer = ();
    type State = LwwActorState;
    type Random = LwwActorActions<Value>;
    type Storage = ();

    fn on_start(
        &self,
        _: stateright::actor::Id,
        _: &Option<Self::Storage>,
        o: &mut stateright::actor::Out<Self>,
    ) -> Self::State {
        let state = LwwActorState::new();
        self.populate_choices(o, state.local_clock);
        state
    }

    fn on_random(
        &self,
        id: stateright::actor::Id,
        state: &mut std::borrow::Cow<Self::State>,
        random: &Self::Random,
        o: &mut stateright::actor::Out<Self>,
    ) {
        match random {
            LwwActorActions::SetValue(value) => {
                let state_mut = state.to_mut();
                if let Some(register) = &mut state_mut.register {
                    // Ensure clock value is unique per node
                    let clock_value = state_mut.local_clock.max(state_mut.maximum_used_clock + 1);
                    register.set(value.clone(), clock_value, usize::from(id));
                    state_mut.maximum_used_clock = clock_value;
                } else {
                    state_mut.register = Some(LwwRegister {
                        value: value.clone(),
                        timestamp: state_mut.local_clock,
                        updater_id: usize::from(id),
                    })
                }
                o.broadcast(self.peers.iter(), state_mut.register.as_ref().unwrap());
            }
            LwwActorActions::SetTime(time) => {
                state.to_mut().local_clock = *time;
            }
        }
        self.populate_choices(o, state.local_clock)
    }

    fn on_msg(
        &self,
        _: Id,
        state: &mut std::borrow::Cow<Self::State>,
        _: Id,
        msg: Self::Msg,
        _: &mut stateright::actor::Out<Self>,
    ) {
        let state_mut = state.to_mut();
        if let Some(register) = &mut state_mut.register {
            let merged = LwwRegister::merge(register, &msg);
            *register = merged;
        } else {
            state_mut.register = Some(msg.clone())
        }
    }
}

/// Checks two registers. A request that gives a time sets the clock first.
pub(crate) fn check(
    requests: [&str; 2],
) -> Result<multimaster_models::verify::nodes::Checked, multimaster_models::verify::Failure> {
    let choose = |request: &multimaster::Request| {
        let clock = request.op.time().map(|time| LwwActorActions::SetTime(time.into()));
        let value = match request.op.untimed().to_owned().into_value() {
            Ok(Some(value)) if value == "A" => Value::A,
            Ok(Some(value)) if value == "B" => Value::B,
            other => panic!("a register takes only `set k = A` and `set k = B`, not {other:?}"),
        };
        clock.into_iter().chain([LwwActorActions::SetValue(value)]).collect()
    };
    let read = |state: &LwwActorState, _: &multimaster::Key| match &state.register {
        Some(register) => multimaster::Reading::Value(format!("{:?}", register.value).into()),
        None => multimaster::Reading::Nothing,
    };
    let make = |_, peers: &[Id]| LwwActor { peers: peers.to_vec() };
    let node = multimaster_models::system::actor::ActorNode::by_choice(make, choose, read);
    multimaster_models::verify_node(node).datagrams().requests(requests).run()
}
