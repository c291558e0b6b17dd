//! Judges the rule over all networks at once, before any network is explored: [`Plan::judge_all_networks`].

use super::failure::Failure;
use super::plan::Plan;
use super::ruled::{Asked, Ruled};
use super::run::Found;
use super::violation::Violation;
use super::watch;
use super::worlds::World;
use crate::check::erased::Erased;
use crate::fault::Fault;
use crate::histories::{Bounds, Finding, Report, Times, replayed};
use crate::history::Claims;
use crate::properties::own_property::Rejected;
use crate::scenario::{Explored, RuleName, Scenario};
use crate::scope::{Client, Clocks, Scope};
use multimaster::{MasterId, Request};

/// The name of the scenario of a history.
const NAME: &str = "over histories";

/// About the most histories that are judged by default. They take a second without optimization.
const MOST_HISTORIES: u64 = 60_000;

/// The most client requests whose histories are judged. This many have thousands of histories.
const MOST_OF_CLIENTS: usize = 6;

/// The number of histories of 1, 2, … writes at three masters, without their operations.
const OF_THREE: [u64; 5] = [1, 4, 32, 239, 1_706];
/// The same at two masters.
const OF_TWO: [u64; 6] = [1, 4, 13, 41, 131, 428];

/// The most writes of a history that stay within [`MOST_HISTORIES`], if each write is one of this many requests.
fn writes(structures: &[u64], requests: usize) -> usize {
    let mut all = 0;
    let fits = |(place, each): (usize, &u64)| {
        all += each.saturating_mul((requests as u64).saturating_pow(place as u32 + 1));
        all <= MOST_HISTORIES
    };
    structures.iter().enumerate().map(fits).take_while(|fits| *fits).count()
}

impl Plan {
    /// Judges the rule over histories, unless the user asks for scopes of their own and for no histories.
    ///
    /// # Errors
    /// If the user asks for too many masters or writes, or if a property of the user's own is not valid.
    pub(super) fn judge_all_networks(
        &self,
        rule: &dyn Ruled,
        worlds: &[World],
        claims: Claims,
        found: &mut Found,
    ) -> Result<(), Failure> {
        for (masters, writes) in &self.histories {
            let alone = (*writes == 1).then(|| "one write is in no conflict: give 2 or more".to_owned());
            if let Some(fault) = Bounds::new(*masters, *writes, rule.requests()).fault().or(alone) {
                return Err(Failure::Request(format!("`.histories({masters}, {writes})`: {fault}")));
            }
        }
        let asked = Asked { claims, ..self.asked.clone() };
        for (bounds, skewed) in self.bounds(rule, worlds) {
            let report = rule.over_histories(bounds, &asked);
            self.take(rule, &report, skewed, claims, found);
        }
        // The user's own properties speak of the readings that the clients' requests lead to.
        for world in worlds.iter().filter(|world| self.requests.is_some() && !world.skewed) {
            if let (Some(scope), false) = (world.scope(), self.asked.properties.is_empty()) {
                let wrong = |what| Failure::Property { world: NAME.into(), what };
                let judged = self.of_clients(scope).map(|bounds| rule.own_over_histories(bounds, scope, &asked));
                let judged = judged
                    .transpose()
                    .map_err(|rejected| wrong(rejected.in_words(&self.asked.properties[rejected.place])))?;
                // An evaluation that fails here fails in networks too, where a schedule shows the state.
                if let Some((report, _)) = judged.filter(|(_, own)| own.failed().next().is_none()) {
                    self.take(rule, &report, false, claims, found);
                }
                // The other scopes have the same clients.
                break;
            }
        }
        Ok(())
    }

    /// Keeps each violation whose schedule is shorter than the one found before.
    fn take(&self, rule: &dyn Ruled, report: &Report, skewed: bool, claims: Claims, found: &mut Found) {
        found.passed.networks.push(report.scope_in_words());
        for (property, finding) in report.findings.iter().filter(|(property, _)| self.demands.include(property)) {
            let shown = match finding {
                Finding::Violated(shown) => shown,
                Finding::NotJudged => {
                    let (world, property) = (report.scope_in_words(), *property);
                    found.incomplete.get_or_insert(Failure::NotJudged { world, property });
                    continue;
                }
                Finding::NotExhausted => {
                    found.incomplete.get_or_insert(Failure::NotExhausted(report.scope_in_words()));
                    continue;
                }
                Finding::Holds => continue,
            };
            let is_news = |(_, known): &(_, Violation)| {
                known.skewed == skewed && shown.steps < known.example.replayed.steps.len()
            };
            if !found.violations.get(property).is_none_or(is_news) {
                continue;
            }
            let model = |text: &str| self.model_of(rule, NAME, NAME, text, claims);
            // Every schedule of a shipped rule replays. If this one does not, the rule is not deterministic.
            let example = replayed::counterexample(shown, &report.bounds, "", NAME, &model);
            let example = example.unwrap_or_else(|_| watch::remembers());
            let violation =
                Violation { world: NAME.into(), skewed, example, file: None, after: found.started.elapsed() };
            if found.violations.is_empty() {
                self.announce(&crate::report::table::counterexample(&violation.world, &violation.example));
            }
            found.violations.insert(property, (None, violation));
        }
    }

    /// Masters under the rule in the scenario that a trace carries.
    ///
    /// # Errors
    /// If the text has an error.
    pub(super) fn model_of(
        &self,
        rule: &dyn Ruled,
        name: &str,
        file: &str,
        text: &str,
        claims: Claims,
    ) -> Result<Erased, Fault> {
        let given = RuleName::Given(rule.given(&Asked { claims, ..self.asked.clone() }));
        let scenario = Scenario::parse_under(given, name, file, text)?;
        let asked = Asked { claims, ..self.asked.clone() };
        let Explored::Cluster(_, scope) = scenario.subject else {
            return Err(Fault::of(file, "this is not a scenario of masters with one shard"));
        };
        let wrong = |rejected: Rejected| Fault::of(file, rejected.in_words(&self.asked.properties[rejected.place]));
        rule.model(scope, &asked).map(|(model, _)| model).map_err(wrong)
    }

    /// The bounds of the histories of only these clients' requests, unless there are too many.
    fn of_clients(&self, scope: &Scope) -> Option<Bounds> {
        let asks = scope.clients.iter().flat_map(|client| &client.requests);
        let requests = distinct(asks);
        let place =
            |ask: &Request| requests.iter().position(|known| known.key == ask.key && known.op == *ask.op.untimed());
        let of = |client: &Client| (client.at, client.requests.iter().filter_map(place).collect());
        let clients: Vec<(MasterId, Vec<usize>)> = scope.clients.iter().map(of).collect();
        let (masters, writes) = (scope.topology.masters(), scope.requests());
        let few = (1..=MOST_OF_CLIENTS).contains(&writes) && Bounds::take(masters, &requests);
        few.then(|| Bounds { clients, ..Bounds::new(masters, writes, requests) })
    }

    /// The bounds of the histories to enumerate. The flag is true if clocks are wrong there, although right clocks are
    /// tried too.
    fn bounds(&self, rule: &dyn Ruled, worlds: &[World]) -> Vec<(Bounds, bool)> {
        let own_scopes = self.own.is_some() || !self.scenarios.is_empty();
        let requests = match &self.requests {
            Some(_) => distinct(
                worlds
                    .iter()
                    .filter_map(World::scope)
                    .flat_map(|scope| &scope.clients)
                    .flat_map(|client| &client.requests),
            ),
            None => rule.requests(),
        };
        let (three, two) = (writes(&OF_THREE, requests.len()), writes(&OF_TWO, requests.len()));
        let mut sizes: Vec<(u16, usize)> = if own_scopes { Vec::new() } else { vec![(2, two), (3, three)] };
        sizes.extend(&self.histories);
        let under = |times: Times, skewed: bool| {
            let timed = times != Times::Lamport;
            let bounds = |(masters, writes): &(u16, usize)| {
                // Each time counts as another operation.
                let writes = if timed { (*writes).min(3) } else { *writes };
                (Bounds { times, ..Bounds::new(*masters, writes, requests.clone()) }, skewed)
            };
            let sizes = sizes.iter().filter(|(masters, writes)| *writes >= 2 && Bounds::take(*masters, &requests));
            sizes.map(bounds).collect::<Vec<_>>()
        };
        match self.clocks {
            _ if !rule.uses_wall_clock() => under(Times::Lamport, false),
            None => [under(Times::Lamport, false), under(Times::Right(3), false), under(Times::Any(3), true)].concat(),
            Some(Clocks::Free) => under(Times::Any(3), false),
            Some(Clocks::Right | Clocks::Hybrid | Clocks::HybridUpTo { .. }) => {
                [under(Times::Lamport, false), under(Times::Right(3), false)].concat()
            }
            // Histories have no bound on the skew of clocks, so these clocks are only for networks.
            Some(Clocks::SkewedBy(_)) => Vec::new(),
        }
    }
}

/// Each request once, without its time.
fn distinct<'a>(asks: impl Iterator<Item = &'a Request>) -> Vec<Request> {
    let mut distinct = Vec::new();
    for ask in asks {
        let request = Request { key: ask.key.clone(), op: ask.op.untimed().clone() };
        if !distinct.contains(&request) {
            distinct.push(request);
        }
    }
    distinct
}
