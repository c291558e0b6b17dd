//! The handling of a master's mail, by the calls that `Replica` documents.

use super::host::{Happening, KEPT, Mail, nanoseconds};
use super::network::{Asked, Built, Sent};
use super::run::Simulation;
use super::wire;
use crate::node::any_rule::AnyMessage;
use multimaster::record::Event;
use multimaster::{Message, Outcome, VersionVector};
use std::rc::Rc;

impl Simulation<'_> {
    /// Handles all mail of the master in order, and then sends the new changes to its neighbours.
    pub(super) fn read_mail(&mut self, master: usize) {
        let begun = self.now;
        self.hosts[master].called = false;
        let mut has_news = false;
        while let Some(mail) = self.hosts[master].mail.pop_front() {
            has_news |= self.handle(master, mail);
        }
        if has_news {
            self.truncate(master);
            self.flush(master);
        }
        let host = &mut self.hosts[master];
        host.free_at = self.now;
        host.occupied += self.now - begun;
    }

    /// Handles one item. Returns whether there may be changes to send to neighbours.
    fn handle(&mut self, master: usize, mail: Mail) -> bool {
        match mail {
            Mail::Write { key, op, asked } => {
                self.spend();
                let key_name = self.key(key).to_owned();
                let replica = &mut self.hosts[master].replica;
                let at = replica.id();
                let noted = self.record.is_some().then(|| op.clone());
                let answer = replica.write(&key_name, op);
                match &answer {
                    Ok(dot) => self.meter.acknowledged(*dot, at, key, asked, self.now),
                    Err(_) => self.meter.refused += 1,
                }
                let is_new = answer.is_ok();
                if let Some(op) = noted {
                    self.note(|| Event::Write { at, key: key_name.into(), op, answer });
                }
                is_new
            }
            Mail::Read { key } => {
                self.spend();
                let replica = &self.hosts[master].replica;
                self.meter.read(key, replica.digest(), self.now);
                if self.record.is_some() {
                    let (at, reading) = (replica.id(), replica.read(self.key(key)));
                    let key = self.key(key).into();
                    self.note(|| Event::Read { at, key, reading });
                }
                false
            }
            Mail::Message(sent) => {
                // A message of a link that breaks is rare: do not look at the link.
                if self.breaks == 0 || sent.breaks == self.links[sent.link].breaks {
                    return self.receive(sent);
                }
                self.lose(sent.link, &sent.message);
                false
            }
            Mail::Digest(Asked { link, breaks, digest }) => {
                if breaks == self.links[link].breaks {
                    self.answer(link, digest);
                }
                false
            }
            Mail::Ask(link) => {
                self.ask(link);
                false
            }
            Mail::Flush => true,
            Mail::Tick => {
                let tick = nanoseconds(self.setting.tick);
                for place in 0..self.hosts[master].into.len() {
                    let link = self.hosts[master].into[place];
                    if self.now >= self.links[link].heard + tick {
                        self.ask(link);
                    }
                }
                false
            }
        }
    }

    fn receive(&mut self, sent: Sent) -> bool {
        self.spend();
        let Sent { message: built, link, to, answers, .. } = sent;
        let host = &mut self.hosts[to.index()];
        host.handled += 1;
        let news = built.brings(host.replica.digest());
        if news.is_empty() && self.record.is_none() {
            // As `Replica::receive` would say, without a change of the replica; most messages are of this kind.
            self.meter.outcomes.duplicates += 1;
            return false;
        }
        let from = self.links[link].from;
        let message = &built.message;
        let is_full = matches!(message, Message::Push(push) if push.changes.len() == self.setting.batch);
        let noted = self.record.is_some().then(|| message.clone());
        let message = Rc::try_unwrap(built).map_or_else(|shared| shared.message.clone(), |built| built.message);
        let outcome = host.replica.receive(from, message);
        if let Some(message) = noted {
            let outcome = outcome.clone();
            self.note(|| Event::Deliver { from, to, message, outcome });
        }
        match outcome {
            Outcome::Applied | Outcome::Stale => {
                self.meter.outcomes.applied += 1;
                news.into_iter().for_each(|dot| self.meter.arrived(dot, to, self.now));
                if answers {
                    self.links[link].asked_until = 0;
                    if is_full {
                        self.ask(link);
                    }
                }
                true
            }
            Outcome::Duplicate => {
                self.meter.outcomes.duplicates += 1;
                false
            }
            Outcome::Gap => {
                self.meter.outcomes.gaps += 1;
                // The answer to a digest sent a moment ago fills this gap too.
                if self.now >= self.links[link].asked_until {
                    self.ask(link);
                }
                false
            }
            Outcome::Refused(error) => unreachable!("{to} refuses a message of {from}: {error}"),
        }
    }

    /// Sends all new changes to the neighbours. Most of them get the same message.
    fn flush(&mut self, master: usize) {
        let batch = self.setting.batch;
        let mut longest: Option<Rc<Built>> = None;
        for place in 0..self.hosts[master].out.len() {
            let link = self.hosts[master].out[place];
            let (from, to) = (self.links[link].from, self.links[link].to);
            if !self.links[link].is_open() {
                continue;
            }
            loop {
                let replica = &mut self.hosts[master].replica;
                let shared = longest.as_ref().filter(|longest| match &longest.message {
                    Message::Push(push) => replica.shares_push(to, push, batch),
                    Message::Snapshot(_) => false,
                });
                let message = match shared {
                    Some(shared) => Rc::clone(shared),
                    None => match replica.next_push(to, batch) {
                        Some(message) => self.built(message),
                        None => break,
                    },
                };
                // A message from which split horizon keeps something is of use to few.
                if longest.as_ref().is_none_or(|longest| longest.length <= message.length) {
                    longest = Some(Rc::clone(&message));
                }
                self.note(|| Event::Push { from, to, max: batch });
                self.send(link, message, false);
            }
        }
    }

    /// Sends the digest of the link's receiver.
    fn ask(&mut self, link: usize) {
        let (from, to) = (self.links[link].from, self.links[link].to);
        if !self.links[link].is_open() {
            return;
        }
        self.spend();
        let host = &mut self.hosts[to.index()];
        host.handled += 1;
        let digest = host.replica.digest().clone();
        self.note(|| Event::Ask { receiver: to, sender: from });
        self.meter.digests += 1;
        self.meter.bytes += self.meter.length_of_vector(&digest);
        let soonest = self.now + self.travel(link);
        let line = &mut self.links[link];
        line.asked_until = self.now + 3 * line.delay;
        if self.random.f64() >= self.case.loss {
            let (arrives, breaks) = (line.digest_arrives(soonest), line.breaks);
            self.add(arrives, Happening::Digest(Asked { digest, link, breaks }));
        }
    }

    fn answer(&mut self, link: usize, digest: VersionVector) {
        self.spend();
        let (from, to) = (self.links[link].from, self.links[link].to);
        let host = &mut self.hosts[from.index()];
        host.handled += 1;
        let max = self.setting.batch;
        let message = host.replica.answer(&digest, max);
        self.note(|| Event::Answer { sender: from, receiver: to, digest, max });
        if let Some(message) = message {
            let message = self.built(message);
            self.send(link, message, true);
        }
    }

    fn built(&mut self, message: AnyMessage) -> Rc<Built> {
        let length = wire::length(&message, &mut self.meter);
        Rc::new(Built::new(message, length))
    }

    fn send(&mut self, link: usize, message: Rc<Built>, answers: bool) {
        self.spend();
        self.hosts[self.links[link].from.index()].handled += 1;
        self.meter.messages += 1;
        self.meter.bytes += message.length;
        self.meter.outcomes.snapshots += u64::from(matches!(message.message, Message::Snapshot(_)));
        if self.random.f64() < self.case.loss {
            return self.lose(link, &message);
        }
        let soonest = self.now + self.travel(link);
        let line = &mut self.links[link];
        let (arrives, breaks, to) = (line.message_arrives(soonest), line.breaks, line.to);
        self.add(arrives, Happening::Arrival(Sent { message, link, breaks, to, answers }));
    }

    pub(super) fn lose(&mut self, link: usize, message: &Built) {
        let (from, to) = (self.links[link].from, self.links[link].to);
        self.meter.outcomes.lost += 1;
        self.note(|| Event::Lose { from, to, message: message.message.clone() });
    }

    pub(super) fn arrive(&mut self, sent: Sent) {
        if self.has_ticks {
            self.links[sent.link].heard = self.now;
        }
        self.post(sent.to.index(), Mail::Message(sent));
    }

    pub(super) fn arrive_digest(&mut self, asked: Asked) {
        let from = self.links[asked.link].from.index();
        self.post(from, Mail::Digest(asked));
    }

    /// Occupies the master for the time that a message takes.
    fn spend(&mut self) {
        self.now += nanoseconds(self.setting.cost);
    }

    /// The time that the next message over the link takes.
    fn travel(&mut self, link: usize) -> u64 {
        let delay = self.links[link].delay;
        delay + (delay as f64 * self.setting.jitter * self.random.f64()) as u64
    }

    /// Truncates a log that is too long, as the running master does.
    fn truncate(&mut self, master: usize) {
        let host = &mut self.hosts[master];
        if host.replica.log_len() < host.truncate_at {
            return;
        }
        let sent = KEPT.min(self.setting.log);
        let keep = host.replica.unsent().clamp(sent, self.setting.log);
        host.replica.truncate(keep);
        host.truncate_at = keep + sent;
        let at = host.replica.id();
        self.note(|| Event::Truncate { at, keep });
    }
}
