//! How fast states are found: this crate's search beside stateright's own checkers, on the same protocol in the same scope.
//!
//! ```console
//! $ cargo run --release -p multimaster-models --example explore_speed
//! ```
//!
//! To stateright the masters are actors whose state is the shipping [`Replica`]; they write, push and answer as those of the
//! [`ClusterModel`] do, and stateright's network carries the messages. What counts as a state is not quite the same on both
//! sides: ours leaves out messages that will do nothing, and takes what is in flight on a stream from its sender's log.
//! What the masters come to know together *is* the same: that is compared first.
//!
//! Then each search runs in a process of its own, in turns. Its figure is distinct states per second of CPU time, in its
//! fastest turn, and the memory that it took at its highest. Ours also judges every property of the cluster and whether its
//! messages end; stateright is asked one property, which is always true.

use cpu_time::ProcessTime;
use multimaster::{LastWriteWins, MasterId, MessageOf, Outcome, Replica, Request, Topology, VersionVector};
use multimaster_models::check::engine::{self, Limits};
use multimaster_models::model;
use multimaster_models::scope::{Client, LinkKind, Scope};
use multimaster_models::subject::Subject;
use multimaster_models::world::cluster::ClusterModel;
use stateright::actor::{Actor, ActorModel, Id, Network, Out};
use stateright::{Checker, Expectation, Model};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

const TURNS: usize = 3;
const SEARCHES: [&str; 3] = ["ours", "bfs", "dfs"];

/// A master, and how many requests its client has made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Master {
    replica: Replica<LastWriteWins>,
    made: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Packet {
    Changes(MessageOf<LastWriteWins>),
    Digest(VersionVector),
}

struct MasterActor {
    id: MasterId,
    scope: Arc<Scope>,
}

impl MasterActor {
    fn requests(&self) -> &[Request] {
        let mine = self.scope.clients.iter().find(|client| client.at == self.id);
        mine.map_or(&[], |client| &client.requests)
    }

    fn pass_on(&self, replica: &mut Replica<LastWriteWins>, out: &mut Out<Self>) {
        for peer in self.scope.topology.sends_to(self.id) {
            while let Some(message) = replica.next_push(peer, self.scope.batch) {
                out.send(peer.index().into(), Packet::Changes(message));
            }
        }
    }
}

impl Actor for MasterActor {
    type Msg = Packet;
    /// The client's next request.
    type Timer = ();
    type State = Master;
    type Storage = ();
    type Random = ();

    fn on_start(&self, _: Id, _: &Option<()>, out: &mut Out<Self>) -> Master {
        if !self.requests().is_empty() {
            out.set_timer((), Duration::ZERO..Duration::ZERO);
        }
        Master { replica: Replica::new(self.id, LastWriteWins, &self.scope.topology), made: 0 }
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<'_, Master>, (): &(), out: &mut Out<Self>) {
        let Master { replica, made } = state.to_mut();
        let request = &self.requests()[*made];
        *made += 1;
        if *made < self.requests().len() {
            out.set_timer((), Duration::ZERO..Duration::ZERO);
        }
        replica.write(&request.key, request.op.clone()).expect("registers take all that is written here");
        self.pass_on(replica, out);
    }

    fn on_msg(&self, _: Id, state: &mut Cow<'_, Master>, src: Id, packet: Packet, out: &mut Out<Self>) {
        let from = MasterId(usize::from(src) as u16);
        match packet {
            Packet::Changes(message) => {
                let mut replica = state.replica.clone();
                match replica.receive(from, message) {
                    Outcome::Applied | Outcome::Stale => {
                        self.pass_on(&mut replica, out);
                        state.to_mut().replica = replica;
                    }
                    Outcome::Gap => out.send(src, Packet::Digest(replica.digest().clone())),
                    // Nothing, but the message is gone.
                    Outcome::Duplicate => drop(state.to_mut()),
                    Outcome::Refused(fault) => panic!("{} refused a message: {fault}", self.id),
                }
            }
            Packet::Digest(digest) => {
                let answer = state.to_mut().replica.answer(&digest, self.scope.batch);
                answer.into_iter().for_each(|message| out.send(src, Packet::Changes(message)));
            }
        }
    }
}

fn actors(scope: &Scope) -> ActorModel<MasterActor> {
    let network = match scope.link {
        LinkKind::Stream { .. } => Network::new_ordered([]),
        LinkKind::Soup => Network::new_unordered_duplicating([]),
        LinkKind::Datagram { .. } | LinkKind::Running { .. } | LinkKind::Channel { .. } => {
            Network::new_unordered_nonduplicating([])
        }
    };
    let shared = Arc::new(scope.clone());
    let actor = |id| MasterActor { id, scope: Arc::clone(&shared) };
    let masters: Vec<MasterActor> = scope.topology.ids().map(actor).collect();
    ActorModel::new((), ()).actors(masters).init_network(network).property(
        Expectation::Always,
        "no change is logged twice",
        |model, state| {
            let writes = model.actors[0].scope.requests();
            state.actor_states.iter().all(|master| master.replica.log().len() <= writes)
        },
    )
}

/// What each master has seen and reads.
type Known = Vec<String>;

fn told<'a>(replicas: impl Iterator<Item = &'a Replica<LastWriteWins>>) -> Known {
    let told = |replica: &Replica<LastWriteWins>| {
        let reads: Vec<String> = replica.readings().map(|(key, reading)| format!("{key}={reading}")).collect();
        format!("{} {}", replica.digest(), if reads.is_empty() { "nothing".into() } else { reads.join(", ") })
    };
    replicas.map(told).collect()
}

/// All that the masters can come to know together, from these states and those that follow.
fn reached<S: Hash>(
    mut to_expand: Vec<S>,
    follow: impl Fn(&S) -> Vec<S>,
    known: impl Fn(&S) -> Known,
) -> BTreeSet<Known> {
    let hasher = foldhash::quality::FixedState::with_seed(0);
    let (mut visited, mut reached) = (HashSet::new(), BTreeSet::new());
    while let Some(state) = to_expand.pop() {
        if visited.insert(hasher.hash_one(&state)) {
            reached.insert(known(&state));
            to_expand.extend(follow(&state));
        }
    }
    reached
}

/// Searches, and prints distinct states, CPU time in nanoseconds and bytes of memory.
fn search(scope: &Scope, how: &str) {
    let memory_before = memory("VmRSS");
    let started = ProcessTime::now();
    let states = match how {
        "ours" => {
            let report =
                engine::explore(&ClusterModel::new(scope.clone(), LastWriteWins), Limits::default(), |_, _| {});
            assert_eq!(report.cut, None, "the scope is explored to its end");
            report.states
        }
        "bfs" => actors(scope).checker().spawn_bfs().join().unique_state_count(),
        _ => actors(scope).checker().spawn_dfs().join().unique_state_count(),
    };
    let time = started.elapsed();
    println!("{states} {} {}", time.as_nanos(), memory("VmHWM") - memory_before);
}

/// The memory of this process, in bytes, as Linux tells it.
fn memory(which: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux that tells of processes");
    let line = status.lines().find(|line| line.starts_with(which)).expect("a line for memory");
    let number = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
    number.expect("a number of KiB") * 1024
}

fn scopes() -> [(&'static str, Scope); 4] {
    let clients = |scripts: &[&[&str]]| -> Vec<Client> {
        let asks = |script: &&[&str]| script.iter().map(|ask| ask.parse().expect("a request")).collect();
        (0..).zip(scripts).map(|(at, script)| Client { at: MasterId(at), requests: asks(script) }).collect()
    };
    let scope = |topology: Topology, link, scripts| Scope { clients: clients(scripts), ..Scope::new(topology, link) };
    let mesh = || Topology::all_to_all(3).expect("a topology");
    let star = || Topology::star(3).expect("a topology");
    let four: &[&[&str]] = &[&["set k = 1", "delete k"], &["set k = 3"], &["set k = 4"]];
    let five: &[&[&str]] = &[&["set k = 1", "delete k"], &["set k = 3", "set k = 5"], &["set k = 4"]];
    let three: &[&[&str]] = &[&["set k = 1"], &["set k = 2"], &["set k = 3"]];
    [
        ("datagrams, star", scope(star(), LinkKind::Datagram { losses: 0, duplicates: 0 }, four)),
        ("streams, four writes", scope(mesh(), LinkKind::Stream { resets: 0 }, four)),
        ("streams, five writes", scope(mesh(), LinkKind::Stream { resets: 0 }, five)),
        ("soup, star", scope(star(), LinkKind::Soup, three)),
    ]
}

/// What the search in a process of its own has printed.
fn turn(place: usize, how: &str) -> [u64; 3] {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args([&place.to_string(), how]).output().expect("a turn");
    let printed = String::from_utf8(output.stdout).expect("text");
    let numbers: Vec<u64> = printed.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    numbers.try_into().expect("states, time and memory")
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let [place, how] = &asked[..] {
        return search(&scopes()[place.parse::<usize>().expect("a place")].1, how);
    }
    println!("scope                 search       states  states/s  ours is  bytes/state");
    for (place, (name, scope)) in scopes().into_iter().enumerate() {
        let cluster = ClusterModel::new(scope.clone(), LastWriteWins);
        let follow = |state: &_| {
            let mut actions = Vec::new();
            model::Model::actions(&cluster, state, &mut actions);
            actions.iter().filter_map(|action| Some(model::Model::step(&cluster, state, action)?.0)).collect()
        };
        let ours = reached(model::Model::init_states(&cluster), follow, |state| {
            let told = cluster.seen(state).into_iter().zip(cluster.readings(state));
            told.map(|(seen, reads)| format!("{seen} {reads}")).collect()
        });
        let model = actors(&scope);
        let theirs = reached(
            model.init_states(),
            |state| model.next_states(state),
            |state| told(state.actor_states.iter().map(|master| &master.replica)),
        );
        assert!(ours == theirs, "{name}: the masters come to know the same");
        let turns: Vec<_> = (0..TURNS).map(|_| SEARCHES.map(|how| turn(place, how))).collect();
        let speed = |search: usize| {
            let fastest = turns.iter().map(|turn| turn[search][1]).min().expect("a turn");
            turns[0][search][0] as f64 * 1e9 / fastest as f64
        };
        for (search, how) in SEARCHES.iter().enumerate() {
            let [states, _, memory] = turns[0][search];
            let (speed, ratio, memory) = (speed(search), speed(0) / speed(search), memory / states);
            println!("{name:21} {how:6} {states:12} {speed:9.0} {ratio:7.1}x {memory:12}");
        }
    }
}
