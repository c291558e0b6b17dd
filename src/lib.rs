//! Multi-master replication as a pure state machine.
//!
//! Several masters each accept reads and writes; every write travels to all the others; concurrent writes to one key
//! conflict, and a rule resolves them. A [`Replica`] is one master. It does no input or output and knows no time: the
//! same type is explored exhaustively by the model checker in `multimaster-models` and run for real.
//!
//! **What it promises**, whatever the topology and whatever the links lose, repeat or reorder: each write is applied
//! once at every master, after every write that it had seen, and once all is delivered nobody sends changes any more.
//! Whether masters then *agree*, and what is lost where writes conflict, is up to the [`Resolver`].
//!
//! **Limits.** No crash, no change of membership and no clock but the logical one (what a wall clock shows is a
//! client's
//! [word](Op::At)); tombstones are kept for ever; a peer may be out of date but does not lie.
//!
//! One write's life:
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
//! // Delivered twice, it does nothing; and B does not send A its own change back.
//! assert_eq!(at_b.receive(a, push), Outcome::Duplicate);
//! assert_eq!(at_b.next_push(a, 100), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **The map**, in the order of a write's life: [`Op`] is what a client asks, [`Dot`] names it, [`Timestamp`] dates it,
//! a
//! [`Resolver`] (one of [`resolver`], or yours) makes it an effect, a [`Change`] carries it, a
//! [`Topology`] says to whom, a [`Replica`] does all that. Running: a [`Master`] is replicas behind locks, one for each
//! shard of its [`Layout`]; a [`Cluster`] joins masters by links on threads; a [`record`] of what happened there can be
//! held against the model.

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
mod op;
mod options;
mod pause;
mod reading;
pub mod record;
mod replica;
mod request;
pub mod resolver;
mod ring;
mod sync;
mod table;
mod topology;
mod traffic;
mod version;
mod written;

pub use change::{Change, Changes, Message, Push, Snapshot};
pub use clock::Timestamp;
pub use cluster::{Cluster, Ending, Lack, StartError};
pub use handshake::HandshakeError;
pub use layout::{Layout, LayoutError};
pub use master::Master;
pub use op::{Key, Kind, Op, Text};
pub use options::{Faults, Options, Setup};
pub use reading::Reading;
pub use replica::{MessageOf, Outcome, PeerError, Replica};
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
