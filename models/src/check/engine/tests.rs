use super::*;
use crate::check::silence::Graph;
use crate::model::{Model, Property, Sent};
use crate::subject::Arrow;
use multimaster::{Dot, MasterId};

/// Steps from each number to its successor and its double, up to `last`. Most steps send a change of their own.
struct Numbered {
    last: u64,
    full_from: u64,
}

impl Model for Numbered {
    type State = u64;
    type Action = u64;

    fn is_full(&self) -> bool {
        self.full_from <= 5
    }

    fn init_states(&self) -> Vec<u64> {
        vec![1]
    }

    fn actions(&self, state: &u64, actions: &mut Vec<u64>) {
        actions.extend([state + 1, state * 2]);
    }

    fn step(&self, _: &u64, next: &u64) -> Option<(u64, Sent)> {
        (*next <= self.last).then(|| (*next, Sent::from_slice(&[Dot::new(MasterId(0), (*next).min(200))])))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("below 5", |_, state| *state < 5),
            Property::always("below 1000", |_, state| *state < 1000),
            Property::sometimes("4", |_, state| *state == 4),
        ]
    }
}

impl Subject for Numbered {
    fn describe(&self, _: &u64, next: &u64) -> String {
        next.to_string()
    }

    fn remark(&self, _: &u64, _: &u64) -> Option<String> {
        None
    }

    fn masters(&self) -> Vec<String> {
        vec!["A".into()]
    }

    fn readings(&self, state: &u64) -> Vec<String> {
        vec![state.to_string()]
    }

    fn complaint(&self, _: &str, _: &u64) -> Option<String> {
        None
    }

    fn arrow(&self, _: &u64, next: &u64) -> Arrow {
        Arrow::At(0, next.to_string())
    }
}

const HUNDRED: Numbered = Numbered { last: 100, full_from: u64::MAX };

/// The report, which is the same on any number of threads.
fn within(limits: Limits, numbers: Numbers) -> Report {
    let on = |threads, large| {
        let limits = Limits { threads: Some(threads), large, ..limits };
        Report { time: Duration::ZERO, ..explore_within(&HUNDRED, limits, numbers, |_, _| {}) }
    };
    let alone = on(1, usize::MAX);
    for (threads, large) in [(2, 1), (2, 5), (3, 2)] {
        assert_eq!(format!("{:?}", on(threads, large)), format!("{alone:?}"), "{threads} threads");
    }
    alone
}

#[test]
fn an_unlimited_exploration_is_exhausted() {
    let report = within(Limits::default(), Numbers::default());
    assert_eq!((report.cut, report.states, report.messages), (None, 100, Some(1)));
    assert_eq!(report.verdict("below 1000"), Some(&Verdict::Holds(None)));
    assert!(report.mistaken > 0.0 && report.mistaken < 1e-15, "{}", report.mistaken);
}

/// Asserts that the verdicts found before the cut stand, and that nothing else is said to hold.
fn assert_cut(report: &Report, cut: Cut) {
    assert_eq!(report.cut, Some(cut));
    assert_eq!(report.verdict("below 5"), Some(&Verdict::Violated(Some(vec![0, 0, 1].into()))), "{cut:?}");
    assert_eq!(report.verdict("4"), Some(&Verdict::Holds(Some(vec![0, 1].into()))), "{cut:?}");
    assert_eq!(report.verdict("below 1000"), Some(&Verdict::NotExhausted), "{cut:?}");
    assert_eq!(report.verdict(FALLS_SILENT), Some(&Verdict::NotExhausted), "{cut:?}");
    assert_eq!(report.messages, None, "{cut:?}");
    assert!((5..=100).contains(&report.states), "{} states, {cut:?}", report.states);
}

#[test]
fn running_out_of_numbers_ends_an_exploration() {
    let most = Numbers::default();
    for (numbers, what) in [
        (Numbers { states: 20, ..most }, Counted::States),
        (Numbers { edges: 40, ..most }, Counted::Edges),
        (Numbers { labels: 20, ..most }, Counted::Labels),
    ] {
        assert_cut(&within(Limits::default(), numbers), Cut::Numbers(what));
    }
    let report = within(Limits::default(), Numbers { steps: 1, ..most });
    assert_eq!(report.cut, Some(Cut::Numbers(Counted::Steps)));
    assert_eq!(report.verdict("below 1000"), Some(&Verdict::NotExhausted));
    let full = Numbered { full_from: 0, ..HUNDRED };
    let report = explore(&full, Limits::default(), |_, _| {});
    assert_eq!((report.cut, report.states), (Some(Cut::Numbers(Counted::Parts)), 2));
    assert_eq!(report.verdict("4"), Some(&Verdict::NotExhausted));
}

#[test]
fn a_limit_equal_to_the_count_cuts_nothing() {
    let numbers = Numbers { states: 100, steps: 2, labels: 99, ..Numbers::default() };
    assert_eq!(within(Limits { states: 100, ..Limits::default() }, numbers).cut, None);
    let less = Numbers { states: 99, ..numbers };
    assert_eq!(within(Limits::default(), less).cut, Some(Cut::Numbers(Counted::States)));
    assert_cut(&within(Limits { states: 99, ..Limits::default() }, numbers), Cut::States(99));
}

#[test]
fn the_limit_of_states_is_checked_at_every_step() {
    let report = within(Limits { states: 1, ..Limits::default() }, Numbers::default());
    assert_eq!((report.cut, report.states, report.frontier), (Some(Cut::States(1)), 1, 1));
}

#[test]
fn the_limit_of_time_leaves_verdicts_open() {
    let report = within(Limits { time: Duration::ZERO, ..Limits::default() }, Numbers::default());
    assert_eq!(report.cut, Some(Cut::Time(Duration::ZERO)));
    let undecided = |finding: &&Finding| finding.verdict == Verdict::NotExhausted;
    assert_eq!(report.findings.iter().filter(undecided).count(), report.findings.len());
}

#[test]
fn safety_alone_has_the_same_verdicts_but_for_silence() {
    let (whole, alone) = (Limits::default(), Limits { safety: true, ..Limits::default() });
    let (whole, alone) = (within(whole, Numbers::default()), within(alone, Numbers::default()));
    for (one, other) in whole.findings.iter().zip(&alone.findings) {
        let verdict = if one.property == FALLS_SILENT { &Verdict::NotJudged(SAFETY_ONLY) } else { &one.verdict };
        assert_eq!((other.property, &other.verdict), (one.property, verdict));
    }
    let figures = |report: &Report| (report.states, report.generated, report.depth, report.cut);
    assert_eq!(figures(&alone), figures(&whole));
    assert_eq!((whole.messages, alone.messages), (Some(1), None));
}

#[test]
fn silence_is_not_judged_without_enough_memory() {
    let graph = |room| {
        let mut graph = Graph::new(Numbers::default(), 1);
        let sent = Sent::from_slice(&[Dot::new(MasterId(0), 1)]);
        graph.begin(0).unwrap();
        graph.edge(1, 0, &sent).unwrap();
        graph.begin(1).unwrap();
        graph.silence(&graph.ways(2), room)
    };
    assert_eq!(graph(None), Silence::Ends { messages: Some(1) });
    assert_eq!(graph(Some(1000)), Silence::Ends { messages: Some(1) });
    assert_eq!(graph(Some(10)), Silence::TooLarge);
}

/// A count of messages that exceeds a `u16` is reported as unknown.
#[test]
fn too_many_messages_are_reported_as_unknown() {
    let messages = |times: usize| {
        let mut graph = Graph::new(Numbers::default(), 1);
        let sent = Sent::from_elem(Dot::new(MasterId(0), 1), times);
        for state in 0..3 {
            graph.begin(state).unwrap();
            graph.edge(state as u32 + 1, 0, &sent).unwrap();
        }
        graph.begin(3).unwrap();
        graph.silence(&graph.ways(4), None)
    };
    assert_eq!(messages(20_000), Silence::Ends { messages: Some(60_000) });
    assert_eq!(messages(30_000), Silence::Ends { messages: None });
    assert_eq!(messages(70_000), Silence::Ends { messages: None });
}

/// More states than one block of edges holds.
#[test]
fn paths_are_found_across_blocks() {
    let report = explore(&Numbered { last: 20_000, ..HUNDRED }, Limits::default(), |_, _| {});
    assert_eq!((report.cut, report.states), (None, 20_000));
    let Some(Verdict::Violated(Some(path))) = report.verdict("below 1000") else { panic!("it is violated") };
    let end = path.iter().fold(1, |number, step| if *step == 0 { number + 1 } else { number * 2 });
    assert!((1000..1100).contains(&end) && path.len() == 10, "{path:?} leads to {end}");
}
