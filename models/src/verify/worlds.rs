//! Where a rule is verified unless told otherwise, and what clients write there.

use crate::scope::{Client, Clocks, Free, Link, Scope};
use multimaster::{Kind, MasterId, Op, Request, Topology};

/// A scope and the name under which a trace finds it again.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) name: String,
    pub(super) scope: Scope,
}

/// A pair, then three masters on a ring, on a star and all to all; over streams with four writes, over datagrams with
/// three, one of which is lost and one of which arrives twice, and in a soup; and a pair whose logs are cut so short that
/// each needs the other's snapshot. If clocks count, also with clocks of which one is ahead.
pub(super) fn worlds(kind: Kind, by_clocks: bool) -> Vec<World> {
    let named = |shape, built: Result<Topology, _>| built.ok().map(|topology: Topology| (shape, topology));
    let pair = named("pair", Topology::all_to_all(2));
    let three = [
        named("ring", Topology::ring(3)),
        named("star", Topology::star(3)),
        named("all-to-all", Topology::all_to_all(3)),
    ];
    let stream = Link::Stream { resets: 0 };
    let datagram = Link::Datagram { losses: 1, duplicates: 1 };
    let mut worlds = Vec::new();
    for (order, writes) in ["up", "down"].into_iter().zip(workloads(kind)) {
        for (shape, topology) in pair.iter().chain(three.iter().flatten()) {
            let clients = |counts: &[usize]| clients(&writes, counts);
            let masters = usize::from(topology.masters());
            let mut add = |kind: &str, link, log, clients| {
                let scope = Scope {
                    topology: topology.clone(),
                    link,
                    batch: 2,
                    log,
                    clients,
                    free: Free::default(),
                    clocks: Clocks::default(),
                };
                worlds.push(World { name: format!("{shape}/{kind}/{order}"), scope });
            };
            add("stream", stream, None, clients(&[2, 1, 1][..masters]));
            if by_clocks && shape != &"ring" && shape != &"star" {
                add("skewed-clocks", stream, None, timed(clients(&[1, 2, 1][..masters])));
            }
            if masters == 2 {
                add("snapshot", Link::Datagram { losses: 1, duplicates: 0 }, Some(1), clients(&[2, 2]));
            } else if order == "up" {
                add("datagram", datagram, None, clients(&[2, 1, 0]));
                add("soup", Link::Soup, None, clients(&[2, 1, 0]));
            }
        }
    }
    worlds
}

/// The same requests, each at the time that its master's clock shows: A's is ahead of C's, and C's of B's.
fn timed(clients: Vec<Client>) -> Vec<Client> {
    const CLOCKS: [u64; 3] = [10, 5, 7];
    let at = |client: Client| {
        let time = CLOCKS[client.at.index() % CLOCKS.len()];
        let timed = |Request { key, op }| Request { key, op: Op::At(time, Box::new(op)) };
        Client { asks: client.asks.into_iter().map(timed).collect(), ..client }
    };
    clients.into_iter().map(at).collect()
}

/// For three masters, two writes each: once with values that rise in the order of time, once with falling ones, because a
/// rule that prefers the larger or the smaller may err in one order only.
pub(crate) fn workloads(kind: Kind) -> [[[&'static str; 2]; 3]; 2] {
    match kind {
        Kind::Register => [
            [["set k = 1", "set k = 3"], ["set k = 2", "delete k"], ["delete k", "set k = 4"]],
            [["set k = 4", "set k = 2"], ["set k = 3", "delete k"], ["delete k", "set k = 1"]],
        ],
        Kind::Counter => [
            [["add 1 to k", "subtract 2 from k"], ["add 10 to k", "add 100 to k"], ["add 1000 to k", "add 5 to k"]],
            [["subtract 2 from k", "add 1 to k"], ["add 100 to k", "add 10 to k"], ["add 5 to k", "add 1000 to k"]],
        ],
        Kind::Set => [
            [["insert x into k", "insert x into k"], ["remove x from k", "insert x into k"], ["insert y into k"; 2]],
            [["insert x into k", "remove x from k"], ["insert x into k", "remove x from k"], ["remove x from k"; 2]],
        ],
        Kind::Flag => [
            [["enable k", "disable k"], ["disable k", "enable k"], ["enable k"; 2]],
            [["disable k", "enable k"], ["enable k", "disable k"], ["disable k"; 2]],
        ],
        Kind::GrowOnlyCounter => [
            [["add 1 to k", "add 2 to k"], ["add 10 to k", "add 100 to k"], ["add 1000 to k", "add 5 to k"]],
            [["add 2 to k", "add 1 to k"], ["add 100 to k", "add 10 to k"], ["add 5 to k", "add 1000 to k"]],
        ],
        Kind::BoundedCounter => [
            [["add 2 to k", "transfer 1 of k to B"], ["add 10 to k", "subtract 10 from k"], ["add 5 to k"; 2]],
            [["add 2 to k", "subtract 2 from k"], ["add 10 to k", "transfer 3 of k to A"], ["subtract 1 from k"; 2]],
        ],
        Kind::GrowOnlySet => [
            [["insert x into k", "insert y into k"], ["insert y into k", "insert x into k"], ["insert z into k"; 2]],
            [["insert z into k", "insert y into k"], ["insert y into k", "insert z into k"], ["insert x into k"; 2]],
        ],
        Kind::Maximum => [
            [["raise k to 1", "raise k to 3"], ["raise k to 2", "raise k to 5"], ["raise k to 3", "raise k to 4"]],
            [["raise k to 4", "raise k to 2"], ["raise k to 3", "raise k to 1"], ["raise k to 3", "raise k to 5"]],
        ],
        Kind::Minimum => [
            [["lower k to 1", "lower k to 3"], ["lower k to 2", "lower k to 5"], ["lower k to 3", "lower k to 4"]],
            [["lower k to 4", "lower k to 2"], ["lower k to 3", "lower k to 1"], ["lower k to 3", "lower k to 5"]],
        ],
        // Registers alone, because they are what every map's fields can be.
        Kind::Map => [
            [
                ["in k, set f = 1", "in k, set f = 3"],
                ["in k, set f = 2", "remove f from k"],
                ["remove f from k", "in k, set g = 4"],
            ],
            [
                ["in k, set f = 4", "remove f from k"],
                ["in k, set f = 3", "in k, set g = 1"],
                ["in k, delete f", "in k, set f = 1"],
            ],
        ],
        Kind::DeletableCounter => [
            [["add 1 to k", "delete k"], ["add 10 to k", "add 100 to k"], ["delete k", "add 5 to k"]],
            [["delete k", "add 1 to k"], ["add 100 to k", "delete k"], ["add 5 to k", "add 10 to k"]],
        ],
    }
}

/// Of each master, the first so many of its writes.
fn clients(writes: &[[&'static str; 2]; 3], counts: &[usize]) -> Vec<Client> {
    let masters = counts.iter().zip(writes).enumerate();
    let clients = masters.map(|(master, (count, writes))| Client {
        at: MasterId(master as u16),
        asks: writes.iter().take(*count).filter_map(|text| text.parse().ok()).collect(),
    });
    clients.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_asked_its_own_operations_alone() {
        use Kind::{BoundedCounter, Counter, Flag, GrowOnlyCounter, GrowOnlySet, Map, Maximum, Minimum, Register, Set};
        for kind in [Register, Counter, Set, Flag, GrowOnlyCounter, BoundedCounter, GrowOnlySet, Maximum, Minimum, Map]
        {
            for writes in workloads(kind) {
                let asks: Vec<_> = clients(&writes, &[2, 2, 2]).into_iter().flat_map(|client| client.asks).collect();
                assert!(asks.len() == 6 && asks.iter().all(|ask| kind.takes(&ask.op)), "{kind:?}: {asks:?}");
            }
        }
    }
}
