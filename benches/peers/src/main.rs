//! Sets of 10,000 keys, values of 16 bytes: this project's beside maps and CRDT libraries of others, in turns in one process
//! by CPU time. `cargo run --release`; the README has the method, and a table. `cargo run --release -- whole` does whole runs
//! alone.

use compact_str::CompactString;
use crdts::{CmRDT, MVReg, Map};
use multimaster::{
    Change, Dot, LastWriteWins, Master, MasterId, Message, MessageOf, Options, Outcome, Push, Replica, Timestamp,
    Topology, VersionVector,
};
use multimaster_benches::interleaved::{Case, Cost, measure};
use multimaster_benches::mesh::mesh;
use multimaster_benches::numbers::{key, numbered, value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::env;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
const KEYS: u64 = 10_000;
/// Sets a turn: a batch of automerge's is as many.
const SETS: u64 = 4_096;

type Text = CompactString;
type Hasher = foldhash::fast::FixedState;
type Registers = Map<Text, MVReg<Text, u8>, u8>;

/// A case that sets the next key. Each has set all keys before.
fn sets<'a>(name: &str, mut set: impl FnMut(Text, Text) + 'a) -> Case<'a> {
    (0..KEYS).for_each(|n| set(numbered(b'k', n), value(n)));
    let mut n = 0;
    Case::new(name, move |operations| {
        for _ in 0..operations {
            n += 1;
            set(key(n, KEYS), value(n));
        }
    })
}

fn maps<'a>() -> Vec<Case<'a>> {
    let mut bare: hashbrown::HashMap<Text, Text, Hasher> = Default::default();
    let mut std: HashMap<String, String> = HashMap::new();
    let dash: dashmap::DashMap<Text, Text, Hasher> = Default::default();
    let scc: scc::HashMap<Text, Text, Hasher> = Default::default();
    let papaya: papaya::HashMap<Text, Text, Hasher> = Default::default();
    vec![
        sets("A: hashbrown", move |key, value| drop(black_box(bare.insert(key, value)))),
        sets("C: std HashMap<String, String>", move |key, value| drop(black_box(std.insert(key.into(), value.into())))),
        sets("dashmap", move |key, value| drop(black_box(dash.insert(key, value)))),
        sets("scc", move |key, value| drop(black_box(scc.upsert_sync(key, value)))),
        sets("papaya", move |key, value| {
            black_box(papaya.pin().insert(key, value));
        }),
    ]
}

fn ours<'a>() -> Vec<Case<'a>> {
    let topology = Topology::all_to_all(3).expect("three masters");
    let written = Rc::new(RefCell::new(Replica::new(A, LastWriteWins, &topology)));
    let cut = written.clone();
    let set = sets("Replica::set", move |key, value| {
        black_box(written.borrow_mut().set(&key, value)).expect("a register takes it");
    });
    let set = set.prepared(move |_| cut.borrow_mut().truncate(0));

    let master = Master::new(A, LastWriteWins, &topology, &Options::default());
    let master = sets("Master::set", move |key, value| {
        black_box(master.set(&key, value)).expect("it is open");
    });
    vec![
        set,
        arrivals("Replica::receive, one change each", 1),
        arrivals("Replica::receive, 256 changes each", 256),
        master,
    ]
}

/// Another's changes arrive, so many in a message.
fn arrivals<'a>(name: &str, batch: u64) -> Case<'a> {
    let topology = Topology::all_to_all(3).expect("three masters");
    let replica = Rc::new(RefCell::new(Replica::new(A, LastWriteWins, &topology)));
    let waiting: Rc<RefCell<Vec<MessageOf<LastWriteWins>>>> = Default::default();
    let (taken, cut, mut next) = (waiting.clone(), replica.clone(), 1);
    let case = Case::new(name, move |_| {
        let mut replica = replica.borrow_mut();
        for message in taken.borrow_mut().drain(..) {
            assert_eq!(replica.receive(B, message), Outcome::Applied);
        }
    });
    let change =
        |n| Change { dot: Dot::new(B, n), timestamp: Timestamp::new(n, B), key: key(n, KEYS), effect: Some(value(n)) };
    case.prepared(move |operations| {
        cut.borrow_mut().truncate(0);
        for _ in 0..operations / batch {
            let extends = VersionVector::from(vec![0, next - 1]);
            let changes = (next..next + batch).map(change).collect();
            waiting.borrow_mut().push(Message::Push(Push { extends, changes }));
            next += batch;
        }
    })
}

fn write(map: &Registers, key: Text, value: Text) -> crdts::map::Op<Text, MVReg<Text, u8>, u8> {
    let context = map.read_ctx().derive_add_ctx(0);
    map.update(key, context, |register, context| register.write(value, context))
}

fn of_crdts<'a>() -> Vec<Case<'a>> {
    let mut map = Registers::new();
    let local = sets("crdts, local", move |key, value| {
        let op = write(&map, key, value);
        map.apply(op);
    });
    let (mut there, here) = (Registers::new(), RefCell::new(Registers::new()));
    let waiting: Rc<RefCell<Vec<_>>> = Default::default();
    let (taken, mut n) = (waiting.clone(), 0);
    let run = move |_| taken.borrow_mut().drain(..).for_each(|op| here.borrow_mut().apply(op));
    let apply = Case::new("crdts, apply", run).prepared(move |operations| {
        for _ in 0..operations {
            n += 1;
            let op = write(&there, key(n, KEYS), value(n));
            there.apply(op.clone());
            waiting.borrow_mut().push(op);
        }
    });
    vec![local, apply]
}

fn documents<'a>() -> Vec<Case<'a>> {
    let automerge = |name, each: u64| {
        use automerge::transaction::Transactable;
        let (mut document, mut n) = (automerge::AutoCommit::new(), 0);
        sets(name, move |key, value| {
            document.put(automerge::ROOT, key.as_str(), value.as_str()).expect("a map takes it");
            n += 1;
            if n % each == 0 {
                black_box(document.commit());
            }
        })
    };
    let yrs = {
        use yrs::{Map as _, Transact as _};
        let document = yrs::Doc::new();
        let map = document.get_or_insert_map("map");
        sets("yrs", move |key, value| {
            let mut transaction = document.transact_mut();
            map.insert(&mut transaction, key.as_str(), value.as_str());
        })
    };
    let loro = {
        let document = loro::LoroDoc::new();
        let map = document.get_map("map");
        sets("loro", move |key, value| {
            map.insert(&key, value.as_str()).expect("a map takes it");
            document.commit();
        })
    };
    vec![automerge("automerge, 4,096 a commit", SETS), automerge("automerge, 1 a commit", 1), yrs, loro]
}

/// Nanoseconds of CPU time that a set costs until every master has it, and how many keys then differ.
type Whole = (f64, usize);

/// A run of the Go program; `None` if there is no Go.
fn article(program: &Path, masters: u16) -> Option<Whole> {
    let ran = Command::new(program).arg(masters.to_string()).output().ok()?;
    let text = String::from_utf8(ran.stdout).ok()?;
    let (each, differing) = text.trim().split_once(' ')?;
    Some((each.parse().ok()?, differing.parse().ok()?))
}

/// The median of what the runs cost, and all keys that differed.
fn of_runs(mut runs: Vec<Whole>) -> Whole {
    runs.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    (runs.get(runs.len() / 2).map_or(f64::NAN, |(each, _)| *each), runs.iter().map(|(_, differing)| differing).sum())
}

/// Whole runs, ours and those of `article.go` in turns, each a process's worth of work.
fn whole_runs() {
    let program = env::temp_dir().join("multimaster-article");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("article.go");
    let built = Command::new("go").arg("build").arg("-o").arg(&program).arg(source).status();
    if !built.is_ok_and(|status| status.success()) {
        println!("\nThe Go program was not measured: there is no Go, or it did not build.");
        return;
    }
    println!("\n| a set until all have it | ours, ns | keys differing | Go, ns | keys differing | Go / ours |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for masters in [2, 3] {
        let turn = |_| (mesh(masters, 200_000, KEYS), article(&program, masters).unwrap_or((f64::NAN, 0)));
        let (ours, theirs) = (0..11).map(turn).unzip();
        let ((ours, differ), (theirs, they_differ)) = (of_runs(ours), of_runs(theirs));
        let ratio = theirs / ours;
        println!("| {masters} masters | {ours:.0} | {differ} | {theirs:.0} | {they_differ} | {ratio:.1} |");
    }
}

fn main() {
    if env::args().nth(1).as_deref() == Some("whole") {
        return whole_runs();
    }
    let cases = maps().into_iter().chain(ours()).chain(of_crdts()).chain(documents()).collect();
    let costs = measure(cases, 11, SETS);
    let of = |name: &str| costs.iter().find(|cost| cost.name.starts_with(name)).map_or(f64::NAN, |cost| cost.median);
    let (bare, set) = (of("A:"), of("Replica::set"));
    println!("| one set | median ns | / A | / `Replica::set` |\n| --- | ---: | ---: | ---: |");
    for Cost { name, median, .. } in &costs {
        println!("| {name} | {median:.0} | {:.1} | {:.1} |", median / bare, median / set);
    }
    whole_runs();
}
