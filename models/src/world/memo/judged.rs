//! What the properties remember: [`Judged`].

use super::{Known, Tables, masters::Ghost, pair};
use crate::world::Master;
use crate::world::cluster::{ClusterModel, Judgement};
use multimaster::MasterId;

/// What the properties remember, each by all that it depends on.
#[derive(Default)]
pub(crate) struct Judged {
    /// By core and history: how the master is judged.
    judgements: Known<u64, Judgement>,
    /// The same by core and the [writes that it has seen](Tables::selection_seen), which determine it.
    by_selection: Known<u64, Judgement>,
    /// By the sender's core and what [counts](ClusterModel::what_counts) of the receiver, which lacks something: whether an
    /// exchange of digests would bring it.
    pub(crate) repairs: Known<(u64, MasterId), bool>,
    /// By the part of the receiver that matters, and a message: the digest after its arrival.
    pub(crate) brought: Known<u64, u32>,
    /// By history: whether a right was overspent.
    pub(crate) overspent: Known<u32, bool>,
}

impl Tables {
    /// The number of those of these writes that this master has seen.
    pub(crate) fn selection_seen(&mut self, history: u32, local: u32) -> u32 {
        let (Ghost { history, writes }, seen) = (&self.histories[history], self.digest(local));
        let seen = history.writes().iter().zip(writes).filter(|(write, _)| seen.contains(write.dot));
        let selection: Vec<u32> = seen.map(|(_, number)| *number).collect();
        self.selections.number(&selection, || selection.clone())
    }

    /// How the master is judged by what has been written.
    pub(super) fn judgement(&mut self, cluster: &ClusterModel, local: u32, history: u32) -> Judgement {
        let core = self.locals[local].core;
        let key = pair(core, history);
        if let Some(judgement) = self.judged.judgements.get(&key) {
            return *judgement;
        }
        let key_seen = pair(core, self.selection_seen(history, core));
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

    /// The master as it is judged by what has been written.
    pub(crate) fn master(&mut self, cluster: &ClusterModel, local: u32, history: u32) -> Master {
        Master { local, judgement: self.judgement(cluster, local, history) }
    }
}
