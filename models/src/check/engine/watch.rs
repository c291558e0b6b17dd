//! The limits of time and memory of an exploration: [`Watch`].

use super::{Cut, Limits};
use crate::check::running;
use std::fs;
use std::time::{Duration, Instant};

/// Watches the limits of time and memory of one exploration.
pub(crate) struct Watch {
    limits: Limits,
    started: Instant,
    /// The number of calls until the clock is read again.
    unasked: u32,
    /// The number of calls between the last two readings.
    patience: u32,
    looked: Instant,
    weighed: Instant,
    /// The number of states reported to [`running`].
    reported: usize,
    /// Whether the watch reports progress.
    reports: bool,
}

/// The progress of an exploration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct At {
    /// States found.
    pub(crate) states: usize,
    /// States found and not expanded.
    pub(crate) frontier: usize,
    /// The depth of the state that is being expanded.
    pub(crate) depth: usize,
}

impl Watch {
    /// The most calls between two readings of the clock.
    const MOST_PATIENCE: u32 = 256;
    /// The clock is read about this often.
    const RHYTHM: Duration = Duration::from_millis(1);
    /// Memory is read about this often: a reading takes some 20 µs.
    const BETWEEN_WEIGHINGS: Duration = Duration::from_millis(20);

    pub(crate) fn new(limits: Limits) -> Watch {
        let now = Instant::now();
        Watch { limits, started: now, unasked: 0, patience: 1, looked: now, weighed: now, reported: 0, reports: true }
    }

    /// A watch for one of the threads of this exploration. It does not report progress.
    pub(crate) fn beside(&self) -> Watch {
        let now = Instant::now();
        Watch { unasked: 0, patience: 1, looked: now, weighed: now, reports: false, ..*self }
    }

    /// Reports progress.
    pub(crate) fn report(&mut self, at: At) {
        running::count(at.states.saturating_sub(self.reported) as u64);
        running::is_at(at.depth, at.frontier);
        self.reported = at.states;
    }

    /// Counts the time that an earlier process took, too.
    pub(crate) fn continue_after(&mut self, time: Duration) {
        self.started -= time;
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The reason to stop, if there is one. Must be called at every step; also reports progress from time to time. A
    /// step takes nanoseconds or, under a slow rule, seconds: the number of calls between two readings of the clock
    /// adapts.
    #[inline]
    pub(crate) fn stop(&mut self, at: At) -> Option<Cut> {
        if self.unasked > 0 {
            self.unasked -= 1;
            return None;
        }
        self.look(at)
    }

    fn look(&mut self, at: At) -> Option<Cut> {
        let now = Instant::now();
        let in_time = now - self.looked < Self::RHYTHM;
        self.patience = if in_time { (self.patience * 2).min(Self::MOST_PATIENCE) } else { 1 };
        (self.looked, self.unasked) = (now, self.patience);
        if self.reports {
            self.report(at);
        }
        if running::is_interrupted() {
            return Some(Cut::Interrupted);
        }
        if now - self.started > self.limits.time {
            return Some(Cut::Time(self.limits.time));
        }
        if now - self.weighed < Self::BETWEEN_WEIGHINGS {
            return None;
        }
        self.weighed = now;
        self.memory_for(1)
    }

    /// The reason to stop before allocating so many bytes, if memory does not suffice.
    pub(crate) fn memory_for(&self, bytes: u64) -> Option<Cut> {
        let most = self.limits.memory?;
        (self.room()? < bytes).then_some(Cut::Memory(most))
    }

    /// The number of bytes that may still be allocated; `None` if there is no limit.
    pub(crate) fn room(&self) -> Option<u64> {
        Some(self.limits.memory?.saturating_sub(taken()?))
    }
}

/// The default limit of memory: the memory that this process takes plus three quarters of the available memory, but at
/// most three quarters of the limit of its control group or address space (`ulimit -v`). `None` where this is unknown,
/// as on all systems but Linux.
pub(super) fn default_memory() -> Option<u64> {
    let available = kibibytes("/proc/meminfo", "MemAvailable:")?;
    let granted = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok())
        .map(|bytes| bytes / 4 * 3);
    granted.chain(address_space()).chain([taken()? + available / 4 * 3]).min()
}

/// The memory that this process takes, plus three quarters of the address space that it may still map.
fn address_space() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let most: u64 = line.split_whitespace().next()?.parse().ok()?;
    let mapped = kibibytes("/proc/self/status", "VmSize:")?;
    Some(taken()? + most.saturating_sub(mapped) / 4 * 3)
}

/// The resident memory of this process, in bytes; `None` where this is unknown.
pub fn taken() -> Option<u64> {
    kibibytes("/proc/self/status", "VmRSS:")
}

/// The number of kibibytes in the line of `file` that begins with this text, in bytes.
fn kibibytes(file: &str, begins: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(begins))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(time: Duration, memory: Option<u64>) -> Limits {
        Limits { time, memory, ..Limits::default() }
    }

    #[test]
    fn slow_steps_are_timed_one_by_one() {
        let mut watch = Watch::new(limits(Duration::from_millis(25), None));
        let stopped = (0..100).find(|_| {
            std::thread::sleep(Duration::from_millis(5));
            watch.stop(At::default()).is_some()
        });
        assert!(stopped.is_some_and(|steps| steps < 20), "{stopped:?}");
    }

    #[test]
    fn memory_is_weighed_where_it_is_known() {
        let cut = |memory| {
            let mut watch = Watch::new(limits(Duration::from_secs(60), memory));
            watch.weighed -= Watch::BETWEEN_WEIGHINGS;
            watch.look(At::default())
        };
        assert_eq!(cut(None), None);
        assert_eq!(cut(Some(u64::MAX)), None);
        let known = taken().is_some();
        assert_eq!(cut(Some(1)), known.then_some(Cut::Memory(1)));
        assert_eq!(default_memory().is_some(), known, "both are known, or neither");
    }
}
