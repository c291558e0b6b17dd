//! A second opinion: stateright's own checkers on the same [`Subject`], to be compared with [`engine`](crate::engine).
//!
//! What is stateright's: which states there are, how many were generated, and in which of them a property is false or a
//! witness true. What its checkers cannot tell, they are not asked: paths are replayed here, and need not be the
//! shortest; whether messages end is judged on the graph of the states that stateright visited, which is rebuilt here
//! and must be closed.

use crate::engine::{Finding, Path, Report, Verdict};
use crate::erased::Erased;
use crate::properties::{BY_CLAIM, FALLS_SILENT};
use crate::silence::{Graph, Silence};
use crate::subject::Subject;
use foldhash::quality::FixedState;
use stateright::{Checker, Expectation, Model, Property};
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Which of stateright's checkers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Breadth first.
    Bfs,
    /// Depth first.
    Dfs,
}

/// Explores all of `subject`, however long it takes, on one thread. The `depth` is that of the graph, by shortest paths.
///
/// # Panics
/// If stateright contradicts itself or `subject`: a state that cannot be reached or was left out, a path that does not
/// lead where it should.
pub fn explore(subject: Erased, how: How) -> Report {
    let started = Instant::now();
    let properties = subject.properties();
    let whole = Whole { subject, properties, visited: Mutex::default() };
    match how {
        How::Bfs => {
            let checker = whole.checker().spawn_bfs().join();
            let report = report(&checker, started);
            assert_eq!(report.depth, checker.max_depth() - 1, "to stateright, the initial state is at depth 1");
            report
        }
        How::Dfs => report(&whole.checker().spawn_dfs().join(), started),
    }
}

/// How two explorations of one subject contradict each other; `None` if they agree. Paths may differ, but none of
/// `theirs` is shorter than one of `ours`.
pub fn disagreement(ours: &Report, theirs: &Report) -> Option<String> {
    if let Some(cut) = ours.cut.or(theirs.cut) {
        return Some(format!("nothing to compare: one was cut, {cut:?}"));
    }
    let counts = |report: &Report| (report.states, report.generated, report.depth, report.messages);
    if counts(ours) != counts(theirs) {
        let (ours, theirs) = (counts(ours), counts(theirs));
        return Some(format!("states, generated, depth and messages: ours {ours:?}, theirs {theirs:?}"));
    }
    if ours.findings.len() != theirs.findings.len() {
        return Some(format!("{} properties, and {}", ours.findings.len(), theirs.findings.len()));
    }
    ours.findings.iter().find_map(|finding| {
        let name = finding.property;
        match (&finding.verdict, theirs.verdict(name)?) {
            (Verdict::NotJudged, Verdict::NotJudged) => None,
            (Verdict::Holds(None), Verdict::Holds(None)) | (Verdict::Violated(None), Verdict::Violated(None)) => None,
            (Verdict::Holds(Some(our)), Verdict::Holds(Some(their)))
            | (Verdict::Violated(Some(our)), Verdict::Violated(Some(their))) => {
                // A loop is not judged by its length.
                let shorter = name != FALLS_SILENT && their.len() < our.len();
                shorter.then(|| format!("{name}: ours takes {} steps, theirs {}", our.len(), their.len()))
            }
            (our, their) => Some(format!("{name}: ours {our:?}, theirs {their:?}")),
        }
    })
}

/// A subject with one more property, which holds everywhere: so stateright never has a discovery for each property, and
/// neither stops early nor leaves a state unexpanded in which all of them are decided. Evaluating it records the state.
struct Whole<M: Subject> {
    subject: M,
    properties: Vec<Property<M>>,
    visited: Mutex<Vec<M::State>>,
}

const VISITED: &str = "visited";

impl<M: Subject> Whole<M> {
    /// The condition of the `N`-th property, as stateright wants it: a plain function.
    fn condition<const N: usize>(&self, state: &M::State) -> bool {
        (self.properties[N].condition)(&self.subject, state)
    }

    fn visit(&self, state: &M::State) -> bool {
        self.visited.lock().unwrap_or_else(PoisonError::into_inner).push(state.clone());
        true
    }
}

impl<M: Subject> Model for Whole<M> {
    type State = M::State;
    type Action = M::Action;

    fn init_states(&self) -> Vec<M::State> {
        self.subject.init_states().into_iter().take(1).collect()
    }

    fn actions(&self, state: &M::State, actions: &mut Vec<M::Action>) {
        self.subject.actions(state, actions);
    }

    fn next_state(&self, state: &M::State, action: M::Action) -> Option<M::State> {
        self.subject.next_state(state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! conditions {
            ($($place:literal)*) => { [$(Whole::<M>::condition::<$place>),*] };
        }
        let conditions: [fn(&Self, &M::State) -> bool; 20] =
            conditions!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        assert!(self.properties.len() <= conditions.len(), "add conditions");
        let same = |(property, condition): (&Property<M>, _)| {
            assert_ne!(property.expectation, Expectation::Eventually, "stateright's checkers cannot tell");
            Property { expectation: property.expectation.clone(), name: property.name, condition }
        };
        let visited = Property::always(VISITED, Whole::visit);
        self.properties.iter().zip(conditions).map(same).chain([visited]).collect()
    }
}

fn report<M: Subject>(checker: &impl Checker<Whole<M>>, started: Instant) -> Report {
    let whole = checker.model();
    let visited = std::mem::take(&mut *whole.visited.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(visited.len(), checker.unique_state_count(), "each state is visited once");
    let (silence, messages, depth) = judged(&whole.subject, &visited);
    let mut discoveries = checker.discoveries();
    let mut findings: Vec<Finding> = Vec::new();
    for property in &whole.properties {
        let witness = property.expectation == Expectation::Sometimes;
        let path = discoveries.remove(property.name).map(|discovery| {
            let path = decoded(&discovery.encode(whole));
            let last = replayed(&whole.subject, &path);
            assert_eq!((property.condition)(&whole.subject, &last), witness, "the path to {}", property.name);
            path
        });
        let verdict = match path {
            None if BY_CLAIM.contains(&property.name) && whole.subject.is_unsure() => Verdict::NotJudged,
            path if path.is_some() == witness => Verdict::Holds(path),
            path => Verdict::Violated(path),
        };
        findings.push(Finding { property: property.name, witness, verdict });
    }
    let place = findings.iter().position(|finding| finding.witness).unwrap_or(findings.len());
    findings.insert(place, Finding { property: FALLS_SILENT, witness: false, verdict: silence });
    let (states, generated) = (checker.unique_state_count(), checker.state_count());
    Report { findings, states, generated, depth, messages, cut: None, time: started.elapsed() }
}

/// An address such as `0/3/1`: the place of the initial state, and then of each action.
fn decoded(address: &str) -> Path {
    address.split('/').skip(1).filter_map(|place| place.parse().ok()).collect()
}

fn replayed<M: Subject>(subject: &M, path: &[usize]) -> M::State {
    let start = subject.init_states().into_iter().next().expect("an initial state");
    path.iter().fold(start, |state, place| {
        let mut actions = Vec::new();
        subject.actions(&state, &mut actions);
        subject.step(&state, &actions[*place]).expect("a step that changes something").0
    })
}

/// Rebuilds the graph of `visited`, breadth first: every step of every state must lead to another of them, and there
/// must be a way to all. Whether messages end there, how many one change takes at most, and how deep it is.
fn judged<M: Subject>(subject: &M, visited: &[M::State]) -> (Verdict, Option<usize>, usize) {
    let hasher = FixedState::with_seed(1);
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, state) in visited.iter().enumerate() {
        places.entry(hasher.hash_one(state)).or_default().push(place);
    }
    let place_of = |state: &M::State| {
        let candidates = places.get(&hasher.hash_one(state)).into_iter().flatten();
        let mut same = candidates.copied().filter(|place| visited[*place] == *state);
        let place = same.next().unwrap_or_else(|| panic!("stateright left out\n{state:?}"));
        assert_eq!(same.next(), None, "stateright visited twice\n{state:?}");
        place
    };

    let mut graph = Graph::default();
    // Per place in `visited`, its number in the graph; per number, how it was first reached.
    let mut numbers: Vec<Option<u32>> = vec![None; visited.len()];
    let (mut origins, mut depths) = (vec![(0, 0)], vec![0]);
    let start = place_of(&subject.init_states()[0]);
    numbers[start] = Some(0);
    let mut to_expand = VecDeque::from([(0u32, start)]);
    let mut actions = Vec::new();
    while let Some((number, place)) = to_expand.pop_front() {
        graph.begin(number);
        actions.clear();
        subject.actions(&visited[place], &mut actions);
        for (index, action) in actions.iter().enumerate() {
            let Some((next, sent)) = subject.step(&visited[place], action) else { continue };
            let target = place_of(&next);
            let to = *numbers[target].get_or_insert_with(|| {
                let new = origins.len() as u32;
                origins.push((number as usize, index));
                depths.push(depths[number as usize] + 1);
                to_expand.push_back((new, target));
                new
            });
            let label = graph.label(&sent);
            graph.edge(to, index as u16, label);
        }
    }
    assert_eq!(origins.len(), visited.len(), "stateright visited what cannot be reached");

    let depth = depths.into_iter().max().unwrap_or(0);
    match graph.silence(&graph.ways(visited.len())) {
        Silence::Ends { messages } => (Verdict::Holds(None), Some(messages), depth),
        Silence::Endless { from, around } => {
            let mut path = Path::new();
            let mut at = from;
            while at != 0 {
                let (parent, index) = origins[at];
                path.push(index);
                at = parent;
            }
            path.reverse();
            path.extend(around);
            (Verdict::Violated(Some(path)), None, depth)
        }
    }
}
