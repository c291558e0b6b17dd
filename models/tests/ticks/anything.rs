//! The most general network of datagrams, in few states: no sent message is ever gone, and every master has always sent
//! its digest to all neighbours.
//!
//! The set of messages in flight only grows. Given the path of the masters so far, an envelope is in flight if some
//! schedule of ticks, losses and second deliveries could have sent it: each digest that a master ever had was sent to
//! all masters from which it receives, and answered in each state in which these ever were. The effect of a delivery
//! depends only on the envelope and the receiver. So the masters reach here all knowledge that any number of ticks,
//! losses and second deliveries can lead to, without a count of faults.

use super::telling::{Known, Telling, known, start, write, writers};
use multimaster::{MasterId, MessageOf, Outcome, Replica, VersionVector};
use multimaster_models::model::{Model, Property, Sent};
use multimaster_models::scope::Scope;
use std::collections::BTreeSet;

pub(crate) struct Anything {
    pub(crate) scope: Scope,
}

type Envelope = (MasterId, MasterId, MessageOf<Telling>);

#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct State {
    masters: Vec<Replica<Telling>>,
    envelopes: BTreeSet<Envelope>,
    /// By master, every digest that it ever had.
    digests: Vec<BTreeSet<VersionVector>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Write(MasterId),
    Deliver(Envelope),
}

impl State {
    pub(crate) fn known(&self) -> Known {
        known(&self.masters)
    }
}

impl Anything {
    /// Called when the master `at` has changed: adds the messages that become possible.
    fn settle(&self, state: &mut State, at: MasterId) {
        let State { masters, envelopes, digests } = state;
        let (topology, batch) = (&self.scope.topology, self.scope.batch);
        for to in topology.sends_to(at) {
            while let Some(message) = masters[at.index()].next_push(to, batch) {
                envelopes.insert((at, to, message));
            }
        }
        if let Some(keep) = self.scope.log {
            masters[at.index()].truncate(keep);
        }
        digests[at.index()].insert(masters[at.index()].digest().clone());
        for (sender, receiver) in topology.edges().filter(|(sender, receiver)| [sender, receiver].contains(&&at)) {
            let asked = digests[receiver.index()].iter();
            let answers = asked.filter_map(|digest| masters[sender.index()].answer(digest, batch));
            envelopes.extend(answers.map(|answer| (sender, receiver, answer)));
        }
    }
}

impl Model for Anything {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let masters = start(&self.scope);
        let digests = masters.iter().map(|master| BTreeSet::from([master.digest().clone()])).collect();
        vec![State { masters, envelopes: BTreeSet::new(), digests }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(writers(&self.scope, &state.masters).map(Action::Write));
        actions.extend(state.envelopes.iter().cloned().map(Action::Deliver));
    }

    fn step(&self, state: &State, action: &Action) -> Option<(State, Sent)> {
        let mut next = state.clone();
        let at = match action.clone() {
            Action::Write(at) => {
                write(&self.scope, &mut next.masters[at.index()]);
                at
            }
            Action::Deliver((from, to, message)) => match next.masters[to.index()].receive(from, message) {
                Outcome::Applied | Outcome::Stale => to,
                // The digest that answers a gap is in flight anyway.
                Outcome::Gap | Outcome::Duplicate => return None,
                Outcome::Refused(fault) => panic!("{to}: {fault}"),
            },
        };
        self.settle(&mut next, at);
        Some((next, Sent::new()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        Vec::new()
    }
}
