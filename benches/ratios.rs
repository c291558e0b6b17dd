//! The hot path beside bare maps, in one run: `cargo bench -p multimaster-benches --bench ratios`.
#![allow(clippy::print_stdout)]

use compact_str::CompactString;
use multimaster::{
    Change, Dot, LastWriteWins, Layout, Master, MasterId, Message, MessageOf, Op, Options, Outcome, Push, Replica,
    Timestamp, Topology, VersionVector,
};
use multimaster_benches::interleaved::{Case, measure, table};
use multimaster_benches::mesh::mesh;
use multimaster_benches::numbers::{key, numbered, value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Mutex;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);

type Bare = hashbrown::HashMap<CompactString, CompactString, foldhash::fast::FixedState>;

/// All keys are written before anything is measured, in another order than later: rows that lie in the order in which
/// they are visited would be found sooner than a user's.
fn fill(keys: u64, mut set: impl FnMut(CompactString, CompactString)) {
    (0..keys).for_each(|n| set(numbered(b'k', n), value(n)));
}

fn replica(masters: u16, keys: u64) -> Replica<LastWriteWins> {
    let mut replica = Replica::new(A, LastWriteWins, &Topology::all_to_all(masters).expect("masters enough"));
    fill(keys, |key, value| {
        replica.set(&key, value).expect("a register takes it");
        // What the log has had room for it keeps, and goes round in.
        if replica.log_len() == 4096 {
            replica.truncate(0);
        }
    });
    replica
}

/// B's changes from the `first` on, so many, each of its key, as one push.
fn push(first: u64, count: u64, keys: u64, late: bool) -> MessageOf<LastWriteWins> {
    let change = |n: u64| Change {
        dot: Dot::new(B, n),
        timestamp: Timestamp::new(if late { n + (1 << 40) } else { 0 }, B),
        key: key(n, keys),
        effect: Some(value(n)),
    };
    let changes = (first..first + count).map(change).collect();
    Message::Push(Push { extends: VersionVector::from(vec![0, first - 1]), changes })
}

fn sets<'a>(name: &str, peers: u16, keys: u64) -> Case<'a> {
    let replica = RefCell::new(replica(peers + 1, keys));
    let mut n = 0;
    let run = {
        let replica = std::rc::Rc::new(replica);
        let cut = replica.clone();
        let run = move |operations| {
            let mut replica = replica.borrow_mut();
            for _ in 0..operations {
                n += 1;
                black_box(&replica.write(&key(n, keys), Op::Set(value(n)))).as_ref().expect("a register takes it");
            }
        };
        (run, move |_| {
            let mut replica = cut.borrow_mut();
            for peer in 1..=peers {
                while replica.next_push(MasterId(peer), 256).is_some() {}
            }
            replica.truncate(0);
        })
    };
    Case::new(name, run.0).prepared(run.1)
}

fn arrivals<'a>(name: &str, batch: u64, keys: u64, late: bool) -> Case<'a> {
    let replica = std::rc::Rc::new(RefCell::new(replica(3, keys)));
    let waiting: std::rc::Rc<RefCell<Vec<MessageOf<LastWriteWins>>>> = Default::default();
    let (taken, made, cut) = (waiting.clone(), waiting, replica.clone());
    let mut next = 1;
    let expected = if late { Outcome::Applied } else { Outcome::Stale };
    Case::new(name, move |_| {
        let mut replica = replica.borrow_mut();
        for message in taken.borrow_mut().drain(..) {
            assert_eq!(replica.receive(B, message), expected);
        }
    })
    .prepared(move |operations| {
        let mut made = made.borrow_mut();
        for _ in 0..operations / batch {
            made.push(push(next, batch, keys, late));
            next += batch;
        }
        cut.borrow_mut().truncate(0);
    })
}

fn bare<'a>(name: &str, keys: u64) -> Case<'a> {
    let mut map = Bare::default();
    fill(keys, |key, value| {
        map.insert(key, value);
    });
    let mut n = 0;
    Case::new(name, move |operations| {
        for _ in 0..operations {
            n += 1;
            black_box(&map.insert(key(n, keys), value(n)));
        }
    })
}

fn main() {
    for keys in [10_000, 1_000_000] {
        let mut n = 0;
        let mut map: HashMap<String, String> = HashMap::new();
        fill(keys, |key, value| {
            map.insert(key.into(), value.into());
        });
        let mut cases = vec![
            bare("A", keys),
            Case::new("C: std HashMap<String, String>", move |operations| {
                for _ in 0..operations {
                    n += 1;
                    black_box(&map.insert(key(n, keys).into(), value(n).into()));
                }
            }),
            sets("set, 1 peer", 1, keys),
            sets("set, 2 peers", 2, keys),
            sets("set, 7 peers", 7, keys),
            arrivals("apply newer, 1 a push", 1, keys, true),
            arrivals("apply stale, 1 a push", 1, keys, false),
            arrivals("apply newer, 256 a push", 256, keys, true),
            arrivals("apply stale, 256 a push", 256, keys, false),
            arrivals("apply newer, 4096 a push", 4096, keys, true),
        ];
        let locked = Mutex::new(Bare::default());
        fill(keys, |key, value| {
            locked.lock().expect("no panic").insert(key, value);
        });
        let mut n = 0;
        cases.push(Case::new("A behind a mutex", move |operations| {
            for _ in 0..operations {
                n += 1;
                black_box(&locked.lock().expect("no panic").insert(key(n, keys), value(n)));
            }
        }));
        let dash: dashmap::DashMap<CompactString, CompactString, foldhash::fast::FixedState> = Default::default();
        fill(keys, |key, value| {
            dash.insert(key, value);
        });
        let mut n = 0;
        cases.push(Case::new("dashmap", move |operations| {
            for _ in 0..operations {
                n += 1;
                black_box(&dash.insert(key(n, keys), value(n)));
            }
        }));
        for peers in [2, 7] {
            let topology = Topology::all_to_all(peers + 1).expect("masters enough");
            let options = Options::default().layout(Layout::of(1).expect("one"));
            let master = Master::new(A, LastWriteWins, &topology, &options);
            fill(keys, |key, value| {
                master.set(&key, value).expect("it is open");
            });
            let mut n = 0;
            cases.push(Case::new(format!("Master::set, {peers} peers"), move |operations| {
                for _ in 0..operations {
                    n += 1;
                    black_box(&master.set(&key(n, keys), value(n))).as_ref().expect("it is open");
                }
            }));
        }
        let mut n = 0;
        cases.push(Case::new("making key and value", move |operations| {
            for _ in 0..operations {
                n += 1;
                black_box(&(key(n, keys), value(n)));
            }
        }));
        println!("{keys} keys\n{}", table(&measure(cases, if keys > 100_000 { 31 } else { 51 }, 4096), "A"));
    }
    for masters in [2, 3] {
        let (mut each, differing): (Vec<f64>, Vec<usize>) = (0..9).map(|_| mesh(masters, 200_000, 10_000)).unzip();
        each.sort_by(f64::total_cmp);
        let differing: usize = differing.iter().sum();
        println!("{masters} masters, a set until applied by all: {:.1} ns, {differing} keys differing", each[4]);
    }
}
