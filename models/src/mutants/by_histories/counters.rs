//! Broken counters.

use super::*;
use crate::properties::specification as spec;
use crate::properties::*;
use multimaster::resolver::{Deal, Escrow};
use multimaster::{BoundedCounter, Change, Counter, Dot, GrowOnlyCounter, Op, Reading, Refusal, Timestamp};

/// The effect of a sale, as if the master had this many rights.
fn selling(
    rights: u64,
    rule: &BoundedCounter,
    state: &Escrow,
    op: Op,
    (dot, timestamp): (Dot, Timestamp),
) -> Result<Deal, Refusal> {
    match op {
        Op::Add(amount) if amount < 0 && amount.unsigned_abs() <= rights => Ok(Deal::Spend(amount.unsigned_abs())),
        _ => rule.prepare(state, op, dot, timestamp),
    }
}

/// The rights that the master has transferred to others.
fn handed_over(state: &Escrow, at: MasterId) -> u64 {
    state.account(at).map_or(0, |account| account.given.values().sum())
}

pub(super) const RULES: &[BrokenRule] = &[
    BrokenRule::new("counter", "an add writes the total that was read", NO_CAUSAL_LOSS, (2, 3), || {
        prepare(Counter, |rule, state, op, dot, timestamp| {
            let amount = rule.prepare(state, op, dot, timestamp)?;
            let foreign: i64 = state.iter().filter(|(at, _)| **at != dot.origin()).map(|(_, t)| t.added as i64).sum();
            Ok(amount + foreign)
        })
    }),
    BrokenRule::new("counter", "a repeated add counts once", NO_CAUSAL_LOSS, (2, 2), || {
        apply(Counter, |rule, state, change| {
            let again = state.get(&change.dot.origin()).is_some_and(|tally| tally.added as i64 == change.effect);
            !again && rule.apply(state, change)
        })
    }),
    BrokenRule::new("counter", "it overflows at 4", NO_CAUSAL_LOSS, (4, 4), || {
        read(Counter, |rule, state| match rule.read(state) {
            Reading::Total(total) => Reading::Total(total % 4),
            reading => reading,
        })
        .asked(&["add 1 to k"])
    }),
    BrokenRule::new("counter", "a subtraction adds", NO_CAUSAL_LOSS, (1, 1), || {
        apply(Counter, |rule, state, change| {
            rule.apply(state, &Change { effect: change.effect.abs(), ..change.clone() })
        })
    }),
    BrokenRule::new("counter", "the total is clamped to 0 on arrival", CONVERGENCE, (2, 4), || {
        apply(Counter, |rule, state, change| {
            let Reading::Total(total) = rule.read(state) else { return false };
            let effect = change.effect.max(-total);
            rule.apply(state, &Change { effect, ..change.clone() })
        })
    }),
    BrokenRule::new("counter", "C alone counts others' adds twice", CONVERGENCE, (1, 2), || {
        Twins::each(Counter, |at| match at.0 {
            2 => AnyRule::new(Broken::apply(Counter, |rule, state, change| {
                rule.apply(state, change) && (change.dot.origin() == MasterId(2) || rule.apply(state, change))
            })),
            _ => AnyRule::new(Broken::of(Counter)),
        })
    }),
    BrokenRule::new("counter", "a snapshot's tallies replace ours", SPECIFICATION, (3, 4), || {
        merge(Counter, |_, ours, theirs| {
            let mut merged = ours.state.clone();
            merged.extend(theirs.state.iter().map(|(master, tally)| (*master, *tally)));
            Some(merged)
        })
        .specified(spec::total)
    }),
    BrokenRule::new("grow-only-counter", "all masters have one tally", NO_CAUSAL_LOSS, (2, 3), || {
        apply(GrowOnlyCounter, |_, state, change| {
            *state.entry(MasterId(0)).or_default() += change.effect;
            true
        })
        .with_snapshots()
    }),
    BrokenRule::new("grow-only-counter", "every second add is dropped", NO_CAUSAL_LOSS, (2, 2), || {
        apply(GrowOnlyCounter, |rule, state, change| change.dot.seq() % 2 == 1 && rule.apply(state, change))
    }),
    BrokenRule::new("grow-only-counter", "a second master's add counts one less", NO_CAUSAL_LOSS, (2, 3), || {
        apply(GrowOnlyCounter, |rule, state, change| {
            let first = state.keys().all(|master| *master == change.dot.origin());
            let effect = if first { change.effect } else { change.effect - 1 };
            rule.apply(state, &Change { effect, ..change.clone() })
        })
    }),
    BrokenRule::new("bounded-counter", "all masters share all rights", NO_OVERSELLING, (2, 3), || {
        prepare(BoundedCounter, |rule, state, op, dot, timestamp| {
            let rights = [0, 1, 2].map(|at| state.rights(MasterId(at))).iter().sum();
            selling(rights, rule, state, op, (dot, timestamp))
        })
    }),
    BrokenRule::new("bounded-counter", "one more is sold than there are rights", NO_OVERSELLING, (1, 1), || {
        prepare(BoundedCounter, |rule, state, op, dot, timestamp| {
            selling(state.rights(dot.origin()) + 1, rule, state, op, (dot, timestamp))
        })
    }),
    BrokenRule::new("bounded-counter", "earlier sales do not count", NO_OVERSELLING, (4, 4), || {
        prepare(BoundedCounter, |rule, state, op, dot, timestamp| {
            let sold = state.account(dot.origin()).map_or(0, |account| account.spent);
            selling(state.rights(dot.origin()) + sold, rule, state, op, (dot, timestamp))
        })
    }),
    BrokenRule::new("bounded-counter", "transferred rights can still be sold", NO_OVERSELLING, (4, 4), || {
        prepare(BoundedCounter, |rule, state, op, dot, timestamp| {
            let rights = state.rights(dot.origin()) + handed_over(state, dot.origin());
            selling(rights, rule, state, op, (dot, timestamp))
        })
    }),
    BrokenRule::new("bounded-counter", "a transfer gives rights to all masters", NO_OVERSELLING, (3, 5), || {
        prepare(BoundedCounter, |rule, state, op, dot, timestamp| {
            let others = [0, 1, 2].map(MasterId).into_iter().filter(|at| *at != dot.origin());
            let handed: u64 = others.map(|at| handed_over(state, at)).sum();
            selling(state.rights(dot.origin()) + handed, rule, state, op, (dot, timestamp))
        })
    }),
];
