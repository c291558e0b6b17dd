//! The links of a simulation: [`Link`].

use super::regions::Regions;
use crate::node::any_rule::AnyMessage;
use multimaster::{MasterId, Topology, VersionVector};
use std::collections::VecDeque;

/// A link: changes travel from one master to the other, and digests travel back, both in the order in which they were
/// sent. Times are in nanoseconds.
pub(super) struct Link {
    pub(super) from: MasterId,
    pub(super) to: MasterId,
    /// The least time that a message takes.
    pub(super) delay: u64,
    pub(super) changes: Lane<Sent>,
    pub(super) digests: Lane<VersionVector>,
    /// The cuts that stand.
    pub(super) cuts: u32,
    /// The number of its two masters that are down.
    pub(super) down: u32,
    /// The number of breaks: a message sent before a break does not arrive.
    pub(super) breaks: u32,
    /// The last time at which a message arrived.
    pub(super) heard: u64,
    /// The time until which no second digest is sent for a gap.
    pub(super) asked_until: u64,
}

/// A message with changes in flight.
pub(super) struct Sent {
    pub(super) message: AnyMessage,
    /// Whether it answers a digest.
    pub(super) answers: bool,
}

/// One direction of a link.
pub(super) struct Lane<T> {
    /// The items in flight, each with the number of breaks before it was sent.
    flying: VecDeque<(u32, T)>,
    /// The time at which the last of them arrives.
    last: u64,
}

impl<T> Lane<T> {
    fn new() -> Lane<T> {
        Lane { flying: VecDeque::new(), last: 0 }
    }

    /// Puts an item in flight, behind all others. Returns its time of arrival, at `soonest` or later.
    pub(super) fn send(&mut self, breaks: u32, soonest: u64, it: T) -> u64 {
        self.last = self.last.max(soonest);
        self.flying.push_back((breaks, it));
        self.last
    }

    /// The next item to arrive, and the number of breaks before it was sent.
    pub(super) fn next(&mut self) -> (u32, T) {
        self.flying.pop_front().expect("each arrival was sent")
    }
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        self.cuts == 0 && self.down == 0
    }
}

/// The links of a topology, in the order of its edges.
pub(super) fn links(topology: &Topology, regions: &Regions) -> Vec<Link> {
    let link = |(from, to)| Link {
        from,
        to,
        delay: regions.one_way(from, to, topology.masters()),
        changes: Lane::new(),
        digests: Lane::new(),
        cuts: 0,
        down: 0,
        breaks: 0,
        heard: 0,
        asked_until: 0,
    };
    topology.edges().map(link).collect()
}
