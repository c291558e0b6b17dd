//! The class of each action, for random walks.

use super::{Action, DigestSent};
use crate::node::Envelope;
use crate::subject::{Class, Role};
use crate::world::cluster::ClusterModel;
use multimaster::MasterId;

impl ClusterModel {
    pub(crate) fn class_of(&self, action: Action) -> Class {
        use Role::{Fault, Progress, Request};
        let in_flight = |kind, role, envelope| {
            let Envelope { from, to, .. } = *self.envelope(envelope);
            Class::of(kind, role, from, to)
        };
        let at = |kind, role, at: MasterId| Class::of(kind, role, at, at);
        let path = |kind, cut: usize| {
            let (from, to) = self.scope.failures.severed[cut].paths[0];
            Class::of(kind, if kind == "cuts" { Fault } else { Progress }, from, to)
        };
        match action {
            Action::Request { client, .. } => at("requests", Request, self.scope.clients[client].at),
            Action::Choose(index) => at("requests", Request, self.scope.free.of[index].0),
            Action::Call { at: master, .. } => at("requests of sessions", Request, master),
            Action::Deliver(envelope) => in_flight("deliveries", Progress, envelope),
            Action::Stream { from, to, .. } => Class::of("deliveries", Progress, from, to),
            Action::Repeat(envelope) | Action::Duplicate(envelope) => in_flight("duplicates", Fault, envelope),
            Action::Lose(envelope) => in_flight("losses", Fault, envelope),
            Action::Tick { receiver, sender } | Action::SendDigest { receiver, sender } => {
                Class::of("digests", Progress, receiver, sender)
            }
            Action::AnswerDigest { digest_sent, .. } => {
                let DigestSent { receiver, sender, .. } = self.digest_sent(digest_sent);
                Class::of("answers to digests", Progress, sender, receiver)
            }
            Action::Break { from, to } => Class::of("resets", Fault, from, to),
            Action::Resume { from, to } => Class::of("resumptions", Progress, from, to),
            Action::Push { from, to, .. } => Class::of("pushes", Progress, from, to),
            Action::Send { at: master, .. } => at("sends", Progress, master),
            Action::Cut(cut) => path("cuts", cut),
            Action::Heal(cut) => path("healed cuts", cut),
            Action::Crash { at: master } => at("crashes", Fault, master),
            Action::Restart { at: master } => at("restarts", Progress, master),
            Action::Repair => Class::of("repairs", Progress, MasterId(0), MasterId(0)),
            Action::Save { at: master } => at("flushes", Progress, master),
            Action::Tell { from, to } => Class::of("tellings", Progress, from, to),
            Action::Collect { at: master } => at("collections", Progress, master),
            Action::Pass { at: master } => at("passings of time", Progress, master),
            Action::Truncate { at: master, .. } => at("cuts of logs", Progress, master),
        }
    }
}
