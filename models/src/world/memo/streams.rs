//! What a master's log comes to for each neighbour, where states count what waits on streams.

use super::Tables;
use crate::node::Envelope;
use crate::node::any_rule::AnyReplica;
use multimaster::{Dot, MasterId, Message, Replica, VersionVector};

/// By neighbour, the envelopes that a master's log comes to, one change each, from the first: what is in flight on a
/// stream is the last so many of them.
pub(crate) type Streams = Vec<Vec<Queued>>;

/// An envelope of one change, and that change.
#[derive(Clone, Copy)]
pub(crate) struct Queued {
    pub(crate) envelope: u32,
    pub(crate) dot: Dot,
}

impl Tables {
    /// All that the sender's log comes to for `to`.
    pub(crate) fn in_all(&self, sender: u32, to: MasterId) -> &[Queued] {
        &self.locals[sender].streams[to.index()]
    }

    /// What is in flight on the stream to `to` if the sender has so many changes waiting there.
    pub(crate) fn in_flight(&self, sender: u32, to: MasterId, waiting: u8) -> &[Queued] {
        let all = self.in_all(sender, to);
        &all[all.len() - usize::from(waiting)..]
    }

    /// How many changes, from the first in flight, a receiver that has seen so much has got: past them an
    /// acknowledgement moves the cursor, which rests nowhere behind what the receiver lacks.
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

    /// The sender has the envelope yet to send, and all that comes after it.
    pub(crate) fn wind_back(&self, sender: &mut AnyReplica, envelope: u32) {
        let Envelope { to, message, .. } = &*self.envelopes[envelope];
        if let Message::Push(push) = message {
            sender.resume(*to, &push.extends);
        }
    }
}
