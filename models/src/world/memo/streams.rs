//! Each master's stream to each neighbour, where states count waiting changes.

use super::Tables;
use crate::node::Envelope;
use crate::node::any_rule::AnyReplica;
use multimaster::{Dot, MasterId, Message, Replica, VersionVector};

/// By neighbour, the envelopes of all changes in a master's log, one change each, from the first. Those in flight are
/// the last ones.
pub(crate) type Streams = Vec<Vec<Queued>>;

/// An envelope of one change, and that change.
#[derive(Clone, Copy)]
pub(crate) struct Queued {
    pub(crate) envelope: u32,
    pub(crate) dot: Dot,
}

impl Tables {
    /// All envelopes of the sender's log to `to`, from the first.
    pub(crate) fn in_all(&self, sender: u32, to: MasterId) -> &[Queued] {
        &self.locals[sender].streams[to.index()]
    }

    /// The envelopes in flight on the stream to `to`, where `waiting` changes wait.
    pub(crate) fn in_flight(&self, sender: u32, to: MasterId, waiting: u8) -> &[Queued] {
        let all = self.in_all(sender, to);
        &all[all.len() - usize::from(waiting)..]
    }

    /// The length of the prefix of the changes in flight that the receiver has seen. An acknowledgement moves the
    /// cursor past it, to the first change that the receiver lacks.
    pub(crate) fn known_in_flight(&self, sender: u32, to: MasterId, waiting: u8, seen: &VersionVector) -> u8 {
        let in_flight = self.in_flight(sender, to, waiting);
        let known = in_flight.iter().take_while(|queued| seen.contains(queued.dot)).count() as u8;
        debug_assert_eq!(usize::from(waiting - known), {
            let mut sender = Replica::clone(self.locals[sender].replica());
            sender.resume(to, seen);
            sender.pending(to)
        });
        known
    }

    /// Moves the sender's cursor back, so that the envelope and all after it are pending.
    pub(crate) fn wind_back(&self, sender: &mut AnyReplica, envelope: u32) {
        let Envelope { to, message, .. } = &*self.envelopes[envelope];
        if let Message::Push(push) = message {
            sender.resume(*to, &push.extends);
        }
    }
}
