//! How fast a system of actors is explored: this crate's search beside stateright's `spawn_bfs`, on the same actors in the
//! same run.
//!
//! ```console
//! $ cargo run --release -p multimaster-models --example system_speed
//! ```
//!
//! To stateright, the clients' requests are messages that are in the network at the start. An [`ActorModel`] over an
//! unordered network ignores a delivery that leaves the actor's state untouched, and the message stays in the network;
//! here it is gone. So that both count the same states, the [`Touching`] actor always takes its state mutably.
//!
//! The figure is distinct states per second of CPU time, in the fastest of three turns. Ours also judges five properties
//! and whether messages end; stateright is asked one property, which is always true.

use cpu_time::ProcessTime;
use multimaster::{Key, MasterId, Op, Reading, Request, Topology};
use multimaster_models::check::engine::{self, Limits};
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::system::System;
use multimaster_models::system::actor::ActorNode;
use stateright::actor::{Actor, ActorModel, Envelope, Id, Network, Out};
use stateright::{Checker, Expectation, Model};
use std::borrow::Cow;

/// A register whose last write wins, kept by each actor, and sent to all others when a client sets it.
#[derive(Clone)]
pub(crate) struct Register {
    pub(crate) masters: usize,
}

/// A time, the actor that wrote, and the value.
pub(crate) type Version = (u64, usize, String);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Packet {
    Set(String),
    Version(Version),
}

impl Actor for Register {
    type Msg = Packet;
    type State = Version;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, _: Id, _: &Option<()>, _: &mut Out<Self>) -> Version {
        (0, 0, String::new())
    }

    fn on_msg(&self, id: Id, state: &mut Cow<'_, Version>, _: Id, packet: Packet, out: &mut Out<Self>) {
        match packet {
            Packet::Set(value) => {
                *state.to_mut() = (state.0 + 1, id.into(), value);
                let others = (0..self.masters).map(Id::from).filter(|other| *other != id);
                others.for_each(|other| out.send(other, Packet::Version(state.as_ref().clone())));
            }
            Packet::Version(version) if version > **state => *state.to_mut() = version,
            Packet::Version(_) => {}
        }
    }
}

/// An actor that always takes its state mutably, and is otherwise the same.
pub(crate) struct Touching<A>(pub(crate) A);

impl<A: Actor<Timer = (), Random = (), Storage = ()>> Actor for Touching<A> {
    type Msg = A::Msg;
    type State = A::State;
    type Timer = ();
    type Random = ();
    type Storage = ();

    fn on_start(&self, id: Id, saved: &Option<()>, out: &mut Out<Self>) -> A::State {
        let mut sent = Out::new();
        let state = self.0.on_start(id, saved, &mut sent);
        out.append(&mut sent);
        state
    }

    fn on_msg(&self, id: Id, state: &mut Cow<'_, A::State>, from: Id, message: A::Msg, out: &mut Out<Self>) {
        state.to_mut();
        let mut sent = Out::new();
        self.0.on_msg(id, state, from, message, &mut sent);
        out.append(&mut sent);
    }
}

fn ask(_: u32, request: &Request) -> Packet {
    match &request.op {
        Op::Set(value) => Packet::Set(value.to_string()),
        other => panic!("the register takes only `set`, not {other:?}"),
    }
}

fn read((time, _, value): &Version, _: &Key) -> Reading {
    if *time == 0 { Reading::Nothing } else { Reading::Value(value.as_str().into()) }
}

/// Each of the clients makes one request, at one of the masters in turn.
pub(crate) fn scope(masters: u16, clients: u16, link: LinkKind) -> Scope {
    let client = |number: u16| {
        let request = format!("set k = {number}").parse().expect("a request");
        Client { at: MasterId(number % masters), requests: vec![request] }
    };
    let topology = Topology::all_to_all(masters).expect("a topology");
    Scope { clients: (0..clients).map(client).collect(), ..Scope::new(topology, link) }
}

/// Explores as a system; the number of distinct states.
pub(crate) fn ours(scope: &Scope) -> usize {
    let masters = scope.topology.masters().into();
    let node = ActorNode::new(move |_, _| Register { masters }, ask, read);
    let system = System::new(scope.clone(), node).expect("a scope for systems");
    let report = engine::explore(&system, Limits::default(), |_, _| {});
    assert_eq!(report.cut, None, "the scope is explored to its end");
    report.states
}

/// The same actors as stateright's own model.
fn actors(scope: &Scope) -> ActorModel<Touching<Register>> {
    let masters = usize::from(scope.topology.masters());
    let asked = scope.clients.iter().enumerate().map(|(number, client)| {
        let (src, dst) = (Id::from(masters + number), Id::from(client.at.index()));
        Envelope { src, dst, msg: ask(0, &client.requests[0]) }
    });
    let network = match scope.link {
        LinkKind::Stream { .. } => Network::new_ordered(asked),
        _ => Network::new_unordered_nonduplicating(asked),
    };
    ActorModel::new((), ()).actors((0..masters).map(|_| Touching(Register { masters }))).init_network(network).property(
        Expectation::Always,
        "every time is one of a write",
        |_, state| state.actor_states.iter().all(|version| version.0 < 100),
    )
}

/// Explores with stateright's breadth-first checker; the number of distinct states.
pub(crate) fn theirs(scope: &Scope) -> usize {
    actors(scope).checker().spawn_bfs().join().unique_state_count()
}

/// The scopes that are compared.
pub(crate) fn scopes() -> [(&'static str, Scope); 2] {
    let datagrams = LinkKind::Datagram { losses: 0, duplicates: 0 };
    [
        ("streams, 3 masters, 6 writes", scope(3, 6, LinkKind::Stream { resets: 0 })),
        ("datagrams, 3 masters, 5 writes", scope(3, 5, datagrams)),
    ]
}

fn timed(search: fn(&Scope) -> usize, scope: &Scope) -> (usize, f64) {
    let started = ProcessTime::now();
    let states = search(scope);
    (states, states as f64 / started.elapsed().as_secs_f64())
}

fn main() {
    println!("| scope | states | states/s, ours | states/s, stateright | ratio |\n|---|---|---|---|---|");
    for (name, scope) in scopes() {
        let (mut fastest, mut counts) = ([0.0f64; 2], [0; 2]);
        for _ in 0..3 {
            for (place, search) in [ours as fn(&Scope) -> usize, theirs].into_iter().enumerate() {
                let (states, speed) = timed(search, &scope);
                fastest[place] = fastest[place].max(speed);
                counts[place] = states;
            }
        }
        assert_eq!(counts[0], counts[1], "both find the same states");
        let [our, their] = fastest;
        println!("| {name} | {} | {our:.0} | {their:.0} | {:.1} |", counts[0], our / their);
    }
}
