//! What is enumerated: [`Bounds`].

use super::judge::MOST_OPERATIONS;
use super::lattice::MOST_WRITES;
use crate::node::delivery::Delivery;
use multimaster::{MasterId, Op, Request};
use std::time::Duration;

/// The most masters.
pub(super) const MOST_MASTERS: usize = 6;

/// What is enumerated.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// How many masters there are.
    pub masters: u16,
    /// The most writes of a history.
    pub writes: usize,
    /// What may be written, each at any master and as often as there are writes. No request has a time: see `times`.
    pub requests: Vec<Request>,
    /// Who asks what, in order: each client's master, and its requests by their index in `requests`. If there are none, any
    /// request may be made at any master, as often as there are writes.
    pub clients: Vec<(MasterId, Vec<usize>)>,
    /// What the rule can rely on.
    pub delivery: Delivery,
    /// Whether a master may also take another's snapshot at any time.
    pub snapshots: bool,
    /// When writes are made, by wall clocks. It matters to rules that use them, and to no others.
    pub times: Times,
    /// After how long to stop.
    pub time: Duration,
}

/// When writes are made, by wall clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// At their Lamport times: clocks are right.
    Lamport,
    /// At any times from 1 to this one that are later than the times of all writes known to the writer: clocks are right, and
    /// concurrent writes are made in any order, or at the same time.
    Right(u64),
    /// At any times from 1 to this one: clocks can be wrong.
    Any(u64),
}

impl Bounds {
    /// Causal delivery without snapshots, of so many writes at so many masters; an hour.
    pub fn new(masters: u16, writes: usize, requests: Vec<Request>) -> Bounds {
        let (delivery, time) = (Delivery::Causal, Duration::from_secs(3600));
        let clients = Vec::new();
        Bounds { masters, writes, requests, clients, delivery, snapshots: false, times: Times::Lamport, time }
    }

    /// Whether so many masters can be asked for all of these.
    pub(crate) fn take(masters: u16, requests: &[Request]) -> bool {
        let is_there = |request: &Request| !matches!(request.op.untimed(), Op::Transfer { to, .. } if to.0 >= masters);
        requests.len() <= MOST_OPERATIONS && requests.iter().all(is_there)
    }

    /// Whether violations have schedules: one step is one write, or one change delivered for the first time.
    pub(crate) fn have_schedules(&self) -> bool {
        self.delivery != Delivery::AtLeastOnce && !self.snapshots
    }

    /// What is wrong with these bounds for any rule, if anything.
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
            return Some(format!("a client of {at} asks for what there is not, or there is no such master"));
        }
        None
    }

    /// Whether these requests of a master are what its clients ask, or the beginning of it, in an order that they allow.
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
