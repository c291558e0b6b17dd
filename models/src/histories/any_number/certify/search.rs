//! The exploration of all windows: [`Search`].

use super::rule::Rule;
use super::window::{Next, Window};
use super::{Limits, Made, Obstacle};
use crate::check::running;
use crate::histories::judge::{Judge, Wrongs};
use crate::properties as p;
use foldhash::fast::FixedState;
use hashbrown::HashSet;
use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

/// The step by which a window was first reached.
#[derive(Clone, Copy)]
struct Origin {
    from: u32,
    next: Next,
    /// The place of the write that was then settled.
    settled: Option<usize>,
}

/// A breadth-first search: windows of fewer writes come first.
pub(super) struct Search<'a> {
    rule: Rule<'a>,
    judge: &'a mut Judge,
    limits: &'a Limits,
    seen: HashSet<Box<[u32]>, FixedState>,
    origins: Vec<Option<Origin>>,
    frontier: VecDeque<(u32, Window)>,
    started: Instant,
    /// The number of writes added.
    pub(super) steps: u64,
    /// The number of requests that the rule refused.
    pub(super) refused: u64,
    /// The number of writes added that are concurrent to another one.
    pub(super) conflicts: u64,
    /// The most times and sequence numbers in a window.
    held: u64,
    /// The most writes of a shortest history that reaches a window.
    pub(super) deepest: usize,
    /// By property, a history with the fewest writes that violates it.
    pub(super) violated: BTreeMap<&'static str, Vec<Made>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(rule: Rule<'a>, judge: &'a mut Judge, limits: &'a Limits) -> Search<'a> {
        Search {
            rule,
            judge,
            limits,
            seen: HashSet::with_hasher(FixedState::with_seed(0)),
            origins: Vec::new(),
            frontier: VecDeque::new(),
            started: Instant::now(),
            steps: 0,
            refused: 0,
            conflicts: 0,
            held: 0,
            deepest: 0,
            violated: BTreeMap::new(),
        }
    }

    pub(super) fn windows(&self) -> usize {
        self.origins.len()
    }

    /// Explores all windows.
    ///
    /// # Errors
    /// The reason for which the exploration ended before all windows were explored.
    pub(super) fn run(&mut self) -> Result<(), Obstacle> {
        self.visit(Window::first(usize::from(self.limits.masters)), None);
        while let Some((number, window)) = self.frontier.pop_front() {
            let depth = self.depth_of(number);
            self.deepest = self.deepest.max(depth);
            running::is_at(depth, self.frontier.len());
            if running::is_interrupted() {
                return Err(Obstacle::Interrupted);
            }
            if self.started.elapsed() > self.limits.time || self.windows() > self.limits.windows {
                let unexplored = self.frontier.len() + 1;
                return Err(Obstacle::Open { unexplored, writes: depth, held: self.held });
            }
            for next in window.nexts() {
                for op in 0..self.rule.alphabet.len() {
                    self.extend(number, &window, Next { op, ..next })?;
                }
            }
        }
        Ok(())
    }

    fn extend(&mut self, number: u32, window: &Window, next: Next) -> Result<(), Obstacle> {
        let added = window.add(next, &mut self.rule, &self.judge.tables);
        self.looked()?;
        self.refused += u64::from(added.is_empty());
        for added in added {
            self.steps += 1;
            self.conflicts += u64::from(next.seen.count_ones() as usize != window.writes.len());
            let violated = self.violated_by(&added);
            self.looked()?;
            let Some(violated) = violated else { return Err(Obstacle::Differs(self.history(number, Some(next)))) };
            for property in violated {
                if !self.violated.contains_key(property) {
                    self.violated.insert(property, self.history(number, Some(next)));
                }
            }
            if added.writes.len() < self.limits.lag {
                self.reach(added, Origin { from: number, next, settled: None })?;
                continue;
            }
            for place in added.settleable() {
                self.reach(added.settle(place), Origin { from: number, next, settled: Some(place) })?;
            }
        }
        Ok(())
    }

    /// An obstacle if the rule has read a number inside a name or a time.
    fn looked(&self) -> Result<(), Obstacle> {
        self.rule.numbers.looked().map_or(Ok(()), |look| Err(Obstacle::Looks { within: look.within, at: look.at }))
    }

    fn reach(&mut self, window: Window, origin: Origin) -> Result<(), Obstacle> {
        let window = window.normal(&mut self.rule).map_err(Obstacle::Unfaithful)?;
        self.visit(window, Some(origin));
        Ok(())
    }

    fn visit(&mut self, window: Window, origin: Option<Origin>) {
        if !self.seen.insert(window.key()) {
            return;
        }
        let number = u32::try_from(self.origins.len()).unwrap_or(u32::MAX);
        self.origins.push(origin);
        self.held = self.held.max(window.held());
        running::count(1);
        self.frontier.push_back((number, window));
    }

    /// The properties that the reading of a master that has seen all writes violates. `None` if there is more than one
    /// reading.
    fn violated_by(&mut self, window: &Window) -> Option<Vec<&'static str>> {
        let rule = &mut *self.rule.numbers;
        let reading = rule.read(window.top()[0]);
        if window.top().iter().any(|state| rule.read(*state) != reading) {
            return None;
        }
        let invented = !self.judge.is_explained(rule, reading, window.present);
        let mut found = Wrongs { invented, ..Wrongs::default() };
        let shown = self.judge.shown_by(rule, reading).to_vec();
        let unsettled = window.writes.iter().map(|write| (write.op, &write.marks));
        let settled = window.settled.iter().map(|settled| (settled.op, &settled.marks));
        for (op, marks) in unsettled.chain(settled) {
            marks.judge(&self.judge.tables, op, window.present, &shown, &mut found);
        }
        let all = [
            (found.resurrects, p::NO_RESURRECTION),
            (found.lost_causally, p::NO_CAUSAL_LOSS),
            (found.lost_by_policy, p::NO_POLICY_LOSS),
            (found.lost_to_nothing, p::NO_TOTAL_LOSS),
            (found.invented, p::NO_INVENTION),
        ];
        Some(all.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, property)| property).collect())
    }

    /// The steps to a window, from the first.
    fn path(&self, number: u32) -> Vec<(Next, Option<usize>)> {
        let mut path = Vec::new();
        let mut at = number;
        while let Some(Some(origin)) = self.origins.get(at as usize) {
            path.push((origin.next, origin.settled));
            at = origin.from;
        }
        path.reverse();
        path
    }

    fn depth_of(&self, number: u32) -> usize {
        self.path(number).len()
    }

    /// A history that reaches the window, and perhaps one more write.
    pub(super) fn history(&self, number: u32, next: Option<Next>) -> Vec<Made> {
        let mut made: Vec<Made> = Vec::new();
        // By place in the window, the write.
        let mut unsettled: Vec<usize> = Vec::new();
        for (next, settled) in self.path(number).into_iter().chain(next.map(|next| (next, None))) {
            let hidden = |write: &usize| {
                let place = unsettled.iter().position(|other| other == write);
                place.is_some_and(|place| next.seen >> place & 1 == 0)
            };
            let seen = (0..made.len()).filter(|write| !hidden(write)).collect();
            unsettled.push(made.len());
            made.push(Made { at: next.at, op: next.op, seen, ties: next.ties });
            if let Some(place) = settled {
                unsettled.remove(place);
            }
        }
        made
    }

    /// The reading of a master that has seen a history that reaches the window, and the properties that it violates.
    #[cfg(test)]
    pub(super) fn reading(&mut self, number: u32) -> (multimaster::Reading, Vec<&'static str>) {
        let mut window = Window::first(usize::from(self.limits.masters));
        let mut violated = Vec::new();
        for (next, settled) in self.path(number) {
            // The rules of these tests make one effect of a write.
            let added = window.add(next, &mut self.rule, &self.judge.tables).swap_remove(0);
            violated = self.violated_by(&added).unwrap();
            let settled = settled.map_or_else(|| added.clone(), |place| added.settle(place));
            window = settled.normal(&mut self.rule).unwrap();
        }
        let reading = self.rule.numbers.read(window.top()[0]);
        (self.rule.numbers.reading(reading)[0].clone(), violated)
    }
}
