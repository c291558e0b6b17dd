//! The bounds of an exploration, apart from the rule: [`Scope`].

mod failures;
mod sessions;
mod tombstones;

pub use failures::{Failures, Keeps, Level, Severed};
pub use sessions::{Call, Session};
pub use tombstones::Collected;

use multimaster::{Key, MasterId, Op, Request, Text, Topology};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A bounded world: its topology, its links and their faults, and the requests of its clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The edges over which masters send changes.
    pub topology: Topology,
    /// The kind of the links, and their faults.
    pub link: LinkKind,
    /// The most changes one message carries.
    pub batch: usize,
    /// The number of changes that a master's log keeps; `None` for all.
    pub log: Option<usize>,
    /// Clients that each run a script in order, each request at any time.
    pub clients: Vec<Client>,
    /// Requests of which some are made, in any order.
    pub free: Free,
    /// The skew of the masters' wall clocks.
    pub clocks: Clocks,
    /// The failures of masters and of the paths between them.
    pub failures: Failures,
    /// Clients that may change their master.
    pub sessions: Vec<Session>,
    /// When tombstones are collected.
    pub collected: Collected,
}

/// The skew of the masters' wall clocks. It matters only to rules that [use
/// them](multimaster::Resolver::uses_wall_clock).
///
/// A request gives the wall-clock time of its write (`at 10, set k = 1`); the default is the write's Lamport time.
/// Unless clocks are free, a time that is further behind than allowed becomes the earliest time that is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clocks {
    /// Unbounded: the times are those of the requests.
    #[default]
    Free,
    /// No skew: the time of a write is later than the times of all writes in its causal past, which includes its
    /// master's earlier writes.
    Right,
    /// Hybrid logical: the time of a write is that of its master's wall clock, which may be wrong, or one later than the
    /// latest in its causal past. For all rules: it becomes the write's Lamport timestamp.
    Hybrid,
    /// As `Hybrid`; and a master [refuses](multimaster::Replica::limit_clock) changes with a time after its limit. Time
    /// passes in at most one step of each master, which raises its limit.
    HybridUpTo {
        /// The limit at first.
        limit: u64,
        /// The limit after the step, which must be as late as the times of all writes. `None` if time does not pass.
        then: Option<u64>,
    },
    /// A clock can be behind by this much: the time of a write plus this is later than the times of all writes in its
    /// causal past.
    SkewedBy(u64),
}

impl Clocks {
    /// Whether clocks are hybrid logical.
    pub fn are_hybrid(self) -> bool {
        matches!(self, Clocks::Hybrid | Clocks::HybridUpTo { .. })
    }

    /// The time of a write whose request gives the time `asked`, where `latest` is the latest time in its causal past.
    pub fn time(self, asked: u64, latest: Option<u64>) -> u64 {
        let Some(latest) = latest else { return asked };
        match self {
            Clocks::Free => asked,
            Clocks::Right | Clocks::Hybrid | Clocks::HybridUpTo { .. } => asked.max(latest.saturating_add(1)),
            Clocks::SkewedBy(most) => asked.max(latest.saturating_add(1).saturating_sub(most)),
        }
    }
}

/// As scenario files spell it.
impl fmt::Display for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clocks::Free => f.write_str("free"),
            Clocks::Right => f.write_str("right"),
            Clocks::Hybrid => f.write_str("hybrid"),
            Clocks::HybridUpTo { limit, then: None } => write!(f, "hybrid up to {limit}"),
            Clocks::HybridUpTo { limit, then: Some(then) } => write!(f, "hybrid up to {limit}, then {then}"),
            Clocks::SkewedBy(most) => write!(f, "skewed by {most}"),
        }
    }
}

impl FromStr for Clocks {
    type Err = String;

    fn from_str(text: &str) -> Result<Clocks, String> {
        let skewed = text.strip_prefix("skewed by ").and_then(|most| most.parse().ok()).map(Clocks::SkewedBy);
        match text {
            "free" => Ok(Clocks::Free),
            "right" => Ok(Clocks::Right),
            "hybrid" => Ok(Clocks::Hybrid),
            _ => skewed.or_else(|| up_to(text)).ok_or_else(|| {
                format!(
                    "`clocks = {text:?}`: give \"right\", \"hybrid\", \"hybrid up to N\", \"hybrid up to N, then M\" \
                     (M after N), \"skewed by N\" (N and M whole numbers) or \"free\""
                )
            }),
        }
    }
}

/// `hybrid up to 10`, or `hybrid up to 10, then 200`.
fn up_to(text: &str) -> Option<Clocks> {
    let text = text.strip_prefix("hybrid up to ")?;
    let (limit, then) = match text.split_once(", then ") {
        Some((limit, then)) => (limit.parse().ok()?, Some(then.parse().ok()?)),
        None => (text.parse().ok()?, None),
    };
    then.is_none_or(|then| limit < then).then_some(Clocks::HybridUpTo { limit, then })
}

/// A client of one master, and its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The master to which the client is connected.
    pub at: MasterId,
    /// The requests, in order.
    pub requests: Vec<Request>,
}

/// A choice of `take` requests among `of`, each at most once, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Free {
    /// The number of requests made.
    pub take: usize,
    /// The requests to choose from, each with its master: at most 32.
    pub of: Vec<(MasterId, Request)>,
}

/// The kind of a world's links. Each kind keeps the explored graph finite without a bound on ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// First in, first out, and lossless until it breaks: a replication stream over TCP. A reset loses all that was in
    /// flight, and the sender continues after what the receiver says it has seen.
    ///
    /// The state holds no queue: the sender's log from its cursor on is in flight, and a delivery takes the next
    /// `1..=batch` changes. This reaches the same states as an explicit queue, because the content of a push depends
    /// only on its place in the log, **as long as the log keeps all changes**. Cutting the log would also remove changes
    /// in flight, and hide schedules, so scenario files do not allow a [`log`](Scope::log) with streams.
    /// (`tests/ticks.rs` checks both against explicit queues.) A break moves the cursor to the end of the log.
    Stream {
        /// The most resets.
        resets: u8,
    },
    /// Messages arrive in any order; some may be lost, and some arrive twice.
    ///
    /// A digest, sent at a tick or after a gap, arrives at once, and its answer is in flight. A tick happens only if
    /// its answer would bring something and nothing is in flight on the edge. This hides no outcome: answering does not
    /// alter the master that answers, so a late digest only draws an answer with more than is needed, and a lost digest
    /// is like a tick that did not happen. (`tests/ticks.rs` checks this against ticks at any time.) Only the number of
    /// messages depends on it: a link that repeated an old digest for ever would draw an answer each time.
    Datagram {
        /// The most losses.
        losses: u8,
        /// The most second deliveries.
        duplicates: u8,
    },
    /// A message, once sent, may arrive at any time and any number of times. Only a failure can lose it. There are ticks
    /// only where failures may happen, and only if the receiver can apply no message in flight on the edge: such a
    /// message needs no digest.
    Soup,
    /// The links of a running [`Cluster`](multimaster::Cluster), whose records are checked against them. Sending is a
    /// separate step: a link takes the next `batch` changes from the log at any time. Digests and their answers are in
    /// flight. Messages and their duplicates arrive in any order; some may be lost, and some duplicated. With a
    /// [`log`](Scope::log), cutting it is a separate step.
    ///
    /// A digest is sent only if its answer would bring something, nothing is in flight between the two masters, and the
    /// link has taken all pending changes. This hides no outcome, as for datagrams: sending and answering a digest
    /// alters no master, so an earlier digest draws only changes that are or will be in flight, and a lost digest is
    /// like one not sent. (`tests/ticks.rs` checks this against a network that may deliver anything ever sent.)
    Running {
        /// The most losses.
        losses: u8,
        /// The most duplications.
        duplicates: u8,
    },
    /// Each master receives from one channel, shared by all its senders: first in, first out, lossless. A send into a
    /// full channel waits. These are the links of the [article's program](crate::world::article).
    Channel {
        /// The number of changes that a channel holds.
        capacity: usize,
    },
}

impl Scope {
    /// Masters that keep whole logs and send changes one by one, with no clients and no failures.
    pub fn new(topology: Topology, link: LinkKind) -> Scope {
        Scope {
            topology,
            link,
            batch: 1,
            log: None,
            clients: Vec::new(),
            free: Free::default(),
            clocks: Clocks::default(),
            failures: Failures::default(),
            sessions: Vec::new(),
            collected: Collected::default(),
        }
    }

    /// Whether a master or a path may fail, a write is acknowledged only later, a client may change its master,
    /// tombstones are collected, or the times that masters accept are limited.
    pub(crate) fn fails(&self) -> bool {
        let limited = matches!(self.clocks, Clocks::HybridUpTo { .. });
        self.failures.any() || !self.sessions.is_empty() || self.collected != Collected::Never || limited
    }

    /// All that clients may write.
    fn writes(&self) -> impl Iterator<Item = &Request> {
        let scripted = self.clients.iter().flat_map(|client| &client.requests);
        let of_sessions = self.sessions.iter().flat_map(|session| &session.calls);
        let of_sessions =
            of_sessions.filter_map(|call| if let Call::Write(request) = call { Some(request) } else { None });
        scripted.chain(self.free.of.iter().map(|(_, request)| request)).chain(of_sessions)
    }

    /// The keys that clients write.
    pub fn keys(&self) -> BTreeSet<Key> {
        self.writes().map(|request| request.key.clone()).collect()
    }

    /// The fields of maps that clients write.
    pub fn fields(&self) -> BTreeSet<Text> {
        let field = |op: &Op| if let Op::In { field, .. } = op { Some(field.clone()) } else { None };
        self.writes().filter_map(|request| field(request.op.untimed())).collect()
    }

    /// The number of requests that clients make in all.
    pub fn requests(&self) -> usize {
        self.clients.iter().map(|client| client.requests.len()).sum::<usize>() + self.free.take
    }

    /// No write has a later hybrid time.
    pub(crate) fn latest_time(&self) -> u64 {
        let given = self.writes().filter_map(|request| request.op.time()).max().unwrap_or(0);
        given.saturating_add(self.writes().count() as u64)
    }

    /// Whether a request gives the wall-clock time of its write, as in `at 10, set k = 1`.
    pub fn gives_times(&self) -> bool {
        self.writes().any(|request| request.op.time().is_some())
    }
}
