//! A cluster's steps and states in words: the lines of traces, the sentences of the Explorer, the reasons in reports.

use crate::cluster::{Action, Cluster, Inquiry, Letter, State};
use crate::properties as p;
use crate::scope::Link;
use crate::specification::{Misread, misread};
use crate::subject::{Arrow, Sent, Subject};
use multimaster::{Dot, MasterId, Outcome, Replica, Resolver, VersionVector};
use std::fmt;

impl<R: Resolver> Subject for Cluster<R> {
    fn step(&self, state: &State<R>, action: &Action<R>) -> Option<(State<R>, Sent)> {
        Cluster::step(self, state, action)
    }

    fn describe(&self, state: &State<R>, action: &Action<R>) -> String {
        match action {
            Action::Stream { from, to, max } => {
                let mut sender = state.master(*from).replica.clone();
                let message = sender.next_push(*to, *max).map(|message| message.to_string()).unwrap_or_default();
                format!("{from} -> {to}: {message}")
            }
            Action::Push { from, to, max } => {
                let message = state.master(*from).replica.clone().next_push(*to, *max);
                format!("{from} sends {to} {}", message.map(|message| message.to_string()).unwrap_or_default())
            }
            other => self.sentence(other),
        }
    }

    fn remark(&self, state: &State<R>, action: &Action<R>) -> Option<String> {
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[*client];
                self.refusal(state, script.at, &script.asks[*place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                self.refusal(state, *at, request)
            }
            Action::Deliver(letter) | Action::Repeat(letter) => {
                let mut receiver = state.master(letter.to).replica.clone();
                let outcome = self.receive(&mut receiver, letter.from, letter.message.clone());
                if let (Link::Running { .. }, Outcome::Gap) = (self.scope.link, &outcome) {
                    return Some(format!("{} lacks something before it", letter.to));
                }
                outcome_in_words(&outcome, letter.from, letter.to)
            }
            Action::Stream { from, to, max } => {
                let message = state.master(*from).replica.clone().next_push(*to, *max)?;
                let mut receiver = state.master(*to).replica.clone();
                outcome_in_words(&self.receive(&mut receiver, *from, message), *from, *to)
            }
            Action::Lose(_) | Action::Tick { .. } | Action::Break { .. } | Action::Resume { .. } => None,
            Action::Push { .. } | Action::Inquire { .. } | Action::Answer { .. } => None,
            Action::Duplicate(_) | Action::Truncate { .. } => None,
        }
    }

    fn masters(&self) -> Vec<String> {
        self.scope.topology.ids().map(|id| id.to_string()).collect()
    }

    fn readings(&self, state: &State<R>) -> Vec<String> {
        state.masters.iter().map(|node| readings_of(&node.replica)).collect()
    }

    fn complaint(&self, property: &str, state: &State<R>) -> Option<String> {
        let id = |place: usize| MasterId(place as u16);
        match property {
            p::CONVERGENCE => p::diverged(state).map(|(one, other)| {
                let (seen, reads) = (state.masters[one].replica.digest(), self.readings(state));
                let (a, b) = (id(one), id(other));
                format!(
                    "{a} and {b} have both seen {seen}, but {a} reads {} and {b} reads {}",
                    reads[one], reads[other]
                )
            }),
            p::AGREEMENT if self.at_rest(state) => state.masters.iter().find_map(|node| {
                let seen = node.replica.digest();
                let missed = state.history().writes().iter().find(|write| !seen.contains(write.dot));
                let missed =
                    missed.map(|write| format!("all is at rest, and {} never saw {}", node.replica.id(), write.dot));
                missed.or_else(|| {
                    let (reads, first) = (readings_of(&node.replica), &state.masters[0].replica);
                    (reads != readings_of(first)).then(|| {
                        let (a, b) = (first.id(), node.replica.id());
                        format!("all is at rest, but {a} reads {} and {b} reads {reads}", readings_of(first))
                    })
                })
            }),
            p::REPAIRABLE => self.beyond_repair(state).map(|(from, to)| {
                let (from, to) = (id(from), id(to));
                format!("{to} lacks what {from} has, and would still lack it after an exchange of digests")
            }),
            p::CAUSAL_ORDER => state.masters.iter().find_map(|node| {
                let write = state.history().out_of_order(&node.replica)?;
                let (id, seen) = (node.replica.id(), node.replica.digest());
                Some(format!("{id} has seen {seen}: {} without all that it had seen, {}", write.dot, write.past))
            }),
            p::NO_RESURRECTION => state.masters.iter().find_map(|node| {
                let (delete, removed) = state.history().resurrection(&node.replica)?;
                let (id, reads) = (node.replica.id(), readings_of(&node.replica));
                Some(format!("{id} has seen {}, which removed {}, and reads {reads}", delete.dot, removed.dot))
            }),
            p::NO_CAUSAL_LOSS => loss_in_words(state, false),
            p::NO_POLICY_LOSS => loss_in_words(state, true),
            p::SPECIFICATION => state.masters.iter().find_map(|node| {
                let wrong = misread(self.specification?, state.history(), &node.replica)?;
                let seen: Vec<String> = wrong.seen.iter().map(Dot::to_string).collect();
                let seen = if seen.is_empty() { "nothing".into() } else { seen.join(" ") };
                let (id, Misread { key, reads, specified, .. }) = (node.replica.id(), wrong);
                Some(format!("{id} reads {key}={reads}; the specification makes {specified} of {seen}"))
            }),
            p::NO_OVERSELLING => {
                let overspent = state.history().overspent();
                let overspent =
                    overspent.map(|(key, id)| format!("{id} has spent more of {key} than it had a right to"));
                overspent.or_else(|| {
                    let below = state.masters.iter().find(|node| node.verdict.below_bound)?;
                    Some(format!("{} reads {}", below.replica.id(), readings_of(&below.replica)))
                })
            }
            _ => None,
        }
    }

    fn arrow(&self, state: &State<R>, action: &Action<R>) -> Arrow {
        let arrives = |letter: &Letter<R>, again| Arrow::Arrives {
            from: letter.from.index(),
            to: letter.to.index(),
            label: letter.message.to_string(),
            again,
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
            Action::Deliver(letter) => arrives(letter, false),
            Action::Repeat(letter) => arrives(letter, true),
            Action::Lose(letter) => {
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
            Action::Inquire { asker, .. } => Arrow::At(asker.index(), self.sentence(action)),
            Action::Answer { inquiry, .. } => Arrow::Asks { from: inquiry.asker.index(), to: inquiry.feeder.index() },
            Action::Duplicate(letter) => Arrow::At(letter.from.index(), self.sentence(action)),
            Action::Truncate { at, .. } => Arrow::At(at.index(), self.sentence(action)),
        }
    }

    fn client(&self, action: &Action<R>) -> Option<usize> {
        match action {
            Action::Ask { client, .. } => Some(*client),
            _ => None,
        }
    }

    fn seen(&self, state: &State<R>) -> Vec<VersionVector> {
        state.masters.iter().map(|node| node.replica.digest().clone()).collect()
    }
}

impl<R: Resolver> Cluster<R> {
    /// The step as a sentence that needs no state to be told.
    pub(crate) fn sentence(&self, action: &Action<R>) -> String {
        match action {
            Action::Ask { client, place } => {
                let script = &self.scope.clients[*client];
                format!("{}: {}", script.at, script.asks[*place])
            }
            Action::Choose(index) => {
                let (at, request) = &self.scope.free.of[*index];
                format!("{at}: {request}")
            }
            Action::Deliver(letter) => format!("{letter}"),
            Action::Repeat(letter) => format!("{letter}, and once more later"),
            Action::Lose(letter) => format!("lost {letter}"),
            Action::Tick { asker, feeder } => format!("{asker} asks {feeder} for what it lacks"),
            Action::Stream { from, to, max: 1 } => format!("{from} -> {to}: the next change"),
            Action::Stream { from, to, max } => format!("{from} -> {to}: the next {max} changes"),
            Action::Break { from, to } => format!("break {from} -> {to}"),
            Action::Resume { from, to } => format!("resume {from} -> {to}"),
            Action::Push { from, to, .. } => format!("{from} sends {to} what comes next"),
            Action::Inquire { asker, feeder } => format!("{asker} sends {feeder} its digest"),
            Action::Answer { inquiry, .. } => format!("{inquiry}"),
            Action::Duplicate(letter) => format!("twice {letter}"),
            Action::Truncate { at, keep } => format!("{at} cuts its log to {keep}"),
        }
    }

    /// The request, after the name by which later steps call the change that it makes.
    fn named(&self, state: &State<R>, at: MasterId, request: &multimaster::Request) -> String {
        match state.master(at).replica.clone().write(&request.key, request.op.clone()) {
            Ok(dot) => format!("{dot}: {request}"),
            Err(_) => request.to_string(),
        }
    }

    fn refusal(&self, state: &State<R>, at: MasterId, request: &multimaster::Request) -> Option<String> {
        let refusal = state.master(at).replica.clone().write(&request.key, request.op.clone()).err()?;
        Some(format!("refused: {refusal}"))
    }
}

fn outcome_in_words(outcome: &Outcome, from: MasterId, to: MasterId) -> Option<String> {
    match outcome {
        Outcome::Applied => None,
        Outcome::Stale => Some(format!("{to} had newer")),
        Outcome::Duplicate => Some(format!("{to} had it all: nothing done")),
        Outcome::Gap => Some(format!("{to} lacks something before it, and asks {from}")),
        Outcome::Refused(fault) => Some(format!("refused: {fault}")),
    }
}

pub(crate) fn readings_of<R: Resolver>(replica: &Replica<R>) -> String {
    let all: Vec<String> = replica.readings().map(|(key, reading)| format!("{key}={reading}")).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

fn loss_in_words<R: Resolver>(state: &State<R>, by_policy: bool) -> Option<String> {
    state.masters.iter().find_map(|node| {
        let losses = state.history().losses(&node.replica);
        let loss = losses.into_iter().find(|loss| loss.by_policy == by_policy)?;
        let write = state.history().get(loss.write)?;
        let request = multimaster::Request { key: write.key.clone(), op: write.op.clone() };
        let (id, dot, reads) = (node.replica.id(), write.dot, readings_of(&node.replica));
        let beaten: Vec<Dot> = loss.shown.iter().copied().filter(|dot| write.past.contains(*dot)).collect();
        let why = match (by_policy, beaten.first()) {
            (true, _) => "a write concurrent to it won".to_owned(),
            (false, Some(winner)) => format!("{winner} won, which it had seen"),
            (false, None) => "nothing that competed with it won".to_owned(),
        };
        Some(format!("{id} has seen {dot} ({request}) and reads {reads}: {why}"))
    })
}

impl<R: Resolver> fmt::Display for Letter<R> {
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

impl<R: Resolver> fmt::Debug for Action<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Ask { client, place } => write!(f, "Ask({client}, {place})"),
            Action::Choose(index) => write!(f, "Choose({index})"),
            Action::Deliver(letter) => write!(f, "Deliver({letter})"),
            Action::Repeat(letter) => write!(f, "Repeat({letter})"),
            Action::Lose(letter) => write!(f, "Lose({letter})"),
            Action::Tick { asker, feeder } => write!(f, "Tick({asker} asks {feeder})"),
            Action::Stream { from, to, max } => write!(f, "Stream({from} -> {to}, {max})"),
            Action::Break { from, to } => write!(f, "Break({from} -> {to})"),
            Action::Resume { from, to } => write!(f, "Resume({from} -> {to})"),
            Action::Push { from, to, max } => write!(f, "Push({from} -> {to}, {max})"),
            Action::Inquire { asker, feeder } => write!(f, "Inquire({asker} asks {feeder})"),
            Action::Answer { inquiry, max } => write!(f, "Answer({inquiry}, {max})"),
            Action::Duplicate(letter) => write!(f, "Duplicate({letter})"),
            Action::Truncate { at, keep } => write!(f, "Truncate({at}, {keep})"),
        }
    }
}

/// What a person asks of a state: per master what it reads, has seen, keeps in its log and has yet to send; what is in
/// flight; what clients have asked; the faults left. A line begins with what it is about, so that two states can be
/// compared line by line. States that differ read differently, but for what a rule keeps without showing it.
impl<R: Resolver> fmt::Debug for State<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.masters {
            let replica = &node.replica;
            let log: Vec<String> = replica.log().map(|change| change.dot.to_string()).collect();
            let log = if log.is_empty() { "empty".into() } else { log.join(" ") };
            write!(f, "{}  reads {}", replica.id(), readings_of(replica))?;
            write!(f, "; has seen {}; log {log}", replica.digest())?;
            if !replica.truncated().is_empty() {
                write!(f, ", truncated after {}", replica.truncated())?;
            }
            for peer in self.masters.iter().map(|peer| peer.replica.id()) {
                match replica.pending(peer) {
                    0 => {}
                    waiting => write!(f, "; {waiting} yet to send to {peer}")?,
                }
            }
            writeln!(f)?;
        }
        for letter in &self.wire {
            writeln!(f, "in flight  {letter}")?;
        }
        for inquiry in &self.inquiries {
            writeln!(f, "in flight  {inquiry}")?;
        }
        if self.wire.is_empty() && self.inquiries.is_empty() {
            writeln!(f, "in flight  nothing")?;
        }
        if self.broken != 0 {
            let broken: Vec<String> = (0..32).filter(|edge| self.broken & (1 << edge) != 0).map(number).collect();
            writeln!(f, "broken streams  {}", broken.join(" "))?;
        }
        let made: Vec<String> = self.progress.iter().map(|made| made.to_string()).collect();
        if !made.is_empty() {
            writeln!(f, "requests made  {}, client by client", made.join(" "))?;
        }
        if self.chosen != 0 {
            let chosen: Vec<String> = (0..32).filter(|index| self.chosen & (1 << index) != 0).map(number).collect();
            writeln!(f, "free requests made  {}", chosen.join(" "))?;
        }
        let crate::cluster::Faults { losses, duplicates, resets } = self.faults;
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
