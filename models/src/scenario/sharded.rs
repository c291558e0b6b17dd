//! Masters of several shards: [`Sharded`]. Each shard is a group of replicas of its own, and so a model of its own; here
//! they run side by side, and clients go from one to the other.

use crate::check::erased::{Erased, ErasedAction, ErasedState, by_place};
use crate::model::{Expectation, Model, Property, Sent};
use crate::properties as p;
use crate::scope::Client;
use crate::subject::{Arrow, Subject};
use multimaster::{Dot, Layout, MasterId, VersionVector};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A master has seen a write that had seen one of another shard.
pub const ACROSS: &str = "a dependency across shards";

/// Clusters that share masters and clients and nothing else.
///
/// All that is asked of one cluster is asked of each, but one thing of all together: *causal order*. A write is made in
/// knowledge of what its master has seen, in every shard. Whoever sees it and looks into the other shards may not find
/// that there: shards do not wait for each other. A user to whom this matters keeps such keys in one shard.
pub struct Sharded {
    shards: Vec<Erased>,
    /// Each client's master, and in which shard each of its requests is made.
    scripts: Vec<(MasterId, Vec<usize>)>,
}

/// Each write's shard and name, and what its master had seen of each shard.
type Pasts = BTreeMap<(usize, Dot), Vec<VersionVector>>;

/// A state of each shard.
#[derive(Clone, PartialEq, Hash)]
pub struct ShardedState {
    shards: SmallVec<[ErasedState; 2]>,
    progress: SmallVec<[u32; 4]>,
    pasts: Arc<Pasts>,
}

/// A step in one shard.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardedAction {
    shard: usize,
    action: ErasedAction,
}

impl Sharded {
    /// The clients' requests go to the shards of their keys; `cluster` is told which remain to each client in one shard.
    pub fn new(layout: Layout, clients: &[Client], cluster: impl Fn(Vec<Client>) -> Erased) -> Sharded {
        let shard_of = |ask: &multimaster::Request| layout.shard_of(&ask.key);
        let in_shard = |shard| {
            let of = |client: &Client| Client {
                at: client.at,
                asks: client.asks.iter().filter(|ask| shard_of(ask) == shard).cloned().collect(),
            };
            cluster(clients.iter().map(of).collect())
        };
        Sharded {
            shards: (0..layout.shards()).map(in_shard).collect(),
            scripts: clients.iter().map(|client| (client.at, client.asks.iter().map(shard_of).collect())).collect(),
        }
    }

    fn is_next(&self, state: &ShardedState, shard: usize, client: usize) -> bool {
        self.scripts[client].1.get(state.progress[client] as usize) == Some(&shard)
    }

    /// What `master` has seen, shard by shard.
    fn seen_at(&self, state: &ShardedState, master: MasterId) -> Vec<VersionVector> {
        let shards = self.shards.iter().zip(&state.shards);
        shards.map(|(shard, state)| shard.seen(state).swap_remove(master.index())).collect()
    }

    /// A master, a write that it has seen, and a shard in which it has not seen all that the write had.
    fn out_of_order(&self, state: &ShardedState) -> Option<(MasterId, usize, Dot, usize)> {
        (0..self.masters().len() as u16).map(MasterId).find_map(|master| {
            let seen = self.seen_at(state, master);
            let pasts = state.pasts.iter().filter(|((shard, dot), _)| seen[*shard].contains(*dot));
            let missed = |past: &Vec<VersionVector>| (0..seen.len()).find(|other| !seen[*other].covers(&past[*other]));
            pasts.into_iter().find_map(|((shard, dot), past)| Some((master, *shard, *dot, missed(past)?)))
        })
    }

    fn depends_across(&self, state: &ShardedState) -> bool {
        state.pasts.iter().any(|((shard, dot), past)| {
            let elsewhere = past.iter().enumerate().any(|(other, past)| other != *shard && !past.is_empty());
            let seen = self.shards[*shard].seen(&state.shards[*shard]);
            elsewhere && seen.iter().filter(|seen| seen.contains(*dot)).count() > 1
        })
    }

    fn in_shard(&self, shard: usize, said: String) -> String {
        format!("{said}, shard {shard}")
    }

    fn asked(&self) -> Vec<(Expectation, &'static str)> {
        let of_one = self.shards[0].properties().into_iter().map(|property| (property.expectation, property.name));
        of_one.chain([(Expectation::Sometimes, ACROSS)]).collect()
    }

    /// Whether the property at this place is true in the state.
    fn holds(&self, place: usize, state: &ShardedState) -> bool {
        let (expectation, name) = self.asked().swap_remove(place);
        let mut each = self.shards.iter().zip(&state.shards).map(|(shard, state)| shard.holds(place, state));
        match (name, expectation) {
            (ACROSS, _) => self.depends_across(state),
            (p::CAUSAL_ORDER, _) => self.out_of_order(state).is_none(),
            (p::REST, _) | (_, Expectation::Always) => each.all(|holds| holds),
            _ => each.any(|holds| holds),
        }
    }
}

impl Model for Sharded {
    type State = ShardedState;
    type Action = ShardedAction;

    fn init_states(&self) -> Vec<ShardedState> {
        vec![ShardedState {
            shards: self.shards.iter().flat_map(Model::init_states).collect(),
            progress: SmallVec::from_elem(0, self.scripts.len()),
            pasts: Arc::new(BTreeMap::new()),
        }]
    }

    fn actions(&self, state: &ShardedState, actions: &mut Vec<ShardedAction>) {
        for (shard, (cluster, of)) in self.shards.iter().zip(&state.shards).enumerate() {
            let mut possible = Vec::new();
            cluster.actions(of, &mut possible);
            possible.retain(|action| cluster.client(action).is_none_or(|client| self.is_next(state, shard, client)));
            actions.extend(possible.into_iter().map(|action| ShardedAction { shard, action }));
        }
    }

    fn step(&self, state: &ShardedState, step: &ShardedAction) -> Option<(ShardedState, Sent)> {
        let ShardedAction { shard, action } = step;
        let (cluster, before) = (&self.shards[*shard], &state.shards[*shard]);
        let (after, mut sent) = cluster.step(before, action)?;
        for dot in &mut sent {
            // Each shard counts its changes from 1: here they must be told apart.
            let origin = MasterId(dot.origin().0 + (*shard * self.masters().len()) as u16);
            *dot = Dot::new(origin, dot.seq());
        }
        let mut next = state.clone();
        if let Some(client) = cluster.client(action) {
            next.progress[client] += 1;
            let at = self.scripts[client].0;
            let seq = cluster.seen(&after)[at.index()].get(at);
            if seq > cluster.seen(before)[at.index()].get(at) {
                let past = self.seen_at(state, at);
                Arc::make_mut(&mut next.pasts).insert((*shard, Dot::new(at, seq)), past);
            }
        }
        next.shards[*shard] = after;
        Some((next, sent))
    }

    fn within_boundary(&self, state: &ShardedState) -> bool {
        self.shards.iter().zip(&state.shards).all(|(shard, state)| shard.within_boundary(state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        by_place(self.asked(), Sharded::holds)
    }

    fn is_full(&self) -> bool {
        self.shards.iter().any(Model::is_full)
    }
}

impl Subject for Sharded {
    fn format_action(&self, action: &ShardedAction) -> String {
        self.in_shard(action.shard, self.shards[action.shard].format_action(&action.action))
    }

    fn describe(&self, state: &ShardedState, step: &ShardedAction) -> String {
        let said = self.shards[step.shard].describe(&state.shards[step.shard], &step.action);
        self.in_shard(step.shard, said)
    }

    fn remark(&self, state: &ShardedState, step: &ShardedAction) -> Option<String> {
        self.shards[step.shard].remark(&state.shards[step.shard], &step.action)
    }

    fn is_unsure(&self) -> bool {
        self.shards.iter().any(Subject::is_unsure)
    }

    fn masters(&self) -> Vec<String> {
        self.shards[0].masters()
    }

    fn readings(&self, state: &ShardedState) -> Vec<String> {
        let mut masters = vec![Vec::new(); self.masters().len()];
        for (cluster, state) in self.shards.iter().zip(&state.shards) {
            for (all, reads) in masters.iter_mut().zip(cluster.readings(state)) {
                all.push(reads);
            }
        }
        masters.into_iter().map(|shards| shards.join(" / ")).collect()
    }

    fn complaint(&self, property: &str, state: &ShardedState) -> Option<String> {
        if property == p::CAUSAL_ORDER {
            let (master, shard, dot, other) = self.out_of_order(state)?;
            let past = &state.pasts.get(&(shard, dot))?[other];
            let seen = &self.seen_at(state, master)[other];
            return Some(format!(
                "{master} has seen {dot} of shard {shard}, which was written in knowledge of {past} of shard {other}; \
                 there {master} has seen {seen}"
            ));
        }
        let mut shards = self.shards.iter().zip(&state.shards).enumerate();
        shards.find_map(|(shard, (cluster, state))| Some(self.in_shard(shard, cluster.complaint(property, state)?)))
    }

    fn arrow(&self, state: &ShardedState, step: &ShardedAction) -> Arrow {
        let mut arrow = self.shards[step.shard].arrow(&state.shards[step.shard], &step.action);
        match &mut arrow {
            Arrow::At(_, label) | Arrow::Arrives { label, .. } | Arrow::Lost { label, .. } => {
                *label = self.in_shard(step.shard, std::mem::take(label));
            }
            Arrow::Asks { .. } => {}
        }
        arrow
    }
}

impl fmt::Debug for ShardedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shard, state) in self.shards.iter().enumerate() {
            writeln!(f, "shard {shard}:\n{state:?}")?;
        }
        Ok(())
    }
}
