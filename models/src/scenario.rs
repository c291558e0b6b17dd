//! Scenario files, which describe a model and its expected verdicts: [`Scenario`].

#[cfg(feature = "cli")]
pub mod catalogue;
pub(crate) mod expected;
mod failures;
mod file;
pub mod given;
mod nodes;
#[cfg(feature = "scripts")]
mod own;
mod reader;
mod rule_name;
mod sessions;
mod topology;
#[cfg(feature = "scripts")]
mod written;

use crate::check::engine::Limits;
use crate::check::erased::Erased;
use crate::check::liveness::Fairness;
use crate::fault::{Fault, Wrong};
use crate::node::delivery::Delivery;
use crate::node::exhibit::Exhibit;
use crate::process::Options;
use crate::properties as p;
use crate::properties::own_property::{Failed, OwnProperties, witness_of};
#[cfg(feature = "scripts")]
use crate::properties::specification as spec;
use crate::properties::specification::Specified;
use crate::scope::{Level, Scope};
use crate::system;
use crate::world::article::Article;
use crate::world::cluster::ClusterModel;
use multimaster::{Kind, Layout};
pub use nodes::Nodes;
use reader::Reader;
pub use rule_name::RuleName;
use std::sync::Arc;

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
        if let Some(tamper) = asked.exhibit.map(Exhibit::tamper).or(delivery.tamper()) {
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
    /// The way in which neighbours are brought up to date, if it is not the protocol's.
    pub(crate) exhibit: Option<Exhibit>,
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
    /// Nodes that are processes of a program.
    Nodes(Nodes),
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
        Reader { file, text, rule: None, program: None }.scenario(name)
    }

    /// As [`parse`](Self::parse), with `rule` in place of the file's rule, which may be missing.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_under(rule: RuleName, name: &str, file: &str, text: &str) -> Result<Scenario, Fault> {
        Reader { file, text, rule: Some(rule), program: None }.scenario(name)
    }

    /// As [`parse`](Self::parse), with nodes that are processes of a program in place of the protocol's masters. The file
    /// has no rule. The processes are started.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and if a node is at fault when it starts.
    pub fn parse_nodes(program: &Options, name: &str, file: &str, text: &str) -> Result<Scenario, Fault> {
        Reader { file, text, rule: None, program: Some(program) }.scenario(name)
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
            Explored::Nodes(nodes) => nodes.model.clone(),
        }
    }

    /// As [`rule_failed`](Self::rule_failed), with the file and the line; or a node that is at fault.
    pub fn fault_of_rule(&self) -> Option<Fault> {
        if let Explored::Nodes(nodes) = &self.subject {
            return nodes.failed().map(|failed| Fault::of(&self.name, format!("no verdict counts: {failed}")));
        }
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
            Explored::Cluster(_, scope) if scope.sessions.iter().any(|session| !session.calls.is_empty()) => {
                return false;
            }
            Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => &scope.clients,
            Explored::Article(article) => article.clients(),
            Explored::Nodes(nodes) => &nodes.scope.clients,
        };
        clients.iter().all(|client| client.requests.is_empty())
    }

    /// Whether messages are not delivered as the protocol delivers them.
    pub(crate) fn is_altered(&self) -> bool {
        self.asked.exhibit.is_some() || self.delivery.tamper().is_some()
    }

    /// Whether the article's program is explored.
    pub fn is_article(&self) -> bool {
        matches!(self.subject, Explored::Article(_))
    }

    /// Whether this property has a column in a table of such scenarios, because the scenario is asked.
    pub(crate) fn is_asked(&self, property: &str) -> bool {
        if p::OF_LIVENESS.contains(&property) {
            let all_schedules = self.limits.liveness == Some(Fairness::None);
            let is_of_nodes = |nodes: &Nodes| system::is_of(nodes.service, property);
            return self.limits.liveness.is_some()
                && !(all_schedules && property == p::FALLS_SILENT_IF_FAIR)
                && !matches!(&self.subject, Explored::Nodes(nodes) if !is_of_nodes(nodes));
        }
        let (rule, scope) = match &self.subject {
            Explored::Nodes(nodes) => {
                let is_of_nodes = p::OF_A_SYSTEM.contains(&property) || property == p::FALLS_SILENT;
                return is_of_nodes && system::is_of(nodes.service, property);
            }
            Explored::Cluster(rule, scope) | Explored::Sharded(rule, scope, _) => (Some(rule), Some(scope)),
            Explored::Article(_) => (None, None),
        };
        let failures = scope.map(|scope| &scope.failures);
        match property {
            p::NO_LOST_WRITE | p::UNIQUE_IDS => false,
            p::NO_DEADLOCK | p::ORDER_KEPT => rule.is_none(),
            p::NO_OVERSELLING => rule == Some(&RuleName::BoundedCounter),
            p::DURABILITY => failures.is_some_and(|failures| failures.crashes > 0),
            p::READ_YOUR_WRITES | p::MONOTONIC_READS | p::MONOTONIC_WRITES | p::WRITES_FOLLOW_READS => {
                scope.is_some_and(|scope| !scope.sessions.is_empty())
            }
            p::AVAILABILITY => {
                let hybrid = scope.is_some_and(|scope| scope.clocks.are_hybrid());
                hybrid || failures.is_some_and(|failures| matches!(failures.level, Level::HeldBy(_)))
            }
            _ => true,
        }
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
            Explored::Nodes(_) => "(program)",
        }
    }
}
