//! Random topologies and schedules, and the test of a law on them.

use multimaster::{MasterId, Topology};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use std::hash::{BuildHasher, RandomState};

/// A step. Its numbers count modulo the number of masters, messages, …, so that a shortened schedule stays valid.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A client writes.
    Write { at: u8, key: u8, what: u8 },
    /// A master sends its next push to a neighbour.
    Push { edge: u8, max: usize },
    /// A master sends its digest, to be answered or to resume a broken connection.
    Ask { edge: u8, resumes: bool },
    /// A message in flight arrives, in any order.
    Deliver { pick: u8, max: usize },
    /// A message in flight is lost.
    Lose { pick: u8 },
    /// A message in flight is duplicated.
    Repeat { pick: u8 },
    /// A master truncates its log.
    Truncate { at: u8, keep: usize },
    /// A master copies its state.
    Copy { at: u8 },
    /// A master crashes and restarts.
    Crash { at: u8, kept: Kept },
    /// A master dies, and its edges are replaced. At most one dies.
    Dies { at: u8 },
    /// A master sends a neighbour what it knows of the progress of all.
    Tell { edge: u8 },
    /// A master hears from its neighbours what they know of the progress of all, and collects.
    Collect { at: u8 },
    /// A master's logical clock is moved to a time, which may be earlier than its present one.
    Clock { at: u8, now: u8 },
}

impl Step {
    /// The number of the master that takes this step; `None` for a step along an edge.
    pub(crate) fn at(&self) -> Option<u8> {
        match *self {
            Step::Write { at, .. }
            | Step::Truncate { at, .. }
            | Step::Copy { at }
            | Step::Crash { at, .. }
            | Step::Dies { at }
            | Step::Collect { at }
            | Step::Clock { at, .. } => Some(at),
            Step::Push { .. } | Step::Ask { .. } | Step::Tell { .. } => None,
            Step::Deliver { .. } | Step::Lose { .. } | Step::Repeat { .. } => None,
        }
    }
}

/// The state of a master after a crash.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    All,
    /// Its last copy; if there is none, no state.
    Copy,
    Nothing,
}

/// As [`schedules_with_crashes`], with masters that collect tombstones.
pub(crate) fn schedules_with_collections() -> impl Strategy<Value = Vec<Step>> {
    let byte = any::<u8>;
    let step = prop_oneof![
        2 => byte().prop_map(|edge| Step::Tell { edge }),
        3 => byte().prop_map(|at| Step::Collect { at }),
        3 => (byte(), byte()).prop_map(|(at, key)| Step::Write { at, key, what: 0 }),
        6 => (byte(), 1..4usize).prop_map(|(edge, max)| Step::Push { edge, max }),
        10 => (byte(), 1..4usize).prop_map(|(pick, max)| Step::Deliver { pick, max }),
    ];
    (schedules_with_crashes(), vec((byte(), step), 1..120)).prop_map(|(mut steps, collections)| {
        for (place, step) in collections {
            steps.insert(usize::from(place) % (steps.len() + 1), step);
        }
        steps
    })
}

/// As [`schedules`], with crashes.
pub(crate) fn schedules_with_crashes() -> impl Strategy<Value = Vec<Step>> {
    let byte = any::<u8>;
    let kept = prop_oneof![Just(Kept::All), Just(Kept::Copy), Just(Kept::Nothing)];
    let crash = prop_oneof![
        2 => byte().prop_map(|at| Step::Copy { at }),
        1 => (byte(), kept).prop_map(|(at, kept)| Step::Crash { at, kept }),
        1 => byte().prop_map(|at| Step::Dies { at }),
        1 => (byte(), byte()).prop_map(|(at, now)| Step::Clock { at, now }),
    ];
    (schedules(), vec((byte(), crash), 1..12)).prop_map(|(mut steps, crashes)| {
        for (place, crash) in crashes {
            steps.insert(usize::from(place) % (steps.len() + 1), crash);
        }
        steps
    })
}

pub(crate) fn schedules() -> impl Strategy<Value = Vec<Step>> {
    let byte = any::<u8>;
    let step = prop_oneof![
        5 => (byte(), byte(), byte()).prop_map(|(at, key, what)| Step::Write { at, key, what }),
        8 => (byte(), 1..4usize).prop_map(|(edge, max)| Step::Push { edge, max }),
        2 => (byte(), any::<bool>()).prop_map(|(edge, resumes)| Step::Ask { edge, resumes }),
        10 => (byte(), 1..4usize).prop_map(|(pick, max)| Step::Deliver { pick, max }),
        1 => byte().prop_map(|pick| Step::Lose { pick }),
        1 => byte().prop_map(|pick| Step::Repeat { pick }),
        1 => (byte(), 0..3usize).prop_map(|(at, keep)| Step::Truncate { at, keep }),
    ];
    vec(step, 1..120)
}

pub(crate) fn topologies() -> impl Strategy<Value = Topology> {
    // A tree with edges both ways connects all masters; further edges may lead one way only.
    let random = (vec(any::<u16>(), 1..=4), vec((0..5u16, 0..5u16), 0..5)).prop_map(|(parents, more)| {
        let masters = parents.len() as u16 + 1;
        let tree = parents.into_iter().zip(1u16..).flat_map(|(parent, id)| [(parent % id, id), (id, parent % id)]);
        let more = more.into_iter().filter(|(from, to)| from != to && *from < masters && *to < masters);
        let edges = tree.chain(more).map(|(from, to)| (MasterId(from), MasterId(to)));
        Topology::from_edges(masters, edges).expect("connected")
    });
    prop_oneof![
        (2..=5u16).prop_map(|masters| Topology::ring(masters).unwrap()),
        (2..=5u16).prop_map(|masters| Topology::star(masters).unwrap()),
        (2..=5u16).prop_map(|masters| Topology::all_to_all(masters).unwrap()),
        random,
    ]
}

/// Tests `law` on `cases` random worlds. `seed` determines them; without a seed, each run has other ones. Returns the
/// failure of the smallest failing world.
pub(crate) fn counterexample(
    cases: u32,
    seed: Option<u64>,
    schedules: impl Strategy<Value = Vec<Step>>,
    law: impl Fn(&Topology, &[Step]) -> Result<(), String>,
) -> Option<String> {
    let given = Config::default();
    let seed = match (seed, given.rng_seed) {
        (Some(seed), _) | (None, RngSeed::Fixed(seed)) => seed,
        (None, RngSeed::Random) => RandomState::new().hash_one(cases),
    };
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..given };
    let tried = TestRunner::new(config)
        .run(&(topologies(), schedules), |(topology, steps)| law(&topology, &steps).map_err(TestCaseError::fail));
    match tried {
        Ok(()) => None,
        Err(TestError::Fail(what, (_, steps))) => Some(format!("{what}that is {steps:?}, by PROPTEST_RNG_SEED={seed}")),
        Err(abort) => panic!("{abort}"),
    }
}
