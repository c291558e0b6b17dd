//! Small graphs, given edge by edge.

mod cases;
mod oracle;
mod walks;

use super::{Fairness, Repeated, repeated};
use crate::check::engine::{self, Cut, Limits, Path, Report, Verdict};
use crate::model::{Goal, Model, Property, Sent};
use crate::properties::FALLS_SILENT_IF_FAIR;
use crate::subject::{Arrow, Subject};
use multimaster::{Dot, MasterId};

/// A graph: its states are numbers, and 0 is the first.
#[derive(Clone, Debug, Default)]
struct Drawn {
    /// By state, its steps.
    steps: Vec<Vec<Drawing>>,
    /// By state, whether the condition `good` is false.
    bad: Vec<bool>,
    /// By state, the open obligations, a bit for each.
    open: Vec<u64>,
    /// The states beyond the boundary.
    outside: Vec<u32>,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drawing {
    to: u32,
    /// 0: none.
    class: u64,
    sends: bool,
}

const GOOD: &str = "good in the end";
const MET: &str = "all met";

impl Model for Drawn {
    type State = u32;
    type Action = Drawing;

    fn init_states(&self) -> Vec<u32> {
        vec![0]
    }

    fn actions(&self, state: &u32, actions: &mut Vec<Drawing>) {
        actions.extend(&self.steps[*state as usize]);
    }

    fn step(&self, _: &u32, step: &Drawing) -> Option<(u32, Sent)> {
        Some((step.to, step.sends.then_some(Dot::new(MasterId(0), 1)).into_iter().collect()))
    }

    fn within_boundary(&self, state: &u32) -> bool {
        !self.outside.contains(state)
    }

    fn fair_class(&self, step: &Drawing) -> Option<u64> {
        (step.class > 0).then_some(step.class)
    }

    fn goals(&self) -> Vec<Goal<Self>> {
        let open =
            |drawn: &Self, state: &u32| (0..64).filter(|bit| drawn.open[*state as usize] >> bit & 1 == 1).collect();
        vec![Goal::lasting(GOOD, |drawn: &Self, state: &u32| !drawn.bad[*state as usize]), Goal::met(MET, open)]
    }

    fn properties(&self) -> Vec<Property<Self>> {
        Vec::new()
    }
}

impl Subject for Drawn {
    fn describe(&self, _: &u32, step: &Drawing) -> String {
        format!("{step:?}")
    }
    fn remark(&self, _: &u32, _: &Drawing) -> Option<String> {
        None
    }
    fn masters(&self) -> Vec<String> {
        Vec::new()
    }
    fn readings(&self, _: &u32) -> Vec<String> {
        Vec::new()
    }
    fn complaint(&self, _: &str, _: &u32) -> Option<String> {
        None
    }
    fn arrow(&self, _: &u32, _: &Drawing) -> Arrow {
        Arrow::At(0, String::new())
    }
}

/// The default limits are read from the system, which takes time.
fn limits(liveness: Option<Fairness>) -> Limits {
    let (states, time) = (1000, std::time::Duration::from_secs(60));
    Limits { states, time, memory: None, until: None, safety: false, threads: Some(1), large: 8192, liveness }
}

impl Drawn {
    /// A graph with these steps, each given by its ends, its class, and whether it sends.
    fn of(states: usize, steps: &[(u32, u32, u64, bool)]) -> Drawn {
        let mut drawn = Drawn {
            steps: vec![Vec::new(); states],
            bad: vec![false; states],
            open: vec![0; states],
            outside: Vec::new(),
        };
        for (from, to, class, sends) in steps {
            drawn.steps[*from as usize].push(Drawing { to: *to, class: *class, sends: *sends });
        }
        drawn
    }

    fn bad(mut self, states: &[u32]) -> Drawn {
        states.iter().for_each(|state| self.bad[*state as usize] = true);
        self
    }

    fn open(mut self, obligation: u32, states: &[u32]) -> Drawn {
        states.iter().for_each(|state| self.open[*state as usize] |= 1 << obligation);
        self
    }

    fn explored(&self, fairness: Fairness) -> Report {
        engine::explore(self, limits(Some(fairness)), |_, _| {})
    }

    /// Whether the property is violated; its lasso is replayed.
    fn violates(&self, property: &str, fairness: Fairness) -> bool {
        self.is_violated(&self.explored(fairness), property, fairness)
    }

    fn is_violated(&self, report: &Report, property: &str, fairness: Fairness) -> bool {
        match report.verdict(property) {
            Some(Verdict::Holds(None)) => false,
            Some(Verdict::Violated(Some(path))) => {
                self.assert_shown(property, path, fairness);
                true
            }
            other => panic!("{property}: {other:?}"),
        }
    }

    /// Judges the lasso by the model alone.
    fn assert_shown(&self, property: &str, path: &Path, fairness: Fairness) {
        let (mut state, mut walked) = (0, Vec::new());
        for step in path.iter() {
            let step = self.steps[state as usize][*step];
            walked.push((state, step));
            state = step.to;
        }
        let begins = walked.iter().position(|(earlier, _)| *earlier == state).unwrap_or(walked.len());
        let Repeated { starved, violated } = repeated(self, &walked[begins..], &state);
        assert!(violated.iter().any(|(name, _)| *name == property), "{property}: {walked:?} in {self:?}");
        assert!(fairness == Fairness::None || starved.is_none(), "{property}: {starved:?} by {walked:?} in {self:?}");
    }
}
