use super::row::{RowRule, row_rules};
use super::*;
use std::collections::BTreeMap;

/// Apache Cassandra's regular cell: the larger timestamp, given by the client or its coordinator, wins; of equal ones,
/// a tombstone beats a value, and then the bytewise larger value wins. A local write is resolved like any other: one
/// with an earlier timestamp than the cell is acknowledged and never seen. ScyllaDB resolves live cells and tombstones
/// alike.
///
/// A `set` is an INSERT or an UPDATE, which are the same here: neither reads the cell, and an equal value is a write
/// with a new timestamp. A `delete` writes a tombstone, even where there is nothing.
///
/// Source: apache/cassandra, src/java/org/apache/cassandra/db/rows/Cells.java, `resolveRegular`. Left out: cells that
/// expire, and which of two tombstones is collected first.
#[derive(Clone, Copy, Debug, Default)]
pub struct CassandraCell {
    /// Whether tombstones are dropped at once, as with `gc_grace_seconds = 0`: an older write that arrives later, by
    /// hint or by repair, then finds none. By default they are kept for ever.
    pub purged: bool,
}

impl RowRule for CassandraCell {
    const CLOCKS: bool = true;
    const MERGES: bool = true;

    fn forgets_deletes(&self) -> bool {
        self.purged
    }

    /// A compaction purges tombstones once `gc_grace_seconds` are over.
    fn collects(&self) -> bool {
        true
    }

    fn takes(&self, held: Option<&Row>, change: &RowChange) -> bool {
        let key = |cell: &Row| (cell.time, !cell.is_live(), cell.value.clone());
        held.is_none_or(|held| key(&change.after) > key(held))
    }

    fn why_not(&self, held: &Row, change: &RowChange) -> &'static str {
        let after = &change.after;
        match held {
            held if held.time > after.time => "had a later timestamp",
            held if held.value == after.value => "had it already",
            held if !held.is_live() => "keeps the tombstone at a tie",
            _ => "keeps the larger value at a tie",
        }
    }
}

row_rules!(CassandraCell);

/// Apache Cassandra's counter cell: for each node, the shard with the larger clock wins, and a read is the sum. A
/// tombstone beats any counter, whatever the timestamps (CASSANDRA-7346): an add after a delete is acknowledged and
/// lost, so Cassandra advises not to use a deleted counter again.
///
/// A `delete` writes a tombstone, even where nothing was counted.
///
/// Source: apache/cassandra, src/java/org/apache/cassandra/db/rows/Cells.java, `resolveCounter`. Left out: the
/// counter's return, with the shards that remain, once its tombstone is collected.
#[derive(Clone, Copy, Debug, Default)]
pub struct CassandraCounter;

/// A counter, or its tombstone.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CounterCell {
    /// The first delete, in the order of dots.
    pub tombstone: Option<Dot>,
    /// The shard of each node; empty under a tombstone.
    pub shards: BTreeMap<MasterId, Shard>,
}

/// The count of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// The shard's clock: the sequence number of the node's last increment.
    pub clock: u64,
    /// The node's total.
    pub count: i64,
}

/// The effect of a write to a counter: the new shard, or a tombstone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Increment {
    /// The writer's whole shard.
    Shard(Shard),
    /// The counter is deleted.
    Tombstone,
}

impl CounterCell {
    fn join(&mut self, other: &CounterCell) {
        self.tombstone = self.tombstone.into_iter().chain(other.tombstone).min();
        for (node, theirs) in &other.shards {
            let ours = self.shards.entry(*node).or_default();
            *ours = (*ours).max(*theirs);
        }
        if self.tombstone.is_some() {
            self.shards.clear();
        }
    }
}

impl Resolver for CassandraCounter {
    type State = CounterCell;
    type Effect = Increment;

    fn kind(&self) -> Kind {
        Kind::DeletableCounter
    }

    fn prepare(&self, state: &CounterCell, op: Op, dot: Dot, _: Timestamp) -> Result<Increment, Refusal> {
        match op {
            Op::Add(amount) => {
                let held = state.shards.get(&dot.origin()).copied().unwrap_or_default();
                let count = held.count.checked_add(amount).ok_or(Refusal::Because("the counter is full".into()))?;
                Ok(Increment::Shard(Shard { clock: dot.seq(), count }))
            }
            Op::Delete => Ok(Increment::Tombstone),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut CounterCell, change: &Change<Increment>) -> bool {
        let before = state.clone();
        state.join(&match change.effect {
            Increment::Shard(shard) => CounterCell { shards: [(change.dot.origin(), shard)].into(), tombstone: None },
            Increment::Tombstone => CounterCell { tombstone: Some(change.dot), ..CounterCell::default() },
        });
        *state != before
    }

    fn why_kept(&self, state: &CounterCell, change: &Change<Increment>) -> &'static str {
        match (&change.effect, state.tombstone) {
            (Increment::Shard(_), Some(_)) => "had the counter deleted, for ever",
            (Increment::Tombstone, Some(_)) => "had an earlier delete",
            _ => "had a later shard of that node",
        }
    }

    fn read(&self, state: &CounterCell) -> Reading {
        Reading::Total(state.shards.values().fold(0, |sum, shard| sum.saturating_add(shard.count)))
    }

    fn merge(&self, ours: Side<'_, CounterCell>, theirs: Side<'_, CounterCell>) -> Option<CounterCell> {
        let mut merged = ours.state.clone();
        merged.join(theirs.state);
        Some(merged)
    }

    fn shows(&self, state: &CounterCell, dot: Dot) -> bool {
        state.tombstone == Some(dot) || state.shards.get(&dot.origin()).is_some_and(|shard| shard.clock >= dot.seq())
    }
}
