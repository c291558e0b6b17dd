//! Power cuts: after every byte of a run, and with any of the unsynced steps lost, reordered or torn.

use crate::disk::{Disk, Files, Found, Step, Trace, write};
use crate::run::Run;
use std::ops::Range;
use std::time::Instant;

/// The number of runs, each with its own seed.
const RUNS: u64 = 50;
/// The number of cuts in each run that lose, reorder and tear steps at random: half in the tail, half anywhere.
const RANDOM: usize = 800;
const SECTOR: usize = 64;

/// A run under power cuts.
struct Cuts<'a> {
    run: &'a Run,
    trace: Trace,
    random: fastrand::Rng,
    count: usize,
}

#[test]
fn no_power_cut_loses_what_was_flushed() {
    let first: u64 = std::env::var("SEED").map_or(1, |seed| seed.parse().expect("SEED is a number"));
    let start = Instant::now();
    let (mut bytes, mut random) = (0, 0);
    for seed in first..first + RUNS {
        let run = run(seed, Disk::default());
        let mut cuts = Cuts::of(&run, seed);
        let failed = |failure| panic!("SEED={seed}: {failure}");
        let (tail, all) = (cuts.tail(), 0..cuts.trace.steps.len());
        cuts.after_each_byte(&tail).unwrap_or_else(failed);
        let each = cuts.count;
        bytes += each;
        cuts.at_random(&tail, RANDOM / 2).unwrap_or_else(failed);
        cuts.at_random(&all, RANDOM / 2).unwrap_or_else(failed);
        random += cuts.count - each;
    }
    let time = start.elapsed();
    println!("SEED={first}: {bytes} power cuts after each byte of {RUNS} tails, {random} at random: {time:.1?}");
    assert!(bytes + random > 100_000, "{bytes} and {random}");
}

/// The same cuts find a lost write on a disk that reports syncs that it has not done.
#[test]
fn a_disk_that_lies_is_found_out() {
    let run = run(1, Disk::lying());
    let mut cuts = Cuts::of(&run, 1);
    let all = 0..cuts.trace.steps.len();
    let failure = cuts.at_random(&all, 100).expect_err("a flushed write is missing");
    assert!(failure.contains("acknowledged"), "{failure}");
}

/// Opens, writes and closes three times.
fn run(seed: u64, disk: Disk) -> Run {
    let mut run = Run::new(seed, disk);
    for writes in [12, 0, 8] {
        run.go(writes);
    }
    run
}

impl Cuts<'_> {
    fn of(run: &Run, seed: u64) -> Cuts<'_> {
        Cuts { run, trace: run.disk.trace(), random: fastrand::Rng::with_seed(seed), count: 0 }
    }

    fn check(&mut self, files: Files, acknowledged: usize) -> Result<(), String> {
        self.count += 1;
        self.run.check(&Disk::with(files), acknowledged).map(drop)
    }

    /// The last steps of the run, from a random one on; at least one flush is acknowledged among them.
    fn tail(&mut self) -> Range<usize> {
        let steps = &self.trace.steps;
        let end = steps.iter().rposition(|step| matches!(step, Step::Acknowledged(_))).expect("something was flushed");
        self.random.usize(end.saturating_sub(12)..end)..steps.len()
    }

    /// Cuts before each step, and after each byte of each write. The steps are kept in order.
    fn after_each_byte(&mut self, tail: &Range<usize>) -> Result<(), String> {
        let mut files = self.trace.durable(0).files;
        self.trace.steps[..tail.start].iter().for_each(|step| step.apply(&mut files));
        for place in tail.clone() {
            let acknowledged = self.trace.durable(place).acknowledged;
            let step = self.trace.steps[place].clone();
            if let Step::Write { file, at, data } = &step {
                for end in 0..data.len() {
                    let mut torn = files.clone();
                    write(&mut torn[*file], *at, &data[..end]);
                    self.check(torn, acknowledged)?;
                }
            }
            self.check(files.clone(), acknowledged)?;
            step.apply(&mut files);
        }
        let acknowledged = self.trace.durable(tail.end).acknowledged;
        self.check(files, acknowledged)
    }

    /// Cuts before random steps of these, twice each time.
    fn at_random(&mut self, among: &Range<usize>, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let place = self.random.usize(among.start..=among.end);
            let found = self.cut(&self.trace.clone(), place);
            let disk = Disk::with(found.files);
            self.count += 1;
            let changes = self.run.check(&disk, found.acknowledged)?;
            // Cut once more, during or after the restart. After the restart, the changes found are on disk.
            let again = disk.trace();
            let place = self.random.usize(..=again.steps.len());
            let acknowledged = if place == again.steps.len() { changes } else { found.acknowledged };
            let found = self.cut(&again, place);
            self.check(found.files, acknowledged)?;
        }
        Ok(())
    }

    /// A cut before the step at `place`: any of the steps that were not synced are lost, reordered or torn.
    fn cut(&mut self, trace: &Trace, place: usize) -> Found {
        let mut found = trace.durable(place);
        let kept = [0.1, 0.5, 0.9][self.random.usize(..3)];
        found.pending.retain(|_| self.random.f64() < kept);
        if self.random.bool() {
            self.random.shuffle(&mut found.pending);
        }
        for step in std::mem::take(&mut found.pending) {
            match step {
                Step::Write { file, at, data } if self.random.u8(..3) > 0 => {
                    self.tear(&mut found.files[file], at, &data);
                }
                step => step.apply(&mut found.files),
            }
        }
        found
    }

    /// Writes a torn part of the data: a beginning, an end, some sectors, or only the length.
    fn tear(&mut self, content: &mut Vec<u8>, at: usize, data: &[u8]) {
        let middle = self.random.usize(..=data.len());
        match self.random.u8(..4) {
            0 => write(content, at, &data[..middle]),
            1 => write(content, at + middle, &data[middle..]),
            2 => write(content, at, &vec![0; data.len()]),
            _ => {
                for (sector, some) in data.chunks(SECTOR).enumerate().filter(|_| self.random.bool()) {
                    write(content, at + sector * SECTOR, some);
                }
            }
        }
    }
}
