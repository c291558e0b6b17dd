//! A scenario as its file says it, before anything is checked.

use super::RuleName;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A scenario as its file says it. Every field is described in the README.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) about: Spanned<String>,
    #[serde(default)]
    pub(super) program: Program,
    pub(super) masters: Spanned<usize>,
    pub(super) topology: Option<Spanned<Shape>>,
    pub(super) edges: Option<Spanned<Vec<Spanned<Vec<Name>>>>>,
    pub(super) rule: Option<Spanned<RuleName>>,
    pub(super) shards: Option<Spanned<u16>>,
    pub(super) link: Option<Spanned<LinkName>>,
    pub(super) resets: Option<Spanned<u8>>,
    pub(super) losses: Option<Spanned<u8>>,
    pub(super) duplicates: Option<Spanned<u8>>,
    pub(super) batch: Option<Spanned<usize>>,
    pub(super) log: Option<Spanned<usize>>,
    pub(super) capacity: Option<Spanned<usize>>,
    pub(super) relay: Option<Spanned<bool>>,
    #[serde(default)]
    pub(super) clients: BTreeMap<Name, Vec<Spanned<String>>>,
    pub(super) free: Option<FreeFile>,
    #[serde(default)]
    pub(super) limits: LimitsFile,
    #[serde(default)]
    pub(super) expect: ExpectFile,
}

pub(super) type Name = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreeFile {
    pub(super) take: Spanned<usize>,
    pub(super) of: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsFile {
    pub(super) states: Option<usize>,
    pub(super) seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExpectFile {
    pub(super) convergence: Option<Spanned<Expected>>,
    pub(super) agreement: Option<Spanned<Expected>>,
    pub(super) repairable: Option<Spanned<Expected>>,
    pub(super) causal_order: Option<Spanned<Expected>>,
    pub(super) no_causal_loss: Option<Spanned<Expected>>,
    pub(super) no_policy_loss: Option<Spanned<Expected>>,
    pub(super) specification: Option<Spanned<Expected>>,
    pub(super) no_overselling: Option<Spanned<Expected>>,
    pub(super) falls_silent: Option<Spanned<Expected>>,
    pub(super) no_deadlock: Option<Spanned<Expected>>,
    pub(super) order_kept: Option<Spanned<Expected>>,
    #[serde(default)]
    pub(super) unreached: Vec<Spanned<String>>,
    pub(super) states: Option<Spanned<usize>>,
    pub(super) depth: Option<Spanned<usize>>,
    pub(super) messages: Option<Spanned<usize>>,
}

/// What a property is expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Expected {
    /// True in every reachable state.
    Holds,
    /// False somewhere.
    Violated,
}

/// Which program is modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Program {
    /// This project's protocol: the shipping `Replica`.
    #[default]
    AntiEntropy,
    /// The program of the article: see [`Article`].
    Article,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    Ring,
    Star,
    AllToAll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LinkName {
    Stream,
    Datagram,
    Soup,
    Running,
}
