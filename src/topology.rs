//! Who sends changes to whom: [`Topology`].

use crate::MasterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A directed graph over the masters: along an edge `from → to`, changes go from `from` to `to`, and digests (what `to`
/// has seen, which asks for what it lacks) go back.
///
/// *Who relays what* is one rule for every graph: a master passes each change that is new to it on to every neighbour,
/// except those that [must have had it before](Self::had_before). So a change goes round a ring until it stands at its
/// origin's door, the hub of a star passes a spoke's change on to the other spokes, and a spoke passes nothing on. All to
/// all, each master also passes on what it received, so that a push need never wait for a third master's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Topology {
    masters: u16,
    edges: BTreeSet<(MasterId, MasterId)>,
}

/// Why a list of edges is no topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopologyError {
    /// Fewer than two masters replicate nothing.
    TooFew,
    /// An edge names a master that is not there.
    NoSuchMaster(MasterId),
    /// An edge leads from a master to itself.
    Loop(MasterId),
    /// No path of edges leads from the first master to the second: its writes would never arrive.
    Unreachable(MasterId, MasterId),
}

impl fmt::Display for TopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopologyError::TooFew => write!(f, "a topology joins at least two masters"),
            TopologyError::NoSuchMaster(id) => write!(f, "there is no master {id}"),
            TopologyError::Loop(id) => write!(f, "master {id} cannot be its own neighbour"),
            TopologyError::Unreachable(from, to) => write!(f, "no path leads from {from} to {to}"),
        }
    }
}

impl std::error::Error for TopologyError {}

impl Topology {
    /// Any graph in which every master can reach every other.
    ///
    /// # Errors
    /// If it is smaller than two masters, names a master not there, joins one to itself, or leaves one out of reach.
    pub fn from_edges(
        masters: u16,
        edges: impl IntoIterator<Item = (MasterId, MasterId)>,
    ) -> Result<Topology, TopologyError> {
        if masters < 2 {
            return Err(TopologyError::TooFew);
        }
        let edges: BTreeSet<_> = edges.into_iter().collect();
        for (from, to) in &edges {
            if let Some(absent) = [from, to].into_iter().find(|id| id.0 >= masters) {
                return Err(TopologyError::NoSuchMaster(*absent));
            }
            if from == to {
                return Err(TopologyError::Loop(*from));
            }
        }
        let topology = Topology { masters, edges };
        match topology.unreachable() {
            Some((from, to)) => Err(TopologyError::Unreachable(from, to)),
            None => Ok(topology),
        }
    }

    /// Each master sends to the next, the last to the first.
    ///
    /// # Errors
    /// With fewer than two masters.
    pub fn ring(masters: u16) -> Result<Topology, TopologyError> {
        Self::from_edges(masters, (0..masters).map(|id| (MasterId(id), MasterId((id + 1) % masters))))
    }

    /// Master A is the hub; it and every other master send to each other.
    ///
    /// # Errors
    /// With fewer than two masters.
    pub fn star(masters: u16) -> Result<Topology, TopologyError> {
        let hub = MasterId(0);
        Self::from_edges(masters, (1..masters).map(MasterId).flat_map(|spoke| [(hub, spoke), (spoke, hub)]))
    }

    /// Every master sends to every other.
    ///
    /// # Errors
    /// With fewer than two masters.
    pub fn all_to_all(masters: u16) -> Result<Topology, TopologyError> {
        let pairs = (0..masters).flat_map(|from| (0..masters).map(move |to| (MasterId(from), MasterId(to))));
        Self::from_edges(masters, pairs.filter(|(from, to)| from != to))
    }

    /// How many masters there are.
    pub fn masters(&self) -> u16 {
        self.masters
    }

    /// All masters, in order.
    pub fn ids(&self) -> impl Iterator<Item = MasterId> + use<> {
        (0..self.masters).map(MasterId)
    }

    /// All edges along which changes go, in order.
    pub fn edges(&self) -> impl Iterator<Item = (MasterId, MasterId)> + '_ {
        self.edges.iter().copied()
    }

    /// The neighbours to which `master` sends changes, in order.
    pub fn sends_to(&self, master: MasterId) -> impl Iterator<Item = MasterId> + '_ {
        self.edges().filter(move |(from, _)| *from == master).map(|(_, to)| to)
    }

    /// The neighbours from which `master` receives changes, and whom its digests ask, in order.
    pub fn hears_from(&self, master: MasterId) -> impl Iterator<Item = MasterId> + '_ {
        self.edges().filter(move |(_, to)| *to == master).map(|(from, _)| from)
    }

    /// Whether whatever `origin` wrote and `master` knows is also known to `neighbour`, because no path leads from
    /// `origin` to `master` except through `neighbour`. Then nothing need be sent back, and nobody need remember who sent
    /// what: no echo. O(edges²).
    pub fn had_before(&self, neighbour: MasterId, origin: MasterId, master: MasterId) -> bool {
        origin == neighbour || (origin != master && !self.reach(origin, Some(neighbour)).contains(&master))
    }

    /// The masters that `start`'s changes get to if `closed` passes nothing on.
    fn reach(&self, start: MasterId, closed: Option<MasterId>) -> BTreeSet<MasterId> {
        let mut reached = BTreeSet::from([start]);
        let mut to_visit = vec![start];
        while let Some(master) = to_visit.pop() {
            let onward = self.sends_to(master).filter(|next| Some(*next) != closed && reached.insert(*next));
            to_visit.extend(onward);
        }
        reached
    }

    fn unreachable(&self) -> Option<(MasterId, MasterId)> {
        self.ids().find_map(|start| {
            let reached = self.reach(start, None);
            self.ids().find(|id| !reached.contains(id)).map(|missed| (start, missed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_that_leaves_a_master_out_is_refused() {
        let (a, b, c) = (MasterId(0), MasterId(1), MasterId(2));
        assert_eq!(Topology::from_edges(3, [(a, b), (b, a)]), Err(TopologyError::Unreachable(a, c)));
        assert_eq!(Topology::from_edges(2, [(a, b)]), Err(TopologyError::Unreachable(b, a)));
        assert_eq!(Topology::from_edges(2, [(a, c)]), Err(TopologyError::NoSuchMaster(c)));
        assert_eq!(Topology::from_edges(2, [(a, a)]), Err(TopologyError::Loop(a)));
        assert_eq!(Topology::ring(1), Err(TopologyError::TooFew));
        assert!(Topology::from_edges(3, [(a, b), (b, c), (c, a)]) == Topology::ring(3));
    }

    #[test]
    fn a_neighbour_is_spared_what_can_only_have_come_through_it() {
        let (a, b, c) = (MasterId(0), MasterId(1), MasterId(2));
        let star = Topology::star(3).unwrap();
        assert!(star.had_before(a, c, b), "a spoke has everything through the hub");
        assert!(!star.had_before(c, b, a), "the hub must pass B's changes on to C");
        let ring = Topology::ring(3).unwrap();
        assert!(ring.had_before(a, a, c) && !ring.had_before(a, b, c));
        let mesh = Topology::all_to_all(3).unwrap();
        assert!(mesh.had_before(a, a, c) && !mesh.had_before(a, b, c));
    }

    #[test]
    fn edges_of_the_three_named_shapes() {
        let edges = |topology: Result<Topology, _>| topology.unwrap().edges().count();
        assert_eq!(edges(Topology::ring(4)), 4);
        assert_eq!(edges(Topology::star(4)), 6);
        assert_eq!(edges(Topology::all_to_all(4)), 12);
    }
}
