//! The worlds in which a rule is verified by default, and the clients' requests there.

use super::requests::masters_of;
use super::workloads::Workload;
use crate::scenario::{Expect, Explored, Scenario};
use crate::scope::{Client, Clocks, Free, LinkKind, Scope};
use multimaster::{MasterId, Request, Topology};

/// A world to explore, with the name by which traces refer to it.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) name: String,
    pub(super) place: Place,
    /// Whether wall clocks are wrong in this world; in all other worlds they are right.
    pub(super) skewed: bool,
}

/// The scope or the scenario file of a world.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Scope(Box<Scope>),
    /// A scenario file, with this rule in place of its own.
    Scenario(Box<Scenario>),
}

impl World {
    /// The scope, if it has masters under a rule.
    pub(super) fn scope(&self) -> Option<&Scope> {
        match &self.place {
            Place::Scope(scope) => Some(scope),
            Place::Scenario(scenario) => match &scenario.subject {
                Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => Some(scope),
                Explored::Article(_) | Explored::Nodes(_) => None,
            },
        }
    }

    /// The scenario file that is explored.
    pub(super) fn scenario(&self) -> Option<&Scenario> {
        if let Place::Scenario(scenario) = &self.place { Some(scenario) } else { None }
    }

    /// The scenario file's `[expect]`, if it has one.
    pub(super) fn expect(&self) -> Option<&Expect> {
        self.scenario().map(|scenario| &scenario.expect).filter(|expect| expect.stated)
    }

    /// Whether masters may need each other's snapshots.
    pub(super) fn has_snapshots(&self) -> bool {
        self.scope().is_some_and(|scope| scope.log.is_some())
    }

    /// Whether requests give times, or the world bounds the skew of clocks.
    pub(super) fn speaks_of_clocks(&self) -> bool {
        self.scope().is_some_and(|scope| scope.clocks != Clocks::Free || scope.gives_times())
    }

    /// The same world under these clocks. (A scenario file has its own clocks.)
    fn under(mut self, clocks: Clocks) -> World {
        if let Place::Scope(scope) = &mut self.place {
            scope.clocks = clocks;
        }
        World { skewed: false, ..self }
    }

    /// The same world, with clocks that are as wrong as the times in its requests.
    fn skewed(self) -> World {
        World { skewed: true, ..self.under(Clocks::Free) }
    }

    /// The key by which worlds are sorted: first the worlds without skewed clocks; then by a rough estimate of the
    /// number of states.
    fn cost(&self) -> (bool, usize, usize) {
        let Some(scope) = self.scope() else { return (false, 0, 0) };
        let link = match scope.link {
            LinkKind::Stream { .. } => 0,
            LinkKind::Datagram { .. } if self.has_snapshots() => 1,
            _ => 2,
        };
        (self.skewed, link, scope.topology.edges().count())
    }
}

/// The worlds under these clocks and no others, without duplicates.
pub(super) fn under(clocks: Clocks, worlds: Vec<World>) -> Vec<World> {
    let mut kept: Vec<World> = Vec::new();
    for world in worlds.into_iter().map(|world| world.under(clocks)) {
        if kept.iter().all(|other| other.scope() != world.scope()) {
            kept.push(world);
        }
    }
    kept
}

/// The scope with these clients.
///
/// # Errors
/// If a client's master does not exist.
pub(super) fn asked(name: &str, scope: &Scope, clients: Vec<Client>) -> Result<World, String> {
    let masters = scope.topology.masters();
    if let Some(client) = clients.iter().find(|client| client.at.0 >= masters) {
        return Err(format!("there is no master `{}` in {name}, which has {masters}", client.at));
    }
    let place = Place::Scope(Box::new(Scope { clients, ..scope.clone() }));
    Ok(World { name: name.into(), place, skewed: false })
}

/// The default worlds. A pair, then three masters on a ring, on a star and all to all: over streams with four writes;
/// over datagrams with three writes, where one message is lost and one arrives twice; and in a soup. Also a pair whose
/// logs are so short that each master needs the other's snapshot. If the rule uses wall clocks, they are right. All to
/// all, one clock is also ahead of the others: once with clocks kept right, once skewed. The smallest worlds come
/// first, and worlds with skewed clocks last.
pub(super) fn default(workload: Workload, by_clocks: bool) -> Vec<World> {
    let mut worlds = Vec::new();
    for (order, writes) in ["up", "down"].into_iter().zip(workload) {
        for (shape, topology) in [shapes(2), shapes(3)].into_iter().flatten() {
            let clients = |counts: &[usize]| clients(&writes, counts);
            let masters = usize::from(topology.masters());
            let made = |kind: &str, link, log, clients| {
                world(format!("{shape}/{kind}/{order}"), &topology, (link, log), clients, by_clocks)
            };
            worlds.push(made("stream", STREAM, None, clients(&[2, 1, 1][..masters])));
            if by_clocks && has_all_edges(&topology) {
                let clients = timed(clients(&[1, 2, 1][..masters]));
                worlds.push(made("one-clock-ahead", STREAM, None, clients.clone()));
                worlds.push(made("skewed-clocks", STREAM, None, clients).skewed());
            }
            if masters == 2 {
                worlds.push(made("snapshot", SNAPSHOT, Some(1), clients(&[2, 2])));
            } else if order == "up" {
                worlds.push(made("datagram", DATAGRAM, None, clients(&[2, 1, 0])));
                worlds.push(made("soup", LinkKind::Soup, None, clients(&[2, 1, 0])));
            }
        }
    }
    worlds.sort_by_key(World::cost);
    worlds
}

/// The same topologies and links with these clients, and as many masters as the clients name: a pair if they name two,
/// and then three or more masters.
pub(super) fn requested(asked: &[Client], by_clocks: bool) -> Vec<World> {
    let masters = masters_of(asked.iter().map(|client| client.at));
    let untimed = asked.iter().flat_map(|client| &client.requests).all(|ask| ask.op.time().is_none());
    let smaller = if masters == 2 { shapes(2) } else { Vec::new() };
    let mut worlds = Vec::new();
    for (shape, topology) in smaller.into_iter().chain(shapes(masters.max(3))) {
        let made = |kind: &str, link, log, clients: &[Client]| {
            world(format!("{shape}/{kind}"), &topology, (link, log), clients.to_vec(), by_clocks)
        };
        worlds.push(made("stream", STREAM, None, asked));
        if by_clocks && has_all_edges(&topology) {
            let ahead = if untimed { timed(asked.to_vec()) } else { asked.to_vec() };
            if untimed {
                worlds.push(made("one-clock-ahead", STREAM, None, &ahead));
            }
            worlds.push(made("skewed-clocks", STREAM, None, &ahead).skewed());
        }
        if topology.masters() == 2 {
            worlds.push(made("snapshot", SNAPSHOT, Some(1), asked));
        } else {
            worlds.push(made("datagram", DATAGRAM, None, asked));
            worlds.push(made("soup", LinkKind::Soup, None, asked));
        }
    }
    worlds.sort_by_key(World::cost);
    worlds
}

const STREAM: LinkKind = LinkKind::Stream { resets: 0 };
const DATAGRAM: LinkKind = LinkKind::Datagram { losses: 1, duplicates: 1 };
const SNAPSHOT: LinkKind = LinkKind::Datagram { losses: 1, duplicates: 0 };

/// The topologies of this many masters, by name.
fn shapes(masters: u16) -> Vec<(&'static str, Topology)> {
    let named = |shape, built: Result<Topology, _>| built.ok().map(|topology: Topology| (shape, topology));
    let all = match masters {
        2 => vec![named("pair", Topology::all_to_all(2))],
        _ => vec![
            named("ring", Topology::ring(masters)),
            named("star", Topology::star(masters)),
            named("all-to-all", Topology::all_to_all(masters)),
        ],
    };
    all.into_iter().flatten().collect()
}

fn has_all_edges(topology: &Topology) -> bool {
    let masters = usize::from(topology.masters());
    topology.edges().count() == masters * (masters - 1)
}

/// A world in which wall clocks are right, if the rule uses them.
fn world(
    name: String,
    topology: &Topology,
    (link, log): (LinkKind, Option<usize>),
    clients: Vec<Client>,
    by_clocks: bool,
) -> World {
    let (topology, free) = (topology.clone(), Free::default());
    let clocks = if by_clocks { Clocks::Right } else { Clocks::Free };
    let scope = Scope { batch: 2, log, clients, free, clocks, ..Scope::new(topology, link) };
    World { name, place: Place::Scope(Box::new(scope)), skewed: false }
}

/// The same requests, each at the time that its master's clock shows: A's is ahead of C's, and C's of B's.
fn timed(clients: Vec<Client>) -> Vec<Client> {
    const CLOCKS: [u64; 3] = [10, 5, 7];
    let at = |client: Client| {
        let time = CLOCKS[client.at.index() % CLOCKS.len()];
        let timed = |Request { key, op }| Request { key, op: op.at(time) };
        Client { requests: client.requests.into_iter().map(timed).collect(), ..client }
    };
    clients.into_iter().map(at).collect()
}

/// The clients that make the first `counts` writes of each master.
fn clients(writes: &[[&'static str; 2]; 3], counts: &[usize]) -> Vec<Client> {
    let masters = counts.iter().zip(writes).enumerate();
    let clients = masters.map(|(master, (count, writes))| Client {
        at: MasterId(master as u16),
        requests: writes.iter().take(*count).filter_map(|text| text.parse().ok()).collect(),
    });
    clients.collect()
}
