//! The article's master: it has no timestamps, no origins, and no rule but "the last value to arrive is kept". It shows
//! why this crate's protocol is needed.

use super::{Answer, Envelope, Input, Output};
use crate::node::any_rule::Pack;
use multimaster::{Change, Dot, Key, MasterId, Message, Op, Outcome, Push, Request, Text, Timestamp, VersionVector};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A master of the article's program: its data, and the changes that its goroutines have yet to send.
///
/// A client's goroutine locks, writes and unlocks in one step, and then sends the change to each neighbour in turn; the
/// master's receive loop applies a change in one step. Making each of these atomic loses no schedule, because no other
/// goroutine can observe a state in between. The one exception is a relay's loop between taking a change out of its
/// channel and writing it: there, a schedule may need one more place in the channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Master {
    /// The neighbours to which it sends, in order.
    neighbours: Arc<[MasterId]>,
    /// Whether its loop relays the changes that it receives.
    relay: bool,
    /// The value of each key.
    pub(crate) data: BTreeMap<Key, Text>,
    /// By goroutine, the change that it has yet to send and the next receiver.
    goroutines: BTreeMap<Goroutine, Option<(Set, MasterId)>>,
}

/// A goroutine of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Goroutine {
    /// The goroutine of the client with this number.
    Client(u16),
    /// The receive loop.
    Loop,
}

/// A set, as a message carries it. The program sends the key and the value; the dot is only for the reader of a
/// schedule.
pub(crate) type Set = Change<Pack>;

/// The set of this request, with this client and dot; `None` if the request is not a set.
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

    /// The change that the goroutine has yet to send, and the next receiver.
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
                    // A channel does not tell the sender of a change.
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

    /// Makes the goroutine send the set to the neighbour after `last`, if there is one.
    fn send_next(&mut self, goroutine: Goroutine, set: Set, last: Option<MasterId>) {
        let next = self.neighbours.iter().find(|neighbour| last.is_none_or(|last| **neighbour > last));
        self.goroutines.insert(goroutine, next.map(|to| (set, *to)));
    }
}
