//! A cluster's steps and states in words: the lines of traces, the sentences of the Explorer, the reasons in reports.

use crate::history::{History, LostTo, Observed, Write};
use crate::node::any_rule::{AnyMessage, AnyReplica, AnyRule, Pack};
use crate::node::{Answer, Input, Letter};
use crate::printed::escaped;
use crate::properties as p;
use crate::properties::specification::{Misread, misread};
use crate::scope::Link;
use crate::subject::{Arrow, Subject};
use crate::world::cluster::Cluster;
use crate::world::{Action, Inquiry, Seen, State};
use multimaster::{Dot, MasterId, Message, Op, Outcome, Refusal, Replica, Request, Resolver, VersionVector};
use std::fmt;

impl Subject for Cluster {
    fn format_action(&self, action: &Action) -> String {
        self.sentence(*action)
    }

    fn describe(&self, state: &State, action: &Action) -> String {
        match action {
            Action::Stream { from, to, max } => {
                let message = self.next_message(state, (*from, *to), *max);
                format!("{from} -> {to}: {}", message.map(|message| message.to_string()).unwrap_or_default())
            }
            Action::Push { from, to, max } => {
                let message = self.next_message(state, (*from, *to), *max);
                format!("{from} sends {to} {}", message.map(|message| message.to_string()).unwrap_or_default())
            }
            other => self.sentence(*other),
        }
    }

    fn remark(&self, state: &State, action: &Action) -> Option<String> {
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[*client];
                self.client_remark(state, script.at, &script.asks[*place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                self.client_remark(state, *at, request)
            }
            Action::Deliver(letter) | Action::Repeat(letter) => {
                let letter = self.letter(*letter);
                let before = state.replica(letter.to);
                let mut receiver = Replica::clone(&before);
                let outcome = self.protocol.receive(&mut receiver, letter.from, letter.message.clone());
                if let (Link::Running { .. }, Outcome::Gap) = (self.scope.link, &outcome) {
                    return Some(format!("{} lacks something before it", letter.to));
                }
                outcome_in_words(&outcome, letter.from, &before, &letter.message)
            }
            Action::Stream { from, to, max } => {
                let message = self.next_message(state, (*from, *to), *max)?;
                let before = state.replica(*to);
                let outcome = self.protocol.receive(&mut Replica::clone(&before), *from, message.clone());
                outcome_in_words(&outcome, *from, &before, &message)
            }
            Action::Lose(_) | Action::Tick { .. } | Action::Break { .. } | Action::Resume { .. } => None,
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => None,
            Action::Duplicate(_) | Action::Truncate { .. } => None,
        }
    }

    fn masters(&self) -> Vec<String> {
        self.scope.topology.ids().map(|id| id.to_string()).collect()
    }

    fn readings(&self, state: &State) -> Vec<String> {
        state.seen().replicas.iter().map(|replica| readings_of(replica)).collect()
    }

    fn complaint(&self, property: &str, state: &State) -> Option<String> {
        let Seen { replicas, history, .. } = state.seen();
        let id = |place: usize| MasterId(place as u16);
        match property {
            p::CONVERGENCE => self.diverged(state).map(|(one, other)| {
                let (seen, reads) = (replicas[one].digest(), self.readings(state));
                let (a, b) = (id(one), id(other));
                format!(
                    "{a} and {b} have both seen {seen}, but {a} reads {} and {b} reads {}",
                    reads[one], reads[other]
                )
            }),
            p::AGREEMENT if self.at_rest(state) => replicas.iter().find_map(|replica| {
                let seen = replica.digest();
                let missed = history.writes().iter().find(|write| !seen.contains(write.dot));
                let missed =
                    missed.map(|write| format!("all is at rest, and {} never saw {}", replica.id(), write.dot));
                missed.or_else(|| {
                    let (reads, first) = (readings_of(replica), &replicas[0]);
                    (reads != readings_of(first)).then(|| {
                        let (a, b) = (first.id(), replica.id());
                        format!("all is at rest, but {a} reads {} and {b} reads {reads}", readings_of(first))
                    })
                })
            }),
            p::REPAIRABLE => self.beyond_repair(state).map(|(from, to)| {
                let (from, to) = (id(from), id(to));
                format!("{to} lacks what {from} has, and would still lack it after an exchange of digests")
            }),
            p::CAUSAL_ORDER => replicas.iter().find_map(|replica| {
                let write = history.out_of_order(replica)?;
                let (id, seen) = (replica.id(), replica.digest());
                Some(format!("{id} has seen {seen}: {} without all that it had seen, {}", write.dot, write.past))
            }),
            p::NO_RESURRECTION => replicas.iter().find_map(|replica| {
                let (delete, removed) = history.resurrection(&self.observed(replica))?;
                let (id, reads) = (replica.id(), readings_of(replica));
                Some(format!("{id} has seen {}, which removed {}, and reads {reads}", delete.dot, removed.dot))
            }),
            p::NO_CAUSAL_LOSS => self.loss_in_words(&state.seen(), LostTo::Past),
            p::NO_POLICY_LOSS => self.loss_in_words(&state.seen(), LostTo::Concurrent),
            p::NO_TOTAL_LOSS => self.loss_in_words(&state.seen(), LostTo::Nothing),
            p::NO_INVENTION => replicas.iter().find_map(|replica| {
                let (key, reading) = history.invented(&self.observed(replica))?.ok()?;
                let seen = replica.digest();
                Some(format!("{} has seen {seen} and reads {key}={reading}, which nobody wrote", replica.id()))
            }),
            p::SPECIFICATION => replicas.iter().find_map(|replica| {
                let wrong = misread(self.specification?, &history, replica)?;
                let seen: Vec<String> = wrong.seen.iter().map(Dot::to_string).collect();
                let seen = if seen.is_empty() { "nothing".into() } else { seen.join(" ") };
                let (id, Misread { key, reads, specified, .. }) = (replica.id(), wrong);
                Some(match specified {
                    Ok(specified) => format!("{id} reads {key}={reads}; the specification makes {specified} of {seen}"),
                    Err(failed) => format!("{id} has seen {seen}, and the specification failed: {failed}"),
                })
            }),
            p::NO_OVERSELLING => {
                let overspent = history.overspent();
                let overspent =
                    overspent.map(|(key, id)| format!("{id} has spent more of {key} than it had a right to"));
                overspent.or_else(|| {
                    let below = state.world.judgements().position(|judged| judged.below_bound())?;
                    Some(format!("{} reads {}", id(below), readings_of(&replicas[below])))
                })
            }
            own => self.own_complaint(own, state),
        }
    }

    fn arrow(&self, state: &State, action: &Action) -> Arrow {
        let arrives = |letter, again| {
            let letter = self.letter(letter);
            let (from, to) = (letter.from.index(), letter.to.index());
            Arrow::Arrives { from, to, label: letter.message.to_string(), again }
        };
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[*client];
                Arrow::At(script.at.index(), self.named(state, script.at, &script.asks[*place]))
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                Arrow::At(at.index(), self.named(state, *at, request))
            }
            Action::Deliver(letter) => arrives(*letter, false),
            Action::Repeat(letter) => arrives(*letter, true),
            Action::Lose(letter) => {
                let letter = self.letter(*letter);
                Arrow::Lost { from: letter.from.index(), to: letter.to.index(), label: letter.message.to_string() }
            }
            Action::Tick { asker, feeder } => Arrow::Asks { from: asker.index(), to: feeder.index() },
            Action::Stream { from, to, .. } => {
                let label = self.describe(state, action);
                let label = label.split_once(": ").map(|(_, label)| label.to_owned()).unwrap_or(label);
                Arrow::Arrives { from: from.index(), to: to.index(), label, again: false }
            }
            Action::Break { from, to } => {
                Arrow::Lost { from: from.index(), to: to.index(), label: "all in flight".into() }
            }
            Action::Resume { from, to } => Arrow::Asks { from: to.index(), to: from.index() },
            Action::Push { from, .. } => Arrow::At(from.index(), self.describe(state, action)),
            Action::Inquire { asker, .. } => Arrow::At(asker.index(), self.sentence(*action)),
            Action::Answer { inquiry, .. } => {
                let inquiry = self.inquiry(*inquiry);
                Arrow::Asks { from: inquiry.asker.index(), to: inquiry.feeder.index() }
            }
            Action::Duplicate(letter) => Arrow::At(self.letter(*letter).from.index(), self.sentence(*action)),
            Action::Truncate { at, .. } => Arrow::At(at.index(), self.sentence(*action)),
        }
    }

    fn why_unreached(&self, witness: &str) -> Option<String> {
        self.unreachable(witness)
    }

    fn client(&self, action: &Action) -> Option<usize> {
        match action {
            Action::Ask { client, .. } => Some(*client),
            _ => None,
        }
    }

    fn is_unsure(&self) -> bool {
        Cluster::is_unsure(self)
    }

    fn seen(&self, state: &State) -> Vec<VersionVector> {
        state.seen().replicas.iter().map(|replica| replica.digest().clone()).collect()
    }
}

impl Cluster {
    /// The step as a sentence that needs no state to be told.
    pub(crate) fn sentence(&self, action: Action) -> String {
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[client];
                format!("{}: {}", script.at, script.asks[place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[index];
                format!("{at}: {request}")
            }
            Action::Deliver(letter) => self.letter(letter).to_string(),
            Action::Repeat(letter) => format!("{}, and once more later", self.letter(letter)),
            Action::Lose(letter) => format!("lost {}", self.letter(letter)),
            Action::Tick { asker, feeder } => format!("{asker} asks {feeder} for what it lacks"),
            Action::Stream { from, to, max: 1 } => format!("{from} -> {to}: the next change"),
            Action::Stream { from, to, max } => format!("{from} -> {to}: the next {max} changes"),
            Action::Break { from, to } => format!("break {from} -> {to}"),
            Action::Resume { from, to } => format!("resume {from} -> {to}"),
            Action::Push { from, to, .. } => format!("{from} sends {to} what comes next"),
            Action::Inquire { asker, feeder } => format!("{asker} sends {feeder} its digest"),
            Action::Answer { inquiry, .. } => self.inquiry(inquiry).to_string(),
            Action::Duplicate(letter) => format!("twice {}", self.letter(letter)),
            Action::Truncate { at, keep } => format!("{at} cuts its log to {keep}"),
        }
    }

    /// The next message on this edge: what the sender has to send, after tampering, if any.
    fn next_message(&self, state: &State, (from, to): (MasterId, MasterId), max: usize) -> Option<AnyMessage> {
        let mut sender = Replica::clone(&state.replica(from));
        let letter = self.protocol.step(&mut sender, Input::Push { to, max }).letters.pop()?;
        Some(letter.message)
    }

    /// The request, after the name by which later steps call the change that it makes.
    fn named(&self, state: &State, at: MasterId, request: &Request) -> String {
        match self.answer_to_client(state, at, request) {
            Ok(write) => format!("{}: {}", write.dot, as_written(&write)),
            Err(_) => request.to_string(),
        }
    }

    /// The master as it is judged.
    fn observed<'a>(&self, replica: &'a AnyReplica) -> Observed<'a, AnyRule> {
        Observed { replica, claims: self.claims }
    }

    fn loss_in_words(&self, Seen { replicas, history, .. }: &Seen, to: LostTo) -> Option<String> {
        replicas.iter().find_map(|replica| {
            let losses = history.judge(&self.observed(replica)).losses;
            let loss = losses.into_iter().find(|loss| loss.to == to)?;
            let write = history.get(loss.write)?;
            let (request, id, dot, reads) = (as_written(write), replica.id(), write.dot, readings_of(replica));
            let beaten = loss.shown.iter().find(|dot| write.past.contains(**dot));
            let why = match (to, beaten) {
                (LostTo::Concurrent, _) => "a write concurrent to it won".to_owned(),
                (LostTo::Nothing, _) => "nothing that competed with it is read either".to_owned(),
                (LostTo::Past, Some(winner)) => format!("{} won, which it had seen", with_wall_time(history, *winner)),
                (LostTo::Past, None) => "nothing competed with it".to_owned(),
            };
            Some(format!("{id} has seen {dot} ({request}) and reads {reads}: {why}"))
        })
    }

    fn client_remark(&self, state: &State, at: MasterId, request: &Request) -> Option<String> {
        match self.answer_to_client(state, at, request) {
            Ok(write) if write.wall == request.op.time() => None,
            Ok(write) => write.wall.map(|time| format!("at wall-clock time {time}")),
            Err(refusal) => Some(format!("refused: {refusal}")),
        }
    }

    fn answer_to_client(&self, state: &State, at: MasterId, request: &Request) -> Result<Write, Refusal> {
        let (mut replica, history) = (Replica::clone(&state.replica(at)), state.seen().history);
        let (request, past) = (self.timed(&replica, &history, request), history.past_of(&replica));
        match self.protocol.step(&mut replica, Input::Request(&request)).answer {
            Answer::Client(named) => named.map(|named| named.write(&request, past)),
            other => unreachable!("a client is answered: {other:?}"),
        }
    }
}

/// The write's request, with the wall-clock time that counted, if one did.
fn as_written(write: &Write) -> Request {
    let op = match write.wall {
        Some(time) => Op::At(time, Box::new(write.op.clone())),
        None => write.op.clone(),
    };
    Request { key: write.key.clone(), op }
}

/// The write's name, with the wall-clock time that counted, if one did: `A1 (at 10)`.
fn with_wall_time(history: &History, dot: Dot) -> String {
    let wall = history.get(dot).and_then(|write| write.wall);
    wall.map_or_else(|| dot.to_string(), |time| format!("{dot} (at {time})"))
}

fn outcome_in_words(outcome: &Outcome, from: MasterId, before: &AnyReplica, message: &AnyMessage) -> Option<String> {
    let to = before.id();
    match outcome {
        Outcome::Applied => None,
        Outcome::Stale => Some(format!("{to} {}", why_kept(before, message))),
        Outcome::Duplicate => Some(format!("{to} had it all: nothing done")),
        Outcome::Gap => Some(format!("{to} lacks something before it, and asks {from}")),
        Outcome::Refused(fault) => Some(format!("refused: {fault}")),
    }
}

/// The reason where none is known.
const KEPT: &str = "kept what it had";

/// Why the first of the changes that are new to the receiver made no difference to it, as its rule says.
fn why_kept(receiver: &AnyReplica, message: &AnyMessage) -> &'static str {
    let changes = if let Message::Push(push) = message { push.changes.as_slice() } else { &[] };
    let new = changes.iter().find(|change| !receiver.digest().contains(change.dot));
    new.map_or(KEPT, |change| {
        let (rule, untouched) = (receiver.rule(), Pack::default());
        let state = receiver.state(&change.key).unwrap_or(&untouched);
        // If a tampered protocol kept it, and not the rule, the rule's reason does not apply.
        let alters = rule.apply(&mut state.clone(), change);
        if alters { KEPT } else { rule.why_kept(state, change) }
    })
}

pub(crate) fn readings_of(replica: &AnyReplica) -> String {
    let all: Vec<String> = replica.readings().map(|(key, reading)| escaped(&format!("{key}={reading}"))).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.from, self.to, self.message)
    }
}

/// `B's digest to A: A1 B1`
impl fmt::Display for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}'s digest to {}: {}", self.asker, self.feeder, self.seen)
    }
}

/// What a person asks of a state: per master what it reads, has seen, keeps in its log and has yet to send; what is in
/// flight; what clients have asked; the faults left. A line begins with what it is about, so that two states can be
/// compared line by line. States that differ read differently, but for what a rule keeps without showing it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { replicas, wire, inquiries, .. } = self.seen();
        for replica in &replicas {
            let log: Vec<String> = replica.log().map(|change| change.dot.to_string()).collect();
            let log = if log.is_empty() { "empty".into() } else { log.join(" ") };
            write!(f, "{}  reads {}", replica.id(), readings_of(replica))?;
            write!(f, "; has seen {}; log {log}", replica.digest())?;
            if !replica.truncated().is_empty() {
                write!(f, ", truncated after {}", replica.truncated())?;
            }
            for peer in replicas.iter().map(|peer| peer.id()) {
                match replica.pending(peer) {
                    0 => {}
                    waiting => write!(f, "; {waiting} yet to send to {peer}")?,
                }
            }
            writeln!(f)?;
        }
        for letter in &wire {
            writeln!(f, "in flight  {letter}")?;
        }
        for inquiry in &inquiries {
            writeln!(f, "in flight  {inquiry}")?;
        }
        if wire.is_empty() && inquiries.is_empty() {
            writeln!(f, "in flight  nothing")?;
        }
        if self.world.broken != 0 {
            let broken: Vec<String> = (0..32).filter(|edge| self.world.broken & (1 << edge) != 0).map(number).collect();
            writeln!(f, "broken streams  {}", broken.join(" "))?;
        }
        let made: Vec<String> = self.world.progress().iter().map(|made| made.to_string()).collect();
        if !made.is_empty() {
            writeln!(f, "requests made  {}, client by client", made.join(" "))?;
        }
        if self.world.chosen != 0 {
            let chosen: Vec<String> =
                (0..32).filter(|index| self.world.chosen & (1 << index) != 0).map(number).collect();
            writeln!(f, "free requests made  {}", chosen.join(" "))?;
        }
        let crate::world::Faults { losses, duplicates, resets } = self.world.faults;
        let left = [(losses, "to lose"), (duplicates, "to repeat"), (resets, "to reset")];
        let left: Vec<String> =
            left.iter().filter(|(left, _)| *left > 0).map(|(left, what)| format!("{left} {what}")).collect();
        write!(f, "faults left  {}", if left.is_empty() { "none".into() } else { left.join(", ") })
    }
}

/// An edge or a free request, by its place among them.
fn number(place: u32) -> String {
    format!("#{}", place + 1)
}
