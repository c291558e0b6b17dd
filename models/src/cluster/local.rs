//! A step at one master: the shipping replica takes it if it is new, and it is looked up if it is not.

use super::outcomes::{Arrival, Asked, Receipt, Settled, Wrote};
use super::tables::{Queued, Tables, pair};
use super::{Cluster, Judgement, Letter, Master, State, written};
use crate::any_rule::{AnyMessage, AnyReplica};
use crate::history::History;
use crate::scope::Link;
use crate::subject::Sent;
use multimaster::{MasterId, Message, Outcome, Push, Replica, Request};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Cluster {
    pub(super) fn write(
        &self,
        tables: &mut Tables,
        next: &mut State,
        at: MasterId,
        (asked, request): (Asked, &Request),
        sent: &mut Sent,
    ) {
        let local = next.local(at);
        let key = (local, next.history, asked);
        let wrote = tables.writes.get(&key).copied().unwrap_or_else(|| {
            let mut replica = Replica::clone(&tables.locals[local].replica);
            let mut history = History::clone(&tables.histories[next.history].history);
            let past = history.past_of(&replica);
            let request = self.timed(&replica, &history, request);
            let wrote = written(&mut replica, &request, past).ok().map(|write| {
                history.add(write);
                Wrote { settled: self.settled(tables, local, replica), history: tables.history(history) }
            });
            tables.writes.insert(key, wrote);
            wrote
        });
        if let Some(Wrote { settled, history }) = wrote {
            next.history = history;
            self.settle(tables, next, at, settled, sent);
        }
    }

    /// The letter arrives: at whom.
    pub(super) fn deliver(&self, tables: &mut Tables, next: &mut State, number: u32, sent: &mut Sent) -> MasterId {
        let (from, to) = (tables.letters[number].from, tables.letters[number].to);
        let local = next.local(to);
        let receipt = self.receipt(tables, local, number);
        match receipt.outcome {
            Arrival::TakenIn => self.settle(tables, next, to, receipt.settled, sent),
            Arrival::Gap => self.ask(tables, next, to, from, sent),
            Arrival::Duplicate => {
                if self.tamper.as_ref().is_some_and(|tamper| tamper.forwards_duplicates) {
                    let onward: Vec<MasterId> = self.scope.topology.sends_to(to).collect();
                    for peer in onward {
                        let message = tables.letters[number].message.clone();
                        let letter = self.sealed(&tables.locals[local].replica, peer, message);
                        let letter = letter.map(|letter| tables.letter(Arc::new(letter)));
                        self.send(tables, next, letter, sent);
                    }
                }
            }
            Arrival::Refused => {}
        }
        to
    }

    /// Whether the letter builds on something that this master has not seen.
    pub(super) fn finds_gap(&self, tables: &mut Tables, receiver: u32, letter: u32) -> bool {
        self.receipt(tables, receiver, letter).outcome == Arrival::Gap
    }

    /// What comes of the letter's arrival at this master.
    fn receipt(&self, tables: &mut Tables, receiver: u32, number: u32) -> Receipt {
        let key = pair(receiver, number);
        tables.receipts.get(&key).copied().unwrap_or_else(|| {
            let mut replica = Replica::clone(&tables.locals[receiver].replica);
            let letter = Arc::clone(&tables.letters[number]);
            let outcome = match self.receive(&mut replica, letter.from, letter.message.clone()) {
                Outcome::Applied | Outcome::Stale => Arrival::TakenIn,
                Outcome::Gap => Arrival::Gap,
                Outcome::Duplicate => Arrival::Duplicate,
                Outcome::Refused(fault) => {
                    // A right peer's message is never refused: the bug would be ours, in the protocol or in the model.
                    assert!(self.tamper.is_some(), "{} refused {}: {fault}", letter.to, letter.message);
                    Arrival::Refused
                }
            };
            let settled = match outcome {
                Arrival::TakenIn => self.settled(tables, receiver, replica),
                _ => {
                    debug_assert!(self.tamper.is_some() || replica == *tables.locals[receiver].replica);
                    Settled { after: receiver, outbox: Default::default() }
                }
            };
            let receipt = Receipt { outcome, settled };
            tables.receipts.insert(key, receipt);
            receipt
        })
    }

    pub(crate) fn receive(&self, receiver: &mut AnyReplica, from: MasterId, message: AnyMessage) -> Outcome {
        match &self.tamper {
            Some(tamper) => (tamper.receive)(receiver, from, message),
            None => receiver.receive(from, message),
        }
    }

    /// The master `before` has taken something in, which has made it `replica`: what it now has to send goes out at once,
    /// except over streams and running links, where it waits; then the log is cut, which in a running master is a step of its
    /// own.
    fn settled(&self, tables: &mut Tables, before: u32, mut replica: AnyReplica) -> Settled {
        if self.counts_waiting() {
            return Settled { after: self.counted(tables, before, replica), outbox: Default::default() };
        }
        let mut outbox = Vec::new();
        if matches!(self.scope.link, Link::Datagram { .. } | Link::Soup) {
            outbox = self.drained(&mut replica, self.scope.batch);
        }
        if let Some(keep) = self.scope.log
            && !matches!(self.scope.link, Link::Running { .. })
        {
            replica.truncate(keep);
        }
        let sealed = outbox.into_iter().filter_map(|(to, message)| self.sealed(&replica, to, message));
        let outbox: Vec<u32> = sealed.map(|letter| tables.letter(Arc::new(letter))).collect();
        Settled { after: tables.local(replica), outbox: tables.keep_outbox(&outbox) }
    }

    /// All that the master has to send, in messages of so many changes: it now has sent it.
    fn drained(&self, replica: &mut AnyReplica, max: usize) -> Vec<(MasterId, AnyMessage)> {
        let mut drained = Vec::new();
        for to in self.scope.topology.sends_to(replica.id()) {
            while let Some(message) = replica.next_push(to, max) {
                drained.push((to, message));
            }
        }
        drained
    }

    /// The number of the master `replica` with nothing yet to send, where states count what waits: what it has to send now
    /// comes after all that `before` ever had.
    fn counted(&self, tables: &mut Tables, before: u32, mut replica: AnyReplica) -> u32 {
        let (from, drained) = (replica.id(), self.drained(&mut replica, 1));
        let after = tables.local_with(replica, |tables| {
            let mut streams = tables.locals[before].streams.clone();
            for (to, message) in drained {
                if let Message::Push(Push { changes, .. }) = &message {
                    let dot = changes[0].dot;
                    let letter = tables.letter(Arc::new(Letter::new(from, to, message)));
                    streams[to.index()].push(Queued { letter, dot });
                }
            }
            streams
        });
        debug_assert!(tables.locals[after].streams.iter().flatten().all(|Queued { letter, .. }| {
            let mut sender = Replica::clone(&tables.locals[after].replica);
            tables.wind_back(&mut sender, *letter);
            let Letter { to, message, .. } = &*tables.letters[*letter];
            sender.next_push(*to, 1).as_ref() == Some(message)
        }));
        after
    }

    /// How this master is judged by what has been written.
    pub(super) fn judge(&self, tables: &mut Tables, local: u32, history: u32) -> Judgement {
        let core = tables.locals[local].core;
        let key = pair(core, history);
        tables.judgements.get(&key).copied().unwrap_or_else(|| {
            let seen = tables.selection_seen(history, core);
            let judgement = *tables.judged.entry(pair(core, seen)).or_insert_with(|| {
                let (replica, history) = (&tables.locals[core].replica, &tables.histories[history].history);
                Judgement::of(replica, history, self.specification, self.claims)
            });
            if judgement.unsure() {
                self.unsure.store(true, Ordering::Relaxed);
            }
            tables.judgements.insert(key, judgement);
            judgement
        })
    }

    /// The master at `at` becomes what it has settled to, is judged, and is not sent again what it now has.
    fn settle(
        &self,
        tables: &mut Tables,
        next: &mut State,
        at: MasterId,
        Settled { after, outbox }: Settled,
        sent: &mut Sent,
    ) {
        let judgement = self.judge(tables, after, next.history);
        next.masters[at.index()] = Master { local: after, judgement };
        // A running link delivers also what brings nothing.
        if matches!(self.scope.link, Link::Datagram { .. } | Link::Soup) {
            next.wire.retain(|letter| tables.letters[*letter].to != at || !self.is_spent(tables, after, *letter));
        }
        for place in 0..tables.outbox(outbox).len() {
            let letter = tables.outbox(outbox)[place];
            self.send(tables, next, Some(letter), sent);
        }
    }

    /// `asker`'s digest reaches `feeder`, and the answer is on its way.
    pub(super) fn ask(
        &self,
        tables: &mut Tables,
        next: &mut State,
        asker: MasterId,
        feeder: MasterId,
        sent: &mut Sent,
    ) {
        let (feeder, digest) = (tables.locals[next.local(feeder)].core, tables.locals[next.local(asker)].digest);
        let key = (feeder, asker, digest);
        let answer = tables.answers.get(&key).copied().unwrap_or_else(|| {
            let answer = self.answer_to(tables, feeder, (asker, digest), self.scope.batch);
            let letter = answer.map(|letter| tables.letter(Arc::new(letter)));
            tables.answers.insert(key, letter);
            letter
        });
        self.send(tables, next, answer, sent);
    }

    /// What a feeder with this core answers the asker, whose digest has this number.
    pub(super) fn answer_to(
        &self,
        tables: &Tables,
        core: u32,
        (asker, digest): (MasterId, u32),
        max: usize,
    ) -> Option<Letter> {
        let feeder = &tables.locals[core].replica;
        let answer = feeder.answer(&tables.digests[digest], max);
        answer.and_then(|answer| self.sealed(feeder, asker, answer))
    }

    /// The letter, if there is one, goes out, counted, and is in flight unless it is spent.
    fn send(&self, tables: &mut Tables, next: &mut State, letter: Option<u32>, sent: &mut Sent) {
        let Some(letter) = letter else { return };
        next.count(tables, letter, sent);
        let is_there = self.scope.link == Link::Soup && next.wire.contains(&letter);
        let receiver = next.local(tables.letters[letter].to);
        if !is_there && !self.is_spent(tables, receiver, letter) {
            next.fly(tables, letter);
        }
    }

    /// The message as it goes out; `None` if a tampered sender keeps it to itself.
    pub(crate) fn sealed(&self, sender: &AnyReplica, to: MasterId, mut message: AnyMessage) -> Option<Letter> {
        let goes_out = self.tamper.as_ref().is_none_or(|tamper| (tamper.send)(sender, to, &mut message));
        goes_out.then(|| Letter::new(sender.id(), to, message))
    }

    /// Whether the letter will never again do anything, so that it need not be kept in the state.
    ///
    /// `receive` looks first whether everything in a message has been seen, does nothing then, and believes nothing by
    /// having got it; and what has been seen stays seen. (Checked against a real `receive` wherever debug assertions are
    /// on, as in all tests.) Of a tampered protocol nothing is assumed: the letter is delivered on trial.
    fn is_spent(&self, tables: &mut Tables, receiver: u32, letter: u32) -> bool {
        match &self.tamper {
            Some(tamper) if tamper.forwards_duplicates || tamper.repeats_count => false,
            Some(_) => self.does_nothing(tables, receiver, letter),
            None => {
                let spent = !tables.letters[letter].message.is_news_to(tables.digest(receiver));
                debug_assert!(!spent || self.does_nothing(tables, receiver, letter));
                spent
            }
        }
    }

    fn does_nothing(&self, tables: &mut Tables, receiver: u32, letter: u32) -> bool {
        self.receipt(tables, receiver, letter).outcome == Arrival::Duplicate
    }
}
