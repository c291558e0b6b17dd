//! Scenario files, which describe a model and its expected verdicts: [`Scenario`].

#[cfg(feature = "cli")]
pub mod catalogue;
pub(crate) mod expected;
mod file;
pub mod given;
#[cfg(feature = "scripts")]
mod own;
mod reader;
#[cfg(feature = "scripts")]
mod written;

use crate::check::engine::Limits;
use crate::check::erased::Erased;
use crate::fault::{Fault, Wrong};
use crate::history::Claims;
use crate::node::any_rule::AnyRule;
use crate::node::delivery::Delivery;
use crate::properties::own_property::{Failed, OwnProperties, witness_of};
use crate::properties::specification::{self as spec, Specification, Specified};
#[cfg(feature = "scripts")]
use crate::rules::expression::Expression;
use crate::rules::lower_seat;
use crate::rules::systems::{self, System};
use crate::scenario::given::Given;
use crate::scope::Scope;
use crate::world::article::Article;
use crate::world::cluster::ClusterModel;
use multimaster::{
    ArrivalWins, BoundedCounter, Counter, Custom, CustomMerged, DisableWinsFlag, EnableWinsFlag, GrowOnlyCounter,
    GrowOnlySet, Kind, LastWriteMap, LastWriteMapWall, LastWriteWall, LastWriteWins, Layout, MasterId, MaxRegister,
    MinRegister, MultiValue, ObservedRemoveMap, ObservedRemoveSet, RemoveWinsSet, Resolver,
};
use reader::Reader;
use std::sync::Arc;

/// The rules that a scenario file can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleName {
    /// [`ArrivalWins`]
    Arrival,
    /// [`LastWriteWins`]
    LastWrite,
    /// [`Custom`], which keeps the lower seat number.
    Custom,
    /// [`CustomMerged`], which keeps the lower seat number.
    CustomMerged,
    /// [`MultiValue`]
    MultiValue,
    /// [`Counter`]
    Counter,
    /// [`ObservedRemoveSet`]
    Set,
    /// [`RemoveWinsSet`]
    RemoveWinsSet,
    /// [`GrowOnlySet`]
    GrowOnlySet,
    /// [`GrowOnlyCounter`]
    GrowOnlyCounter,
    /// [`BoundedCounter`]
    BoundedCounter,
    /// [`EnableWinsFlag`]
    EnableWinsFlag,
    /// [`DisableWinsFlag`]
    DisableWinsFlag,
    /// [`MaxRegister`]
    MaxRegister,
    /// [`MinRegister`]
    MinRegister,
    /// [`LastWriteMap`]
    LastWriteMap,
    /// [`LastWriteWall`]
    LastWriteWall,
    /// [`LastWriteMapWall`]
    LastWriteMapWall,
    /// [`ObservedRemoveMap`]
    ObservedRemoveMap,
    /// The rule of a real system.
    System(&'static System),
    /// A rule written in the scenario file.
    #[cfg(feature = "scripts")]
    Expression(&'static Expression),
    /// A rule passed by a caller of the library.
    Given(&'static Given),
}

impl RuleName {
    /// The named rules but those of [`systems`], each with its name in scenario files and its description.
    pub const ALL: &'static [(RuleName, &'static str, &'static str)] = &[
        (RuleName::Arrival, "arrival", "the write that arrived last is kept: the article's rule"),
        (RuleName::LastWrite, "last-write", "the write with the latest Lamport timestamp is kept"),
        (
            RuleName::LastWriteWall,
            "last-write-wall",
            "the write with the latest wall-clock time is kept; between equal times, the later timestamp decides",
        ),
        (RuleName::Custom, "custom", "the booking with the lower seat is kept, decided over all siblings"),
        (RuleName::CustomMerged, "custom-merged", "the booking with the lower seat is kept, pair by pair: not safe"),
        (RuleName::MultiValue, "multi-value", "all concurrent values are kept, for the reader"),
        (RuleName::Counter, "counter", "a PN-counter: all increments and decrements count"),
        (RuleName::Set, "set", "an observed-remove set: an insert survives a concurrent remove"),
        (RuleName::RemoveWinsSet, "remove-wins-set", "a set: a remove wins over a concurrent insert"),
        (RuleName::GrowOnlySet, "grow-only-set", "a set without removes"),
        (RuleName::GrowOnlyCounter, "grow-only-counter", "a counter without decrements"),
        (RuleName::BoundedCounter, "bounded-counter", "a counter of at least 0: each master has rights to decrement"),
        (RuleName::EnableWinsFlag, "enable-wins-flag", "a flag: an enabling survives a concurrent disabling"),
        (RuleName::DisableWinsFlag, "disable-wins-flag", "a flag: a disabling survives a concurrent enabling"),
        (RuleName::MaxRegister, "max-register", "the greatest number is kept"),
        (RuleName::MinRegister, "min-register", "the least number is kept"),
        (RuleName::LastWriteMap, "last-write-map", "a map: each field is a `last-write` register"),
        (RuleName::LastWriteMapWall, "last-write-map-wall", "a map: each field is a `last-write-wall` register"),
        (RuleName::ObservedRemoveMap, "observed-remove-map", "a map of registers, counters and sets"),
    ];

    /// The rule's name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            RuleName::System(system) => return system.name,
            #[cfg(feature = "scripts")]
            RuleName::Expression(_) => return "(expression)",
            RuleName::Given(given) => return given.name,
            _ => {}
        }
        Self::ALL.iter().find(|(rule, ..)| *rule == self).map_or("", |(_, name, _)| name)
    }

    /// The rule of this name in scenario files.
    pub fn named(name: &str) -> Option<RuleName> {
        let own = Self::ALL.iter().find(|(_, own, _)| *own == name).map(|(rule, ..)| *rule);
        own.or_else(|| System::named(name).map(RuleName::System))
    }

    /// All named rules.
    pub(crate) fn every() -> impl Iterator<Item = RuleName> {
        Self::ALL.iter().map(|(rule, ..)| *rule).chain(systems::ALL.iter().map(RuleName::System))
    }

    /// The names of the rules that [use wall clocks](RuleName::uses_wall_clock), in a sentence.
    pub fn those_that_go_by_clocks() -> String {
        Self::every().filter(|rule| rule.uses_wall_clock()).map(RuleName::name).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            RuleName::System(system) => system.kind(),
            RuleName::Given(given) => given.kind(),
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.kind(),
            RuleName::Counter => Counter.kind(),
            RuleName::Set => ObservedRemoveSet.kind(),
            RuleName::RemoveWinsSet => RemoveWinsSet.kind(),
            RuleName::GrowOnlySet => GrowOnlySet.kind(),
            RuleName::GrowOnlyCounter => GrowOnlyCounter.kind(),
            RuleName::BoundedCounter => BoundedCounter.kind(),
            RuleName::EnableWinsFlag | RuleName::DisableWinsFlag => Kind::Flag,
            RuleName::MaxRegister => MaxRegister.kind(),
            RuleName::MinRegister => MinRegister.kind(),
            RuleName::LastWriteMap | RuleName::LastWriteMapWall | RuleName::ObservedRemoveMap => Kind::Map,
            _ => Kind::Register,
        }
    }

    /// Whether the rule uses wall clocks: only then may a request give a time.
    pub fn uses_wall_clock(self) -> bool {
        self.rule(MasterId(0)).uses_wall_clock()
    }

    /// The degree to which the rule's claims are believed. This project's tests cover those of named rules.
    pub(crate) fn claims(self) -> Claims {
        if let RuleName::Given(given) = self { given.claims } else { Claims::Tested }
    }

    /// Whether masters follow different rules.
    pub(crate) fn differs_by_master(self) -> bool {
        match self {
            RuleName::System(system) => system.differs_by_node(),
            RuleName::Given(_) => true,
            #[cfg(feature = "scripts")]
            RuleName::Expression(_) => true,
            _ => false,
        }
    }

    /// Whether all keys of a master are rows of one state.
    pub(crate) fn is_table(self) -> bool {
        match self {
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.is_table(),
            _ => false,
        }
    }

    /// The rule of the master `at`. This is the one place where names become rules.
    pub(crate) fn rule(self, at: MasterId) -> AnyRule {
        match self {
            RuleName::Arrival => AnyRule::new(ArrivalWins),
            RuleName::LastWrite => AnyRule::new(LastWriteWins),
            RuleName::Custom => AnyRule::new(Custom(lower_seat)),
            RuleName::CustomMerged => AnyRule::new(CustomMerged(lower_seat)),
            RuleName::MultiValue => AnyRule::new(MultiValue),
            RuleName::Counter => AnyRule::new(Counter),
            RuleName::Set => AnyRule::new(ObservedRemoveSet),
            RuleName::RemoveWinsSet => AnyRule::new(RemoveWinsSet),
            RuleName::GrowOnlySet => AnyRule::new(GrowOnlySet),
            RuleName::GrowOnlyCounter => AnyRule::new(GrowOnlyCounter),
            RuleName::BoundedCounter => AnyRule::new(BoundedCounter),
            RuleName::EnableWinsFlag => AnyRule::new(EnableWinsFlag),
            RuleName::DisableWinsFlag => AnyRule::new(DisableWinsFlag),
            RuleName::MaxRegister => AnyRule::new(MaxRegister),
            RuleName::MinRegister => AnyRule::new(MinRegister),
            RuleName::LastWriteMap => AnyRule::new(LastWriteMap),
            RuleName::LastWriteWall => AnyRule::new(LastWriteWall),
            RuleName::LastWriteMapWall => AnyRule::new(LastWriteMapWall),
            RuleName::ObservedRemoveMap => AnyRule::new(ObservedRemoveMap),
            RuleName::Given(given) => given.rule(at),
            RuleName::System(system) => system.rule(at),
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.rule(at),
        }
    }

    /// The rule's specification, if it has one.
    pub(crate) fn specification(self) -> Option<Specification> {
        Some(match self {
            RuleName::LastWrite => spec::last_write,
            RuleName::Custom => spec::lowest_seat,
            RuleName::MultiValue => spec::multi_value,
            RuleName::Counter | RuleName::GrowOnlyCounter | RuleName::BoundedCounter => spec::total,
            RuleName::Set => spec::add_wins_set,
            RuleName::RemoveWinsSet => spec::remove_wins_set,
            RuleName::GrowOnlySet => spec::grow_only_set,
            RuleName::EnableWinsFlag => spec::enable_wins_flag,
            RuleName::DisableWinsFlag => spec::disable_wins_flag,
            RuleName::MaxRegister => spec::greatest,
            RuleName::MinRegister => spec::least,
            RuleName::LastWriteMap => spec::last_write_map,
            RuleName::ObservedRemoveMap => spec::observed_remove_map,
            RuleName::Given(given) => return given.specification,
            _ => return None,
        })
    }
}

impl RuleName {
    /// The model of masters under this rule, with several shards if a layout is given.
    pub(crate) fn cluster(self, scope: Scope, layout: Option<Layout>, delivery: Delivery, asked: &Asked) -> Erased {
        let cluster = ClusterModel::with_rules(scope, |at| self.rule(at));
        let mut cluster = cluster.believed(self.claims()).asking(&asked.own);
        if let Some(layout) = layout {
            cluster = cluster.sharded(layout);
        }
        let specification = self.specification().map(Specified::from);
        #[cfg(feature = "scripts")]
        let specification = asked.specification.map(Specified::Script).or(specification);
        if let Some(specification) = specification {
            cluster = cluster.specified(specification);
        }
        if let Some(tamper) = delivery.tamper() {
            cluster = cluster.tampered(tamper);
        }
        Erased::new(if asked.forgets { cluster.forgetting() } else { cluster })
    }
}

/// The questions of a file beyond those asked of every model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The user's own properties.
    pub(crate) own: Arc<OwnProperties>,
    /// The specification in the file, which replaces the rule's own.
    #[cfg(feature = "scripts")]
    pub(crate) specification: Option<&'static spec::Script>,
    /// Whether the [caches are off](ClusterModel::forgetting).
    pub(crate) forgets: bool,
}

/// A scenario, ready to be checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name: for a shipped scenario, its path without `.toml`.
    pub name: String,
    /// One sentence about what the scenario shows.
    pub about: String,
    /// The shape of the topology, for the table.
    pub shape: String,
    /// The system that is explored.
    pub subject: Explored,
    /// The line in which the rule's expression begins; 0 if there is none.
    pub rule_line: usize,
    /// The delivery guarantee.
    pub delivery: Delivery,
    /// The questions of the file beyond those asked of every model.
    pub(crate) asked: Asked,
    /// The limits of the exploration.
    pub limits: Limits,
    /// The expected verdicts and figures.
    pub expect: Expect,
}

/// The system that a scenario explores.
#[derive(Clone, Debug)]
pub enum Explored {
    /// Masters under a rule.
    Cluster(RuleName, Scope),
    /// Masters of several shards under a rule.
    Sharded(RuleName, Scope, Layout),
    /// The article's program.
    Article(Article),
}

/// The expected result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// Whether the file has an `[expect]` table, even an empty one. Without it, nothing is expected.
    pub stated: bool,
    /// The properties that are violated; all others hold.
    pub violated: Vec<&'static str>,
    /// The properties that are not judged, because the rule's claims could not be tested.
    pub not_judged: Vec<&'static str>,
    /// The witnesses that are not reached; all others are.
    pub unreached: Vec<String>,
    /// The number of distinct states.
    pub states: Option<usize>,
    /// The largest depth, in steps.
    pub depth: Option<usize>,
    /// The most messages that carry one change.
    pub messages: Option<usize>,
}

impl Scenario {
    /// Parses the text of the scenario file named `file`.
    ///
    /// # Errors
    /// The first error, with its line and its fix.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Scenario, Fault> {
        Reader { file, text, rule: None }.scenario(name)
    }

    /// As [`parse`](Self::parse), with `rule` in place of the file's rule, which may be missing.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_under(rule: RuleName, name: &str, file: &str, text: &str) -> Result<Scenario, Fault> {
        Reader { file, text, rule: Some(rule) }.scenario(name)
    }

    /// Switches the caches off: see [`ClusterModel::forgetting`].
    pub fn without_memo(mut self) -> Scenario {
        self.asked.forgets = true;
        self
    }

    /// The model of this scenario.
    pub fn model(&self) -> Erased {
        match &self.subject {
            Explored::Cluster(rule, scope) => rule.cluster(scope.clone(), None, self.delivery, &self.asked),
            Explored::Sharded(rule, scope, layout) => {
                rule.cluster(scope.clone(), Some(*layout), self.delivery, &self.asked)
            }
            Explored::Article(article) => {
                let cluster = article.cluster();
                Erased::new(if self.asked.forgets { cluster.forgetting() } else { cluster })
            }
        }
    }

    /// As [`rule_failed`](Self::rule_failed), with the file and the line.
    pub fn fault_of_rule(&self) -> Option<Fault> {
        let wrong = self.rule_failed()?;
        let line = self.rule_line + wrong.line.saturating_sub(1);
        Some(Fault::at(&self.name, line, format!("no verdict counts, because the rule failed: {}", wrong.what)))
    }

    /// The first failure of the rule's expression during an exploration, which voids all its verdicts.
    pub fn rule_failed(&self) -> Option<&Wrong> {
        match &self.subject {
            #[cfg(feature = "scripts")]
            Explored::Cluster(RuleName::Expression(expression), _)
            | Explored::Sharded(RuleName::Expression(expression), ..) => expression.failed(),
            _ => None,
        }
    }

    /// The user's own properties, in order.
    pub(crate) fn own_properties(&self) -> impl Iterator<Item = &'static str> {
        self.asked.own.all().iter().map(|own| own.name)
    }

    /// Whether the evaluation of this property of the user's own, or of the one whose witness this is, failed in an
    /// explored state.
    pub fn property_failed(&self, property: &str) -> bool {
        let is_of = |failed: &Failed| failed.property == property || witness_of(failed.property) == property;
        self.failed_properties().any(is_of)
    }

    /// The user's own properties whose evaluation failed in an explored state, which voids their verdicts.
    pub(crate) fn failed_properties(&self) -> impl Iterator<Item = &Failed> {
        let failed = self.asked.own.failed();
        #[cfg(feature = "scripts")]
        let failed = failed.chain(self.asked.specification.and_then(spec::Script::failed));
        failed
    }

    /// The failures of the rule or of the user's own properties during an exploration. A failure of the rule voids all
    /// verdicts; a failure of a property voids the verdict on it.
    pub fn faults(&self) -> Vec<Fault> {
        let own = self.failed_properties().map(|failed| failed.fault(&self.name));
        self.fault_of_rule().into_iter().chain(own).collect()
    }

    /// Whether no client makes a request.
    pub fn has_no_requests(&self) -> bool {
        let clients = match &self.subject {
            Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) if scope.free.take > 0 => return false,
            Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => &scope.clients,
            Explored::Article(article) => article.clients(),
        };
        clients.iter().all(|client| client.requests.is_empty())
    }

    /// Whether the article's program is explored.
    pub fn is_article(&self) -> bool {
        matches!(self.subject, Explored::Article(_))
    }

    /// Whether no two writes compete under the rule's kind of data.
    fn adds_up(&self) -> bool {
        let competes =
            |kind| matches!(kind, Kind::Register | Kind::Set | Kind::Flag | Kind::Map | Kind::DeletableCounter);
        matches!(&self.subject, Explored::Cluster(rule, _) if !competes(rule.kind()))
    }

    /// The rule's name in tables.
    pub fn rule(&self) -> &'static str {
        match &self.subject {
            Explored::Cluster(rule, _) | Explored::Sharded(rule, ..) => rule.name(),
            Explored::Article(_) => "(article)",
        }
    }
}
