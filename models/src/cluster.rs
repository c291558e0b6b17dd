//! The model: masters, links and clients as one state machine that stateright explores. Every step of a master is a
//! call to the shipping [`Replica`].

mod action;
mod cursors;
mod judgement;
mod local;
mod outcomes;
mod questions;
mod running;
mod state;
mod tables;
mod world;

pub use action::{Action, InquiryNumber, LetterNumber};
pub(crate) use judgement::Judgement;
pub use state::{Faults, State};
pub(crate) use state::{Inquiry, Letter, content_hash};
pub(crate) use world::World;

use crate::history::{History, Write};
use crate::scope::{Link, Scope};
use crate::specification::Specification;
use crate::subject::Sent;
use crate::tamper::Tamper;
use multimaster::{MasterId, Refusal, Replica, Request, Resolver, Stamp, VersionVector};
use outcomes::Asked;
use state::{Master, locked};
use std::sync::{Arc, Mutex, MutexGuard};
use tables::Tables;

/// Masters with one rule in one [`Scope`].
pub struct Cluster<R: Resolver> {
    pub(crate) scope: Scope,
    pub(crate) start: Vec<Replica<R>>,
    /// The topology's edges, in order.
    pub(crate) edges: Arc<[(MasterId, MasterId)]>,
    pub(crate) tamper: Option<Tamper<R>>,
    pub(crate) specification: Option<Specification>,
    /// Shared between the threads of a search. A step takes them once, as a whole: what comes of it is the same,
    /// whichever thread works it out.
    pub(crate) tables: Arc<Mutex<Tables<R>>>,
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
        let edges: Arc<[_]> = scope.topology.edges().collect();
        let tables = Arc::new(Mutex::new(Tables::new(Arc::clone(&edges))));
        Cluster { scope, start, edges, tamper: None, specification: None, tables }
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
        let tables = &mut *self.tables();
        let history = tables.history(History::default());
        let masters = self.start.iter().map(|replica| {
            let local = tables.local_with(replica.clone(), |_| vec![Vec::new(); self.start.len()]);
            Master { local, judgement: self.judge(tables, local, history) }
        });
        let streams = if self.counts_waiting() { self.edges.len() } else { 0 };
        let counts = (streams, self.scope.clients.len());
        let mut state = State::new(&self.tables, masters.collect(), history, counts);
        state.faults = self.faults();
        state.rehash(tables);
        state
    }

    fn tables(&self) -> MutexGuard<'_, Tables<R>> {
        locked(&self.tables)
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

    pub(crate) fn enabled(&self, state: &State<R>, actions: &mut Vec<Action>) {
        self.each_enabled(&self.tables(), state, &mut |action| actions.push(action));
    }

    fn each_enabled(&self, tables: &Tables<R>, state: &State<R>, enable: &mut impl FnMut(Action)) {
        for (client, (script, made)) in self.scope.clients.iter().zip(state.progress()).enumerate() {
            let place = usize::from(*made);
            if place < script.asks.len() {
                enable(Action::Ask { client, place });
            }
        }
        if (state.chosen.count_ones() as usize) < self.scope.free.take {
            let open = |index: &usize| state.chosen & (1 << index) == 0;
            (0..self.scope.free.of.len()).filter(open).for_each(|index| enable(Action::Choose(index)));
        }
        let running = matches!(self.scope.link, Link::Running { .. });
        for (place, letter) in state.wire.iter().enumerate() {
            if place > 0 && state.wire[place - 1] == *letter {
                continue;
            }
            let letter = LetterNumber(*letter);
            enable(Action::Deliver(letter));
            if state.faults.losses > 0 {
                enable(Action::Lose(letter));
            }
            if state.faults.duplicates > 0 {
                enable(if running { Action::Duplicate(letter) } else { Action::Repeat(letter) });
            }
        }
        match self.scope.link {
            Link::Stream { .. } => self.enabled_streams(tables, state, enable),
            Link::Datagram { .. } if self.ticks() => {
                for &(feeder, asker) in &*self.edges {
                    let seen = |master| tables.digest(state.local(master));
                    if self.is_quiet(tables, state, feeder, asker) && !seen(asker).covers(seen(feeder)) {
                        enable(Action::Tick { asker, feeder });
                    }
                }
            }
            Link::Running { .. } => self.enabled_running(tables, state, enable),
            Link::Datagram { .. } | Link::Soup => {}
        }
    }

    fn enabled_streams(&self, tables: &Tables<R>, state: &State<R>, enable: &mut impl FnMut(Action)) {
        for (edge, &(from, to)) in self.edges.iter().enumerate() {
            if state.broken & (1 << edge) != 0 {
                enable(Action::Resume { from, to });
                continue;
            }
            let waiting = self.waiting(tables, state, edge);
            (1..=waiting.min(self.scope.batch)).for_each(|max| enable(Action::Stream { from, to, max }));
            if state.faults.resets > 0 {
                enable(Action::Break { from, to });
            }
        }
    }

    /// Whether no letter is in flight over this edge.
    fn is_quiet(&self, tables: &Tables<R>, state: &State<R>, from: MasterId, to: MasterId) -> bool {
        let is_here = |letter: &Letter<R>| letter.from == from && letter.to == to;
        !state.wire.iter().any(|letter| is_here(&tables.letters[*letter]))
    }

    pub(crate) fn letter(&self, LetterNumber(number): LetterNumber) -> Arc<Letter<R>> {
        Arc::clone(&self.tables().letters[number])
    }

    pub(crate) fn inquiry(&self, InquiryNumber(number): InquiryNumber) -> Inquiry {
        self.tables().inquiries[number].clone()
    }

    fn ticks(&self) -> bool {
        self.tamper.as_ref().is_none_or(|tamper| tamper.ticks)
    }

    /// The state after `action`, and which changes were sent on the way; `None` if nothing is different.
    pub(crate) fn step(&self, state: &State<R>, action: Action) -> Option<(State<R>, Sent)> {
        self.step_in(&mut self.tables(), state, action)
    }

    fn step_in(&self, tables: &mut Tables<R>, state: &State<R>, action: Action) -> Option<(State<R>, Sent)> {
        let (mut next, mut sent) = (state.clone(), Sent::new());
        self.alter(tables, state, &mut next, action, &mut sent).then_some((next, sent))
    }

    /// Tells `reach` of every step that alters something: its place among those possible, where it leads, what it sends.
    pub(crate) fn each_step(
        &self,
        state: &State<R>,
        actions: &mut Vec<Action>,
        reach: &mut impl FnMut(usize, &State<R>, &Sent),
    ) {
        // Once for all; and one state is altered again and again: most of those reached are known.
        let tables = &mut *self.tables();
        actions.clear();
        self.each_enabled(tables, state, &mut |action| actions.push(action));
        let (mut next, mut sent) = (state.clone(), Sent::new());
        for (place, action) in actions.iter().enumerate() {
            if place > 0 {
                next.clone_from(state);
                sent.clear();
            }
            if self.alter(tables, state, &mut next, *action, &mut sent) {
                reach(place, &next, &sent);
            }
        }
    }

    /// Takes the step in `next`, which is as `state` so far. False if it is not allowed, or nothing is different.
    fn alter(
        &self,
        tables: &mut Tables<R>,
        state: &State<R>,
        next: &mut State<R>,
        action: Action,
        sent: &mut Sent,
    ) -> bool {
        let client = matches!(action, Action::Ask { .. } | Action::Choose(_));
        let allowed = if matches!(self.scope.link, Link::Running { .. }) && !client {
            self.step_running(tables, next, action, sent)
        } else {
            self.step_at_once(tables, state, next, action, sent)
        };
        if allowed {
            next.rehash(tables);
        }
        allowed && next != state
    }

    /// Takes the step in `next` itself. False if it is not allowed.
    fn step_at_once(
        &self,
        tables: &mut Tables<R>,
        state: &State<R>,
        next: &mut State<R>,
        action: Action,
        sent: &mut Sent,
    ) -> bool {
        let altered = match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[client];
                next.parts().2[client] += 1;
                self.write(tables, next, script.at, (Asked::Scripted(client, place), &script.asks[place]), sent);
                script.at
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                next.chosen |= 1 << index;
                self.write(tables, next, *at, (Asked::Free(index), request), sent);
                *at
            }
            Action::Deliver(LetterNumber(letter)) => {
                if self.scope.link != Link::Soup {
                    next.take(letter);
                }
                self.deliver(tables, next, letter, sent)
            }
            Action::Repeat(LetterNumber(letter)) => {
                next.faults.duplicates -= 1;
                self.deliver(tables, next, letter, sent)
            }
            Action::Lose(LetterNumber(letter)) => {
                next.faults.losses -= 1;
                next.take(letter);
                tables.letters[letter].to
            }
            Action::Tick { asker, feeder } => {
                self.ask(tables, next, asker, feeder, sent);
                asker
            }
            Action::Stream { from, to, max } => {
                let Some(letter) = self.next_on_stream(tables, next, self.edge(from, to), max) else {
                    return false;
                };
                next.count(tables, letter, sent);
                self.deliver(tables, next, letter, sent)
            }
            Action::Break { from, to } => {
                let edge = self.edge(from, to);
                next.faults.resets -= 1;
                next.broken |= 1 << edge;
                self.drain(tables, next, edge);
                from
            }
            Action::Resume { from, to } => {
                let edge = self.edge(from, to);
                next.broken &= !(1 << edge);
                self.resume(tables, next, edge);
                from
            }
            // Steps of running links: nowhere else are they possible.
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => return false,
            Action::Duplicate(_) | Action::Truncate { .. } => return false,
        };
        if matches!(self.scope.link, Link::Stream { .. }) {
            self.acknowledge(tables, state, next, altered);
        }
        true
    }

    /// The place of this edge, which is one of the topology's.
    fn edge(&self, from: MasterId, to: MasterId) -> usize {
        self.edges.iter().position(|edge| *edge == (from, to)).expect("streams run along edges")
    }
}

/// A client writes: what the ghost is told of it.
pub(crate) fn written<R: Resolver>(
    replica: &mut Replica<R>,
    request: &Request,
    past: VersionVector,
) -> Result<Write, Refusal> {
    let dot = replica.write(&request.key, request.op.clone())?;
    // A master logs what it writes.
    let stamp = replica.log().last().map_or(Stamp::new(0, replica.id()), |change| change.stamp);
    Ok(Write { dot, stamp, key: request.key.clone(), op: request.op.untimed().clone(), past })
}
