//! The content of a datagram, as JSON: [`Packet`]; and the reasons to refuse one: [`NotTaken`].

use super::meeting::{Epochs, OtherRun, RUNS};
use multimaster::{Change, Changes, Dot, Key, MasterId, PeerError, Progress, Push, Reading, VersionVector};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The most bytes of a datagram that a master sends or accepts.
///
/// This is far below the 65,507 bytes that UDP carries, so that a socket's buffer holds a whole
/// [window](super::cut::WINDOW).
pub const MAX_DATAGRAM: usize = 8192;

/// The content of a datagram. `E` is the rule's [`Effect`](multimaster::Resolver::Effect).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Packet<E> {
    /// A client writes: a [`Request`](multimaster::Request) as text, such as `set hello = world`.
    Ask(String),
    /// A client reads a key.
    Read(Key),
    /// A client asks for the numbers of packets by outcome.
    Counts,
    /// To a client: its write is acknowledged, with this dot.
    Wrote(String),
    /// To a client: the reading of the key.
    Shows(Reading),
    /// To a client: the number of packets by outcome.
    Counted(BTreeMap<String, u64>),
    /// To a client: the reason for a refusal, and the fix.
    Refused(String),
    /// To a neighbour that has not yet named this run's epoch: asks which runs it knows.
    Greet {
        /// The epochs that the sender knows.
        epochs: Epochs,
        /// The epoch of the sender, which may not have an origin yet.
        #[serde(default)]
        run: u64,
    },
    /// To a neighbour: the answer to a greeting, or the reason for refusing its packet. It is never answered.
    Known {
        /// The epochs that the sender knows.
        epochs: Epochs,
        /// The epoch of the run that greeted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<u64>,
        /// The reason for which the sender refused a packet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refuses: Option<String>,
    },
    /// To a neighbour: changes.
    Push(Pushed<E>),
    /// To a neighbour that sends changes to this master: the changes that this master has seen.
    Digest(Digest),
    /// To a neighbour: a part of a snapshot.
    Part(Part),
    /// To a neighbour, where tombstones are collected: the changes that each master is known to have seen.
    Progress(Told),
    /// An unreadable datagram. It is never sent.
    #[serde(skip)]
    Unreadable(NotTaken),
}

/// A [`Push`], and the epochs that its sender knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushed<E> {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// The changes that the receiver must have seen before the first of `changes`.
    pub extends: VersionVector,
    /// At least one change.
    pub changes: Changes<E>,
}

impl<E> Pushed<E> {
    pub(super) fn of(push: Push<E>, epochs: &Epochs) -> Pushed<E> {
        Pushed { epochs: epochs.clone(), extends: push.extends, changes: push.changes }
    }
}

/// The version vector of its sender; asks for the changes that the sender lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// The changes that the sender has seen.
    pub seen: VersionVector,
    /// The parts of a snapshot that the sender holds: the snapshot's version vector, and the number of the first part
    /// that the sender lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<(VersionVector, u32)>,
}

/// A [`Progress`], and the epochs that its sender knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// By master, changes that it is known to have seen.
    pub progress: Progress,
}

/// A part of a [`Snapshot`](multimaster::Snapshot)'s JSON text. The text is cut at any place, because the state of one
/// key can be larger than a datagram.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The epochs that the sender knows.
    pub epochs: Epochs,
    /// The version vector of the snapshot. Parts with equal vectors belong together.
    pub seen: VersionVector,
    /// The number of this part, from 0.
    pub number: u32,
    /// The number of parts.
    pub of: u32,
    /// The text of this part.
    pub text: String,
}

/// The reason for refusing a packet. A refusal changes no state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotTaken {
    /// It is longer than [`MAX_DATAGRAM`]: the number of its bytes.
    TooLong(usize),
    /// It is not JSON, or not a packet: the parser's message.
    Unreadable(String),
    /// A packet of a master, from an address that is no master's.
    Stranger,
    /// A packet of a client, from a master's address.
    NoClient,
    /// An answer of a master to a client.
    Answer,
    /// A client's request cannot be carried out: the reason.
    Client(String),
    /// A digest from a master to which no changes are sent.
    NotSentTo(MasterId),
    /// The replica refused it: the error's name, and the error in words.
    Peer(&'static str, String),
    /// A change that is too large for a datagram, and so could not be passed on.
    TooLargeAChange(Dot),
    /// A part that can belong to no snapshot of its sender.
    Part(String),
    /// An effect or a state that is not of the rule's type: the reason.
    WrongType(String),
    /// It names another run under an origin than the run known here.
    OtherRun(OtherRun),
    /// It arrived after this master had learned from that neighbour that the number of its run was taken.
    NumberTaken(MasterId),
    /// A neighbour's reason for refusing a packet of this master.
    RefusedBy(String),
}

impl NotTaken {
    /// The name of its count.
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
    /// Whether the refusal repeats at every tick until a master is ended.
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

/// The valid packets of a client, for an error message.
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
    /// The epochs that its sender knows; `None` for a packet from or to a client.
    pub(super) fn epochs(&self) -> Option<&Epochs> {
        match self {
            Packet::Greet { epochs, .. } | Packet::Known { epochs, .. } => Some(epochs),
            Packet::Push(Pushed { epochs, .. }) => Some(epochs),
            Packet::Digest(Digest { epochs, .. }) => Some(epochs),
            Packet::Part(Part { epochs, .. }) => Some(epochs),
            Packet::Progress(Told { epochs, .. }) => Some(epochs),
            _ => None,
        }
    }
}

impl<E: Serialize> Packet<E> {
    /// The packet as a datagram: one line.
    ///
    /// # Errors
    /// If the rule's effect cannot be encoded as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether a datagram can hold it.
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

/// A push of `change` alone, with the longest possible version vector.
pub(super) fn alone<E>(change: Change<E>, masters: u16) -> Packet<E> {
    let extends = VersionVector::from(vec![u64::MAX; usize::from(masters) * usize::from(RUNS)]);
    Packet::Push(Pushed { epochs: longest(masters), extends, changes: [change].into() })
}

/// The epochs with the longest encoding.
pub(super) fn longest(masters: u16) -> Epochs {
    vec![u64::MAX; usize::from(masters) * usize::from(RUNS)].into()
}

/// Foreign text made safe for a terminal: without control characters, and without the middle of a long text. (The end
/// is kept, because there a message names the fix.)
pub(super) fn shown(text: &str) -> String {
    const ENDS: usize = 200;
    let plain: Vec<char> = crate::printed::escaped(text).chars().collect();
    if plain.len() <= 2 * ENDS {
        return plain.into_iter().collect();
    }
    let (head, tail) = (&plain[..ENDS], &plain[plain.len() - ENDS..]);
    head.iter().chain(&['…']).chain(tail).collect()
}
