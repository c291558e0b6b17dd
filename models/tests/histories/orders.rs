//! A master's state depends only on the history and on the order in which the master applied it. The state of the rule
//! used here is that order; the orders in all networks must be those of the enumeration of histories.

use multimaster::{Change, Dot, MasterId, Op, Reading, Refusal, Request, Resolver, Side, Timestamp, Topology};
use multimaster_models::check::engine::{Limits, explore};
use multimaster_models::histories::{Bounds, Subject, judge};
use multimaster_models::history::Claims;
use multimaster_models::node::any_rule::AnyRule;
use multimaster_models::node::delivery::Delivery;
use multimaster_models::scope::{Client, Clocks, Free, LinkKind, Scope};
use multimaster_models::world::cluster::ClusterModel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// A write as one master applied it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Applied {
    dot: Dot,
    timestamp: Timestamp,
    /// The writes that its own master had applied before.
    seen: BTreeSet<Dot>,
    /// Its master.
    at: MasterId,
}

/// The writes that a master has applied, in order.
type Order = Vec<Applied>;

/// A rule whose state is the order in which changes were applied. It records each order that is read.
#[derive(Clone)]
struct Listed {
    at: MasterId,
    read: Arc<Mutex<BTreeSet<Order>>>,
}

impl Resolver for Listed {
    type State = Order;
    type Effect = BTreeSet<Dot>;

    fn prepare(&self, state: &Order, _: Op, _: Dot, _: Timestamp) -> Result<BTreeSet<Dot>, Refusal> {
        Ok(state.iter().map(|applied| applied.dot).collect())
    }

    fn apply(&self, state: &mut Order, change: &Change<BTreeSet<Dot>>) -> bool {
        let Change { dot, timestamp, effect, .. } = change.clone();
        state.push(Applied { dot, timestamp, seen: effect, at: self.at });
        true
    }

    fn read(&self, state: &Order) -> Reading {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(state.clone());
        Reading::Nothing
    }

    fn merge(&self, _: Side<'_, Order>, _: Side<'_, Order>) -> Option<Order> {
        None
    }

    fn shows(&self, _: &Order, _: Dot) -> bool {
        false
    }
}

/// Checks that each change was applied once, after its causal past, and that an own write was made exactly after its
/// causal past, with the next time.
fn is_linear_extension(order: &Order) -> bool {
    order.iter().enumerate().all(|(place, applied)| {
        let before = &order[..place];
        let dots: BTreeSet<Dot> = before.iter().map(|earlier| earlier.dot).collect();
        let latest = before.iter().map(|earlier| earlier.timestamp.time()).max().unwrap_or(0);
        let own = applied.dot.origin() == applied.at;
        !dots.contains(&applied.dot)
            && dots.is_superset(&applied.seen)
            && (!own || (dots == applied.seen && applied.timestamp.time() == latest + 1))
    })
}

fn request() -> Request {
    "set k = 1".parse().expect("a request")
}

/// The orders that are read while `judge` runs with the rule.
fn orders(judged: impl FnOnce(&dyn Fn(MasterId) -> AnyRule)) -> BTreeSet<Order> {
    let read = Arc::new(Mutex::new(BTreeSet::new()));
    judged(&|at| AnyRule::new(Listed { at, read: Arc::clone(&read) }));
    let mut orders = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
    orders.remove(&Order::new());
    orders
}

fn enumerated(masters: u16, writes: usize, delivery: Delivery) -> BTreeSet<Order> {
    orders(|rule| {
        let subject = Subject { rule, by_master: true, claims: Claims::Tested, specification: None };
        let bounds = Bounds { delivery, ..Bounds::new(masters, writes, vec![request()]) };
        let report = judge(&subject, bounds, &mut |_| {}).expect("the bounds are right");
        assert!(!report.stopped);
    })
}

/// The orders in a network in which each master makes this number of writes.
fn explored(
    topology: &Topology,
    link: LinkKind,
    batch: usize,
    writes: &[usize],
    delivery: Delivery,
) -> BTreeSet<Order> {
    let clients = (0..).zip(writes).map(|(at, writes)| Client { at: MasterId(at), requests: vec![request(); *writes] });
    let clients = clients.filter(|client| !client.requests.is_empty()).collect();
    let (topology, free, clocks) = (topology.clone(), Free::default(), Clocks::Free);
    let scope = Scope { batch, clients, free, clocks, ..Scope::new(topology, link) };
    orders(|rule| {
        let mut cluster = ClusterModel::with_rules(scope, rule);
        if let Some(tamper) = delivery.tamper() {
            cluster = cluster.tampered(tamper);
        }
        let report = explore(&cluster, Limits::default(), |_, _| {});
        assert!(report.cut.is_none());
    })
}

const STREAM: LinkKind = LinkKind::Stream { resets: 0 };
const DATAGRAM: LinkKind = LinkKind::Datagram { losses: 0, duplicates: 0 };

/// All distributions of this number of writes over the masters.
fn ways(masters: usize, writes: usize) -> Vec<Vec<usize>> {
    if masters == 1 {
        return vec![vec![writes]];
    }
    let of_the_first = |first: usize| {
        let others = ways(masters - 1, writes - first);
        others.into_iter().map(move |others| [vec![first], others].concat())
    };
    (0..=writes).flat_map(of_the_first).collect()
}

/// All to all, the orders are exactly those of the histories: none is missing, and none is added.
#[test]
fn all_to_all_every_order_of_every_history_is_met_and_no_other() {
    for (masters, writes) in [(2, 4), (3, 3)] {
        for (delivery, link) in [(Delivery::Causal, STREAM), (Delivery::Unordered, DATAGRAM)] {
            let topology = Topology::all_to_all(masters).expect("masters");
            let met = ways(usize::from(masters), writes).into_iter();
            let met: BTreeSet<Order> = met.flat_map(|ways| explored(&topology, link, 1, &ways, delivery)).collect();
            let enumerated = enumerated(masters, writes, delivery);
            assert_eq!(met.difference(&enumerated).next(), None, "{masters} masters, {delivery:?}: not enumerated");
            assert_eq!(enumerated.difference(&met).next(), None, "{masters} masters, {delivery:?}: not met");
            // Two masters alone cannot receive anything too early.
            let is_causal = delivery == Delivery::Causal || masters == 2;
            assert_eq!(met.iter().all(is_linear_extension), is_causal);
        }
    }
}

/// Over any topology and any link, with faults, the orders are some of those of the histories.
#[test]
fn no_network_has_another_order() {
    let enumerated = enumerated(3, 4, Delivery::Causal);
    assert!(enumerated.iter().all(is_linear_extension));
    let faulty = LinkKind::Datagram { losses: 1, duplicates: 1 };
    let running = LinkKind::Running { losses: 1, duplicates: 1 };
    let reset = LinkKind::Stream { resets: 1 };
    let (ring, star) = (Topology::ring(3).expect("a ring"), Topology::star(3).expect("a star"));
    let all = |masters| Topology::all_to_all(masters).expect("masters");
    let scopes: [(Topology, LinkKind, usize, &[usize]); 12] = [
        (ring.clone(), reset, 1, &[2, 1, 1]),
        (ring.clone(), faulty, 1, &[1, 1, 0]),
        (ring.clone(), LinkKind::Soup, 1, &[1, 1, 1]),
        (ring, LinkKind::Running { losses: 0, duplicates: 0 }, 2, &[1, 1, 0]),
        (star.clone(), reset, 2, &[1, 2, 1]),
        (star.clone(), faulty, 1, &[0, 1, 1]),
        (star, LinkKind::Soup, 2, &[0, 2, 1]),
        (all(3), reset, 1, &[1, 1, 1]),
        (all(3), faulty, 1, &[1, 1, 0]),
        (all(3), LinkKind::Soup, 1, &[1, 1, 1]),
        (all(2), running, 1, &[2, 1]),
        (all(2), faulty, 2, &[2, 2]),
    ];
    for (topology, link, batch, writes) in scopes {
        let met = explored(&topology, link, batch, writes, Delivery::Causal);
        assert!(met.iter().any(|order| order.len() == writes.iter().sum::<usize>()), "all is applied somewhere");
        assert_eq!(met.difference(&enumerated).next(), None, "{link:?}, {writes:?}");
        println!("{link:?}, batches of {batch}, {writes:?}: {} orders", met.len());
    }
    // The comparison can fail: here changes of different origins do not wait for each other.
    let unordered = explored(&all(3), DATAGRAM, 1, &[1, 1, 0], Delivery::Unordered);
    let others: Vec<&Order> = unordered.difference(&enumerated).collect();
    assert!(!others.is_empty() && !others.into_iter().any(is_linear_extension));
}
