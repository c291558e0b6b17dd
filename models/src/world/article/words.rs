//! The steps and states of the article's program in words.

use crate::node::Goroutine;
use crate::node::article::{Master, Set, value};
use crate::properties::{AGREEMENT, EVENTUALLY_AGREE, NO_DEADLOCK, ORDER_KEPT};
use crate::subject::Arrow;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use crate::world::{Action, State, World, locked};
use multimaster::{Key, MasterId, Message, Text};
use std::collections::BTreeMap;
use std::fmt;

impl ClusterModel {
    /// A goroutine's step as a sentence, as far as it is known without the state.
    pub(crate) fn goroutine_in_words(&self, action: Action) -> String {
        match self.goroutine_of(action) {
            (at, goroutine @ Goroutine::Client(_)) => format!("{}: a client's next step", self.name(at, goroutine)),
            (at, Goroutine::Loop) => format!("{at}: the receive loop's next step"),
        }
    }

    /// The step of a goroutine as one line of a trace.
    pub(crate) fn goroutine_step_in_words(&self, world: &World<Tables>, action: Action) -> String {
        let (at, goroutine) = self.goroutine_of(action);
        let name = self.name(at, goroutine);
        match action {
            Action::Request { client, place } => format!("{name}: {}", self.scope.clients[client].requests[place]),
            Action::Send { .. } => self.waiting_to_send(world, at, goroutine).map_or_else(
                || format!("{name} does nothing"),
                |(set, to)| match goroutine {
                    Goroutine::Client(_) => format!("{name} sends {} to {to}", set.dot),
                    Goroutine::Loop => format!("{name} relays {} to {to}", set.dot),
                },
            ),
            other => self.received(other).map_or_else(String::new, |set| format!("{name} receives {}", set.dot)),
        }
    }

    /// The value that a received change replaces, if it is a different one.
    pub(crate) fn replaced(&self, world: &World<Tables>, action: Action) -> Option<String> {
        let set = self.received(action)?;
        let (at, _) = self.goroutine_of(action);
        let (tables, (key, new)) = (locked(&self.tables), (&set.key, value(&set)));
        let old = tables.locals[world.local(at)].node.article().data.get(key).filter(|old| *old != new)?;
        Some(format!("{key} = {new} replaces {old}"))
    }

    pub(crate) fn arrow_of_goroutine(&self, world: &World<Tables>, action: Action) -> Arrow {
        let (at, goroutine) = self.goroutine_of(action);
        match (action, self.waiting_to_send(world, at, goroutine)) {
            (Action::Send { .. }, Some((set, to))) => {
                Arrow::Arrives { from: at.index(), to: to.index(), label: set.dot.to_string(), again: false }
            }
            _ => Arrow::At(at.index(), self.goroutine_step_in_words(world, action)),
        }
    }

    /// In words, why the property is false in this world; `None` if it is true.
    pub(crate) fn complaint_of_article(&self, property: &str, world: &World<Tables>) -> Option<String> {
        let masters = || {
            let tables = locked(&self.tables);
            let master = |id: MasterId| tables.locals[world.local(id)].node.article().clone();
            self.scope.topology.ids().map(master).collect::<Vec<Master>>()
        };
        match property {
            AGREEMENT if self.program_is_quiescent(world) => {
                Some(format!("all is quiescent, but {}", self.complaint_of_article(EVENTUALLY_AGREE, world)?))
            }
            EVENTUALLY_AGREE => {
                let masters = masters();
                let other = masters.iter().position(|other| other.data != masters[0].data)?;
                let (a, b) = (MasterId(0), MasterId(other as u16));
                let (one, another) = (readings_of(&masters[0].data), readings_of(&masters[other].data));
                Some(format!("{a} reads {one} and {b} reads {another}"))
            }
            ORDER_KEPT if self.program_is_quiescent(world) => self.reordered(world).map(|(key, writer, other)| {
                let masters = masters();
                let reads = |id: MasterId| {
                    masters[id.index()].data.get(&key).map_or("nothing", |value| value.as_str()).to_owned()
                };
                format!("only {writer} writes {key} and reads {}, but {other} reads {}", reads(writer), reads(other))
            }),
            NO_DEADLOCK if !self.can_step(world) && !self.program_is_quiescent(world) => {
                let waits = self.goroutines().filter_map(|(at, goroutine)| {
                    let ((set, to), name) = (self.waiting_to_send(world, at, goroutine)?, self.name(at, goroutine));
                    let what = if goroutine == Goroutine::Loop { "relay" } else { "send" };
                    Some(format!("{name} waits to {what} {} to {to}", set.dot))
                });
                Some(format!("no goroutine can take a step: {}", waits.collect::<Vec<_>>().join(", ")))
            }
            _ => None,
        }
    }

    /// The goroutine that takes this step, and its master.
    fn goroutine_of(&self, action: Action) -> (MasterId, Goroutine) {
        match action {
            Action::Request { client, .. } => (self.scope.clients[client].at, Goroutine::Client(client as u16)),
            Action::Send { at, goroutine } => (at, goroutine),
            Action::Deliver(envelope) => (self.envelope(envelope).to, Goroutine::Loop),
            other => unreachable!("the article's program takes no such step: {other:?}"),
        }
    }

    /// A goroutine's name: its master's, with a number if the master has several clients.
    fn name(&self, at: MasterId, goroutine: Goroutine) -> String {
        match goroutine {
            Goroutine::Client(client) => name_of(self.scope.clients.iter().map(|client| client.at), client.into()),
            Goroutine::Loop => at.to_string(),
        }
    }

    /// The change that the goroutine has yet to send, and the next receiver.
    fn waiting_to_send(&self, world: &World<Tables>, at: MasterId, goroutine: Goroutine) -> Option<(Set, MasterId)> {
        let tables = locked(&self.tables);
        let (set, to) = tables.locals[world.local(at)].node.article().sending(goroutine)?;
        Some((set.clone(), to))
    }

    /// The change that this step takes out of a channel.
    fn received(&self, action: Action) -> Option<Set> {
        let Action::Deliver(envelope) = action else { return None };
        let envelope = self.envelope(envelope);
        let Message::Push(push) = &envelope.message else { return None };
        push.changes.first().cloned()
    }
}

fn name_of(clients: impl Iterator<Item = MasterId> + Clone, client: usize) -> String {
    let Some(at) = clients.clone().nth(client) else { return String::new() };
    match clients.clone().filter(|other| *other == at).count() {
        1 => at.to_string(),
        _ => format!("{at}/{}", clients.take(client + 1).filter(|other| *other == at).count()),
    }
}

fn readings_of(data: &BTreeMap<Key, Text>) -> String {
    let all: Vec<String> = data.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

impl State {
    /// One line for each master: its readings, its channel's content, and the change that its loop has yet to relay.
    /// Then one for each client: its progress.
    pub(crate) fn write_article(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (world, tables) = (&self.shards.first, self.tables());
        let master = |id: MasterId| tables.locals[world.local(id)].node.article();
        let ids = || (0..).map(MasterId).take(world.masters.len());
        for id in ids() {
            let held =
                world.wire.iter().map(|envelope| &tables.envelopes[*envelope]).filter(|envelope| envelope.to == id);
            let held = held.filter_map(|envelope| match &envelope.message {
                Message::Push(push) => Some(push.changes[0].dot.to_string()),
                Message::Snapshot(_) => None,
            });
            let channel: Vec<String> = held.collect();
            let channel = if channel.is_empty() { "nothing".into() } else { channel.join(" ") };
            write!(f, "{id}  reads {}; its channel holds {channel}", readings_of(&master(id).data))?;
            match master(id).sending(Goroutine::Loop) {
                Some((set, to)) => writeln!(f, "; must relay {} to {to} next", set.dot)?,
                None => writeln!(f)?,
            }
        }
        let goroutine = |client: usize| Goroutine::Client(client as u16);
        let home = |client: usize| ids().filter(move |id| master(*id).runs(goroutine(client)));
        let homes = (0..world.progress().len()).flat_map(home);
        let lines = world.progress().iter().zip(homes.clone()).enumerate().map(|(client, (made, at))| {
            let name = name_of(homes.clone(), client);
            match master(at).sending(goroutine(client)) {
                Some((set, to)) => format!("client {name}: {made} set, must send {} to {to} next", set.dot),
                None => format!("client {name}: {made} set"),
            }
        });
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}
