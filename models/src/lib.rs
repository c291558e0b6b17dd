//! Model checks multi-master replication: for each conflict rule, topology and kind of link, whether all masters end
//! up reading the same, what is lost, and the shortest schedule for every violation.
//!
//! The masters are the shipping [`multimaster::Replica`]s; nothing here retells what they do. The map, in reading order:
//!
//! | module | holds |
//! |---|---|
//! | [`model`], [`subject`] | what can be explored: states, steps, properties; and what is told of them in words |
//! | [`scope`] | what is explored: masters, links, what clients do |
//! | [`history`] | the ghost: acknowledged writes, and which of them a master has lost |
//! | [`node`] | a master as a pure machine under any rule: what it is given, what it answers and sends |
//! | [`rules`] | real systems' rules by name, and rules as expressions in a scenario file |
//! | [`properties`] | what is asked of every state, by name; specifications of data types; the user's own properties |
//! | [`world`] | masters, links, clients and faults: a state, the one step, the cache beneath it, and the judging of states |
//! | [`system`] | copies of a node of the user's own, on a network |
//! | `process` | nodes of a system that are programs in any language |
//! | [`check`] | the breadth-first checker, whether messages end, and stateright's checkers on the same models |
//! | [`scenario`] | what to check, as files, and the files that are shipped |
//! | [`report`] | what was found: tables, schedules, traces, pictures, the Explorer |
//! | [`generate`] | tests of a scenario for an implementation in another language |
//! | [`histories`] | a rule judged over all networks at once: all causal histories of a few writes; laws; tested claims |
//! | [`verify()`] | your own rule, in a test of your own crate; and all rules by name, with what becomes of each |
//! | [`record`] | whether a recorded run of a real cluster is a path of the model |
//! | [`judge`] | the operations of any replicated system, judged by what its clients saw |
//! | [`spawn`] | the same masters for real, over UDP |
//! | [`mutants`] | protocols and rules broken on purpose, and what rejects each |
//!
//! A module imports only from those above it in this table; a test holds it to that.
//!
//! A rule is any [`Resolver`](multimaster::Resolver) whose states and effects can be serialized: a [`SerdeRule`].
//!
//! A crate whose tests only verify a rule depends on this one with `default-features = false`. The features are `scripts`
//! (rules and properties as scripts), `explorer`, `stateright` (a second opinion, and masters over UDP), and `cli`, which is
//! the default and all of them.

// What is private is written for the command; without it, some is not used.
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
#[cfg(all(feature = "cli", unix))]
pub mod process;
pub mod properties;
pub mod record;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod scope;
#[cfg(feature = "stateright")]
pub mod spawn;
pub mod subject;
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
    #[doc = include_str!("../../docs/running.md")]
    struct Running;
}
