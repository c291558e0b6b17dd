//! Tests generated from a scenario: schedules with the expected readings, as JSON lines, for an implementation of the
//! same protocol in another language.
//!
//! A test is one schedule from the initial state. Its expectations are the answers and readings of the shipping
//! replicas in the model, so an implementation that passes all tests of a scenario behaves like the replicas in each
//! covered transition.

mod cover;
#[cfg(test)]
mod tests;

use crate::check::engine::{Cut, Verdict};
use crate::check::erased::Erased;
use crate::check::running;
use crate::fault::Fault;
use crate::model::Model;
use crate::report::graph::{Ended, Graph};
use crate::scenario::{Explored, Scenario};
use crate::scope::LinkKind;
use crate::subject::{StepData, Subject};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The part of a scenario's graph that tests cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cover {
    /// Every distinct state.
    States,
    /// Every transition: every step that is possible in every state and alters it.
    Transitions,
    /// The shortest schedule to each violation of a property and to each witness.
    Properties,
}

/// The first line of the tests: the system, and the coverage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's description.
    pub about: String,
    /// The rule's name.
    pub rule: String,
    /// The masters, in order.
    pub masters: Vec<String>,
    /// The edges over which masters send changes: the sender and the receiver of each.
    pub edges: Vec<(String, String)>,
    /// `stream`, `datagram` or `soup`.
    pub link: String,
    /// The most changes of one message.
    pub batch: usize,
    /// The number of changes that a master's log keeps; `null` for all.
    pub log: Option<usize>,
    /// The coverage.
    pub cover: Cover,
    /// The number of distinct states of the scenario.
    pub states: usize,
    /// The number of transitions of the scenario.
    pub transitions: usize,
    /// The number of tests that follow, one in each line.
    pub tests: usize,
    /// The number of steps of all tests.
    pub steps: usize,
}

/// One test: a schedule from the initial state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// Its number, from 1.
    pub test: usize,
    /// With [`Cover::Properties`], the properties that its last state violates, and the witnesses that it reaches
    /// first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub shows: Vec<String>,
    /// The steps.
    pub steps: Vec<Expected>,
}

/// A step, and the state that it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The step.
    #[serde(flatten)]
    pub step: StepData,
    /// After the step, each master's reading of every key that has a value there.
    pub reads: BTreeMap<String, BTreeMap<String, Value>>,
}

/// The tests of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tests {
    /// The first line.
    pub head: Head,
    /// The tests.
    pub tests: Vec<Test>,
}

impl Tests {
    /// Writes the tests as JSON lines.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut out, &self.head)?;
        writeln!(out)?;
        for test in &self.tests {
            serde_json::to_writer(&mut out, test)?;
            writeln!(out)?;
        }
        out.flush()
    }
}

/// Why there are no tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The scenario cannot be put into tests, or its rule failed.
    Given(Fault),
    /// The scenario has more states than this.
    TooLarge(usize),
    /// The exploration was interrupted.
    Interrupted,
}

/// Generates tests of the scenario, which may have at most `most` states.
///
/// Time and memory are linear in the number of transitions, apart from a bounded search for each test.
///
/// # Errors
/// See [`Failure`].
pub fn generate(scenario: &Scenario, cover: Cover, most: usize) -> Result<Tests, Failure> {
    let (link, edges, batch, log) = described(scenario)?;
    let model = scenario.model();
    let graph = Graph::of(&model, most).map_err(|ended| match ended {
        Ended::TooLarge => Failure::TooLarge(most),
        Ended::Interrupted => Failure::Interrupted,
    })?;
    let schedules: Vec<Schedule> = match cover {
        Cover::Properties => deciding(scenario, &model)?,
        cover => cover::schedules(&graph, cover).into_iter().map(|schedule| (Vec::new(), schedule)).collect(),
    };
    let mut tests = Vec::new();
    for (number, (shows, schedule)) in schedules.into_iter().enumerate() {
        if running::is_interrupted() {
            return Err(Failure::Interrupted);
        }
        tests.push(Test { test: number + 1, shows, steps: taken(&model, &schedule) });
    }
    if let Some(fault) = scenario.faults().into_iter().next() {
        return Err(Failure::Given(fault));
    }
    let head = Head {
        scenario: scenario.name.clone(),
        about: scenario.about.clone(),
        rule: scenario.rule().to_owned(),
        masters: model.masters(),
        edges,
        link: link.into(),
        batch,
        log,
        cover,
        states: graph.states(),
        transitions: graph.transitions(),
        tests: tests.len(),
        steps: tests.iter().map(|test| test.steps.len()).sum(),
    };
    Ok(Tests { head, tests })
}

/// The link's name, the edges, the batch and the log of a scenario, if its steps can be given as data.
type Described = (&'static str, Vec<(String, String)>, usize, Option<usize>);

fn described(scenario: &Scenario) -> Result<Described, Failure> {
    let refused = |what: &str| {
        let what = format!(
            "tests cannot be generated for {what}; they can for one shard over `stream`, `datagram` or `soup`, without \
             `[failures]`, `[sessions]`, `delivery` and hybrid clocks"
        );
        Err(Failure::Given(Fault::of(&scenario.name, what)))
    };
    let scope = match &scenario.subject {
        Explored::Cluster(_, scope) => scope,
        Explored::Sharded(..) => return refused("several shards"),
        Explored::Article(_) => return refused("the article's program"),
        Explored::Nodes(_) => return refused("a program"),
    };
    let link = match scope.link {
        LinkKind::Stream { .. } => "stream",
        LinkKind::Datagram { .. } => "datagram",
        LinkKind::Soup => "soup",
        LinkKind::Running { .. } | LinkKind::Channel { .. } => return refused("running links"),
    };
    if scope.clocks.are_hybrid() {
        return refused("hybrid clocks");
    }
    if scope.fails() {
        return refused("failures of masters and sessions");
    }
    if scenario.is_altered() {
        return refused("an altered delivery");
    }
    let edges = scope.topology.edges().map(|(from, to)| (from.to_string(), to.to_string())).collect();
    Ok((link, edges, scope.batch, scope.log))
}

/// A schedule, and what its last state shows.
type Schedule = (Vec<String>, Vec<usize>);

/// The shortest schedule for each violation and each witness.
fn deciding(scenario: &Scenario, model: &Erased) -> Result<Vec<Schedule>, Failure> {
    let report = model.explore(scenario.limits, &mut |_, _| {});
    if report.cut == Some(Cut::Interrupted) {
        return Err(Failure::Interrupted);
    }
    let mut deciding: Vec<Schedule> = Vec::new();
    for finding in report.findings {
        let (said, path) = match finding.verdict {
            Verdict::Violated(Some(path)) => (format!("violates {}", finding.property), path),
            Verdict::Holds(Some(path)) => (format!("reaches {}", finding.property), path),
            _ => continue,
        };
        match deciding.iter_mut().find(|(_, steps)| *steps == path.steps) {
            Some((shown, _)) => shown.push(said),
            None if path.is_empty() => {}
            None => deciding.push((vec![said], path.steps)),
        }
    }
    Ok(deciding)
}

/// The steps of a schedule with their expectations.
fn taken(model: &Erased, schedule: &[usize]) -> Vec<Expected> {
    let mut state = model.init_states().swap_remove(0);
    let mut steps = Vec::new();
    for place in schedule {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let action = &actions[*place];
        let step = model.as_data(&state, action).expect("every step of such a scenario can be given as data");
        let (next, _) = model.step(&state, action).expect("a transition alters the state");
        state = next;
        steps.push(Expected { step, reads: model.masters().into_iter().zip(model.values(&state)).collect() });
    }
    steps
}
