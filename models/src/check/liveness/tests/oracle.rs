//! The judgement against fixpoints on sets of states (Emerson and Lei, "Efficient model checking in fragments of the
//! propositional mu-calculus", 1986), which know nothing of components.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A state or a step that a schedule must pass again and again.
#[derive(Clone, Copy)]
enum Again {
    /// A state that does not enable the class, or a step of it.
    Fair(u64),
    Bad,
    Sent,
}

/// The states that a schedule from the first state can reach.
fn reachable(drawn: &Drawn) -> Vec<bool> {
    let mut reached = vec![false; drawn.steps.len()];
    let mut ahead = vec![0];
    while let Some(state) = ahead.pop() {
        if !std::mem::replace(&mut reached[state as usize], true) {
            ahead.extend(drawn.steps[state as usize].iter().map(|step| step.to));
        }
    }
    reached
}

/// The states from which a schedule can stay within `within` and pass each of `again` for ever: the greatest set Z from
/// each of whose states, for each constraint, a path within Z leads to it. A schedule may also stay where it is.
fn fair(drawn: &Drawn, within: Vec<bool>, again: &[Again]) -> Vec<bool> {
    let alters = |from: usize, step: &Drawing| step.to as usize != from;
    let mut all = within;
    loop {
        let before = all.clone();
        for constraint in again {
            let passes = |state: usize| match constraint {
                Again::Fair(class) => {
                    let mut enabled =
                        drawn.steps[state].iter().filter(|step| step.class == *class && alters(state, step));
                    enabled.clone().next().is_none() || enabled.any(|step| all[step.to as usize])
                }
                Again::Bad => drawn.bad[state],
                Again::Sent => drawn.steps[state].iter().any(|step| step.sends && all[step.to as usize]),
            };
            let mut leads: Vec<bool> = (0..all.len()).map(|state| all[state] && passes(state)).collect();
            loop {
                let more = |state: &usize| {
                    all[*state] && !leads[*state] && drawn.steps[*state].iter().any(|step| leads[step.to as usize])
                };
                let Some(state) = (0..all.len()).find(more) else { break };
                leads[state] = true;
            }
            all = leads;
        }
        if all == before {
            return all;
        }
    }
}

/// The verdicts of the oracle: whether each property is violated.
fn judged(drawn: &Drawn, fairness: Fairness) -> Vec<(&'static str, bool)> {
    let reached = reachable(drawn);
    let classes: Vec<Again> = match fairness {
        Fairness::Weak => (1..=4).map(Again::Fair).collect(),
        Fairness::None => Vec::new(),
    };
    let any = |within: Vec<bool>, more: &[Again]| fair(drawn, within, &[&classes[..], more].concat()).contains(&true);
    let open = |bit: u64| (0..reached.len()).map(|state| reached[state] && drawn.open[state] >> bit & 1 == 1).collect();
    let mut verdicts = vec![(GOOD, any(reached.clone(), &[Again::Bad])), (MET, (0..2).any(|bit| any(open(bit), &[])))];
    if fairness == Fairness::Weak {
        verdicts.push((FALLS_SILENT_IF_FAIR, any(reached.clone(), &[Again::Sent])));
    }
    verdicts
}

/// Graphs of at most nine states, with parallel edges, self-loops, ends and unreachable parts.
fn drawn() -> impl Strategy<Value = Drawn> {
    (1_usize..10).prop_flat_map(|states| {
        let step = (0..states as u32, 0_u64..5, prop::bool::weighted(0.2));
        let step = step.prop_map(|(to, class, sends)| Drawing { to, class, sends });
        let steps = prop::collection::vec(prop::collection::vec(step, 0..4), states);
        let bad = prop::collection::vec(prop::bool::weighted(0.3), states);
        let open = prop::collection::vec(0_u64..4, states);
        (steps, bad, open).prop_map(|(steps, bad, open)| Drawn { steps, bad, open, outside: Vec::new() })
    })
}

#[test]
fn the_verdicts_on_ten_thousand_random_graphs_are_those_of_fixpoints() {
    let mut seen = std::collections::BTreeMap::new();
    let mut runner = TestRunner::new(Config { cases: 10_000, failure_persistence: None, ..Config::default() });
    let count = std::cell::RefCell::new(&mut seen);
    let compared = runner.run(&drawn(), |drawn| {
        for fairness in [Fairness::Weak, Fairness::None] {
            let report = drawn.explored(fairness);
            for (property, is_violated) in judged(&drawn, fairness) {
                let ours = drawn.is_violated(&report, property, fairness);
                prop_assert_eq!(ours, is_violated, "{} {:?}", property, fairness);
                *count.borrow_mut().entry((property, fairness == Fairness::Weak, ours)).or_insert(0) += 1;
            }
        }
        Ok(())
    });
    compared.unwrap();
    // Each verdict occurs often.
    assert_eq!(seen.len(), 10, "{seen:?}");
    assert!(seen.values().all(|times| *times > 200), "{seen:?}");
}
