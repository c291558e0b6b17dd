//! What is asked of a rule, and in which worlds: [`Plan`].

use super::demands::Demands;
use super::failure::Failure;
use super::requests;
use super::ruled::{Asked, Model, Ruled};
use super::worlds::{self, Place, World};
use crate::check::engine::Limits;
use crate::fault;
use crate::histories::claims::{self, Refuted};
use crate::history::Claims;
use crate::scenario::given::Given;
use crate::scenario::{RuleName, Scenario};
use crate::scope::{Clocks, Scope};
use multimaster::Op;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a rule is verified.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) demands: Demands,
    pub(super) asked: Asked,
    /// A scope of the user's own, instead of the default ones.
    pub(super) own: Option<(String, Scope)>,
    /// Scenario files, instead of the default scopes.
    pub(super) scenarios: Vec<String>,
    /// The clients' requests, if they are not the default ones.
    pub(super) requests: Option<Vec<String>>,
    /// The wall clocks of all scopes, if they were given.
    pub(super) clocks: Option<Clocks>,
    /// Whether masters may need each other's snapshots.
    pub(super) snapshots: bool,
    /// The witnesses that need not be reached.
    pub(super) unreached: BTreeSet<String>,
    /// Further bounds of histories: masters and writes.
    pub(super) histories: Vec<(u16, usize)>,
    pub(super) limits: Limits,
    pub(super) quiet: bool,
    /// A note on rules of this form.
    pub(super) note: &'static str,
}

/// The laws are tried on at most this many of the user's own operations: the number of histories grows with its cube.
const MOST_OPERATIONS: usize = 4;

pub(super) fn claims_of(claimed: &Result<claims::Passed, Box<Refuted>>) -> Claims {
    claimed.as_ref().map_or(Claims::Refuted, claims::Passed::claims)
}

impl Plan {
    /// The default check.
    pub(super) fn new(note: &'static str) -> Plan {
        Plan {
            demands: Demands::default(),
            asked: Asked::default(),
            own: None,
            scenarios: Vec::new(),
            requests: None,
            clocks: None,
            snapshots: true,
            unreached: BTreeSet::new(),
            histories: Vec::new(),
            limits: Limits::default(),
            quiet: false,
            note,
        }
    }

    /// The worlds in which the rule is tried, the smallest first.
    ///
    /// # Errors
    /// If the given requests have an error, or give times to a rule that does not use wall clocks.
    pub(super) fn worlds(&self, rule: &dyn Ruled) -> Result<Vec<World>, Failure> {
        let (kind, by_clocks) = (rule.kind(), rule.uses_wall_clock());
        let requests = self.requests.as_ref().map(|texts| requests::clients(texts, kind, by_clocks));
        let requests = requests.transpose().map_err(Failure::Request)?;
        let mut worlds = match (&self.own, requests) {
            (Some((name, scope)), None) => {
                vec![World { name: name.clone(), place: Place::Scope(Box::new(scope.clone())), skewed: false }]
            }
            (Some((name, scope)), Some(clients)) => {
                vec![worlds::asked(name, scope, clients).map_err(Failure::Request)?]
            }
            (None, Some(_)) if !self.scenarios.is_empty() => {
                let what = "a scenario file has clients of its own: drop `.requests(…)`, or `.scenario(…)`";
                return Err(Failure::Request(what.into()));
            }
            (None, None) if !self.scenarios.is_empty() => Vec::new(),
            (None, None) => {
                let unknown =
                    || format!("no requests are known for data of the kind {kind:?}: give some by `.requests(…)`");
                let workload = rule.workload().ok_or_else(|| Failure::Request(unknown()))?;
                worlds::default(workload, by_clocks)
            }
            (None, Some(clients)) => worlds::requested(&clients, by_clocks),
        };
        if let Some(clocks) = self.clocks {
            if !self.scenarios.is_empty() {
                let what = "a scenario file has its own `clocks`: drop `.clocks(…)`, or `.scenario(…)`";
                return Err(Failure::Request(what.into()));
            }
            worlds = worlds::under(clocks, worlds);
        }
        if let (false, Some(world)) = (by_clocks, worlds.iter().find(|world| world.speaks_of_clocks())) {
            let what = "uses wall clocks, which this rule does not (`Resolver::uses_wall_clock` is false)";
            return Err(Failure::Request(format!("the scope {} {what}: leave `at TIME` and `clocks` out", world.name)));
        }
        let given = (!self.scenarios.is_empty()).then(|| RuleName::Given(self.given(rule)));
        for (file, given) in self.scenarios.iter().zip(given.into_iter().cycle()) {
            let scenario = fault::read(file).and_then(|text| Scenario::parse_under(given, file, file, &text));
            let scenario = scenario.map_err(Failure::Scenario)?;
            worlds.push(World { name: file.clone(), place: Place::Scenario(Box::new(scenario)), skewed: false });
        }
        if !self.snapshots {
            worlds.retain(|world| !world.has_snapshots());
        }
        Ok(worlds)
    }

    /// The rule where a named rule is expected. Its claims are believed as far as they were tested.
    pub(super) fn given(&self, rule: &dyn Ruled) -> &'static Given {
        rule.given(&Asked { claims: self.claims(rule), ..self.asked.clone() })
    }

    /// How far the rule's claims are believed: as far as they were tested on operations of its kind.
    pub(super) fn claims(&self, rule: &dyn Ruled) -> Claims {
        claims_of(&rule.claims(&[]))
    }

    /// Masters in that world. The rule's claims are believed as far as they were tested.
    ///
    /// # Errors
    /// If a property of the user's own is not valid there.
    pub(super) fn model(&self, rule: &dyn Ruled, world: &World) -> Result<Model, Failure> {
        let claims = claims_of(&rule.claims(&self.operations(std::slice::from_ref(world))));
        self.believed(rule, world, claims)
    }

    pub(super) fn believed(&self, rule: &dyn Ruled, world: &World, claims: Claims) -> Result<Model, Failure> {
        let asked = Asked { claims, ..self.asked.clone() };
        let wrong = |what| Failure::Property { world: world.name.clone(), what };
        match (&world.place, self.asked.properties.first()) {
            (Place::Scope(scope), _) => rule.model(Scope::clone(scope), &asked).map_err(|rejected| {
                let property = &self.asked.properties[rejected.place];
                wrong(rejected.in_words(property))
            }),
            (Place::Scenario(_), Some(property)) => {
                Err(wrong(format!("a scenario file has properties of its own: write `{}` there", property.name())))
            }
            (Place::Scenario(scenario), None) => Ok((scenario.model(), Arc::clone(&scenario.asked.own))),
        }
    }

    /// The user's own operations, for the laws: the first few.
    pub(super) fn operations(&self, worlds: &[World]) -> Vec<Op> {
        let mut operations = Vec::new();
        let clients = worlds.iter().filter(|_| self.requests.is_some()).filter_map(World::scope);
        let clients = clients.flat_map(|scope| &scope.clients);
        for ask in clients.flat_map(|client| &client.requests) {
            let op = ask.op.untimed();
            if !operations.contains(op) && operations.len() < MOST_OPERATIONS {
                operations.push(op.clone());
            }
        }
        operations
    }
}
