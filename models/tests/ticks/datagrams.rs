//! Datagrams without omissions: digests are in flight too, ticks happen at any time, and a message stays in flight
//! until it arrives, even if it will have no effect.

use super::telling::{Known, Telling, known, start, write, writers};
use multimaster::{MasterId, MessageOf, Outcome, Replica, VersionVector};
use multimaster_models::model::{Model, Property, Sent};
use multimaster_models::scope::{LinkKind, Scope};

/// The scope's losses and duplicates count envelopes. Any number of digests is lost or duplicated.
pub(crate) struct Datagrams {
    pub(crate) scope: Scope,
    /// The most digests in flight from one master to one neighbour.
    pub(crate) digests: usize,
}

type Envelope = (MasterId, MasterId, MessageOf<Telling>);
type Digest = (MasterId, MasterId, VersionVector);

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct State {
    masters: Vec<Replica<Telling>>,
    /// In order. At most two equal envelopes: a third one is lost, so that the number of answers to a digest is finite.
    envelopes: Vec<Envelope>,
    /// In order, without equal ones.
    digests: Vec<Digest>,
    losses: u8,
    duplicates: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Write(MasterId),
    Deliver(usize),
    Repeat(usize),
    Lose(usize),
    Tick { receiver: MasterId, sender: MasterId },
    DeliverDigest(usize),
    RepeatDigest(usize),
    LoseDigest(usize),
}

impl State {
    pub(crate) fn known(&self) -> Known {
        known(&self.masters)
    }

    fn send(&mut self, envelope: Envelope) {
        let place = self.envelopes.partition_point(|held| *held < envelope);
        if self.envelopes[place..].iter().take_while(|held| **held == envelope).count() < 2 {
            self.envelopes.insert(place, envelope);
        }
    }
}

impl Datagrams {
    /// A digest above the limit is lost. This is a possible schedule, and so is the loss of a digest within the limit.
    fn send_digest(&self, state: &mut State, receiver: MasterId, sender: MasterId) {
        let digest = (receiver, sender, state.masters[receiver.index()].digest().clone());
        let between = state.digests.iter().filter(|held| (held.0, held.1) == (receiver, sender)).count();
        let place = state.digests.partition_point(|held| *held < digest);
        if between < self.digests && state.digests.get(place) != Some(&digest) {
            state.digests.insert(place, digest);
        }
    }

    fn settle(&self, state: &mut State, at: MasterId) {
        for to in self.scope.topology.sends_to(at) {
            while let Some(message) = state.masters[at.index()].next_push(to, self.scope.batch) {
                state.send((at, to, message));
            }
        }
        if let Some(keep) = self.scope.log {
            state.masters[at.index()].truncate(keep);
        }
    }

    fn deliver(&self, state: &mut State, (from, to, message): Envelope) {
        match state.masters[to.index()].receive(from, message) {
            Outcome::Applied | Outcome::Stale => self.settle(state, to),
            Outcome::Gap => self.send_digest(state, to, from),
            Outcome::Duplicate => {}
            Outcome::Refused(fault) => panic!("{to}: {fault}"),
        }
    }

    fn answer(&self, state: &mut State, (receiver, sender, digest): Digest) {
        if let Some(answer) = state.masters[sender.index()].answer(&digest, self.scope.batch) {
            state.send((sender, receiver, answer));
        }
    }
}

impl Model for Datagrams {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let LinkKind::Datagram { losses, duplicates } = self.scope.link else { panic!("no datagrams") };
        let masters = start(&self.scope);
        vec![State { masters, envelopes: Vec::new(), digests: Vec::new(), losses, duplicates }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(writers(&self.scope, &state.masters).map(Action::Write));
        for envelope in 0..state.envelopes.len() {
            if envelope > 0 && state.envelopes[envelope - 1] == state.envelopes[envelope] {
                continue;
            }
            actions.push(Action::Deliver(envelope));
            if state.duplicates > 0 {
                actions.push(Action::Repeat(envelope));
            }
            if state.losses > 0 {
                actions.push(Action::Lose(envelope));
            }
        }
        actions.extend(self.scope.topology.edges().map(|(sender, receiver)| Action::Tick { receiver, sender }));
        for digest in 0..state.digests.len() {
            actions.extend([Action::DeliverDigest(digest), Action::RepeatDigest(digest), Action::LoseDigest(digest)]);
        }
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        let mut next = state.clone();
        match *action {
            Action::Write(at) => {
                write(&self.scope, &mut next.masters[at.index()]);
                self.settle(&mut next, at);
            }
            Action::Deliver(envelope) => {
                let envelope = next.envelopes.remove(envelope);
                self.deliver(&mut next, envelope);
            }
            Action::Repeat(envelope) => {
                next.duplicates -= 1;
                self.deliver(&mut next, state.envelopes[envelope].clone());
            }
            Action::Lose(envelope) => {
                next.losses -= 1;
                next.envelopes.remove(envelope);
            }
            Action::Tick { receiver, sender } => self.send_digest(&mut next, receiver, sender),
            Action::DeliverDigest(digest) => {
                let digest = next.digests.remove(digest);
                self.answer(&mut next, digest);
            }
            Action::RepeatDigest(digest) => self.answer(&mut next, state.digests[digest].clone()),
            Action::LoseDigest(digest) => drop(next.digests.remove(digest)),
        }
        (next != *state).then(|| (next, Sent::new()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        Vec::new()
    }
}
