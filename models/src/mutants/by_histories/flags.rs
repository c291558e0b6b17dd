//! Broken flags.

use super::*;
use crate::properties::specification as spec;
use crate::properties::*;
use multimaster::resolver::{Dotted, Toggle};
use multimaster::{Change, DisableWinsFlag, Dot, EnableWinsFlag, Op, Reading, Timestamp};

/// The dots of the stored operations.
fn held(state: &Dotted<bool>) -> Vec<Dot> {
    let (dot, timestamp) = (Dot::new(MasterId(0), 1), Timestamp::new(1, MasterId(0)));
    let toggle = EnableWinsFlag.prepare(state, Op::Disable, dot, timestamp);
    toggle.map(|toggle| toggle.gone.to_vec()).unwrap_or_default()
}

/// The change, as if its writer had stored these dots.
fn naming(change: &Change<Toggle>, gone: Vec<Dot>) -> Change<Toggle> {
    Change { effect: Toggle { gone: gone.into(), on: change.effect.on }, ..change.clone() }
}

pub(super) const RULES: &[BrokenRule] = &[
    BrokenRule::new("enable-wins-flag", "a disable removes every enable", NO_POLICY_LOSS, (2, 3), || {
        apply(EnableWinsFlag, |rule, state, change| match change.effect.on {
            true => rule.apply(state, change),
            false => rule.apply(state, &naming(change, held(state))),
        })
    }),
    BrokenRule::new("enable-wins-flag", "enabling a flag that is on is dropped", CONVERGENCE, (3, 6), || {
        apply(EnableWinsFlag, |rule, state, change| {
            let again = change.effect.on && *state != Dotted::default();
            !again && rule.apply(state, change)
        })
    }),
    BrokenRule::new("enable-wins-flag", "two enables cancel each other", NO_CAUSAL_LOSS, (2, 3), || {
        read(EnableWinsFlag, |_, state| Reading::Flag(state.items().count() % 2 == 1))
    }),
    BrokenRule::new("enable-wins-flag", "a disable misses the oldest enable", NO_RESURRECTION, (3, 4), || {
        prepare(EnableWinsFlag, |rule, state, op, dot, timestamp| {
            let mut toggle = rule.prepare(state, op, dot, timestamp)?;
            if toggle.gone.len() > 1 {
                toggle.gone.remove(0);
            }
            Ok(toggle)
        })
    }),
    BrokenRule::new("disable-wins-flag", "an enable removes no disable", NO_CAUSAL_LOSS, (2, 2), || {
        apply(DisableWinsFlag, |rule, state, change| match change.effect.on {
            true => rule.apply(state, &naming(change, Vec::new())),
            false => rule.apply(state, change),
        })
    }),
    BrokenRule::new("disable-wins-flag", "disabling a flag that is off is dropped", CONVERGENCE, (2, 4), || {
        apply(DisableWinsFlag, |rule, state, change| {
            let skipped = !change.effect.on && rule.read(state) == Reading::Flag(false);
            !skipped && rule.apply(state, change)
        })
    }),
    BrokenRule::new("disable-wins-flag", "the greatest dot decides", SPECIFICATION, (2, 3), || {
        read(DisableWinsFlag, |_, state| Reading::Flag(state.items().last() == Some(&true)))
            .specified(spec::disable_wins_flag)
    }),
];
