//! A second opinion: stateright's own checkers on the same [`Subject`], to be compared with [`engine`](crate::check::engine).
//!
//! stateright decides which states are reachable, how many were generated, and in which of them a property is false or
//! a witness true. The rest is done here: its paths, which need not be the shortest, are replayed; the graph of the
//! states that it visited is rebuilt, must be closed, and decides whether messages end; and limits are watched, because
//! stateright's own limits stop it silently.

use crate::check::engine::{At, Counted, Cut, EVENTUALLY, Finding, Limits, Path, Report, UNTESTED, Verdict, Watch};
use crate::check::erased::Erased;
use crate::check::reached::Reached;
use crate::check::silence::{Graph, Numbers, Silence};
use crate::model::{Expectation, Model, Property};
use crate::properties::{BY_CLAIM, FALLS_SILENT, OF_LIVENESS};
use crate::subject::Subject;
use foldhash::quality::FixedState;
use stateright::{Checker, Model as _};
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A checker of stateright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Breadth first.
    Bfs,
    /// Depth first.
    Dfs,
}

/// The most properties of a model. stateright needs each condition as a plain function: there are so many, and one
/// more, which records the states.
pub const MOST_PROPERTIES: usize = 128;

/// Explores `subject` on one thread, within these limits. The report's `depth` is that of the graph, by shortest paths.
///
/// The limit on states counts those expanded: stateright has found more by then.
///
/// # Panics
/// If `subject` has more properties than [`MOST_PROPERTIES`], or if stateright contradicts itself or
/// `subject`: a state that is unreachable or was left out, or a path with the wrong end.
pub fn explore(subject: Erased, how: How, limits: Limits) -> Report {
    let properties = subject.properties();
    let asked = properties.len();
    assert!(asked <= MOST_PROPERTIES, "{asked} properties: stateright can be asked at most {MOST_PROPERTIES}");
    let seen = Seen { visited: Vec::new(), watch: Watch::new(limits), cut: None, ended: false, outside: false };
    let whole = Whole { subject, properties, limits, seen: Mutex::new(seen) };
    match how {
        How::Bfs => {
            let checker = whole.checker().spawn_bfs().join();
            let report = report(&checker);
            let deepest = checker.max_depth().saturating_sub(1);
            assert!(report.cut.is_some() || report.depth == deepest, "to stateright, the initial state is at depth 1");
            report
        }
        How::Dfs => report(&whole.checker().spawn_dfs().join()),
    }
}

/// The contradiction between two explorations of one subject; `None` if they agree. Paths may differ, but none of
/// `theirs` may be shorter than one of `ours`.
pub fn disagreement(ours: &Report, theirs: &Report) -> Option<String> {
    if let Some(cut) = ours.cut.or(theirs.cut) {
        return Some(format!("nothing to compare: one was cut, {cut:?}"));
    }
    let counts = |report: &Report| (report.states, report.generated, report.depth, report.messages);
    if counts(ours) != counts(theirs) {
        let (ours, theirs) = (counts(ours), counts(theirs));
        return Some(format!("states, generated, depth and messages: ours {ours:?}, theirs {theirs:?}"));
    }
    // stateright judges no liveness.
    let judged_by_both =
        |report: &Report| report.findings.iter().filter(|one| !OF_LIVENESS.contains(&one.property)).count();
    if judged_by_both(ours) != judged_by_both(theirs) {
        return Some(format!("{} properties, and {}", judged_by_both(ours), judged_by_both(theirs)));
    }
    ours.findings.iter().find_map(|finding| {
        let name = finding.property;
        match (&finding.verdict, theirs.verdict(name)?) {
            (Verdict::Holds(None), Verdict::Holds(None)) | (Verdict::Violated(None), Verdict::Violated(None)) => None,
            (Verdict::NotJudged(_), Verdict::NotJudged(_)) => None,
            (Verdict::Holds(Some(our)), Verdict::Holds(Some(their)))
            | (Verdict::Violated(Some(our)), Verdict::Violated(Some(their))) => {
                // The length of a cycle may differ.
                let shorter = name != FALLS_SILENT && their.len() < our.len();
                shorter.then(|| format!("{name}: ours takes {} steps, theirs {}", our.len(), their.len()))
            }
            (our, their) => Some(format!("{name}: ours {our:?}, theirs {their:?}")),
        }
    })
}

/// A subject with one more property, which holds everywhere. So stateright never has a discovery for every property,
/// and neither stops early nor leaves a state unexpanded. Evaluating this property records the state.
struct Whole<M: Subject> {
    subject: M,
    properties: Vec<Property<M>>,
    limits: Limits,
    seen: Mutex<Seen<M::State>>,
}

/// Observations of stateright's search.
struct Seen<S> {
    /// The states evaluated before the stop.
    visited: Vec<S>,
    watch: Watch,
    /// The reason of the stop. After it, no state has steps and no property is decided.
    cut: Option<Cut>,
    /// Whether the search has ended, and its paths are being replayed.
    ended: bool,
    /// Whether a state lies outside the subject's boundary.
    outside: bool,
}

const VISITED: &str = "visited";

impl<M: Subject> Whole<M> {
    fn seen(&self) -> MutexGuard<'_, Seen<M::State>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a limit has been reached.
    fn is_stopped(&self) -> bool {
        let mut seen = self.seen();
        if seen.cut.is_none() {
            // stateright does not tell which states wait to be expanded.
            let at = At { states: seen.visited.len(), ..At::default() };
            seen.cut = seen.watch.stop(at);
        }
        seen.cut.is_some() && !seen.ended
    }

    /// Records the state, unless the search was stopped.
    fn visit(&self, state: &M::State) {
        let full = self.subject.is_full();
        let mut seen = self.seen();
        if seen.cut.is_none() {
            seen.visited.push(state.clone());
            if seen.visited.len() > self.limits.states {
                seen.cut = Some(Cut::States(self.limits.states));
            } else if full {
                seen.cut = Some(Cut::Numbers(Counted::Parts));
            }
        }
    }

    /// The distinct initial states within the boundary, each with its index.
    fn initial(&self) -> Vec<(usize, M::State)> {
        let mut initial: Vec<(usize, M::State)> = Vec::new();
        for (place, state) in self.subject.init_states().into_iter().enumerate() {
            if self.within_boundary(&state) && !initial.iter().any(|(_, earlier)| *earlier == state) {
                initial.push((place, state));
            }
        }
        initial
    }

    fn evaluates(&self, property: &Property<M>, state: &M::State) -> bool {
        // The answer that decides nothing.
        let nothing = property.expectation != Expectation::Sometimes;
        if property.expectation == Expectation::Eventually || self.is_stopped() {
            return nothing;
        }
        let holds = (property.condition)(&self.subject, state);
        if !holds && nothing && self.limits.until == Some(property.name) {
            self.seen().cut = Some(Cut::Found);
        }
        holds
    }
}

impl<M: Subject> stateright::Model for Whole<M> {
    type State = M::State;
    type Action = M::Action;

    fn init_states(&self) -> Vec<M::State> {
        // stateright identifies an initial state by its index among those within the boundary.
        self.initial().into_iter().map(|(_, state)| state).collect()
    }

    fn actions(&self, state: &M::State, actions: &mut Vec<M::Action>) {
        if !self.is_stopped() {
            self.subject.actions(state, actions);
        }
    }

    fn next_state(&self, state: &M::State, action: M::Action) -> Option<M::State> {
        if self.is_stopped() {
            return None;
        }
        self.subject.step(state, &action).map(|(next, _)| next)
    }

    fn within_boundary(&self, state: &M::State) -> bool {
        let within = self.subject.within_boundary(state);
        self.seen().outside |= !within;
        within
    }

    /// Leaves out `eventually` properties, which stateright's checkers cannot judge.
    fn properties(&self) -> Vec<stateright::Property<Self>> {
        let asked = self.properties.iter().map(|property| match property.expectation {
            Expectation::Sometimes => (stateright::Expectation::Sometimes, property.name),
            Expectation::Always | Expectation::Eventually => (stateright::Expectation::Always, property.name),
        });
        let asked = asked.chain([(stateright::Expectation::Always, VISITED)]);
        let property = |((expectation, name), condition)| stateright::Property { expectation, name, condition };
        asked.zip(conditions()).map(property).collect()
    }
}

type Condition<M> = fn(&Whole<M>, &<M as Model>::State) -> bool;

/// The condition of the `N`-th property as a plain function, as stateright needs it.
fn condition<M: Subject, const N: usize>(whole: &Whole<M>, state: &M::State) -> bool {
    match whole.properties.get(N) {
        Some(property) => whole.evaluates(property, state),
        None => {
            whole.visit(state);
            true
        }
    }
}

/// The conditions of `MOST_PROPERTIES` properties by index, and one more.
fn conditions<M: Subject>() -> [Condition<M>; MOST_PROPERTIES + 1] {
    macro_rules! conditions {
        ($($place:literal)*) => { [$(condition::<M, $place>),*] };
    }
    #[rustfmt::skip]
    let conditions: [Condition<M>; MOST_PROPERTIES + 1] = conditions!(
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
        16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47
        48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
        64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79
        80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95
        96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111
        112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128
    );
    conditions
}

fn report<M: Subject>(checker: &impl Checker<Whole<M>>) -> Report {
    let whole = checker.model();
    let mut seen = whole.seen();
    let visited = std::mem::take(&mut seen.visited);
    let stopped = seen.cut;
    let cut = stopped.or(seen.outside.then_some(Cut::Boundary));
    seen.ended = true;
    drop(seen);
    let starts: Vec<usize> = whole.initial().into_iter().map(|(place, _)| place).collect();
    let mut discoveries = checker.discoveries();
    let mut findings: Vec<Finding> = Vec::new();
    for property in &whole.properties {
        let witness = property.expectation == Expectation::Sometimes;
        let path = discoveries.remove(property.name).map(|discovery| {
            let mut path = decoded(&discovery.encode(whole));
            path.start = starts[path.start];
            let last = replayed(&whole.subject, &path);
            assert_eq!((property.condition)(&whole.subject, &last), witness, "the path to {}", property.name);
            path
        });
        let verdict = match path {
            _ if property.expectation == Expectation::Eventually => Verdict::NotJudged(EVENTUALLY),
            None if cut.is_some() => Verdict::NotExhausted,
            None if BY_CLAIM.contains(&property.name) && whole.subject.is_unsure() => Verdict::NotJudged(UNTESTED),
            None if !witness => {
                whole.subject.not_judged(property.name).map_or(Verdict::Holds(None), Verdict::NotJudged)
            }
            path if path.is_some() == witness => Verdict::Holds(path),
            path => Verdict::Violated(path),
        };
        findings.push(Finding { property: property.name, witness, verdict });
    }
    let (silence, messages, depth) = if stopped.is_some() {
        (Verdict::NotExhausted, None, checker.max_depth().saturating_sub(1))
    } else {
        assert_eq!(visited.len(), checker.unique_state_count(), "each state is visited once");
        judged(&whole.subject, &visited)
    };
    let (silence, messages) = match silence {
        Verdict::Holds(_) if cut.is_some() => (Verdict::NotExhausted, None),
        silence => (silence, messages),
    };
    let silence = whole.subject.not_judged(FALLS_SILENT).map_or(silence, Verdict::NotJudged);
    let place = findings.iter().position(|finding| finding.witness).unwrap_or(findings.len());
    findings.insert(place, Finding { property: FALLS_SILENT, witness: false, verdict: silence });
    let (states, generated) = (checker.unique_state_count(), checker.state_count());
    let time = whole.seen().watch.elapsed();
    // States are compared by content, so no two are taken for one.
    let frontier = if stopped.is_some() { states - visited.len().min(states) } else { 0 };
    let states = stopped.map_or(states, |cut| cut.counted(states));
    Report { findings, states, generated, depth, frontier, messages, cut, mistaken: 0.0, on_disk: 0, time }
}

/// Parses an address such as `0/3/1`: the index of the initial state, then of each action.
fn decoded(address: &str) -> Path {
    let mut places = address.split('/').filter_map(|place| place.parse().ok());
    let start = places.next().unwrap_or(0);
    Path { start, steps: places.collect() }
}

fn replayed<M: Subject>(subject: &M, path: &Path) -> M::State {
    let start = subject.init_states().into_iter().nth(path.start).expect("an initial state");
    path.iter().fold(start, |state, place| {
        let mut actions = Vec::new();
        subject.actions(&state, &mut actions);
        subject.step(&state, &actions[*place]).expect("a step that changes something").0
    })
}

/// Rebuilds the graph of `visited`, breadth first. Every step must lead to a state in it or out of the boundary, and
/// every state must be reachable. Returns whether messages end, and the graph's depth.
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

    // By index in `visited`, the number in the graph; by number, the depth.
    let mut numbers: Vec<Option<u32>> = vec![None; visited.len()];
    let (mut initial, mut depths, mut to_expand) = (Vec::new(), Vec::new(), VecDeque::new());
    for (start, state) in subject.init_states().iter().enumerate().filter(|(_, state)| subject.within_boundary(state)) {
        let place = place_of(state);
        if numbers[place].is_none() {
            numbers[place] = Some(initial.len() as u32);
            to_expand.push_back(place);
            initial.push(start);
            depths.push(0);
        }
    }
    let mut graph = Graph::new(Numbers::default(), initial.len());
    let mut reached = Reached::new(initial);
    let mut actions = Vec::new();
    let mut expanded = 0;
    while let Some(place) = to_expand.pop_front() {
        let numbered = graph.begin(expanded);
        actions.clear();
        subject.actions(&visited[place], &mut actions);
        for (index, action) in actions.iter().enumerate() {
            let Some((next, sent)) = subject.step(&visited[place], action) else { continue };
            if !subject.within_boundary(&next) {
                continue;
            }
            let target = place_of(&next);
            let index = index as u32;
            let to = *numbers[target].get_or_insert_with(|| {
                reached.push(expanded as u32, index);
                to_expand.push_back(target);
                depths.push(depths[expanded] + 1);
                depths.len() as u32 - 1
            });
            if numbered.and(graph.edge(to, index, &sent)).is_err() {
                return (Verdict::NotExhausted, None, depths.into_iter().max().unwrap_or(0));
            }
        }
        expanded += 1;
    }
    assert_eq!(depths.len(), visited.len(), "stateright visited what cannot be reached");

    let depth = depths.into_iter().max().unwrap_or(0);
    match graph.silence(&graph.ways(visited.len()), None) {
        Silence::Ends { messages } => (Verdict::Holds(None), messages, depth),
        Silence::TooLarge => (Verdict::NotExhausted, None, depth),
        Silence::Endless { from, around } => {
            let mut path = reached.path_to(from);
            path.steps.extend(around);
            (Verdict::Violated(Some(path)), None, depth)
        }
    }
}
