//! The step of a system: the effect of each action. [`enabled`](super::enabled) lists the possible actions.

use super::System;
use super::node::{Answer, Node};
use super::state::{Action, World};
use super::tables::{Given, Outcome, Tables};
use crate::model::Sent;
use crate::scope::Keeps;
use multimaster::{Dot, MasterId};

/// A step about to be taken: it alters `world`, and counts the messages that it puts in flight in `sent`.
pub(super) struct Step<'a, N: Node> {
    pub(super) system: &'a System<N>,
    pub(super) tables: &'a mut Tables<N>,
    pub(super) world: &'a mut World,
    pub(super) sent: &'a mut Sent,
}

impl<N: Node> Step<'_, N> {
    /// Takes the action. False if a node is at fault, or a tick must wait.
    pub(super) fn take(&mut self, action: Action) -> bool {
        match action {
            Action::Request(number) => {
                self.world.asked.made |= 1 << number;
                self.give(self.system.bounds.asking(number).at, Given::Request(number))
            }
            Action::Deliver(message) => {
                // In a soup a message that arrived stays in flight.
                if !self.system.bounds.is_soup() {
                    self.remove(message);
                }
                self.give(self.tables.ends(message).1, Given::Message(message))
            }
            Action::Repeat(message) => {
                self.world.left.duplicates -= 1;
                self.give(self.tables.ends(message).1, Given::Message(message))
            }
            Action::Lose(message) => {
                let (from, to) = self.tables.ends(message);
                let goes_astray = !self.world.is_up(to) || self.system.bounds.is_severed(self.world.severed, from, to);
                self.world.left.losses -= u8::from(!goes_astray);
                self.remove(message);
                true
            }
            Action::Tick(at, place) => self.tick(at, place),
            Action::Crash(at) => self.crash(at),
            Action::Restart(at) => self.restart(at),
            Action::Cut(place) => {
                self.world.left.cuts -= 1;
                self.world.severed |= 1 << place;
                true
            }
            Action::Heal(place) => {
                self.world.severed &= !(1 << place);
                true
            }
        }
    }

    /// Gives a node an input, and takes in what it does.
    fn give(&mut self, at: MasterId, given: Given) -> bool {
        let (local, bounds) = (self.world.node(at), &self.system.bounds);
        let Some(outcome) = self.tables.step(&self.system.node, bounds, local, given) else { return false };
        self.take_in(at, outcome);
        true
    }

    /// A tick waits while a message that it sends is still in flight, so that no number of ticks fills the network.
    fn tick(&mut self, at: MasterId, place: usize) -> bool {
        let (local, bounds) = (self.world.node(at), &self.system.bounds);
        let Some(outcome) = self.tables.step(&self.system.node, bounds, local, Given::Tick(place)) else {
            return false;
        };
        let sends = &self.tables.outcomes[outcome].sends;
        let waits = !bounds.is_soup() && sends.iter().any(|message| self.world.wire.contains(message));
        if !waits {
            self.take_in(at, outcome);
        }
        !waits
    }

    /// The node's new state, the answers to clients, and the messages sent.
    fn take_in(&mut self, at: MasterId, outcome: usize) {
        let Outcome { local, sends, answers } = &self.tables.outcomes[outcome];
        self.world.nodes[at.index()] = *local;
        for (number, answer) in answers {
            let awaited = self.world.asked.pending() & (1 << number);
            match answer {
                Answer::Done => self.world.asked.done |= awaited,
                Answer::Value(_) if awaited == 0 => {}
                Answer::Value(value) => {
                    self.world.asked.done |= awaited;
                    self.world.values.resize(self.system.bounds.requests.len(), 0);
                    self.world.values[*number as usize] = self.tables.values.number(value, || value.clone()) + 1;
                }
                Answer::Refused(_) => self.world.asked.refused |= awaited,
            }
        }
        for message in sends {
            send(self.system, self.tables, self.world, self.sent, *message);
        }
    }

    /// The node goes down. Its clients wait no longer for their answers. A stream to it breaks: what is in flight on it is
    /// lost.
    fn crash(&mut self, at: MasterId) -> bool {
        self.world.left.crashes -= 1;
        self.world.down |= 1 << at.index();
        let requests = self.system.bounds.requests.iter().enumerate();
        let here: u32 = requests.filter(|(_, asking)| asking.at == at).map(|(number, _)| 1 << number).sum();
        self.world.asked.unanswered |= self.world.asked.pending() & here;
        if self.system.loses_at_crash() {
            self.world.wire.retain(|message| self.tables.ends(*message).1 != at);
        }
        if self.system.bounds.scope.failures.keeps == Keeps::Nothing {
            let Some(outcome) = self.start_anew(at) else { return false };
            self.world.nodes[at.index()] = self.tables.outcomes[outcome].local;
        }
        true
    }

    /// The node comes back, with its state or anew.
    fn restart(&mut self, at: MasterId) -> bool {
        self.world.down &= !(1 << at.index());
        if self.system.bounds.scope.failures.keeps != Keeps::Nothing {
            return self.give(at, Given::Restart);
        }
        let outcome = self.start_anew(at);
        outcome.map(|outcome| self.take_in(at, outcome)).is_some()
    }

    fn start_anew(&mut self, at: MasterId) -> Option<usize> {
        let first = self.system.first_state(at);
        self.tables.step(&self.system.node, &self.system.bounds, first, Given::Start)
    }

    fn remove(&mut self, message: u32) {
        if let Some(place) = self.world.wire.iter().position(|held| *held == message) {
            self.world.wire.remove(place);
        }
    }
}

/// Puts a message in flight, unless it is lost at once, or is in the soup already.
pub(super) fn send<N: Node>(system: &System<N>, tables: &Tables<N>, world: &mut World, sent: &mut Sent, message: u32) {
    let (from, to) = tables.ends(message);
    let is_lost = !world.is_up(to) && system.loses_at_crash();
    if is_lost || system.bounds.is_soup() && world.wire.contains(&message) {
        return;
    }
    // Which messages carry which write is unknown, so all count as one change.
    sent.push(Dot::new(MasterId(0), 1));
    let in_order = system.bounds.in_order();
    let goes_before = |held: &u32| {
        if in_order { tables.ends(*held) <= (from, to) } else { tables.order(*held, message).is_lt() }
    };
    let place = world.wire.partition_point(goes_before);
    world.wire.insert(place, message);
}
