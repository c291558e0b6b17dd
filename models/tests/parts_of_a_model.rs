//! This crate's search and stateright's respect every part of a model and every limit: several initial states, a
//! boundary, and each kind of property.

use multimaster::{Dot, MasterId};
use multimaster_models::check::engine::{self, Cut, Finding, Limits, Path, Report, Verdict};
use multimaster_models::check::erased::Erased;
use multimaster_models::check::stateright_engine::{self, How, MOST_PROPERTIES, disagreement};
use multimaster_models::model::{Model, Property, Sent};
use multimaster_models::properties::FALLS_SILENT;
use multimaster_models::report::check::cut_in_words;
use multimaster_models::report::explorer;
use multimaster_models::report::trace::{self, Trace};
use multimaster_models::subject::{Arrow, Subject};
use std::time::{Duration, Instant};

/// Numbers that count up to a last one. One step in ten sends a change.
#[derive(Clone)]
struct Count {
    starts: Vec<u32>,
    last: u32,
    boundary: u32,
    /// The number after the last one.
    back: Option<u32>,
    /// The duration of a step.
    pause: Duration,
    properties: fn() -> Vec<Property<Count>>,
}

const FROM_0_TO_9: Count = Count {
    starts: Vec::new(),
    last: 9,
    boundary: u32::MAX,
    back: None,
    pause: Duration::ZERO,
    properties: || vec![Property::always("small", |_, state| *state < 100), Property::sometimes("3", |_, s| *s == 3)],
};

impl Model for Count {
    type State = u32;
    type Action = ();

    fn init_states(&self) -> Vec<u32> {
        if self.starts.is_empty() { vec![0] } else { self.starts.clone() }
    }

    fn actions(&self, _: &u32, actions: &mut Vec<()>) {
        actions.push(());
    }

    fn step(&self, state: &u32, (): &()) -> Option<(u32, Sent)> {
        std::thread::sleep(self.pause);
        let next = if *state % 100 == self.last { self.back? } else { state + 1 };
        let sent = state.is_multiple_of(10).then(|| Dot::new(MasterId(0), u64::from(*state) + 1));
        Some((next, sent.into_iter().collect()))
    }

    fn within_boundary(&self, state: &u32) -> bool {
        *state <= self.boundary
    }

    fn properties(&self) -> Vec<Property<Count>> {
        (self.properties)()
    }
}

impl Subject for Count {
    fn describe(&self, state: &u32, (): &()) -> String {
        format!("on from {state}")
    }

    fn remark(&self, _: &u32, (): &()) -> Option<String> {
        None
    }

    fn masters(&self) -> Vec<String> {
        vec!["A".into()]
    }

    fn readings(&self, state: &u32) -> Vec<String> {
        vec![state.to_string()]
    }

    fn complaint(&self, property: &str, state: &u32) -> Option<String> {
        (property == "small" && *state >= 100).then(|| format!("{state} is not small"))
    }

    fn arrow(&self, _: &u32, (): &()) -> Arrow {
        Arrow::At(0, "on".into())
    }
}

/// Explores with three engines, checks that their results are equal, and returns this crate's report.
fn agreed(count: &Count) -> Report {
    let ours = engine::explore(count, Limits::default(), |_, _| {});
    for (how, theirs) in by_stateright(count, Limits::default()) {
        if ours.cut.is_none() {
            assert_eq!(disagreement(&ours, &theirs), None, "{how:?}");
        }
        assert_eq!((theirs.cut, theirs.states, theirs.generated), (ours.cut, ours.states, ours.generated), "{how:?}");
        let same = |(one, other): (&Finding, &Finding)| told(&one.verdict) == told(&other.verdict);
        assert!(ours.findings.iter().zip(&theirs.findings).all(same), "{how:?}: {ours:?}, {theirs:?}");
    }
    ours
}

/// A verdict without its path, which may differ.
fn told(verdict: &Verdict) -> (&'static str, bool) {
    match verdict {
        Verdict::Holds(path) => ("holds", path.is_some()),
        Verdict::Violated(path) => ("violated", path.is_some()),
        Verdict::NotExhausted => ("not exhausted", false),
        Verdict::NotJudged(_) => ("not judged", false),
    }
}

fn by_stateright(count: &Count, limits: Limits) -> [(How, Report); 2] {
    [How::Bfs, How::Dfs].map(|how| (how, stateright_engine::explore(Erased::new(count.clone()), how, limits)))
}

#[test]
fn a_later_initial_state_that_violates_is_found_replayed_and_addressed() {
    let count = Count { starts: vec![0, 107, 98], ..FROM_0_TO_9 };
    let report = agreed(&count);
    assert_eq!((report.states, report.depth, report.cut), (10 + 3 + 9, 9, None));
    let small = Path { start: 1, steps: Vec::new() };
    assert_eq!(report.verdict("small"), Some(&Verdict::Violated(Some(small.clone()))));
    assert_eq!(explorer::address(&small), "#/steps/1");

    let text = trace::write(&count, "counting", "small", &small);
    assert_eq!(text, "# 107 is not small\nscenario counting\nstart 2\nviolates small\n\n");
    let replayed = Trace::parse("counting.trace", &text).unwrap().replay(&count).unwrap();
    assert_eq!((&replayed.wrong, &replayed.path), (&Vec::new(), &small));
    // Without the line, the schedule is another.
    let first = Trace::parse("counting.trace", &text.replace("start 2\n", "")).unwrap().replay(&count).unwrap();
    assert_eq!(first.wrong.len(), 1);
}

#[test]
fn a_schedule_from_a_later_initial_state_has_its_steps() {
    let count = Count { starts: vec![5, 98], ..FROM_0_TO_9 };
    let report = agreed(&count);
    let two_steps = Path { start: 1, steps: vec![0, 0] };
    assert_eq!(report.verdict("small"), Some(&Verdict::Violated(Some(two_steps.clone()))));
    assert_eq!(report.verdict("3"), Some(&Verdict::Violated(None)));
    assert_eq!(explorer::address(&two_steps), "#/steps/1/0/0");
    let text = trace::write(&count, "counting", "small", &two_steps);
    let replayed = Trace::parse("counting.trace", &text).unwrap().replay(&count).unwrap();
    assert_eq!((&replayed.wrong, &replayed.path), (&Vec::new(), &two_steps));
    assert!(multimaster_models::report::table::schedule(&replayed).contains("step, from initial state 2"));
}

#[test]
fn initial_states_that_are_not_there_are_refused() {
    let trace = |start: &str| format!("scenario counting\n{start}\nviolates small\n");
    for (start, said) in [("start 0", "from 1"), ("start x", "from 1"), ("start 2", "the model has 1")] {
        let replayed =
            Trace::parse("counting.trace", &trace(start)).and_then(|trace| trace.replay(&FROM_0_TO_9).map(|_| ()));
        let fault = replayed.unwrap_err();
        assert!(fault.line == 2 && fault.what.contains(said), "{fault}");
    }
}

#[test]
fn a_loop_from_a_later_initial_state_is_found() {
    let count = Count { starts: vec![3, 2, 10, 0, 3], last: 12, back: Some(10), ..FROM_0_TO_9 };
    let report = agreed(&count);
    assert_eq!((report.states, report.generated), (13, 17));
    let around = Path { start: 2, steps: vec![0, 0, 0] };
    assert_eq!(report.verdict(FALLS_SILENT), Some(&Verdict::Violated(Some(around))));
}

#[test]
fn beyond_the_boundary_nothing_is_explored_and_nothing_holds() {
    let count = Count { boundary: 5, ..FROM_0_TO_9 };
    let report = agreed(&count);
    assert_eq!((report.states, report.depth, report.cut), (6, 5, Some(Cut::Boundary)));
    assert_eq!(report.verdict("small"), Some(&Verdict::NotExhausted));
    assert_eq!(report.verdict(FALLS_SILENT), Some(&Verdict::NotExhausted));
    assert_eq!(report.messages, None);
    // A witness reached before the limit stays reached.
    assert_eq!(report.verdict("3"), Some(&Verdict::Holds(Some(vec![0, 0, 0].into()))));
    assert!(cut_in_words(Cut::Boundary).contains("boundary"));
}

#[test]
fn a_boundary_that_nothing_lies_beyond_cuts_nothing() {
    let report = agreed(&Count { boundary: 9, ..FROM_0_TO_9 });
    assert_eq!((report.states, report.cut), (10, None));
    assert_eq!(report.verdict("small"), Some(&Verdict::Holds(None)));
}

#[test]
fn initial_states_beyond_the_boundary_are_left_out_and_counted_all_the_same() {
    let report = agreed(&Count { starts: vec![107, 2, 99], boundary: 106, ..FROM_0_TO_9 });
    assert_eq!(report.cut, Some(Cut::Boundary));
    assert_eq!(report.verdict("small"), Some(&Verdict::Violated(Some(Path { start: 2, steps: vec![0] }))));
    let none = agreed(&Count { boundary: 0, starts: vec![1], ..FROM_0_TO_9 });
    assert_eq!((none.states, none.cut), (0, Some(Cut::Boundary)));
    assert_eq!(none.verdict("small"), Some(&Verdict::NotExhausted));
}

#[test]
fn what_is_to_come_true_eventually_is_named_and_not_judged() {
    let properties: fn() -> Vec<Property<Count>> = || {
        vec![
            Property::eventually("the end", |_, state| *state == 9),
            Property::always("small", |_, state| *state < 100),
            Property::eventually("nothing", |_, _| false),
        ]
    };
    let report = agreed(&Count { properties, ..FROM_0_TO_9 });
    for name in ["the end", "nothing"] {
        let Some(Verdict::NotJudged(why)) = report.verdict(name) else { panic!("{name}: {report:?}") };
        assert!(why.contains("`eventually`") && why.contains("`always`"), "{why}");
    }
    assert_eq!(report.verdict("small"), Some(&Verdict::Holds(None)));
    assert_eq!(report.cut, None);
}

#[test]
fn limits_end_stateright_too() {
    let count = Count { last: 90, ..FROM_0_TO_9 };
    let limits = Limits { states: 10, ..Limits::default() };
    for (how, report) in by_stateright(&count, limits) {
        assert_eq!(report.cut, Some(Cut::States(10)), "{how:?}");
        assert!(report.states <= 12, "{} states, {how:?}", report.states);
        assert_eq!(report.verdict("small"), Some(&Verdict::NotExhausted), "{how:?}");
        assert_eq!(report.verdict(FALLS_SILENT), Some(&Verdict::NotExhausted), "{how:?}");
        assert!(matches!(report.verdict("3"), Some(Verdict::Holds(Some(_)))), "{how:?}");
    }
    for (how, report) in by_stateright(&count, Limits { states: 91, ..limits }) {
        assert_eq!((report.cut, report.states), (None, 91), "{how:?}");
    }
    let violated = Count { starts: vec![0, 150], ..count };
    for (how, report) in by_stateright(&violated, Limits { until: Some("small"), ..Limits::default() }) {
        assert_eq!(report.cut, Some(Cut::Found), "{how:?}");
        assert!(matches!(report.verdict("small"), Some(Verdict::Violated(Some(_)))), "{how:?}");
    }
}

#[test]
fn a_limit_of_time_ends_all_of_them_even_where_steps_are_slow() {
    let count = Count { last: 90, pause: Duration::from_millis(20), ..FROM_0_TO_9 };
    let limits = Limits { time: Duration::from_millis(60), ..Limits::default() };
    let started = Instant::now();
    let ours = engine::explore(&count, limits, |_, _| {});
    let [(_, bfs), (_, dfs)] = by_stateright(&count, limits);
    for report in [ours, bfs, dfs] {
        assert_eq!(report.cut, Some(Cut::Time(limits.time)));
        assert_eq!(report.verdict("small"), Some(&Verdict::NotExhausted));
    }
    assert!(started.elapsed() < Duration::from_millis(1600), "{:?}", started.elapsed());
}

#[test]
#[cfg(target_os = "linux")]
fn a_limit_of_memory_ends_all_of_them_and_what_was_found_stands() {
    let count = Count { starts: vec![0, 150], last: 90, pause: Duration::from_millis(1), ..FROM_0_TO_9 };
    let limits = Limits { memory: Some(1 << 20), ..Limits::default() };
    let ours = engine::explore(&count, limits, |_, _| {});
    let [(_, bfs), (_, dfs)] = by_stateright(&count, limits);
    for report in [ours, bfs, dfs] {
        assert_eq!(report.cut, Some(Cut::Memory(1 << 20)));
        assert!(matches!(report.verdict("small"), Some(Verdict::Violated(Some(_)))), "{report:?}");
        assert_eq!(report.verdict(FALLS_SILENT), Some(&Verdict::NotExhausted));
    }
    assert_eq!(cut_in_words(Cut::Memory(1 << 30)), "stopped at 1024 MB of memory");
}

#[test]
fn stateright_can_be_asked_so_many_properties_and_our_search_more() {
    let report = stateright_engine::explore(Erased::new(asked::<MOST_PROPERTIES>()), How::Bfs, Limits::default());
    assert_eq!(violated(&report), MOST_PROPERTIES);
    let report = engine::explore(&asked::<{ MOST_PROPERTIES + 1 }>(), Limits::default(), |_, _| {});
    assert_eq!(violated(&report), MOST_PROPERTIES + 1);
}

#[test]
#[should_panic(expected = "129 properties: stateright can be asked at most 128")]
fn one_more_is_refused_in_words() {
    stateright_engine::explore(Erased::new(asked::<{ MOST_PROPERTIES + 1 }>()), How::Bfs, Limits::default());
}

/// A count with this number of properties, each false in the last state.
fn asked<const PROPERTIES: usize>() -> Count {
    let properties: fn() -> Vec<Property<Count>> = || {
        let names = (0..PROPERTIES).map(|place| -> &'static str { format!("p{place}").leak() });
        names.map(|name| Property::always(name, |_, state| *state < 9)).collect()
    };
    Count { properties, ..FROM_0_TO_9 }
}

fn violated(report: &Report) -> usize {
    let violated = |finding: &&Finding| matches!(finding.verdict, Verdict::Violated(Some(_)));
    report.findings.iter().filter(violated).count()
}
