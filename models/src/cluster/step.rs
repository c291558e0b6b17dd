//! The steps of a cluster, one at a time.

use super::outcomes::Asked;
use super::tables::Tables;
use super::{Action, Cluster, LetterNumber, State};
use crate::scope::Link;
use crate::subject::Sent;
use multimaster::MasterId;
use std::ops::ControlFlow;

impl Cluster {
    /// The state after `action`, and which changes were sent on the way; `None` if nothing is different.
    pub(crate) fn step(&self, state: &State, action: Action) -> Option<(State, Sent)> {
        self.step_in(&mut self.tables(), state, action)
    }

    pub(super) fn step_in(&self, tables: &mut Tables, state: &State, action: Action) -> Option<(State, Sent)> {
        let (mut next, mut sent) = (state.clone(), Sent::new());
        self.alter(tables, state, &mut next, action, &mut sent).then_some((next, sent))
    }

    /// Tells `reach` of every step that alters something: its place among those possible, where it leads, what it sends.
    pub(crate) fn each_step(
        &self,
        state: &State,
        actions: &mut Vec<Action>,
        reach: &mut impl FnMut(usize, &State, &Sent) -> ControlFlow<()>,
    ) {
        // Once for all; and one state is altered again and again: most of those reached are known.
        let tables = &mut *self.tables();
        actions.clear();
        self.each_enabled(tables, state, &mut |action| actions.push(action));
        let (mut next, mut sent) = (state.clone(), Sent::new());
        for (place, action) in actions.iter().enumerate() {
            if place > 0 {
                next.clone_from(state);
                sent.clear();
            }
            if self.alter(tables, state, &mut next, *action, &mut sent) && reach(place, &next, &sent).is_break() {
                return;
            }
        }
    }

    /// Takes the step in `next`, which is as `state` so far. False if it is not allowed, or nothing is different.
    fn alter(&self, tables: &mut Tables, state: &State, next: &mut State, action: Action, sent: &mut Sent) -> bool {
        let client = matches!(action, Action::Ask { .. } | Action::Choose(_));
        let allowed = if matches!(self.scope.link, Link::Running { .. }) && !client {
            self.step_running(tables, next, action, sent)
        } else {
            self.step_at_once(tables, state, next, action, sent)
        };
        allowed && next != state
    }

    /// Takes the step in `next` itself. False if it is not allowed.
    fn step_at_once(
        &self,
        tables: &mut Tables,
        state: &State,
        next: &mut State,
        action: Action,
        sent: &mut Sent,
    ) -> bool {
        let altered = match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[client];
                next.parts().2[client] += 1;
                self.write(tables, next, script.at, (Asked::Scripted(client, place), &script.asks[place]), sent);
                script.at
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                next.chosen |= 1 << index;
                self.write(tables, next, *at, (Asked::Free(index), request), sent);
                *at
            }
            Action::Deliver(LetterNumber(letter)) => {
                if self.scope.link != Link::Soup {
                    next.take(letter);
                }
                self.deliver(tables, next, letter, sent)
            }
            Action::Repeat(LetterNumber(letter)) => {
                next.faults.duplicates -= 1;
                self.deliver(tables, next, letter, sent)
            }
            Action::Lose(LetterNumber(letter)) => {
                next.faults.losses -= 1;
                next.take(letter);
                tables.letters[letter].to
            }
            Action::Tick { asker, feeder } => {
                self.ask(tables, next, asker, feeder, sent);
                asker
            }
            Action::Stream { from, to, max } => {
                let Some(letter) = self.next_on_stream(tables, next, self.edge(from, to), max) else {
                    return false;
                };
                next.count(tables, letter, sent);
                self.deliver(tables, next, letter, sent)
            }
            Action::Break { from, to } => {
                let edge = self.edge(from, to);
                next.faults.resets -= 1;
                next.broken |= 1 << edge;
                self.drain(tables, next, edge);
                from
            }
            Action::Resume { from, to } => {
                let edge = self.edge(from, to);
                next.broken &= !(1 << edge);
                self.resume(tables, next, edge);
                from
            }
            // Steps of running links: nowhere else are they possible.
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => return false,
            Action::Duplicate(_) | Action::Truncate { .. } => return false,
        };
        if matches!(self.scope.link, Link::Stream { .. }) {
            self.acknowledge(tables, state, next, altered);
        }
        true
    }

    /// The place of this edge, which is one of the topology's.
    fn edge(&self, from: MasterId, to: MasterId) -> usize {
        self.edges.iter().position(|edge| *edge == (from, to)).expect("streams run along edges")
    }
}
