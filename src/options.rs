//! How masters, clusters and their links are set up: [`Options`], [`Setup`], [`Faults`].

use crate::Layout;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How one master is set up.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    pub(crate) layout: Layout,
    pub(crate) log: usize,
    pub(crate) recorder: Option<Recorder>,
}

impl Default for Options {
    fn default() -> Self {
        Options { layout: Layout::default(), log: 1024, recorder: None }
    }
}

impl Options {
    /// The number of shards into which the master divides its keys, 16 by default. All masters of a cluster need the
    /// same number.
    pub fn layout(self, layout: Layout) -> Options {
        Options { layout, ..self }
    }

    /// How many changes the log of each shard keeps for neighbours that have not been sent them yet: 1024 by default,
    /// at least 1. A neighbour that has fallen further behind is sent a snapshot. The last 512 changes are kept even
    /// after all neighbours have been sent them, so that lost changes can be sent again. A log is truncated once it has
    /// 512 changes more than it must keep. It never holds more than twice `changes`, or 1024 if that is more.
    ///
    /// Every set writes to the log, so a set is fastest if the logs fit into the cache beside the table. With 16 shards
    /// and 10,000 keys, a set takes 80 ns with logs of 8192 changes, 55 ns with 2048 and 40 ns with 512.
    pub fn log(self, changes: usize) -> Options {
        Options { log: changes.max(1), ..self }
    }
}

/// How a cluster is set up.
#[derive(Clone, Debug)]
#[must_use]
pub struct Setup {
    pub(crate) master: Options,
    pub(crate) batch: usize,
    pub(crate) tick: Duration,
    pub(crate) linger: Duration,
    pub(crate) faults: Faults,
    pub(crate) seed: u64,
    pub(crate) collects: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            master: Options::default(),
            batch: 256,
            tick: Duration::from_millis(5),
            linger: Duration::from_micros(100),
            faults: Faults::default(),
            seed: 0,
            collects: false,
        }
    }
}

impl Setup {
    /// How each master is set up.
    pub fn master(self, master: Options) -> Setup {
        Setup { master, ..self }
    }

    /// How each master is set up, and recorded: for masters that are [joined](crate::Cluster::join).
    pub fn options(&self) -> &Options {
        &self.master
    }

    /// The most changes that one message carries: 256 by default, at least 1.
    pub fn batch(self, changes: usize) -> Setup {
        Setup { batch: changes.max(1), ..self }
    }

    /// The interval at which an idle link compares the digests of its two masters to find lost changes: 5 ms by
    /// default. `Duration::MAX` disables it.
    pub fn tick(self, tick: Duration) -> Setup {
        Setup { tick, ..self }
    }

    /// How long a link pauses after a round that has sent changes, so that the next writes gather: 100 µs by default.
    /// As long as the changes of a round would fill a message, each pause is twice as long as the one before, up to
    /// eight times this value. After a full message there is no pause. An idle link sends a write at once.
    pub fn linger(self, linger: Duration) -> Setup {
        Setup { linger, ..self }
    }

    /// The initial faults of all links: none by default. [`Cluster::set_faults`](crate::Cluster::set_faults) changes
    /// the faults of a link while the cluster runs.
    pub fn faults(self, faults: Faults) -> Setup {
        Setup { faults, ..self }
    }

    /// The seed of the faults: 0 by default. Each link has a random generator, seeded with this seed and its two ends,
    /// so that the same messages meet the same faults.
    pub fn seed(self, seed: u64) -> Setup {
        Setup { seed, ..self }
    }

    /// Tombstones are collected once all masters have seen them: by default they are kept for ever.
    ///
    /// At each [tick](Self::tick), a link tells its receiver what its sender knows of the progress of all masters
    /// ([`Replica::learn`](crate::Replica::learn)), and the receiver collects in a part of each shard's table. So no lock
    /// is held for long, and deletes are collected some ticks after all masters have seen them.
    pub fn collect_tombstones(self) -> Setup {
        Setup { collects: true, ..self }
    }

    /// Records every event: see [`record`](crate::record). The record grows for as long as the cluster runs.
    pub fn recorded(mut self) -> Setup {
        self.master.recorder = Some(Recorder::default());
        self
    }
}

/// The random faults of a link: none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[must_use]
pub struct Faults {
    pub(crate) loss: f64,
    pub(crate) duplication: f64,
    pub(crate) delay: u64,
}

impl Faults {
    /// The probability that a message is lost: 0 to 1.
    pub fn loss(self, probability: f64) -> Faults {
        Faults { loss: probability, ..self }
    }

    /// The probability that a message arrives twice: 0 to 1.
    pub fn duplication(self, probability: f64) -> Faults {
        Faults { duplication: probability, ..self }
    }

    /// How many later messages of the same link may overtake a message, at most.
    pub fn delay(self, messages: u64) -> Faults {
        Faults { delay: messages, ..self }
    }
}

/// Numbers the events of one cluster: its masters share one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<AtomicU64>);

impl Recorder {
    /// Called while the shard's lock is held. The increments of one counter have one order, whatever else is reordered,
    /// and it respects happened-before: so the number of a delivery is greater than that of its sending.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
