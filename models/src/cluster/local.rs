//! A step at one master: the shipping replica takes it if it is new, and it is looked up if it is not.

use super::memo::{Asked, Move, Moved, Receipt, Settled, Wrote};
use super::state::Waiting;
use super::{Cluster, Hashed, Letter, Local, Node, State, Verdict, written};
use crate::scope::Link;
use crate::subject::Sent;
use multimaster::{MasterId, MessageOf, Outcome, Replica, Request, Resolver, VersionVector};
use std::sync::Arc;

impl<R: Resolver> Cluster<R> {
    /// Streams skip what their receivers have got from others meanwhile. Delivering it would do nothing but move the
    /// cursor on, now or later, so it is as good as delivered at once: the twin of [`is_spent`](Self::is_spent).
    pub(super) fn acknowledge(&self, next: &mut State<R>) {
        for (edge, &(from, to)) in self.edges.iter().enumerate() {
            let receiver = next.master(to);
            let repeats = || next.master(from).replica.would_repeat(to, receiver.replica.digest());
            if next.broken & (1 << edge) == 0 && repeats() {
                let digest = receiver.digest;
                self.moved(next, from, to, Move::Resume(digest));
            }
        }
    }

    /// The sender moves its cursor for `to`: what it has seen and reads is as before, and so is the judgement of it. What
    /// it sends, if it does.
    pub(super) fn moved(&self, next: &mut State<R>, from: MasterId, to: MasterId, how: Move) -> Option<Arc<Letter<R>>> {
        let sender = next.master(from);
        let digest = next.master(to).replica.digest();
        let waiting = sender.waiting[to.index()];
        let moved = self.memo.moves.get((self.part_of(sender), to, waiting, how), || {
            let mut replica = sender.replica.clone();
            let message = turned(&mut replica, to, how, digest);
            let letter = message.and_then(|message| self.sealed(&replica, to, message));
            Arc::new(Moved { before: sender.waiting.clone(), local: Arc::new(sender.moved(replica)), letter })
        });
        let local = self.likewise(sender, &moved.before, &moved.local, || {
            let mut replica = sender.replica.clone();
            turned(&mut replica, to, how, digest);
            replica
        });
        next.masters[from.index()].local = local;
        moved.letter.clone()
    }

    /// What decides, with what waits for whom it sends to, what a master will do: over streams, the core. Where logs are
    /// cut, what is left of a log depends on what had been sent of it: then all that the master knows.
    fn part_of(&self, local: &Local<R>) -> u64 {
        if self.scope.log.is_none() { local.core } else { local.hash() }
    }

    /// A master with the same [part](Self::part_of) as `local`, but so much `before` waiting, came to be `after`: what
    /// `local` comes to be. It is the same, with as much more or less waiting. `again` works it out.
    fn likewise(
        &self,
        local: &Local<R>,
        before: &Waiting,
        after: &Arc<Local<R>>,
        again: impl Fn() -> Replica<R>,
    ) -> Arc<Local<R>> {
        if local.waiting == *before {
            return Arc::clone(after);
        }
        let each = after.waiting.iter().zip(before).zip(&local.waiting);
        // What moves is where `before` and `local` are alike.
        let waiting: Waiting = each.map(|((after, before), here)| after + here - before).collect();
        let known = self.memo.locals.get((after.core, waiting), || Arc::new(after.moved(again())));
        debug_assert!(known.replica == again());
        known
    }

    pub(super) fn write(&self, next: &mut State<R>, at: MasterId, asked: Asked, request: &Request, sent: &mut Sent) {
        let node = next.master(at);
        let again = || {
            let mut replica = node.replica.clone();
            let _ = replica.write(&request.key, request.op.clone());
            replica
        };
        let wrote = self.memo.writes.get((self.part_of(node), next.history.hash(), asked), || {
            let mut replica = node.replica.clone();
            let past = next.history().past_of(&replica);
            let write = written(&mut replica, request, past).ok()?;
            let mut history = next.history.value.clone();
            history.add(write);
            let (before, history) = (node.waiting.clone(), Arc::new(Hashed::new(history)));
            Some(Arc::new(Wrote { before, settled: self.settled(replica), history }))
        });
        if let Some(wrote) = wrote {
            let local = self.likewise(node, &wrote.before, &wrote.settled.local, again);
            next.history = Arc::clone(&wrote.history);
            self.settle(next, at, local, &wrote.settled.outbox, sent);
        }
    }

    pub(super) fn deliver(&self, next: &mut State<R>, letter: &Letter<R>, sent: &mut Sent) {
        let (from, to) = (letter.from, letter.to);
        let receipt = self.receipt(next.master(to), letter);
        match &receipt.outcome {
            Outcome::Applied | Outcome::Stale => {
                let receiver = next.master(to);
                let local = self.likewise(receiver, &receipt.before, &receipt.settled.local, || {
                    let mut replica = receiver.replica.clone();
                    self.receive(&mut replica, from, letter.message.clone());
                    replica
                });
                self.settle(next, to, local, &receipt.settled.outbox, sent);
            }
            Outcome::Gap => self.ask(next, to, from, sent),
            Outcome::Duplicate => {
                if self.tamper.as_ref().is_some_and(|tamper| tamper.forwards_duplicates) {
                    let onward: Vec<MasterId> = self.scope.topology.sends_to(to).collect();
                    for peer in onward {
                        let letter = self.sealed(&next.master(to).replica, peer, letter.message.clone());
                        self.send(next, letter.as_ref(), sent);
                    }
                }
            }
            // A right peer's message is never refused: the bug would be ours, in the protocol or in the model.
            Outcome::Refused(fault) => assert!(self.tamper.is_some(), "{to} refused {}: {fault}", letter.message),
        }
    }

    /// Whether the letter builds on something that this master has not seen.
    pub(crate) fn finds_gap(&self, receiver: &Local<R>, letter: &Letter<R>) -> bool {
        self.receipt(receiver, letter).outcome == Outcome::Gap
    }

    /// What comes of the letter's arrival at this master.
    fn receipt(&self, receiver: &Local<R>, letter: &Letter<R>) -> Arc<Receipt<R>> {
        self.memo.receipts.get((self.part_of(receiver), letter.hash()), || {
            let mut replica = receiver.replica.clone();
            let outcome = self.receive(&mut replica, letter.from, letter.message.clone());
            let settled = match outcome {
                Outcome::Applied | Outcome::Stale => self.settled(replica),
                _ => Settled { local: Arc::new(receiver.moved(replica)), outbox: Vec::new() },
            };
            Arc::new(Receipt { before: receiver.waiting.clone(), outcome, settled })
        })
    }

    pub(crate) fn receive(&self, receiver: &mut Replica<R>, from: MasterId, message: MessageOf<R>) -> Outcome {
        match &self.tamper {
            Some(tamper) => (tamper.receive)(receiver, from, message),
            None => receiver.receive(from, message),
        }
    }

    /// The master `replica` has taken something in: what it now has to send goes out at once, except over streams and
    /// running links, where it waits in the log; then the log is cut, which in a running master is a step of its own.
    fn settled(&self, mut replica: Replica<R>) -> Settled<R> {
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
        let outbox = outbox.into_iter().filter_map(|(to, message)| self.sealed(&replica, to, message)).collect();
        Settled { outbox, local: Arc::new(Local::new(replica, self.scope.topology.masters())) }
    }

    /// The master at `at` becomes what it has settled to, is judged, and is not sent again what it now has.
    fn settle(
        &self,
        next: &mut State<R>,
        at: MasterId,
        local: Arc<Local<R>>,
        outbox: &[Arc<Letter<R>>],
        sent: &mut Sent,
    ) {
        let verdict = self
            .memo
            .verdicts
            .get((local.core, next.history.hash()), || Verdict::of(&local.replica, next.history(), self.specification));
        // A running link delivers also what brings nothing.
        if matches!(self.scope.link, Link::Datagram { .. } | Link::Soup) {
            next.wire.retain(|letter| letter.to != at || !self.is_spent(&local, letter));
        }
        next.masters[at.index()] = Node { local, verdict };
        for letter in outbox {
            self.send(next, Some(letter), sent);
        }
    }

    /// `asker`'s digest reaches `feeder`, and the answer is on its way.
    pub(super) fn ask(&self, next: &mut State<R>, asker: MasterId, feeder: MasterId, sent: &mut Sent) {
        let (asker, feeder) = (next.master(asker), next.master(feeder));
        let answer = self.memo.answers.get((feeder.core, asker.core), || {
            let answer = feeder.replica.answer(asker.replica.digest(), self.scope.batch)?;
            self.sealed(&feeder.replica, asker.replica.id(), answer)
        });
        self.send(next, answer.as_ref(), sent);
    }

    /// The letter, if there is one, goes out, counted, and is in flight unless it is spent.
    pub(super) fn send(&self, next: &mut State<R>, letter: Option<&Arc<Letter<R>>>, sent: &mut Sent) {
        let Some(letter) = letter else { return };
        next.count(letter, sent);
        let kept = match self.scope.link {
            Link::Running { .. } => true,
            Link::Soup if next.wire.contains(letter) => false,
            _ => !self.is_spent(next.master(letter.to), letter),
        };
        if kept {
            next.fly(Arc::clone(letter));
        }
    }

    /// The message as it goes out; `None` if a tampered sender keeps it to itself.
    pub(super) fn sealed(
        &self,
        sender: &Replica<R>,
        to: MasterId,
        mut message: MessageOf<R>,
    ) -> Option<Arc<Letter<R>>> {
        let goes_out = self.tamper.as_ref().is_none_or(|tamper| (tamper.send)(sender, to, &mut message));
        goes_out.then(|| Arc::new(Letter::new(sender.id(), to, message)))
    }

    /// Whether the letter will never again do anything, so that it need not be kept in the state.
    ///
    /// `receive` looks first whether everything in a message has been seen, does nothing then, and believes nothing by
    /// having got it; and what has been seen stays seen. (Checked against a real `receive` wherever debug assertions are
    /// on, as in all tests.) Of a tampered protocol nothing is assumed: the letter is delivered on trial.
    fn is_spent(&self, receiver: &Local<R>, letter: &Letter<R>) -> bool {
        match &self.tamper {
            Some(tamper) if tamper.forwards_duplicates || tamper.repeats_count => false,
            Some(_) => self.does_nothing(receiver, letter),
            None => {
                let spent = !letter.message.is_news_to(receiver.replica.digest());
                debug_assert!(!spent || self.does_nothing(receiver, letter));
                spent
            }
        }
    }

    fn does_nothing(&self, receiver: &Local<R>, letter: &Letter<R>) -> bool {
        let receipt = self.receipt(receiver, letter);
        receipt.outcome == Outcome::Duplicate && receipt.settled.local.core == receiver.core
    }
}

/// The sender's cursor for `to` moves: what it sends.
fn turned<R: Resolver>(
    sender: &mut Replica<R>,
    to: MasterId,
    how: Move,
    digest: &VersionVector,
) -> Option<MessageOf<R>> {
    match how {
        Move::Push(max) => return sender.next_push(to, max),
        Move::Drain => while sender.next_push(to, usize::MAX).is_some() {},
        Move::Resume(_) => sender.resume(to, digest),
    }
    None
}
