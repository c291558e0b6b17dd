//! The rule to be verified: one for each master, watched, behind one type.

use super::watch::{Current, Misbehaviour, Watched, message_of};
use super::wired::Wired;
use super::workloads::{Workload, workload};
use crate::check::erased::Erased;
use crate::histories::claims::{self, Refuted};
use crate::histories::laws::{self, Findings};
use crate::histories::{self, Bounds, Subject};
use crate::history::Claims;
use crate::node::any_rule::{AnyRule, SerdeRule};
use crate::properties as p;
use crate::properties::own_property::{OwnProperties, Property, Rejected};
use crate::properties::specification::Specification;
use crate::scenario::given::Given;
use crate::scope::Scope;
use crate::world::cluster::ClusterModel;
use multimaster::{Kind, MasterId, Op, Request, Resolver};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// A rule's claims are tested with this many operations: the number of runs grows faster than its cube.
const MOST_OPERATIONS: usize = 5;

/// The demands on a rule beyond those on every rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The specification of its reads.
    pub(super) specification: Option<Specification>,
    /// Properties of the user's own.
    pub(super) properties: Vec<Property>,
    /// The degree to which the rule's `shows` is believed.
    pub(super) claims: Claims,
}

/// Masters in a scope, and the user's own properties, to find out later whether an evaluation failed.
pub(super) type Model = (Erased, Arc<OwnProperties>);

/// A rule for each master.
pub(super) struct Rules<R: SerdeRule> {
    /// Whether the rule may differ by master.
    by_master: bool,
    rules: Arc<dyn Fn(MasterId) -> R + Send + Sync>,
    pub(super) current: Current<R>,
}

impl<R: SerdeRule> Rules<R> {
    /// The same rule for each master.
    pub(super) fn of_all(rule: R) -> Rules<R> {
        Rules { by_master: false, ..Rules::by_master(move |_| rule.clone()) }
    }

    /// A rule for each master.
    pub(super) fn by_master(rules: impl Fn(MasterId) -> R + Send + Sync + 'static) -> Rules<R> {
        Rules { by_master: true, rules: Arc::new(rules), current: Arc::default() }
    }

    /// The same rules, with a watch of their own.
    pub(super) fn anew(&self) -> Rules<R> {
        Rules { by_master: self.by_master, rules: Arc::clone(&self.rules), current: Arc::default() }
    }

    /// The rule of one master, watched.
    pub(super) fn at(&self, master: MasterId) -> Watched<R> {
        let rule = catch_unwind(AssertUnwindSafe(|| (self.rules)(master))).unwrap_or_else(|panic| {
            let call = format!("the function given to `Verify::rules`, for master {master}");
            resume_unwind(Box::new(Misbehaviour::Panics { call, message: message_of(&*panic) }))
        });
        Watched::new(rule, Arc::clone(&self.current))
    }

    /// The rules with their types erased, so that the code that drives them is compiled once, and not in each user's
    /// crate.
    fn erased(&self, master: MasterId) -> AnyRule {
        AnyRule::new(Wired(self.at(master)))
    }
}

/// [`Rules`] with their types erased. So the code that carries out a plan is compiled once.
pub(super) trait Ruled {
    /// The kind of data that the rule keeps.
    fn kind(&self) -> Kind;
    /// Whether the rule uses wall clocks.
    fn uses_wall_clock(&self) -> bool;
    /// The default writes of clients; `None` for a kind of data that only a newer library has.
    fn workload(&self) -> Option<Workload>;
    /// Masters in a scope, each with its rule.
    ///
    /// # Errors
    /// The first property of the user's own that is not valid in that scope.
    fn model(&self, scope: Scope, asked: &Asked) -> Result<Model, Rejected>;
    /// The rule where a named rule is expected.
    fn given(&self, asked: &Asked) -> &'static Given;
    /// The laws, tried on all small histories of these operations; of a few of the rule's kind if there are none.
    fn laws(&self, operations: &[Op]) -> Findings;
    /// Judges the rule over all histories within these bounds, which must be valid.
    fn over_histories(&self, bounds: Bounds, asked: &Asked) -> histories::Report;
    /// The same, with the user's own properties, which name masters and keys of `scope`.
    ///
    /// # Errors
    /// The first of those properties that is not valid there.
    fn own_over_histories(
        &self,
        bounds: Bounds,
        scope: &Scope,
        asked: &Asked,
    ) -> Result<(histories::Report, OwnProperties), Rejected>;
    /// A few requests that the rule takes.
    fn requests(&self) -> Vec<Request>;
    /// Tests the rule's `shows` on all small runs of a few operations of its kind, and of these operations.
    fn claims(&self, operations: &[Op]) -> Result<claims::Passed, Box<Refuted>>;
}

impl<R: SerdeRule> Ruled for Rules<R> {
    fn kind(&self) -> Kind {
        self.at(MasterId(0)).kind()
    }

    fn uses_wall_clock(&self) -> bool {
        self.at(MasterId(0)).uses_wall_clock()
    }

    fn workload(&self) -> Option<Workload> {
        workload(&self.at(MasterId(0)))
    }

    fn model(&self, scope: Scope, asked: &Asked) -> Result<Model, Rejected> {
        let mut cluster = ClusterModel::with_rules(scope, |master| self.erased(master)).believed(asked.claims);
        if let Some(specification) = asked.specification {
            cluster = cluster.specified(specification);
        }
        let own = Arc::new(cluster.own_properties(&asked.properties)?);
        Ok((Erased::new(cluster.asking(&own)), own))
    }

    fn given(&self, asked: &Asked) -> &'static Given {
        let current = Arc::clone(&self.current);
        let rules = Rules { by_master: self.by_master, rules: Arc::clone(&self.rules), current };
        Given::new(asked.specification, asked.claims, move |master| rules.erased(master))
    }

    fn laws(&self, operations: &[Op]) -> Findings {
        let operations =
            if operations.is_empty() { laws::operations(&self.erased(MasterId(0))) } else { operations.to_vec() };
        laws::check_on(operations, &|master| self.erased(master), |_| 0)
    }

    fn over_histories(&self, bounds: Bounds, asked: &Asked) -> histories::Report {
        let rule = |master| self.erased(master);
        let specification = asked.specification.map(Into::into);
        let subject = Subject { rule: &rule, by_master: self.by_master, claims: asked.claims, specification };
        histories::judge(&subject, bounds, &mut |_| {}).expect("bounds of the plan are right")
    }

    fn own_over_histories(
        &self,
        bounds: Bounds,
        scope: &Scope,
        asked: &Asked,
    ) -> Result<(histories::Report, OwnProperties), Rejected> {
        let own = OwnProperties::new(&asked.properties, scope, &p::ALL)?;
        let rule = |master| self.erased(master);
        let specification = asked.specification.map(Into::into);
        let subject = Subject { rule: &rule, by_master: self.by_master, claims: asked.claims, specification };
        let report = histories::judge_own(&subject, bounds, &own).expect("bounds of the plan are right");
        Ok((report, own))
    }

    fn requests(&self) -> Vec<Request> {
        histories::operations(&self.erased(MasterId(0)))
    }

    fn claims(&self, operations: &[Op]) -> Result<claims::Passed, Box<Refuted>> {
        let mut all = laws::operations(&self.erased(MasterId(0)));
        for op in operations {
            if all.len() < MOST_OPERATIONS && !all.contains(op) {
                all.push(op.clone());
            }
        }
        claims::test(&|master| self.erased(master), &all)
    }
}
