//! A test of the checkers: a small, plain model, with state counts on which other checkers agree.
//!
//! Masters all to all, last write wins, nothing lost, repeated or repaired: each write gets a Lamport timestamp and
//! goes to every other master, in any order. Every master makes the same number of writes, all to one key.

use multimaster::{Dot, MasterId};
use multimaster_models::check::engine::{self, Limits, Verdict};
use multimaster_models::check::erased::Erased;
use multimaster_models::check::stateright_engine::{How, disagreement, explore};
use multimaster_models::model::{Model, Property, Sent};
use multimaster_models::properties::{AGREEMENT, FALLS_SILENT, QUIESCENCE};
use multimaster_models::subject::{Arrow, Subject};

/// A timestamp: counter and master. It also is the written value.
type Timestamp = (u8, usize);

struct Plain {
    masters: usize,
    writes: u8,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct Master {
    /// The highest timestamp seen: the value that wins, and by its counter the Lamport clock.
    register: Timestamp,
    writes_left: u8,
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct State {
    masters: Vec<Master>,
    /// Receiver and timestamp of each message, in order.
    in_flight: Vec<(usize, Timestamp)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    Write(usize),
    Receive(usize, Timestamp),
}

impl Model for Plain {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let master = Master { register: (0, 0), writes_left: self.writes };
        vec![State { masters: vec![master; self.masters], in_flight: Vec::new() }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let writers = (0..self.masters).filter(|master| state.masters[*master].writes_left > 0);
        actions.extend(writers.map(Action::Write));
        // No two messages are equal, because each timestamp is issued once.
        actions.extend(state.in_flight.iter().map(|(to, timestamp)| Action::Receive(*to, *timestamp)));
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        let mut next = state.clone();
        let mut sent = Sent::new();
        match *action {
            Action::Write(at) => {
                let master = &mut next.masters[at];
                master.register = (master.register.0 + 1, at);
                master.writes_left -= 1;
                let timestamp = master.register;
                next.in_flight.extend((0..self.masters).filter(|to| *to != at).map(|to| (to, timestamp)));
                next.in_flight.sort();
                let dot = Dot::new(MasterId(at as u16), u64::from(timestamp.0));
                sent.extend(vec![dot; self.masters - 1]);
            }
            Action::Receive(at, timestamp) => {
                next.in_flight.retain(|message| *message != (at, timestamp));
                let register = &mut next.masters[at].register;
                *register = timestamp.max(*register);
            }
        }
        Some((next, sent))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AGREEMENT, |_, state: &State| {
                !state.at_rest() || state.masters.iter().all(|master| master.register == state.masters[0].register)
            }),
            Property::sometimes(QUIESCENCE, |_, state: &State| state.at_rest()),
        ]
    }
}

impl State {
    fn at_rest(&self) -> bool {
        self.in_flight.is_empty() && self.masters.iter().all(|master| master.writes_left == 0)
    }
}

impl Subject for Plain {
    fn describe(&self, _: &State, action: &Action) -> String {
        format!("{action:?}")
    }

    fn remark(&self, _: &State, _: &Action) -> Option<String> {
        None
    }

    fn masters(&self) -> Vec<String> {
        (0..self.masters).map(|master| MasterId(master as u16).to_string()).collect()
    }

    fn readings(&self, state: &State) -> Vec<String> {
        state.masters.iter().map(|master| format!("k={:?}", master.register)).collect()
    }

    fn complaint(&self, _: &str, _: &State) -> Option<String> {
        None
    }

    fn arrow(&self, state: &State, action: &Action) -> Arrow {
        let (Action::Write(at) | Action::Receive(at, _)) = action;
        Arrow::At(*at, self.describe(state, action))
    }
}

/// Explored by this engine and by stateright's two: the distinct states, and the generated ones with repetitions.
#[track_caller]
fn assert_counts(masters: usize, writes: u8, states: usize, generated: usize) {
    let plain = || Plain { masters, writes };
    let ours = engine::explore(&plain(), Limits::default(), |_, _| {});
    assert_eq!((ours.states, ours.generated), (states, generated));
    for how in [How::Bfs, How::Dfs] {
        let theirs = explore(Erased::new(plain()), how, Limits::default());
        assert_eq!((theirs.states, theirs.generated), (states, generated), "{how:?}");
        assert_eq!(disagreement(&ours, &theirs), None, "{how:?}");
    }
    // Each write and each arrival is a step, and quiescence comes after all of them.
    let steps = masters * usize::from(writes) * masters;
    assert!(matches!(ours.verdict(QUIESCENCE), Some(Verdict::Holds(Some(path))) if path.len() == steps));
    assert_eq!((ours.depth, ours.messages), (steps, Some(masters - 1)));
    assert!([AGREEMENT, FALLS_SILENT].iter().all(|name| ours.verdict(name) == Some(&Verdict::Holds(None))));
}

#[test]
fn three_masters_that_write_once() {
    assert_counts(3, 1, 455, 1_168);
}

#[test]
fn three_masters_that_write_twice() {
    assert_counts(3, 2, 274_651, 1_434_811);
}

#[test]
fn four_masters_that_write_once() {
    assert_counts(4, 1, 90_771, 467_697);
}
