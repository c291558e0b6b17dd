//! Tests of the bound on the skew of wall clocks.

use super::*;
use crate::check::engine::{self, Limits};
use crate::rules::systems::CassandraCell;
use crate::scope::Client;
use multimaster::Topology;

/// Whether in every reachable history the time of each write exceeds the times of all writes in its causal past by more
/// than `behind`.
fn keeps_time(clocks: Clocks, behind: i128) -> bool {
    let client = |at, requests: &[&str]| Client {
        at: MasterId(at),
        requests: requests.iter().map(|request| request.parse().expect("a request")).collect(),
    };
    let clients = vec![
        client(0, &["at 10, set k = 1", "at 2, delete k"]),
        client(1, &["at 5, set k = 2", "set k = 3"]),
        client(2, &["at 7, set j = 4"]),
    ];
    let topology = Topology::all_to_all(3).expect("three masters");
    let link = LinkKind::Stream { resets: 0 };
    let scope = Scope { clients, clocks, ..Scope::new(topology, link) };
    let cluster = ClusterModel::new(scope, CassandraCell::default());
    let report = engine::explore(&cluster, Limits::default(), |_, _| {});
    assert!(report.cut.is_none());
    let tables = &*cluster.tables();
    let histories = (0..tables.histories.next()).map(|number| &tables.histories[number].history);
    let mut writes = histories.flat_map(|history| history.writes().iter().map(move |write| (history, write)));
    writes.all(|(history, write)| {
        let wall = i128::from(write.wall.expect("the rule uses wall clocks"));
        history.latest_wall_time(&write.past).is_none_or(|latest| wall > i128::from(latest) + behind)
    })
}

#[test]
fn clock_skew_stays_within_its_bound() {
    assert!(keeps_time(Clocks::Right, 0));
    assert!(keeps_time(Clocks::SkewedBy(3), -3));
    // The check can fail.
    assert!(!keeps_time(Clocks::SkewedBy(3), -2));
    assert!(!keeps_time(Clocks::SkewedBy(1), 0));
    assert!(!keeps_time(Clocks::Free, -3));
}
