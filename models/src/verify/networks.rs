//! The rule over all networks at once, before any network is explored: [`Plan::judge_all_networks`].

use super::failure::Failure;
use super::plan::{Found, Plan};
use super::ruled::{Asked, Ruled};
use super::violation::Violation;
use super::watch;
use super::worlds::World;
use crate::histories::{Bounds, Finding, Times, replayed};
use crate::history::Claims;
use crate::scenario::{RuleName, Scenario};
use crate::scope::Clocks;
use multimaster::Request;

/// The name of the scenario of a history.
const NAME: &str = "over histories";

/// About the most histories judged at once by default: they take a second where nothing is optimized.
const MOST_HISTORIES: u64 = 60_000;

/// At three masters, how many histories there are of 1, 2, … writes, without their operations.
const OF_THREE: [u64; 5] = [1, 4, 32, 239, 1_706];
/// At two.
const OF_TWO: [u64; 6] = [1, 4, 13, 41, 131, 428];

/// How many writes fit, if each may be one of so many requests.
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
    pub(super) fn judge_all_networks(
        &self,
        rule: &dyn Ruled,
        worlds: &[World],
        claims: Claims,
        found: &mut Found,
    ) -> Result<(), Failure> {
        let asked = Asked { claims, ..self.asked.clone() };
        for (bounds, skewed) in self.bounds(rule, worlds) {
            let report = rule.over_histories(bounds, &asked);
            found.passed.networks.push(report.scope_in_words());
            for (property, finding) in &report.findings {
                let steps = match finding {
                    Finding::Violated(violation) => violation.steps,
                    Finding::NotJudged if self.demands.include(property) => {
                        let (world, property) = (report.scope_in_words(), *property);
                        found.incomplete.get_or_insert(Failure::NotJudged { world, property });
                        continue;
                    }
                    _ => continue,
                };
                let is_news =
                    |(_, known): &(_, Violation)| known.skewed == skewed && steps < known.example.replayed.steps.len();
                if !self.demands.include(property) || !found.violations.get(property).is_none_or(is_news) {
                    continue;
                }
                let Finding::Violated(shown) = finding else { continue };
                let given = RuleName::Given(self.given(rule));
                let parse = |text: &str| Scenario::parse_under(given, NAME, NAME, text);
                // Every schedule of a shipped rule replays. If this one does not, the rule is not deterministic.
                let example = replayed::counterexample(shown, &report.bounds, "", NAME, &parse);
                let example = example.unwrap_or_else(|_| watch::remembers());
                let violation =
                    Violation { world: NAME.into(), skewed, example, file: None, after: found.started.elapsed() };
                if found.violations.is_empty() {
                    self.announce(&crate::table::counterexample(&violation.world, &violation.example));
                }
                found.violations.insert(property, (None, violation));
            }
        }
        Ok(())
    }

    /// What is enumerated, each with whether clocks are wrong there although right ones are tried, too.
    fn bounds(&self, rule: &dyn Ruled, worlds: &[World]) -> Vec<(Bounds, bool)> {
        let own_scopes = self.own.is_some() || !self.scenarios.is_empty();
        let requests = match &self.requests {
            Some(_) => distinct(worlds),
            None => rule.requests(),
        };
        let (three, two) = (writes(&OF_THREE, requests.len()), writes(&OF_TWO, requests.len()));
        let mut sizes: Vec<(u16, usize)> = if own_scopes { Vec::new() } else { vec![(2, two), (3, three)] };
        sizes.extend(&self.histories);
        let under = |times: Times, skewed: bool| {
            let timed = times != Times::Lamport;
            let bounds = |(masters, writes): &(u16, usize)| {
                // Times are operations, too.
                let writes = if timed { (*writes).min(3) } else { *writes };
                (Bounds { times, ..Bounds::new(*masters, writes, requests.clone()) }, skewed)
            };
            let sizes = sizes.iter().filter(|(masters, writes)| *writes >= 2 && Bounds::take(*masters, &requests));
            sizes.map(bounds).collect::<Vec<_>>()
        };
        match self.clocks {
            _ if !rule.goes_by_clocks() => under(Times::Lamport, false),
            None => [under(Times::Lamport, false), under(Times::Right(3), false), under(Times::Any(3), true)].concat(),
            Some(Clocks::Free) => under(Times::Any(3), false),
            Some(Clocks::Right) => [under(Times::Lamport, false), under(Times::Right(3), false)].concat(),
            // By how much a clock can be wrong is not among what histories take: these are for networks.
            Some(Clocks::SkewedBy(_)) => Vec::new(),
        }
    }
}

/// What clients ask in these worlds, each request once, without its time.
fn distinct(worlds: &[World]) -> Vec<Request> {
    let mut distinct = Vec::new();
    let clients = worlds.iter().filter_map(World::scope).flat_map(|scope| &scope.clients);
    for ask in clients.flat_map(|client| &client.asks) {
        let request = Request { key: ask.key.clone(), op: ask.op.untimed().clone() };
        if !distinct.contains(&request) {
            distinct.push(request);
        }
    }
    distinct
}
