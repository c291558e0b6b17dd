//! A [`Master`] on a [`Store`].

use super::flusher::{Flusher, Held};
use super::{FlushError, OpenError, Store, WriteFlushedError};
use crate::{Master, MasterId, Op, Options, Replica, Resolver, Saved, Text, Topology, VersionVector, Written};

impl<R: Resolver> Master<R> {
    /// Opens the master `id` with the stored state; if the store is new, with an empty one. Once the links run, the
    /// neighbours send the changes that it lacks. O(size of the store).
    ///
    /// Before the master sends a message, it flushes all changes that the message reflects. Dropping the master flushes
    /// nothing: call [`flush`](Self::flush) first.
    ///
    /// # Errors
    /// If the store fails or is damaged, or if it belongs to another master, to another rule, or to another number of
    /// masters or shards. The stored state is unchanged then. The topology may have grown since: an id of a new master must be
    /// one of which no change is stored.
    ///
    /// # Panics
    /// If `id` is not in the topology.
    pub fn open(
        id: MasterId,
        rule: R,
        topology: &Topology,
        options: &Options,
        store: impl Store<R::State, R::Effect> + 'static,
    ) -> Result<Master<R>, OpenError> {
        let mut store = Box::new(store);
        let shards = options.layout.shards();
        let mut loaded = store.load()?;
        if loaded.is_empty() {
            // So the id, the rule and the numbers of masters and shards are on disk before the first write.
            let untouched = Replica::new(id, rule.clone(), topology).saved();
            for shard in 0..shards {
                store.save(shard, &untouched)?;
            }
            store.sync()?;
            loaded = vec![untouched; shards];
        }
        if loaded.len() != shards {
            return Err(OpenError::Shards { expected: shards, found: loaded.len() });
        }
        let mut replicas = Vec::with_capacity(shards);
        let mut held = Vec::with_capacity(shards);
        for (shard, saved) in loaded.into_iter().enumerate() {
            let mut keys = saved.table.table.keys().chain(saved.log.iter().map(|change| &change.key));
            if let Some(key) = keys.find(|key| options.layout.shard_of(key) != shard) {
                return Err(OpenError::Misplaced { shard, key: key.clone() });
            }
            let Saved { table, log, .. } = &saved;
            let to_apply = log.iter().filter(|change| !table.seen.contains(change.dot)).count();
            let keys = table.table.len();
            let origins = saved.origins;
            let replica = Replica::restore(id, rule.clone(), topology, saved);
            let replica = replica.map_err(|error| OpenError::Shard { shard, error })?;
            held.push(Held { seen: replica.digest().clone(), to_apply, keys, origins });
            replicas.push(replica);
        }
        let mut master = Master::of(replicas, topology, options);
        master.flusher = Some(Flusher::new(store, held));
        Ok(master)
    }

    /// [`write_flushed`](Self::write_flushed)s a register's value.
    ///
    /// # Errors
    /// As `write_flushed`.
    pub fn set_flushed(&self, key: &str, value: impl Into<Text>) -> Result<Written, WriteFlushedError> {
        self.write_flushed(key, Op::Set(value.into()))
    }

    /// A client [writes](Self::write), and waits until the write is on disk. Writers that wait at the same time share
    /// one sync.
    ///
    /// # Errors
    /// [`Write`](WriteFlushedError::Write) if the write fails; [`Flush`](WriteFlushedError::Flush) if the write is
    /// applied and the store fails.
    pub fn write_flushed(&self, key: &str, op: Op) -> Result<Written, WriteFlushedError> {
        let written = self.write(key, op).map_err(WriteFlushedError::Write)?;
        match self.flush_written(&written) {
            Ok(()) => Ok(written),
            Err(error) => Err(WriteFlushedError::Flush { written, error }),
        }
    }

    /// Waits until `write`, which this master has seen, is on disk.
    ///
    /// # Errors
    /// If the master has no store, the store has failed, or the master has not seen the write.
    pub fn flush_written(&self, write: &Written) -> Result<(), FlushError> {
        self.flush_until(write.shard, |held| held.contains(write.dot))
    }

    /// Waits until all changes that this master had seen at the time of the call are on disk. O(changes since the last
    /// flush + logs), or O(keys log keys) for a shard whose [log](Options::log) no longer holds these changes.
    ///
    /// # Errors
    /// If the master has no store, or the store has failed.
    pub fn flush(&self) -> Result<(), FlushError> {
        (0..self.layout().shards()).try_for_each(|shard| {
            let seen = self.inspect(shard, |replica| replica.digest().clone()).unwrap_or_default();
            self.flush_until(shard, |held| held.covers(&seen))
        })
    }

    fn flush_until(&self, shard: usize, enough: impl Fn(&VersionVector) -> bool) -> Result<(), FlushError> {
        let flusher = self.flusher.as_ref().ok_or(FlushError::NoStore)?;
        flusher.flush(shard, enough, |shard, held| self.lack(shard, held))
    }
}
