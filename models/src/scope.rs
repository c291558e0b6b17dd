//! What is explored, apart from the rule: [`Scope`].

use multimaster::{Key, MasterId, Op, Request, Text, Topology};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A bounded world: who is joined to whom, by what links, and what clients do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Who sends changes to whom.
    pub topology: Topology,
    /// What the links may do to messages.
    pub link: LinkKind,
    /// The most changes one message carries.
    pub batch: usize,
    /// How many changes a master's log keeps; `None` for all.
    pub log: Option<usize>,
    /// Clients that each run a script, in its order, at any time.
    pub clients: Vec<Client>,
    /// Clients that choose.
    pub free: Free,
    /// How far the masters' wall clocks can be wrong.
    pub clocks: Clocks,
}

/// How far the wall clocks of masters can be wrong. It matters to rules that
/// [use them](multimaster::Resolver::uses_wall_clock), and to no others.
///
/// A request gives the wall-clock time of its write (`at 10, set k = 1`); without one, it is the write's Lamport
/// timestamp. Where clocks are not free, this is the earliest that the time can be: if it is further behind than
/// allowed, the write gets the earliest time that is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clocks {
    /// As wrong as the requests say.
    #[default]
    Free,
    /// Not wrong: the time of a write is later than the times of all writes that it had seen, those of its own master
    /// among them.
    Right,
    /// A clock can be behind by this much: the time of a write plus this is later than the times of all writes that it
    /// had seen.
    SkewedBy(u64),
}

impl Clocks {
    /// The time of a write whose request gives the time `asked`, where the latest write that it had seen was made at
    /// `latest`.
    pub fn time(self, asked: u64, latest: Option<u64>) -> u64 {
        let Some(latest) = latest else { return asked };
        match self {
            Clocks::Free => asked,
            Clocks::Right => asked.max(latest.saturating_add(1)),
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
            _ => skewed.ok_or_else(|| {
                format!("`clocks = {text:?}`: give \"right\", \"skewed by N\" (N a whole number) or \"free\"")
            }),
        }
    }
}

/// A client of one master and what it asks, one request after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The master it is connected to.
    pub at: MasterId,
    /// Its requests, in order.
    pub requests: Vec<Request>,
}

/// Any `take` of the requests, each at most once, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Free {
    /// How many are made.
    pub take: usize,
    /// What may be chosen: at most 32.
    pub of: Vec<(MasterId, Request)>,
}

/// What a link may do. Each phrasing keeps the explored graph finite without a bound on ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// First in, first out, nothing lost while it stands: a replication stream over TCP. It may be reset so many times:
    /// all that was in flight is gone, and the sender goes on from what the receiver says it has.
    ///
    /// The queue is not in the state: what is in flight is the sender's log from its cursor on, and a delivery takes
    /// the next `1..=batch` changes from there. That reaches the same states as an explicit queue, because what a
    /// push holds depends on its place in the log alone, not on when it was taken from it: **as long as the log keeps
    /// all**. With a [`log`](Scope::log) that is cut, what is in flight would be taken back, and schedules be missed,
    /// so scenario files do not allow it. (Both are shown against explicit queues in `tests/ticks.rs`.) A break drains
    /// the cursor into nothing.
    Stream {
        /// How many resets.
        resets: u8,
    },
    /// Messages arrive in any order; so many may be lost, and so many arrive twice.
    ///
    /// A tick's digest, or the one that answers a gap, arrives at once, and its answer is in flight. A tick happens
    /// only if its answer would bring something and none is under way. That hides nothing: answering changes nothing in
    /// the answerer, so a late digest only draws an answer with more than is needed, and a lost one is a tick that did
    /// not happen. (Cross-checked against ticks at any time in `tests/ticks.rs`.) What is said of messages is said of
    /// these ticks: a link that repeated an old digest for ever would draw an answer each time.
    Datagram {
        /// How many losses.
        losses: u8,
        /// How many second deliveries.
        duplicates: u8,
    },
    /// A message, once sent, may arrive at any time and any number of times. There are no ticks: nothing is lost.
    Soup,
    /// What the links of a running [`Cluster`](multimaster::Cluster) do, and what its records are held to: sending is a
    /// step of its own. A link takes the next `batch` changes from the log when it will; a digest is on its way, and so
    /// is its answer; messages arrive in any order, also those that bring nothing; so many may be lost, and so many
    /// become two. With a [`log`](Scope::log), cutting it is a step of its own too.
    ///
    /// A digest is sent only if its answer would bring something, nothing is under way between the two and the link has
    /// taken all there is to take. That hides nothing for the reason given of datagrams: to ask and to answer alters no
    /// master, so a digest sent earlier draws what is already under way, or will be; and a lost one is as good as not
    /// sent. (Checked beside the others, against the worst network, in `tests/ticks.rs`.)
    Running {
        /// How many losses.
        losses: u8,
        /// How many messages become two.
        duplicates: u8,
    },
    /// Each master has one channel to receive from, shared by all that send to it: first in, first out, nothing lost. A
    /// send into a full channel waits. These are the links of the [article's program](crate::world::article).
    Channel {
        /// How many changes a channel holds.
        capacity: usize,
    },
}

impl Scope {
    /// The keys that clients write.
    pub fn keys(&self) -> BTreeSet<Key> {
        let requests = self.clients.iter().flat_map(|client| &client.requests);
        requests.chain(self.free.of.iter().map(|(_, request)| request)).map(|request| request.key.clone()).collect()
    }

    /// The fields of maps that clients write.
    pub fn fields(&self) -> BTreeSet<Text> {
        let requests = self.clients.iter().flat_map(|client| &client.requests);
        let ops = requests.chain(self.free.of.iter().map(|(_, request)| request)).map(|request| request.op.untimed());
        let field = |op: &Op| if let Op::In { field, .. } = op { Some(field.clone()) } else { None };
        ops.filter_map(field).collect()
    }

    /// How many requests clients make in all.
    pub fn requests(&self) -> usize {
        self.clients.iter().map(|client| client.requests.len()).sum::<usize>() + self.free.take
    }

    /// Whether a request gives the wall-clock time of its write, as in `at 10, set k = 1`.
    pub fn gives_times(&self) -> bool {
        let scripted = self.clients.iter().flat_map(|client| &client.requests);
        let mut all = scripted.chain(self.free.of.iter().map(|(_, request)| request));
        all.any(|request| request.op.time().is_some())
    }
}
