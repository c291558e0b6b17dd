//! A hash of a state's content. Equal contents have equal hashes in every copy of a model, although each copy numbers
//! the parts of its states in the order in which it finds them.

use super::{DigestSent, State, World};
use crate::world::memo::Tables;
use foldhash::quality::FixedState;
use std::hash::{BuildHasher, Hash, Hasher};

impl State {
    pub(crate) fn fingerprint(&self) -> u64 {
        let tables = self.tables();
        let mut hasher = FixedState::with_seed(0).build_hasher();
        self.shards.iter().for_each(|world| world.hash_content(&tables, &mut hasher));
        if !self.shards.others().is_empty() {
            tables.pasts[self.shards.pasts()].hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl World<Tables> {
    fn hash_content(&self, tables: &Tables, hasher: &mut impl Hasher) {
        self.masters.iter().for_each(|master| hasher.write_u64(tables.locals[master.local].content));
        self.wire.iter().for_each(|envelope| hasher.write_u64(tables.envelopes[*envelope].hash()));
        for sent in &self.digests_sent {
            let DigestSent { receiver, sender, seen } = tables.digests_sent[*sent];
            (receiver, sender, &tables.digests[seen]).hash(hasher);
        }
        (self.wire.len(), self.digests_sent.len()).hash(hasher);
        (self.waiting(), self.progress()).hash(hasher);
        tables.histories[self.history].history.hash(hasher);
        (self.chosen, self.broken, self.faults).hash(hasher);
        if let Some(failed) = &self.failed {
            failed.hash_content(tables, hasher);
        }
    }
}
