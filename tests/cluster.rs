//! A cluster on real threads: started, cut, healed, given faults, shut down; masters that crash, restart and leave.
//! (`src/interleavings/` explores its interleavings; `models/tests/running.rs` checks that its runs are paths of the model.)

use multimaster::record::Kept;
use multimaster::{
    ArrivalWins, Cluster, Faults, HandshakeError, LastWriteWins, Layout, Master, MasterId, MemberError, Newcomer,
    Options, Reading, Setup, StartError, Topology, TopologyError, WriteError, Written,
};
use std::collections::BTreeSet;
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

#[test]
fn a_master_that_crashed_comes_back_with_what_it_had_kept_and_is_brought_up_to_date() {
    for kept in [Kept::All, Kept::Saved, Kept::Nothing] {
        let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup(1)).unwrap();
        let before = cluster.master(B).set("k", "old").unwrap();
        assert_eq!(cluster.settle(PATIENCE), Ok(()));
        cluster.save(B).unwrap();
        let old = cluster.master(B).clone();
        cluster.crash(B, kept).unwrap();
        assert_eq!(cluster.down().collect::<Vec<_>>(), [B]);
        assert_eq!(old.set("k", "late"), Err(WriteError::Closed));
        assert_eq!(old.get("k"), Reading::Value("old".into()));
        cluster.master(A).set("l", "meanwhile").unwrap();
        cluster.restart(B).unwrap();
        let after = cluster.master(B).set("k", "new").unwrap();
        // Never the same dot: that of the second write is the next of its origin, or the first of a fresh one.
        assert_eq!(after.dot.origin(), if kept == Kept::All { B } else { MasterId(3) });
        assert_ne!(after.dot, before.dot);
        assert_eq!(cluster.settle(PATIENCE), Ok(()));
        for master in cluster.masters() {
            assert!(master.wait_for(&before, PATIENCE) && master.wait_for(&after, PATIENCE));
            assert_eq!(master.get("l"), Reading::Value("meanwhile".into()));
        }
        assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
    }
}

#[test]
fn a_write_that_only_the_crashed_master_had_is_lost_with_its_state() {
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup(100)).unwrap();
    cluster.cut(B, C);
    let written = cluster.master(B).set("k", "v").unwrap();
    cluster.crash(B, Kept::Nothing).unwrap();
    cluster.restart(B).unwrap();
    cluster.heal_all();
    assert_eq!(cluster.settle(PATIENCE), Ok(()));
    assert!(cluster.masters().iter().all(|master| !master.wait_for(&written, Duration::ZERO)));
}

#[test]
fn a_link_stays_cut_while_a_master_is_down() {
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(2).unwrap(), setup(100)).unwrap();
    assert!(cluster.cut(A, B));
    cluster.crash(B, Kept::All).unwrap();
    cluster.restart(B).unwrap();
    let written = cluster.master(A).set("k", "v").unwrap();
    assert!(!cluster.master(B).wait_for(&written, Duration::from_millis(30)));
    cluster.crash(B, Kept::All).unwrap();
    assert!(cluster.heal(A, B), "the link of a master that is down is healed as well");
    cluster.restart(B).unwrap();
    assert!(cluster.master(B).wait_for(&written, PATIENCE));
}

#[test]
fn a_member_that_leaves_takes_nothing_with_it_and_the_others_go_on() {
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup(100)).unwrap();
    let written = cluster.master(B).set("k", "v").unwrap();
    cluster.cut(B, C);
    assert!(
        matches!(cluster.leave(B, Duration::from_millis(30)), Err(MemberError::Undrained(lacks)) if lacks[0].at == C)
    );
    assert_eq!(cluster.master(B).set("k", "w"), Err(WriteError::Closed));
    cluster.heal(B, C);
    cluster.leave(B, PATIENCE).unwrap();
    cluster.bypass(&BTreeSet::from([B])).unwrap();
    assert!(cluster.master(C).wait_for(&written, PATIENCE));
    let further = cluster.master(A).set("k", "w").unwrap();
    assert!(cluster.master(C).wait_for(&further, PATIENCE), "A sends to C now");
    assert!(matches!(cluster.restart(B), Err(MemberError::Bypassed(B))));
    assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
}

/// What a neighbour had seen before it crashed is not what it comes back with.
#[test]
fn no_member_leaves_while_a_neighbour_is_down() {
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup(100)).unwrap();
    let written = cluster.master(B).set("k", "v").unwrap();
    assert!(cluster.master(C).wait_for(&written, PATIENCE));
    cluster.crash(C, Kept::Nothing).unwrap();
    assert!(matches!(cluster.leave(B, PATIENCE), Err(MemberError::Down(C))));
    assert!(cluster.master(B).set("k", "w").is_ok(), "it is not closed");
}

#[test]
fn what_a_member_cannot_do_is_an_error_and_changes_nothing() {
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), Setup::default()).unwrap();
    let nobody = MasterId(3);
    assert!(matches!(cluster.save(nobody), Err(MemberError::NoSuchMaster(id)) if id == nobody));
    assert!(matches!(cluster.crash(nobody, Kept::All), Err(MemberError::NoSuchMaster(_))));
    assert!(matches!(cluster.restart(nobody), Err(MemberError::NoSuchMaster(_))));
    assert!(matches!(cluster.bypass(&BTreeSet::from([nobody])), Err(MemberError::NoSuchMaster(_))));
    assert!(matches!(cluster.restart(A), Err(MemberError::Up(A))));
    assert!(matches!(cluster.bypass(&BTreeSet::from([A])), Err(MemberError::Up(A))));
    cluster.crash(A, Kept::All).unwrap();
    assert!(matches!(cluster.crash(A, Kept::All), Err(MemberError::Down(A))));
    assert!(matches!(cluster.save(A), Err(MemberError::Down(A))));
    assert_eq!(MemberError::Down(A).to_string(), "A is down");
}

/// C loses its state before anything is collected, and later all is.
#[test]
fn tombstones_are_collected_after_a_master_has_lost_its_state() {
    let setup = setup(16).collect_tombstones();
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup).unwrap();
    let written: Vec<_> = (0..300).map(|key| cluster.master(C).set(&format!("key {key}"), "v").unwrap()).collect();
    let seen = |cluster: &Cluster<LastWriteWins>, all: &[Written]| {
        cluster.masters().iter().all(|master| all.iter().all(|write| master.wait_for(write, PATIENCE)))
    };
    assert!(seen(&cluster, &written));
    cluster.crash(C, Kept::Nothing).unwrap();
    let deleted: Vec<_> = (0..300).map(|key| cluster.master(A).delete(&format!("key {key}")).unwrap()).collect();
    thread::sleep(Duration::from_millis(50));
    assert!(cluster.master(B).inspect(0, |replica| replica.kept().0 > 0).unwrap(), "C has not seen the deletes");
    cluster.restart(C).unwrap();
    assert!(seen(&cluster, &deleted));
    let start = Instant::now();
    while kept(&cluster).0 > 0 && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(kept(&cluster).0, 0);
    assert_eq!(cluster.master(C).get("key 7"), Reading::Nothing);
}

/// A new master in each topology, while a client writes. Before that C has lost its state, so D is the origin of C's later
/// writes, and the new master is E.
#[test]
fn a_new_master_joins_while_clients_write() {
    let beside_all = |cluster: &Cluster<_>| Newcomer::beside(cluster.masters().iter().map(|master| master.id()));
    for (place, topology) in topologies(3).into_iter().enumerate() {
        let mut cluster = Cluster::start(LastWriteWins, topology.clone(), setup(4)).unwrap();
        (0..50).for_each(|n| drop(cluster.master(A).set(&format!("k{n}"), "old")));
        cluster.crash(C, Kept::Nothing).unwrap();
        cluster.restart(C).unwrap();
        let newcomer = [Newcomer::between(C, A), Newcomer::beside([A]), beside_all(&cluster)][place].clone();
        let (at_a, at_c) = (cluster.master(A).clone(), cluster.master(C).clone());
        let e = thread::scope(|threads| {
            threads.spawn(|| (0..500).for_each(|n| drop(at_a.set("a", n.to_string()))));
            threads.spawn(|| (0..500).for_each(|n| drop(at_c.set("c", n.to_string()))));
            cluster.admit(&newcomer).unwrap()
        });
        assert_eq!((e, cluster.master(e).id()), (MasterId(4), MasterId(4)));
        let written = cluster.master(e).set("e", "new").unwrap();
        assert_eq!(written.dot.origin(), e);
        assert_eq!(cluster.settle(PATIENCE), Ok(()));
        for master in cluster.masters() {
            let reads = ["k49", "a", "c", "e"].map(|key| master.get(key).to_string());
            assert_eq!(reads, ["old", "499", "499", "new"], "{master:?} of {topology}");
        }
        // It can crash like any other, and a second one can join.
        cluster.crash(e, Kept::Nothing).unwrap();
        let g = cluster.admit(&Newcomer::beside([A])).unwrap();
        cluster.restart(e).unwrap();
        let late = cluster.master(e).set("late", "too").unwrap();
        assert_eq!((late.dot.origin(), g), (MasterId(5), MasterId(6)));
        assert_eq!(cluster.settle(PATIENCE), Ok(()));
        assert_eq!(cluster.master(g).get("late"), Reading::Value("too".into()));
        assert!(cluster.shutdown(PATIENCE).undelivered.is_empty());
    }
}

#[test]
fn a_master_joins_only_masters_that_are_there() {
    let mut cluster = Cluster::start(LastWriteWins, Topology::ring(3).unwrap(), setup(4)).unwrap();
    let nobody = MasterId(7);
    assert!(matches!(cluster.admit(&Newcomer::beside([nobody])), Err(MemberError::NoSuchMaster(id)) if id == nobody));
    let misplaced = |refused: Result<MasterId, MemberError>| match refused {
        Err(MemberError::Misplaced(error)) => error,
        other => panic!("{other:?}"),
    };
    let d = MasterId(3);
    assert_eq!(misplaced(cluster.admit(&Newcomer::between(A, C))), TopologyError::NotReplaced(A, C));
    assert_eq!(misplaced(cluster.admit(&Newcomer::default())), TopologyError::Alone(d));
    let deaf = Newcomer { sends_to: [A].into(), ..Newcomer::default() };
    assert_eq!(misplaced(cluster.admit(&deaf)), TopologyError::Unreachable(A, d));
    cluster.crash(B, Kept::All).unwrap();
    cluster.bypass(&BTreeSet::from([B])).unwrap();
    assert!(matches!(cluster.admit(&Newcomer::beside([B])), Err(MemberError::Bypassed(B))));
    // The edge A -> C has replaced those of B.
    assert_eq!(cluster.admit(&Newcomer::between(A, C)).unwrap(), d);
    let edges: Vec<_> = cluster.topology().edges().collect();
    assert_eq!(edges, [(A, d), (C, A), (d, C)]);
    let written = cluster.master(d).set("k", "v").unwrap();
    assert!(cluster.master(A).wait_for(&written, PATIENCE));
}

/// A, B and C have collected the tombstone of a key that D has never seen. D's first write to the key is not older than it.
#[test]
fn a_new_master_does_not_write_in_the_past_of_collected_tombstones() {
    let setup = setup(4).collect_tombstones().tick(Duration::from_millis(1));
    let mut cluster = Cluster::start(LastWriteWins, Topology::all_to_all(3).unwrap(), setup).unwrap();
    (0..100).for_each(|n| drop(cluster.master(A).set("k", n.to_string())));
    cluster.master(A).delete("k").unwrap();
    let start = Instant::now();
    while kept(&cluster).0 > 0 && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(kept(&cluster).0, 0);
    let d = cluster.admit(&Newcomer::beside([A, B, C])).unwrap();
    cluster.master(d).set("k", "anew").unwrap();
    assert_eq!(cluster.settle(PATIENCE), Ok(()));
    for master in cluster.masters() {
        assert_eq!(master.get("k"), Reading::Value("anew".into()), "{master:?}");
    }
    // The new master counts: tombstones are collected again only once it has seen them.
    cluster.master(B).delete("k").unwrap();
    while kept(&cluster).0 > 0 && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(kept(&cluster).0, 0);
}
