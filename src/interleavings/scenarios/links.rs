//! Links at work while clients write.

use super::super::cluster::Cluster;
use super::super::link::{Link, State, Switch};
use super::super::master::Master;
use super::super::sync::thread;
use super::{Rule, changes, replayed};
use crate::options::Recorder;
use crate::record::Event;
use crate::{ArrivalWins, Layout, MasterId, Options, Setup, Topology, WriteError};
use std::sync::Arc;
use std::time::Duration;

const A: MasterId = MasterId(0);
const B: MasterId = MasterId(1);
/// Checkers know no time: no thread is woken but by a notification, so that a missed wake-up is a deadlock, which they report.
const FOR_EVER: Duration = Duration::MAX;

fn options() -> Options {
    Options {
        recorder: Some(Recorder::default()),
        ..Options::default().layout(Layout::of(1).expect("one shard")).log(1000)
    }
}

/// `writers` threads set a key `each` times at A while the link A → B runs. All arrives at B, in A's order, once.
pub fn a_link_reads_while_sets_go_on(writers: usize, each: usize) {
    let pair = Topology::all_to_all(2).expect("two masters");
    let options = options();
    let master = |id| Arc::new(Master::new(id, ArrivalWins, &pair, &options));
    let (a, b) = (master(A), master(B));
    let switch = Arc::new(Switch::new(State::default()));
    let setup = Setup::default().batch(2).tick(FOR_EVER).linger(super::super::LINGER);
    let link = Link::new(a.clone(), b.clone(), switch.clone(), &setup, false);
    let link = thread::spawn(|| link.run());
    let write = move |a: &Master<Rule>| {
        for value in 0..each {
            a.set("k", value.to_string()).expect("the master is open");
        }
    };
    let others: Vec<_> = (1..writers)
        .map(|_| {
            let a = a.clone();
            thread::spawn(move || write(&a))
        })
        .collect();
    write(&a);
    for other in others {
        other.join().expect("no thread panics");
    }
    let seen = a.inspect(0, |replica| replica.digest().clone()).unwrap();
    assert!(b.wait_until(0, FOR_EVER, |replica| replica.digest().covers(&seen)));
    switch.alter(|state| state.stopped = true);
    a.notify();
    let ended = link.join().expect("no thread panics");
    let mut record = [a.take_record(), b.take_record(), ended.events].concat();
    record.sort_by_key(|recorded| recorded.number);
    let arrived = record.iter().map(|recorded| match &recorded.event {
        Event::Deliver { message, .. } => changes(message),
        _ => 0,
    });
    assert_eq!(arrived.sum::<usize>(), writers * each, "nothing is skipped, nothing is sent twice");
    let plain = replayed(&pair, &record);
    assert!(
        a.inspect(0, |replica| *replica == plain[0]).unwrap() && b.inspect(0, |replica| *replica == plain[1]).unwrap()
    );
    assert_eq!(a.get("k"), b.get("k"));
}

/// What is written where, before a ring of so many masters is shut down.
#[derive(Clone)]
pub struct Relay {
    /// How many masters.
    pub masters: u16,
    /// Who writes, one after the other.
    pub writes: Vec<u16>,
}

/// Links pass changes round a ring while clients write; then it is shut down. All is drained, each change passes each
/// edge but the last to its origin once, and what the masters know is what plain replicas would.
pub fn relays_in_a_ring(relay: &Relay) {
    let ring = Topology::ring(relay.masters).expect("at least two masters");
    let setup = Setup::default().master(options()).tick(FOR_EVER).linger(super::super::LINGER);
    let cluster = Cluster::start(ArrivalWins, ring.clone(), setup).expect("they can be joined");
    for (value, at) in relay.writes.iter().enumerate() {
        cluster.master(MasterId(*at)).set("k", value.to_string()).expect("the master is open");
    }
    let ending = cluster.shutdown(FOR_EVER);
    assert!(ending.undelivered.is_empty());
    let arrived = ending.record.iter().map(|recorded| match &recorded.event {
        Event::Deliver { message, .. } => changes(message),
        _ => 0,
    });
    assert_eq!(arrived.sum::<usize>(), relay.writes.len() * usize::from(relay.masters - 1));
    for (master, plain) in ending.masters.iter().zip(replayed(&ring, &ending.record)) {
        assert!(master.inspect(0, |replica| *replica == plain).unwrap());
        assert!(master.set("k", "late").is_err(), "a cluster that was shut down takes no writes");
    }
}

/// A client writes at A while the cluster is shut down: each write is refused, or acknowledged and then everywhere.
pub fn shutdown_against_set(sets: usize) -> usize {
    let pair = Topology::all_to_all(2).expect("two masters");
    let setup = Setup::default().master(options()).tick(FOR_EVER).linger(super::super::LINGER);
    let cluster = Cluster::start(ArrivalWins, pair, setup).expect("they can be joined");
    let a = cluster.master(A).clone();
    let client = thread::spawn(move || {
        let answers = (0..sets).map(|value| a.set("k", value.to_string()));
        answers.filter(|answer| *answer != Err(WriteError::Closed)).count()
    });
    let ending = cluster.shutdown(FOR_EVER);
    let acknowledged = client.join().expect("no thread panics");
    assert!(ending.undelivered.is_empty());
    for master in &ending.masters {
        assert_eq!(master.inspect(0, |replica| replica.digest().get(A)).unwrap(), acknowledged as u64, "{master:?}");
    }
    acknowledged
}
