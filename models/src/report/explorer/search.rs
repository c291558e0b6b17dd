//! `Run to completion`: a search of all states by our own engine, within the scenario's limits, while others browse.

use super::Shown;
use crate::check::engine::{Finding, Path, Report, Verdict};
use crate::model::{Expectation, Model};
use crate::printed::shown;
use crate::properties::FALLS_SILENT;
use crate::report::check::{cut_in_words, report_cut_in_words, word};
use crate::report::table::grouped;
use crate::subject::Subject;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// A search: not begun, under way, or done.
pub(super) struct Search {
    pub(super) shown: Shown,
    begun: AtomicBool,
    states: AtomicUsize,
    depth: AtomicUsize,
    report: OnceLock<Report>,
}

impl Search {
    pub(super) fn of(shown: Shown) -> Search {
        let (begun, report) = (AtomicBool::new(false), OnceLock::new());
        Search { shown, begun, states: AtomicUsize::new(1), depth: AtomicUsize::new(0), report }
    }

    /// Starts it on a thread of its own, unless it has been started.
    pub(super) fn begin(self: &Arc<Search>) -> Result<(), std::io::Error> {
        if self.begun.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let search = Arc::clone(self);
        let spawned = std::thread::Builder::new().spawn(move || {
            let mut progress = |states: usize, depth: usize| {
                search.states.store(states, Ordering::Relaxed);
                search.depth.store(depth, Ordering::Relaxed);
            };
            let report = search.shown.searched.explore(search.shown.limits, &mut progress);
            let _ = search.report.set(report);
        });
        if spawned.is_err() {
            self.begun.store(false, Ordering::Relaxed);
        }
        spawned.map(drop)
    }

    /// For stateright's page: the progress, and the verdict on each property. An undecided property is reported as
    /// still searched for if the search stopped early, because the page would call it safe once the search is `done`.
    pub(super) fn status(&self) -> Value {
        let report = self.report.get();
        let failed = (self.shown.failed)();
        let progress = match (&failed, report) {
            (Some(why), _) => format!("no verdict counts, because the rule failed: {why}"),
            (None, Some(Report { cut: Some(cut), .. })) => format!("not exhausted: {}", cut_in_words(*cut)),
            (None, Some(_)) => "all states".into(),
            (None, None) if self.begun.load(Ordering::Relaxed) => "searching".into(),
            (None, None) => "not begun".into(),
        };
        let (states, generated, depth) = match report {
            Some(report) => (report.states, report.generated, report.depth),
            None => {
                let states = self.states.load(Ordering::Relaxed);
                (states, states, self.depth.load(Ordering::Relaxed))
            }
        };
        let properties: Vec<Value> = match report {
            Some(report) => report.findings.iter().map(found).collect(),
            None => {
                let asked = self.shown.model.properties().into_iter().map(|p| json!([p.expectation, p.name, null]));
                asked.chain([json!([Expectation::Always, FALLS_SILENT, null])]).collect()
            }
        };
        json!({
            "done": report.is_some_and(|report| report.cut.is_none()) && failed.is_none(),
            "model": self.shown.name,
            "state_count": generated,
            "unique_state_count": states,
            "max_depth": depth,
            "properties": properties,
            "recent_path": progress,
        })
    }

    /// For our page: the progress in a sentence, and the verdict on each property over all schedules.
    pub(super) fn scope(&self) -> Value {
        let begun = self.begun.load(Ordering::Relaxed);
        let count = |states: usize| format!("{} state{}", grouped(states), if states == 1 { "" } else { "s" });
        let failed = (self.shown.failed)();
        let Some(report) = self.report.get() else {
            let (states, depth) = (self.states.load(Ordering::Relaxed), self.depth.load(Ordering::Relaxed));
            let said =
                if begun { format!("Searching: {} so far, depth {depth}.", count(states)) } else { String::new() };
            return json!({ "begun": begun, "done": false, "said": said, "failed": failed, "verdicts": [] });
        };
        let said = match report_cut_in_words(report) {
            Some(cut) => format!("Not exhausted: {cut}. {} searched.", count(report.states)),
            None => format!("All schedules were searched: {}, depth {}.", count(report.states), report.depth),
        };
        let verdicts = report.findings.iter().map(|finding| verdict(&self.shown, report, finding));
        let verdicts: Vec<Value> = if failed.is_some() { Vec::new() } else { verdicts.collect() };
        json!({
            "begun": true, "done": true, "exhausted": report.cut.is_none(), "said": said, "failed": failed,
            "verdicts": verdicts,
        })
    }
}

/// The verdict on a property over all schedules, with the path that decides it.
fn verdict(of: &Shown, report: &Report, finding: &Finding) -> Value {
    let word = word(report, finding);
    let why = match &finding.verdict {
        Verdict::NotJudged(why) => Some((*why).to_owned()),
        Verdict::Violated(None) => of.searched.why_unreached(finding.property).map(|why| shown(&why)),
        _ => None,
    };
    let path = path_of(finding);
    json!({
        "name": shown(finding.property),
        "witness": finding.witness,
        "whole": of.of_whole_schedules().names().any(|name| name == finding.property),
        "word": word,
        "why": why,
        "path": path.map(super::steps),
        "steps": path.map(|path| path.len()),
    })
}

fn path_of(finding: &Finding) -> Option<&Path> {
    match &finding.verdict {
        Verdict::Holds(path) | Verdict::Violated(path) => path.as_ref(),
        Verdict::NotExhausted | Verdict::NotJudged(_) => None,
    }
}

/// A property with the address of the path that decides it, for stateright's page.
fn found(finding: &Finding) -> Value {
    let expectation = if finding.witness { Expectation::Sometimes } else { Expectation::Always };
    json!([expectation, finding.property, path_of(finding).map(super::steps)])
}
