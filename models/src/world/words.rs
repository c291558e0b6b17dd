//! A cluster's steps and states in words: the lines of traces, the Explorer's sentences, the reasons in reports.

mod complaints;
pub(crate) mod data;
mod failures;
mod sessions;
mod shown;
mod steps;

use crate::history::Write;
use crate::node::Envelope;
use crate::node::any_rule::AnyReplica;
use crate::printed::escaped;
use crate::properties::CAUSAL_ORDER;
use crate::subject::{Arrow, Class, StepData, Subject, reading_as_json};
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{DigestSent, InShard, Seen, State, World, locked};
use multimaster::{Key, MasterId, Reading, Request};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

impl Subject for ClusterModel {
    fn format_action(&self, step: &InShard) -> String {
        if self.article.is_some() {
            return self.goroutine_in_words(step.action);
        }
        self.named(*step, self.sentence(step.action))
    }

    fn describe(&self, state: &State, step: &InShard) -> String {
        if self.article.is_some() {
            return self.goroutine_step_in_words(&state.shards.first, step.action);
        }
        self.named(*step, self.step_in_words(&state.shards[step.shard], step.action))
    }

    fn remark(&self, state: &State, step: &InShard) -> Option<String> {
        if self.article.is_some() {
            return self.replaced(&state.shards.first, step.action);
        }
        self.outcome_of(&state.shards[step.shard], step.action)
    }

    fn masters(&self) -> Vec<String> {
        self.scope.topology.ids().map(|id| id.to_string()).collect()
    }

    fn readings(&self, state: &State) -> Vec<String> {
        let tables = locked(&self.tables);
        let read = |world: &World<Tables>, id| in_words(&tables.locals[world.local(id)].node.readings());
        let at = |id| state.shards.iter().map(|world| read(world, id)).collect::<Vec<_>>();
        self.scope.topology.ids().map(|id| at(id).join(" / ")).collect()
    }

    fn as_data(&self, state: &State, step: &InShard) -> Option<StepData> {
        self.data_of(&state.shards[step.shard], step.action)
    }

    fn values(&self, state: &State) -> Vec<BTreeMap<String, serde_json::Value>> {
        let tables = locked(&self.tables);
        let read = |id| tables.locals[state.shards.first.local(id)].node.readings();
        let json = |(key, reading): (Key, Reading)| (key.to_string(), reading_as_json(&reading));
        self.scope.topology.ids().map(|id| read(id).into_iter().map(json).collect()).collect()
    }

    fn complaint(&self, property: &str, state: &State) -> Option<String> {
        if self.article.is_some() {
            return self.complaint_of_article(property, &state.shards.first);
        }
        if property == CAUSAL_ORDER && self.has_shards() {
            return self.across_in_words(state);
        }
        let complaint = |world: &World<Tables>| Some(self.in_shard(world.shard, self.complaint_in(property, world)?));
        state.shards.iter().find_map(complaint)
    }

    fn arrow(&self, state: &State, step: &InShard) -> Arrow {
        if self.article.is_some() {
            return self.arrow_of_goroutine(&state.shards.first, step.action);
        }
        let mut arrow = self.arrow_of(&state.shards[step.shard], step.action);
        if let Some(label) = arrow.label_mut() {
            *label = self.named(*step, std::mem::take(label));
        }
        arrow
    }

    fn why_unreached(&self, witness: &str) -> Option<String> {
        // `unreachable` reasons about one shard, and about witnesses that the article's program does not have.
        if self.has_shards() || self.article.is_some() { None } else { self.unreachable(witness) }
    }

    fn is_unsure(&self) -> bool {
        ClusterModel::is_unsure(self)
    }

    fn class(&self, step: &InShard) -> Class {
        self.class_of(step.action)
    }

    fn fingerprint(&self, state: &State) -> u64 {
        state.fingerprint()
    }
}

impl ClusterModel {
    /// The step in words, with its shard, unless it takes place in all.
    fn named(&self, InShard { shard, action }: InShard, said: String) -> String {
        if action.is_in_all_shards() { said } else { self.in_shard(shard, said) }
    }

    /// The text, with the shard's number if there are several shards.
    fn in_shard(&self, shard: u16, said: String) -> String {
        if self.has_shards() { format!("{said}, shard {shard}") } else { said }
    }

    /// The master `id` in this world, with its pending changes.
    pub(crate) fn replica(&self, world: &World<Tables>, id: MasterId) -> Arc<AnyReplica> {
        locked(&self.tables).replica(world, id)
    }

    /// The values behind a world's numbers.
    pub(crate) fn shown_in(&self, world: &World<Tables>) -> Seen {
        locked(&self.tables).seen_in(world)
    }
}

/// The write's request, with its wall-clock time if the rule used one.
fn as_written(write: &Write) -> Request {
    let op = match write.wall {
        Some(time) => write.op.clone().at(time),
        None => write.op.clone(),
    };
    Request { key: write.key.clone(), op }
}

fn readings_in(replicas: &[Arc<AnyReplica>]) -> Vec<String> {
    replicas.iter().map(|replica| readings_of(replica)).collect()
}

pub(crate) fn readings_of(replica: &AnyReplica) -> String {
    let readings: Vec<_> = replica.readings().map(|(key, reading)| (key.clone(), reading)).collect();
    in_words(&readings)
}

/// The readings as `key=value`, separated by commas.
pub(crate) fn in_words(readings: &[(Key, Reading)]) -> String {
    let all: Vec<String> = readings.iter().map(|(key, reading)| escaped(&format!("{key}={reading}"))).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.from, self.to, self.message)
    }
}

/// `B's digest to A: A1 B1`
impl fmt::Display for DigestSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}'s digest to {}: {}", self.receiver, self.sender, self.seen)
    }
}
