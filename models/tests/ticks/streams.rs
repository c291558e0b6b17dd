//! Streams without omissions: queues of messages, and after a break a greeting that is in flight.

use super::telling::{Known, Telling, known, start, write, writers};
use multimaster::{MasterId, MessageOf, Outcome, Replica, VersionVector};
use multimaster_models::model::{Model, Property, Sent};
use multimaster_models::scope::{LinkKind, Scope};
use std::collections::VecDeque;

pub(crate) struct Streams {
    pub(crate) scope: Scope,
    /// Whether a sender takes changes from its log at once, or at any later time.
    pub(crate) eager: bool,
}

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct State {
    masters: Vec<Replica<Telling>>,
    /// One for each edge, in order.
    lines: Vec<Line>,
    resets: u8,
}

#[derive(Clone, Debug, PartialEq, Hash)]
enum Line {
    Stands(VecDeque<MessageOf<Telling>>),
    Broken,
    /// The receiver's digest is in flight to the sender.
    Greeting(VersionVector),
}

/// By the edge, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Write(MasterId),
    Send(usize, usize),
    Deliver(usize),
    Break(usize),
    Greet(usize),
    Resume(usize),
}

impl State {
    pub(crate) fn known(&self) -> Known {
        known(&self.masters)
    }
}

impl Streams {
    fn edge(&self, edge: usize) -> (MasterId, MasterId) {
        self.scope.topology.edges().nth(edge).expect("one of the edges")
    }

    fn settle(&self, state: &mut State, at: MasterId) {
        if self.eager {
            for (edge, (from, _)) in self.scope.topology.edges().enumerate() {
                if from == at {
                    while self.send(state, edge, self.scope.batch) {}
                }
            }
        }
        if let Some(keep) = self.scope.log {
            state.masters[at.index()].truncate(keep);
        }
    }

    fn send(&self, state: &mut State, edge: usize, max: usize) -> bool {
        let (from, to) = self.edge(edge);
        let Line::Stands(queue) = &mut state.lines[edge] else { return false };
        let message = state.masters[from.index()].next_push(to, max);
        let sent = message.is_some();
        queue.extend(message);
        sent
    }
}

impl Model for Streams {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let LinkKind::Stream { resets } = self.scope.link else { panic!("no streams") };
        let masters = start(&self.scope);
        vec![State { masters, lines: vec![Line::Stands(VecDeque::new()); self.scope.topology.edges().count()], resets }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(writers(&self.scope, &state.masters).map(Action::Write));
        for (edge, (from, to)) in self.scope.topology.edges().enumerate() {
            match &state.lines[edge] {
                Line::Stands(queue) => {
                    let waiting = state.masters[from.index()].pending(to).min(self.scope.batch);
                    actions.extend((1..=waiting).map(|max| Action::Send(edge, max)));
                    if !queue.is_empty() {
                        actions.push(Action::Deliver(edge));
                    }
                }
                Line::Broken => actions.push(Action::Greet(edge)),
                Line::Greeting(_) => actions.push(Action::Resume(edge)),
            }
            if state.resets > 0 {
                actions.push(Action::Break(edge));
            }
        }
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        let mut next = state.clone();
        match *action {
            Action::Write(at) => {
                write(&self.scope, &mut next.masters[at.index()]);
                self.settle(&mut next, at);
            }
            Action::Send(edge, max) => assert!(self.send(&mut next, edge, max)),
            Action::Deliver(edge) => {
                let (from, to) = self.edge(edge);
                let Line::Stands(queue) = &mut next.lines[edge] else { return None };
                let message = queue.pop_front()?;
                match next.masters[to.index()].receive(from, message) {
                    Outcome::Applied | Outcome::Stale => self.settle(&mut next, to),
                    Outcome::Duplicate => {}
                    // The model has no answer to a gap in a stream: no gap may occur.
                    Outcome::Gap => panic!("a gap between {from} and {to} in\n{state:#?}"),
                    Outcome::Refused(fault) => panic!("{to}: {fault}"),
                }
            }
            Action::Break(edge) => {
                next.resets -= 1;
                next.lines[edge] = Line::Broken;
            }
            Action::Greet(edge) => {
                let (_, to) = self.edge(edge);
                next.lines[edge] = Line::Greeting(state.masters[to.index()].digest().clone());
            }
            Action::Resume(edge) => {
                let (from, to) = self.edge(edge);
                let Line::Greeting(digest) = &state.lines[edge] else { return None };
                next.masters[from.index()].resume(to, digest);
                next.lines[edge] = Line::Stands(VecDeque::new());
                while self.eager && self.send(&mut next, edge, self.scope.batch) {}
            }
        }
        (next != *state).then(|| (next, Sent::new()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        Vec::new()
    }
}
