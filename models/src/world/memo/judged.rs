//! The cache of the properties: [`Judged`].

use super::{Known, Pair, Tables, masters::Ghost};
use crate::world::Master;
use crate::world::cluster::{ClusterModel, Judgement};
use multimaster::MasterId;

/// The cache of the properties. Each key holds all that the value depends on.
#[derive(Clone, Default)]
pub(crate) struct Judged {
    /// By core and history: the master's judgement.
    judgements: Known<Pair, Judgement>,
    /// The judgement by core and [writes seen](Tables::selection_seen), which determine it.
    by_selection: Known<Pair, Judgement>,
    /// By the sender's core and the [relevant part](ClusterModel::relevant_part) of the receiver, which lacks
    /// something: whether an exchange of digests would bring it.
    pub(crate) repairs: Known<(Pair, MasterId), bool>,
    /// By the relevant part of the receiver and an envelope: the digest after its arrival.
    pub(crate) brought: Known<Pair, u32>,
    /// By history: whether a right was overspent.
    pub(crate) overspent: Known<u32, bool>,
}

impl Tables {
    /// The number of the selection of the history's writes that this master has seen.
    pub(crate) fn selection_seen(&mut self, history: u32, local: u32) -> u32 {
        let (Ghost { history, writes }, seen) = (&self.histories[history], self.digest(local));
        let seen = history.writes().iter().zip(writes).filter(|(write, _)| seen.contains(write.dot));
        let selection: Vec<u32> = seen.map(|(_, number)| *number).collect();
        self.selections.number(&selection, || selection.clone())
    }

    /// The master's judgement by the acknowledged writes.
    pub(super) fn judgement(&mut self, cluster: &ClusterModel, local: u32, history: u32) -> Judgement {
        let core = self.locals[local].core;
        let key = Pair(core, history);
        if let Some(judgement) = self.judged.judgements.get(&key) {
            return *judgement;
        }
        let key_seen = Pair(core, self.selection_seen(history, core));
        let known = self.judged.by_selection.get(&key_seen);
        let judgement = known
            .copied()
            .unwrap_or_else(|| cluster.judgement(&self.locals[core].node, &self.histories[history].history));
        if self.remembers {
            self.judged.by_selection.insert(key_seen, judgement);
            self.judged.judgements.insert(key, judgement);
        }
        judgement
    }

    /// The master with its judgement by the acknowledged writes.
    pub(crate) fn master(&mut self, cluster: &ClusterModel, local: u32, history: u32) -> Master {
        Master { local, judgement: self.judgement(cluster, local, history) }
    }
}
