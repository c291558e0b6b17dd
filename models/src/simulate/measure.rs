//! The measurement of a simulated run: [`Meter`] counts during the run, [`Figures`] are the result.

use super::wire;
use multimaster::{Dot, MasterId, VersionVector};
use serde::Serialize;

/// The figures of one run. A figure without a measurement is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Writes that clients asked for.
    pub writes: u64,
    /// Writes that were refused: their master was down, or the rule refused them.
    pub refused: u64,
    /// Milliseconds from the request of a write until every master that is up at the end has it: the median over the
    /// writes that reached them all.
    pub median: Option<f64>,
    /// The 99th percentile of these times.
    pub p99: Option<f64>,
    /// The longest of these times.
    pub max: Option<f64>,
    /// Milliseconds from the request of a write until another master has it, the mean over writes and masters.
    pub mean: Option<f64>,
    /// The share of the acknowledged writes that reached every master that is up at the end.
    pub everywhere: Option<f64>,
    /// The share of the masters up at the end that an acknowledged write reached, the mean over writes.
    pub reached: Option<f64>,
    /// Messages with changes sent for each acknowledged write, lost ones included.
    pub messages: Option<f64>,
    /// Digests sent for each acknowledged write.
    pub digests: Option<f64>,
    /// Bytes of messages and digests sent for each acknowledged write, as JSON.
    pub bytes: Option<f64>,
    /// Messages and digests that the busiest master has sent and received for each acknowledged write.
    pub busiest: Option<f64>,
    /// The share of the busiest master in all messages and digests sent and received.
    pub share: Option<f64>,
    /// The share of the time from the first request until no master is occupied for which it was occupied.
    pub occupied: Option<f64>,
    /// The share of reads that miss an acknowledged write of their key.
    pub stale: Option<f64>,
    /// Milliseconds since the request of the oldest write that a stale read misses, the mean over stale reads.
    pub behind: Option<f64>,
    /// Milliseconds from the last healed cut or restart until the masters that are up have all writes acknowledged
    /// before it.
    pub healed: Option<f64>,
    /// Acknowledged writes that no master that is up at the end has.
    pub gone: u64,
    /// 1 if the masters that are up at the end have seen the same writes and read the same; otherwise 0.
    pub agree: f64,
    /// Messages that arrived and were applied, and those that arrived too early, without news, or not at all.
    pub outcomes: Outcomes,
    /// The simulated time, in seconds.
    pub seconds: f64,
}

/// The outcomes of the messages with changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// Messages that brought changes.
    pub applied: u64,
    /// Messages that extended changes which their receiver had not seen.
    pub gaps: u64,
    /// Messages that brought nothing new.
    pub duplicates: u64,
    /// Messages that were lost.
    pub lost: u64,
    /// Snapshots sent, lost ones included.
    pub snapshots: u64,
}

struct Write {
    dot: Dot,
    key: usize,
    asked: u64,
    /// The number of counted masters that have it.
    have: u32,
    /// The time at which the last of them got it.
    last: u64,
    /// The length of its change in a message; 0 until it is known.
    length: u32,
}

/// Counts the events of a run. Times are in nanoseconds.
pub(super) struct Meter {
    /// By master: whether it is up at the end, so that writes should reach it.
    counted: Vec<bool>,
    counted_masters: u32,
    writes: Vec<Write>,
    /// By origin, then by sequence number: the write.
    by_origin: Vec<Vec<usize>>,
    /// By key: its acknowledged writes, without some of those that are everywhere.
    by_key: Vec<Vec<usize>>,
    /// The version vector that was measured last, and its length. A master sends most of its neighbours the same.
    measured: (VersionVector, u64),
    everywhere: usize,
    /// The last time at which a master saw a new write.
    pub(super) last_news: u64,
    delays: u128,
    delayed: u64,
    reads: u64,
    stale: u64,
    behind: u128,
    pub(super) refused: u64,
    pub(super) messages: u64,
    pub(super) digests: u64,
    pub(super) bytes: u64,
    pub(super) outcomes: Outcomes,
}

/// The data that the meter gets at the end of a run.
pub(super) struct End {
    /// By master: the messages handled, and the time for which it was occupied.
    pub(super) loads: Vec<(u64, u64)>,
    pub(super) healed_at: Option<u64>,
    pub(super) agree: bool,
    /// The time at which the last master is free.
    pub(super) free_at: u64,
    pub(super) now: u64,
}

impl Meter {
    pub(super) fn new(counted: Vec<bool>, keys: usize) -> Meter {
        Meter {
            counted_masters: counted.iter().filter(|counted| **counted).count() as u32,
            writes: Vec::new(),
            by_origin: vec![Vec::new(); counted.len()],
            by_key: vec![Vec::new(); keys],
            counted,
            measured: (VersionVector::default(), wire::vector(&VersionVector::default())),
            everywhere: 0,
            last_news: 0,
            delays: 0,
            delayed: 0,
            reads: 0,
            stale: 0,
            behind: 0,
            refused: 0,
            messages: 0,
            digests: 0,
            bytes: 0,
            outcomes: Outcomes::default(),
        }
    }

    /// Whether the master is up at the end.
    pub(super) fn counts(&self, master: MasterId) -> bool {
        self.counted[master.index()]
    }

    pub(super) fn acknowledged(&mut self, dot: Dot, at: MasterId, key: usize, asked: u64, time: u64) {
        let write = self.writes.len();
        self.writes.push(Write { dot, key, asked, have: 0, last: 0, length: 0 });
        let origin = dot.origin().index();
        // A fresh origin is past the masters.
        self.by_origin.resize(self.by_origin.len().max(origin + 1), Vec::new());
        self.by_origin[origin].push(write);
        self.by_key[key].push(write);
        self.count(at, write, time);
    }

    /// Notes that a master which had seen `old` has after a crash only seen `kept`.
    pub(super) fn forgotten(&mut self, at: MasterId, old: &VersionVector, kept: &VersionVector) {
        if !self.counts(at) {
            return;
        }
        for (origin, count) in old.iter() {
            for seq in kept.get(origin)..count {
                let write = self.by_origin[origin.index()][seq as usize];
                let Write { key, have, .. } = &mut self.writes[write];
                if *have == self.counted_masters {
                    self.everywhere -= 1;
                    self.by_key[*key].push(write);
                }
                *have -= 1;
            }
        }
    }

    /// Notes that another master has seen the write.
    pub(super) fn arrived(&mut self, dot: Dot, at: MasterId, time: u64) {
        let write = self.by_origin[dot.origin().index()][dot.seq() as usize - 1];
        if self.counted[at.index()] {
            self.delays += u128::from(time - self.writes[write].asked);
            self.delayed += 1;
        }
        self.count(at, write, time);
    }

    fn count(&mut self, at: MasterId, write: usize, time: u64) {
        self.last_news = self.last_news.max(time);
        if self.counted[at.index()] {
            let write = &mut self.writes[write];
            write.have += 1;
            write.last = write.last.max(time);
            self.everywhere += usize::from(write.have == self.counted_masters);
        }
    }

    pub(super) fn read(&mut self, key: usize, seen: &VersionVector, time: u64) {
        self.reads += 1;
        let (writes, all) = (&self.writes, self.counted_masters);
        self.by_key[key].retain(|write| writes[*write].have < all);
        let missed = self.by_key[key].iter().map(|write| &writes[*write]).filter(|write| !seen.contains(write.dot));
        if let Some(oldest) = missed.map(|write| write.asked).min() {
            self.stale += 1;
            self.behind += u128::from(time.saturating_sub(oldest));
        }
    }

    /// The length of a change; `measure` is called if the length is not known yet.
    pub(super) fn length_of(&mut self, dot: Dot, measure: impl FnOnce() -> u64) -> u64 {
        let write = &mut self.writes[self.by_origin[dot.origin().index()][dot.seq() as usize - 1]];
        if write.length == 0 {
            write.length = measure() as u32;
        }
        u64::from(write.length)
    }

    /// The length of a version vector in a message.
    pub(super) fn length_of_vector(&mut self, vector: &VersionVector) -> u64 {
        if self.measured.0 != *vector {
            self.measured = (vector.clone(), wire::vector(vector));
        }
        self.measured.1
    }

    /// Whether every acknowledged write has reached every master that is up at the end.
    pub(super) fn is_complete(&self) -> bool {
        self.everywhere == self.writes.len()
    }

    pub(super) fn figures(&self, end: &End) -> Figures {
        let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let acknowledged = self.writes.len() as u64;
        let per_write = |count: u64| share(count as f64, acknowledged);
        let mut times: Vec<u64> = self.everywhere().map(|write| write.last - write.asked).collect();
        times.sort_unstable();
        let percentile = |percent: usize| {
            let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(place).map(|time| milliseconds(*time))
        };
        let have: u64 = self.writes.iter().map(|write| u64::from(write.have)).sum();
        let (busiest, occupied) = end.loads.iter().copied().max().unwrap_or_default();
        let handled: u64 = end.loads.iter().map(|(handled, _)| handled).sum();
        let healed = end.healed_at.and_then(|healed_at| {
            let before = || self.writes.iter().filter(move |write| write.asked < healed_at);
            let done = before().all(|write| write.have == self.counted_masters);
            let last = before().map(|write| write.last).max();
            last.filter(|_| done).map(|last| milliseconds(last.saturating_sub(healed_at)))
        });
        Figures {
            writes: acknowledged + self.refused,
            refused: self.refused,
            median: percentile(50),
            p99: percentile(99),
            max: percentile(100),
            mean: share(self.delays as f64 / 1e6, self.delayed),
            everywhere: share(times.len() as f64, acknowledged),
            reached: share(have as f64, acknowledged * u64::from(self.counted_masters)),
            messages: per_write(self.messages),
            digests: per_write(self.digests),
            bytes: per_write(self.bytes),
            busiest: per_write(busiest),
            share: share(busiest as f64, handled),
            occupied: share(occupied as f64, end.free_at),
            stale: share(self.stale as f64, self.reads),
            behind: share(self.behind as f64 / 1e6, self.stale),
            healed,
            gone: self.writes.iter().filter(|write| write.have == 0).count() as u64,
            agree: f64::from(u8::from(end.agree)),
            outcomes: self.outcomes,
            seconds: end.now as f64 / 1e9,
        }
    }

    fn everywhere(&self) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(|write| write.have == self.counted_masters)
    }
}

fn share(part: f64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part / whole as f64)
}
