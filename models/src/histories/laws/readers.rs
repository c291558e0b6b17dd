//! Observational equivalence: two states that no reader can tell apart count as equal.

use super::history::History;
use super::{ELSEWHERE, READER, WRITES};
use multimaster::{Change, Op, Resolver};

/// The readings by which a reader can tell two states apart: now, or after one more write, here or at another master
/// that has seen any part of this. States that differ only in something that no reader ever sees count as equal, such
/// as which of two equal values was kept.
pub(super) fn told_apart<R: Resolver>(
    rule: &R,
    operations: &[Op],
    history: &History<R>,
    one: &R::State,
    other: &R::State,
) -> Option<(String, String)> {
    let reads = |state: &R::State| rule.read(state).to_string();
    if reads(one) != reads(other) {
        let shown = |state: &R::State| format!("reads {}, keeps {state:?}", reads(state));
        return Some((shown(one), shown(other)));
    }
    let with = |state: &R::State, change: &Change<R::Effect>| {
        let mut state = state.clone();
        rule.apply(&mut state, change);
        reads(&state)
    };
    let everything = !0;
    for op in operations {
        let here = |state| history.next(rule, state, op, READER, everything, 0);
        if let (Some(after_one), Some(after_other)) = (here(one), here(other)) {
            let told = (with(one, &after_one), with(other, &after_other));
            if told.0 != told.1 {
                return Some(history.with_one_more(op, READER, everything, told));
            }
        }
        for (seen, state) in &history.states {
            // Writes of other keys may have advanced its clock.
            for late in 0..WRITES as u64 {
                let Some(change) = history.next(rule, state, op, ELSEWHERE, *seen, late) else { continue };
                let told = (with(one, &change), with(other, &change));
                if told.0 != told.1 {
                    return Some(history.with_one_more(op, ELSEWHERE, *seen, told));
                }
            }
        }
    }
    None
}
