//! The links of a simulation: [`Link`], and what flies along them.

use super::regions::Regions;
use crate::node::any_rule::AnyMessage;
use multimaster::{Dot, MasterId, Message, Topology, VersionVector};
use smallvec::SmallVec;
use std::rc::Rc;

/// A link: changes travel from one master to the other, and digests travel back, both in the order in which they were
/// sent. Times are in nanoseconds.
pub(super) struct Link {
    pub(super) from: MasterId,
    pub(super) to: MasterId,
    /// The least time that a message takes.
    pub(super) delay: u64,
    /// The times at which the last message and the last digest arrive.
    last_message: u64,
    last_digest: u64,
    /// The cuts that stand.
    pub(super) cuts: u32,
    /// The number of its two masters that are down.
    pub(super) down: u32,
    /// The number of breaks: a message sent before a break does not arrive.
    pub(super) breaks: u32,
    /// The last time at which a message arrived; kept where messages can be lost.
    pub(super) heard: u64,
    /// The time until which no second digest is sent for a gap.
    pub(super) asked_until: u64,
}

/// A message with changes. Neighbours to which a master sends the same message share it.
pub(super) struct Built {
    pub(super) message: AnyMessage,
    /// Its length in bytes.
    pub(super) length: u64,
    /// The dots of its changes; empty for a snapshot.
    dots: SmallVec<[Dot; 4]>,
}

impl Built {
    pub(super) fn new(message: AnyMessage, length: u64) -> Built {
        let dots = match &message {
            Message::Push(push) => push.changes.iter().map(|change| change.dot).collect(),
            Message::Snapshot(_) => SmallVec::new(),
        };
        Built { message, length, dots }
    }

    /// As [`Message::brings`], and faster: most messages bring nothing.
    pub(super) fn brings(&self, known: &VersionVector) -> Vec<Dot> {
        match &self.message {
            Message::Push(_) => self.dots.iter().copied().filter(|dot| !known.contains(*dot)).collect(),
            snapshot => snapshot.brings(known),
        }
    }
}

/// A message in flight or in the mail.
pub(super) struct Sent {
    pub(super) message: Rc<Built>,
    pub(super) link: usize,
    /// The breaks of the link before it was sent.
    pub(super) breaks: u32,
    pub(super) to: MasterId,
    /// Whether it answers a digest.
    pub(super) answers: bool,
}

/// A digest in flight or in the mail.
pub(super) struct Asked {
    pub(super) digest: VersionVector,
    pub(super) link: usize,
    /// The breaks of the link before it was sent.
    pub(super) breaks: u32,
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        self.cuts == 0 && self.down == 0
    }

    /// The time at which a message arrives, at `soonest` or later: behind all others.
    pub(super) fn message_arrives(&mut self, soonest: u64) -> u64 {
        self.last_message = self.last_message.max(soonest);
        self.last_message
    }

    /// The same for a digest.
    pub(super) fn digest_arrives(&mut self, soonest: u64) -> u64 {
        self.last_digest = self.last_digest.max(soonest);
        self.last_digest
    }
}

/// The links of a topology, in the order of its edges.
pub(super) fn links(topology: &Topology, regions: &Regions) -> Vec<Link> {
    let link = |(from, to)| Link {
        from,
        to,
        delay: regions.one_way(from, to, topology.masters()),
        last_message: 0,
        last_digest: 0,
        cuts: 0,
        down: 0,
        breaks: 0,
        heard: 0,
        asked_until: 0,
    };
    topology.edges().map(link).collect()
}
