//! A state as bytes: its numbers, in the order of its fields.

use super::{Faults, Master, State};
use crate::model::Codec;
use crate::model::bytes::Stored;
use crate::world::cluster::{ClusterModel, Judgement};
use crate::world::memo::Tables;
use crate::world::{Shards, World};
use std::sync::Arc;

impl Codec<State> for ClusterModel {
    fn write(&self, state: &State, out: &mut Vec<u8>) {
        state.shards.write(out);
    }

    fn read(&self, bytes: &mut &[u8]) -> State {
        State { tables: Arc::clone(&self.tables), shards: Shards::read(bytes) }
    }

    fn parts(&self) -> u64 {
        // An unsure judgement counts as a part, so a process that continues expands its state again, and finds it
        // again.
        super::locked(&self.tables).parts() + u64::from(self.is_unsure())
    }
}

impl Stored for World<Tables> {
    fn write(&self, out: &mut Vec<u8>) {
        let World { shard, masters, wire, digests_sent, counts, streams, history, chosen, broken, faults, failed } =
            self;
        shard.write(out);
        masters.write(out);
        wire.write(out);
        digests_sent.write(out);
        counts.write(out);
        streams.write(out);
        history.write(out);
        chosen.write(out);
        broken.write(out);
        faults.write(out);
        failed.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Self {
        World {
            shard: Stored::read(bytes),
            masters: Stored::read(bytes),
            wire: Stored::read(bytes),
            digests_sent: Stored::read(bytes),
            counts: Stored::read(bytes),
            streams: Stored::read(bytes),
            history: Stored::read(bytes),
            chosen: Stored::read(bytes),
            broken: Stored::read(bytes),
            faults: Stored::read(bytes),
            failed: Stored::read(bytes),
        }
    }
}

impl Stored for Master {
    fn write(&self, out: &mut Vec<u8>) {
        self.local.write(out);
        self.judgement.bits().write(out);
    }

    fn read(bytes: &mut &[u8]) -> Self {
        Master { local: Stored::read(bytes), judgement: Judgement::of_bits(Stored::read(bytes)) }
    }
}

impl Stored for Faults {
    fn write(&self, out: &mut Vec<u8>) {
        let Faults { losses, duplicates, resets } = self;
        [losses, duplicates, resets].into_iter().for_each(|left| left.write(out));
    }

    fn read(bytes: &mut &[u8]) -> Self {
        Faults { losses: Stored::read(bytes), duplicates: Stored::read(bytes), resets: Stored::read(bytes) }
    }
}
