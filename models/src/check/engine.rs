//! The checker: one breadth-first pass over a [`Subject`], on as many threads as there are idle
//! [cores](crate::check::cores). It evaluates every property in every state, keeps the first state that decides each
//! property, and records the reason if it stopped early.
//!
//! stateright's own checkers explore the same models (see [`stateright_engine`](crate::check::stateright_engine)) and
//! must agree. They are only a second opinion: their first counterexample is often not the shortest, and a run that
//! reaches a limit looks like one that found no violation.

mod identity;
mod meeting;
mod rounds;
mod search;
#[cfg(feature = "spread")]
pub(crate) mod spread;
mod storage;
mod stored;
mod visited;
mod watch;

pub(crate) use identity::{Key, chance_of_one_hash};
#[cfg(feature = "spread")]
pub use spread::Post;
pub use storage::{Checkpoints, Storage};
pub use watch::taken;
pub(crate) use watch::{At, Watch};

use crate::check::liveness::{self, Fairness, Searched, Unjudged};
use crate::check::reached::Reached;
use crate::check::silence::{Graph, Numbers, Silence};
use crate::model::{Expectation, Property};
use crate::properties::{BY_CLAIM, FALLS_SILENT};
use crate::subject::Subject;
use search::{decides, search};
use std::ops::Deref;
use std::time::Duration;

/// The limits of an exploration.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most distinct states.
    pub states: usize,
    /// The longest run time.
    pub time: Duration,
    /// The most memory that this process may take, in bytes; `None` for no limit. It is checked every 20 ms, on Linux
    /// only.
    pub memory: Option<u64>,
    /// Stop once this `always` property is violated.
    pub until: Option<&'static str>,
    /// Judge only the properties of single states: keep no steps between states, which take most of the memory.
    /// [`FALLS_SILENT`] is then not judged.
    pub safety: bool,
    /// The number of threads for large levels; `None` for the [cores](crate::check::cores) that are idle. No count,
    /// verdict or path depends on it.
    pub threads: Option<usize>,
    /// A level with fewer states is expanded by one thread, and each thread expands at most as many at a time.
    pub large: usize,
    /// The fairness under which the liveness properties are judged; `None` if they are not. They are about steps
    /// between states, too.
    pub liveness: Option<Fairness>,
}

impl Default for Limits {
    /// 20 million states, one hour, and the memory that this process takes now plus three quarters of the available
    /// memory.
    fn default() -> Self {
        let (time, memory) = (Duration::from_secs(3600), watch::default_memory());
        let (states, large) = (20_000_000, 8192);
        Limits { states, time, memory, until: None, safety: false, threads: None, large, liveness: None }
    }
}

/// Why an exploration is not exhaustive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It exceeded the limit of this many states.
    States(usize),
    /// It exceeded the time limit.
    Time(Duration),
    /// It reached the limit of this many bytes of memory.
    Memory(u64),
    /// It found more of these than can be numbered.
    Numbers(Counted),
    /// A state lies outside the model's own boundary: see [`within_boundary`](crate::model::Model::within_boundary).
    Boundary,
    /// The property named in [`Limits::until`] is violated.
    Found,
    /// The process was [interrupted](crate::check::running).
    Interrupted,
    /// The disk failed with this error.
    Disk(&'static str),
}

impl Cut {
    /// How many of the states found are counted: the state beyond a limit only shows that there are more.
    pub(crate) fn counted(self, found: usize) -> usize {
        if let Cut::States(most) = self { found.min(most) } else { found }
    }
}

/// The things that an exploration numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Distinct states.
    States,
    /// The steps that are possible in one state.
    Steps,
    /// The bytes of the edges of one block of states.
    Edges,
    /// The combinations of changes that steps send.
    Labels,
    /// The masters, messages and histories that states are made of.
    Parts,
}

/// The verdict on a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An `always`: true in every reachable state. A witness: reached, first by this path.
    Holds(Option<Path>),
    /// An `always`: false after this path, and after no shorter one. A witness: not reached in any state. A liveness
    /// property: this path leads to a cycle and once around it, or to a state in which nothing has to happen any more.
    Violated(Option<Path>),
    /// The exploration was cut before the property was decided.
    NotExhausted,
    /// The property cannot be judged: either by this engine at all, or because no violation was found but some states
    /// rest on an untested claim of the rule. The text gives the reason.
    NotJudged(&'static str),
}

/// The reason of a [`Verdict::NotJudged`] if a property rests on the rule's own claim.
pub(crate) const UNTESTED: &str = "in some states it rests on a claim of the rule that could not be tested";

/// The reason of a [`Verdict::NotJudged`] for an `eventually` property.
pub(crate) const EVENTUALLY: &str = "an `eventually` property is about whole schedules, which are not judged here; \
                                     give an `always` or a `sometimes` property";

/// The reason of a [`Verdict::NotJudged`] if [`Limits::safety`] was asked for.
pub(crate) const SAFETY_ONLY: &str = "it is about steps between states, which are not kept where only safety is judged";

/// The reason why a search has no checkpoints.
const NOT_STORED: &str = "checkpoints and fingerprints of 128 bits need `--safety`, and a scenario of masters under a rule: \
                          nodes of your own are explored in memory";

/// A path: an initial state, and steps. Each step is the index of its action among those possible in its state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The index of the first state among the initial states.
    pub start: usize,
    /// The steps.
    pub steps: Vec<usize>,
}

impl Deref for Path {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.steps
    }
}

impl From<Vec<usize>> for Path {
    /// From the first initial state.
    fn from(steps: Vec<usize>) -> Path {
        Path { start: 0, steps }
    }
}

/// A property and its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub property: &'static str,
    /// Whether the property is a witness, which must be reached.
    pub witness: bool,
    /// The verdict.
    pub verdict: Verdict,
}

/// The result of an exploration.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every property, in the model's order, and [`FALLS_SILENT`].
    pub findings: Vec<Finding>,
    /// Distinct states.
    pub states: usize,
    /// States generated, repetitions included.
    pub generated: usize,
    /// The largest number of steps from an initial state, by shortest paths.
    pub depth: usize,
    /// The number of states found and not expanded: 0 unless the exploration was cut.
    pub frontier: usize,
    /// The most messages that any schedule spends on one change; `None` if unbounded, if the exploration was cut, or
    /// above 65,534.
    pub messages: Option<usize>,
    /// Why the exploration was cut; `None` if it is exhaustive.
    pub cut: Option<Cut>,
    /// An upper bound on the probability that two states were taken for one.
    pub mistaken: f64,
    /// The most bytes of states that were on disk at the end of a depth.
    pub on_disk: u64,
    /// The run time.
    pub time: Duration,
}

impl Report {
    /// Whether the property of this name is a witness, which must be reached.
    pub fn is_witness(&self, property: &str) -> bool {
        self.findings.iter().any(|finding| finding.property == property && finding.witness)
    }

    /// The verdict on the property of this name; `None` if there is none.
    pub fn verdict(&self, property: &str) -> Option<&Verdict> {
        self.findings.iter().find(|finding| finding.property == property).map(|finding| &finding.verdict)
    }
}

/// Explores `subject` from all its initial states, within `limits`. `progress` is called every few thousand
/// states with the number of states found and the depth.
///
/// An `eventually` property is [not judged](Verdict::NotJudged).
pub fn explore<M: Subject>(subject: &M, limits: Limits, progress: impl FnMut(usize, usize)) -> Report {
    explore_within(subject, limits, Numbers::default(), progress)
}

/// As [`explore`], with an upper bound on each kind of number.
pub(crate) fn explore_within<M: Subject>(
    subject: &M,
    limits: Limits,
    numbers: Numbers,
    mut progress: impl FnMut(usize, usize),
) -> Report {
    let mut watch = Watch::new(limits);
    let properties = subject.properties();
    let found = search(subject, &properties, (limits, numbers), &mut watch, &mut progress);
    judged(subject, &properties, found, limits, &mut watch, false)
}

/// As [`explore`], with the states stored as `storage` says.
///
/// # Errors
/// If the disk cannot be used, or a checkpoint cannot be continued. The text names the file.
pub fn explore_stored<M: Subject>(
    subject: &M,
    limits: Limits,
    storage: &Storage,
    mut progress: impl FnMut(usize, usize),
) -> Result<Report, String> {
    let mut watch = Watch::new(limits);
    let properties = subject.properties();
    let Some(codec) = subject.codec().filter(|_| limits.safety) else {
        if storage.checkpoints.is_some() || storage.wide {
            return Err(NOT_STORED.into());
        }
        let found = search(subject, &properties, (limits, Numbers::default()), &mut watch, &mut progress);
        return Ok(judged(subject, &properties, found, limits, &mut watch, false));
    };
    let pass = stored::Pass::begin(subject, codec, &properties, limits, storage)?;
    let (found, checkpoint) = pass.run(&mut watch, progress);
    let report = judged(subject, &properties, found, limits, &mut watch, storage.wide);
    // The verdicts of a search that was cut may be wanted with other limits.
    if let (None | Some(Cut::Found), Some(checkpoint)) = (report.cut, checkpoint) {
        checkpoint.remove()?;
    }
    Ok(report)
}

/// The verdicts on the properties.
fn judged<M: Subject>(
    subject: &M,
    properties: &[Property<M>],
    found: Found,
    limits: Limits,
    watch: &mut Watch,
    wide: bool,
) -> Report {
    let Found { states, generated, depth, frontier, decided, reached, graph, mut cut, on_disk } = found;
    let mut findings: Vec<Finding> = Vec::new();
    for (property, decided) in properties.iter().zip(decided) {
        let witness = property.expectation == Expectation::Sometimes;
        let verdict = match (decided, witness) {
            _ if property.expectation == Expectation::Eventually => Verdict::NotJudged(EVENTUALLY),
            (Some(state), true) => Verdict::Holds(Some(reached.path_to(state))),
            (Some(state), false) => Verdict::Violated(Some(reached.path_to(state))),
            (None, _) if cut.is_some() => Verdict::NotExhausted,
            (None, true) => Verdict::Violated(None),
            (None, false) if BY_CLAIM.contains(&property.name) && subject.is_unsure() => Verdict::NotJudged(UNTESTED),
            (None, false) => subject.not_judged(property.name).map_or(Verdict::Holds(None), Verdict::NotJudged),
        };
        findings.push(Finding { property: property.name, witness, verdict });
    }
    let silence = match (&graph, cut) {
        (None, _) => None,
        // After an interruption, the user does not want to wait for this judgement.
        (_, Some(Cut::Interrupted)) => Some(Silence::Ends { messages: None }),
        (Some(graph), _) => Some(graph.silence(&graph.ways(states), watch.room())),
    };
    let (silent, messages) = match silence {
        None => (Verdict::NotJudged(SAFETY_ONLY), None),
        Some(Silence::Endless { from, around }) => {
            let mut path = reached.path_to(from);
            path.steps.extend(around);
            (Verdict::Violated(Some(path)), None)
        }
        Some(Silence::TooLarge) => {
            cut = cut.or(limits.memory.map(Cut::Memory));
            (Verdict::NotExhausted, None)
        }
        Some(Silence::Ends { .. }) if cut.is_some() => (Verdict::NotExhausted, None),
        Some(Silence::Ends { messages }) => (Verdict::Holds(None), messages),
    };
    let silent = subject.not_judged(FALLS_SILENT).map_or(silent, Verdict::NotJudged);
    let place = findings.iter().position(|finding| finding.witness).unwrap_or(findings.len());
    findings.insert(place, Finding { property: FALLS_SILENT, witness: false, verdict: silent });
    if let Some(fairness) = limits.liveness {
        let judged = match (&graph, cut) {
            (None, _) => Err(Unjudged::Because(SAFETY_ONLY)),
            (_, Some(cut @ Cut::Interrupted)) => Err(Unjudged::Cut(cut)),
            (Some(graph), _) => {
                let searched = Searched { graph, reached: &reached, states, is_whole: cut.is_none() };
                liveness::judge(subject, searched, fairness, watch)
            }
        };
        if let Err(Unjudged::Cut(why)) = judged {
            cut = cut.or(Some(why));
        }
        let live = liveness::findings(subject, fairness, judged, cut.is_none());
        findings.splice(place + 1..place + 1, live);
    }
    let mistaken = chance_of_one_hash(states, wide);
    let states = cut.map_or(states, |cut| cut.counted(states));
    Report { findings, states, generated, depth, frontier, messages, cut, mistaken, on_disk, time: watch.elapsed() }
}

/// The result of the pass over the states.
struct Found {
    states: usize,
    generated: usize,
    depth: usize,
    frontier: usize,
    /// By property, the number of the first state that decides it.
    decided: Vec<Option<usize>>,
    reached: Reached,
    /// The steps between states; `None` if only safety is judged.
    graph: Option<Graph>,
    cut: Option<Cut>,
    on_disk: u64,
}

#[cfg(test)]
mod tests;
