//! The parts of a simulation: events, masters, and their mail.

use super::Setting;
use super::faults::Cut;
use super::network::{Asked, Link, Sent};
use crate::node::any_rule::{AnyReplica, Pack};
use multimaster::record::Recorded;
use multimaster::{MasterId, Op, Replica, Topology};
use std::collections::VecDeque;
use std::time::Duration;

/// An event.
pub(super) enum Happening {
    /// A client asks for a write.
    Write,
    /// A client asks for a read.
    Read,
    /// A message arrives.
    Arrival(Sent),
    /// A digest arrives.
    Digest(Asked),
    /// The master is free for its mail.
    Free(usize),
    /// The master looks for neighbours from which it has not heard.
    Tick(usize),
    /// The fault with this place begins or ends.
    Fault(usize),
}

/// The beginning or the end of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Cut(Cut),
    Heal(Cut),
    /// A master flushes its state to disk.
    Flush(MasterId),
    Crash(MasterId),
    Restart(MasterId),
}

/// An item that waits for a master that is occupied.
pub(super) enum Mail {
    Write {
        key: usize,
        op: Op,
        asked: u64,
    },
    Read {
        key: usize,
    },
    /// A message. It is lost if the link has broken since it was sent.
    Message(Sent),
    Digest(Asked),
    /// The link, over which this master receives changes, is open again.
    Ask(usize),
    /// A link over which this master sends changes is open again.
    Flush,
    /// Digests to neighbours that have not been heard from may be due.
    Tick,
}

/// A master and its mail.
pub(super) struct Host {
    pub(super) replica: AnyReplica,
    /// The state at its last flush.
    pub(super) flushed: Option<AnyReplica>,
    pub(super) is_up: bool,
    pub(super) mail: VecDeque<Mail>,
    /// Whether the event at which it reads its mail is planned.
    pub(super) called: bool,
    /// The time at which it is free.
    pub(super) free_at: u64,
    /// The links over which it sends changes, and those over which it receives them.
    pub(super) out: Vec<usize>,
    pub(super) into: Vec<usize>,
    /// Messages sent and received, and the time that it was occupied.
    pub(super) handled: u64,
    pub(super) occupied: u64,
    pub(super) truncate_at: usize,
}

pub(super) type Record = Vec<Recorded<Pack, Pack>>;

/// The least number of changes that a log keeps, as in the running cluster.
pub(super) const KEPT: usize = 512;

pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The masters of a topology, each with the links that it has.
pub(super) fn hosts(setting: &Setting, topology: &Topology, links: &[Link]) -> Vec<Host> {
    let host = |id| Host {
        replica: Replica::new(id, setting.rule.rule(id), topology),
        flushed: None,
        is_up: true,
        mail: VecDeque::new(),
        called: false,
        free_at: 0,
        out: Vec::new(),
        into: Vec::new(),
        handled: 0,
        occupied: 0,
        truncate_at: 2 * KEPT.min(setting.log),
    };
    let mut hosts: Vec<Host> = topology.ids().map(host).collect();
    for (place, link) in links.iter().enumerate() {
        hosts[link.from.index()].out.push(place);
        hosts[link.to.index()].into.push(place);
    }
    hosts
}
