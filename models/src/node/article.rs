//! The article's master: what a master does without timestamps, without origins, and without a rule but "what arrives
//! last is kept". It is here to show what the protocol of this crate is for.

use super::{Answer, Envelope, Input, Output};
use crate::node::any_rule::Pack;
use multimaster::{Change, Dot, Key, MasterId, Message, Op, Outcome, Push, Request, Text, Timestamp, VersionVector};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A master of the article's program: what it reads, and what its goroutines are about to send.
///
/// A client's goroutine locks, writes and unlocks in one step, and then sends the change to each neighbour in turn; the
/// master's receive loop takes a change in by one step. Nothing is lost by taking each of these as one step: nobody
/// else's step in between could tell. The one exception is a relay's loop that has taken a change out of its channel
/// and not yet written it: there, a schedule may need one more place in the channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Master {
    /// To whom it sends, in order.
    neighbours: Arc<[MasterId]>,
    /// Whether its loop sends on what it receives.
    relay: bool,
    /// What it reads.
    pub(crate) data: BTreeMap<Key, Text>,
    /// Its goroutines: what each must still send, and to whom next.
    goroutines: BTreeMap<Goroutine, Option<(Set, MasterId)>>,
}

/// A goroutine of a master, which does one thing after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goroutine {
    /// That of the client with this number.
    Client(u16),
    /// The receive loop.
    Loop,
}

/// A set, as a message carries it. The program sends the key and the value; the name is for the reader of a schedule.
pub(crate) type Set = Change<Pack>;

/// The set that the request makes under this name; `None` if the program cannot make it.
pub(crate) fn set(name: Dot, request: &Request) -> Option<Set> {
    let Op::Set(value) = &request.op else { return None };
    let timestamp = Timestamp::new(name.seq(), name.origin());
    Some(Change { dot: name, timestamp, key: request.key.clone(), effect: Pack::of(value.clone()) })
}

/// The value that it sets.
pub(crate) fn value(set: &Set) -> &Text {
    set.effect.value().expect("a set carries a text")
}

impl Master {
    /// A master that sends to these neighbours, with a goroutine for each of these clients.
    pub(crate) fn new(neighbours: Arc<[MasterId]>, relay: bool, clients: impl Iterator<Item = u16>) -> Master {
        let goroutines = clients.map(Goroutine::Client).chain([Goroutine::Loop]).map(|goroutine| (goroutine, None));
        Master { neighbours, relay, data: BTreeMap::new(), goroutines: goroutines.collect() }
    }

    pub(crate) fn runs(&self, goroutine: Goroutine) -> bool {
        self.goroutines.contains_key(&goroutine)
    }

    /// What the goroutine must still send, and to whom next.
    pub(crate) fn sending(&self, goroutine: Goroutine) -> Option<(&Set, MasterId)> {
        let (set, to) = self.goroutines.get(&goroutine)?.as_ref()?;
        Some((set, *to))
    }

    /// Whether no goroutine has anything to send.
    pub(crate) fn is_idle(&self) -> bool {
        self.goroutines.values().all(Option::is_none)
    }

    pub(super) fn step(&mut self, input: Input<'_>) -> Output {
        let mut envelopes = Vec::new();
        let answer = match input {
            Input::Set { client, set } => {
                self.write(set);
                self.send_next(Goroutine::Client(client), set.clone(), None);
                Answer::Arrival(Outcome::Applied)
            }
            Input::Envelope(Envelope { message: Message::Push(push), .. }) => {
                for set in &push.changes {
                    self.write(set);
                    if self.relay {
                        self.send_next(Goroutine::Loop, set.clone(), None);
                    }
                }
                Answer::Arrival(Outcome::Applied)
            }
            Input::Send(goroutine) => match self.goroutines.insert(goroutine, None).flatten() {
                Some((set, to)) => {
                    // A channel does not tell who has sent what it holds.
                    let push = Push { extends: VersionVector::default(), changes: [set.clone()].into_iter().collect() };
                    envelopes.push(Envelope::new(set.dot.origin(), to, Message::Push(push)));
                    self.send_next(goroutine, set, Some(to));
                    Answer::Log
                }
                None => Answer::Nothing,
            },
            _ => Answer::Nothing,
        };
        Output { answer, envelopes }
    }

    fn write(&mut self, set: &Set) {
        self.data.insert(set.key.clone(), value(set).clone());
    }

    /// The goroutine must send the set to the neighbour after `last`, if there is one.
    fn send_next(&mut self, goroutine: Goroutine, set: Set, last: Option<MasterId>) {
        let next = self.neighbours.iter().find(|neighbour| last.is_none_or(|last| **neighbour > last));
        self.goroutines.insert(goroutine, next.map(|to| (set, *to)));
    }
}
