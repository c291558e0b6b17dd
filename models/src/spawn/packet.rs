//! What a datagram says, as JSON: [`Packet`]; and why one is not taken: [`NotTaken`].

use super::meeting::{Epochs, OtherRun, RUNS};
use multimaster::{Change, Changes, Dot, Key, MasterId, PeerError, Push, Reading, VersionVector};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The most bytes of a datagram that a master sends or takes.
///
/// A choice: far below the 65,507 that UDP carries, and small enough for a socket's buffer to hold a whole
/// [window](super::cut::WINDOW).
pub const MAX_DATAGRAM: usize = 8192;

/// What a datagram says. `E` is the rule's [`Effect`](multimaster::Resolver::Effect).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Packet<E> {
    /// A client writes: a [`Request`](multimaster::Request) as text, such as `set hello = world`.
    Ask(String),
    /// A client reads a key.
    Read(Key),
    /// A client asks what has become of the packets so far.
    Counts,
    /// To a client: its write is done, and this is its dot.
    Wrote(String),
    /// To a client: what the key reads.
    Shows(Reading),
    /// To a client: how often what has happened.
    Counted(BTreeMap<String, u64>),
    /// To a client: why not, and what would be right.
    Refused(String),
    /// To a neighbour that has not yet named this run's epoch: asks which runs it knows.
    Greet {
        /// The epochs that the sender knows.
        epochs: Epochs,
        /// The epoch of the sender, which may not have an origin yet.
        #[serde(default)]
        run: u64,
    },
    /// To a neighbour: the answer to a greeting, or why its packet was refused. Never answered.
    Known {
        /// The epochs that the sender knows.
        epochs: Epochs,
        /// The epoch of the run that greeted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<u64>,
        /// Why the sender takes nothing of what it was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refuses: Option<String>,
    },
    /// To a neighbour: changes.
    Push(Pushed<E>),
    /// To a neighbour that sends changes here: what has been seen.
    Digest(Digest),
    /// To a neighbour: a piece of a snapshot.
    Part(Part),
    /// Never sent: what a datagram becomes that says none of the above.
    #[serde(skip)]
    Unreadable(NotTaken),
}

/// A [`Push`], and the epochs that its sender knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushed<E> {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// What must have been seen before the first of `changes`.
    pub extends: VersionVector,
    /// At least one change.
    pub changes: Changes<E>,
}

impl<E> Pushed<E> {
    pub(super) fn of(push: Push<E>, epochs: &Epochs) -> Pushed<E> {
        Pushed { epochs: epochs.clone(), extends: push.extends, changes: push.changes }
    }
}

/// What its sender has seen; asks for what is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// What has been seen.
    pub seen: VersionVector,
    /// Of the asked master's snapshot of that vector, the sender holds all parts before the one so numbered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<(VersionVector, u32)>,
}

/// A piece of a [`Snapshot`](multimaster::Snapshot)'s JSON text. Pieces are cut anywhere: what a key's state takes is
/// bounded by nothing, and one that no datagram could hold whole would otherwise never get across.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// What the snapshot reflects: by this, parts are known to belong together.
    pub seen: VersionVector,
    /// Which part, from 0.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// The text.
    pub text: String,
}

/// Why a packet was not taken. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotTaken {
    /// It has so many bytes.
    TooLong(usize),
    /// It is not JSON, or not a packet: what the parser says.
    Unreadable(String),
    /// It is for masters to send, and came from another address.
    Stranger,
    /// It is for clients to send, and came from a master's address.
    NoClient,
    /// It is what masters answer to clients.
    Answer,
    /// A client asked for what it cannot have.
    Client(String),
    /// A digest from a master to which no changes are sent.
    NotSentTo(MasterId),
    /// The replica refused it: the fault's name, and the fault in words.
    Peer(&'static str, String),
    /// A change that could not be passed on.
    TooLargeAChange(Dot),
    /// A part that can belong to no snapshot of its sender.
    Part(String),
    /// An effect, or a state, that is not one of the rule's: what is wrong with it.
    WrongType(String),
    /// It names another run under an origin than the one known here.
    OtherRun(OtherRun),
    /// It arrived after this master had learned from that neighbour that the number of its run was taken.
    NumberTaken(MasterId),
    /// A neighbour's reason for refusing a packet of this master.
    RefusedBy(String),
}

impl NotTaken {
    /// The name under which it is counted.
    pub fn name(&self) -> &'static str {
        match self {
            NotTaken::TooLong(_) => "too long",
            NotTaken::Unreadable(_) => "unreadable",
            NotTaken::Stranger => "stranger",
            NotTaken::NoClient => "no client",
            NotTaken::Answer => "answer",
            NotTaken::Client(_) => "client refused",
            NotTaken::NotSentTo(_) => "not a neighbour",
            NotTaken::Peer(name, _) => name,
            NotTaken::TooLargeAChange(_) => "too large a change",
            NotTaken::Part(_) => "impossible part",
            NotTaken::WrongType(_) => "wrong type",
            NotTaken::OtherRun(_) => "other epoch",
            NotTaken::NumberTaken(_) => "number taken",
            NotTaken::RefusedBy(_) => "refused by a neighbour",
        }
    }
}

impl NotTaken {
    /// Whether it will repeat until a master is ended.
    pub(super) fn comes_again(&self) -> bool {
        matches!(self, NotTaken::OtherRun(_) | NotTaken::NumberTaken(_) | NotTaken::RefusedBy(_))
    }
}

impl From<PeerError> for NotTaken {
    fn from(fault: PeerError) -> NotTaken {
        let name = match fault {
            PeerError::NotANeighbour(_) => "not a neighbour",
            PeerError::NoSuchShard(_) => "no such shard",
            PeerError::Empty => "empty push",
            PeerError::UnknownOrigin(_) => "unknown origin",
            PeerError::ImpossibleDot(_) => "impossible dot",
            PeerError::ImpossibleTimestamp(_) => "impossible timestamp",
            _ => "other fault",
        };
        NotTaken::Peer(name, fault.to_string())
    }
}

/// What a client can send, for whoever sent something else.
const RIGHT: &str = r#"right are {"Ask":"set hello = world"}, {"Read":"hello"} and "Counts""#;

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotTaken::TooLong(bytes) => write!(f, "{bytes} bytes: at most {MAX_DATAGRAM} are taken"),
            NotTaken::Unreadable(why) => write!(f, "not a packet: {why}; {RIGHT}"),
            NotTaken::Stranger => write!(f, "only masters send that, from their own addresses; {RIGHT}"),
            NotTaken::NoClient => write!(f, "only clients ask that, from an address that is no master's"),
            NotTaken::Answer => write!(f, "an answer, and nothing was asked"),
            NotTaken::Client(why) | NotTaken::Peer(_, why) | NotTaken::Part(why) => f.write_str(why),
            NotTaken::WrongType(why) => write!(f, "the rule has no such effect or state: {why}"),
            NotTaken::OtherRun(other) => other.fmt(f),
            NotTaken::NumberTaken(by) => {
                write!(f, "another run of this master has its origin, as {by} knows: it takes no further part")
            }
            NotTaken::RefusedBy(why) => write!(f, "by the sender: {why}"),
            NotTaken::NotSentTo(id) => write!(f, "{id} is not a neighbour to which changes are sent from here"),
            NotTaken::TooLargeAChange(dot) => {
                write!(f, "{dot} is too large to be passed on: at most {MAX_DATAGRAM} bytes fit a datagram")
            }
        }
    }
}

impl<E> Packet<E> {
    /// The epochs that its sender knows, if masters send it to each other.
    pub(super) fn epochs(&self) -> Option<&Epochs> {
        match self {
            Packet::Greet { epochs, .. } | Packet::Known { epochs, .. } => Some(epochs),
            Packet::Push(Pushed { epochs, .. }) => Some(epochs),
            Packet::Digest(Digest { epochs, .. }) => Some(epochs),
            Packet::Part(Part { epochs, .. }) => Some(epochs),
            _ => None,
        }
    }
}

impl<E: Serialize> Packet<E> {
    /// The datagram: one line.
    ///
    /// # Errors
    /// If the rule's effect has no JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether it can be sent.
    pub(super) fn fits(&self) -> bool {
        self.to_bytes().is_ok_and(|bytes| bytes.len() <= MAX_DATAGRAM)
    }
}

impl<E: for<'a> Deserialize<'a>> Packet<E> {
    /// The packet in a datagram. Never an error: an unreadable datagram is counted and answered, too.
    pub fn of_bytes(bytes: &[u8]) -> Packet<E> {
        if bytes.len() > MAX_DATAGRAM {
            return Packet::Unreadable(NotTaken::TooLong(bytes.len()));
        }
        serde_json::from_slice(bytes)
            .unwrap_or_else(|error| Packet::Unreadable(NotTaken::Unreadable(shown(&error.to_string()))))
    }
}

/// The push that carries `change` alone, with the longest vector that it could ever extend.
pub(super) fn alone<E>(change: Change<E>, masters: u16) -> Packet<E> {
    let extends = VersionVector::from(vec![u64::MAX; usize::from(masters) * usize::from(RUNS)]);
    Packet::Push(Pushed { epochs: longest(masters), extends, changes: [change].into() })
}

/// The epochs that take the most room.
pub(super) fn longest(masters: u16) -> Epochs {
    vec![u64::MAX; usize::from(masters) * usize::from(RUNS)].into()
}

/// Text of a stranger's, fit for a terminal: without control characters, and the middle of what is long left out. (The
/// end is where we say what would be right.)
pub(super) fn shown(text: &str) -> String {
    const ENDS: usize = 200;
    let plain: Vec<char> = crate::printed::escaped(text).chars().collect();
    if plain.len() <= 2 * ENDS {
        return plain.into_iter().collect();
    }
    let (head, tail) = (&plain[..ENDS], &plain[plain.len() - ENDS..]);
    head.iter().chain(&['…']).chain(tail).collect()
}
