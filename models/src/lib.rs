//! Model checks multi-master replication: for each conflict rule, topology and kind of link, whether all masters end
//! up reading the same, what is lost, and the shortest schedule for every "no".
//!
//! The masters are the shipping [`multimaster::Replica`]s; nothing here retells what they do. The map, in reading order:
//!
//! | module | holds |
//! |---|---|
//! | [`scope`] | what is explored: masters, links, what clients do |
//! | [`model`], [`subject`] | what can be explored: states, steps, properties; and what is told of them in words |
//! | `node` | a master as a pure machine: what it is given, what it answers and sends |
//! | [`world`] | masters, links, clients and faults: a state, and the one step |
//! | `memo` | beneath it: each part of a state kept once, each step of a master taken once |
//! | [`cluster`] | the model: a world of masters under a rule, and what is asked of its states |
//! | [`sharded`] | several of them side by side, one for each shard of the same masters |
//! | [`history`] | the ghost: acknowledged writes, and which of them a master has lost |
//! | [`histories`] | a rule judged over all networks at once: all causal histories of a few writes |
//! | [`claims`] | whether a rule may be believed that says which writes a value shows |
//! | [`specification`] | what each data type means: a read as a function of the writes seen |
//! | [`properties`] | what is asked of every state, and the witnesses that it was put to the test |
//! | [`engine`], [`silence`] | the breadth-first checker, and whether messages end |
//! | [`stateright_engine`] | stateright's checkers on the same models |
//! | [`erased`] | any model behind one type, so that what is generic and large is compiled once |
//! | [`article`] | another program as a model: the one that started this project |
//! | [`scenario`], [`catalogue`], [`trace`] | what to check and what was found, as files |
//! | [`check`], [`table`], [`picture`], [`explorer`] | what the command does, and what a person sees |
//! | [`verify()`], [`laws`] | your own rule, in a test of your own crate; what joins do, on all small histories |
//! | [`expression`] | your own rule, in a scenario file |
//! | [`own_property`] | your own property, in a scenario file or in a test |
//! | [`rules`] | all rules by name, and what becomes of each |
//! | [`given`] | a user's own rule where rules have names |
//! | [`systems`], [`any_rule`] | real systems' rules by name, and any rule behind one type |
//! | [`delivery`] | how changes are delivered where a system gives less than this protocol |
//! | [`spawn`] | the same masters for real, over UDP |
//! | [`conform`] | whether a recorded run of a real cluster is a path of the model |
//! | [`tamper`] | breaking the protocol on purpose |
//! | [`mutants`] | protocols and rules broken on purpose, and what rejects each |
//!
//! A crate whose tests only verify a rule depends on this one with `default-features = false`. The features are `scripts`
//! (rules and properties as scripts), `explorer`, `stateright` (a second opinion, and masters over UDP), and `cli`, which is
//! the default and all of them.

// What is private is written for the command; without it, some is not used.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

pub mod any_rule;
pub mod article;
#[cfg(feature = "cli")]
pub mod catalogue;
pub mod check;
pub mod claims;
pub mod cluster;
#[cfg(feature = "cli")]
pub mod conform;
pub mod delivery;
pub mod engine;
pub mod erased;
#[cfg(feature = "explorer")]
pub mod explorer;
#[cfg(feature = "scripts")]
pub mod expression;
pub mod fault;
pub mod given;
pub mod histories;
pub mod history;
pub mod laws;
mod memo;
pub mod model;
#[cfg(feature = "cli")]
pub mod mutants;
mod node;
pub mod own_property;
pub mod picture;
pub mod printed;
pub mod properties;
pub mod rules;
pub mod scenario;
pub mod scope;
pub mod sharded;
pub mod silence;
#[cfg(feature = "stateright")]
pub mod spawn;
pub mod specification;
#[cfg(feature = "stateright")]
pub mod stateright_engine;
pub mod subject;
pub mod systems;
pub mod table;
pub mod tamper;
pub mod trace;
pub mod verify;
mod words;
pub mod world;

pub use own_property::Property;
pub use verify::{Verify, verify};

/// The README's examples compile and do what they say.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
