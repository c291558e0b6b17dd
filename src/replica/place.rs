//! A master's place in its topology: [`Place`].

use crate::clock::LATEST;
use crate::{Dot, MasterId, Topology};

/// A master's place in its topology.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) masters: u16,
    /// The number of origins that changes may have: the masters, then the fresh origins of masters that restarted.
    pub(super) origins: u16,
    /// The latest time that a change may carry.
    pub(super) latest: u64,
    /// The neighbours that send to it, in order.
    pub(super) senders: Vec<MasterId>,
    /// The neighbours that it sends to, in order.
    pub(super) neighbours: Vec<Neighbour>,
}

impl Place {
    pub(super) fn new(id: MasterId, topology: &Topology) -> Place {
        let backward = topology.backward();
        let neighbours =
            topology.sends_to(id).map(|peer| Neighbour { id: peer, split_horizon: backward.split_horizon(peer, id) });
        Place {
            masters: topology.masters(),
            origins: topology.masters(),
            latest: LATEST,
            senders: topology.hears_from(id).collect(),
            neighbours: neighbours.collect(),
        }
    }
}

impl Place {
    /// From now on, split horizon keeps nothing from this neighbour.
    pub(super) fn keep_nothing_from(&mut self, peer: MasterId) {
        let neighbours = self.neighbours.iter_mut().filter(|neighbour| neighbour.id == peer);
        neighbours.for_each(|neighbour| neighbour.split_horizon.clear());
    }
}

#[derive(Clone, Debug)]
pub(super) struct Neighbour {
    pub(super) id: MasterId,
    /// By origin: whether split horizon keeps the origin's changes from the neighbour; not if the origin is past the
    /// end.
    pub(super) split_horizon: Vec<bool>,
}

impl Neighbour {
    /// Whether split horizon keeps the change from this neighbour, which must have had it before. A fresh origin has no
    /// place in the topology, so nothing is known of its changes.
    #[inline(always)]
    pub(super) fn had_before(&self, dot: Dot) -> bool {
        self.split_horizon.get(dot.origin().index()).is_some_and(|had| *had)
    }
}
