//! The model: masters, links and clients as one state machine. Every step of a master is a
//! call to the shipping [`Replica`].

mod action;
mod cursors;
mod judgement;
mod local;
mod outcomes;
mod own;
mod questions;
mod running;
mod state;
mod step;
mod tables;
mod unreached;
mod world;

pub use action::{Action, InquiryNumber, LetterNumber};
pub(crate) use judgement::Judgement;
pub use state::{Faults, State};
pub(crate) use state::{Inquiry, Letter};
pub(crate) use world::World;

use crate::any_rule::{AnyReplica, AnyRule};
use crate::history::{Claims, History, Write};
use crate::own_property::Own;
use crate::scope::{Clocks, Link, Scope};
use crate::specification::Specified;
use crate::tamper::Tamper;
use multimaster::{MasterId, Op, Refusal, Replica, Request, Resolver, Stamp, VersionVector};
use state::{Master, locked};
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tables::Tables;

/// Masters with one rule in one [`Scope`].
pub struct Cluster {
    pub(crate) scope: Scope,
    pub(crate) start: Vec<AnyReplica>,
    /// The topology's edges, in order.
    pub(crate) edges: Arc<[(MasterId, MasterId)]>,
    pub(crate) tamper: Option<Tamper>,
    pub(crate) specification: Option<Specified>,
    /// The user's own properties.
    own: Own,
    /// How far the rule's [`shows`](Resolver::shows) is believed.
    pub(crate) claims: Claims,
    /// Whether in some state so far only the rule's untested claim says that a write is not lost.
    unsure: Arc<AtomicBool>,
    /// Shared between the threads of a search. A step takes them once, as a whole: what comes of it is the same,
    /// whichever thread works it out.
    pub(crate) tables: Arc<Mutex<Tables>>,
}

impl Cluster {
    /// All masters follow `rule`.
    ///
    /// # Panics
    /// As [`with_rules`](Self::with_rules).
    pub fn new(scope: Scope, rule: impl Resolver) -> Cluster {
        let rule = AnyRule::new(rule);
        Self::with_rules(scope, |_| rule.clone())
    }

    /// Each master follows a rule of its own: a bug that some systems allow.
    ///
    /// # Panics
    /// If the scope is larger than a state can tell: more than 32 streams or free requests, 255 requests of one client,
    /// or a batch of none. (Scenario files are refused for it with a message.)
    pub fn with_rules<R: Resolver>(scope: Scope, rule: impl Fn(MasterId) -> R) -> Cluster {
        let streams = matches!(scope.link, Link::Stream { .. });
        assert!(!streams || scope.topology.edges().count() <= 32, "at most 32 streams can be explored");
        assert!(scope.free.of.len() <= 32, "at most 32 free requests can be explored");
        assert!(scope.clients.iter().all(|client| client.asks.len() <= 255), "at most 255 requests of one client");
        assert!(scope.batch > 0, "a message carries at least one change");
        let start = scope.topology.ids().map(|id| Replica::new(id, AnyRule::new(rule(id)), &scope.topology)).collect();
        let edges: Arc<[_]> = scope.topology.edges().collect();
        let tables = Arc::new(Mutex::new(Tables::new(Arc::clone(&edges))));
        Cluster {
            scope,
            start,
            edges,
            tamper: None,
            specification: None,
            own: Own::default(),
            claims: Claims::default(),
            unsure: Arc::default(),
            tables,
        }
    }

    /// Breaks the protocol on purpose.
    pub fn tampered(mut self, tamper: Tamper) -> Cluster {
        self.tamper = Some(tamper);
        self
    }

    /// Reads are to be what `specification` says: the property of that name is asked.
    pub fn specified(mut self, specification: impl Into<Specified>) -> Cluster {
        self.specification = Some(specification.into());
        self
    }

    /// Sets how far the rule's [`shows`](Resolver::shows) is believed, of values that it made of several writes.
    pub fn believed(mut self, claims: Claims) -> Cluster {
        self.claims = claims;
        self
    }

    /// Whether in some state so far it could not be told what was lost.
    pub(crate) fn is_unsure(&self) -> bool {
        self.unsure.load(Ordering::Relaxed)
    }

    pub(crate) fn initial(&self) -> State {
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
        state
    }

    /// Whether the numbers that identify masters, messages and histories are about to run out.
    pub(crate) fn is_full(&self) -> bool {
        self.tables().is_full()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
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

    pub(crate) fn enabled(&self, state: &State, actions: &mut Vec<Action>) {
        self.each_enabled(&self.tables(), state, &mut |action| actions.push(action));
    }

    fn each_enabled(&self, tables: &Tables, state: &State, enable: &mut impl FnMut(Action)) {
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

    fn enabled_streams(&self, tables: &Tables, state: &State, enable: &mut impl FnMut(Action)) {
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
    fn is_quiet(&self, tables: &Tables, state: &State, from: MasterId, to: MasterId) -> bool {
        let is_here = |letter: &Letter| letter.from == from && letter.to == to;
        !state.wire.iter().any(|letter| is_here(&tables.letters[*letter]))
    }

    /// The request as the rule gets it, if `replica` is asked after `history`: if the rule uses wall clocks, with the time
    /// that its master's clock shows.
    pub(crate) fn timed<'a>(&self, replica: &AnyReplica, history: &History, request: &'a Request) -> Cow<'a, Request> {
        if self.scope.clocks == Clocks::Free || !replica.rule().goes_by_clocks() {
            return Cow::Borrowed(request);
        }
        let asked = request.op.time().unwrap_or_else(|| history.lamport_time_at(replica));
        let time = self.scope.clocks.time(asked, history.latest_wall_time(&history.past_of(replica)));
        let op = Op::At(time, Box::new(request.op.untimed().clone()));
        Cow::Owned(Request { key: request.key.clone(), op })
    }

    pub(crate) fn letter(&self, LetterNumber(number): LetterNumber) -> Arc<Letter> {
        Arc::clone(&self.tables().letters[number])
    }

    pub(crate) fn inquiry(&self, InquiryNumber(number): InquiryNumber) -> Inquiry {
        self.tables().inquiries[number].clone()
    }

    fn ticks(&self) -> bool {
        self.tamper.as_ref().is_none_or(|tamper| tamper.ticks)
    }
}

/// Takes a client's write, and gives what the ghost history records of it. The request is as the rule [gets
/// it](Cluster::timed).
pub(crate) fn written(replica: &mut AnyReplica, request: &Request, past: VersionVector) -> Result<Write, Refusal> {
    let dot = replica.write(&request.key, request.op.clone())?;
    // A master logs what it writes.
    let stamp = replica.log().last().map_or(Stamp::new(0, replica.id()), |change| change.stamp);
    let wall = replica.rule().goes_by_clocks().then(|| request.op.time().unwrap_or(stamp.time()));
    Ok(Write { dot, stamp, key: request.key.clone(), op: request.op.untimed().clone(), wall, past })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Limits};
    use crate::scope::{Client, Free};
    use multimaster::Topology;
    use multimaster::systems::CassandraCell;

    /// Whether, in every reachable history, the time of each write exceeds the times of all writes that it had seen by more
    /// than `behind`.
    fn keeps_time(clocks: Clocks, behind: i128) -> bool {
        let client = |at, asks: &[&str]| Client {
            at: MasterId(at),
            asks: asks.iter().map(|ask| ask.parse().expect("a request")).collect(),
        };
        let clients = vec![
            client(0, &["at 10, set k = 1", "at 2, delete k"]),
            client(1, &["at 5, set k = 2", "set k = 3"]),
            client(2, &["at 7, set j = 4"]),
        ];
        let topology = Topology::all_to_all(3).expect("three masters");
        let link = Link::Stream { resets: 0 };
        let scope = Scope { topology, link, batch: 1, log: None, clients, free: Free::default(), clocks };
        let cluster = Cluster::new(scope, CassandraCell::default());
        let report = engine::explore(&cluster, Limits::default(), |_, _| {});
        assert!(report.cut.is_none());
        let tables = &*cluster.tables();
        let histories = (0..tables.histories.next()).map(|number| &tables.histories[number].history);
        let mut writes = histories.flat_map(|history| history.writes().iter().map(move |write| (history, write)));
        writes.all(|(history, write)| {
            let wall = i128::from(write.wall.expect("the rule uses wall clocks"));
            history.latest_wall_time(&write.past).is_none_or(|latest| wall > i128::from(latest) + behind)
        })
    }

    #[test]
    fn clocks_are_as_wrong_as_they_are_said_to_be_and_not_more() {
        assert!(keeps_time(Clocks::Right, 0));
        assert!(keeps_time(Clocks::SkewedBy(3), -3));
        // The check can fail.
        assert!(!keeps_time(Clocks::SkewedBy(3), -2));
        assert!(!keeps_time(Clocks::SkewedBy(1), 0));
        assert!(!keeps_time(Clocks::Free, -3));
    }
}
