//! The checker: one breadth-first pass over a [`Subject`] that evaluates every property in every state, keeps for each
//! the first state that decides it, and knows when it was cut.
//!
//! stateright's own checkers explore the same models (see [`stateright_engine`](crate::stateright_engine)) and must
//! agree. They are not the first choice because their first counterexample is often not the shortest, and because a run
//! that hit a limit passes.

use crate::properties::{BY_CLAIM, FALLS_SILENT};
use crate::silence::{Graph, Silence};
use crate::subject::Subject;
use foldhash::quality::FixedState;
use hashbrown::hash_table::{self, HashTable};
use stateright::Expectation;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

/// When to stop before everything has been seen.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most distinct states.
    pub states: usize,
    /// The longest time.
    pub time: Duration,
    /// Stop once this `always` property is violated.
    pub until: Option<&'static str>,
}

impl Default for Limits {
    /// 20 million states, an hour.
    fn default() -> Self {
        Limits { states: 20_000_000, time: Duration::from_secs(3600), until: None }
    }
}

/// Why an exploration stopped early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// So many states were found, and more were to come.
    States(usize),
    /// The time was up.
    Time(Duration),
    /// What was looked for had been found.
    Found,
}

/// What is known of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// True in every reachable state; of a witness: reached, by this path.
    Holds(Option<Path>),
    /// An `always`: false after this path, and after no shorter one. A witness: reached nowhere.
    Violated(Option<Path>),
    /// The exploration was cut before it could be told.
    NotExhausted,
    /// No violation was found, but there are states in which only the rule's own, untested word says that there is none.
    NotJudged,
}

/// A path by the index of each action among those possible.
pub type Path = Vec<usize>;

/// A property and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name.
    pub property: &'static str,
    /// Whether it is a witness: something that must be reached.
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
    /// Steps to the farthest state.
    pub depth: usize,
    /// The most messages that any schedule spends on carrying one change; `None` if there is no bound, or it was cut.
    pub messages: Option<usize>,
    /// Why it was cut, if it was.
    pub cut: Option<Cut>,
    /// How long it took.
    pub time: Duration,
}

impl Report {
    /// Whether the property named so is a witness: something that must be reached.
    pub fn is_witness(&self, property: &str) -> bool {
        self.findings.iter().any(|finding| finding.property == property && finding.witness)
    }

    /// What became of the property named so.
    pub fn verdict(&self, property: &str) -> Option<&Verdict> {
        self.findings.iter().find(|finding| finding.property == property).map(|finding| &finding.verdict)
    }
}

/// The states found, by the hashes of their content, with their numbers in the order of finding.
#[derive(Default)]
struct Visited(HashTable<Entry>);

/// Hash and number. Twelve bytes: as a `u64` and a `u32` they would take sixteen.
struct Entry([u32; 2], u32);

impl Entry {
    fn hash(&self) -> u64 {
        u64::from(self.0[0]) << 32 | u64::from(self.0[1])
    }
}

impl Visited {
    /// The number of the state that hashes so, and whether it is new.
    fn number(&mut self, hash: u64) -> (u32, bool) {
        let found = self.0.len() as u32;
        match self.0.entry(hash, |entry| entry.hash() == hash, Entry::hash) {
            hash_table::Entry::Occupied(known) => (known.get().1, false),
            hash_table::Entry::Vacant(place) => {
                place.insert(Entry([(hash >> 32) as u32, hash as u32], found));
                (found, true)
            }
        }
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// The states found in so many steps, in pieces: each is given back as soon as its states have been expanded.
struct Level<S>(Vec<Vec<S>>);

impl<S> Default for Level<S> {
    fn default() -> Self {
        Level(Vec::new())
    }
}

impl<S> Level<S> {
    const PIECE: usize = 256;

    fn push(&mut self, state: S) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < Self::PIECE => piece.push(state),
            _ => {
                let mut piece = Vec::with_capacity(Self::PIECE);
                piece.push(state);
                self.0.push(piece);
            }
        }
    }
}

/// Explores `subject`. `progress` is told now and then how many states there are, and how deep.
pub fn explore<M: Subject>(subject: &M, limits: Limits, mut progress: impl FnMut(usize, usize)) -> Report {
    let started = Instant::now();
    let properties = subject.properties();
    let mut decided: Vec<Option<usize>> = vec![None; properties.len()];
    let hasher = FixedState::with_seed(0);
    let mut visited = Visited::default();
    let mut graph = Graph::default();
    let (mut generated, mut depth, mut cut) = (0, 0, None);

    // One initial state: a scenario starts in one way.
    let mut level = Level::default();
    for state in subject.init_states().into_iter().take(1) {
        visited.number(hasher.hash_one(&state));
        generated += 1;
        level.push(state);
    }
    let mut actions = Vec::new();
    // States are expanded in the order in which they are found: that of their numbers.
    let mut numbers = 0..;
    'search: while !level.0.is_empty() {
        let mut next_level = Level::default();
        for (state, index) in level.0.into_iter().flatten().zip(numbers.by_ref()) {
            for (property, decided) in properties.iter().zip(&mut decided) {
                let decides = property.expectation == Expectation::Sometimes;
                if decided.is_none() && (property.condition)(subject, &state) == decides {
                    *decided = Some(index as usize);
                    if limits.until == Some(property.name) {
                        cut = Some(Cut::Found);
                        break 'search;
                    }
                }
            }
            graph.begin(index);
            subject.each_step(&state, &mut actions, &mut |place, next, sent| {
                generated += 1;
                let (target, new) = visited.number(hasher.hash_one(next));
                let label = graph.label(sent);
                graph.edge(target, place as u16, label);
                if new {
                    next_level.push(next.clone());
                    if visited.len().is_multiple_of(4096) {
                        progress(visited.len(), depth);
                    }
                }
            });
            if visited.len() > limits.states {
                cut = Some(Cut::States(limits.states));
            } else if index % 1024 == 0 && started.elapsed() > limits.time {
                cut = Some(Cut::Time(limits.time));
            }
            if cut.is_some() {
                break 'search;
            }
        }
        level = next_level;
        depth += usize::from(!level.0.is_empty());
    }

    let states = visited.len();
    // What follows takes memory of its own.
    drop(visited);
    let ways = graph.ways(states);
    let mut findings: Vec<Finding> = Vec::new();
    for (property, decided) in properties.iter().zip(decided) {
        let witness = property.expectation == Expectation::Sometimes;
        let verdict = match (decided, witness) {
            (Some(state), true) => Verdict::Holds(Some(ways.path_to(state))),
            (Some(state), false) => Verdict::Violated(Some(ways.path_to(state))),
            (None, _) if cut.is_some() => Verdict::NotExhausted,
            (None, true) => Verdict::Violated(None),
            (None, false) if BY_CLAIM.contains(&property.name) && subject.is_unsure() => Verdict::NotJudged,
            (None, false) => Verdict::Holds(None),
        };
        findings.push(Finding { property: property.name, witness, verdict });
    }
    let (silent, messages) = match graph.silence(&ways) {
        Silence::Endless { from, around } => {
            let mut path = ways.path_to(from);
            path.extend(around);
            (Verdict::Violated(Some(path)), None)
        }
        Silence::Ends { .. } if cut.is_some() => (Verdict::NotExhausted, None),
        Silence::Ends { messages } => (Verdict::Holds(None), Some(messages)),
    };
    let place = findings.iter().position(|finding| finding.witness).unwrap_or(findings.len());
    findings.insert(place, Finding { property: FALLS_SILENT, witness: false, verdict: silent });
    Report { findings, states, generated, depth, messages, cut, time: started.elapsed() }
}
