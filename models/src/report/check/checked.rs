//! The result for one scenario: [`Checked`].

use crate::check::engine::{Counted, Cut, Finding, Report, SAFETY_ONLY, Verdict};
use crate::check::liveness::Fairness;
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
        match word(&self.report, finding) {
            _ if self.failed.is_some() || self.scenario.property_failed(finding.property) => "failed",
            word => word,
        }
    }

    /// Why the exploration was cut, and at which depth, if it was.
    pub fn cut_in_words(&self) -> Option<String> {
        // A node at fault ends the exploration as full tables do.
        let at_fault = self.failed.is_some() && self.report.cut == Some(Cut::Numbers(Counted::Parts));
        if at_fault { Some("stopped by the failure".into()) } else { report_cut_in_words(&self.report) }
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
        // An `[expect]` asks about liveness under fairness.
        let is_fair = self.scenario.limits.liveness == Some(Fairness::Weak);
        let false_ones = |witness: bool| {
            let findings = self.report.findings.iter().filter(move |finding| finding.witness == witness);
            let findings = findings.filter(|finding| is_fair || !p::OF_LIVENESS.contains(&finding.property));
            findings.filter(|finding| matches!(finding.verdict, Verdict::Violated(_))).map(|finding| finding.property)
        };
        let mut text = String::from("[expect]\n");
        for property in false_ones(false) {
            text += &format!("{} = \"violated\"\n", in_quotes_if_need_be(&in_file(property)));
        }
        let unjudged = |finding: &&Finding| matches!(finding.verdict, Verdict::NotJudged(why) if why != SAFETY_ONLY);
        for finding in self.report.findings.iter().filter(unjudged) {
            text += &format!("{} = \"not-judged\"\n", in_quotes_if_need_be(&in_file(finding.property)));
        }
        let is_live = |finding: &&Finding| p::OF_LIVENESS.contains(&finding.property);
        for finding in self.report.findings.iter().filter(|finding| is_fair && is_live(finding)) {
            if let Verdict::Holds(_) = finding.verdict {
                text += &format!("{} = \"holds\"\n", in_file(finding.property));
            }
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

/// The verdict on a finding of this report: [`verdict_in_words`], or *vacuous*. A property of quiescence is vacuous if
/// quiescence is never reached, one of masters that hear and agree in the end if none ever lacks a change, and an own
/// property if no reading could violate it.
pub(crate) fn word(report: &Report, finding: &Finding) -> &'static str {
    let unreached = |witness: &str| matches!(report.verdict(witness), Some(Verdict::Violated(_)));
    let vacuous = unreached(witness_of(finding.property))
        || p::AT_QUIESCENCE.contains(&finding.property) && unreached(p::QUIESCENCE)
        || [p::EVERYONE_HEARS, p::EVENTUALLY_AGREE].contains(&finding.property) && unreached(p::LACK);
    match verdict_in_words(finding) {
        "holds" if vacuous => "vacuous",
        word => word,
    }
}

pub(crate) fn verdict_in_words(finding: &Finding) -> &'static str {
    match (&finding.verdict, finding.witness) {
        (Verdict::Holds(_), false) => "holds",
        (Verdict::Violated(_), false) => "violated",
        (Verdict::Holds(_), true) => "reached",
        (Verdict::Violated(_), true) => "not reached",
        (Verdict::NotExhausted, _) => "not exhausted",
        (Verdict::NotJudged(_), _) => "not judged",
    }
}

/// Why the exploration was cut, and at which depth, if it was.
pub(crate) fn report_cut_in_words(report: &Report) -> Option<String> {
    let Report { cut, depth, frontier, .. } = report;
    let why = cut_in_words((*cut)?);
    Some(match frontier {
        0 => why,
        1 => format!("{why}, at depth {depth}; 1 state was not expanded"),
        frontier => format!("{why}, at depth {depth}; {} states were not expanded", grouped(*frontier)),
    })
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
        Cut::Disk(why) => format!("stopped because {}", shown(why)),
    }
}
