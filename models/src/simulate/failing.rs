//! Cuts and crashes as they begin and end.

use super::faults::Keeps;
use super::host::{Mail, Turn};
use super::run::Simulation;
use crate::node::any_rule::AnyReplica;
use multimaster::record::{Event, Kept};
use multimaster::{MasterId, Replica};

impl Simulation<'_> {
    pub(super) fn turn(&mut self, turn: Turn) {
        match turn {
            Turn::Cut(cut) => self.each_link(
                |from, to, masters| cut.paths.contain(from, to, masters),
                |simulation, link| {
                    let line = &mut simulation.links[link];
                    let (from, to) = (line.from, line.to);
                    line.cuts += 1;
                    line.breaks += 1;
                    simulation.breaks += 1;
                    if line.cuts == 1 {
                        simulation.note(|| Event::Cut { from, to });
                    }
                },
            ),
            Turn::Heal(cut) => {
                self.heal();
                self.each_link(
                    |from, to, masters| cut.paths.contain(from, to, masters),
                    |simulation, link| {
                        let line = &mut simulation.links[link];
                        let (from, to) = (line.from, line.to);
                        line.cuts -= 1;
                        if line.cuts == 0 {
                            simulation.note(|| Event::Heal { from, to });
                            simulation.reconnect(link);
                        }
                    },
                );
            }
            Turn::Flush(at) => {
                let host = &mut self.hosts[at.index()];
                host.flushed = Some(host.replica.clone());
                self.note(|| Event::Save { at });
            }
            Turn::Crash(at) => self.crash(at),
            Turn::Restart(at) => self.restart(at),
        }
    }

    /// Crashes the master. Its unhandled mail is lost, and clients get no answer to the requests in it.
    fn crash(&mut self, at: MasterId) {
        let host = &mut self.hosts[at.index()];
        if !host.is_up {
            return;
        }
        host.is_up = false;
        for mail in std::mem::take(&mut host.mail) {
            match mail {
                Mail::Message(sent) => self.lose(sent.link, &sent.message),
                Mail::Write { .. } => self.meter.refused += 1,
                _ => {}
            }
        }
        let (kept, fresh) = self.forget(at);
        self.note(|| Event::Crash { at, kept, fresh });
        self.each_link(
            |from, to, _| from == at || to == at,
            |simulation, link| {
                simulation.links[link].down += 1;
                simulation.links[link].breaks += 1;
                simulation.breaks += 1;
            },
        );
    }

    /// Brings the master's replica to the state that the crash has left. Returns what is left, and the origin of later
    /// writes if it is a fresh one.
    fn forget(&mut self, at: MasterId) -> (Kept, Option<MasterId>) {
        let host = &mut self.hosts[at.index()];
        let old = host.replica.digest().clone();
        let (kept, left) = match self.setting.keeps {
            Keeps::All => (Kept::All, None),
            Keeps::Flushed(_) => (Kept::Saved, Some(host.flushed.take())),
            Keeps::Nothing => (Kept::Nothing, Some(None)),
        };
        let fresh = left.is_some().then_some(MasterId(self.origins));
        if let Some(left) = left {
            let empty = || Replica::new(at, host.replica.rule().clone(), &self.topology);
            host.replica = left.unwrap_or_else(empty);
            self.origins += 1;
            let expect = |replica: &mut AnyReplica| replica.expect_origins(self.origins);
            self.hosts.iter_mut().for_each(|host| expect(&mut host.replica));
        }
        let replica = &mut self.hosts[at.index()].replica;
        replica.restart(fresh).expect("each crash has an origin of its own");
        self.meter.forgotten(at, &old, replica.digest());
        (kept, fresh)
    }

    /// Restarts the master, unless it was dead from the start.
    fn restart(&mut self, at: MasterId) {
        let host = &mut self.hosts[at.index()];
        if host.is_up || !self.meter.counts(at) {
            return;
        }
        host.is_up = true;
        self.heal();
        self.note(|| Event::Restart { at });
        self.each_link(
            |from, to, _| from == at || to == at,
            |simulation, link| {
                simulation.links[link].down -= 1;
                simulation.reconnect(link);
            },
        );
    }

    /// If the link is open again, its receiver sends a digest, and its sender the changes that it has not sent yet.
    fn reconnect(&mut self, link: usize) {
        let line = &self.links[link];
        if line.is_open() {
            let (from, to) = (line.from.index(), line.to.index());
            self.post(to, Mail::Ask(link));
            self.post(from, Mail::Flush);
        }
    }

    fn each_link(&mut self, is_meant: impl Fn(MasterId, MasterId, u16) -> bool, act: impl Fn(&mut Self, usize)) {
        let masters = self.hosts.len() as u16;
        for link in 0..self.links.len() {
            if is_meant(self.links[link].from, self.links[link].to, masters) {
                act(self, link);
            }
        }
    }
}
