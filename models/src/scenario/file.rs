//! The fields of a scenario file, parsed and unchecked.

use super::RuleName;
use crate::node::delivery::Delivery;
use crate::node::exhibit::Exhibit;
#[cfg(feature = "scripts")]
use crate::rules::expression::{Keeps, Over};
#[cfg(feature = "scripts")]
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// The fields of a scenario file. `docs/scenarios.md` describes each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) about: Spanned<String>,
    #[serde(default)]
    pub(super) program: Program,
    pub(super) masters: Spanned<usize>,
    pub(super) topology: Option<Spanned<Shape>>,
    pub(super) edges: Option<Spanned<Vec<Spanned<Vec<Name>>>>>,
    pub(super) one_way: Option<Spanned<bool>>,
    pub(super) rule: Option<Spanned<RuleFile>>,
    pub(super) shards: Option<Spanned<u16>>,
    pub(super) delivery: Option<Spanned<DeliveryName>>,
    pub(super) clocks: Option<Spanned<String>>,
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
    #[serde(default)]
    pub(super) sessions: BTreeMap<Name, SessionFile>,
    pub(super) free: Option<FreeFile>,
    pub(super) failures: Option<Spanned<FailuresFile>>,
    pub(super) tombstones: Option<Spanned<TombstonesFile>>,
    #[serde(default)]
    pub(super) properties: BTreeMap<Name, PropertyFile>,
    pub(super) specification: Option<SpecificationFile>,
    #[serde(default)]
    pub(super) limits: LimitsFile,
    pub(super) expect: Option<ExpectFile>,
}

pub(super) type Name = Spanned<String>;

/// The error for a file with a script, in a build without scripts.
#[cfg(not(feature = "scripts"))]
pub(super) const NO_SCRIPTS: &str = "scripts were left out of this build: give the dependency `multimaster-models` the \
                                     feature `scripts`";

/// A rule by name, or by its scripts.
#[derive(Clone, Debug)]
pub(super) enum RuleFile {
    Named(RuleName),
    #[cfg(feature = "scripts")]
    Written(Box<Written>),
}

/// A rule as one expression (`over` and `keep`), or as several scripts (the other fields).
#[cfg(feature = "scripts")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) over: Option<Over>,
    pub(super) keep: Option<Spanned<String>>,
    pub(super) kind: Option<Keeps>,
    pub(super) start: Option<Spanned<String>>,
    pub(super) write: Option<Spanned<String>>,
    pub(super) apply: Option<Spanned<String>>,
    pub(super) read: Option<Spanned<String>>,
    pub(super) merge: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for RuleFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleFile, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = RuleFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of the names that `multimaster list` shows, in quotes, or a table of `over` and `keep`, or of `kind` and scripts")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RuleFile, E> {
        RuleName::named(name).map(RuleFile::Named).ok_or_else(|| {
            let all: Vec<String> = rule_names().map(|known| format!("`{known}`")).collect();
            E::custom(format!("unknown variant `{name}`, expected one of {}", all.join(", ")))
        })
    }

    #[cfg(feature = "scripts")]
    fn visit_map<M: MapAccess<'de>>(self, table: M) -> Result<RuleFile, M::Error> {
        Written::deserialize(MapAccessDeserializer::new(table)).map(|written| RuleFile::Written(Box::new(written)))
    }

    #[cfg(not(feature = "scripts"))]
    fn visit_map<M: MapAccess<'de>>(self, _: M) -> Result<RuleFile, M::Error> {
        Err(M::Error::custom(NO_SCRIPTS))
    }
}

/// The forms of `rule`, for error messages.
pub(super) fn rule_names() -> impl Iterator<Item = &'static str> {
    RuleName::every().map(RuleName::name)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FreeFile {
    pub(super) take: Spanned<usize>,
    pub(super) of: Vec<Spanned<String>>,
}

/// A delivery guarantee, or another way to bring a neighbour up to date.
#[derive(Clone, Copy, Debug)]
pub(super) enum DeliveryName {
    Guarantee(Delivery),
    Exhibit(Exhibit),
}

impl<'de> Deserialize<'de> for DeliveryName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DeliveryName, D::Error> {
        let name = String::deserialize(deserializer)?;
        let of = |name: &str| {
            let name = || toml::Value::String(name.to_owned());
            let exhibit = || name().try_into().ok().map(DeliveryName::Exhibit);
            name().try_into().ok().map(DeliveryName::Guarantee).or_else(exhibit)
        };
        of(&name).ok_or_else(|| {
            let names =
                "`causal`, `unordered`, `at-least-once`, `since-a-time`, `without-snapshots`, `snapshot-refused`, \
                 `out-of-order`";
            D::Error::custom(format!("unknown variant `{name}`, expected one of {names}"))
        })
    }
}

/// A client that may change its master.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionFile {
    pub(super) at: Spanned<Vec<Name>>,
    pub(super) requests: Vec<Spanned<String>>,
    pub(super) token: Option<bool>,
}

/// The failures of masters and of the paths between them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailuresFile {
    pub(super) cuts: Option<Spanned<u8>>,
    pub(super) severed: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) crashes: Option<Spanned<u8>>,
    pub(super) crashing: Option<Spanned<Vec<Name>>>,
    pub(super) keeps: Option<Spanned<String>>,
    pub(super) restarts: Option<Spanned<bool>>,
    pub(super) drained: Option<Spanned<bool>>,
    pub(super) repaired: Option<Spanned<bool>>,
    pub(super) acknowledge: Option<Spanned<String>>,
}

/// When tombstones are collected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TombstonesFile {
    pub(super) collected: Spanned<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsFile {
    pub(super) states: Option<usize>,
    pub(super) seconds: Option<u64>,
    pub(super) megabytes: Option<u64>,
}

/// A property of the user's own: one claim and, optionally, a condition on the states to which it applies. Both are
/// scripts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PropertyFile {
    pub(super) always: Option<Spanned<String>>,
    pub(super) never: Option<Spanned<String>>,
    pub(super) at_quiescence: Option<Spanned<String>>,
    pub(super) sometimes: Option<Spanned<String>>,
    pub(super) when: Option<Spanned<String>>,
}

/// The specification of readings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecificationFile {
    pub(super) read: Spanned<String>,
}

/// The expected figures, and the expected verdicts by name of property. Whether the names exist is checked once the
/// whole file has been read.
#[derive(Debug, Default)]
pub(super) struct ExpectFile {
    pub(super) verdicts: Vec<(Name, Spanned<toml::Value>)>,
    pub(super) unreached: Vec<Spanned<String>>,
    pub(super) states: Option<Spanned<usize>>,
    pub(super) depth: Option<Spanned<usize>>,
    pub(super) messages: Option<Spanned<usize>>,
}

impl<'de> Deserialize<'de> for ExpectFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ExpectFile, D::Error> {
        deserializer.deserialize_map(Expectations)
    }
}

struct Expectations;

impl<'de> Visitor<'de> for Expectations {
    type Value = ExpectFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut table: M) -> Result<ExpectFile, M::Error> {
        let mut file = ExpectFile::default();
        while let Some(name) = table.next_key::<Name>()? {
            match name.get_ref().as_str() {
                "unreached" => file.unreached = table.next_value()?,
                "states" => file.states = Some(table.next_value()?),
                "depth" => file.depth = Some(table.next_value()?),
                "messages" => file.messages = Some(table.next_value()?),
                _ => file.verdicts.push((name, table.next_value()?)),
            }
        }
        Ok(file)
    }
}

/// The expected verdict on a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// True in every reachable state.
    Holds,
    /// False in some reachable state.
    Violated,
    /// Not judged.
    NotJudged,
}

impl Expected {
    pub(super) const ALL: [(&str, Expected); 3] =
        [("holds", Expected::Holds), ("violated", Expected::Violated), ("not-judged", Expected::NotJudged)];
}

/// The program that is modelled.
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
