//! The walks of one seed: [`walks`].

use super::habits::{Habits, Order};
use super::{Judged, Violation};
use crate::check::engine::Path;
use crate::check::erased::{Erased, ErasedAction, ErasedState};
use crate::model::{Expectation, Model, Property};
use crate::subject::{Class, Subject, content_hash};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The bounds of a seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The number of walks.
    pub(super) walks: u64,
    /// The most steps of one walk.
    pub(super) depth: usize,
    /// Whether the seed ends at its first violation.
    pub(super) first: bool,
}

/// The steps and the findings of the walks of one seed.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Whether all walks of the seed were taken.
    pub(super) whole: bool,
    pub(super) walks: u64,
    pub(super) steps: u64,
    /// The number of steps of the longest walk.
    pub(super) depth: usize,
    /// The steps taken, by kind.
    pub(super) kinds: BTreeMap<&'static str, u64>,
    /// The fingerprints of the states, each once.
    pub(super) states: Vec<u64>,
    /// The witnesses reached.
    pub(super) reached: BTreeSet<&'static str>,
    /// For each property violated, the shortest walk that violates it.
    pub(super) violations: Vec<Violation>,
}

/// Takes the walks of this seed, as long as `goes_on`.
pub(super) fn walks(
    model: &Erased,
    judged: &[Judged],
    seed: u64,
    bounds: Bounds,
    goes_on: &dyn Fn() -> bool,
) -> Walked {
    let sometimes =
        model.properties().into_iter().filter(|property| property.expectation == Expectation::Sometimes).collect();
    let mut walker = Walker {
        model,
        judged,
        sometimes,
        habits: Habits::of(seed),
        rng: Rng::with_seed(seed),
        seen: HashSet::new(),
        walked: Walked::default(),
        bounds,
        goes_on,
    };
    for walk in 0..bounds.walks {
        walker.walked.walks += 1;
        walker.walked.whole = walker.walk(walk);
        let ends = bounds.first && !walker.walked.violations.is_empty();
        if ends || !walker.walked.whole || model.is_full() {
            break;
        }
    }
    walker.walked
}

struct Walker<'a> {
    model: &'a Erased,
    judged: &'a [Judged],
    sometimes: Vec<Property<Erased>>,
    habits: Habits,
    rng: Rng,
    /// The states of this seed, by a hash of their numbers.
    seen: HashSet<u64>,
    walked: Walked,
    bounds: Bounds,
    goes_on: &'a dyn Fn() -> bool,
}

/// A state on the way of a walk.
struct Stop {
    state: ErasedState,
    /// The actions that were not tried, and the place of each among those possible.
    untried: Vec<(usize, ErasedAction, Class)>,
}

/// The way of a walk.
#[derive(Default)]
struct Way {
    start: usize,
    stops: Vec<Stop>,
    /// The place of each step.
    steps: Vec<usize>,
    /// Whether each step sent a change.
    sent: Vec<bool>,
    /// By hash, the first stop with this state.
    at: HashMap<u64, usize>,
}

impl Walker<'_> {
    /// Takes a walk. False if it was stopped on the way.
    fn walk(&mut self, walk: u64) -> bool {
        let mut initial = self.model.init_states();
        if initial.is_empty() {
            return true;
        }
        let start = self.rng.usize(..initial.len());
        let state = initial.swap_remove(start);
        let mut way = Way { start, ..Way::default() };
        way.at.insert(content_hash(&state), 0);
        self.arrive(&way, &state);
        way.stops.push(self.stop(state));
        let mut lowered: Vec<Class> = Vec::new();
        let length = self.walked.depth.max(64);
        let changes: Vec<usize> = (0..3).map(|_| self.rng.usize(..length)).collect();
        // Steps that were taken back count, too.
        for step in 0..self.bounds.depth {
            if step.is_multiple_of(64) && !(self.goes_on)() {
                return false;
            }
            if self.bounds.first && !self.walked.violations.is_empty() {
                break;
            }
            let Some(class) = self.step(&mut way, walk, &lowered) else { break };
            if changes.contains(&step) {
                lowered.push(class);
            }
        }
        true
    }

    /// Takes a step, or goes back. Returns its class; `None` if the walk is over.
    fn step(&mut self, way: &mut Way, walk: u64, lowered: &[Class]) -> Option<Class> {
        let depth_first = self.habits.order == Order::DepthFirst;
        loop {
            let stop = way.stops.last_mut()?;
            let Some(place) = chosen(&self.habits, &mut self.rng, &stop.untried, walk, lowered) else {
                if !depth_first || way.steps.is_empty() {
                    return None;
                }
                way.stops.pop();
                way.steps.pop();
                way.sent.pop();
                continue;
            };
            let (place, action, class) = stop.untried.swap_remove(place);
            let Some((next, sent)) = self.model.step(&stop.state, &action) else { continue };
            if !self.model.within_boundary(&next) {
                continue;
            }
            let hash = content_hash(&next);
            if depth_first && way.at.contains_key(&hash) {
                continue;
            }
            self.walked.steps += 1;
            *self.walked.kinds.entry(class.kind).or_default() += 1;
            way.steps.push(place);
            way.sent.push(!sent.is_empty());
            self.walked.depth = self.walked.depth.max(way.steps.len());
            self.arrive(way, &next);
            let earlier = *way.at.entry(hash).or_insert(way.steps.len());
            if way.sent[earlier..].contains(&true) {
                self.repeats(way);
            }
            let stop = self.stop(next);
            way.stops.push(stop);
            return Some(class);
        }
    }

    fn stop(&self, state: ErasedState) -> Stop {
        let mut actions = Vec::new();
        self.model.actions(&state, &mut actions);
        let classed = actions.into_iter().enumerate().map(|(place, action)| {
            let class = self.model.class(&action);
            (place, action, class)
        });
        Stop { untried: classed.collect(), state }
    }

    /// Judges a state that the walk has reached, if it is new to this seed.
    fn arrive(&mut self, way: &Way, state: &ErasedState) {
        let hash = content_hash(state);
        if !self.seen.insert(hash) {
            return;
        }
        self.walked.states.push(self.model.fingerprint(state));
        for witness in &self.sometimes {
            if !self.walked.reached.contains(witness.name) && (witness.condition)(self.model, state) {
                self.walked.reached.insert(witness.name);
            }
        }
        let violated: Vec<&'static str> =
            self.judged.iter().filter(|judged| judged.is_violated(self.model, state)).map(Judged::name).collect();
        violated.into_iter().for_each(|property| self.note(property, way));
    }

    /// Notes that the walk has come back to an earlier state, and sent changes on the way.
    fn repeats(&mut self, way: &Way) {
        if let Some(judged) = self.judged.iter().find(|judged| matches!(judged, Judged::FallsSilent)) {
            self.note(judged.name(), way);
        }
    }

    fn note(&mut self, property: &'static str, way: &Way) {
        let violations = &mut self.walked.violations;
        let path = || Path { start: way.start, steps: way.steps.clone() };
        match violations.iter_mut().find(|known| known.property == property) {
            None => violations.push(Violation { property, path: path() }),
            Some(known) if known.path.len() > way.steps.len() => known.path = path(),
            Some(_) => {}
        }
    }
}

/// The index of the action that is taken next; `None` if there is none.
fn chosen(
    habits: &Habits,
    rng: &mut Rng,
    actions: &[(usize, ErasedAction, Class)],
    walk: u64,
    lowered: &[Class],
) -> Option<usize> {
    if habits.order == Order::Priorities {
        let priority = |class: Class| match lowered.iter().position(|low| *low == class) {
            Some(low) => low as u64,
            None => habits.priority(walk, class),
        };
        let wanted = actions.iter().enumerate().filter(|(_, (.., class))| habits.weight(*class) > 0);
        let drawn: Vec<(u64, u64, usize)> =
            wanted.map(|(index, (.., class))| (priority(*class), rng.u64(..), index)).collect();
        return drawn.into_iter().max().map(|(.., index)| index);
    }
    let weights = actions.iter().map(|(.., class)| habits.weight(*class));
    let sum: u64 = weights.clone().sum();
    if sum == 0 {
        return None;
    }
    let mut drawn = rng.u64(..sum);
    weights.into_iter().position(|weight| match drawn.checked_sub(weight) {
        Some(rest) => {
            drawn = rest;
            false
        }
        None => true,
    })
}
