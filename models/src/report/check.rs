//! Scenarios are checked here: [`check`] explores one scenario, and [`check_all`] explores several at a time. The
//! result for each scenario is a [`Checked`].

use crate::check::engine::{Counted, Cut, Finding, Report, Verdict};
use crate::check::erased::Erased;
use crate::check::running;
#[cfg(feature = "stateright")]
use crate::check::stateright_engine::{self, How};
use crate::fault::Fault;
use crate::printed::shown;
use crate::properties as p;
use crate::properties::own_property::witness_of;
use crate::report::table::grouped;
use crate::report::trace::{self, Trace};
use crate::scenario::expected::in_file;
use crate::scenario::{Expect, Scenario};
use crate::subject::Subject;
use serde::Serialize;
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

/// A scenario and the findings of its check.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario.
    pub scenario: Scenario,
    /// The result of the exploration.
    pub report: Report,
    /// The shortest schedule for each violated property, each replayed.
    pub counterexamples: Vec<Counterexample>,
    /// The differences between the findings and the scenario's `[expect]`, in words. Empty if there are none, or if
    /// nothing is expected.
    pub surprises: Vec<String>,
    /// The failure of the rule during exploration, which voids all verdicts; `None` if it did not fail.
    pub failed: Option<Fault>,
}

/// A property that does not hold, and a schedule that shows it.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The property.
    pub property: &'static str,
    /// Whether the evaluation of the property failed in the last state. Then there is no verdict on it.
    pub failed: bool,
    /// The schedule, as a trace file.
    pub trace: String,
    /// The replay of that text.
    pub replayed: trace::Replayed,
}

impl Counterexample {
    /// Why the property is false in the last state.
    pub fn why(&self) -> &str {
        let complaints = &self.replayed.complaints;
        complaints.iter().find(|(property, _)| property == self.property).map_or("", |(_, why)| why)
    }
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
    let known = |finding: &&Finding| !interrupted || finding.verdict != Verdict::NotExhausted;
    let asked = report.findings.iter().filter(|finding| !scenario.property_failed(finding.property)).filter(known);
    let mut surprises: Vec<String> = asked.filter_map(told).collect();
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
        Verdict::Holds(_) => true,
        Verdict::Violated(_) => false,
        Verdict::NotExhausted => return Some(format!("{property}: expected {}, not exhausted", say(expected))),
        Verdict::NotJudged(why) => return Some(format!("{property}: expected {}, not judged: {why}", say(expected))),
    };
    (found != expected).then(|| format!("{property}: expected {}, found {}", say(expected), say(found)))
}

/// Explores the scenarios, as many at a time as the machine has cores, and reports each with its index as soon as it is
/// done. Once the process is [interrupted](running), the explorations in progress end with their findings so far, and
/// no other is begun.
pub fn check_all(scenarios: &[Scenario], engine: Engine, mut tell: impl FnMut(usize, Checked)) {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(scenarios.len().max(1));
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

/// A check's result for machines.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    scenario: &'a str,
    topology: &'a str,
    rule: &'a str,
    /// `None`: nothing is expected.
    as_expected: Option<bool>,
    surprises: &'a [String],
    failed: Option<String>,
    verdicts: Vec<SummaryOfOne<'a>>,
    states: usize,
    generated: usize,
    depth: usize,
    messages: Option<usize>,
    cut: Option<String>,
    /// An upper bound on the probability that two states were taken for one.
    mistaken: f64,
    seconds: f64,
    /// For a scenario without `[expect]`, an `[expect]` with the verdicts found.
    expect: Option<String>,
}

#[derive(Debug, Serialize)]
struct SummaryOfOne<'a> {
    property: &'static str,
    witness: bool,
    verdict: &'static str,
    steps: Option<usize>,
    why: Option<&'a str>,
    trace: Option<&'a str>,
}

impl Checked {
    /// The verdict on one of this report's findings, in the words that the table and JSON share.
    pub fn verdict(&self, finding: &Finding) -> &'static str {
        let unreached = |witness: &str| matches!(self.report.verdict(witness), Some(Verdict::Violated(_)));
        let speaks_of_quiescence = [p::AGREEMENT, p::ORDER_KEPT].contains(&finding.property);
        // A property of quiescence is vacuous if quiescence is never reached, and an own property if no reading could
        // violate it.
        let vacuous = unreached(witness_of(finding.property)) || speaks_of_quiescence && unreached(p::QUIESCENCE);
        match verdict_in_words(finding) {
            _ if self.failed.is_some() || self.scenario.property_failed(finding.property) => "failed",
            "holds" if vacuous => "vacuous",
            word => word,
        }
    }

    /// Why the exploration was cut, and at which depth, if it was.
    pub fn cut_in_words(&self) -> Option<String> {
        let Report { cut, depth, frontier, .. } = &self.report;
        let why = cut_in_words((*cut)?);
        Some(match frontier {
            0 => why,
            1 => format!("{why}, at depth {depth}; 1 state was not expanded"),
            frontier => format!("{why}, at depth {depth}; {} states were not expanded", grouped(*frontier)),
        })
    }

    /// Whether the exploration was cut.
    pub fn is_cut(&self) -> bool {
        self.report.cut.is_some()
    }

    /// The schedules of violations that the scenario's `[expect]` does not name.
    pub fn unexpected_counterexamples(&self) -> impl Iterator<Item = &Counterexample> {
        let Expect { stated, violated, .. } = &self.scenario.expect;
        self.counterexamples.iter().filter(|example| *stated && !violated.contains(&example.property))
    }

    /// A shortest run to quiescence, replayed. `None` if quiescence was not reached, or the model has no such witness.
    pub fn run_to_quiescence(&self) -> Option<trace::Replayed> {
        let Some(Verdict::Holds(Some(path))) = self.report.verdict(p::QUIESCENCE) else { return None };
        let model = self.scenario.model();
        let mut trace = Trace::parse("run", &trace::write(&model, &self.scenario.name, p::QUIESCENCE, path)).ok()?;
        // A run makes no claims.
        trace.claims.clear();
        trace.replay(&model).ok()
    }

    /// Whether no verdict is unexpected, but the exploration of a scenario without `[expect]` was cut.
    pub fn is_open(&self) -> bool {
        self.is_as_expected() && self.is_cut()
    }

    /// Whether the outcome is as expected.
    pub fn is_as_expected(&self) -> bool {
        self.surprises.is_empty() && self.failed.is_none() && self.scenario.failed_properties().next().is_none()
    }

    /// The same; `None` if nothing is expected, or if the exploration was cut before anything unexpected was found.
    fn as_expected(&self) -> Option<bool> {
        let is_known = (self.scenario.expect.stated || !self.surprises.is_empty()) && !self.is_open();
        is_known.then(|| self.is_as_expected())
    }

    /// For a scenario without `[expect]`, an `[expect]` with the verdicts found. `None` if the scenario has one, or if
    /// the exploration was cut.
    pub fn expectation(&self) -> Option<String> {
        if self.scenario.expect.stated || self.report.cut.is_some() || !self.is_as_expected() {
            return None;
        }
        let false_ones = |witness: bool| {
            let findings = self.report.findings.iter().filter(move |finding| finding.witness == witness);
            findings.filter(|finding| matches!(finding.verdict, Verdict::Violated(_))).map(|finding| finding.property)
        };
        let mut text = String::from("[expect]\n");
        for property in false_ones(false) {
            text += &format!("{} = \"violated\"\n", in_quotes_if_need_be(&in_file(property)));
        }
        for finding in self.report.findings.iter().filter(|finding| matches!(finding.verdict, Verdict::NotJudged(_))) {
            text += &format!("{} = \"not-judged\"\n", in_quotes_if_need_be(&in_file(finding.property)));
        }
        let unreached: Vec<&str> = false_ones(true).collect();
        if !unreached.is_empty() {
            let model = self.scenario.model();
            for why in unreached.iter().filter_map(|witness| Some((witness, model.why_unreached(witness)?))) {
                text += &format!("# {}: {}\n", shown(why.0), shown(&why.1));
            }
            let names: Vec<String> = unreached.into_iter().map(in_quotes).collect();
            text += &format!("unreached = [{}]\n", names.join(", "));
        }
        text += &format!("states = {}\ndepth = {}\n", self.report.states, self.report.depth);
        if let Some(messages) = self.report.messages {
            text += &format!("messages = {messages}\n");
        }
        Some(text)
    }

    /// The data of `--format json`.
    pub fn summary(&self) -> Summary<'_> {
        let verdicts = self.report.findings.iter().map(|finding| {
            let counterexample = self.counterexamples.iter().find(|example| example.property == finding.property);
            SummaryOfOne {
                property: finding.property,
                witness: finding.witness,
                verdict: self.verdict(finding),
                steps: path_of(finding).filter(|_| self.failed.is_none()).map(|path| path.len()),
                why: counterexample.map(Counterexample::why),
                trace: counterexample.map(|example| example.trace.as_str()),
            }
        });
        Summary {
            scenario: &self.scenario.name,
            topology: &self.scenario.shape,
            rule: self.scenario.rule(),
            as_expected: self.as_expected(),
            surprises: &self.surprises,
            failed: self.scenario.faults().first().map(Fault::to_string),
            verdicts: verdicts.collect(),
            states: self.report.states,
            generated: self.report.generated,
            depth: self.report.depth,
            messages: self.report.messages,
            cut: self.cut_in_words(),
            mistaken: self.report.mistaken,
            seconds: self.report.time.as_secs_f64(),
            expect: self.expectation(),
        }
    }
}

fn in_quotes(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key of TOML.
fn in_quotes_if_need_be(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if bare { key.to_owned() } else { in_quotes(key) }
}

fn path_of(finding: &Finding) -> Option<&crate::check::engine::Path> {
    match &finding.verdict {
        Verdict::Holds(path) | Verdict::Violated(path) => path.as_ref(),
        Verdict::NotExhausted | Verdict::NotJudged(_) => None,
    }
}

fn verdict_in_words(finding: &Finding) -> &'static str {
    match (&finding.verdict, finding.witness) {
        (Verdict::Holds(_), false) => "holds",
        (Verdict::Violated(_), false) => "violated",
        (Verdict::Holds(_), true) => "reached",
        (Verdict::Violated(_), true) => "not reached",
        (Verdict::NotExhausted, _) => "not exhausted",
        (Verdict::NotJudged(_), _) => "not judged",
    }
}

/// Why an exploration was cut.
pub fn cut_in_words(cut: Cut) -> String {
    match cut {
        Cut::States(1) => "stopped after 1 state".into(),
        Cut::States(states) => format!("stopped after {states} states"),
        Cut::Time(time) if time.subsec_millis() > 0 => format!("stopped after {} ms", time.as_millis()),
        Cut::Time(time) => format!("stopped after {} s", time.as_secs()),
        Cut::Memory(bytes) if bytes < 1 << 20 => format!("stopped at {bytes} bytes of memory"),
        Cut::Memory(bytes) => format!("stopped at {} MB of memory", bytes >> 20),
        Cut::Numbers(what) => {
            let what = match what {
                Counted::States => "states",
                Counted::Steps => "steps that are possible in one state",
                Counted::Edges => "bytes of steps between states",
                Counted::Labels => "combinations of changes that are sent at once",
                Counted::Parts => "masters, messages and histories",
            };
            format!("stopped because no more {what} can be numbered")
        }
        Cut::Boundary => "states outside the model's boundary were left out".into(),
        Cut::Found => "stopped at the first violation".into(),
        Cut::Interrupted => "interrupted".into(),
    }
}
