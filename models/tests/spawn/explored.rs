//! stateright explores the actor that runs over sockets.

use super::adapter::{pair, together};
use multimaster::{LastWriteWins, MasterId, Reading};
use multimaster_models::spawn::{Journal, MasterActor, Packet, Timer};
use stateright::actor::{Actor, ActorModel, ActorModelState, Command, Envelope, Id, LossyNetwork, Network, Out};
use stateright::{Checker, Expectation, Model};
use std::borrow::Cow;
use std::collections::VecDeque;

type Actors = ActorModel<MasterActor<LastWriteWins>>;
type State = ActorModelState<MasterActor<LastWriteWins>>;

/// Whether only answers to clients are in flight. (Every delivery counts as a change of the master's state, so that
/// stateright removes the packet from the network. The remaining packets are still to be delivered.)
fn at_rest(state: &State) -> bool {
    state.network.iter_deliverable().all(|envelope| usize::from(envelope.dst) >= 2)
}

fn reads(state: &State, at: usize) -> Reading {
    state.actor_states[at].replica().read("k")
}

/// Whether both read the same after a tick of each master and the delivery of all packets that follow.
fn a_tick_repairs(model: &Actors, state: &State) -> bool {
    let mut states: Vec<_> = state.actor_states.iter().map(|state| Cow::Borrowed(&**state)).collect();
    let mut flying = VecDeque::new();
    let mut out = Out::new();
    for (at, actor) in model.actors.iter().enumerate() {
        actor.on_timeout(Id::from(at), &mut states[at], &Timer::Tick, &mut out);
        flying.extend(std::mem::take(&mut out).into_iter().map(|command| (at, command)));
    }
    while let Some((from, Command::Send(to, packet))) = flying.pop_front() {
        let at = usize::from(to);
        model.actors[at].on_msg(to, &mut states[at], Id::from(from), packet, &mut out);
        flying.extend(std::mem::take(&mut out).into_iter().map(|command| (at, command)));
    }
    states[0].replica().digest() == states[1].replica().digest()
        && states[0].replica().readings().eq(states[1].replica().readings())
}

/// Two masters without timers. At the start, `first` write requests to A and one to B are in flight.
fn model(first: &[&str], log: Option<usize>) -> Actors {
    let ids = Id::vec_from([0usize, 1]);
    let journal = Journal::silent;
    let actor =
        |id| MasterActor::new(MasterId(id), LastWriteWins, pair(1, log), ids.clone(), together(), None, journal());
    let ask = |at: usize, text: &str| Envelope { src: Id::from(9), dst: Id::from(at), msg: Packet::Ask(text.into()) };
    let asks = first.iter().map(|text| ask(0, text)).chain([ask(1, "set k = b")]);
    ActorModel::new((), ())
        .actors([0, 1].map(actor))
        .init_network(Network::new_unordered_nonduplicating(asks))
        .property(Expectation::Always, "at quiescence, a tick repairs", |model, state| {
            !at_rest(state) || a_tick_repairs(model, state)
        })
        .property(Expectation::Sometimes, "quiescence", |_, state| at_rest(state))
        .property(Expectation::Sometimes, "a conflict", |_, state| {
            let [a, b] = [reads(state, 0), reads(state, 1)];
            a != b && a != Reading::Nothing && b != Reading::Nothing
        })
}

fn states(model: Actors) -> usize {
    let checker = model.checker().spawn_dfs().join();
    checker.assert_properties();
    checker.unique_state_count()
}

#[test]
fn one_write_each_ends_alike_under_every_order() {
    let model =
        model(&["set k = a"], None).property(Expectation::Always, "at quiescence both read the same", |_, state| {
            !at_rest(state) || (reads(state, 0) == reads(state, 1) && reads(state, 0) != Reading::Nothing)
        });
    assert_eq!(states(model), 13);
}

#[test]
fn whatever_is_lost_and_overtaken_the_next_tick_repairs() {
    let asks = ["set k = a", "set k = c"];
    assert_eq!(states(model(&asks, None)), 363);
    assert_eq!(states(model(&asks, None).lossy_network(LossyNetwork::Yes)), 5_328);
}

#[test]
fn so_it_does_where_logs_are_cut_and_snapshots_travel() {
    assert_eq!(states(model(&["set k = a"], Some(0)).lossy_network(LossyNetwork::Yes)), 88);
    assert_eq!(states(model(&["set k = a", "set k = c"], Some(0)).lossy_network(LossyNetwork::Yes)), 3_828);
}
