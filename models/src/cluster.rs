//! The model: masters, links and clients as one state machine that stateright explores. Every step of a master is a
//! call to the shipping [`Replica`].

mod action;
mod local;
mod memo;
mod running;
mod state;

pub use action::Action;
pub(crate) use running::Did;
pub use state::{Faults, Hashed, Inquiry, Letter, Local, Node, State, Verdict};

use crate::history::{History, Write};
use crate::scope::{Link, Scope};
use crate::specification::Specification;
use crate::subject::Sent;
use crate::tamper::Tamper;
use memo::{Asked, Memo, Move};
use multimaster::{MasterId, Refusal, Replica, Request, Resolver, Stamp, VersionVector};
use smallvec::SmallVec;
use std::sync::Arc;

/// Masters with one rule in one [`Scope`].
pub struct Cluster<R: Resolver> {
    pub(crate) scope: Scope,
    pub(crate) start: Vec<Replica<R>>,
    /// The topology's edges, in order.
    pub(crate) edges: Vec<(MasterId, MasterId)>,
    pub(crate) tamper: Option<Tamper<R>>,
    pub(crate) specification: Option<Specification>,
    pub(crate) memo: Memo<R>,
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
        let edges = scope.topology.edges().collect();
        Cluster { scope, start, edges, tamper: None, specification: None, memo: Memo::default() }
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
                .map(|replica| Node {
                    verdict: Verdict::of(replica, &history.value, self.specification),
                    local: Arc::new(Local::new(replica.clone(), self.scope.topology.masters())),
                })
                .collect(),
            wire: SmallVec::new(),
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
        for (edge, &(from, to)) in self.edges.iter().enumerate() {
            let (feeder, asker) = (state.master(from), state.master(to));
            match self.scope.link {
                Link::Stream { .. } if state.broken & (1 << edge) != 0 => actions.push(Action::Resume { from, to }),
                Link::Stream { .. } => {
                    let waiting = usize::from(feeder.waiting[to.index()]).min(self.scope.batch);
                    actions.extend((1..=waiting).map(|max| Action::Stream { from, to, max }));
                    if state.faults.resets > 0 {
                        actions.push(Action::Break { from, to });
                    }
                }
                Link::Datagram { .. } if self.ticks() => {
                    let quiet = !state.wire.iter().any(|letter| letter.from == from && letter.to == to);
                    if quiet && !asker.replica.digest().covers(feeder.replica.digest()) {
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
                let asked = Asked::Scripted(*client, *place);
                self.write(&mut next, script.at, asked, &script.asks[*place], &mut sent);
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                next.chosen |= 1 << index;
                self.write(&mut next, *at, Asked::Free(*index), request, &mut sent);
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
                let letter = self.moved(&mut next, *from, *to, Move::Push(*max))?;
                next.count(&letter, &mut sent);
                self.deliver(&mut next, &letter, &mut sent);
            }
            Action::Break { from, to } => {
                next.faults.resets -= 1;
                next.broken |= self.edge_bit(*from, *to);
                self.moved(&mut next, *from, *to, Move::Drain);
            }
            Action::Resume { from, to } => {
                next.broken &= !self.edge_bit(*from, *to);
                let digest = state.master(*to).digest;
                self.moved(&mut next, *from, *to, Move::Resume(digest));
            }
            // Steps of running links: nowhere else are they possible.
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => return None,
            Action::Duplicate(_) | Action::Truncate { .. } => return None,
        }
        if matches!(self.scope.link, Link::Stream { .. }) {
            self.acknowledge(&mut next);
        }
        (next != *state).then_some((next, sent))
    }

    fn edge_bit(&self, from: MasterId, to: MasterId) -> u32 {
        let place = self.edges.iter().position(|edge| *edge == (from, to));
        place.map_or(0, |place| 1 << place)
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
