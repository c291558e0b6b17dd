//! The end of a level: all processes learn the results of all, and number the new states alike.

use super::next::StepKey;
use super::summary::Summary;
use super::{Broken, Post, Process};
use crate::check::engine::search::decides;
use crate::check::engine::{Counted, Cut, Path};
use crate::model::bytes::{Stored, write_number};
use crate::world::cluster::State;
use std::mem;
use std::ops::ControlFlow;

/// The end of a search that is cut at a certain state or step.
pub(super) struct End {
    cut: Cut,
    /// The number of the last state whose expansion was begun, plus one.
    begun: usize,
    /// The step at which its expansion ended; `None` if it ended after all steps.
    step: Option<StepKey>,
}

impl Process<'_> {
    /// Tells the others this process's results of the level; returns those of all processes, in order.
    pub(super) fn exchange(&mut self, firsts: Vec<StepKey>, post: &mut dyn Post) -> Result<Vec<Summary>, Broken> {
        let mut own = mem::take(&mut self.here);
        (own.firsts, own.unsure) = (firsts, self.cluster.is_unsure());
        let message = own.write(&self.limits);
        let mut all: Vec<Option<Result<Summary, Broken>>> = self.out.iter().map(|_| None).collect();
        (0..all.len()).filter(|to| *to != self.own).for_each(|to| post.send(to, message.clone()));
        let limits = &self.limits;
        post.end_epoch(&mut |from, message| all[from] = Some(Summary::read(&message, limits)));
        all[self.own] = Some(Ok(own));
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let all: Vec<Summary> = all
            .into_iter()
            .map(|one| one.unwrap_or(Err(Broken("the end of a level is missing"))))
            .collect::<Result<_, _>>()?;
        if all.iter().any(|one| one.unsure) {
            self.cluster.set_unsure();
        }
        Ok(all)
    }

    /// Numbers the new states of all processes. Returns the numbers of this process's own, and where the search ends if
    /// it reaches a limit of states or decides the property that ends it.
    pub(super) fn rank(&mut self, all: &[Summary]) -> (Vec<u32>, Option<End>) {
        let first = |property: usize| all.iter().filter_map(|one| one.decided[property]).min();
        let until = self.properties.iter().position(|property| self.limits.until == Some(property.name));
        let violated = until.and_then(first);
        let found = violated.map(|number| End { cut: Cut::Found, begun: number as usize, step: None });
        let mut at = vec![0; all.len()];
        let (mut numbers, mut end) = (Vec::new(), None);
        loop {
            let heads =
                all.iter().zip(&at).enumerate().filter_map(|(from, (one, at))| Some((one.firsts.get(*at)?, from)));
            let Some((step, from)) = heads.min() else { break };
            if violated.is_some_and(|number| number <= step.parent()) {
                break;
            }
            let Some(number) = u32::try_from(self.states).ok().filter(|number| *number < u32::MAX) else {
                let begun = step.parent() as usize;
                end = Some(End { cut: Cut::Numbers(Counted::States), begun, step: None });
                break;
            };
            at[from] += 1;
            self.reached.push(step.parent(), step.place());
            self.states += 1;
            if from == self.own {
                numbers.push(number);
            }
            if self.states > self.limits.states {
                let (cut, begun) = (Cut::States(self.limits.states), step.parent() as usize + 1);
                end = Some(End { cut, begun, step: Some(*step) });
                break;
            }
        }
        let end = end.or(found);
        for (property, decided) in self.decided.iter_mut().enumerate() {
            let judged = |number: &u32| match &end {
                Some(End { cut: Cut::Found, begun, .. }) => (*number as usize, Some(property)) <= (*begun, until),
                Some(End { begun, .. }) => (*number as usize) < *begun,
                None => true,
            };
            *decided = decided.or(first(property).filter(judged).map(|number| number as usize));
        }
        (numbers, end)
    }

    /// Counts what a search on one thread would have done up to this end.
    pub(super) fn end_at(&mut self, end: End, post: &mut dyn Post) -> Result<Cut, Broken> {
        let End { cut, begun, step } = end;
        let whole = step.map_or(begun, |step| step.parent() as usize);
        let counted = self.expanded.iter().filter(|(number, _)| (*number as usize) < whole);
        let own: u64 = counted.map(|(_, generated)| u64::from(*generated)).sum();
        let mut message = Vec::new();
        write_number(own, &mut message);
        (0..self.out.len()).filter(|to| *to != self.own).for_each(|to| post.send(to, message.clone()));
        self.generated += own;
        post.end_epoch(&mut |_, message| self.generated += u64::read(&mut &message[..]));
        if let Some(step) = step {
            let state = self.state_at(&self.reached.path_to(step.parent() as usize))?;
            let mut actions = Vec::new();
            self.cluster.each_step(&state, &mut actions, &mut |place, _, _| {
                self.generated += u64::from(place <= step.place() as usize);
                ControlFlow::Continue(())
            });
        }
        self.begun = begun;
        Ok(cut)
    }

    /// The state at the end of a path.
    fn state_at(&mut self, path: &Path) -> Result<State, Broken> {
        let first = self.initial.get(path.start).ok_or(Broken("a path starts nowhere"))?.clone();
        path.steps.iter().try_fold(first, |state, place| self.dictionary.after(&state, *place as u32))
    }

    /// Takes the path to each state that decides a property, and evaluates the property there.
    pub(super) fn check(&mut self) -> Result<(), Broken> {
        for (property, decided) in self.decided.clone().into_iter().enumerate() {
            let Some(decided) = decided else { continue };
            let state = self.state_at(&self.reached.path_to(decided))?;
            if !decides(self.cluster, &self.properties[property], &state) {
                return Err(Broken("a path does not lead to the state that decides a property"));
            }
        }
        Ok(())
    }
}
