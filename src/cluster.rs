//! Masters joined by links, running: [`Cluster`].

use super::link::{Ended, Link, State, Switch};
use super::master::Master;
use super::sync::thread::{Builder, JoinHandle};
use crate::record::{Recorded, Setting};
use crate::{Faults, HandshakeError, MasterId, Replica, Resolver, Setup, Topology, Traffic, VersionVector};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Masters in this process. Each edge of their topology is a link with its own thread.
///
/// ```
/// use multimaster::{Cluster, LastWriteWins, MasterId, Reading, Setup, Topology};
/// use std::time::Duration;
///
/// let patience = Duration::from_secs(10);
/// let cluster = Cluster::start(LastWriteWins, Topology::ring(3)?, Setup::default())?;
/// let (a, c) = (cluster.master(MasterId(0)), cluster.master(MasterId(2)));
/// let written = a.set("hello", "world")?;
/// assert!(c.wait_for(&written, patience), "two links away");
/// assert_eq!(c.get("hello"), Reading::Value("world".into()));
/// assert!(cluster.shutdown(patience).undelivered.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Cluster<R: Resolver> {
    /// The topology at the start.
    first: Topology,
    /// The topology with all masters that have joined. Masters that are gone for good may still have edges in it.
    pub(super) topology: Topology,
    pub(super) setup: Setup,
    /// In the order of their ids.
    pub(super) masters: Vec<Arc<Master<R>>>,
    links: BTreeMap<Edge, Running<R>>,
    /// The links that do not run, because a master is down.
    halted: BTreeMap<Edge, Halted>,
    /// The masters that are down, each with the states of its shards with which it will restart.
    pub(super) down: BTreeMap<MasterId, Vec<Replica<R>>>,
    /// The masters that are gone for good, and the ids below the last master's that no master has.
    pub(super) gone: BTreeSet<MasterId>,
    /// The saved state of each shard of a master.
    pub(super) saved: BTreeMap<MasterId, Vec<Replica<R>>>,
    /// The number of ids used so far, for masters and for fresh origins: the next id that was never used.
    pub(super) origins: u16,
    /// The traffic of the links that have ended.
    traffic: BTreeMap<Edge, Traffic>,
    /// The events of links and masters that have ended.
    pub(super) record: Vec<Recorded<R::State, R::Effect>>,
}

type Edge = (MasterId, MasterId);

struct Halted {
    switch: Arc<Switch>,
    was_cut: bool,
}

struct Running<R: Resolver> {
    switch: Arc<Switch>,
    thread: JoinHandle<Ended<R>>,
}

/// Why a cluster did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Two neighbours cannot be joined.
    Handshake {
        /// The neighbour that sends.
        from: MasterId,
        /// The neighbour that receives.
        to: MasterId,
        /// The constant in which they differ.
        error: HandshakeError,
    },
    /// The ids of the masters given are not those of the topology, in order.
    WrongMasters,
    /// The system could not start a thread for a link.
    Thread(std::io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Handshake { from, to, .. } => write!(f, "{from} and {to} cannot be joined"),
            StartError::WrongMasters => f.write_str("the masters given are not those of the topology, in order"),
            StartError::Thread(_) => f.write_str("cannot start a thread for a link"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Handshake { error, .. } => Some(error),
            StartError::WrongMasters => None,
            StartError::Thread(error) => Some(error),
        }
    }
}

/// The changes that one master lacks in one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The master.
    pub at: MasterId,
    /// The shard.
    pub shard: usize,
    /// The changes that the master has seen.
    pub seen: VersionVector,
    /// The changes that all masters together have seen.
    pub of: VersionVector,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has seen {} of {} in shard {}", self.at, self.seen, self.of, self.shard)
    }
}

/// The result of shutting down a cluster.
#[derive(Debug)]
#[must_use]
pub struct Ending<R: Resolver> {
    /// The masters, closed; they can still be read. A master that is down has the state that it had when it crashed.
    pub masters: Vec<Arc<Master<R>>>,
    /// The masters that lack acknowledged writes. Empty if every write reached every master in time.
    pub undelivered: Vec<Lack>,
    /// The traffic of each link.
    pub traffic: BTreeMap<(MasterId, MasterId), Traffic>,
    /// The recorded events, in order. Empty unless the cluster was set up to be [recorded](Setup::recorded).
    pub record: Vec<Recorded<R::State, R::Effect>>,
}

impl<R: Resolver> fmt::Debug for Cluster<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("topology", &self.topology).finish_non_exhaustive()
    }
}

impl<R: Resolver> Cluster<R> {
    /// Starts new masters that all use `rule`, joined by links.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    pub fn start(rule: R, topology: Topology, setup: Setup) -> Result<Cluster<R>, StartError> {
        let master = |id| Arc::new(Master::new(id, rule.clone(), &topology, &setup.master));
        let masters = topology.ids().map(master).collect();
        Self::join(masters, topology, &setup)
    }

    /// Joins these masters, one for each place of the topology, in order. Each pair of neighbours greets each other
    /// first.
    ///
    /// # Errors
    /// If the masters are not those of the topology, two neighbours cannot be joined, or the system cannot start a
    /// thread.
    pub fn join(masters: Vec<Arc<Master<R>>>, topology: Topology, setup: &Setup) -> Result<Cluster<R>, StartError> {
        if !masters.iter().map(|master| master.id()).eq(topology.ids()) {
            return Err(StartError::WrongMasters);
        }
        for (from, to) in topology.edges() {
            let (sender, receiver) = (&masters[from.index()], &masters[to.index()]);
            let agreed = receiver.greet(&sender.hello()).and_then(|()| sender.greet(&receiver.hello()));
            agreed.map_err(|error| StartError::Handshake { from, to, error })?;
        }
        let mut cluster = Cluster {
            origins: topology.masters(),
            first: topology.clone(),
            topology,
            setup: setup.clone(),
            masters,
            links: BTreeMap::new(),
            halted: BTreeMap::new(),
            down: BTreeMap::new(),
            gone: BTreeSet::new(),
            saved: BTreeMap::new(),
            traffic: BTreeMap::new(),
            record: Vec::new(),
        };
        cluster.start_links().map_err(StartError::Thread)?;
        Ok(cluster)
    }

    /// Starts each link that does not run and whose two masters are up.
    pub(super) fn start_links(&mut self) -> std::io::Result<()> {
        let edges: Vec<Edge> = self.topology().edges().collect();
        for (from, to) in edges {
            if self.links.contains_key(&(from, to)) || self.down.contains_key(&from) || self.down.contains_key(&to) {
                continue;
            }
            let (switch, was_cut) = match self.halted.get(&(from, to)) {
                Some(Halted { switch, was_cut }) => (switch.clone(), *was_cut),
                None => (Arc::new(Switch::new(State { faults: self.setup.faults, ..State::default() })), false),
            };
            switch.alter(|state| state.stopped = false);
            let (sender, receiver) = (self.master(from).clone(), self.master(to).clone());
            let link = Link::new(sender, receiver, switch.clone(), &self.setup, was_cut);
            let builder = Builder::new().name(format!("{from} -> {to}"));
            let thread = builder.spawn(|| link.run())?;
            self.halted.remove(&(from, to));
            self.links.insert((from, to), Running { switch, thread });
        }
        Ok(())
    }

    /// Ends the links that satisfy `ends`: what is in flight is lost.
    pub(super) fn halt_links(&mut self, ends: impl Fn(MasterId, MasterId) -> bool) {
        let edges: Vec<Edge> = self.links.keys().copied().filter(|(from, to)| ends(*from, *to)).collect();
        for edge in &edges {
            self.alter(*edge, |state| state.stopped = true);
        }
        for edge in edges {
            let Some(link) = self.links.remove(&edge) else { continue };
            match link.thread.join() {
                Ok(ended) => {
                    self.halted.insert(edge, Halted { switch: link.switch, was_cut: ended.cut });
                    *self.traffic.entry(edge).or_default() += ended.traffic;
                    self.record.extend(ended.events);
                }
                // Passes on a panic of the rule in the link's thread, unless this thread is panicking already.
                Err(panic) if !std::thread::panicking() => std::panic::resume_unwind(panic),
                Err(_) => {}
            }
        }
    }

    /// The master with this id. O(log masters).
    ///
    /// # Panics
    /// If there is no such master.
    pub fn master(&self, id: MasterId) -> &Arc<Master<R>> {
        let place = self.place(id).unwrap_or_else(|| panic!("there is no master {id}"));
        &self.masters[place]
    }

    /// The master's place in the list of masters.
    pub(super) fn place(&self, id: MasterId) -> Option<usize> {
        self.masters.binary_search_by_key(&id, |master| master.id()).ok()
    }

    /// The present topology: masters that are gone for good have no edges.
    pub fn topology(&self) -> Topology {
        self.topology.without(&self.gone)
    }

    /// Whether masters have joined or are gone for good.
    pub(super) fn topology_has_changed(&self) -> bool {
        !self.gone.is_empty() || self.topology != self.first
    }

    /// All masters, in order.
    pub fn masters(&self) -> &[Arc<Master<R>>] {
        &self.masters
    }

    /// The first line of this cluster's record, with its topology at the start. `rule` is the rule's name in scenario files.
    pub fn setting(&self, rule: &str) -> Setting {
        let (layout, collects) = (self.masters[0].layout(), self.setup.collects);
        Setting { rule: rule.into(), topology: self.first.clone(), layout, collects }
    }

    /// Cuts the edge `from → to`: the messages in flight are lost, and no message passes until the edge is healed.
    /// False if there is no such edge.
    pub fn cut(&self, from: MasterId, to: MasterId) -> bool {
        self.alter((from, to), |state| state.cut = true)
    }

    /// Heals a cut edge. False if there is no such edge.
    pub fn heal(&self, from: MasterId, to: MasterId) -> bool {
        self.alter((from, to), |state| state.cut = false)
    }

    /// Sets the faults of the edge. False if there is no such edge.
    pub fn set_faults(&self, from: MasterId, to: MasterId, faults: Faults) -> bool {
        self.alter((from, to), |state| state.faults = faults)
    }

    /// Heals all edges and ends their faults.
    pub fn heal_all(&self) {
        for edge in self.links.keys().chain(self.halted.keys()) {
            self.alter(*edge, |state| *state = State::default());
        }
    }

    fn alter(&self, edge: Edge, alter: impl FnOnce(&mut State)) -> bool {
        let running = self.links.get(&edge).map(|link| &link.switch);
        let Some(switch) = running.or_else(|| self.halted.get(&edge).map(|halted| &halted.switch)) else {
            return false;
        };
        switch.alter(alter);
        self.master(edge.0).notify();
        true
    }

    /// Waits until every master that is up has seen all changes that any of them has seen at the time of the call.
    ///
    /// # Errors
    /// The changes still lacking when `patience` ends.
    pub fn settle(&self, patience: Duration) -> Result<(), Vec<Lack>> {
        let up = || self.masters.iter().filter(|master| !self.down.contains_key(&master.id()));
        let (start, mut lacks) = (Instant::now(), Vec::new());
        for shard in 0..self.masters[0].layout().shards() {
            let mut all = VersionVector::default();
            for master in up() {
                master.inspect(shard, |replica| all.join(replica.digest()));
            }
            lacks.extend(up().filter_map(|master| {
                let left = patience.saturating_sub(start.elapsed());
                lack(master, shard, &all, left)
            }));
        }
        if lacks.is_empty() { Ok(()) } else { Err(lacks) }
    }

    /// Closes all masters to writes, waits until every write has reached every master, and ends all links. Changes that
    /// have not arrived when `patience` ends, for example because an edge is cut, are reported as
    /// [undelivered](Ending::undelivered).
    pub fn shutdown(mut self, patience: Duration) -> Ending<R> {
        for master in &self.masters {
            master.close();
        }
        let undelivered = self.settle(patience).err().unwrap_or_default();
        self.halt_links(|_, _| true);
        let (traffic, mut record) = (mem::take(&mut self.traffic), mem::take(&mut self.record));
        for master in &self.masters {
            record.extend(master.take_record());
        }
        record.sort_by_key(|recorded| recorded.number);
        Ending { masters: mem::take(&mut self.masters), undelivered, traffic, record }
    }
}

/// Waits until the master has seen these changes of a shard. Returns the changes that it lacks if `patience` ends
/// first.
pub(super) fn lack<R: Resolver>(
    master: &Master<R>,
    shard: usize,
    all: &VersionVector,
    patience: Duration,
) -> Option<Lack> {
    (!master.wait_until(shard, patience, |replica| replica.digest().covers(all))).then(|| {
        let seen = master.inspect(shard, |replica| replica.digest().clone()).unwrap_or_default();
        Lack { at: master.id(), shard, seen, of: all.clone() }
    })
}

/// A cluster that has not been [shut down](Cluster::shutdown) ends its links at once; messages in flight are dropped.
impl<R: Resolver> Drop for Cluster<R> {
    fn drop(&mut self) {
        self.halt_links(|_, _| true);
    }
}
