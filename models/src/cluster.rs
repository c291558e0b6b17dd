//! The model: masters, links and clients as one state machine that stateright explores. Every step of a master is a
//! call to the shipping [`Replica`].

mod action;
mod memo;
mod running;
mod state;

pub use action::Action;
pub(crate) use running::Did;
pub use state::{Faults, Hashed, Inquiry, Letter, Local, Node, State, Verdict};

use crate::history::{History, Write};
use crate::scope::{Link, Scope};
use crate::specification::Specification;
use crate::subject::Sent;
use crate::tamper::Tamper;
use memo::{Asked, Memo, Move, Moved, Receipt, Settled, Wrote};
use multimaster::{MasterId, MessageOf, Outcome, Refusal, Replica, Request, Resolver, Stamp, VersionVector};
use smallvec::SmallVec;
use state::Waiting;
use std::sync::Arc;

/// Masters with one rule in one [`Scope`].
pub struct Cluster<R: Resolver> {
    pub(crate) scope: Scope,
    pub(crate) start: Vec<Replica<R>>,
    /// The topology's edges, in order.
    pub(crate) edges: Vec<(MasterId, MasterId)>,
    pub(crate) tamper: Option<Tamper<R>>,
    pub(crate) specification: Option<Specification>,
    pub(crate) memo: Memo<R>,
}

impl<R: Resolver> Cluster<R> {
    /// All masters follow `rule`.
    ///
    /// # Panics
    /// As [`with_rules`](Self::with_rules).
    pub fn new(scope: Scope, rule: R) -> Cluster<R> {
        Self::with_rules(scope, |_| rule.clone())
    }

    /// Each master follows a rule of its own: a bug that some systems allow.
    ///
    /// # Panics
    /// If the scope is larger than a state can tell: more than 32 streams or free requests, 255 requests of one client,
    /// or a batch of none. (Scenario files are refused for it with a message.)
    pub fn with_rules(scope: Scope, rule: impl Fn(MasterId) -> R) -> Cluster<R> {
        let streams = matches!(scope.link, Link::Stream { .. });
        assert!(!streams || scope.topology.edges().count() <= 32, "at most 32 streams can be explored");
        assert!(scope.free.of.len() <= 32, "at most 32 free requests can be explored");
        assert!(scope.clients.iter().all(|client| client.asks.len() <= 255), "at most 255 requests of one client");
        assert!(scope.batch > 0, "a message carries at least one change");
        let start = scope.topology.ids().map(|id| Replica::new(id, rule(id), &scope.topology)).collect();
        let edges = scope.topology.edges().collect();
        Cluster { scope, start, edges, tamper: None, specification: None, memo: Memo::default() }
    }

    /// Breaks the protocol on purpose.
    pub fn tampered(mut self, tamper: Tamper<R>) -> Cluster<R> {
        self.tamper = Some(tamper);
        self
    }

    /// Reads are to be what `specification` says: the property of that name is asked.
    pub fn specified(mut self, specification: Specification) -> Cluster<R> {
        self.specification = Some(specification);
        self
    }

    pub(crate) fn initial(&self) -> State<R> {
        let history = Arc::new(Hashed::new(History::default()));
        State {
            masters: self
                .start
                .iter()
                .map(|replica| Node {
                    verdict: Verdict::of(replica, &history.value, self.specification),
                    local: Arc::new(Local::new(replica.clone(), self.scope.topology.masters())),
                })
                .collect(),
            wire: SmallVec::new(),
            inquiries: Vec::new(),
            history,
            progress: SmallVec::from_elem(0, self.scope.clients.len()),
            chosen: 0,
            faults: self.faults(),
            broken: 0,
        }
    }

    /// The faults that may happen.
    pub(crate) fn faults(&self) -> Faults {
        match self.scope.link {
            Link::Stream { resets } => Faults { resets, ..Faults::default() },
            Link::Datagram { losses, duplicates } | Link::Running { losses, duplicates } => {
                Faults { losses, duplicates, ..Faults::default() }
            }
            Link::Soup => Faults::default(),
        }
    }

    pub(crate) fn enabled(&self, state: &State<R>, actions: &mut Vec<Action<R>>) {
        for (client, script) in self.scope.clients.iter().enumerate() {
            let place = usize::from(state.progress[client]);
            if place < script.asks.len() {
                actions.push(Action::Ask { client, place });
            }
        }
        if (state.chosen.count_ones() as usize) < self.scope.free.take {
            let open = |index: &usize| state.chosen & (1 << index) == 0;
            actions.extend((0..self.scope.free.of.len()).filter(open).map(Action::Choose));
        }
        for (place, letter) in state.wire.iter().enumerate() {
            if place > 0 && state.wire[place - 1] == *letter {
                continue;
            }
            actions.push(Action::Deliver(letter.clone()));
            if state.faults.losses > 0 {
                actions.push(Action::Lose(letter.clone()));
            }
            if state.faults.duplicates > 0 {
                let running = matches!(self.scope.link, Link::Running { .. });
                let twice = if running { Action::Duplicate } else { Action::Repeat };
                actions.push(twice(letter.clone()));
            }
        }
        if matches!(self.scope.link, Link::Running { .. }) {
            return self.enabled_running(state, actions);
        }
        for (edge, &(from, to)) in self.edges.iter().enumerate() {
            let (feeder, asker) = (state.master(from), state.master(to));
            match self.scope.link {
                Link::Stream { .. } if state.broken & (1 << edge) != 0 => actions.push(Action::Resume { from, to }),
                Link::Stream { .. } => {
                    let waiting = usize::from(feeder.waiting[to.index()]).min(self.scope.batch);
                    actions.extend((1..=waiting).map(|max| Action::Stream { from, to, max }));
                    if state.faults.resets > 0 {
                        actions.push(Action::Break { from, to });
                    }
                }
                Link::Datagram { .. } if self.ticks() => {
                    let quiet = !state.wire.iter().any(|letter| letter.from == from && letter.to == to);
                    if quiet && !asker.replica.digest().covers(feeder.replica.digest()) {
                        actions.push(Action::Tick { asker: to, feeder: from });
                    }
                }
                _ => {}
            }
        }
    }

    fn ticks(&self) -> bool {
        self.tamper.as_ref().is_none_or(|tamper| tamper.ticks)
    }

    /// The state after `action`, and which changes were sent on the way; `None` if nothing is different.
    pub(crate) fn step(&self, state: &State<R>, action: &Action<R>) -> Option<(State<R>, Sent)> {
        let client = matches!(action, Action::Ask { .. } | Action::Choose(_));
        if matches!(self.scope.link, Link::Running { .. }) && !client {
            return self.step_running(state, action);
        }
        let mut next = state.clone();
        let mut sent = Sent::new();
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[*client];
                next.progress[*client] += 1;
                let asked = Asked::Scripted(*client, *place);
                self.write(&mut next, script.at, asked, &script.asks[*place], &mut sent);
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                next.chosen |= 1 << index;
                self.write(&mut next, *at, Asked::Free(*index), request, &mut sent);
            }
            Action::Deliver(letter) => {
                if self.scope.link != Link::Soup {
                    next.take(letter);
                }
                self.deliver(&mut next, letter, &mut sent);
            }
            Action::Repeat(letter) => {
                next.faults.duplicates -= 1;
                self.deliver(&mut next, letter, &mut sent);
            }
            Action::Lose(letter) => {
                next.faults.losses -= 1;
                next.take(letter);
            }
            Action::Tick { asker, feeder } => self.ask(&mut next, *asker, *feeder, &mut sent),
            Action::Stream { from, to, max } => {
                let letter = self.moved(&mut next, *from, *to, Move::Push(*max))?;
                next.count(&letter, &mut sent);
                self.deliver(&mut next, &letter, &mut sent);
            }
            Action::Break { from, to } => {
                next.faults.resets -= 1;
                next.broken |= self.edge_bit(*from, *to);
                self.moved(&mut next, *from, *to, Move::Drain);
            }
            Action::Resume { from, to } => {
                next.broken &= !self.edge_bit(*from, *to);
                let digest = state.master(*to).digest;
                self.moved(&mut next, *from, *to, Move::Resume(digest));
            }
            // Steps of running links: nowhere else are they possible.
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => return None,
            Action::Duplicate(_) | Action::Truncate { .. } => return None,
        }
        if matches!(self.scope.link, Link::Stream { .. }) {
            self.acknowledge(&mut next);
        }
        (next != *state).then_some((next, sent))
    }

    fn edge_bit(&self, from: MasterId, to: MasterId) -> u32 {
        let place = self.edges.iter().position(|edge| *edge == (from, to));
        place.map_or(0, |place| 1 << place)
    }

    /// Streams skip what their receivers have got from others meanwhile. Delivering it would do nothing but move the
    /// cursor on, now or later, so it is as good as delivered at once: the twin of [`is_spent`](Self::is_spent).
    fn acknowledge(&self, next: &mut State<R>) {
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
    fn moved(&self, next: &mut State<R>, from: MasterId, to: MasterId, how: Move) -> Option<Arc<Letter<R>>> {
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

    fn write(&self, next: &mut State<R>, at: MasterId, asked: Asked, request: &Request, sent: &mut Sent) {
        let node = next.master(at);
        let again = || {
            let mut replica = node.replica.clone();
            let _ = replica.write(&request.key, &request.op);
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

    fn deliver(&self, next: &mut State<R>, letter: &Letter<R>, sent: &mut Sent) {
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
    fn ask(&self, next: &mut State<R>, asker: MasterId, feeder: MasterId, sent: &mut Sent) {
        let (asker, feeder) = (next.master(asker), next.master(feeder));
        let answer = self.memo.answers.get((feeder.core, asker.core), || {
            let answer = feeder.replica.answer(asker.replica.digest(), self.scope.batch)?;
            self.sealed(&feeder.replica, asker.replica.id(), answer)
        });
        self.send(next, answer.as_ref(), sent);
    }

    /// The letter, if there is one, goes out, counted, and is in flight unless it is spent.
    fn send(&self, next: &mut State<R>, letter: Option<&Arc<Letter<R>>>, sent: &mut Sent) {
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
    fn sealed(&self, sender: &Replica<R>, to: MasterId, mut message: MessageOf<R>) -> Option<Arc<Letter<R>>> {
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

/// A client writes: what the ghost is told of it.
pub(crate) fn written<R: Resolver>(
    replica: &mut Replica<R>,
    request: &Request,
    past: VersionVector,
) -> Result<Write, Refusal> {
    let dot = replica.write(&request.key, &request.op)?;
    // A master logs what it writes.
    let stamp = replica.log().last().map_or(Stamp { time: 0, master: replica.id() }, |change| change.stamp);
    Ok(Write { dot, stamp, key: request.key.clone(), op: request.op.untimed().clone(), past })
}
