//! Makes a violating schedule shorter, in the same model: [`shrink`].
//!
//! First by delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002): parts
//! of the schedule are left out, and of the rest each step is taken where it, or one like it, is possible. If the
//! violation is one of quiescence, the messages then in flight are delivered. Next by a search nearby: breadth first,
//! only through steps like those of the schedule. Then by walks that are shorter than the schedule. Last by a
//! breadth-first search through all steps; if that ends within its bounds, the schedule is known to be one of the
//! shortest.

use super::walk::{Bounds, walks};
use super::{Found, Judged};
use crate::check::engine::{Limits, Path, Verdict};
use crate::check::erased::{Erased, ErasedAction, ErasedState};
use crate::check::running;
use crate::model::Model;
use crate::properties::{FALLS_SILENT, QUIESCENCE};
use crate::subject::{Class, Role, Subject, content_hash};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::slice;
use std::time::Duration;

/// The most states of a search nearby.
const NEARBY: usize = 20_000;
/// The most steps that are added to a schedule until it is quiescent.
const MOST_TO_QUIESCENCE: usize = 1000;
/// The seeds of the walks that look for a shorter schedule, and the most times that they look.
const SEEDS: u64 = 32;
const ROUNDS: usize = 4;

/// A step that can be found again in another state, and in another model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) class: Class,
    /// The step as a trace has it.
    pub(super) text: String,
}

/// A schedule that violates a property, and the steps as they can be found again.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) path: Path,
    pub(super) steps: Vec<Wanted>,
    /// Whether its last state is quiescent.
    pub(super) is_quiet: bool,
}

/// A violation made shorter.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The schedule.
    pub path: Path,
    /// Whether no shorter schedule violates the property in this model.
    pub shortest: bool,
}

/// Makes the walk shorter. `states` bounds each search through all steps. `None` if the walk does not violate the
/// property when it is taken again, which is a bug of the model.
pub fn shrink(model: &Erased, found: &Found, states: usize) -> Option<Shrunk> {
    let judged = Judged::all(model, |name| name == found.violation.property).pop()?;
    let schedule = again(model, &judged, &found.violation.path)?;
    let (schedule, shortest) = shortened(model, &judged, schedule, states);
    Some(Shrunk { path: schedule.path, shortest })
}

/// Like [`shrink`], for a schedule whose steps are known.
pub(super) fn shortened(model: &Erased, judged: &Judged, schedule: Schedule, states: usize) -> (Schedule, bool) {
    let mut schedule = without_parts(model, judged, schedule);
    let (all, exhausted) = breadth_first(model, judged, schedule.path.len(), states, &|_| true);
    if all.is_some() || exhausted {
        let shortest = !matches!(judged, Judged::FallsSilent);
        return (all.unwrap_or(schedule), shortest);
    }
    let classes: BTreeSet<Class> = schedule.steps.iter().map(|step| step.class).collect();
    let (nearby, _) = breadth_first(model, judged, schedule.path.len(), NEARBY, &|class| classes.contains(&class));
    schedule = nearby.unwrap_or(schedule);
    for _ in 0..ROUNDS {
        match walked(model, judged, schedule.path.len(), SEEDS) {
            Some(found) => schedule = without_parts(model, judged, found),
            None => break,
        }
    }
    (schedule, false)
}

/// The shortest schedule of fewer than `bound` steps that the walks of so many seeds find.
pub(super) fn walked(model: &Erased, judged: &Judged, bound: usize, seeds: u64) -> Option<Schedule> {
    let bounds = Bounds { walks: 8, depth: bound.saturating_sub(1), first: false };
    let goes_on = || !running::is_interrupted();
    let all = (0..seeds).map(|seed| walks(model, slice::from_ref(judged), seed, bounds, &goes_on));
    let violations = all.flat_map(|walked| walked.violations);
    let shortest = violations.min_by_key(|violation| violation.path.len())?;
    again(model, judged, &shortest.path)
}

/// Delta debugging: leaves out ever smaller parts, until no single step can be left out.
pub(super) fn without_parts(model: &Erased, judged: &Judged, schedule: Schedule) -> Schedule {
    let mut schedule = schedule;
    let mut size = schedule.steps.len().div_ceil(2);
    while size > 0 && !running::is_interrupted() {
        let (mut from, mut shorter) = (0, false);
        while from < schedule.steps.len() {
            let rest = [&schedule.steps[..from], &schedule.steps[schedule.steps.len().min(from + size)..]].concat();
            match retaken(model, judged, &schedule, &rest) {
                Some(found) if found.steps.len() < schedule.steps.len() => (schedule, shorter) = (found, true),
                _ => from += size,
            }
        }
        size = match (size, shorter) {
            (1, true) => 1,
            (size, _) => (size / 2).min(schedule.steps.len()),
        };
    }
    schedule
}

/// Takes the steps of a path, up to the first violation.
pub(super) fn again(model: &Erased, judged: &Judged, path: &Path) -> Option<Schedule> {
    let mut taken = Taken::begin(model, judged, path.start)?;
    for place in path.iter() {
        if taken.violates {
            break;
        }
        let mut actions = Vec::new();
        model.actions(&taken.state, &mut actions);
        taken.take(*place, actions.get(*place)?)?;
    }
    taken.ended()
}

/// Takes each of these steps of the schedule `old`, or one like it, that is possible, up to the first violation. `None`
/// if there is none.
pub(super) fn retaken(model: &Erased, judged: &Judged, old: &Schedule, steps: &[Wanted]) -> Option<Schedule> {
    let mut taken = Taken::begin(model, judged, old.path.start)?;
    for wanted in steps {
        if taken.violates {
            break;
        }
        let mut actions = Vec::new();
        model.actions(&taken.state, &mut actions);
        let alike: Vec<usize> =
            (0..actions.len()).filter(|place| model.class(&actions[*place]) == wanted.class).collect();
        let is_it = |place: &&usize| model.describe(&taken.state, &actions[**place]) == wanted.text;
        let place = match alike.iter().find(is_it) {
            Some(place) => Some(*place),
            None if wanted.class.role == Role::Request => None,
            None => alike.first().copied(),
        };
        if let Some(place) = place {
            // A step that alters nothing is left out.
            taken.take(place, &actions[place]);
        }
    }
    if old.is_quiet {
        taken.become_quiet();
    }
    taken.ended()
}

/// A schedule while it is taken.
struct Taken<'a> {
    model: &'a Erased,
    judged: &'a Judged,
    schedule: Schedule,
    state: ErasedState,
    /// By hash, the number of steps before this state, for *falls silent*.
    earlier: HashMap<u64, usize>,
    /// Whether each step sent a change.
    sent: Vec<bool>,
    violates: bool,
}

impl<'a> Taken<'a> {
    fn begin(model: &'a Erased, judged: &'a Judged, start: usize) -> Option<Taken<'a>> {
        let state = model.init_states().into_iter().nth(start)?;
        let schedule = Schedule { path: Path { start, steps: Vec::new() }, steps: Vec::new(), is_quiet: false };
        let earlier = HashMap::from([(content_hash(&state), 0)]);
        let violates = judged.is_violated(model, &state);
        Some(Taken { model, judged, schedule, state, earlier, sent: Vec::new(), violates })
    }

    /// Takes a step; `None` if it alters nothing.
    fn take(&mut self, place: usize, action: &ErasedAction) -> Option<()> {
        let (next, sent) = self.model.step(&self.state, action)?;
        if !self.model.within_boundary(&next) {
            return None;
        }
        let wanted = Wanted { class: self.model.class(action), text: self.model.describe(&self.state, action) };
        self.schedule.path.steps.push(place);
        self.schedule.steps.push(wanted);
        self.sent.push(!sent.is_empty());
        self.violates = self.judged.is_violated(self.model, &next);
        if let Judged::FallsSilent = self.judged {
            let earlier = *self.earlier.entry(content_hash(&next)).or_insert(self.schedule.steps.len());
            self.violates = self.sent[earlier..].contains(&true);
        }
        self.state = next;
        Some(())
    }

    /// Takes steps that are no failures until none is possible, or the property is violated. Deliveries come before
    /// requests.
    fn become_quiet(&mut self) {
        for _ in 0..MOST_TO_QUIESCENCE {
            if self.violates {
                return;
            }
            let mut actions = Vec::new();
            self.model.actions(&self.state, &mut actions);
            let of_role = |role: Role| {
                let places = 0..actions.len();
                places.filter(|place| self.model.class(&actions[*place]).role == role).collect::<Vec<_>>()
            };
            let wanted = [of_role(Role::Progress), of_role(Role::Request)].concat();
            if !wanted.into_iter().any(|place| self.take(place, &actions[place]).is_some()) {
                return;
            }
        }
    }

    fn ended(mut self) -> Option<Schedule> {
        let mut witnesses = self.model.properties().into_iter().filter(|property| property.name == QUIESCENCE);
        self.schedule.is_quiet = witnesses.any(|witness| (witness.condition)(self.model, &self.state));
        self.violates.then_some(self.schedule)
    }
}

/// A shortest schedule of fewer than `bound` steps that violates the property, and whose steps are all `allowed`. The
/// second is true if the search was not cut by its number of `states`, or by an interruption.
pub(super) fn breadth_first(
    model: &Erased,
    judged: &Judged,
    bound: usize,
    states: usize,
    allowed: &dyn Fn(Class) -> bool,
) -> (Option<Schedule>, bool) {
    if let Judged::FallsSilent = judged {
        return silence(model, judged, bound, states);
    }
    let found = |path: Path| again(model, judged, &path);
    // By number, the predecessor and the place of the step.
    let mut came: Vec<(usize, usize)> = Vec::new();
    let (mut known, mut queue) = (HashSet::new(), VecDeque::new());
    let initial = model.init_states();
    for (start, state) in initial.into_iter().enumerate().filter(|(_, state)| model.within_boundary(state)) {
        if judged.is_violated(model, &state) {
            let path = Path { start, steps: Vec::new() };
            return if bound > 0 { (found(path), true) } else { (None, true) };
        }
        if known.insert(content_hash(&state)) {
            queue.push_back((state, came.len(), 0));
            came.push((usize::MAX, start));
        }
    }
    let mut actions = Vec::new();
    while let Some((state, number, depth)) = queue.pop_front() {
        if depth + 1 >= bound {
            return (None, true);
        }
        if running::is_interrupted() {
            return (None, false);
        }
        actions.clear();
        model.actions(&state, &mut actions);
        for (place, action) in actions.iter().enumerate().filter(|(_, action)| allowed(model.class(action))) {
            let Some((next, _)) = model.step(&state, action) else { continue };
            if !model.within_boundary(&next) || !known.insert(content_hash(&next)) {
                continue;
            }
            if judged.is_violated(model, &next) {
                let mut path = Path { start: 0, steps: vec![place] };
                let mut at = number;
                while came[at].0 != usize::MAX {
                    path.steps.push(came[at].1);
                    at = came[at].0;
                }
                path.start = came[at].1;
                path.steps.reverse();
                return (found(path), true);
            }
            if came.len() >= states {
                return (None, false);
            }
            queue.push_back((next, came.len(), depth + 1));
            came.push((number, place));
        }
    }
    (None, true)
}

/// As [`breadth_first`], for *falls silent*, which is about cycles: by the search of the checker.
fn silence(model: &Erased, judged: &Judged, bound: usize, states: usize) -> (Option<Schedule>, bool) {
    let (time, threads) = (Duration::from_secs(3600), Some(1));
    let limits = Limits { states, time, threads, memory: None, ..Limits::default() };
    let report = model.explore(limits, &mut |_, _| {});
    match report.verdict(FALLS_SILENT) {
        Some(Verdict::Violated(Some(path))) if path.len() < bound => (again(model, judged, path), report.cut.is_none()),
        _ => (None, report.cut.is_none()),
    }
}
