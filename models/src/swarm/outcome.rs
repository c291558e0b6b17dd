//! A swarm on a scenario, with its violations made small: [`search`].

use super::smaller::{Minimised, minimised};
use super::{Found, Swarm, Swarmed, swarm};
use crate::fault::Fault;
use crate::report::check::{Counterexample, replayed};
use crate::scenario::{Explored, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// The most violations of one property that are made small in search of a different one.
const TRIES: usize = 16;

/// The coverage of a swarm, and its violations.
pub struct Outcome {
    /// The coverage.
    pub swarmed: Swarmed,
    /// Different violations, in the order of their seeds.
    pub violations: Vec<Violated>,
}

/// A violation made small.
pub struct Violated {
    /// The seed whose walk found it.
    pub seed: u64,
    /// The number of steps of the walk.
    pub walked: usize,
    /// The schedule, replayed.
    pub example: Counterexample,
    /// The scenario in which it is replayed.
    pub scenario: Scenario,
    /// The text of that scenario, if it is smaller than the given one.
    pub smaller: Option<String>,
    /// Whether no shorter schedule violates the property in that scenario.
    pub shortest: bool,
}

/// Takes the walks, and makes each violation small, until `different` ones are found: two differ if they violate
/// different properties, or if their schedules differ in the number of steps of some kind. `text` is that of the
/// scenario's file; `begins` is called when a violation is about to be made small.
///
/// # Errors
/// If the rule or a property of the user's own failed, or if a schedule does not replay, because the rule is not
/// deterministic.
pub fn search(
    scenario: &Scenario,
    text: &str,
    asked: &Swarm,
    different: usize,
    begins: &mut dyn FnMut(&Found),
) -> Result<Outcome, Fault> {
    let (mut violations, mut failure) = (Vec::new(), None);
    let mut shapes: BTreeSet<(&str, Vec<&str>)> = BTreeSet::new();
    let mut tries: BTreeMap<&str, usize> = BTreeMap::new();
    let swarmed = swarm(&|| scenario.model(), asked, &mut |found| {
        let tried = tries.entry(found.property()).or_default();
        *tried += 1;
        if *tried > TRIES {
            return ControlFlow::Continue(());
        }
        // A rule that failed voids all that was found.
        if scenario.faults().is_empty() {
            begins(&found);
            match violated(scenario, text, &found) {
                Ok((violated, shape)) => {
                    if shapes.insert((found.property(), shape)) {
                        violations.push(violated);
                    }
                }
                Err(why) => failure = Some(Fault::of(&scenario.name, why)),
            }
        }
        let ends = violations.len() >= different || failure.is_some() || !scenario.faults().is_empty();
        if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match scenario.faults().into_iter().next().or(failure) {
        Some(fault) => Err(fault),
        None => Ok(Outcome { swarmed, violations }),
    }
}

/// The violation made small and replayed, and its shape.
fn violated(scenario: &Scenario, text: &str, found: &Found) -> Result<(Violated, Vec<&'static str>), String> {
    let again = || format!("seed {}: its walk does not violate {} again", found.seed, found.property());
    let Minimised { scenario, text, path, shortest, shape } = minimised(scenario, text, found).ok_or_else(again)?;
    let carried = text.as_deref().unwrap_or_default();
    let example = replayed(&scenario.model(), &scenario.name, carried, found.property(), &path)?;
    let (seed, walked) = (found.seed, found.steps());
    Ok((Violated { seed, walked, example, scenario, smaller: text, shortest }, shape))
}

/// The number of masters of a scenario, and of the requests that its clients may make.
pub fn size(scenario: &Scenario) -> (usize, usize) {
    match &scenario.subject {
        Explored::Cluster(_, scope) | Explored::Sharded(_, scope, _) => {
            let calls: usize = scope.sessions.iter().map(|session| session.calls.len()).sum();
            (scope.topology.masters().into(), scope.requests() + calls)
        }
        Explored::Article(article) => {
            let requests = article.clients().iter().map(|client| client.requests.len()).sum();
            (article.masters().count(), requests)
        }
        Explored::Nodes(nodes) => (nodes.scope.topology.masters().into(), nodes.scope.requests()),
    }
}
