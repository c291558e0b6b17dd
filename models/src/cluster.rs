//! The model: masters, links and clients as one state machine that stateright explores. Every step of a master is a
//! call to the shipping [`Replica`].

mod action;
mod running;
mod state;

pub use action::Action;
pub(crate) use running::Did;
pub use state::{Faults, Hashed, Inquiry, Letter, Node, State};

use crate::history::{History, Write};
use crate::scope::{Link, Scope};
use crate::specification::Specification;
use crate::subject::Sent;
use crate::tamper::Tamper;
use multimaster::{MasterId, MessageOf, Outcome, Refusal, Replica, Request, Resolver, Stamp, VersionVector};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Masters with one rule in one [`Scope`].
pub struct Cluster<R: Resolver> {
    pub(crate) scope: Scope,
    pub(crate) start: Vec<Replica<R>>,
    pub(crate) tamper: Option<Tamper<R>>,
    pub(crate) specification: Option<Specification>,
    /// Pairs of (neighbour, asker) whose exchange of digests has been tried out, by content hash, and how it went.
    pub(crate) exchanges: Mutex<HashMap<(u64, u64), bool, foldhash::fast::FixedState>>,
}

impl<R: Resolver> Cluster<R> {
    /// All masters follow `rule`.
    ///
    /// # Panics
    /// As [`with_rules`](Self::with_rules).
    pub fn new(scope: Scope, rule: R) -> Cluster<R> {
        Self::with_rules(scope, |_| rule.clone())
    }

    /// Each master follows a rule of its own: a bug that some systems allow.
    ///
    /// # Panics
    /// If the scope is larger than a state can tell: more than 32 streams or free requests, 255 requests of one client,
    /// or a batch of none. (Scenario files are refused for it with a message.)
    pub fn with_rules(scope: Scope, rule: impl Fn(MasterId) -> R) -> Cluster<R> {
        let streams = matches!(scope.link, Link::Stream { .. });
        assert!(!streams || scope.topology.edges().count() <= 32, "at most 32 streams can be explored");
        assert!(scope.free.of.len() <= 32, "at most 32 free requests can be explored");
        assert!(scope.clients.iter().all(|client| client.asks.len() <= 255), "at most 255 requests of one client");
        assert!(scope.batch > 0, "a message carries at least one change");
        let start = scope.topology.ids().map(|id| Replica::new(id, rule(id), &scope.topology)).collect();
        Cluster { scope, start, tamper: None, specification: None, exchanges: Mutex::default() }
    }

    /// Breaks the protocol on purpose.
    pub fn tampered(mut self, tamper: Tamper<R>) -> Cluster<R> {
        self.tamper = Some(tamper);
        self
    }

    /// Reads are to be what `specification` says: the property of that name is asked.
    pub fn specified(mut self, specification: Specification) -> Cluster<R> {
        self.specification = Some(specification);
        self
    }

    pub(crate) fn initial(&self) -> State<R> {
        let history = Arc::new(Hashed::new(History::default()));
        State {
            masters: self
                .start
                .iter()
                .map(|replica| Arc::new(Node::new(replica.clone(), &history.value, self.specification)))
                .collect(),
            wire: Vec::new(),
            inquiries: Vec::new(),
            history,
            progress: SmallVec::from_elem(0, self.scope.clients.len()),
            chosen: 0,
            faults: self.faults(),
            broken: 0,
        }
    }

    /// The faults that may happen.
    pub(crate) fn faults(&self) -> Faults {
        match self.scope.link {
            Link::Stream { resets } => Faults { resets, ..Faults::default() },
            Link::Datagram { losses, duplicates } | Link::Running { losses, duplicates } => {
                Faults { losses, duplicates, ..Faults::default() }
            }
            Link::Soup => Faults::default(),
        }
    }

    pub(crate) fn enabled(&self, state: &State<R>, actions: &mut Vec<Action<R>>) {
        for (client, script) in self.scope.clients.iter().enumerate() {
            let place = usize::from(state.progress[client]);
            if place < script.asks.len() {
                actions.push(Action::Ask { client, place });
            }
        }
        if (state.chosen.count_ones() as usize) < self.scope.free.take {
            let open = |index: &usize| state.chosen & (1 << index) == 0;
            actions.extend((0..self.scope.free.of.len()).filter(open).map(Action::Choose));
        }
        for (place, letter) in state.wire.iter().enumerate() {
            if place > 0 && state.wire[place - 1] == *letter {
                continue;
            }
            actions.push(Action::Deliver(letter.clone()));
            if state.faults.losses > 0 {
                actions.push(Action::Lose(letter.clone()));
            }
            if state.faults.duplicates > 0 {
                let running = matches!(self.scope.link, Link::Running { .. });
                let twice = if running { Action::Duplicate } else { Action::Repeat };
                actions.push(twice(letter.clone()));
            }
        }
        if matches!(self.scope.link, Link::Running { .. }) {
            return self.enabled_running(state, actions);
        }
        for (edge, (from, to)) in self.scope.topology.edges().enumerate() {
            let (feeder, asker) = (&state.master(from).replica, &state.master(to).replica);
            match self.scope.link {
                Link::Stream { .. } if state.broken & (1 << edge) != 0 => actions.push(Action::Resume { from, to }),
                Link::Stream { .. } => {
                    let waiting = feeder.pending(to).min(self.scope.batch);
                    actions.extend((1..=waiting).map(|max| Action::Stream { from, to, max }));
                    if state.faults.resets > 0 {
                        actions.push(Action::Break { from, to });
                    }
                }
                Link::Datagram { .. } if self.ticks() => {
                    let quiet = !state.wire.iter().any(|letter| letter.from == from && letter.to == to);
                    if quiet && !asker.digest().covers(feeder.digest()) {
                        actions.push(Action::Tick { asker: to, feeder: from });
                    }
                }
                _ => {}
            }
        }
    }

    fn ticks(&self) -> bool {
        self.tamper.as_ref().is_none_or(|tamper| tamper.ticks)
    }

    /// The state after `action`, and which changes were sent on the way; `None` if nothing is different.
    pub(crate) fn step(&self, state: &State<R>, action: &Action<R>) -> Option<(State<R>, Sent)> {
        let client = matches!(action, Action::Ask { .. } | Action::Choose(_));
        if matches!(self.scope.link, Link::Running { .. }) && !client {
            return self.step_running(state, action);
        }
        let mut next = state.clone();
        let mut sent = Sent::new();
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[*client];
                next.progress[*client] += 1;
                self.write(&mut next, script.at, &script.asks[*place], &mut sent);
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                next.chosen |= 1 << index;
                self.write(&mut next, *at, request, &mut sent);
            }
            Action::Deliver(letter) => {
                if self.scope.link != Link::Soup {
                    next.take(letter);
                }
                self.deliver(&mut next, letter, &mut sent);
            }
            Action::Repeat(letter) => {
                next.faults.duplicates -= 1;
                self.deliver(&mut next, letter, &mut sent);
            }
            Action::Lose(letter) => {
                next.faults.losses -= 1;
                next.take(letter);
            }
            Action::Tick { asker, feeder } => self.ask(&mut next, *asker, *feeder, &mut sent),
            Action::Stream { from, to, max } => {
                let mut sender = state.master(*from).replica.clone();
                let message = sender.next_push(*to, *max)?;
                next.move_cursor(*from, sender);
                let letter = self.sealed(&next, *from, *to, message, &mut sent)?;
                self.deliver(&mut next, &letter, &mut sent);
            }
            Action::Break { from, to } => {
                next.faults.resets -= 1;
                next.broken |= self.edge_bit(*from, *to);
                let mut sender = state.master(*from).replica.clone();
                while sender.next_push(*to, self.scope.batch).is_some() {}
                next.move_cursor(*from, sender);
            }
            Action::Resume { from, to } => {
                next.broken &= !self.edge_bit(*from, *to);
                let mut sender = state.master(*from).replica.clone();
                sender.resume(*to, state.master(*to).replica.digest());
                next.move_cursor(*from, sender);
            }
            // Steps of running links: nowhere else are they possible.
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => return None,
            Action::Duplicate(_) | Action::Truncate { .. } => return None,
        }
        match self.scope.link {
            Link::Stream { .. } => self.acknowledge(&mut next),
            // A running link delivers also what brings nothing.
            Link::Running { .. } => {}
            _ => next.wire.retain(|letter| !self.is_spent(&next.masters[letter.to.index()], letter)),
        }
        (next != *state).then_some((next, sent))
    }

    fn edge_bit(&self, from: MasterId, to: MasterId) -> u32 {
        let place = self.scope.topology.edges().position(|edge| edge == (from, to));
        place.map_or(0, |place| 1 << place)
    }

    /// Streams skip what their receivers have got from others meanwhile. Delivering it would do nothing but move the
    /// cursor on, now or later, so it is as good as delivered at once: the twin of [`is_spent`](Self::is_spent).
    fn acknowledge(&self, next: &mut State<R>) {
        for (edge, (from, to)) in self.scope.topology.edges().enumerate() {
            let digest = next.master(to).replica.digest();
            if next.broken & (1 << edge) == 0 && next.master(from).replica.would_repeat(to, digest) {
                let mut sender = next.master(from).replica.clone();
                sender.resume(to, digest);
                next.move_cursor(from, sender);
            }
        }
    }

    fn write(&self, next: &mut State<R>, at: MasterId, request: &Request, sent: &mut Sent) {
        let mut replica = next.master(at).replica.clone();
        let past = next.history().past_of(&replica);
        if let Ok(write) = written(&mut replica, request, past) {
            let mut history = next.history.value.clone();
            history.add(write);
            next.history = Arc::new(Hashed::new(history));
            self.settle(next, replica, sent);
        }
    }

    fn deliver(&self, next: &mut State<R>, letter: &Letter<R>, sent: &mut Sent) {
        let (from, to) = (letter.from, letter.to);
        let mut receiver = next.master(to).replica.clone();
        match self.receive(&mut receiver, from, letter.message.clone()) {
            Outcome::Applied | Outcome::Stale => self.settle(next, receiver, sent),
            Outcome::Gap => self.ask(next, to, from, sent),
            Outcome::Duplicate => {
                if self.tamper.as_ref().is_some_and(|tamper| tamper.forwards_duplicates) {
                    let onward: Vec<MasterId> = self.scope.topology.sends_to(to).collect();
                    for peer in onward {
                        self.send(next, to, peer, letter.message.clone(), sent);
                    }
                }
            }
            // A right peer's message is never refused: the bug would be ours, in the protocol or in the model.
            Outcome::Refused(fault) => assert!(self.tamper.is_some(), "{to} refused {}: {fault}", letter.message),
        }
    }

    pub(crate) fn receive(&self, receiver: &mut Replica<R>, from: MasterId, message: MessageOf<R>) -> Outcome {
        match &self.tamper {
            Some(tamper) => (tamper.receive)(receiver, from, message),
            None => receiver.receive(from, message),
        }
    }

    /// The master `replica` has taken something in: what it now has to send goes out at once, except over streams and
    /// running links, where it waits in the log; then the log is cut, which in a running master is a step of its own.
    fn settle(&self, next: &mut State<R>, mut replica: Replica<R>, sent: &mut Sent) {
        let from = replica.id();
        let mut outbox = Vec::new();
        if matches!(self.scope.link, Link::Datagram { .. } | Link::Soup) {
            for to in self.scope.topology.sends_to(from) {
                while let Some(message) = replica.next_push(to, self.scope.batch) {
                    outbox.push((to, message));
                }
            }
        }
        if let Some(keep) = self.scope.log
            && !matches!(self.scope.link, Link::Running { .. })
        {
            replica.truncate(keep);
        }
        next.set(from, replica, self.specification);
        for (to, message) in outbox {
            self.send(next, from, to, message, sent);
        }
    }

    /// `asker`'s digest reaches `feeder`, and the answer is on its way.
    fn ask(&self, next: &mut State<R>, asker: MasterId, feeder: MasterId, sent: &mut Sent) {
        let digest = next.master(asker).replica.digest().clone();
        if let Some(answer) = next.master(feeder).replica.answer(&digest, self.scope.batch) {
            self.send(next, feeder, asker, answer, sent);
        }
    }

    fn send(&self, next: &mut State<R>, from: MasterId, to: MasterId, message: MessageOf<R>, sent: &mut Sent) {
        let Some(letter) = self.sealed(next, from, to, message, sent) else {
            return;
        };
        let there = next.flying(from, to, &letter.message).is_some();
        if self.scope.link != Link::Soup || !there {
            next.fly(Arc::new(letter));
        }
    }

    /// The message as it goes out, counted; `None` if a tampered sender keeps it to itself.
    fn sealed(
        &self,
        next: &State<R>,
        from: MasterId,
        to: MasterId,
        mut message: MessageOf<R>,
        sent: &mut Sent,
    ) -> Option<Letter<R>> {
        if let Some(tamper) = &self.tamper
            && !(tamper.send)(&next.master(from).replica, to, &mut message)
        {
            return None;
        }
        match &message {
            multimaster::Message::Push(push) => sent.extend(push.changes.iter().map(|change| change.dot)),
            multimaster::Message::Snapshot(_) => sent.extend(message.brings(next.master(to).replica.digest())),
        }
        Some(Letter::new(from, to, message))
    }

    /// Whether the letter will never again do anything, so that it need not be kept in the state.
    ///
    /// `receive` looks first whether everything in a message has been seen, does nothing then, and believes nothing by
    /// having got it; and what has been seen stays seen. (Checked against a real `receive` wherever debug assertions are
    /// on, as in all tests.) Of a tampered protocol nothing is assumed: the letter is delivered on trial.
    fn is_spent(&self, receiver: &Node<R>, letter: &Letter<R>) -> bool {
        match &self.tamper {
            Some(tamper) if tamper.forwards_duplicates || tamper.repeats_count => false,
            Some(_) => self.does_nothing(receiver, letter),
            None => {
                let spent = !letter.message.is_news_to(receiver.replica.digest());
                debug_assert!(!spent || self.does_nothing(receiver, letter));
                spent
            }
        }
    }

    fn does_nothing(&self, receiver: &Node<R>, letter: &Letter<R>) -> bool {
        let mut trial = receiver.replica.clone();
        self.receive(&mut trial, letter.from, letter.message.clone()) == Outcome::Duplicate && trial == receiver.replica
    }
}

/// A client writes: what the ghost is told of it.
pub(crate) fn written<R: Resolver>(
    replica: &mut Replica<R>,
    request: &Request,
    past: VersionVector,
) -> Result<Write, Refusal> {
    let dot = replica.write(&request.key, &request.op)?;
    // A master logs what it writes.
    let stamp = replica.log().last().map_or(Stamp { time: 0, master: replica.id() }, |change| change.stamp);
    Ok(Write { dot, stamp, key: request.key.clone(), op: request.op.untimed().clone(), past })
}
