//! Scenario files: what to check, as data. [`Scenario`].

mod file;
mod reader;

use crate::article::Article;
use crate::cluster::Cluster;
use crate::delivery::Delivery;
use crate::engine::Limits;
use crate::erased::Erased;
use crate::fault::Fault;
use crate::scope::Scope;
use crate::systems::System;
use multimaster::{
    ArrivalWins, Counter, Custom, CustomMerged, Kind, LastWriteWins, MultiValue, ObservedRemoveSet, Resolver,
    lower_seat,
};
use reader::Reader;

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
    /// The rule of a real system.
    System(&'static System),
}

impl RuleName {
    /// All rules but those of [`systems`](crate::systems), with the name that scenario files give them and what they do.
    pub const ALL: [(RuleName, &'static str, &'static str); 7] = [
        (RuleName::Arrival, "arrival", "what arrived last is kept: the article's rule"),
        (RuleName::LastWrite, "last-write", "the latest stamp is kept; of equal times, the higher master's"),
        (RuleName::Custom, "custom", "the booking with the lower seat is kept, decided over all siblings"),
        (RuleName::CustomMerged, "custom-merged", "the same function over merged values, which is not safe"),
        (RuleName::MultiValue, "multi-value", "all concurrent values are kept, for the reader"),
        (RuleName::Counter, "counter", "a PN-counter: all increments and decrements count"),
        (RuleName::Set, "set", "an observed-remove set: an insert survives a concurrent remove"),
    ];

    /// The name in scenario files.
    pub fn name(self) -> &'static str {
        if let RuleName::System(system) = self {
            return system.name;
        }
        Self::ALL.iter().find(|(rule, ..)| *rule == self).map_or("", |(_, name, _)| name)
    }

    /// The rule that scenario files name so.
    pub fn named(name: &str) -> Option<RuleName> {
        let own = Self::ALL.iter().find(|(_, own, _)| *own == name).map(|(rule, ..)| *rule);
        own.or_else(|| System::named(name).map(RuleName::System))
    }

    fn kind(self) -> Kind {
        match self {
            RuleName::System(system) => system.kind(),
            RuleName::Counter => Counter.kind(),
            RuleName::Set => ObservedRemoveSet.kind(),
            _ => Kind::Register,
        }
    }
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
    /// What the rule can rely on.
    pub delivery: Delivery,
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
    /// The article's program.
    Article(Article),
}

/// What should come out of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The properties that are false somewhere; all others hold.
    pub violated: Vec<&'static str>,
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
        Reader { file, text }.scenario(name)
    }

    /// What it explores, ready to be stepped.
    pub fn model(&self) -> Erased {
        let (rule, scope) = match &self.subject {
            Explored::Cluster(rule, scope) => (rule, scope.clone()),
            Explored::Article(article) => return Erased::new(article.clone()),
        };
        match rule {
            RuleName::Arrival => self.clustered(Cluster::new(scope, ArrivalWins)),
            RuleName::LastWrite => self.clustered(Cluster::new(scope, LastWriteWins)),
            RuleName::Custom => self.clustered(Cluster::new(scope, Custom(lower_seat))),
            RuleName::CustomMerged => self.clustered(Cluster::new(scope, CustomMerged(lower_seat))),
            RuleName::MultiValue => self.clustered(Cluster::new(scope, MultiValue)),
            RuleName::Counter => self.clustered(Cluster::new(scope, Counter)),
            RuleName::Set => self.clustered(Cluster::new(scope, ObservedRemoveSet)),
            RuleName::System(system) => self.clustered(Cluster::with_rules(scope, |at| system.rule(at))),
        }
    }

    fn clustered<R: Resolver>(&self, cluster: Cluster<R>) -> Erased {
        Erased::new(match self.delivery.tamper() {
            Some(tamper) => cluster.tampered(tamper),
            None => cluster,
        })
    }

    /// Whether it is the article's program that is explored.
    pub fn is_article(&self) -> bool {
        matches!(self.subject, Explored::Article(_))
    }

    /// The rule's name, for the table.
    pub fn rule(&self) -> &'static str {
        match &self.subject {
            Explored::Cluster(rule, _) => rule.name(),
            Explored::Article(_) => "(article)",
        }
    }
}
