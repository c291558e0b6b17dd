//! The rule to be verified: as each master has it, watched, and with its type forgotten.

use super::watch::{Current, Misbehaviour, Watched, message_of};
use super::workloads::{Workload, workload};
use crate::cluster::Cluster;
use crate::erased::Erased;
use crate::laws::{self, Findings};
use crate::own_property::{OwnProperties, Property, Rejected};
use crate::scope::Scope;
use crate::specification::Specification;
use multimaster::{Kind, MasterId, Op, Resolver};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// What is asked of a rule beside what is asked of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// What reads are to be.
    pub(super) specification: Option<Specification>,
    /// Properties of the user's own.
    pub(super) properties: Vec<Property>,
}

/// Masters in a scope, with the user's own properties, which know whether they could be asked.
pub(super) type Model = (Erased, Arc<OwnProperties>);

/// A rule for each master.
pub(super) struct Rules<R: Resolver> {
    rules: Arc<dyn Fn(MasterId) -> R + Send + Sync>,
    pub(super) current: Current<R>,
}

impl<R: Resolver> Rules<R> {
    pub(super) fn new(rules: impl Fn(MasterId) -> R + Send + Sync + 'static) -> Rules<R> {
        Rules { rules: Arc::new(rules), current: Arc::default() }
    }

    /// The same, watched by another.
    pub(super) fn anew(&self) -> Rules<R> {
        Rules { rules: Arc::clone(&self.rules), current: Arc::default() }
    }

    /// The rule of one master, watched.
    pub(super) fn at(&self, master: MasterId) -> Watched<R> {
        let rule = catch_unwind(AssertUnwindSafe(|| (self.rules)(master))).unwrap_or_else(|panic| {
            let call = format!("the function given to `Verify::rules`, for master {master}");
            resume_unwind(Box::new(Misbehaviour::Panics { call, message: message_of(&*panic) }))
        });
        Watched::new(rule, Arc::clone(&self.current))
    }
}

/// [`Rules`] of whatever type: what a plan is carried out with is compiled once.
pub(super) trait Ruled {
    /// What kind of data is kept.
    fn kind(&self) -> Kind;
    /// Whether wall clocks count.
    fn goes_by_clocks(&self) -> bool;
    /// What clients write if the user does not say.
    fn workload(&self) -> Workload;
    /// Masters in a scope, each with its rule.
    ///
    /// # Errors
    /// The first property of the user's own that is none of that scope.
    fn model(&self, scope: Scope, asked: &Asked) -> Result<Model, Rejected>;
    /// The laws, tried on all small histories of these operations; of a few of the rule's kind if there are none.
    fn laws(&self, operations: &[Op]) -> Findings;
}

impl<R: Resolver> Ruled for Rules<R> {
    fn kind(&self) -> Kind {
        self.at(MasterId(0)).kind()
    }

    fn goes_by_clocks(&self) -> bool {
        self.at(MasterId(0)).goes_by_clocks()
    }

    fn workload(&self) -> Workload {
        workload(&self.at(MasterId(0)))
    }

    fn model(&self, scope: Scope, asked: &Asked) -> Result<Model, Rejected> {
        let mut cluster = Cluster::with_rules(scope, |master| self.at(master));
        if let Some(specification) = asked.specification {
            cluster = cluster.specified(specification);
        }
        let own = Arc::new(cluster.own_properties(&asked.properties)?);
        Ok((Erased::new(cluster.asking(&own)), own))
    }

    fn laws(&self, operations: &[Op]) -> Findings {
        let operations =
            if operations.is_empty() { laws::operations(&self.at(MasterId(0))) } else { operations.to_vec() };
        laws::check_on(operations, &|master| self.at(master), |_| 0)
    }
}
