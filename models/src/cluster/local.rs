//! A step at one master: the shipping replica takes it if it is new, and it is looked up if it is not.

use super::tables::{Arrival, Asked, Receipt, Settled, Tables, Waiting, Wrote};
use super::{Cluster, Judgement, Letter, Master, State, written};
use crate::scope::Link;
use crate::subject::Sent;
use multimaster::{MasterId, MessageOf, Outcome, Replica, Request, Resolver};
use std::sync::Arc;

impl<R: Resolver> Cluster<R> {
    /// The number of the master `replica`.
    pub(super) fn local(&self, tables: &mut Tables<R>, replica: Replica<R>) -> u32 {
        tables.local(replica, self.scope.topology.masters(), self.derives())
    }

    /// Whether a master can be told from its core and what it has yet to send.
    pub(super) fn derives(&self) -> bool {
        matches!(self.scope.link, Link::Stream { .. }) && self.scope.log.is_none() && self.tamper.is_none()
    }

    /// What decides, with what waits for whom it sends to, what a master will do: over streams, the core. Where logs are
    /// cut, what is left of a log depends on what had been sent of it: then all that the master knows.
    pub(super) fn part_of(&self, tables: &Tables<R>, local: u32) -> u32 {
        if self.scope.log.is_none() { tables.locals[local].core } else { local }
    }

    /// A master with the same [part](Self::part_of) as `local`, but perhaps more or less waiting, came to be another by taking
    /// something in: what `local` comes to be. It is the same, with as much more waiting. `again` works it out.
    fn likewise(
        &self,
        tables: &mut Tables<R>,
        local: u32,
        (before, after): (u32, u32),
        again: impl Fn(&Tables<R>) -> Replica<R>,
    ) -> u32 {
        let changed = if local == before {
            after
        } else {
            let [here, before, after] = [local, before, after].map(|number| &tables.locals[number]);
            // As a slice: element by element takes several times as long.
            let mut waiting = Waiting::from_slice(&here.waiting);
            for (waiting, (after, before)) in waiting.iter_mut().zip(after.waiting.iter().zip(&before.waiting)) {
                *waiting = *waiting + after - before;
            }
            let core = after.core;
            let own = (!self.derives()).then(|| Arc::new(again(tables)));
            tables.local_of(core, waiting, own)
        };
        debug_assert!(!self.derives() || *tables.replica(changed) == again(tables));
        changed
    }

    pub(super) fn write(
        &self,
        tables: &mut Tables<R>,
        next: &mut State<R>,
        at: MasterId,
        (asked, request): (Asked, &Request),
        sent: &mut Sent,
    ) {
        let local = next.local(at);
        let key = (self.part_of(tables, local), next.history, asked);
        let wrote = tables.writes.get(&key).copied().unwrap_or_else(|| {
            let writer = tables.receiver(local);
            let mut replica = Replica::clone(&tables.replica(writer));
            let mut history = tables.histories[next.history].as_ref().clone();
            let past = history.past_of(&replica);
            let wrote = written(&mut replica, request, past).ok().map(|write| {
                history.add(write);
                Wrote { settled: self.settled(tables, writer, replica), history: tables.history(history) }
            });
            tables.writes.insert(key, wrote);
            wrote
        });
        if let Some(Wrote { settled, history }) = wrote {
            next.history = history;
            let again = |tables: &Tables<R>| {
                let mut replica = Replica::clone(&tables.replica(local));
                let _ = replica.write(&request.key, request.op.clone());
                replica
            };
            self.settle(tables, next, at, settled, again, sent);
        }
    }

    /// The letter arrives: at whom.
    pub(super) fn deliver(
        &self,
        tables: &mut Tables<R>,
        next: &mut State<R>,
        number: u32,
        sent: &mut Sent,
    ) -> MasterId {
        let (from, to) = (tables.letters[number].from, tables.letters[number].to);
        let local = next.local(to);
        if let Some(after) = tables.arrivals.get(&(local, number)).copied() {
            self.becomes(tables, next, to, after);
            return to;
        }
        let receipt = self.receipt(tables, local, number);
        match receipt.outcome {
            Arrival::TakenIn => {
                let again = |tables: &Tables<R>| {
                    let mut replica = Replica::clone(&tables.replica(local));
                    self.receive(&mut replica, from, tables.letters[number].message.clone());
                    replica
                };
                self.settle(tables, next, to, receipt.settled, again, sent);
                if self.derives() {
                    tables.arrivals.insert((local, number), next.local(to));
                }
            }
            Arrival::Gap => self.ask(tables, next, to, from, sent),
            Arrival::Duplicate => {
                if self.tamper.as_ref().is_some_and(|tamper| tamper.forwards_duplicates) {
                    let onward: Vec<MasterId> = self.scope.topology.sends_to(to).collect();
                    for peer in onward {
                        let message = tables.letters[number].message.clone();
                        let letter = self.sealed(&tables.replica(next.local(to)), peer, message);
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
    pub(super) fn finds_gap(&self, tables: &mut Tables<R>, receiver: u32, letter: u32) -> bool {
        self.receipt(tables, receiver, letter).outcome == Arrival::Gap
    }

    /// What comes of the letter's arrival at this master.
    fn receipt(&self, tables: &mut Tables<R>, receiver: u32, number: u32) -> Receipt {
        let key = (self.part_of(tables, receiver), number);
        tables.receipts.get(&key).copied().unwrap_or_else(|| {
            let receiver = tables.receiver(receiver);
            let mut replica = Replica::clone(&tables.replica(receiver));
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
                    debug_assert!(self.tamper.is_some() || replica == *tables.replica(receiver));
                    Settled { before: receiver, after: receiver, outbox: Default::default() }
                }
            };
            let receipt = Receipt { outcome, settled };
            tables.receipts.insert(key, receipt);
            receipt
        })
    }

    pub(crate) fn receive(&self, receiver: &mut Replica<R>, from: MasterId, message: MessageOf<R>) -> Outcome {
        match &self.tamper {
            Some(tamper) => (tamper.receive)(receiver, from, message),
            None => receiver.receive(from, message),
        }
    }

    /// The master `before` has taken something in, which has made it `replica`: what it now has to send goes out at once,
    /// except over streams and running links, where it waits in the log; then the log is cut, which in a running master is
    /// a step of its own.
    fn settled(&self, tables: &mut Tables<R>, before: u32, mut replica: Replica<R>) -> Settled {
        let mut outbox = Vec::new();
        if matches!(self.scope.link, Link::Datagram { .. } | Link::Soup) {
            for to in self.scope.topology.sends_to(replica.id()) {
                while let Some(message) = replica.next_push(to, self.scope.batch) {
                    outbox.push((to, message));
                }
            }
        }
        if let Some(keep) = self.scope.log
            && !matches!(self.scope.link, Link::Running { .. })
        {
            replica.truncate(keep);
        }
        let sealed = outbox.into_iter().filter_map(|(to, message)| self.sealed(&replica, to, message));
        let outbox: Vec<u32> = sealed.map(|letter| tables.letter(Arc::new(letter))).collect();
        Settled { before, after: self.local(tables, replica), outbox: tables.keep_outbox(&outbox) }
    }

    /// How this master is judged by what has been written.
    pub(super) fn judge(&self, tables: &mut Tables<R>, local: u32, history: u32) -> Judgement {
        let core = tables.locals[local].core;
        *tables.judgements.entry((core, history)).or_insert_with(|| {
            Judgement::of(&tables.cores[core].replica, &tables.histories[history], self.specification)
        })
    }

    /// The master at `at` is now this one, and judged.
    fn becomes(&self, tables: &mut Tables<R>, next: &mut State<R>, at: MasterId, local: u32) {
        let judgement = self.judge(tables, local, next.history);
        next.masters[at.index()] = Master { local, judgement };
    }

    /// The master at `at` becomes what it has settled to, is judged, and is not sent again what it now has.
    fn settle(
        &self,
        tables: &mut Tables<R>,
        next: &mut State<R>,
        at: MasterId,
        settled: Settled,
        again: impl Fn(&Tables<R>) -> Replica<R>,
        sent: &mut Sent,
    ) {
        let local = self.likewise(tables, next.local(at), (settled.before, settled.after), again);
        self.becomes(tables, next, at, local);
        // A running link delivers also what brings nothing.
        if matches!(self.scope.link, Link::Datagram { .. } | Link::Soup) {
            next.wire.retain(|letter| tables.letters[*letter].to != at || !self.is_spent(tables, local, *letter));
        }
        for place in 0..tables.outbox(settled.outbox).len() {
            let letter = tables.outbox(settled.outbox)[place];
            self.send(tables, next, Some(letter), sent);
        }
    }

    /// `asker`'s digest reaches `feeder`, and the answer is on its way.
    pub(super) fn ask(
        &self,
        tables: &mut Tables<R>,
        next: &mut State<R>,
        asker: MasterId,
        feeder: MasterId,
        sent: &mut Sent,
    ) {
        let (feeder, digest) = (tables.locals[next.local(feeder)].core, tables.core(next.local(asker)).digest);
        let answer = self.answer_to(tables, feeder, (asker, digest), self.scope.batch);
        self.send(tables, next, answer, sent);
    }

    /// What a feeder with this core answers the asker, whose digest has this number.
    pub(super) fn answer_to(
        &self,
        tables: &mut Tables<R>,
        core: u32,
        (asker, digest): (MasterId, u32),
        max: usize,
    ) -> Option<u32> {
        let key = (core, asker, digest, max);
        tables.answers.get(&key).copied().unwrap_or_else(|| {
            let feeder = &tables.cores[core].replica;
            let answer = feeder.answer(&tables.digests[digest], max);
            let letter = answer.and_then(|answer| self.sealed(feeder, asker, answer));
            let letter = letter.map(|letter| tables.letter(Arc::new(letter)));
            tables.answers.insert(key, letter);
            letter
        })
    }

    /// The letter, if there is one, goes out, counted, and is in flight unless it is spent.
    fn send(&self, tables: &mut Tables<R>, next: &mut State<R>, letter: Option<u32>, sent: &mut Sent) {
        let Some(letter) = letter else { return };
        next.count(tables, letter, sent);
        let is_there = self.scope.link == Link::Soup && next.wire.contains(&letter);
        let receiver = next.local(tables.letters[letter].to);
        if !is_there && !self.is_spent(tables, receiver, letter) {
            next.fly(tables, letter);
        }
    }

    /// The message as it goes out; `None` if a tampered sender keeps it to itself.
    pub(super) fn sealed(&self, sender: &Replica<R>, to: MasterId, mut message: MessageOf<R>) -> Option<Letter<R>> {
        let goes_out = self.tamper.as_ref().is_none_or(|tamper| (tamper.send)(sender, to, &mut message));
        goes_out.then(|| Letter::new(sender.id(), to, message))
    }

    /// Whether the letter will never again do anything, so that it need not be kept in the state.
    ///
    /// `receive` looks first whether everything in a message has been seen, does nothing then, and believes nothing by
    /// having got it; and what has been seen stays seen. (Checked against a real `receive` wherever debug assertions are
    /// on, as in all tests.) Of a tampered protocol nothing is assumed: the letter is delivered on trial.
    fn is_spent(&self, tables: &mut Tables<R>, receiver: u32, letter: u32) -> bool {
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

    fn does_nothing(&self, tables: &mut Tables<R>, receiver: u32, letter: u32) -> bool {
        self.receipt(tables, receiver, letter).outcome == Arrival::Duplicate
    }
}
