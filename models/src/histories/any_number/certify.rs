//! The exploration of windows: [`certify`]. It needs a library that notes each reading of a number, which makes every
//! rule a few percent slower. So it is a feature.

mod concrete;
mod marks;
mod rule;
mod search;
mod window;

use super::{Certificate, Limits, Made, Obstacle};
use crate::histories::judge::Judge;
use crate::histories::{self, Bounds, Subject};
use crate::history::Claims;
use crate::node::any_rule::{AnyRule, SerdeRule};
use crate::properties as p;
use concrete::Run;
use multimaster::{Key, MasterId, Op, Request, Resolver};
use rule::Rule;
use search::Search;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The greatest lag.
pub const MOST_LAG: usize = window::MOST_UNSETTLED;

/// The properties, other than convergence, that windows can judge.
const JUDGED: [&str; 5] = [p::NO_RESURRECTION, p::NO_CAUSAL_LOSS, p::NO_POLICY_LOSS, p::NO_TOTAL_LOSS, p::NO_INVENTION];

/// Explores all windows of a rule of your own, which is the same at all masters, with a few operations of its kind.
///
/// ```
/// use multimaster::LastWriteWins;
/// use multimaster_models::histories::any_number::{self, Limits};
/// use multimaster_models::properties::{CONVERGENCE, NO_POLICY_LOSS};
///
/// let certificate = any_number::of(LastWriteWins, Limits::new(2, 2)).unwrap();
/// assert!(certificate.covers(CONVERGENCE), "{:?}", certificate.obstacle);
/// assert!(!certificate.covers(NO_POLICY_LOSS));
/// ```
///
/// # Errors
/// If the limits are not valid.
pub fn of<R: SerdeRule>(rule: R, limits: Limits) -> Result<Certificate, String> {
    let rule = AnyRule::new(rule);
    let requests = histories::operations(&rule);
    let each = |_| rule.clone();
    let subject = Subject { rule: &each, by_master: false, claims: Claims::Refuted, specification: None };
    certify(&subject, limits, requests)
}

/// Explores all windows of the rule under these limits. All requests must be of one key.
///
/// # Errors
/// If the limits or the requests are not valid.
pub fn certify(subject: &Subject<'_>, limits: Limits, requests: Vec<Request>) -> Result<Certificate, String> {
    let bounds = Bounds::new(limits.masters, 1, requests.clone());
    if let Some(fault) = bounds.fault() {
        return Err(fault);
    }
    if !(1..=MOST_LAG).contains(&limits.lag) {
        return Err(format!("a lag of {}: give 1 to {MOST_LAG}", limits.lag));
    }
    let key = requests[0].key.clone();
    if let Some(other) = requests.iter().find(|request| request.key != key) {
        return Err(format!("`{other}`: windows are of one key, `{key}`"));
    }
    let rules: Vec<AnyRule> = (0..limits.masters).map(|at| (subject.rule)(MasterId(at))).collect();
    let alphabet: Vec<Op> = requests.iter().map(|request| request.op.clone()).collect();
    let started = Instant::now();
    let mut numbers = AnyRule::numbered(&rules, vec![Key::clone(&key)]);
    let keyed: Vec<(usize, Op)> = alphabet.iter().map(|op| (0, op.clone())).collect();
    let mut judge = Judge::new(vec![key], keyed, Claims::Refuted);
    let rule = Rule::new(&mut *numbers, &alphabet, rules[0].uses_wall_clock());
    let counts = judge.tables.iter().any(|table| table.adds.is_some());
    let mut search = Search::new(rule, &mut judge, &limits);
    let obstacle = if subject.by_master { Some(Obstacle::ByMaster) } else { search.run().err() };
    let mut judged = BTreeMap::new();
    for property in JUDGED.into_iter().filter(|_| !counts) {
        let Some(history) = search.violated.get(property) else {
            judged.insert(property, None);
            continue;
        };
        let (run, violated) = replayed(&rules[0], &limits, &requests, history, subject.claims)?;
        if violated.contains(property) {
            judged.insert(property, Some(run.in_words()));
        }
    }
    Ok(Certificate {
        obstacle,
        judged,
        windows: search.windows(),
        conflicts: search.conflicts,
        steps: search.steps,
        refused: search.refused,
        deepest: search.deepest,
        time: started.elapsed(),
        limits: limits.clone(),
        requests,
    })
}

/// Masters that have made the history, and the properties violated by a master that has seen all of it.
fn replayed(
    rule: &AnyRule,
    limits: &Limits,
    requests: &[Request],
    history: &[Made],
    claims: Claims,
) -> Result<(Run, BTreeSet<&'static str>), String> {
    let mut run = Run::new(rule, limits.masters, requests.to_vec())?;
    history.iter().try_for_each(|made| run.make(made.clone()))?;
    let all: Vec<usize> = (0..history.len()).collect();
    let violated = run.violated(&run.reader(&all).0, claims);
    Ok((run, violated))
}

#[cfg(test)]
mod tests;
