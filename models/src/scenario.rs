//! Scenario files: what to check, as data. [`Scenario`].

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
    /// [`Custom`] with the lower seat number kept.
    Custom,
    /// [`CustomMerged`] with the lower seat number kept.
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
    /// A rule that the file itself writes down.
    #[cfg(feature = "scripts")]
    Expression(&'static Expression),
    /// A rule that a caller gives.
    Given(&'static Given),
}

impl RuleName {
    /// All rules that have a name but those of [`systems`], with the name that scenario files give them and what they
    /// do.
    pub const ALL: &'static [(RuleName, &'static str, &'static str)] = &[
        (RuleName::Arrival, "arrival", "what arrived last is kept: the article's rule"),
        (RuleName::LastWrite, "last-write", "the latest timestamp is kept; of equal times, the higher master's"),
        (
            RuleName::LastWriteWall,
            "last-write-wall",
            "the latest wall-clock time is kept; of equal ones, the later timestamp",
        ),
        (RuleName::Custom, "custom", "the booking with the lower seat is kept, decided over all siblings"),
        (RuleName::CustomMerged, "custom-merged", "the same function over merged values, which is not safe"),
        (RuleName::MultiValue, "multi-value", "all concurrent values are kept, for the reader"),
        (RuleName::Counter, "counter", "a PN-counter: all increments and decrements count"),
        (RuleName::Set, "set", "an observed-remove set: an insert survives a concurrent remove"),
        (RuleName::RemoveWinsSet, "remove-wins-set", "a set: a remove takes back a concurrent insert"),
        (RuleName::GrowOnlySet, "grow-only-set", "a set from which nothing is taken"),
        (RuleName::GrowOnlyCounter, "grow-only-counter", "a counter of increments alone"),
        (RuleName::BoundedCounter, "bounded-counter", "a counter that refuses to fall below 0: rights by master"),
        (RuleName::EnableWinsFlag, "enable-wins-flag", "a flag: an enabling survives a concurrent disabling"),
        (RuleName::DisableWinsFlag, "disable-wins-flag", "a flag: a disabling survives a concurrent enabling"),
        (RuleName::MaxRegister, "max-register", "the greatest number is kept"),
        (RuleName::MinRegister, "min-register", "the least number is kept"),
        (RuleName::LastWriteMap, "last-write-map", "fields: of each, the latest timestamp is kept"),
        (RuleName::LastWriteMapWall, "last-write-map-wall", "fields: of each, the latest wall-clock time is kept"),
        (RuleName::ObservedRemoveMap, "observed-remove-map", "fields of registers, counters and sets"),
    ];

    /// The name in scenario files.
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

    /// The rule that scenario files name so.
    pub fn named(name: &str) -> Option<RuleName> {
        let own = Self::ALL.iter().find(|(_, own, _)| *own == name).map(|(rule, ..)| *rule);
        own.or_else(|| System::named(name).map(RuleName::System))
    }

    /// All rules that have a name.
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

    /// How far the rule's claims are believed. Those of named rules are tested by this project's own tests.
    pub(crate) fn claims(self) -> Claims {
        if let RuleName::Given(given) = self { given.claims } else { Claims::Tested }
    }

    /// Whether the rule is another at each master.
    pub(crate) fn differs_by_master(self) -> bool {
        match self {
            RuleName::System(system) => system.differs_by_node(),
            RuleName::Given(_) => true,
            #[cfg(feature = "scripts")]
            RuleName::Expression(_) => true,
            _ => false,
        }
    }

    /// Whether it keeps all keys of a master as one state, of which requests change a row.
    pub(crate) fn is_table(self) -> bool {
        match self {
            #[cfg(feature = "scripts")]
            RuleName::Expression(expression) => expression.is_table(),
            _ => false,
        }
    }

    /// The rule as it runs at the master `at`. The one place where names become rules.
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

    /// What reads are to be, if that has been written down.
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
    /// Masters under this rule, of several shards if a layout is given.
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

/// What a file asks beside what is asked of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The user's own properties.
    pub(crate) own: Arc<OwnProperties>,
    /// What reads are to be, instead of what is known of the rule.
    #[cfg(feature = "scripts")]
    pub(crate) specification: Option<&'static spec::Script>,
    /// Whether [nothing is remembered](ClusterModel::forgetting) of the steps taken.
    pub(crate) forgets: bool,
}

/// A scenario, ready to be checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: of a shipped one, its path without `.toml`.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The shape of the topology, for the table.
    pub shape: String,
    /// What is explored.
    pub subject: Explored,
    /// The line in which the rule's expression begins; 0 if the rule is not an expression.
    pub rule_line: usize,
    /// What the rule can rely on.
    pub delivery: Delivery,
    /// What the file asks beside what is asked of all.
    pub(crate) asked: Asked,
    /// When to give up.
    pub limits: Limits,
    /// What should come out.
    pub expect: Expect,
}

/// What a scenario explores.
#[derive(Clone, Debug)]
pub enum Explored {
    /// Masters under a rule.
    Cluster(RuleName, Scope),
    /// Masters of several shards under a rule.
    Sharded(RuleName, Scope, Layout),
    /// The article's program.
    Article(Article),
}

/// What should come out of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// Whether the file has an `[expect]`, even an empty one. Without it, nothing is expected.
    pub stated: bool,
    /// The properties that are false somewhere; all others hold.
    pub violated: Vec<&'static str>,
    /// The properties that are not judged, because which writes a read shows could not be tested.
    pub not_judged: Vec<&'static str>,
    /// The witnesses that are reached nowhere; all others are.
    pub unreached: Vec<String>,
    /// How many distinct states there are.
    pub states: Option<usize>,
    /// How many steps lead to the farthest.
    pub depth: Option<usize>,
    /// How many messages at most carry one change.
    pub messages: Option<usize>,
}

impl Scenario {
    /// Reads a scenario from the text of the file named `file`.
    ///
    /// # Errors
    /// Whatever is wrong with it, with its line and what would be right.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Scenario, Fault> {
        Reader { file, text, rule: None }.scenario(name)
    }

    /// The same with `rule` in the place of the file's, which then need not have one.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_under(rule: RuleName, name: &str, file: &str, text: &str) -> Result<Scenario, Fault> {
        Reader { file, text, rule: Some(rule) }.scenario(name)
    }

    /// The same, but each master takes each step anew: see [`ClusterModel::forgetting`].
    pub fn without_memo(mut self) -> Scenario {
        self.asked.forgets = true;
        self
    }

    /// What it explores, ready to be stepped.
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

    /// The same, with the file and the line.
    pub fn fault_of_rule(&self) -> Option<Fault> {
        let wrong = self.rule_failed()?;
        let line = self.rule_line + wrong.line.saturating_sub(1);
        Some(Fault::at(&self.name, line, format!("no verdict counts, because the rule failed: {}", wrong.what)))
    }

    /// Why nothing that was explored of it says anything: its rule is an expression, and failed on the way.
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

    /// Whether evaluating the user's own property of this name, or the property of which it is the witness, failed in
    /// an explored state.
    pub fn property_failed(&self, property: &str) -> bool {
        let is_of = |failed: &Failed| failed.property == property || witness_of(failed.property) == property;
        self.failed_properties().any(is_of)
    }

    /// The user's own properties whose evaluation failed in an explored state: no verdict on them counts.
    pub(crate) fn failed_properties(&self) -> impl Iterator<Item = &Failed> {
        let failed = self.asked.own.failed();
        #[cfg(feature = "scripts")]
        let failed = failed.chain(self.asked.specification.and_then(spec::Script::failed));
        failed
    }

    /// What was wrong with the rule, or with the user's own properties, on the way: then nothing that was explored
    /// counts, or nothing that was said of that property.
    pub fn faults(&self) -> Vec<Fault> {
        let own = self.failed_properties().map(|failed| failed.fault(&self.name));
        self.fault_of_rule().into_iter().chain(own).collect()
    }

    /// Whether no client asks anything.
    pub fn has_no_requests(&self) -> bool {
        let clients = match &self.subject {
            Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) if scope.free.take > 0 => return false,
            Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => &scope.clients,
            Explored::Article(article) => article.clients(),
        };
        clients.iter().all(|client| client.requests.is_empty())
    }

    /// Whether it is the article's program that is explored.
    pub fn is_article(&self) -> bool {
        matches!(self.subject, Explored::Article(_))
    }

    /// Whether the rule's reads account for every write by themselves, so that none competes with another.
    fn adds_up(&self) -> bool {
        let competes =
            |kind| matches!(kind, Kind::Register | Kind::Set | Kind::Flag | Kind::Map | Kind::DeletableCounter);
        matches!(&self.subject, Explored::Cluster(rule, _) if !competes(rule.kind()))
    }

    /// The rule's name, for the table.
    pub fn rule(&self) -> &'static str {
        match &self.subject {
            Explored::Cluster(rule, _) | Explored::Sharded(rule, ..) => rule.name(),
            Explored::Article(_) => "(article)",
        }
    }
}
