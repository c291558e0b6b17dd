//! The acknowledged writes of a run, and the masters that are known to hold each.

use multimaster::{Cluster, MasterId, Resolver, VersionVector, Written};
use std::collections::{BTreeMap, BTreeSet};

/// A write that a client was told is done, and the masters that are known to hold it: the one that applied it, and those
/// that were seen to hold it. It may be lost only when all of them have lost it.
struct Acknowledged {
    written: Written,
    holders: BTreeSet<MasterId>,
    /// Whether a master that held it has lost its state.
    endangered: bool,
}

/// All of a run.
#[derive(Default)]
pub(crate) struct Writes {
    all: Vec<Acknowledged>,
    /// By master, what its saved state contains of each shard, and perhaps more.
    saved: BTreeMap<MasterId, Vec<VersionVector>>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) acknowledged: usize,
    /// Those that survived although a master that held them had lost its state.
    pub(crate) rescued: usize,
    /// Those that are lost, as every master that was known to hold them has lost its state.
    pub(crate) lost: usize,
}

impl Fate {
    pub(crate) fn add(&mut self, other: Fate) {
        self.acknowledged += other.acknowledged;
        self.rescued += other.rescued;
        self.lost += other.lost;
    }
}

impl Writes {
    /// The master `by` acknowledged these as applied.
    pub(crate) fn applied(&mut self, by: MasterId, writes: Vec<Written>) {
        let acknowledged = |written| Acknowledged { written, holders: BTreeSet::from([by]), endangered: false };
        self.all.extend(writes.into_iter().map(acknowledged));
    }

    /// The master is about to be saved: the acknowledged writes that it has seen are flushed then.
    pub(crate) fn save<R: Resolver>(&mut self, cluster: &Cluster<R>, id: MasterId) {
        self.saved.insert(id, seen(cluster, id));
    }

    /// Looks which masters that are up hold which writes.
    pub(crate) fn look<R: Resolver>(&mut self, cluster: &Cluster<R>) {
        let down: BTreeSet<MasterId> = cluster.down().collect();
        for master in cluster.masters().iter().filter(|master| !down.contains(&master.id())) {
            let seen = seen(cluster, master.id());
            for write in self.all.iter_mut().filter(|write| seen[write.written.shard].contains(write.written.dot)) {
                write.holders.insert(master.id());
            }
        }
    }

    /// The master has lost its state, but for what was saved.
    pub(crate) fn forgotten(&mut self, id: MasterId, but_saved: bool) {
        let saved = self.saved.get(&id).filter(|_| but_saved);
        let holds = |write: &Written| saved.is_some_and(|saved| saved[write.shard].contains(write.dot));
        for write in self.all.iter_mut().filter(|write| write.holders.contains(&id) && !holds(&write.written)) {
            write.holders.remove(&id);
            write.endangered = true;
        }
    }

    /// The master has left, once those that it sends to had seen all that it had. Nothing else has failed since.
    pub(crate) fn left<R: Resolver>(&mut self, cluster: &Cluster<R>, id: MasterId, context: &str) {
        self.look(cluster);
        for write in self.all.iter_mut().filter(|write| write.holders.contains(&id)) {
            write.holders.remove(&id);
            assert!(!write.holders.is_empty(), "{context}: {id} has left, and taken {} with it", write.written.dot);
        }
    }

    /// Every write that some master is known to hold must have been seen by each master that is up.
    pub(crate) fn fate<R: Resolver>(&self, cluster: &Cluster<R>, context: &str) -> Fate {
        let down: BTreeSet<MasterId> = cluster.down().collect();
        let up = || cluster.masters().iter().filter(|master| !down.contains(&master.id()));
        let mut fate = Fate { acknowledged: self.all.len(), ..Fate::default() };
        for Acknowledged { written, holders, endangered } in &self.all {
            let lacks = up().find(|master| {
                master.inspect(written.shard, |replica| replica.digest().contains(written.dot)) != Some(true)
            });
            match lacks {
                None => fate.rescued += usize::from(*endangered),
                Some(_) if holders.is_empty() => fate.lost += 1,
                Some(at) => panic!("{context}: {} lacks {}, which {holders:?} hold", at.id(), written.dot),
            }
        }
        fate
    }
}

fn seen<R: Resolver>(cluster: &Cluster<R>, id: MasterId) -> Vec<VersionVector> {
    let master = cluster.master(id);
    let of = |shard| master.inspect(shard, |replica| replica.digest().clone()).unwrap_or_default();
    (0..master.layout().shards()).map(of).collect()
}
