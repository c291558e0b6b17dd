//! Steps over running links: what the threads of a [running cluster](multimaster::Cluster) do, one after the other.
//!
//! A step is *allowed* if it can happen at all: [`Cluster::run`] takes it or says that it cannot. It is *enabled* if an
//! exploration need take it: see [`Link::Running`](crate::scope::Link::Running) for why the others tell masters nothing
//! else. What is explored is what is enabled; a record of a real run is held to what is allowed.

use super::{Action, Cluster, Inquiry, State};
use crate::subject::Sent;
use multimaster::{Outcome, Resolver};
use std::sync::Arc;

/// What an allowed step has done.
#[derive(Debug, PartialEq)]
pub(crate) enum Did {
    /// A message has been taken in, with this outcome.
    Received(Outcome),
    /// What it says.
    AsSaid,
}

impl<R: Resolver> Cluster<R> {
    /// The steps that no client makes and no letter.
    pub(super) fn enabled_running(&self, state: &State<R>, actions: &mut Vec<Action<R>>) {
        let max = self.scope.batch;
        for &(from, to) in &self.edges {
            let (feeder, asker) = (&state.master(from).replica, &state.master(to).replica);
            if feeder.has_push(to) {
                actions.push(Action::Push { from, to, max });
                continue;
            }
            let quiet = !state.wire.iter().any(|letter| letter.from == from && letter.to == to)
                && !state.inquiries.iter().any(|inquiry| inquiry.asker == to && inquiry.feeder == from);
            if self.ticks() && quiet && !asker.digest().covers(feeder.digest()) {
                actions.push(Action::Inquire { asker: to, feeder: from });
            }
        }
        actions.extend(state.inquiries.iter().cloned().map(|inquiry| Action::Answer { inquiry, max }));
        if let Some(keep) = self.scope.log {
            let long = state.masters.iter().filter(|node| node.replica.log().len() > keep);
            actions.extend(long.map(|node| Action::Truncate { at: node.replica.id(), keep }));
        }
    }

    /// A step in an exploration: within its budget of faults, and judged.
    pub(super) fn step_running(&self, state: &State<R>, action: &Action<R>) -> Option<(State<R>, Sent)> {
        let mut next = state.clone();
        let mut sent = Sent::new();
        match action {
            Action::Lose(_) => next.faults.losses -= 1,
            Action::Duplicate(_) => next.faults.duplicates -= 1,
            _ => {}
        }
        let did = self.run(&mut next, action, &mut sent)?;
        match (action, did) {
            // A right peer's message is never refused: the bug would be ours, in the protocol or in the model.
            (Action::Deliver(letter), Did::Received(Outcome::Refused(fault))) => {
                assert!(self.tamper.is_some(), "{} refused {}: {fault}", letter.to, letter.message);
            }
            (Action::Deliver(letter), _) => next.judge(letter.to, self.specification),
            (Action::Push { from: at, .. } | Action::Truncate { at, .. }, _) => next.rehash(*at),
            _ => {}
        }
        (next != *state).then_some((next, sent))
    }

    /// Takes the step in `state` itself, or gives `None`, if it is not allowed there. O(1) in all but the message and what
    /// is in flight: nothing is judged.
    pub(crate) fn run(&self, state: &mut State<R>, action: &Action<R>, sent: &mut Sent) -> Option<Did> {
        match action {
            Action::Push { from, to, max } => {
                let message = state.alter(*from, |sender| sender.next_push(*to, *max))?;
                let letter = self.sealed(&state.master(*from).replica, *to, message);
                self.send(state, letter.as_ref(), sent);
            }
            Action::Inquire { asker, feeder } => {
                self.scope.topology.hears_from(*asker).find(|heard| heard == feeder)?;
                let seen = state.master(*asker).replica.digest().clone();
                let inquiry = Inquiry { asker: *asker, feeder: *feeder, seen };
                let place = state.inquiries.partition_point(|held| *held < inquiry);
                state.inquiries.insert(place, inquiry);
            }
            Action::Answer { inquiry, max } => {
                let place = state.inquiries.binary_search(inquiry).ok()?;
                let Inquiry { asker, feeder, seen } = state.inquiries.remove(place);
                if let Some(answer) = state.master(feeder).replica.answer(&seen, *max) {
                    let letter = self.sealed(&state.master(feeder).replica, asker, answer);
                    self.send(state, letter.as_ref(), sent);
                }
            }
            Action::Deliver(letter) => {
                state.take(letter).then_some(())?;
                let (from, message) = (letter.from, letter.message.clone());
                return Some(Did::Received(state.alter(letter.to, |receiver| self.receive(receiver, from, message))));
            }
            Action::Lose(letter) => state.take(letter).then_some(())?,
            Action::Duplicate(letter) => {
                state.flying(letter.from, letter.to, &letter.message)?;
                state.fly(Arc::clone(letter));
            }
            Action::Truncate { at, keep } => state.alter(*at, |replica| replica.truncate(*keep)),
            // No running link takes these.
            Action::Ask { .. } | Action::Choose(_) | Action::Repeat(_) | Action::Tick { .. } => return None,
            Action::Stream { .. } | Action::Break { .. } | Action::Resume { .. } => return None,
        }
        Some(Did::AsSaid)
    }
}
