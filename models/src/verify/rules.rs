//! All rules that a scenario file can name, each with a description, its source, and [its verdicts](survey).

#[cfg(feature = "cli")]
mod ruled;
mod survey;

#[cfg(feature = "cli")]
pub use ruled::{Ruled, examples, ruled};
pub use survey::{
    Cell, Extent, SIZES, SMALL_SIZES, Surveyed, extent_of, in_a_table, in_full, survey, survey_all, survey_within,
    try_survey,
};

use crate::check::erased::Erased;
#[cfg(feature = "any-number")]
use crate::histories::any_number::{self, Certificate, Limits};
use crate::histories::claims;
use crate::histories::laws::{self, Findings};
use crate::histories::{self, Bounds, ByScript, Subject};
use crate::history::Claims;
use crate::node::any_rule::Pack;
use crate::node::delivery::Delivery;
use crate::properties::specification::Specified;
use crate::rules::systems;
use crate::scenario::given::Given;
use crate::scenario::{Asked, Explored, RuleName, Scenario};
use crate::scope::Scope;
use multimaster::{Kind, MasterId, Request};

/// A rule that scenario files can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule.
    pub rule: RuleName,
    /// Its name in scenario files.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
    /// The public source of the description.
    pub source: &'static str,
}

impl Rule {
    /// Masters under this rule.
    pub fn build(&self, scope: Scope, delivery: Delivery) -> Erased {
        self.rule.cluster(scope, None, delivery, &Asked::default())
    }

    /// The kind of data that the rule keeps.
    pub fn kind(&self) -> Kind {
        self.rule.kind()
    }

    /// Judges the rule over all histories within the bounds that `bounds` makes from a few requests of its kind, on one
    /// key and on two. Its reads are compared with `specified`, or else with the rule's own specification.
    ///
    /// # Errors
    /// If the bounds are not valid.
    pub fn histories(
        &self,
        specified: Option<Specified>,
        bounds: impl FnOnce(Vec<Request>, Vec<Request>) -> Bounds,
        progress: &mut dyn FnMut(u64),
    ) -> Result<histories::Report, String> {
        self.over(bounds, specified, &mut |subject, bounds| histories::judge(subject, bounds, progress))
    }

    /// The same, with the verdicts for each combination of the masters' scripts as well.
    ///
    /// # Errors
    /// If the bounds are not valid.
    pub fn each_script(
        &self,
        bounds: impl FnOnce(Vec<Request>, Vec<Request>) -> Bounds,
    ) -> Result<(histories::Report, ByScript), String> {
        self.over(bounds, None, &mut |subject, bounds| histories::judge_each_script(subject, bounds))
    }

    /// Judges the rule over histories of any number of writes: with the feature `any-number`.
    ///
    /// # Errors
    /// If the limits or the requests are not valid.
    #[cfg(feature = "any-number")]
    pub fn certified(&self, limits: Limits, requests: Vec<Request>) -> Result<Certificate, String> {
        let rule = |at| self.rule.rule(at);
        let (by_master, claims) = (self.rule.differs_by_master(), self.rule.claims());
        any_number::certify(&Subject { rule: &rule, by_master, claims, specification: None }, limits, requests)
    }

    fn over<A>(
        &self,
        bounds: impl FnOnce(Vec<Request>, Vec<Request>) -> Bounds,
        specified: Option<Specified>,
        judge: &mut dyn FnMut(&Subject<'_>, Bounds) -> A,
    ) -> A {
        let rule = |at| self.rule.rule(at);
        let [one_key, two_keys] = self.requests();
        let bounds = bounds(one_key, two_keys);
        let specification = specified.or(self.rule.specification().map(Into::into));
        let (by_master, claims) = (self.rule.differs_by_master(), self.rule.claims());
        judge(&Subject { rule: &rule, by_master, claims, specification }, bounds)
    }

    /// A few requests that the rule takes: on one key, and on two.
    fn requests(&self) -> [Vec<Request>; 2] {
        if self.rule.is_table() {
            let of_one = ["in rows, set k = 1", "in rows, set k = 2", "in rows, delete k"];
            let parsed = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
            return [parsed(&of_one), parsed(&[&of_one[..], &["in rows, set other = 1"]].concat())];
        }
        let rule = self.rule.rule(MasterId(0));
        [histories::operations(&rule), histories::operations_on_two_keys(&rule)]
    }

    /// The degree to which the rule's `shows` is believed: as far as it was [tested](crate::histories::claims).
    pub fn claims(&self) -> Claims {
        let operations = laws::operations(&self.rule.rule(MasterId(0)));
        let tested = claims::test(&|at| self.rule.rule(at), &operations);
        tested.map_or(Claims::Refuted, |passed| passed.claims())
    }

    /// The laws, tried on all small histories. The size of a state is that of its JSON.
    pub fn laws(&self) -> Findings {
        laws::check(&|at| self.rule.rule(at), Pack::len)
    }
}

/// All rules: the library's data types, then real systems'.
pub fn all() -> Vec<Rule> {
    let types =
        RuleName::ALL.iter().map(|(rule, name, about)| Rule { rule: *rule, name, about, source: source(*rule) });
    let systems = systems::ALL.iter().map(|system| Rule {
        rule: RuleName::System(system),
        name: system.name,
        about: system.about,
        source: system.source,
    });
    types.chain(systems).collect()
}

/// The rule of a scenario, under the scenario's name; `None` for the article's program.
pub fn of_scenario(scenario: &Scenario) -> Option<Rule> {
    let (Explored::Cluster(rule, _) | Explored::Sharded(rule, ..)) = scenario.subject else {
        return None;
    };
    // Leaked: it lives as long as the program, as the rules of scenarios do.
    let kept = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    Some(Rule { rule, name: kept(&scenario.name), about: kept(&scenario.about), source: source(rule) })
}

/// A rule that a caller gives.
pub(crate) fn given(given: &'static Given) -> Rule {
    let rule = RuleName::Given(given);
    Rule { rule, name: given.name, about: "a rule under verification", source: source(rule) }
}

/// The rule of this name.
pub fn named(name: &str) -> Option<Rule> {
    all().into_iter().find(|rule| rule.name == name)
}

fn source(rule: RuleName) -> &'static str {
    match rule {
        RuleName::Arrival => "a plain overwrite",
        RuleName::LastWrite => "Thomas, TODS 1979",
        RuleName::Custom => "this library",
        RuleName::CustomMerged => "this library, as a warning",
        RuleName::MultiValue => "DeCandia et al., Dynamo, SOSP 2007",
        RuleName::Set | RuleName::RemoveWinsSet => {
            "Bieniusa et al., An optimized conflict-free replicated set, 2012; Shapiro et al., 2011"
        }
        RuleName::Counter
        | RuleName::GrowOnlySet
        | RuleName::GrowOnlyCounter
        | RuleName::EnableWinsFlag
        | RuleName::DisableWinsFlag => "Shapiro et al., A comprehensive study of CRDTs, 2011",
        RuleName::BoundedCounter => "Balegas et al., SRDS 2015",
        RuleName::MaxRegister | RuleName::MinRegister => "Shapiro et al., SSS 2011",
        RuleName::LastWriteMap => "Thomas, TODS 1979, field by field",
        RuleName::LastWriteWall => "Thomas, TODS 1979, by the writers' own clocks",
        RuleName::LastWriteMapWall => "Thomas, TODS 1979, field by field, by the writers' own clocks",
        RuleName::ObservedRemoveMap => "Almeida, Shoker and Baquero, JPDC 2018",
        RuleName::System(system) => system.source,
        #[cfg(feature = "scripts")]
        RuleName::Expression(_) => "the scenario file",
        RuleName::Given(_) => "the caller",
    }
}
