//! The model of a cluster: masters, links and clients as one state machine. Every step of a master is a call to the
//! shipping [`Replica`].

mod across;
pub(crate) mod asked;
mod judgement;
mod live;
mod own;
mod questions;
mod requests;
mod unreached;

pub use crate::world::{Action, DigestNumber, EnvelopeNumber, Faults, InShard, State};
pub(crate) use across::Pasts;
pub(crate) use judgement::Judgement;
pub(crate) use requests::Requests;

use crate::history::{Claims, History};
use crate::model::Sent;
use crate::node::any_rule::{AnyReplica, AnyRule, SerdeRule};
use crate::node::tamper::Tamper;
use crate::node::{self, Envelope, Node, Protocol};
use crate::properties::own_property::Own;
use crate::properties::specification::Specified;
use crate::scope::{Clocks, LinkKind, Scope};
use crate::world::article::Article;
use crate::world::memo::Tables;
use crate::world::{DigestSent, Step, Store, World, failures, locked};
use multimaster::{Layout, MasterId, Replica, Request, Resolver};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// The model of masters under one rule in one [`Scope`].
pub struct ClusterModel {
    pub(crate) scope: Scope,
    /// The replicas at the start; empty for the article's program.
    pub(crate) start: Vec<AnyReplica>,
    pub(crate) article: Option<Article>,
    /// The topology's edges, in order, and those that a repair adds.
    pub(crate) edges: Arc<[(MasterId, MasterId)]>,
    pub(crate) requests: Requests,
    /// The behaviour of replicas beyond that of the rule.
    pub(crate) protocol: Protocol,
    /// Whether states [count the changes waiting](node::counts_waiting) on each stream.
    pub(crate) counts_waiting: bool,
    pub(crate) specification: Option<Specified>,
    /// By masters that crashed for good, a bit for each: the edges of the repaired topology.
    pub(crate) repaired: Vec<(u32, BTreeSet<(MasterId, MasterId)>)>,
    /// Whether crash and restart are two steps over streams, too, and streams resume in steps of their own.
    pub(crate) plain: bool,
    /// The user's own properties.
    own: Own,
    /// How far the rule's [`shows`](Resolver::shows) is believed.
    pub(crate) claims: Claims,
    /// Whether some judgement so far depended on an untested claim of the rule.
    unsure: Arc<AtomicBool>,
    /// A step locks them once, as a whole. Each thread of a search has a [fork](Self::fork) of the cluster, so no other
    /// thread waits for them.
    pub(crate) tables: Arc<Mutex<Tables>>,
}

impl ClusterModel {
    /// All masters follow `rule`.
    ///
    /// # Panics
    /// As [`with_rules`](Self::with_rules).
    pub fn new(scope: Scope, rule: impl SerdeRule) -> ClusterModel {
        let rule = AnyRule::new(rule);
        Self::under(scope, &|_| rule.clone())
    }

    /// Each master follows a rule of its own: a misconfiguration that some systems allow.
    ///
    /// # Panics
    /// If the scope has more than 32 streams, more than 32 free requests, more than 255 requests of one
    /// client, a batch of 0, or streams and a limit of times (for scenario files, these are errors with a message); or if
    /// its links are channels, which only the article's program has.
    pub fn with_rules<R: SerdeRule>(scope: Scope, rule: impl Fn(MasterId) -> R) -> ClusterModel {
        Self::under(scope, &|at| AnyRule::new(rule(at)))
    }

    /// Compiled once for all rules.
    fn under(scope: Scope, rule: &dyn Fn(MasterId) -> AnyRule) -> ClusterModel {
        assert!(!matches!(scope.link, LinkKind::Channel { .. }), "channels are links of the article's program");
        let start = scope.topology.ids().map(|id| Replica::new(id, rule(id), &scope.topology)).collect();
        Self::from_start(scope, start, None)
    }

    /// From the replicas at the start, or from the article's program.
    pub(crate) fn from_start(scope: Scope, mut start: Vec<AnyReplica>, article: Option<Article>) -> ClusterModel {
        let streams = matches!(scope.link, LinkKind::Stream { .. });
        assert!(scope.free.of.len() <= 32, "at most 32 free requests can be explored");
        assert!(scope.clients.iter().all(|client| client.requests.len() <= 255), "at most 255 requests of one client");
        assert!(scope.batch > 0, "a message carries at least one change");
        assert!(!(streams && matches!(scope.clocks, Clocks::HybridUpTo { .. })), "no stream refuses a change");
        if scope.failures.forget() {
            let origins = scope.topology.masters() + u16::from(scope.failures.crashes);
            start.iter_mut().for_each(|replica| replica.expect_origins(origins));
        }
        let repaired = failures::repaired(&scope);
        let added = repaired.iter().flat_map(|(_, edges)| edges.iter().copied());
        let edges: BTreeSet<(MasterId, MasterId)> = scope.topology.edges().chain(added).collect();
        let edges: Arc<[_]> = edges.into_iter().collect();
        assert!(!streams || edges.len() <= 32, "at most 32 streams can be explored");
        let cuts = scope.failures.severed.iter().map(|severed| severed.name.clone()).collect();
        let tables = Arc::new(Mutex::new(Tables::new(Arc::clone(&edges), cuts)));
        let requests = Requests::new(&scope, Layout::of(1).expect("one shard"));
        let (protocol, counts_waiting) = (Protocol::new(&scope, None), node::counts_waiting(&scope, None));
        ClusterModel {
            scope,
            start,
            article,
            edges,
            requests,
            protocol,
            counts_waiting,
            specification: None,
            repaired,
            plain: false,
            own: Own::default(),
            claims: Claims::default(),
            unsure: Arc::default(),
            tables,
        }
    }

    /// Breaks the protocol on purpose.
    pub fn tampered(mut self, tamper: Tamper) -> ClusterModel {
        self.counts_waiting = node::counts_waiting(&self.scope, Some(&tamper));
        self.protocol = Protocol::new(&self.scope, Some(tamper));
        self
    }

    /// Gives the masters several shards. Each shard is a group of replicas of its own; shards share masters and
    /// clients. A client's request goes to the shard of its key.
    ///
    /// Every property is judged in each shard, except *causal order*, which is judged over all shards together. The
    /// causal past of a write covers all shards of its master. A master that has seen the write in one shard may lack
    /// some of that past in another, because shards do not wait for each other. Keys between which causal order matters
    /// must share a shard.
    ///
    /// # Panics
    /// If there are free requests.
    pub fn sharded(mut self, layout: Layout) -> ClusterModel {
        assert!(self.scope.free.of.is_empty(), "free requests are not for masters of several shards");
        self.requests = Requests::new(&self.scope, layout);
        self
    }

    /// Adds the property that every reading is the one that `specification` prescribes.
    pub fn specified(mut self, specification: impl Into<Specified>) -> ClusterModel {
        self.specification = Some(specification.into());
        self
    }

    /// Sets how far the rule's [`shows`](Resolver::shows) is believed for values that the rule merged from several
    /// writes.
    pub fn believed(mut self, claims: Claims) -> ClusterModel {
        self.claims = claims;
        self
    }

    /// Switches the caches of steps and judgements off, so that each is computed anew. This takes many times as long,
    /// and changes no count, verdict or path.
    pub fn forgetting(self) -> ClusterModel {
        self.tables().remembers = false;
        self
    }

    /// Explores the failures of masters over streams without the reductions: a crash and the restart are two steps, and
    /// so are the end of a failure and the resumption of a stream. This has more states, and the same verdicts.
    pub fn plainly(mut self) -> ClusterModel {
        self.plain = true;
        self
    }

    /// An equal cluster for another thread, with tables and caches of its own. The numbers of parts are shared.
    pub(crate) fn fork(&self) -> ClusterModel {
        ClusterModel {
            scope: self.scope.clone(),
            start: self.start.clone(),
            article: self.article.clone(),
            edges: Arc::clone(&self.edges),
            requests: self.requests.clone(),
            protocol: self.protocol.clone(),
            counts_waiting: self.counts_waiting,
            specification: self.specification,
            repaired: self.repaired.clone(),
            plain: self.plain,
            own: self.own.fork(),
            claims: self.claims,
            unsure: Arc::clone(&self.unsure),
            tables: Arc::new(Mutex::new(self.tables().fork())),
        }
    }

    /// Whether some judgement so far depended on an untested claim of the rule.
    pub(crate) fn is_unsure(&self) -> bool {
        self.unsure.load(Ordering::Relaxed)
    }

    /// Notes that a judgement, perhaps of another process, depended on an untested claim of the rule.
    #[cfg(feature = "spread")]
    pub(crate) fn set_unsure(&self) {
        self.unsure.store(true, Ordering::Relaxed);
    }

    pub(crate) fn initial(&self) -> State {
        let tables = &mut *self.tables();
        let history = tables.history(History::default());
        let mut masters = SmallVec::new();
        let replicas = self.start.iter().map(|replica| Node::Replica(Arc::new(replica.clone())));
        for node in replicas.chain(self.article.iter().flat_map(Article::masters)) {
            let local = tables.local_with(node, |_| vec![Vec::new(); self.start.len()]);
            masters.push(tables.master(self, local, history));
        }
        let streams = if self.counts_waiting { self.edges.len() } else { 0 };
        let failed = self.unfailed(tables, &masters);
        // Number 0: the causal pasts before any write.
        tables.pasts_number(&Pasts::new());
        let world = |shard| World {
            faults: self.faults(),
            failed: failed.clone(),
            ..World::new(shard, masters.clone(), history, (streams, self.scope.clients.len()))
        };
        State::new(&self.tables, self.requests.layout.shards() as u16, world)
    }

    /// The state after `step`, and the changes sent; `None` if the state is unchanged.
    pub(crate) fn step(&self, state: &State, step: InShard) -> Option<(State, Sent)> {
        let (mut next, mut sent) = (state.clone(), Sent::new());
        self.alter(&mut self.tables(), state, &mut next, step, &mut sent).then_some((next, sent))
    }

    /// Calls `reach` for every step that alters the state: its index among the possible ones, the next state, the
    /// changes sent.
    pub(crate) fn each_step(
        &self,
        state: &State,
        actions: &mut Vec<InShard>,
        reach: &mut impl FnMut(usize, &State, &Sent) -> ControlFlow<()>,
    ) {
        self.each_step_within(state, actions, &mut |_, place, next, sent| reach(place, next, sent));
    }

    /// As [`each_step`](Self::each_step). `reach` also gets the tables, which are locked.
    #[inline]
    pub(crate) fn each_step_within(
        &self,
        state: &State,
        actions: &mut Vec<InShard>,
        reach: &mut impl FnMut(&Tables, usize, &State, &Sent) -> ControlFlow<()>,
    ) {
        // Locked once for all steps. One state is reused, because most of the states reached are known.
        let tables = &mut *self.tables();
        actions.clear();
        self.each_enabled(tables, state, &mut |action| actions.push(action));
        let (mut next, mut sent) = (state.clone(), Sent::new());
        for (place, action) in actions.iter().enumerate() {
            if place > 0 {
                next.clone_from(state);
                sent.clear();
            }
            if self.alter(tables, state, &mut next, *action, &mut sent) && reach(tables, place, &next, &sent).is_break()
            {
                return;
            }
        }
    }

    /// Takes the step in `next`, which equals `state`. False if the step is not allowed or alters nothing.
    #[inline]
    fn alter(&self, tables: &mut Tables, state: &State, next: &mut State, step: InShard, sent: &mut Sent) -> bool {
        if self.has_shards() && step.action.is_in_all_shards() {
            let mut alter = |shard| {
                let (before, world) = (&state.shards[shard], &mut next.shards[shard]);
                self.alter_shard(tables, before, world, step.action, sent)
            };
            return (0..self.requests.layout.shards() as u16).fold(false, |altered, shard| alter(shard) | altered);
        }
        let (before, world) = (&state.shards[step.shard], &mut next.shards[step.shard]);
        let alters = self.alter_shard(tables, before, world, step.action, sent);
        if alters && self.has_shards() {
            self.note_across(tables, (state, next), step, sent);
        }
        alters
    }

    /// As [`alter`](Self::alter), in one shard.
    fn alter_shard(
        &self,
        tables: &mut Tables,
        before: &World<Tables>,
        world: &mut World<Tables>,
        action: Action,
        sent: &mut Sent,
    ) -> bool {
        Step { cluster: self, store: tables, world, sent }.take(before, action) && world != before
    }

    /// The index of this edge, which must be one of the topology's.
    pub(crate) fn edge(&self, from: MasterId, to: MasterId) -> usize {
        self.edges.iter().position(|edge| *edge == (from, to)).expect("streams run along edges")
    }

    /// The master's judgement by the acknowledged writes.
    pub(crate) fn judgement(&self, node: &Node, history: &History) -> Judgement {
        // The article's properties need no judgement of single masters.
        let Node::Replica(replica) = node else { return Judgement::default() };
        let judgement = Judgement::of(replica, history, self.specification, self.claims);
        if judgement.unsure() {
            self.unsure.store(true, Ordering::Relaxed);
        }
        judgement
    }

    /// Whether the numbers of masters, envelopes or histories are about to run out.
    pub(crate) fn is_full(&self) -> bool {
        self.tables().is_full()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        locked(&self.tables)
    }

    /// The budget of faults at the start.
    pub(crate) fn faults(&self) -> Faults {
        match self.scope.link {
            LinkKind::Stream { resets } => Faults { resets, ..Faults::default() },
            LinkKind::Datagram { losses, duplicates } | LinkKind::Running { losses, duplicates } => {
                Faults { losses, duplicates, ..Faults::default() }
            }
            LinkKind::Soup | LinkKind::Channel { .. } => Faults::default(),
        }
    }

    pub(crate) fn enabled(&self, state: &State, actions: &mut Vec<InShard>) {
        self.each_enabled(&self.tables(), state, &mut |action| actions.push(action));
    }

    /// The request as the rule receives it at `replica` after `history`: with the time of the master's clock, if the
    /// rule uses wall clocks and clocks are not free.
    pub(crate) fn timed<'a>(&self, replica: &AnyReplica, history: &History, request: &'a Request) -> Cow<'a, Request> {
        if self.scope.clocks == Clocks::Free || !replica.rule().uses_wall_clock() {
            return Cow::Borrowed(request);
        }
        let given = request.op.time().unwrap_or_else(|| history.lamport_time_at(replica));
        let time = self.scope.clocks.time(given, history.latest_wall_time(&history.past_of(replica)));
        let op = request.op.untimed().clone().at(time);
        Cow::Owned(Request { key: request.key.clone(), op })
    }

    pub(crate) fn envelope(&self, EnvelopeNumber(number): EnvelopeNumber) -> Arc<Envelope> {
        Arc::clone(&self.tables().envelopes[number])
    }

    pub(crate) fn digest_sent(&self, DigestNumber(number): DigestNumber) -> DigestSent {
        let tables = self.tables();
        let DigestSent { receiver, sender, seen } = tables.opened(&number);
        DigestSent { receiver, sender, seen: tables.digests[seen].clone() }
    }

    pub(crate) fn ticks(&self) -> bool {
        self.protocol.tamper.as_ref().is_none_or(|tamper| tamper.ticks)
    }
}

#[cfg(test)]
mod tests;
