//! How a plan is carried out: the laws, all networks, then each world. [`Passed`] is the result.

use super::failure::Failure;
use super::plan::{Plan, claims_of};
use super::ruled::Ruled;
use super::violation::{Violation, this_test};
use super::watch;
use super::worlds::World;
use crate::check::engine::{Cut, Finding, Limits, Report, Verdict};
use crate::check::erased::Erased;
use crate::histories::claims::Refuted;
use crate::histories::laws::Broken;
use crate::properties as p;
use crate::properties::own_property::OwnProperties;
use crate::report::check::{replayed_alike, surprises};
use crate::report::table::grouped;
use crate::subject::Subject;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::Write;
use std::time::Instant;

/// The extent of the check, for a rule that passed.
#[derive(Clone, Debug, Default)]
pub struct Passed {
    /// The number of small histories on which its laws were tried.
    pub histories: usize,
    /// The networks that the judgement over histories covers, in words.
    pub networks: Vec<String>,
    /// The number of scopes explored.
    pub scopes: usize,
    /// The number of distinct states in all scopes.
    pub states: usize,
    /// The demanded properties, in words.
    pub demanded: String,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.histories > 0 {
            writeln!(f, "its laws hold in {} small histories", grouped(self.histories))?;
        }
        self.networks.iter().try_for_each(|networks| writeln!(f, "holds for {networks}"))?;
        let (scopes, states) = (self.scopes, grouped(self.states));
        write!(f, "holds in {scopes} scopes of networks ({states} states)")?;
        if !self.networks.is_empty() {
            write!(f, "; only these cover repair, silence, truncated logs, batches and resets")?;
        }
        if !self.demanded.is_empty() {
            write!(f, "\ndemanded: {}", self.demanded)?;
        }
        Ok(())
    }
}

/// The note for a rule without a `merge`, if a violation appears only where masters need snapshots.
const NO_MERGE: &str = "the rule has no `merge`: it returns `None`, so a neighbour's snapshot replaces the master's state, and \
                        writes that the neighbour had not seen are lost; write `merge`, or leave snapshots out by \
                        `.without_snapshots()`";

/// The findings so far.
pub(super) struct Found {
    pub(super) started: Instant,
    /// For each violated property, the shortest schedule and the index of its world; `None` if it was found over
    /// histories.
    pub(super) violations: BTreeMap<&'static str, (Option<usize>, Violation)>,
    laws: Vec<Broken>,
    /// The verdicts that differ from the scenario files' `[expect]`.
    surprises: Vec<String>,
    /// The first reason why nothing was tested.
    pub(super) incomplete: Option<Failure>,
    /// The first failed evaluation of a property of the user's own.
    failed: Option<Failure>,
    /// Whether the witnesses of those properties were reached in some scope.
    reached: BTreeMap<&'static str, bool>,
    pub(super) passed: Passed,
}

impl Plan {
    /// Tries the laws, then explores every world.
    pub(super) fn run(&self, rule: &dyn Ruled) -> Result<Passed, Failure> {
        let started = Instant::now();
        let worlds = self.worlds(rule)?;
        let passed = Passed { scopes: worlds.len(), demanded: self.demands.in_words(), ..Passed::default() };
        let mut found = Found {
            started,
            violations: BTreeMap::new(),
            laws: Vec::new(),
            surprises: Vec::new(),
            incomplete: None,
            failed: None,
            reached: BTreeMap::new(),
            passed,
        };
        if self.demands.include_laws() {
            self.try_laws(rule, &worlds, &mut found);
        }
        let operations = self.operations(&worlds);
        let claimed = rule.claims(&operations);
        if claimed.is_err() && rule.claims(&operations) != claimed {
            watch::remembers();
        }
        let claims = claims_of(&claimed);
        if let Err(refuted) = &claimed {
            self.announce(refuted);
        }
        let models = worlds.iter().map(|world| self.believed(rule, world, claims));
        let (models, own): (Vec<Erased>, Vec<_>) = models.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        self.demands.known(&models, &self.unreached)?;
        self.judge_all_networks(rule, &worlds, claims, &mut found)?;
        for (place, ((world, model), own)) in worlds.iter().zip(models).zip(own).enumerate() {
            self.explore(place, world, (&model, &own), &mut found);
        }
        self.outcome(rule, &worlds, found, claimed.err())
    }

    /// Finds the laws that are demanded and broken.
    fn try_laws(&self, rule: &dyn Ruled, worlds: &[World], found: &mut Found) {
        let operations = self.operations(worlds);
        let (findings, again) = (rule.laws(&operations), rule.laws(&operations));
        if findings.digest != again.digest {
            watch::remembers();
        }
        found.passed.histories = findings.histories;
        found.laws = findings.broken.into_iter().filter(|broken| self.demands.include_law(broken.law)).collect();
        if let Some(broken) = found.laws.first() {
            self.announce(broken);
        }
    }

    fn explore(&self, place: usize, world: &World, (model, own): (&Erased, &OwnProperties), found: &mut Found) {
        let mut limits = Limits { until: self.demands.decided_by(model), ..self.limits };
        if let Some(scenario) = world.scenario() {
            limits.states = limits.states.min(scenario.limits.states);
            limits.time = limits.time.min(scenario.limits.time);
        }
        let mut report = model.explore(limits, &mut |_, _| {});
        found.passed.states += report.states;
        if let (None, Some(failed)) = (&found.failed, own.failed().next()) {
            let what = format!("`{}` failed: {failed}", failed.property);
            found.failed = Some(Failure::Property { world: world.name.clone(), what });
        }
        // A file with an `[expect]` names its own unreached witnesses.
        for witness in own.witnesses().filter(|_| world.expect().is_none()) {
            let reached = !matches!(report.verdict(witness), Some(Verdict::Violated(_)));
            *found.reached.entry(witness).or_default() |= reached;
        }
        if found.violations.is_empty() && found.incomplete.is_none() {
            found.incomplete = self.incomplete(world, model, &report);
        }
        // Only a demanded property with a shorter schedule than before is worth a replay. If right clocks show a
        // violation, the same under wrong ones is nothing new.
        let shorter = |finding: &Finding| match &finding.verdict {
            Verdict::Violated(Some(path)) => found.violations.get(finding.property).is_none_or(|(_, known)| {
                known.skewed == world.skewed && path.len() < known.example.replayed.steps.len()
            }),
            _ => false,
        };
        // A property that a file expects to be violated is allowed.
        let demanded = |finding: &Finding| {
            let allowed = world.expect().is_some_and(|expect| expect.violated.contains(&finding.property));
            self.demands.include(finding.property) && !allowed
        };
        if let Some(scenario) = world.scenario().filter(|held| held.expect.stated && self.demands.only.is_empty()) {
            // A violation that is shown with its schedule need not be named again.
            let shown = |finding: &Finding| demanded(finding) && matches!(finding.verdict, Verdict::Violated(_));
            let mut rest = report.clone();
            rest.findings.retain(|finding| finding.witness || !shown(finding));
            let surprises = surprises(model, scenario, &rest).into_iter();
            found.surprises.extend(surprises.map(|surprise| format!("{}: {surprise}", world.name)));
        }
        report.findings.retain(|finding| demanded(finding) && shorter(finding));
        // The schedules of every shipped rule replay. If one of these does not, this rule is not deterministic.
        for example in replayed_alike(model, &world.name, &report).unwrap_or_else(|_| watch::remembers()) {
            let property = example.property;
            let violation = Violation {
                world: world.name.clone(),
                skewed: world.skewed,
                example,
                file: None,
                after: found.started.elapsed(),
            };
            if found.violations.is_empty() {
                self.announce(&crate::report::table::counterexample(&violation.world, &violation.example));
            }
            found.violations.insert(property, (Some(place), violation));
        }
    }

    /// Why this world proves nothing although no violation was found in it.
    fn incomplete(&self, world: &World, model: &Erased, report: &Report) -> Option<Failure> {
        match report.cut {
            Some(Cut::Found) => return None,
            Some(_) => return Some(Failure::NotExhausted(world.name.clone())),
            None => {}
        }
        let not_judged =
            |one: &&Finding| matches!(one.verdict, Verdict::NotJudged(_)) && self.demands.include(one.property);
        if let Some(finding) = report.findings.iter().find(not_judged) {
            return Some(Failure::NotJudged { world: world.name.clone(), property: finding.property });
        }
        // With requests of the user's own, perhaps no master ever needs a snapshot.
        let needed =
            |witness: &str| !self.unreached.contains(witness) && (witness != p::CROSSED || self.requests.is_none());
        // A file with an `[expect]` names its own unreached witnesses.
        if world.expect().is_some() {
            return None;
        }
        let unreached =
            |witness: &&str| matches!(report.verdict(witness), Some(Verdict::Violated(_))) && needed(witness);
        let witness = [p::QUIESCENCE, p::CONFLICT, p::CROSSED].into_iter().find(unreached)?;
        let why = model.why_unreached(witness);
        Some(Failure::Vacuous { world: world.name.clone(), witness, why })
    }

    fn outcome(
        &self,
        rule: &dyn Ruled,
        worlds: &[World],
        found: Found,
        refuted: Option<Box<Refuted>>,
    ) -> Result<Passed, Failure> {
        let Found { violations, laws, surprises, incomplete, failed, reached, passed, .. } = found;
        if let Some(failure) = failed {
            return Err(failure);
        }
        let needed = |witness: &str| !self.unreached.contains(witness);
        let unreached = reached.into_iter().find(|(witness, reached)| !reached && needed(witness));
        let incomplete = incomplete.or(unreached.map(|(witness, _)| {
            let why = "no scope puts the property to the test".to_owned();
            Failure::Vacuous { world: "in all scopes".into(), witness, why: Some(why) }
        }));
        if violations.is_empty() {
            if let Some(refuted) = refuted.filter(|_| p::BY_CLAIM.iter().any(|property| self.demands.include(property)))
            {
                return Err(Failure::FalseClaim(refuted));
            }
            return match incomplete {
                Some(failure) => Err(failure),
                None if !surprises.is_empty() => Err(Failure::Unexpected(surprises)),
                None if laws.is_empty() => Ok(passed),
                None => Err(Failure::Unlawful(laws)),
            };
        }
        let row = |property: &str| p::ALL.iter().position(|known| *known == property).unwrap_or(p::ALL.len());
        let mut violations: Vec<(Option<usize>, Violation)> = violations.into_values().collect();
        violations.sort_by_key(|(place, Violation { example, skewed, .. })| {
            (*skewed, example.replayed.steps.len(), *place, row(example.property))
        });
        let in_snapshots = violations.iter().any(|(place, _)| place.is_some_and(|place| worlds[place].has_snapshots()));
        let mut violations: Vec<Violation> = violations.into_iter().map(|(_, violation)| violation).collect();
        violations.iter_mut().for_each(Violation::keep);
        let mut notes: Vec<String> = surprises;
        if !self.note.is_empty() {
            notes.push(self.note.into());
        }
        if in_snapshots && !rule.laws(&self.operations(worlds)).merges {
            notes.push(NO_MERGE.into());
        }
        notes.extend(refuted.map(|refuted| refuted.to_string()));
        Err(Failure::Violated { violations, laws, notes })
    }

    /// Prints the first finding at once, past the capture of tests' output.
    pub(super) fn announce(&self, what: &dyn Display) {
        if !self.quiet {
            let text = format!("\n{}: found first, the rest is still being explored:\n{what}\n", this_test());
            drop(std::io::stderr().write_all(text.as_bytes()));
        }
    }
}
