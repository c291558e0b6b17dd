//! Multi-master replication as a pure state machine.
//!
//! Several masters each accept reads and writes; every write travels to all the others; concurrent writes to one key
//! conflict, and a rule resolves them. A [`Replica`] is one master. It does no I/O and reads no clock. A running master
//! uses this type, and the model checker in `multimaster-models` explores the same type exhaustively.
//!
//! **Guarantees.** Each write is applied once at every master, after its causal past: the writes that its master had
//! seen before it. Once every write has reached every master, no master sends changes any more. Both hold in every
//! topology, whatever the links lose, repeat or reorder. The [`Resolver`] decides whether masters then *agree*, and
//! which of the conflicting writes are lost.
//!
//! **Limits.** The program that calls a replica, its *driver*, decides who the masters are
//! ([`Replica::change_topology`] admits new ones and removes dead ones; [`Replica::restart`] admits a returning one). A
//! master restarts from disk only with the feature `durable`. The only clock is logical: a wall-clock time comes [from
//! the client](Op::At). Tombstones are kept for ever, unless [collected](Replica::collect). Peers must be correct, but
//! may be out of date.
//!
//! The life of one write:
//!
//! ```
//! use multimaster::{LastWriteWins, MasterId, Outcome, Reading, Replica, Topology};
//!
//! let pair = Topology::all_to_all(2)?;
//! let (a, b) = (MasterId(0), MasterId(1));
//! let mut at_a = Replica::new(a, LastWriteWins, &pair);
//! let mut at_b = Replica::new(b, LastWriteWins, &pair);
//!
//! at_a.set("hello", "world")?;
//! let push = at_a.next_push(b, 100).expect("one change to send");
//! assert_eq!(at_b.receive(a, push.clone()), Outcome::Applied);
//! assert_eq!(at_b.read("hello"), Reading::Value("world".into()));
//!
//! // A second delivery has no effect, and B does not send A's change back to A.
//! assert_eq!(at_b.receive(a, push), Outcome::Duplicate);
//! assert_eq!(at_b.next_push(a, 100), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **The types**, in the order of a write's life: an [`Op`] is the client's operation. A [`Dot`] names the write, and a
//! [`Timestamp`] orders it. A [`Resolver`] (one of [`resolver`], or yours) turns the operation into an effect. A
//! [`Change`] carries the effect to the neighbours given by the [`Topology`]. A [`Replica`] is one master, which does
//! all of this. To run masters: a [`Master`] has a replica behind a lock for each shard of its [`Layout`]; a
//! [`Cluster`] joins masters by links on threads; the model checks its [`record`].
//!
//! **Features**, none of them a default: `serde` implements `Serialize` and `Deserialize` for the types of messages and
//! records, and adds `record::write`. Without it the crate does not depend on serde, and a rule of your own need not.
//! `durable` adds masters that restart from disk. `watch` records whether a rule reads the numbers inside timestamps,
//! dots and version vectors.

#![cfg_attr(
    test,
    allow(
        clippy::duplicate_mod,
        reason = "`interleavings` compiles the running master once more over each checker's locks"
    )
)]

mod change;
pub mod clock;
mod cluster;
#[cfg(feature = "durable")]
pub mod durable;
mod event_count;
mod handshake;
#[cfg(test)]
mod interleavings;
mod layout;
mod link;
mod log;
mod master;
#[cfg(test)]
mod master_tests;
mod members;
mod newcomer;
mod op;
mod options;
mod pause;
mod reading;
pub mod record;
mod replica;
mod request;
pub mod resolver;
mod ring;
#[cfg(feature = "serde")]
mod serialized;
mod sync;
mod table;
mod topology;
mod traffic;
mod version;
#[cfg(feature = "watch")]
pub mod watch;
#[cfg(not(feature = "watch"))]
mod watch;
mod written;

pub use change::{Change, Changes, Message, Push, Snapshot};
pub use clock::{Timestamp, WallTime};
pub use cluster::{Cluster, Ending, Lack, StartError};
pub use handshake::HandshakeError;
pub use layout::{Layout, LayoutError};
pub use master::Master;
pub use members::MemberError;
pub use newcomer::Newcomer;
pub use op::{Key, Kind, Op, Text};
pub use options::{Faults, Options, Setup};
pub use reading::Reading;
pub use replica::{MessageOf, Outcome, PeerError, Progress, Replica, RestoreError, Saved, UsedOriginError};
pub use request::{ParseRequestError, Request};
pub use resolver::{
    ArrivalWins, BoundedCounter, Counter, Custom, CustomMerged, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter,
    GrowOnlySet, Keep, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins, MaxRegister, MinRegister,
    MultiValue, ObservedRemoveMap, ObservedRemoveSet, Refusal, RemoveWinsSet, Resolver, Side, Version,
};
pub use topology::{ParseTopologyError, Topology, TopologyError};
pub use traffic::Traffic;
pub use version::{Dot, MasterId, ParseIdError, VersionVector};
pub use written::{WriteError, Written};
