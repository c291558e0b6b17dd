//! The bounds of an enumeration: [`Bounds`].

use super::judge::MOST_OPERATIONS;
use super::lattice::MOST_WRITES;
use crate::node::delivery::Delivery;
use multimaster::{MasterId, Op, Request};
use std::time::Duration;

/// The most masters.
pub const MOST_MASTERS: usize = 6;

/// The bounds of an enumeration.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The number of masters.
    pub masters: u16,
    /// The most writes of a history.
    pub writes: usize,
    /// The requests that may be made, each at any master and any number of times. No request has a time: see `times`.
    pub requests: Vec<Request>,
    /// The clients' scripts: each client's master, and its requests by index in `requests`. If empty, any request may
    /// be made at any master, any number of times.
    pub clients: Vec<(MasterId, Vec<usize>)>,
    /// The delivery guarantee.
    pub delivery: Delivery,
    /// Whether a master may also take another's snapshot at any time.
    pub snapshots: bool,
    /// The wall-clock times of writes. They matter only to rules that use wall clocks.
    pub times: Times,
    /// The longest run time.
    pub time: Duration,
}

/// The wall-clock times of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Equal to their Lamport times: clocks are right.
    Lamport,
    /// Any from 1 to this one that are later than all times in the write's causal past: clocks are right, and
    /// concurrent writes have any order, or equal times.
    Right(u64),
    /// Any from 1 to this one: clocks can be wrong.
    Any(u64),
}

impl Bounds {
    /// Causal delivery without snapshots, Lamport times, and at most one hour.
    pub fn new(masters: u16, writes: usize, requests: Vec<Request>) -> Bounds {
        let (delivery, time) = (Delivery::Causal, Duration::from_secs(3600));
        let clients = Vec::new();
        Bounds { masters, writes, requests, clients, delivery, snapshots: false, times: Times::Lamport, time }
    }

    /// Whether these requests are few enough, and name only masters that exist.
    pub(crate) fn take(masters: u16, requests: &[Request]) -> bool {
        let is_there = |request: &Request| !matches!(request.op.untimed(), Op::Transfer { to, .. } if to.0 >= masters);
        requests.len() <= MOST_OPERATIONS && requests.iter().all(is_there)
    }

    /// Whether violations have schedules, in which each step is a write or a first delivery of a change.
    pub(crate) fn have_schedules(&self) -> bool {
        self.delivery != Delivery::AtLeastOnce && !self.snapshots
    }

    /// The error in these bounds, if they are invalid for every rule.
    pub(crate) fn fault(&self) -> Option<String> {
        if !(2..=MOST_MASTERS).contains(&usize::from(self.masters)) {
            return Some(format!("{} masters: give 2 to {MOST_MASTERS}", self.masters));
        }
        if !(1..=MOST_WRITES).contains(&self.writes) {
            return Some(format!("{} writes: give 1 to {MOST_WRITES}", self.writes));
        }
        if !(1..=MOST_OPERATIONS).contains(&self.requests.len()) {
            return Some(format!("{} operations: give 1 to {MOST_OPERATIONS}", self.requests.len()));
        }
        let is_there = |client: &(MasterId, Vec<usize>)| {
            client.0.0 < self.masters && client.1.iter().all(|request| *request < self.requests.len())
        };
        if let Some((at, _)) = self.clients.iter().find(|client| !is_there(client)) {
            return Some(format!(
                "a client of {at} makes a request that does not exist, or master {at} does not exist"
            ));
        }
        None
    }

    /// Whether these requests of a master are a prefix of an interleaving of its clients' scripts.
    pub(super) fn allow(&self, at: usize, asked: &[usize]) -> bool {
        fn merges(asked: &[usize], scripts: &mut [&[usize]]) -> bool {
            let Some((first, rest)) = asked.split_first() else { return true };
            (0..scripts.len()).any(|client| {
                let whole = scripts[client];
                let Some((_, left)) = whole.split_first().filter(|(next, _)| *next == first) else { return false };
                scripts[client] = left;
                let merges = merges(rest, scripts);
                scripts[client] = whole;
                merges
            })
        }
        let of_it = self.clients.iter().filter(|(master, _)| master.index() == at);
        let mut scripts: Vec<&[usize]> = of_it.map(|(_, script)| script.as_slice()).collect();
        self.clients.is_empty() || merges(asked, &mut scripts)
    }
}
