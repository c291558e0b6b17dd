//! A cluster on real threads: started, cut, healed, given faults, shut down. (`src/interleavings/` explores its
//! interleavings; `models/tests/running.rs` checks that its runs are paths of the model.)

use multimaster::{
    ArrivalWins, Cluster, Faults, HandshakeError, LastWriteWins, Layout, Master, MasterId, Options, Reading, Setup,
    StartError, Topology, WriteError,
};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const C: MasterId = MasterId(2);

fn shards(count: u16) -> Layout {
    Layout::of(count).expect("a number of shards")
}

fn setup(log: usize) -> Setup {
    Setup::default().master(Options::default().log(log).layout(shards(2)))
}

fn topologies(masters: u16) -> [Topology; 3] {
    [Topology::ring(masters), Topology::star(masters), Topology::all_to_all(masters)]
        .map(|t| t.expect("masters enough"))
}

#[test]
fn what_is_written_at_one_is_read_at_the_others() {
    for topology in topologies(4) {
        let cluster = Cluster::start(LastWriteWins, topology, Setup::default()).unwrap();
        for (place, master) in cluster.masters().iter().enumerate() {
            master.set(&format!("k{place}"), "v").unwrap();
        }
        assert_eq!(cluster.settle(PATIENCE), Ok(()));
        let deleted = cluster.master(C).delete("k0").unwrap();
        for master in cluster.masters() {
            assert!(master.wait_for(&deleted, PATIENCE));
            assert_eq!((master.get("k0"), master.get("k3")), (Reading::Nothing, Reading::Value("v".into())));
        }
    }
}

#[test]
fn masters_that_spread_their_keys_otherwise_are_not_joined() {
    let pair = Topology::all_to_all(2).unwrap();
    let master = |id, layout| Arc::new(Master::new(id, ArrivalWins, &pair, &Options::default().layout(layout)));
    let refused = Cluster::join(vec![master(A, shards(4)), master(B, shards(8))], pair.clone(), &Setup::default());
    assert!(matches!(
        refused.err(),
        Some(StartError::Handshake { from: A, to: B, error: HandshakeError::Shards(8, 4) })
    ));
    let swapped = Cluster::join(vec![master(B, shards(4)), master(A, shards(4))], pair.clone(), &Setup::default());
    assert!(matches!(swapped.err(), Some(StartError::WrongMasters)));
    let larger = Topology::all_to_all(3).unwrap();
    let stranger = Arc::new(Master::new(B, ArrivalWins, &larger, &Options::default()));
    let own = Arc::new(Master::new(A, ArrivalWins, &pair, &Options::default()));
    let refused = Cluster::join(vec![own, stranger], pair, &Setup::default());
    assert!(matches!(
        refused.err(),
        Some(StartError::Handshake { from: A, to: B, error: HandshakeError::Masters(3, 2) })
    ));
}

#[test]
fn a_neighbour_that_cannot_be_reached_costs_no_memory_and_is_brought_back_by_a_snapshot() {
    let log = 8;
    let cluster = Cluster::start(LastWriteWins, Topology::ring(2).unwrap(), setup(log)).unwrap();
    let (a, b) = (cluster.master(A), cluster.master(B));
    assert!(cluster.cut(A, B));
    for n in 0..10_000 {
        let key = format!("k{}", n % 10);
        a.set(&key, n.to_string()).unwrap();
        for shard in 0..2 {
            assert!(a.inspect(shard, |replica| replica.log().len()).unwrap() < 2 * log);
        }
    }
    assert_eq!(b.get("k9"), Reading::Nothing);
    assert!(cluster.heal(A, B));
    assert_eq!(cluster.settle(PATIENCE), Ok(()));
    assert_eq!(b.get("k9"), Reading::Value("9999".into()));
    let ending = cluster.shutdown(PATIENCE);
    assert!(ending.traffic[&(A, B)].snapshots >= 1, "{:?}", ending.traffic);
}

#[test]
fn what_cannot_be_drained_is_said_to_be_dropped() {
    let cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup(100)).unwrap();
    cluster.cut(B, C);
    let written = cluster.master(A).set("k", "v").unwrap();
    assert!(cluster.master(B).wait_for(&written, PATIENCE));
    let late = cluster.master(A).clone();
    let ending = cluster.shutdown(Duration::from_millis(50));
    let [lack] = ending.undelivered.as_slice() else { panic!("{:?}", ending.undelivered) };
    assert_eq!((lack.at, lack.shard), (C, written.shard));
    assert_eq!(lack.to_string(), format!("C has seen nothing of A1 in shard {}", written.shard));
    assert_eq!(late.set("k", "w"), Err(WriteError::Closed));
    assert_eq!(late.get("k"), Reading::Value("v".into()));
}

#[test]
fn what_links_lose_repeat_and_delay_is_repaired() {
    for topology in topologies(3) {
        let faults = Faults::default().loss(0.3).duplication(0.3).delay(5);
        let setup = setup(1000).faults(faults).tick(Duration::from_millis(1)).batch(2).seed(7);
        let cluster = Cluster::start(LastWriteWins, topology, setup).unwrap();
        thread::scope(|threads| {
            for master in cluster.masters() {
                threads.spawn(move || (0..200).for_each(|n| drop(master.set(&format!("k{}", n % 7), n.to_string()))));
            }
        });
        // The link is not healed: losses are repaired while others happen.
        assert_eq!(cluster.settle(PATIENCE), Ok(()));
        let ending = cluster.shutdown(PATIENCE);
        let reads = |master: &Arc<Master<_>>| (0..7).map(|n| master.get(&format!("k{n}"))).collect::<Vec<_>>();
        assert!(ending.masters.windows(2).all(|pair| reads(&pair[0]) == reads(&pair[1])));
        let mut all = multimaster::Traffic::default();
        ending.traffic.into_values().for_each(|traffic| all += traffic);
        assert!(all.lost > 0 && all.duplicated > 0 && all.gaps > 0, "{all:?}");
    }
}

#[test]
fn writers_on_all_masters_of_a_ring_never_wait_for_each_other() {
    // Bounded channels round a ring would deadlock here. Links have no channels. A log of one change makes every link
    // fall behind.
    let cluster = Cluster::start(LastWriteWins, Topology::ring(5).unwrap(), setup(1).batch(1)).unwrap();
    thread::scope(|threads| {
        for master in cluster.masters() {
            threads.spawn(move || (0..5_000).for_each(|n| drop(master.set("k", n.to_string()))));
        }
    });
    assert_eq!(cluster.settle(PATIENCE), Ok(()));
}

#[test]
fn writes_gather_while_a_link_rests_and_one_that_finds_it_idle_goes_at_once() {
    let rest = Duration::from_millis(200);
    let cluster = Cluster::start(LastWriteWins, Topology::all_to_all(2).unwrap(), setup(1000).linger(rest)).unwrap();
    let (a, b) = (cluster.master(A), cluster.master(B));
    let first = a.set("k", "v").unwrap();
    assert!(b.wait_for(&first, PATIENCE));
    for _ in 0..100 {
        // Without a pause, the link would send each write as a message of its own.
        a.set("k", "v").unwrap();
        thread::sleep(Duration::from_millis(1));
    }
    let ending = cluster.shutdown(PATIENCE);
    assert!(ending.undelivered.is_empty());
    let delivered = ending.traffic[&(A, B)].delivered;
    assert!((2..20).contains(&delivered), "{delivered} messages");
}

#[test]
fn a_cluster_that_is_dropped_ends_its_threads() {
    let cluster = Cluster::start(LastWriteWins, Topology::star(3).unwrap(), Setup::default()).unwrap();
    let master = Arc::downgrade(cluster.master(A));
    drop(cluster);
    assert!(master.upgrade().is_none(), "a link still holds its master");
}

#[test]
fn an_edge_that_is_not_there_cannot_be_cut() {
    let cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), Setup::default()).unwrap();
    assert!(!cluster.cut(B, A) && !cluster.heal(B, A) && !cluster.set_faults(B, A, Faults::default()));
}

/// The number of keys kept by all masters, and the number for which their tables have memory.
fn kept(cluster: &Cluster<LastWriteWins>) -> (usize, usize) {
    let shards =
        cluster.masters().iter().flat_map(|master| (0..master.layout().shards()).map(move |shard| (master, shard)));
    let sizes = shards.map(|(master, shard)| master.inspect(shard, |replica| replica.kept()).expect("a shard"));
    sizes.fold((0, 0), |(keys, rows), (more, also)| (keys + more, rows + also))
}

/// Deletes 100,000 keys at three masters, and keeps 100. While C is cut off, nothing is collected.
#[test]
fn the_memory_of_deleted_keys_is_reclaimed_once_all_masters_have_seen_the_deletes() {
    const KEYS: usize = 100_000;
    let cluster =
        Cluster::start(LastWriteWins, Topology::all_to_all(3).unwrap(), Setup::default().collect_tombstones());
    let cluster = cluster.unwrap();
    let at = |key: usize| cluster.master([A, B, C][key % 3]);
    for key in 0..KEYS + 100 {
        at(key).set(&format!("key {key}"), "value").unwrap();
    }
    cluster.settle(PATIENCE).unwrap();
    let before = kept(&cluster);
    assert_eq!(before.0, 3 * (KEYS + 100));
    for peer in [A, B] {
        assert!(cluster.cut(C, peer) && cluster.cut(peer, C));
    }
    for key in 0..KEYS {
        at(key + 1).delete(&format!("key {key}")).unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    assert_eq!(kept(&cluster).0, before.0, "C is not known to have seen any delete");
    let healed = Instant::now();
    cluster.heal_all();
    while kept(&cluster).0 > 300 && healed.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    let after = kept(&cluster);
    println!("{before:?} keys and rows, then {after:?}, {:?} after the cut was healed", healed.elapsed());
    assert_eq!(after.0, 300);
    assert!(after.1 < before.1 / 100, "{after:?}");
    assert_eq!(at(0).get("key 100099"), Reading::Value("value".into()));
    // A deleted key can be written again.
    let written = at(0).set("key 0", "anew").unwrap();
    assert!(at(1).wait_for(&written, PATIENCE));
    assert_eq!(at(1).get("key 0"), Reading::Value("anew".into()));
}
