//! A rule passed by a caller instead of a name: [`Given`].

use crate::history::Claims;
use crate::node::any_rule::{AnyRule, SerdeRule};
use crate::properties::specification::Specification;
use multimaster::{Kind, MasterId, Resolver};
use std::cmp::Ordering;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering as Order};

/// A user's own rule in place of a named one: in a scenario or in a survey.
pub struct Given {
    /// The name in tables.
    pub name: &'static str,
    /// Its specification, if it has one.
    pub specification: Option<Specification>,
    /// The degree to which the rule's claims are believed.
    pub claims: Claims,
    rules: Box<dyn Fn(MasterId) -> AnyRule + Send + Sync>,
    /// Identifies it.
    number: usize,
}

impl Given {
    /// Leaks the rule: it lives as long as the program, as scenarios do.
    pub(crate) fn new<R: SerdeRule>(
        specification: Option<Specification>,
        claims: Claims,
        rules: impl Fn(MasterId) -> R + Send + Sync + 'static,
    ) -> &'static Given {
        static GIVEN: AtomicUsize = AtomicUsize::new(0);
        Box::leak(Box::new(Given {
            name: "(your rule)",
            specification,
            claims,
            rules: Box::new(move |master| AnyRule::new(rules(master))),
            number: GIVEN.fetch_add(1, Order::Relaxed),
        }))
    }

    /// The rule of the master `at`.
    pub fn rule(&self, at: MasterId) -> AnyRule {
        (self.rules)(at)
    }

    /// The kind of data that the rule keeps.
    pub fn kind(&self) -> Kind {
        self.rule(MasterId(0)).kind()
    }
}

impl PartialEq for Given {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Given {}

impl PartialOrd for Given {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Given {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
