//! A [`Replica`] as an actor of stateright's: [`MasterActor`].

mod catch_up;
mod collect;
mod start;

use super::cut::{Assembly, Outgoing};
use super::journal::Journal;
use super::meeting::{Epochs, Meeting};
use super::packet::{MAX_DATAGRAM, NotTaken, Packet, Pushed, alone, shown};
use crate::node::any_rule::{self, SerdeRule};
use crate::scenario::RuleName;
use crate::scope::Scope;
use derive_where::derive_where;
use multimaster::clock::LATEST;
use multimaster::{
    Change, Dot, MasterId, Message, MessageOf, Op, Outcome, Push, Replica, Request, Timestamp, VersionVector,
};
use stateright::actor::{Actor, Id, Out};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// One master as an actor: its constant settings.
///
/// The actor is a thin shell: the [`Replica`] makes every decision of the protocol. The shell knows addresses, splits
/// messages into datagrams, and refuses packets that no correct sender sends.
#[derive(Debug)]
pub struct MasterActor<R: SerdeRule> {
    id: MasterId,
    rule: R,
    scope: Scope,
    addresses: Vec<Id>,
    epochs: Epochs,
    tick: Option<Duration>,
    journal: Journal,
}

/// A timer of a master.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Time to ask the neighbours for missing changes.
    Tick,
    /// Time to greet the neighbours that have not answered yet.
    Greet,
}

/// The state of a master.
#[derive_where(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MasterState<R: SerdeRule> {
    replica: Replica<R>,
    /// By sender, a snapshot of which some parts have arrived.
    incoming: BTreeMap<MasterId, Assembly>,
    /// By sender, the digest that was sent to it because of a gap since the last tick. After one lost push, each later
    /// push is a gap, and each digest is answered by a burst. So the same digest is sent once a tick.
    told: BTreeMap<MasterId, VersionVector>,
    /// A snapshot that is being sent.
    outgoing: Option<Outgoing>,
    /// The known runs of all masters.
    meeting: Meeting,
}

impl<R: SerdeRule> MasterState<R> {
    /// The replica.
    pub fn replica(&self) -> &Replica<R> {
        &self.replica
    }
}

type Packets<R> = Out<MasterActor<R>>;

impl<R: SerdeRule> MasterActor<R> {
    /// The master `id` of the scope. `addresses` are those of all masters, in order; `epochs` are those of its own run
    /// and of masters that are started with it. It sends its digest every `tick`; without a tick it has no timers, and
    /// does not wait for answers to its greeting.
    pub fn new(
        id: MasterId,
        rule: R,
        scope: Scope,
        addresses: Vec<Id>,
        epochs: Epochs,
        tick: Option<Duration>,
        journal: Journal,
    ) -> MasterActor<R> {
        MasterActor { id, rule, scope, addresses, epochs, tick, journal }
    }

    /// The journal, with the counts.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    fn master_at(&self, address: Id) -> Option<MasterId> {
        let place = self.addresses.iter().position(|known| *known == address)?;
        Some(MasterId(place as u16))
    }

    fn send(&self, to: MasterId, packet: Packet<R::Effect>, out: &mut Packets<R>) {
        out.send(self.addresses[to.index()], packet);
    }

    /// Handles a packet.
    ///
    /// # Errors
    /// The reason for refusing it.
    fn take(
        &self,
        state: &mut MasterState<R>,
        src: Id,
        packet: Packet<R::Effect>,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        match (packet, self.master_at(src)) {
            (Packet::Unreadable(why), _) => Err(why),
            (Packet::Wrote(_) | Packet::Shows(_) | Packet::Counted(_) | Packet::Refused(_), _) => Err(NotTaken::Answer),
            (Packet::Ask(text), None) => self.ask(state, src, &text, out),
            (Packet::Read(key), None) => {
                let shows = Packet::Shows(state.replica.read(&key));
                if !shows.fits() {
                    let why = format!("what the key reads is longer than the {MAX_DATAGRAM} bytes of a datagram");
                    return Err(NotTaken::Client(why));
                }
                if let Packet::Shows(reading) = &shows {
                    self.journal
                        .say(|| format!("{} <- {src}  read {}: {}", self.id, shown(&key), shown(&reading.to_string())));
                }
                self.journal.count("read");
                out.send(src, shows);
                Ok(())
            }
            (Packet::Counts, None) => {
                out.send(src, Packet::Counted(self.journal.counts()));
                Ok(())
            }
            (Packet::Ask(_) | Packet::Read(_) | Packet::Counts, Some(_)) => Err(NotTaken::NoClient),
            (packet, Some(from)) => self.take_from_master(state, from, packet, out),
            (
                Packet::Push(_)
                | Packet::Part(_)
                | Packet::Digest(_)
                | Packet::Progress(_)
                | Packet::Greet { .. }
                | Packet::Known { .. },
                None,
            ) => Err(NotTaken::Stranger),
        }
    }

    fn take_from_master(
        &self,
        state: &mut MasterState<R>,
        from: MasterId,
        packet: Packet<R::Effect>,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        self.hear(state, from, &packet, out)?;
        match packet {
            // Until this run has an origin, it must not see changes of an origin that may become its own.
            Packet::Push(_) | Packet::Part(_) | Packet::Digest(_) | Packet::Progress(_)
                if state.meeting.origin().is_none() =>
            {
                Ok(())
            }
            Packet::Push(Pushed { epochs: _, extends, mut changes }) => {
                for change in &mut changes {
                    any_rule::admit_effect(&self.rule, &mut change.effect)
                        .map_err(|why| NotTaken::WrongType(shown(&why)))?;
                }
                if let Some(large) = changes.iter().find(|change| !self.can_travel((*change).clone())) {
                    return Err(NotTaken::TooLargeAChange(large.dot));
                }
                self.deliver(state, from, Message::Push(Push { extends, changes }), out)
            }
            Packet::Part(part) => self.add(state, from, part, out),
            Packet::Digest(digest) => self.answer(state, from, digest, out),
            Packet::Progress(told) => self.learn(state, from, &told),
            // `hear` has handled these.
            _ => Ok(()),
        }
    }

    fn ask(&self, state: &mut MasterState<R>, src: Id, text: &str, out: &mut Packets<R>) -> Result<(), NotTaken> {
        let not = |why: String| NotTaken::Client(shown(&why));
        let request: Request = text.parse().map_err(|error| not(format!("{error}")))?;
        let kind = self.rule.kind();
        if !kind.takes(&request.op) {
            return Err(not(format!("the rule does not take `{}`: it takes {}", text.trim(), kind.operations())));
        }
        if let Op::Transfer { to, .. } = request.op.untimed()
            && to.0 >= self.scope.topology.masters()
        {
            let last = MasterId(self.scope.topology.masters() - 1);
            return Err(not(format!("there is no master {to} to transfer to: the masters are A to {last}")));
        }
        if let (Some(time), false) = (request.op.time(), self.rule.uses_wall_clock()) {
            let rules = RuleName::those_that_go_by_clocks();
            return Err(not(format!("`at {time}`: this rule uses no wall clocks; those that do are {rules}")));
        }
        self.may_write(state)?;
        // The longest form that this write can have. A rule is a pure function, so it can be called on trial.
        let origin = state.replica.origin();
        let (dot, timestamp) = (Dot::new(origin, Dot::LAST), Timestamp::new(LATEST, origin));
        let untouched = R::State::default();
        let held = state.replica.state(&request.key).unwrap_or(&untouched);
        if let Ok(effect) = self.rule.prepare(held, request.op.clone(), dot, timestamp)
            && !self.can_travel(Change { dot, timestamp, key: request.key.clone(), effect })
        {
            let limit =
                format!("the write is too long: a datagram of {MAX_DATAGRAM} bytes must hold what travels of it");
            return Err(not(limit));
        }
        let dot = state.replica.write(&request.key, request.op).map_err(|refusal| not(refusal.to_string()))?;
        self.journal.count("wrote");
        self.journal.say(|| format!("{} <- {src}  {}: {dot}", self.id, shown(text.trim())));
        out.send(src, Packet::Wrote(dot.to_string()));
        self.pass_on(state, out);
        Ok(())
    }

    /// Whether a datagram holds the change with any version vector. So every master can pass it on.
    fn can_travel(&self, change: Change<R::Effect>) -> bool {
        alone(change, self.scope.topology.masters()).fits()
    }

    fn deliver(
        &self,
        state: &mut MasterState<R>,
        from: MasterId,
        message: MessageOf<R>,
        out: &mut Packets<R>,
    ) -> Result<(), NotTaken> {
        let shown = message.to_string();
        let outcome = state.replica.receive(from, message);
        let became = match &outcome {
            Outcome::Refused(fault) => return Err(fault.clone().into()),
            Outcome::Applied => "applied",
            Outcome::Stale => "stale",
            Outcome::Duplicate => "duplicate",
            Outcome::Gap => "gap",
        };
        self.journal.count(became);
        self.journal.say(|| format!("{} <- {from}  {shown}: {became}", self.id));
        match outcome {
            Outcome::Applied | Outcome::Stale => self.pass_on(state, out),
            Outcome::Gap if state.told.get(&from) == Some(state.replica.digest()) => {}
            Outcome::Gap => {
                state.told.insert(from, state.replica.digest().clone());
                self.ask_for_more(state, from, out);
            }
            Outcome::Duplicate | Outcome::Refused(_) => {}
        }
        Ok(())
    }

    /// Sends each neighbour the changes that it has not been sent yet, then truncates the log.
    fn pass_on(&self, state: &mut MasterState<R>, out: &mut Packets<R>) {
        for peer in self.scope.topology.sends_to(self.id) {
            while let Some(message) = state.replica.next_push(peer, self.scope.batch) {
                match message {
                    Message::Push(push) => self.send_push(state, peer, push, out),
                    Message::Snapshot(snapshot) => {
                        self.make_ready(state, &snapshot);
                        self.send_parts(state, peer, 0, out);
                    }
                }
            }
        }
        if let Some(keep) = self.scope.log {
            state.replica.truncate(keep);
        }
        let MasterState { replica, incoming, .. } = state;
        incoming.retain(|_, assembly| !replica.digest().covers(&assembly.seen));
    }
}

impl<R: SerdeRule> Actor for MasterActor<R> {
    type Msg = Packet<R::Effect>;
    type Timer = Timer;
    type State = MasterState<R>;
    type Storage = ();
    type Random = ();

    fn on_start(&self, _: Id, _: &Option<()>, out: &mut Out<Self>) -> MasterState<R> {
        let mut replica = Replica::new(self.id, self.rule.clone(), &self.scope.topology);
        replica.advance_clock(self.first_time());
        let masters = self.scope.topology.masters();
        let meeting = Meeting::new(self.id, masters, self.neighbours(), self.epochs.clone());
        let (incoming, told) = (BTreeMap::new(), BTreeMap::new());
        let state = MasterState { replica, incoming, told, outgoing: None, meeting };
        if let Some(tick) = self.tick {
            out.set_timer(Timer::Tick, tick..tick);
        }
        self.greet(&state, out);
        state
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, MasterState<R>>, src: Id, packet: Self::Msg, out: &mut Out<Self>) {
        // The state counts as changed by every packet. An `ActorModel` keeps a message in flight for ever if it changes
        // no state, and would then never be quiescent.
        let state = state.to_mut();
        if let Err(why) = self.take(state, src, packet, out) {
            let (name, from) = (why.name(), self.master_at(src));
            let count = self.journal.count(name);
            let line = || {
                let sender = from.map_or_else(|| src.to_string(), |id| id.to_string());
                format!("{} <- {sender}  refused: {why} ({name}: {count})", self.id)
            };
            // A refusal that repeats at every tick is printed the 1st, 2nd, 4th, 8th … time.
            if !why.comes_again() || count.is_power_of_two() {
                self.journal.say(line);
            } else {
                self.journal.mention(line);
            }
            // An answer to an answer, or to a master, could start an endless exchange.
            if from.is_none() && why != NotTaken::Answer {
                out.send(src, Packet::Refused(why.to_string()));
            }
        }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, MasterState<R>>, timer: &Timer, out: &mut Out<Self>) {
        let state = state.to_mut();
        if let (Timer::Tick, Some(tick)) = (timer, self.tick) {
            out.set_timer(Timer::Tick, tick..tick);
        }
        // A master whose number was taken does nothing more.
        if state.meeting.taken().is_some() {
            return;
        }
        if *timer == Timer::Greet {
            return self.greet_again(state, out);
        }
        if state.meeting.origin().is_none() {
            return;
        }
        state.told.clear();
        state.incoming.retain(|_, assembly| assembly.wait_on());
        if !state.outgoing.as_mut().is_some_and(Outgoing::wait_on) {
            state.outgoing = None;
        }
        if state.meeting.is_over() {
            self.greet(state, out);
        }
        let senders: Vec<MasterId> = state.replica.digests_due().map(|(sender, _)| sender).collect();
        senders.into_iter().for_each(|sender| self.ask_for_more(state, sender, out));
        self.tell(state, out);
    }
}
