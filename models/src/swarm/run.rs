//! The walks of many seeds on several threads: [`swarm`].

use super::sketch::{Count, Sketch};
use super::walk::{Bounds, Walked, walks};
use super::{Judged, Violation};
use crate::check::erased::Erased;
use crate::check::running;
use crate::model::{Expectation, Model};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The settings of a [`swarm`].
#[derive(Clone, Debug)]
pub struct Swarm {
    /// The seeds.
    pub seeds: Range<u64>,
    /// The longest time for walks; `None` for no limit.
    pub time: Option<Duration>,
    /// The number of threads.
    pub threads: usize,
    /// The number of walks of each seed.
    pub walks: u64,
    /// The most steps of one walk.
    pub depth: usize,
    /// The properties that are judged; `None` for all but those of [`but`](Self::but).
    pub only: Option<Vec<String>>,
    /// The properties that are not judged, because they are known to be violated.
    pub but: Vec<&'static str>,
    /// Whether a seed goes on after its first violation, for several different ones. Otherwise the first one must end
    /// the swarm.
    pub goes_on: bool,
}

/// The coverage of a [`swarm`].
#[derive(Clone, Debug)]
pub struct Swarmed {
    /// The number of seeds that are done.
    pub seeds: u64,
    /// The number of seeds that were stopped on the way. Their findings count, too.
    pub parts: u64,
    /// The number of walks.
    pub walks: u64,
    /// The number of steps.
    pub steps: u64,
    /// The number of distinct states.
    pub states: Count,
    /// The number of steps of the longest walk.
    pub depth: usize,
    /// The steps by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The witnesses, in the model's order, and whether each was reached.
    pub witnesses: Vec<(&'static str, bool)>,
    /// The properties judged.
    pub judged: Vec<&'static str>,
    /// The reason for its end.
    pub ended: Ended,
    /// The run time.
    pub time: Duration,
}

/// The reason for the end of a [`swarm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All seeds are done.
    Seeds,
    /// As many violations were found as asked for.
    Found,
    /// The time is over.
    Time,
    /// The process was interrupted.
    Interrupted,
}

/// A violation that a seed has found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// The violated property and the walk, the shortest of this seed.
    pub(crate) violation: Violation,
}

impl Found {
    /// The violated property.
    pub fn property(&self) -> &'static str {
        self.violation.property
    }

    /// The number of steps of the walk.
    pub fn steps(&self) -> usize {
        self.violation.path.len()
    }
}

/// The number of seeds by which threads may be ahead of the first seed that is not done.
const AHEAD: u64 = 64;

/// Takes the walks of all seeds. `model` makes a copy of the model; each seed has its own, so that memory is bounded by
/// the walks of one seed. `found` is called for each violation, in the order of the seeds, and breaks once there are
/// enough.
pub fn swarm(
    model: &(dyn Fn() -> Erased + Sync),
    asked: &Swarm,
    found: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Swarmed {
    let started = Instant::now();
    let first = model();
    let wants = |name: &str| match &asked.only {
        Some(only) => only.iter().any(|wanted| wanted == name),
        None => !asked.but.contains(&name),
    };
    let witnesses = first.properties().into_iter().filter(|property| property.expectation == Expectation::Sometimes);
    let mut swarmed = Swarmed {
        seeds: 0,
        parts: 0,
        walks: 0,
        steps: 0,
        states: Count { number: 0, exact: true },
        depth: 0,
        kinds: BTreeMap::new(),
        witnesses: witnesses.map(|property| (property.name, false)).collect(),
        judged: Judged::all(&first, wants).iter().map(Judged::name).collect(),
        ended: Ended::Seeds,
        time: Duration::ZERO,
    };
    let mut sketch = Sketch::new(Sketch::MOST);
    let mut reached = BTreeSet::new();
    let is_late = || asked.time.is_some_and(|time| started.elapsed() >= time);
    // Seeds from this one on are not needed any more.
    let (end, next, done) =
        (AtomicU64::new(asked.seeds.end), AtomicU64::new(asked.seeds.start), AtomicU64::new(asked.seeds.start));
    let bounds = Bounds { walks: asked.walks, depth: asked.depth, first: !asked.goes_on };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel::<(u64, Walked)>();
        for _ in 0..asked.threads.max(1) {
            let (sender, end, next, done) = (sender.clone(), &end, &next, &done);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let goes_on = || {
                        let is_needed = seed >= asked.seeds.start && seed < end.load(Ordering::Relaxed);
                        is_needed && !running::is_interrupted() && !is_late()
                    };
                    while seed >= done.load(Ordering::Relaxed).saturating_add(AHEAD) && goes_on() {
                        thread::sleep(Duration::from_millis(1));
                    }
                    if !goes_on() {
                        return;
                    }
                    let model = model();
                    let walked = walks(&model, &Judged::all(&model, wants), seed, bounds, &goes_on);
                    if bounds.first && !walked.violations.is_empty() {
                        end.fetch_min(seed + 1, Ordering::Relaxed);
                    }
                    running::count(walked.steps);
                    // The receiver lives as long as the scope.
                    let _ = sender.send((seed, walked));
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut at = asked.seeds.start;
        let mut take = |seed: u64, walked: Walked, swarmed: &mut Swarmed| {
            swarmed.seeds += u64::from(walked.whole);
            swarmed.parts += u64::from(!walked.whole);
            swarmed.walks += walked.walks;
            swarmed.steps += walked.steps;
            swarmed.depth = swarmed.depth.max(walked.depth);
            walked.kinds.into_iter().for_each(|(kind, steps)| *swarmed.kinds.entry(kind).or_default() += steps);
            walked.states.into_iter().for_each(|state| sketch.add(state));
            reached.extend(walked.reached);
            for violation in walked.violations {
                if found(Found { seed, violation }).is_break() {
                    swarmed.ended = Ended::Found;
                    end.store(0, Ordering::Relaxed);
                    return;
                }
            }
        };
        for (seed, walked) in receiver {
            waiting.insert(seed, walked);
            while swarmed.ended == Ended::Seeds
                && let Some(walked) = waiting.remove(&at)
            {
                at += 1;
                done.store(at, Ordering::Relaxed);
                take(at - 1, walked, &mut swarmed);
            }
        }
        // Once the time is over, a seed may be done although one before it was not begun.
        for (seed, walked) in waiting {
            if swarmed.ended == Ended::Seeds {
                take(seed, walked, &mut swarmed);
            }
        }
    });
    swarmed.states = sketch.count();
    swarmed.witnesses.iter_mut().for_each(|(witness, is)| *is = reached.contains(witness));
    if swarmed.ended == Ended::Seeds && swarmed.seeds < asked.seeds.end - asked.seeds.start {
        swarmed.ended = if running::is_interrupted() { Ended::Interrupted } else { Ended::Time };
    }
    swarmed.time = started.elapsed();
    swarmed
}
