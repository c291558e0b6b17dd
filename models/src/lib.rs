//! Model checks multi-master replication: for each conflict rule, topology and kind of link, whether all masters read
//! the same in the end, which writes are lost, and the shortest schedule of every violation.
//!
//! The masters are the shipping [`multimaster::Replica`]s: the protocol is not written a second time. The modules, in
//! reading order:
//!
//! | module | holds |
//! |---|---|
//! | [`model`], [`subject`] | what can be explored: states, steps, properties; and their words |
//! | [`scope`] | the bounds of an exploration: masters, links, clients |
//! | [`history`] | ghost state: the acknowledged writes, and the writes that a master has lost |
//! | [`node`] | a master as a pure machine under any rule: its inputs and outputs |
//! | [`rules`] | real systems' rules by name, and rules as expressions in a scenario file |
//! | [`properties`] | the conditions on states, by name; specifications of data types; the user's own properties |
//! | [`world`] | masters, links, clients and faults: a state, the one step, the cache beneath it, and the judging of states |
//! | [`system`] | copies of a node of the user's own, on a network |
//! | [`process`] | nodes of a system that are programs in any language |
//! | [`check`] | the breadth-first checker, the search for cycles that send changes, and stateright's checkers on the same models |
//! | [`scenario`] | scenario files, and the shipped scenarios |
//! | [`report`] | output: tables, schedules, traces, pictures, a page, the Explorer |
//! | [`generate`] | tests of a scenario for an implementation in another language |
//! | [`swarm`] | seeded walks through a scenario that is too large to explore, and the shrinking of violations |
//! | [`histories`] | a rule judged over all networks at once, by all causal histories of a few writes; its laws and claims |
//! | [`verify()`] | your own rule, in a test of your own crate; the verdicts on all rules |
//! | [`record`] | whether a recorded run of a real cluster is a path of the model |
//! | [`simulate`] | topologies measured: a discrete-event simulation of masters in the regions of a cloud |
//! | [`judge`] | the operations of any replicated system, judged by what its clients saw |
//! | [`spawn`] | the same masters over UDP |
//! | [`mutants`] | deliberately broken protocols and rules, and the property that rejects each |
//!
//! A module imports only from those above it in this table; a test enforces this.
//!
//! A rule is any [`Resolver`](multimaster::Resolver) whose states and effects can be serialized: a [`SerdeRule`].
//!
//! A crate whose tests only verify a rule depends on this one with `default-features = false`. The features are
//! `scripts` (rules and properties as scripts), `explorer`, `stateright` (a second opinion, and masters over UDP),
//! `any-number` (verdicts for any number of writes), `spread` (one search on several processes), and `cli`, which is the
//! default and all of them.

// Private items are written for the command; without it, some are not used.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

pub mod check;
pub mod fault;
#[cfg(feature = "cli")]
pub mod generate;
pub mod histories;
pub mod history;
#[cfg(feature = "cli")]
pub mod judge;
pub mod model;
#[cfg(feature = "cli")]
pub mod mutants;
pub mod node;
pub mod printed;
pub mod process;
pub mod properties;
pub mod record;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod scope;
#[cfg(feature = "cli")]
pub mod simulate;
#[cfg(feature = "stateright")]
pub mod spawn;
pub mod subject;
#[cfg(feature = "cli")]
pub mod swarm;
pub mod system;
pub mod verify;
pub mod world;

pub use node::any_rule::SerdeRule;
pub use properties::own_property::Property;
#[cfg(feature = "stateright")]
pub use verify::nodes::verify_actor;
pub use verify::nodes::{VerifyNode, verify_node};
pub use verify::{Verify, verify};

/// The examples of the guide compile and run as it says.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/your-rule.md")]
    struct YourRule;
    #[cfg(feature = "stateright")]
    #[doc = include_str!("../../docs/your-system.md")]
    struct YourSystem;
    #[doc = include_str!("../../docs/running.md")]
    struct Running;
}
