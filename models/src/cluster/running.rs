//! Steps over running links: what the threads of a [running cluster](multimaster::Cluster) do, one after the other.
//!
//! A step is *allowed* if it can happen at all: the methods here take it in a [`World`] or say that they cannot. It is
//! *enabled* if an exploration need take it: see [`Link::Running`](crate::scope::Link::Running) for why the others tell
//! masters nothing else. What is explored is what is enabled; a record of a real run is held to what is allowed. All are
//! O(1) in all but the message and what is in flight.

use super::action::{InquiryNumber, LetterNumber};
use super::tables::Tables;
use super::world::World;
use super::{Action, Cluster, Inquiry, Letter, State};
use crate::any_rule::AnyMessage;
use crate::subject::Sent;
use multimaster::{MasterId, Outcome};
use std::sync::Arc;

impl Cluster {
    /// The steps that no client makes and no letter.
    pub(super) fn enabled_running(&self, tables: &Tables, state: &State, enable: &mut impl FnMut(Action)) {
        let max = self.scope.batch;
        for &(from, to) in &*self.edges {
            let (feeder, asker) = (state.local(from), state.local(to));
            if tables.locals[feeder].replica.has_push(to) {
                enable(Action::Push { from, to, max });
                continue;
            }
            let asked = |inquiry: &Inquiry| inquiry.asker == to && inquiry.feeder == from;
            let quiet = self.is_quiet(tables, state, from, to)
                && !state.inquiries.iter().any(|inquiry| asked(&tables.inquiries[*inquiry]));
            if self.ticks() && quiet && !tables.digest(asker).covers(tables.digest(feeder)) {
                enable(Action::Inquire { asker: to, feeder: from });
            }
        }
        for inquiry in &state.inquiries {
            enable(Action::Answer { inquiry: InquiryNumber(*inquiry), max });
        }
        if let Some(keep) = self.scope.log {
            for (at, master) in (0..).map(MasterId).zip(&state.masters) {
                if tables.locals[master.local].replica.log().len() > keep {
                    enable(Action::Truncate { at, keep });
                }
            }
        }
    }

    /// A step in an exploration: within its budget of faults, and judged. False if it is not allowed.
    pub(super) fn step_running(&self, tables: &mut Tables, next: &mut State, action: Action, sent: &mut Sent) -> bool {
        let mut world = tables.world(next);
        let letter = |LetterNumber(number)| Arc::clone(&tables.letters[number]);
        let taken = match action {
            Action::Push { from, to, max } => self.push(&mut world, from, to, max, sent),
            Action::Inquire { asker, feeder } => self.inquire(&mut world, asker, feeder),
            Action::Answer { inquiry, max } => self.answer(&mut world, &tables.inquiries[inquiry.0].clone(), max, sent),
            Action::Deliver(number) => {
                let letter = letter(number);
                let outcome = self.arrive(&mut world, &letter);
                // A right peer's message is never refused: the bug would be ours, in the protocol or in the model.
                if let Some(Outcome::Refused(fault)) = &outcome {
                    assert!(self.tamper.is_some(), "{} refused {}: {fault}", letter.to, letter.message);
                }
                outcome.map(|_| ())
            }
            Action::Lose(number) => {
                next.faults.losses -= 1;
                world.take(&letter(number)).then_some(())
            }
            Action::Duplicate(number) => {
                next.faults.duplicates -= 1;
                world.duplicate(&letter(number))
            }
            Action::Truncate { at, keep } => {
                world.alter(at, |replica| replica.truncate(keep));
                Some(())
            }
            // No running link takes these.
            Action::Ask { .. } | Action::Choose(_) | Action::Repeat(_) | Action::Tick { .. } => None,
            Action::Stream { .. } | Action::Break { .. } | Action::Resume { .. } => None,
        };
        if taken.is_some() {
            self.become_like(tables, next, world);
        }
        taken.is_some()
    }

    /// The state is altered to what the world has come to be.
    fn become_like(&self, tables: &mut Tables, next: &mut State, world: World) {
        for (master, replica) in next.masters.iter_mut().zip(world.replicas) {
            if Arc::ptr_eq(&replica, &tables.locals[master.local].replica) {
                continue;
            }
            master.local = tables.local(Arc::unwrap_or_clone(replica));
            master.judgement = self.judge(tables, master.local, next.history);
        }
        next.wire = world.wire.into_iter().map(|letter| tables.letter(letter)).collect();
        next.inquiries = world.inquiries.into_iter().map(|inquiry| tables.inquiry(inquiry)).collect();
    }

    /// A link takes the next changes from its sender's log.
    pub(crate) fn push(
        &self,
        world: &mut World,
        from: MasterId,
        to: MasterId,
        max: usize,
        sent: &mut Sent,
    ) -> Option<()> {
        let message = world.alter(from, |sender| sender.next_push(to, max))?;
        self.send_off(world, from, to, message, sent);
        Some(())
    }

    /// A master sends its digest.
    pub(crate) fn inquire(&self, world: &mut World, asker: MasterId, feeder: MasterId) -> Option<()> {
        self.scope.topology.hears_from(asker).find(|heard| *heard == feeder)?;
        let inquiry = Inquiry { asker, feeder, seen: world.master(asker).digest().clone() };
        let place = world.inquiries.partition_point(|held| *held < inquiry);
        world.inquiries.insert(place, inquiry);
        Some(())
    }

    /// A digest arrives, and its answer, if there is one, is in flight.
    pub(crate) fn answer(&self, world: &mut World, inquiry: &Inquiry, max: usize, sent: &mut Sent) -> Option<()> {
        let place = world.inquiries.binary_search(inquiry).ok()?;
        let Inquiry { asker, feeder, seen } = world.inquiries.remove(place);
        if let Some(answer) = world.master(feeder).answer(&seen, max) {
            self.send_off(world, feeder, asker, answer, sent);
        }
        Some(())
    }

    /// A letter arrives.
    pub(crate) fn arrive(&self, world: &mut World, letter: &Letter) -> Option<Outcome> {
        world.take(letter).then_some(())?;
        Some(world.alter(letter.to, |receiver| self.receive(receiver, letter.from, letter.message.clone())))
    }

    fn send_off(&self, world: &mut World, from: MasterId, to: MasterId, message: AnyMessage, sent: &mut Sent) {
        if let Some(letter) = self.sealed(world.master(from), to, message) {
            letter.count(|| world.master(to).digest(), sent);
            world.fly(Arc::new(letter));
        }
    }
}
