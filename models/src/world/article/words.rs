//! The article's steps and states in words.

use super::{Action, Article, Deed, NO_DEADLOCK, ORDER_KEPT, Progress, State};
use crate::model::Model;
use crate::properties::AGREEMENT;
use crate::subject::{Arrow, Subject};
use multimaster::{Key, MasterId, Text};
use std::collections::BTreeMap;
use std::fmt;

impl Subject for Article {
    fn format_action(&self, action: &Action) -> String {
        match action {
            Action::Client(_) => format!("{}: a client's next step", self.name(*action)),
            Action::Loop(at) => format!("{at}: the receive loop's next step"),
        }
    }

    fn describe(&self, state: &State, action: &Action) -> String {
        let name = self.name(*action);
        match (self.deed(state, *action), action) {
            (Some(Deed::Write(dot)), _) => format!("{name}: set {} = {}", self.writes[&dot].0, self.writes[&dot].1),
            (Some(Deed::Send((dot, to))), Action::Client(_)) => format!("{name} sends {dot} to {to}"),
            (Some(Deed::Send((dot, to))), Action::Loop(_)) => format!("{name} relays {dot} to {to}"),
            (Some(Deed::Receive(dot)), _) => format!("{name} receives {dot}"),
            (None, _) => format!("{name} does nothing"),
        }
    }

    fn remark(&self, state: &State, action: &Action) -> Option<String> {
        let (Some(Deed::Receive(dot)), Action::Loop(at)) = (self.deed(state, *action), action) else { return None };
        let (key, value) = &self.writes[&dot];
        let old = state.data[at.index()].get(key).filter(|old| *old != value)?;
        Some(format!("{key} = {value} replaces {old}"))
    }

    fn masters(&self) -> Vec<String> {
        self.topology.ids().map(|id| id.to_string()).collect()
    }

    fn readings(&self, state: &State) -> Vec<String> {
        state.data.iter().map(readings_of).collect()
    }

    fn complaint(&self, property: &str, state: &State) -> Option<String> {
        let holds = self.properties().iter().find(|p| p.name == property).is_none_or(|p| (p.condition)(self, state));
        match property {
            _ if holds => None,
            AGREEMENT => {
                let reads = self.readings(state);
                let other = reads.iter().position(|other| *other != reads[0])?;
                let (a, b) = (MasterId(0), MasterId(other as u16));
                Some(format!("all is at rest, but {a} reads {} and {b} reads {}", reads[0], reads[other]))
            }
            ORDER_KEPT => self.out_of_order(state).map(|(key, writer, other)| {
                let reads = |id: MasterId| state.data[id.index()].get(key).map_or("nothing", |value| value.as_str());
                format!("only {writer} writes {key} and reads {}, but {other} reads {}", reads(writer), reads(other))
            }),
            NO_DEADLOCK => {
                let waits = self.goroutines().filter_map(|action| match self.deed(state, action)? {
                    Deed::Send((dot, to)) => Some(match action {
                        Action::Client(_) => format!("{} waits to send {dot} to {to}", self.name(action)),
                        Action::Loop(at) => format!("{at} waits to relay {dot} to {to}"),
                    }),
                    _ => None,
                });
                Some(format!("nobody can go on: {}", waits.collect::<Vec<_>>().join(", ")))
            }
            _ => None,
        }
    }

    fn arrow(&self, state: &State, action: &Action) -> Arrow {
        let at = self.at(*action).index();
        match self.deed(state, *action) {
            Some(Deed::Send((dot, to))) => {
                Arrow::Arrives { from: at, to: to.index(), label: dot.to_string(), again: false }
            }
            _ => Arrow::At(at, self.describe(state, action)),
        }
    }
}

impl Article {
    fn at(&self, action: Action) -> MasterId {
        match action {
            Action::Client(client) => self.clients[client].at,
            Action::Loop(at) => at,
        }
    }

    /// A goroutine's name: its master's, with a number where that has several clients.
    pub(super) fn name(&self, action: Action) -> String {
        match action {
            Action::Client(client) => name_of(self.clients.iter().map(|client| client.at), client),
            Action::Loop(at) => at.to_string(),
        }
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

/// Per master what it reads, what is in the channel to it and what its loop still has to pass on; per client how far it
/// is.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, data) in self.data.iter().enumerate() {
            let channel: Vec<String> = self.channels[place].iter().map(|dot| dot.to_string()).collect();
            let channel = if channel.is_empty() { "nothing".into() } else { channel.join(" ") };
            write!(f, "{}  reads {}; its channel holds {channel}", MasterId(place as u16), readings_of(data))?;
            match &self.loops[place] {
                Some((dot, to)) => writeln!(f, "; must relay {dot} to {to} next")?,
                None => writeln!(f)?,
            }
        }
        let lines = self.clients.iter().enumerate().map(|(client, Progress { made, sending, .. })| {
            let name = name_of(self.clients.iter().map(|client| client.at), client);
            match sending {
                Some((dot, to)) => format!("client {name}: {made} set, must send {dot} to {to} next"),
                None => format!("client {name}: {made} set"),
            }
        });
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}
