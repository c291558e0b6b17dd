//! Runs of one master on a simulated disk, and the check of the disk after a power cut: [`Run`].

use crate::disk::Disk;
use multimaster::durable::{LogStore, OpenError};
use multimaster::{
    Change, Key, LastWriteWins, Layout, Master, MasterId, Options, Resolver, Snapshot, Topology, VersionVector,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const A: MasterId = MasterId(0);
pub(crate) const B: MasterId = MasterId(1);

pub(crate) type Durable = Master<LastWriteWins>;
type State = <LastWriteWins as Resolver>::State;
type Effect = <LastWriteWins as Resolver>::Effect;

pub(crate) fn pair() -> Topology {
    Topology::all_to_all(2).unwrap()
}

/// One shard, with a short log: after a few writes without a flush, the shard must be saved whole.
pub(crate) fn options(log: usize) -> Options {
    Options::default().layout(Layout::of(1).unwrap()).log(log)
}

pub(crate) fn open(disk: &Disk, log: usize) -> Result<Durable, OpenError> {
    Master::open(A, LastWriteWins, &pair(), &options(log), LogStore::on(disk.clone()))
}

/// The changes that a master with one shard has seen, and its table.
pub(crate) fn table(master: &Durable) -> Snapshot<State> {
    master.inspect(0, |replica| replica.saved().table).unwrap()
}

/// The changes that a master has seen, in order, and its table after each number of them. The tables are computed by
/// the rule alone, without a replica.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) changes: Vec<Change<Effect>>,
    tables: BTreeMap<VersionVector, (usize, Snapshot<State>)>,
}

impl History {
    pub(crate) fn new() -> History {
        let nothing = Snapshot { seen: VersionVector::default(), clock: 0, table: Arc::default() };
        History { changes: Vec::new(), tables: BTreeMap::from([(nothing.seen.clone(), (0, nothing))]) }
    }

    pub(crate) fn push(&mut self, change: Change<Effect>) {
        let (_, before) = self.tables.values().find(|(count, _)| *count == self.changes.len()).unwrap();
        let mut after = before.clone();
        after.seen.insert(change.dot);
        after.clock = after.clock.max(change.timestamp.time());
        let table: &mut BTreeMap<Key, State> = Arc::make_mut(&mut after.table);
        LastWriteWins.apply(table.entry(change.key.clone()).or_default(), &change);
        self.changes.push(change);
        self.tables.insert(after.seen.clone(), (self.changes.len(), after));
    }

    /// Forgets all but the first `count` changes.
    fn keep(&mut self, count: usize) {
        self.changes.truncate(count);
        self.tables.retain(|_, (place, _)| *place <= count);
    }

    /// The number of changes after which the history has the table `found`; `None` if it never has.
    pub(crate) fn place(&self, found: &Snapshot<State>) -> Option<usize> {
        let (place, table) = self.tables.get(&found.seen)?;
        (table == found).then_some(*place)
    }
}

/// A master, the disk under its store, and all changes that it has seen.
pub(crate) struct Run {
    pub(crate) disk: Disk,
    pub(crate) history: History,
    pub(crate) log: usize,
    random: fastrand::Rng,
}

impl Run {
    pub(crate) fn new(seed: u64, disk: Disk) -> Run {
        let mut random = fastrand::Rng::with_seed(seed);
        let log = [1, 4, 1024][random.usize(..3)];
        Run { disk, history: History::new(), log, random }
    }

    /// Opens the master, makes this number of writes at random levels, and closes it, with or without a flush.
    pub(crate) fn go(&mut self, writes: usize) {
        let master = open(&self.disk, self.log).unwrap();
        let found = self.history.place(&table(&master)).expect("it continues where it was");
        self.history.keep(found);
        for _ in 0..writes {
            self.write(&master);
        }
        if self.random.bool() {
            master.flush().unwrap();
            self.disk.acknowledge(self.history.changes.len());
        }
    }

    fn write(&mut self, master: &Durable) {
        let key = format!("key {}", self.random.u8(..12));
        // A few values are longer than a sector.
        let value = "v".repeat(self.random.usize(..20) * [1, 1, 1, 8][self.random.usize(..4)]);
        let flushed = match self.random.u8(..6) {
            0 => master.set_flushed(&key, value).is_ok(),
            1 => master.delete(&key).is_err(),
            _ => master.set(&key, value).is_err(),
        };
        let change = master.inspect(0, |replica| replica.log().last().cloned()).flatten().expect("the write");
        self.history.push(change);
        if flushed || (self.random.u8(..8) == 0 && master.flush().is_ok()) {
            self.disk.acknowledge(self.history.changes.len());
        }
    }

    /// Checks that the master restarts from this disk with a prefix of the changes that it had seen, and that the
    /// prefix contains all changes acknowledged as flushed. Returns the length of the prefix.
    pub(crate) fn check(&self, disk: &Disk, acknowledged: usize) -> Result<usize, String> {
        let master = open(disk, self.log).map_err(|e| format!("{acknowledged} acknowledged, but: {}", chain(&e)))?;
        let found = table(&master);
        match self.history.place(&found) {
            None => Err(format!("came up with {}, which it never was", found.seen)),
            Some(place) if place < acknowledged => Err(format!("{acknowledged} acknowledged, {place} found")),
            Some(place) => Ok(place),
        }
    }
}

/// An error with its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
