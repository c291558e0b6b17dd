//! Each rule of the judgement on a graph of a few states.

use super::*;
use crate::properties::FALLS_SILENT;
use Fairness::{None as Unfair, Weak};

fn violated(drawn: &Drawn) -> [bool; 3] {
    [GOOD, MET, FALLS_SILENT_IF_FAIR].map(|property| drawn.violates(property, Weak))
}

#[test]
fn a_schedule_stays_where_nothing_has_to_happen() {
    // The one step need not come.
    let may = Drawn::of(2, &[(0, 1, 0, false)]).bad(&[0]).open(3, &[0]);
    assert_eq!(violated(&may), [true, true, false]);
    // The one step must come.
    let must = Drawn::of(2, &[(0, 1, 1, false)]).bad(&[0]).open(3, &[0]);
    assert_eq!(violated(&must), [false, false, false]);
    // Without fairness, it need not come.
    assert!(must.violates(GOOD, Unfair) && must.violates(MET, Unfair));
    let report = must.explored(Unfair);
    assert_eq!(report.verdict(GOOD), Some(&Verdict::Violated(Some(Path::default()))), "the stay has no steps");
    assert_eq!(report.verdict(FALLS_SILENT_IF_FAIR), None);
    // A state without a step is stayed in.
    let end = Drawn::of(2, &[(0, 1, 1, false)]).bad(&[1]).open(0, &[1]);
    assert_eq!(violated(&end), [true, true, false]);
    let Some(Verdict::Violated(Some(path))) = end.explored(Weak).verdict(GOOD).cloned() else { panic!("violated") };
    assert_eq!(path.steps, [0]);
}

#[test]
fn a_step_from_a_state_to_itself_alters_nothing() {
    // Class 1 only stutters in state 0: a schedule may stay there.
    let stutter = Drawn::of(1, &[(0, 0, 1, false)]).bad(&[0]);
    assert_eq!(violated(&stutter), [true, false, false]);
    // Class 1 also leads on: stuttering does not count as its step.
    let leads_on = Drawn::of(2, &[(0, 0, 1, false), (0, 1, 1, false)]).bad(&[0]);
    assert_eq!(violated(&leads_on), [false, false, false]);
    // A stutter that sends, where nothing has to happen, sends for ever.
    let sends = Drawn::of(2, &[(0, 0, 1, true), (0, 1, 0, false)]);
    assert_eq!(violated(&sends), [false, false, true]);
    let must_leave = Drawn::of(2, &[(0, 0, 1, true), (0, 1, 2, false)]);
    assert_eq!(violated(&must_leave), [false, false, false]);
}

#[test]
fn a_cycle_must_take_the_classes_that_all_its_states_enable() {
    // 0 and 1 alternate by class 1, and class 2 leads from both to 2.
    let both = [(0, 1, 1, true), (1, 0, 1, false), (0, 2, 2, false), (1, 2, 2, false)];
    let drawn = Drawn::of(3, &both).bad(&[1]).open(0, &[0, 1]);
    assert_eq!(violated(&drawn), [false, false, false]);
    assert!(matches!(drawn.explored(Weak).verdict(FALLS_SILENT), Some(Verdict::Violated(_))), "the round is unfair");
    // From one of them only: a schedule that goes round is fair to class 2.
    let one = Drawn::of(3, &both[..3]).bad(&[1]).open(0, &[0, 1]);
    assert_eq!(violated(&one), [true, true, true]);
    // Two obligations that alternate are each met.
    let in_turn = Drawn::of(3, &both[..3]).open(0, &[0]).open(1, &[1]);
    assert_eq!(violated(&in_turn), [false, false, true]);
}

#[test]
fn parallel_edges_are_steps_of_their_own() {
    // Two steps lead from 0 to 1, one of class 2, which is also enabled in 1. Only the second makes the cycle fair.
    let steps = [(0, 1, 1, false), (0, 1, 2, true), (1, 0, 1, false), (1, 2, 2, false)];
    let drawn = Drawn::of(3, &steps).bad(&[0]);
    assert_eq!(violated(&drawn), [true, false, true]);
    let report = drawn.explored(Weak);
    let Some(Verdict::Violated(Some(path))) = report.verdict(GOOD) else { panic!("violated") };
    assert_eq!(path.steps, [1, 0], "the cycle takes the parallel edge of class 2");
    let alone = Drawn::of(3, &[steps[0], steps[2], (0, 2, 2, false), steps[3]]).bad(&[0]);
    assert_eq!(violated(&alone), [false, false, false]);
}

#[test]
fn a_cycle_passes_several_classes_and_several_states() {
    // A large cycle 0 1 2 3 and a chord 0 2: class 7 leads out of 0 and 2, and is not enabled in 1 and 3.
    let steps = [
        (0, 1, 1, false),
        (1, 2, 1, false),
        (2, 3, 2, false),
        (3, 0, 2, false),
        (0, 2, 3, false),
        (2, 0, 4, false),
        (0, 4, 7, false),
        (2, 4, 7, false),
    ];
    let drawn = Drawn::of(5, &steps).bad(&[2]);
    assert_eq!(violated(&drawn), [true, false, false]);
}

#[test]
fn an_obligation_is_open_in_a_part_of_a_component() {
    // In the component 0 1 2, the obligation is open in 1 and 2, which alternate without passing 0.
    let steps = [(0, 1, 1, false), (1, 2, 1, false), (2, 1, 1, false), (2, 0, 2, false)];
    let drawn = Drawn::of(3, &steps).open(5, &[1, 2]);
    // Class 2 is not enabled in 1, so it need not come.
    assert!(drawn.violates(MET, Weak));
    // Now class 2 is enabled in 1, too, and leads to 0.
    let steps = [&steps[..], &[(1, 0, 2, false)]].concat();
    assert!(!Drawn::of(3, &steps).open(5, &[1, 2]).violates(MET, Weak));
}

#[test]
fn a_cut_exploration_never_says_that_a_liveness_property_holds() {
    // State 2 lies outside. The step to it must come, although the graph lacks it.
    let steps = [(0, 1, 1, false), (1, 2, 2, false)];
    let mut drawn = Drawn::of(3, &steps).bad(&[0, 1]).open(0, &[1]);
    drawn.outside = vec![2];
    let report = drawn.explored(Weak);
    assert_eq!(report.cut, Some(Cut::Boundary));
    for property in [GOOD, MET, FALLS_SILENT_IF_FAIR] {
        assert_eq!(report.verdict(property), Some(&Verdict::NotExhausted), "{property}");
    }
    // The same on a cycle: class 2 leads out of both its states.
    let steps = [(0, 1, 1, true), (1, 0, 1, true), (0, 2, 2, false), (1, 2, 2, false)];
    let mut drawn = Drawn::of(3, &steps).bad(&[0, 1]).open(0, &[0, 1]);
    drawn.outside = vec![2];
    assert!(
        [GOOD, MET, FALLS_SILENT_IF_FAIR]
            .iter()
            .all(|property| drawn.explored(Weak).verdict(property) == Some(&Verdict::NotExhausted))
    );
    // A violation that was found counts: no class leads out of 1.
    let mut drawn = Drawn::of(3, &[(0, 1, 1, false), (0, 2, 2, false)]).bad(&[1]).open(0, &[1]);
    drawn.outside = vec![2];
    let report = drawn.explored(Weak);
    assert_eq!(report.cut, Some(Cut::Boundary));
    for property in [GOOD, MET] {
        assert!(matches!(report.verdict(property), Some(Verdict::Violated(Some(_)))), "{property}");
    }
    // A limit leaves the property open.
    let long: Vec<_> = (0..9).map(|state| (state, state + 1, 1, false)).collect();
    let few = Limits { states: 4, ..limits(Some(Weak)) };
    let report = engine::explore(&Drawn::of(10, &long).bad(&[9]), few, |_, _| {});
    assert_eq!(report.verdict(GOOD), Some(&Verdict::NotExhausted));
    // Nothing is judged that was not asked.
    assert_eq!(engine::explore(&drawn, limits(None), |_, _| {}).verdict(GOOD), None);
}
