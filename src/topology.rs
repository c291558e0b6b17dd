//! The graph along which masters send changes: [`Topology`].

use crate::{MasterId, Newcomer};
use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::str::FromStr;

/// A directed graph over the masters. Along an edge `from → to`, changes travel from `from` to `to`, and digests travel
/// back.
///
/// Every graph has the same *relay rule*: when a master sees a new change, it sends the change to every neighbour,
/// except neighbours that [must have had the change before](Self::had_before). So a change travels round a ring until
/// it reaches the master before its origin. The hub of a star passes a spoke's change on to the other spokes, and a
/// spoke passes nothing on. In an all-to-all topology, each master also relays the changes that it receives. So if a
/// push extends changes of a third master, its receiver need not wait until the third master sends them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "crate::serialized::Graph")
)]
pub struct Topology {
    masters: u16,
    edges: BTreeSet<(MasterId, MasterId)>,
    /// Whether some master cannot reach another.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "std::ops::Not::not"))]
    one_way: bool,
}

type Edge = (MasterId, MasterId);

/// The most edges of a topology: 2048 masters all to all. More would not fit the memory of most machines.
const MOST_EDGES: usize = 1 << 22;

/// What `Display` adds to the number of masters if some master cannot reach another.
const ONE_WAY: &str = ", one way";

/// Why a list of edges is not a topology.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopologyError {
    /// There are fewer than two masters.
    TooFew,
    /// An edge names a master that does not exist.
    NoSuchMaster(MasterId),
    /// An edge leads from a master to itself.
    Loop(MasterId),
    /// No path of edges leads from the first master to the second: the first master's writes would never reach the
    /// second.
    Unreachable(MasterId, MasterId),
    /// No edge joins the master to another.
    Alone(MasterId),
    /// There are more than 2^22 edges.
    TooManyEdges,
    /// A master that joins would get the id of another.
    Taken(MasterId),
    /// A new master would replace this edge, but the edge does not exist, its start does not send to the new master, or
    /// the new master does not send to its end.
    NotReplaced(MasterId, MasterId),
}

impl fmt::Display for TopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopologyError::TooFew => write!(f, "a topology joins at least two masters"),
            TopologyError::NoSuchMaster(id) => write!(f, "there is no master {id}"),
            TopologyError::Loop(id) => write!(f, "master {id} cannot be its own neighbour"),
            TopologyError::TooManyEdges => write!(f, "a topology has at most {MOST_EDGES} edges"),
            TopologyError::Alone(id) => write!(f, "no edge joins master {id} to another"),
            TopologyError::Unreachable(from, to) => write!(f, "no path leads from {from} to {to}"),
            TopologyError::Taken(id) => write!(f, "{id} is the id of another master"),
            TopologyError::NotReplaced(from, to) => {
                write!(
                    f,
                    "a new master cannot replace the edge {from} -> {to}: the edge must exist, {from} must send to the \
                     new master, and the new master to {to}"
                )
            }
        }
    }
}

impl std::error::Error for TopologyError {}

/// The number of masters and all edges, in order: `3 masters: A -> B, B -> C, C -> A`.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} masters{}:", self.masters, if self.one_way { ONE_WAY } else { "" })?;
        for (place, (from, to)) in self.edges().enumerate() {
            write!(f, "{} {from} -> {to}", if place == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// Why a text is not a [`Topology`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseTopologyError {
    /// The text does not have the form `3 masters: A -> B, B -> C, C -> A`. The field has the wrong part.
    Syntax(String),
    /// The text has that form, but the graph is not a topology.
    Invalid(TopologyError),
}

impl fmt::Display for ParseTopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseTopologyError::Syntax(part) => {
                write!(f, "`{part}`: a topology is written as in `3 masters: A -> B, B -> C, C -> A`")
            }
            ParseTopologyError::Invalid(_) => f.write_str("the edges do not form a topology"),
        }
    }
}

impl std::error::Error for ParseTopologyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ParseTopologyError::Syntax(_) => None,
            ParseTopologyError::Invalid(error) => Some(error),
        }
    }
}

/// Parses the form that `Display` writes.
impl FromStr for Topology {
    type Err = ParseTopologyError;

    fn from_str(text: &str) -> Result<Topology, ParseTopologyError> {
        let syntax = |part: &str| ParseTopologyError::Syntax(part.escape_debug().to_string());
        let (masters, edges) = text.split_once(':').ok_or_else(|| syntax(text))?;
        let (masters, one_way) = match masters.strip_suffix(ONE_WAY) {
            Some(masters) => (masters, true),
            None => (masters, false),
        };
        let masters = masters.strip_suffix(" masters").ok_or_else(|| syntax(text))?;
        let masters = masters.trim().parse().map_err(|_| syntax(masters))?;
        let edge = |part: &str| {
            let ends = part.split_once(" -> ");
            let ends = ends.and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
            ends.ok_or_else(|| syntax(part.trim()))
        };
        let edges = edges.split(',').map(edge).collect::<Result<Vec<_>, _>>()?;
        let topology = if one_way { Topology::one_way(masters, edges) } else { Topology::from_edges(masters, edges) };
        topology.map_err(ParseTopologyError::Invalid)
    }
}

impl Topology {
    /// Any graph in which every master can reach every other. O(edges log edges).
    ///
    /// # Errors
    /// If there are fewer than two masters or more than 2^22 edges, if an edge names an unknown master or joins a
    /// master to itself, or if a master cannot reach another.
    pub fn from_edges(
        masters: u16,
        edges: impl IntoIterator<Item = (MasterId, MasterId)>,
    ) -> Result<Topology, TopologyError> {
        let topology = Self::graph(masters, edges)?;
        match topology.unreachable() {
            Some((from, to)) => Err(TopologyError::Unreachable(from, to)),
            None => Ok(topology),
        }
    }

    /// Any graph in which an edge joins every master to another; a path need not lead back. A master sees the writes of
    /// the masters that [reach](Self::reaches) it, and no others: all that can be promised is that masters which have
    /// seen the same writes read the same. O(edges log edges).
    ///
    /// # Errors
    /// As [`from_edges`](Self::from_edges), and if no edge joins some master to another.
    pub fn one_way(
        masters: u16,
        edges: impl IntoIterator<Item = (MasterId, MasterId)>,
    ) -> Result<Topology, TopologyError> {
        let topology = Self::graph(masters, edges)?;
        let joined: BTreeSet<MasterId> = topology.edges().flat_map(|(from, to)| [from, to]).collect();
        match topology.ids().find(|id| !joined.contains(id)) {
            Some(alone) => Err(TopologyError::Alone(alone)),
            None => Ok(Topology { one_way: topology.unreachable().is_some(), ..topology }),
        }
    }

    /// Makes the graph, and checks all conditions but reachability.
    fn graph(masters: u16, edges: impl IntoIterator<Item = (MasterId, MasterId)>) -> Result<Topology, TopologyError> {
        if masters < 2 {
            return Err(TopologyError::TooFew);
        }
        let mut known = BTreeSet::new();
        for (from, to) in edges {
            if let Some(absent) = [from, to].into_iter().find(|id| id.0 >= masters) {
                return Err(TopologyError::NoSuchMaster(absent));
            }
            if from == to {
                return Err(TopologyError::Loop(from));
            }
            known.insert((from, to));
            if known.len() > MOST_EDGES {
                return Err(TopologyError::TooManyEdges);
            }
        }
        Ok(Topology { masters, edges: known, one_way: false })
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
    /// With fewer than two masters, or more than 2048.
    pub fn all_to_all(masters: u16) -> Result<Topology, TopologyError> {
        if usize::from(masters) * usize::from(masters.saturating_sub(1)) > MOST_EDGES {
            return Err(TopologyError::TooManyEdges);
        }
        let pairs = (0..masters).flat_map(|from| (0..masters).map(move |to| (MasterId(from), MasterId(to))));
        Self::from_edges(masters, pairs.filter(|(from, to)| from != to))
    }

    /// The topology without `dead`: every master that sent to a dead master now sends to every master to which the dead
    /// master sent. So a ring closes, the spokes of a dead hub all send to each other, and in an all-to-all topology
    /// the other edges stay as they are. The masters keep their ids, and wherever a path led through dead masters, a
    /// path without them remains. O(edges²).
    pub fn without(&self, dead: &BTreeSet<MasterId>) -> Topology {
        let mut edges = self.edges.clone();
        for gone in dead {
            let senders: Vec<MasterId> = edges.iter().filter(|(_, to)| to == gone).map(|(from, _)| *from).collect();
            let receivers: Vec<MasterId> = onward(&edges, *gone).collect();
            edges.retain(|(from, to)| from != gone && to != gone);
            for from in senders {
                edges.extend(receivers.iter().filter(|to| **to != from).map(|to| (from, *to)));
            }
        }
        Topology { edges, ..*self }
    }

    /// The topology with one more master, `id`, which joins as `newcomer`. Ids between those of the present masters and
    /// `id` stay without edges. O(edges).
    ///
    /// # Errors
    /// If a present master has this id, a neighbour does not exist, the newcomer would replace an edge that does not
    /// exist or whose ends are not its neighbours, it neither hears nor sends, there would be too many edges, or no path
    /// would lead from it or to it though all other masters reach each other.
    pub fn joined(&self, id: MasterId, newcomer: &Newcomer) -> Result<Topology, TopologyError> {
        let Newcomer { hears_from, sends_to, replaces } = newcomer;
        if id.0 < self.masters || id.0 == u16::MAX {
            return Err(TopologyError::Taken(id));
        }
        if let Some(absent) = hears_from.iter().chain(sends_to).find(|master| master.0 >= self.masters) {
            return Err(TopologyError::NoSuchMaster(*absent));
        }
        let bridged = |(from, to): &Edge| hears_from.contains(from) && sends_to.contains(to);
        if let Some((from, to)) = replaces.iter().find(|edge| !self.edges.contains(edge) || !bridged(edge)) {
            return Err(TopologyError::NotReplaced(*from, *to));
        }
        match (hears_from.first(), sends_to.first()) {
            (None, None) => return Err(TopologyError::Alone(id)),
            (None, Some(other)) if !self.one_way => return Err(TopologyError::Unreachable(*other, id)),
            (Some(other), None) if !self.one_way => return Err(TopologyError::Unreachable(id, *other)),
            _ => {}
        }
        let mut edges = &self.edges - replaces;
        edges.extend(hears_from.iter().map(|from| (*from, id)));
        edges.extend(sends_to.iter().map(|to| (id, *to)));
        if edges.len() > MOST_EDGES {
            return Err(TopologyError::TooManyEdges);
        }
        Ok(Topology { masters: id.0 + 1, edges, one_way: self.one_way })
    }

    /// Whether some master cannot reach another: see [`one_way`](Self::one_way).
    pub fn is_one_way(&self) -> bool {
        self.one_way
    }

    /// Whether a path of edges leads from the master `from` to the master `to`, so that the writes of `from` reach
    /// `to`. O(edges log edges).
    pub fn reaches(&self, from: MasterId, to: MasterId) -> bool {
        let reached = || reach(self.masters, &self.edges, from, None);
        from.0 < self.masters && to.0 < self.masters && reached()[to.index()]
    }

    /// How many masters there are.
    pub fn masters(&self) -> u16 {
        self.masters
    }

    /// All masters, in order.
    pub fn ids(&self) -> impl Iterator<Item = MasterId> + use<> {
        (0..self.masters).map(MasterId)
    }

    /// All edges, in order.
    pub fn edges(&self) -> impl Iterator<Item = (MasterId, MasterId)> + '_ {
        self.edges.iter().copied()
    }

    /// The neighbours to which `master` sends changes, in order.
    pub fn sends_to(&self, master: MasterId) -> impl Iterator<Item = MasterId> + '_ {
        onward(&self.edges, master)
    }

    /// The neighbours from which `master` receives changes, in order. It sends its digests to them. O(edges).
    pub fn hears_from(&self, master: MasterId) -> impl Iterator<Item = MasterId> + '_ {
        self.edges().filter(move |(_, to)| *to == master).map(|(from, _)| from)
    }

    /// Whether every path from `origin` to `master` passes through `neighbour`. Then `neighbour` has seen all changes
    /// of `origin` that `master` has seen, so `master` need not send them (split horizon). Masters need not remember
    /// which neighbour sent a change. O(edges log edges).
    pub fn had_before(&self, neighbour: MasterId, origin: MasterId, master: MasterId) -> bool {
        self.backward().split_horizon(neighbour, master).get(origin.index()).is_some_and(|seen_before| *seen_before)
    }

    /// The graph with its edges reversed: from receivers to senders.
    pub(crate) fn backward(&self) -> Backward {
        let reversed = || self.edges().map(|(from, to)| (to, from)).collect();
        Backward { masters: self.masters, edges: (!self.is_complete()).then(reversed) }
    }

    /// Whether every master sends to every other.
    fn is_complete(&self) -> bool {
        self.edges.len() == usize::from(self.masters) * usize::from(self.masters - 1)
    }

    /// A master that cannot reach all others, and the first master that it cannot reach. Two searches suffice, because
    /// every master reaches every other if and only if master A reaches all and all reach A. O(edges log edges).
    fn unreachable(&self) -> Option<(MasterId, MasterId)> {
        let backward = self.backward().edges?;
        let first = MasterId(0);
        let missed = |start| {
            let reached = reach(self.masters, &self.edges, start, None);
            self.ids().find(|id| !reached[id.index()]).map(|missed| (start, missed))
        };
        missed(first).or_else(|| {
            let heard = reach(self.masters, &backward, first, None);
            self.ids().find(|id| !heard[id.index()]).and_then(missed)
        })
    }
}

/// A [`Topology`] with its edges reversed, built once for all of a master's neighbours.
pub(crate) struct Backward {
    masters: u16,
    /// `None` if every master sends to every other.
    edges: Option<BTreeSet<(MasterId, MasterId)>>,
}

impl Backward {
    /// By origin, whether `master` need not send the origin's changes to `neighbour`: [`Topology::had_before`]. If the
    /// origin is past the end of the list, `master` must send them. O(edges log edges).
    pub(crate) fn split_horizon(&self, neighbour: MasterId, master: MasterId) -> Vec<bool> {
        let Some(edges) = &self.edges else {
            // A change has a direct path to `master`, which avoids the neighbour unless the neighbour wrote the change.
            return (0..=neighbour.0).map(|origin| origin == neighbour.0).collect();
        };
        let reached = reach(self.masters, edges, master, Some(neighbour));
        reached.into_iter().map(|past_neighbour| !past_neighbour).collect()
    }
}

fn onward(edges: &BTreeSet<(MasterId, MasterId)>, master: MasterId) -> impl Iterator<Item = MasterId> + '_ {
    edges.range((master, MasterId(0))..=(master, MasterId(u16::MAX))).map(|(_, next)| *next)
}

/// By master, whether a path without `closed` leads from `start` to it.
fn reach(masters: u16, edges: &BTreeSet<(MasterId, MasterId)>, start: MasterId, closed: Option<MasterId>) -> Vec<bool> {
    let mut reached = vec![false; usize::from(masters)];
    reached[start.index()] = true;
    let is_past = closed.is_some_and(|closed| closed != start && closed.0 < masters);
    let mut left = usize::from(masters) - 1 - usize::from(is_past);
    let mut to_visit = vec![start];
    while let Some(master) = to_visit.pop() {
        // In a dense graph all masters are reached long before all edges have been followed.
        if left == 0 {
            break;
        }
        for next in onward(edges, master).filter(|next| Some(*next) != closed) {
            if !mem::replace(&mut reached[next.index()], true) {
                to_visit.push(next);
                left -= 1;
            }
        }
    }
    reached
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
    fn a_path_need_not_lead_back_where_that_is_asked_for() {
        let (a, b, c) = (MasterId(0), MasterId(1), MasterId(2));
        let line = Topology::one_way(3, [(a, b), (b, c)]).unwrap();
        assert!(line.is_one_way() && line.reaches(a, c) && !line.reaches(c, a));
        assert_eq!(line.to_string(), "3 masters, one way: A -> B, B -> C");
        assert_eq!(line.to_string().parse(), Ok(line));
        assert_eq!(Topology::one_way(3, [(a, b)]), Err(TopologyError::Alone(c)));
        let ring = [(a, b), (b, c), (c, a)];
        assert_eq!(Topology::one_way(3, ring), Topology::ring(3), "all reach all");
        assert!(Topology::ring(3).unwrap().reaches(c, b));
    }

    #[test]
    fn without_a_master_paths_lead_past_it() {
        let (a, b, c) = (MasterId(0), MasterId(1), MasterId(2));
        let edges = |topology: Topology| topology.edges().collect::<Vec<_>>();
        let without_b = [b].into();
        assert_eq!(edges(Topology::ring(3).unwrap().without(&without_b)), [(a, c), (c, a)]);
        assert_eq!(edges(Topology::star(3).unwrap().without(&[a].into())), [(b, c), (c, b)]);
        assert_eq!(edges(Topology::star(3).unwrap().without(&without_b)), [(a, c), (c, a)]);
        assert_eq!(edges(Topology::all_to_all(3).unwrap().without(&without_b)), [(a, c), (c, a)]);
        let d = MasterId(3);
        assert_eq!(edges(Topology::ring(4).unwrap().without(&[b, c].into())), [(a, d), (d, a)]);
    }

    #[test]
    fn edges_of_the_three_named_shapes() {
        let edges = |topology: Result<Topology, _>| topology.unwrap().edges().count();
        assert_eq!(edges(Topology::ring(4)), 4);
        assert_eq!(edges(Topology::star(4)), 6);
        assert_eq!(edges(Topology::all_to_all(4)), 12);
    }

    /// A search from each master along all edges took hours.
    #[test]
    fn the_largest_topologies_are_there_at_once() {
        let start = std::time::Instant::now();
        assert_eq!(Topology::ring(u16::MAX).unwrap().edges().count(), 65_535);
        assert_eq!(Topology::star(u16::MAX).unwrap().edges().count(), 131_068);
        assert_eq!(Topology::all_to_all(200).unwrap().edges().count(), 39_800);
        assert_eq!(Topology::all_to_all(2049), Err(TopologyError::TooManyEdges));
        let broken = (0..u16::MAX - 1).map(|id| (MasterId(id), MasterId(id + 1)));
        let last = MasterId(u16::MAX - 1);
        let there = [(last, MasterId(1))];
        let (first, second) = (MasterId(0), MasterId(1));
        assert_eq!(Topology::from_edges(u16::MAX, broken.chain(there)), Err(TopologyError::Unreachable(second, first)));
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }

    #[test]
    fn a_topology_is_read_as_it_is_written() {
        for topology in [Topology::ring(3), Topology::star(4), Topology::all_to_all(30)].map(Result::unwrap) {
            assert_eq!(topology.to_string().parse(), Ok(topology));
        }
        assert_eq!(Topology::ring(3).unwrap().to_string(), "3 masters: A -> B, B -> C, C -> A");
        for (text, part) in [("", ""), ("x masters: A -> B", "x"), ("2 masters: A -> B, B > A", "B > A")] {
            assert_eq!(text.parse::<Topology>(), Err(ParseTopologyError::Syntax(part.into())));
        }
        let unreachable = ParseTopologyError::Invalid(TopologyError::Unreachable(MasterId(1), MasterId(0)));
        assert_eq!("2 masters: A -> B".parse::<Topology>(), Err(unreachable));
    }

    /// By the definition: every path from origin to master is tried.
    #[test]
    fn who_is_spared_is_as_defined() {
        let (a, b, c, d) = (MasterId(0), MasterId(1), MasterId(2), MasterId(3));
        let odd = Topology::from_edges(4, [(a, b), (b, c), (c, a), (c, d), (d, b), (b, a)]).unwrap();
        for topology in [odd, Topology::ring(4).unwrap(), Topology::star(4).unwrap(), Topology::all_to_all(4).unwrap()]
        {
            for (master, neighbour) in topology.edges() {
                let split_horizon = topology.backward().split_horizon(neighbour, master);
                for origin in topology.ids() {
                    let past = reach(4, &topology.edges, origin, Some(neighbour))[master.index()];
                    let defined = origin == neighbour || (origin != master && !past);
                    let kept = split_horizon.get(origin.index()).is_some_and(|kept| *kept);
                    assert_eq!(kept, defined, "{topology:?}: {neighbour} {origin} {master}");
                }
            }
        }
    }
}
