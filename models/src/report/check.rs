//! Scenarios are checked here: [`check`] explores one scenario, and [`check_all`] explores several at a time. The
//! result for each scenario is a [`Checked`].

mod checked;

pub(crate) use checked::report_cut_in_words;
#[cfg(feature = "explorer")]
pub(crate) use checked::word;
pub use checked::{Checked, Counterexample, Summary, cut_in_words};

use crate::check::cores;
#[cfg(feature = "spread")]
use crate::check::engine::{Checkpoints, Post};
use crate::check::engine::{Cut, Finding, Report, SAFETY_ONLY, Storage, Verdict};
use crate::check::erased::Erased;
use crate::check::running;
#[cfg(feature = "stateright")]
use crate::check::stateright_engine::{self, How};
use crate::report::trace::{self, Trace};
use crate::scenario::{Expect, Scenario};
use crate::subject::Subject;
pub(crate) use checked::verdict_in_words;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// The checker that explores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// [`engine::explore`](crate::check::engine::explore).
    #[default]
    Own,
    /// stateright's own, on the same models.
    #[cfg(feature = "stateright")]
    Stateright(How),
}

/// Explores one scenario. Calls `progress` from time to time with the number of states found and the depth.
///
/// # Panics
/// If a counterexample does not replay: then the checker has a bug, and none of its verdicts counts.
pub fn check(scenario: &Scenario, engine: Engine, progress: &mut dyn FnMut(usize, usize)) -> Checked {
    let model = scenario.model();
    let report = match engine {
        Engine::Own => model.explore(scenario.limits, progress),
        #[cfg(feature = "stateright")]
        Engine::Stateright(how) => stateright_engine::explore(model.clone(), how, scenario.limits),
    };
    checked(scenario, model, report)
}

/// The report on a scenario, with its counterexamples replayed and compared with its `[expect]`.
fn checked(scenario: &Scenario, model: Erased, report: Report) -> Checked {
    // States explored after the rule failed are not those of this rule.
    if let Some(fault) = scenario.fault_of_rule() {
        let (scenario, failed) = (scenario.clone(), Some(fault));
        return Checked { scenario, report, counterexamples: Vec::new(), surprises: Vec::new(), failed };
    }
    let mut counterexamples = counterexamples(&model, &scenario.name, &report);
    counterexamples.iter_mut().for_each(|example| example.failed = scenario.property_failed(example.property));
    let mut surprises = if scenario.expect.stated { surprises(&model, scenario, &report) } else { Vec::new() };
    if scenario.has_no_requests() {
        surprises.insert(0, "no client makes a request, so nothing was tested".into());
    }
    Checked { scenario: scenario.clone(), report, counterexamples, surprises, failed: None }
}

/// Writes and replays the schedule of each violated property.
pub(crate) fn counterexamples<M: Subject>(model: &M, scenario: &str, report: &Report) -> Vec<Counterexample> {
    replayed_alike(model, scenario, report).unwrap_or_else(|broken| panic!("{broken}"))
}

/// The same. It is an error if a schedule does not replay: the checker has a bug, or the rule is not deterministic.
pub(crate) fn replayed_alike<M: Subject>(
    model: &M,
    scenario: &str,
    report: &Report,
) -> Result<Vec<Counterexample>, String> {
    let mut examples = Vec::new();
    for Finding { property, witness, verdict } in &report.findings {
        let (false, Verdict::Violated(Some(path))) = (witness, verdict) else { continue };
        examples.push(replayed(model, scenario, "", property, path)?);
    }
    Ok(examples)
}

/// Writes and replays one schedule that violates the property. `carried` is the text of the scenario if the trace is to
/// contain it.
pub(crate) fn replayed<M: Subject>(
    model: &M,
    scenario: &str,
    carried: &str,
    property: &'static str,
    path: &crate::check::engine::Path,
) -> Result<Counterexample, String> {
    let text = trace::write_with(model, scenario, carried, property, path);
    match Trace::parse("counterexample", &text).and_then(|trace| trace.replay(model)) {
        Ok(replayed) if replayed.wrong.is_empty() => {
            Ok(Counterexample { property, failed: false, trace: text, replayed })
        }
        Ok(_) => Err(format!("{scenario}: replayed, this does not violate {property}:\n{text}")),
        Err(fault) => Err(format!("{scenario}: a counterexample does not replay: {fault}\n{text}")),
    }
}

/// The differences between the findings and the scenario's `[expect]`, in words.
pub(crate) fn surprises(model: &Erased, scenario: &Scenario, report: &Report) -> Vec<String> {
    let expect = &scenario.expect;
    let told = |finding: &Finding| {
        let surprise = surprise(expect, finding)?;
        let unreached = finding.witness && matches!(finding.verdict, Verdict::Violated(_));
        let why = if unreached { model.why_unreached(finding.property) } else { None };
        Some(why.map_or(surprise.clone(), |why| format!("{surprise}: {why}")))
    };
    // A failed property has no verdict, and its failure is reported elsewhere.
    // After an interruption, the user knows that not everything was explored.
    let interrupted = report.cut == Some(Cut::Interrupted);
    let asked = report.findings.iter().filter(|finding| !scenario.property_failed(finding.property));
    let (open, known): (Vec<&Finding>, Vec<&Finding>) =
        asked.partition(|finding| finding.verdict == Verdict::NotExhausted);
    let mut surprises: Vec<String> = known.into_iter().filter_map(told).collect();
    if !open.is_empty() && !interrupted {
        let open: Vec<&str> = open.iter().map(|finding| finding.property).collect();
        surprises.push(format!(
            "not exhausted ({}): {}",
            report_cut_in_words(report).unwrap_or_default(),
            open.join(", ")
        ));
    }
    if report.cut.is_none() {
        let figures = [
            ("states", expect.states, Some(report.states)),
            ("depth", expect.depth, Some(report.depth)),
            ("messages", expect.messages, report.messages),
        ];
        for (name, expected, found) in figures {
            if let (Some(expected), Some(found)) = (expected, found)
                && expected != found
            {
                surprises.push(format!("{name}: expected {expected}, found {found}"));
            }
        }
    }
    surprises
}

/// `None` if the finding is as expected, or has no verdict yet.
fn surprise(expect: &Expect, finding: &Finding) -> Option<String> {
    let Finding { property, witness, verdict } = finding;
    let expected = match witness {
        true => !expect.unreached.iter().any(|name| name == property),
        false => !expect.violated.contains(property),
    };
    if expect.not_judged.contains(property) {
        let told = verdict_in_words(finding);
        let as_expected = matches!(verdict, Verdict::NotJudged(_));
        return (!as_expected).then(|| format!("{property}: expected not judged, found {told}"));
    }
    let say = |holds: bool| match (witness, holds) {
        (true, true) => "reached",
        (true, false) => "not reached",
        (false, true) => "holds",
        (false, false) => "violated",
    };
    let found = match verdict {
        // The user asked not to judge it.
        Verdict::NotJudged(SAFETY_ONLY) => return None,
        Verdict::Holds(_) => true,
        Verdict::Violated(_) => false,
        Verdict::NotExhausted => return None,
        Verdict::NotJudged(why) => return Some(format!("{property}: expected {}, not judged: {why}", say(expected))),
    };
    (found != expected).then(|| format!("{property}: expected {}, found {}", say(expected), say(found)))
}

/// Explores the scenarios one after another, with their states stored as `storage` says, and reports each with its
/// index as soon as it is done. An interruption ends the exploration in progress with its findings so far.
///
/// # Errors
/// If the disk cannot be used, or a checkpoint cannot be continued.
///
/// # Panics
/// As [`check`].
pub fn check_stored(
    scenarios: &[Scenario],
    storage: &Storage,
    mut tell: impl FnMut(usize, Checked),
) -> Result<(), String> {
    for (place, scenario) in scenarios.iter().enumerate() {
        if running::is_interrupted() {
            break;
        }
        let model = scenario.model();
        let report = model.explore_stored(scenario.limits, storage)?;
        tell(place, checked(scenario, model, report));
    }
    Ok(())
}

/// Explores the scenarios one after another, together with the other processes, which must do the same. Reports each with
/// its index as soon as it is done. An interruption of one process ends the exploration of all.
///
/// # Errors
/// If a scenario is not explored by several processes, if the processes are not equal, if a checkpoint cannot be written
/// or continued, or if a rule or a property failed in another process only.
///
/// # Panics
/// As [`check`].
#[cfg(feature = "spread")]
pub fn check_spread(
    scenarios: &[Scenario],
    checkpoints: Option<&Checkpoints>,
    post: &mut dyn Post,
    mut tell: impl FnMut(usize, Checked),
) -> Result<(), String> {
    for (place, scenario) in scenarios.iter().enumerate() {
        let model = scenario.model();
        let report = model
            .explore_spread(scenario.limits, checkpoints, post)
            .map_err(|error| format!("{}: {error}", scenario.name))?;
        let faults: Vec<String> = scenario.faults().iter().map(ToString::to_string).collect();
        let own = post.own();
        (0..post.processes()).filter(|to| *to != own).for_each(|to| post.send(to, faults.join("\n").into_bytes()));
        let mut elsewhere = None;
        post.end_epoch(&mut |from, faults| {
            let failed = !faults.is_empty();
            elsewhere =
                elsewhere.take().or(failed.then(|| format!("process {from}: {}", String::from_utf8_lossy(&faults))));
        });
        if let (Some(elsewhere), true) = (elsewhere, faults.is_empty()) {
            return Err(elsewhere);
        }
        let interrupted = report.cut == Some(Cut::Interrupted);
        tell(place, checked(scenario, model, report));
        if interrupted {
            break;
        }
    }
    Ok(())
}

/// Explores the scenarios, as many at a time as there are [threads](cores::threads), and reports each with its index as
/// soon as it is done. Large ones also use the threads that no other scenario needs any more. Once the process is
/// [interrupted](running), the explorations in progress end with their findings so far, and no other is begun.
pub fn check_all(scenarios: &[Scenario], engine: Engine, mut tell: impl FnMut(usize, Checked)) {
    let workers = cores::threads().min(scenarios.len().max(1));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((place, scenario)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let wanted = !running::is_interrupted();
                    scenarios.get(place).filter(|_| wanted).map(|scenario| (place, scenario))
                } {
                    // The receiver lives as long as the scope.
                    let _ = sender.send((place, check(scenario, engine, &mut |_, _| {})));
                }
            });
        }
        drop(sender);
        receiver.into_iter().for_each(|(place, checked)| tell(place, checked));
    });
}
