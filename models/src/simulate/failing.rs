//! Cuts and crashes as they begin and end.

use super::host::{Mail, Turn};
use super::run::Simulation;
use multimaster::MasterId;
use multimaster::record::{Event, Kept};

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
        host.replica.restart(None).expect("it keeps its origin");
        for mail in std::mem::take(&mut host.mail) {
            match mail {
                Mail::Message { link, message, .. } => self.lose(link, message),
                Mail::Write { .. } => self.meter.refused += 1,
                _ => {}
            }
        }
        self.note(|| Event::Crash { at, kept: Kept::All, fresh: None });
        self.each_link(
            |from, to, _| from == at || to == at,
            |simulation, link| {
                simulation.links[link].down += 1;
                simulation.links[link].breaks += 1;
            },
        );
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
