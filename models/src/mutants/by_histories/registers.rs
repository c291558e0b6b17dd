//! Broken registers, maxima and minima.

use super::super::clocks::{drops_deletes, overwrite};
use super::*;
use crate::properties::specification as spec;
use crate::properties::*;
use crate::rules::lower_seat;
use multimaster::resolver::{Replace, Siblings};
use multimaster::{
    Change, Custom, Dot, LastWriteWall, LastWriteWins, MaxRegister, MinRegister, MultiValue, Op, Reading,
};
use multimaster::{Text, Timestamp, Version};

/// Last write wins; between equal times, a write of the master `AT`.
fn own_first<const AT: u16>(_: &LastWriteWins, held: &mut Option<Version>, change: &Change<Option<Text>>) -> bool {
    let order =
        |version: &Version| (version.timestamp.time(), version.dot.origin() == MasterId(AT), version.dot.origin());
    overwrite(held, change, |incoming, held| order(incoming) > order(held))
}

/// Last write wins, by the time modulo `MODULUS`.
pub(super) fn by_remainder<const MODULUS: u64>(
    _: &LastWriteWins,
    held: &mut Option<Version>,
    change: &Change<Option<Text>>,
) -> bool {
    let order = |version: &Version| (version.timestamp.time() % MODULUS, version.dot.origin());
    overwrite(held, change, |incoming, held| order(incoming) > order(held))
}

/// The stored siblings and their values, in the order of their timestamps.
fn siblings(state: &Siblings) -> Vec<(Dot, Text)> {
    let (dot, timestamp) = (Dot::new(MasterId(0), 1), Timestamp::new(1, MasterId(0)));
    let dots = MultiValue.prepare(state, Op::Delete, dot, timestamp).map(|replace| replace.gone).unwrap_or_default();
    let values = match MultiValue.read(state) {
        Reading::Value(value) => vec![value],
        Reading::Values(values) => values,
        _ => Vec::new(),
    };
    dots.into_iter().zip(values).collect()
}

/// Applies the change as if its writer had stored these siblings, and no others.
fn replacing(state: &mut Siblings, change: &Change<Replace>, gone: impl IntoIterator<Item = Dot>) -> bool {
    let effect = Replace { gone: gone.into_iter().collect(), value: change.effect.value.clone() };
    MultiValue.apply(state, &Change { effect, ..change.clone() })
}

/// Removes these siblings.
fn forget(state: &mut Siblings, change: &Change<Replace>, gone: &[(Dot, Text)]) {
    let effect = Replace { gone: gone.iter().map(|(dot, _)| *dot).collect(), value: None };
    MultiValue.apply(state, &Change { effect, ..change.clone() });
}

/// Keeps at most `MOST` siblings, the latest.
fn at_most<const MOST: usize, R: Resolver<State = Siblings, Effect = Replace>>(
    rule: &R,
    state: &mut Siblings,
    change: &Change<Replace>,
) -> bool {
    let altered = rule.apply(state, change);
    let held = siblings(state);
    forget(state, change, &held[..held.len().saturating_sub(MOST)]);
    altered
}

pub(super) const RULES: &[BrokenRule] = &[
    BrokenRule::new("last-write", "at equal times, a master keeps its own", CONVERGENCE, (2, 4), || {
        Twins::each(LastWriteWins, |at| match at.0 {
            0 => AnyRule::new(Broken::apply(LastWriteWins, own_first::<0>)),
            1 => AnyRule::new(Broken::apply(LastWriteWins, own_first::<1>)),
            _ => AnyRule::new(Broken::apply(LastWriteWins, own_first::<2>)),
        })
    }),
    BrokenRule::new("last-write", "A alone breaks ties the other way", CONVERGENCE, (2, 4), || {
        Twins::each(LastWriteWins, |at| match at.0 {
            0 => AnyRule::new(Broken::apply(LastWriteWins, |_, held, change| {
                let order = |version: &Version| (version.timestamp.time(), u16::MAX - version.dot.origin().0);
                overwrite(held, change, |incoming, held| order(incoming) > order(held))
            })),
            _ => AnyRule::new(Broken::of(LastWriteWins)),
        })
    }),
    BrokenRule::new("last-write", "B alone applies no deletes of others", CONVERGENCE, (2, 4), || {
        Twins::each(LastWriteWins, |at| match at.0 {
            1 => AnyRule::new(Broken::apply(LastWriteWins, |rule, held, change| {
                let skipped = change.effect.is_none() && change.dot.origin() != MasterId(1);
                !skipped && rule.apply(held, change)
            })),
            _ => AnyRule::new(Broken::of(LastWriteWins)),
        })
    }),
    BrokenRule::new("last-write", "time is ignored: the higher master wins", NO_CAUSAL_LOSS, (2, 3), || {
        apply(LastWriteWins, |_, held, change| overwrite(held, change, |incoming, held| incoming.dot > held.dot))
    }),
    BrokenRule::new("last-write", "time is ignored: the greater value wins", NO_CAUSAL_LOSS, (2, 2), || {
        apply(LastWriteWins, |_, held, change| {
            let order = |version: &Version| (version.value.clone(), version.timestamp);
            overwrite(held, change, |incoming, held| order(incoming) > order(held))
        })
    }),
    BrokenRule::new("last-write", "times are compared modulo 2", NO_CAUSAL_LOSS, (2, 2), || {
        apply(LastWriteWins, by_remainder::<2>)
    }),
    BrokenRule::new("last-write", "times are compared modulo 5", NO_CAUSAL_LOSS, (5, 5), || {
        apply(LastWriteWins, by_remainder::<5>).at(2)
    }),
    BrokenRule::new("last-write", "times are compared by their last 2 bits", CONVERGENCE, (4, 8), || {
        apply(LastWriteWins, |_, held, change| {
            overwrite(held, change, |incoming, held| {
                let ahead = incoming.timestamp.time().wrapping_sub(held.timestamp.time()) % 4;
                (1..=2).contains(&ahead) || (ahead == 0 && incoming.dot.origin() > held.dot.origin())
            })
        })
        .at(2)
    }),
    BrokenRule::new("last-write", "a delete leaves no tombstone", CONVERGENCE, (2, 4), || {
        apply(LastWriteWins, drops_deletes)
    }),
    BrokenRule::new("last-write", "no tombstone, and changes come again", NO_RESURRECTION, (2, 3), || {
        apply(LastWriteWins, drops_deletes).delivered(Delivery::AtLeastOnce)
    }),
    BrokenRule::new("last-write", "a delete removes any stored value", CONVERGENCE, (2, 4), || {
        apply(LastWriteWins, |_, held, change| {
            overwrite(held, change, |incoming, held| incoming.value.is_none() || incoming.timestamp > held.timestamp)
        })
    }),
    BrokenRule::new("last-write", "only a value's own master can delete it", NO_RESURRECTION, (2, 3), || {
        apply(LastWriteWins, |_, held, change| {
            overwrite(held, change, |incoming, held| {
                let foreign = incoming.value.is_none() && incoming.dot.origin() != held.dot.origin();
                incoming.timestamp > held.timestamp && !foreign
            })
        })
    }),
    BrokenRule::new("last-write", "an equal value does not update the time", CONVERGENCE, (3, 6), || {
        apply(LastWriteWins, |_, held, change| {
            overwrite(held, change, |incoming, held| {
                incoming.timestamp > held.timestamp && incoming.value != held.value
            })
        })
    }),
    BrokenRule::new("last-write", "each master's third change is dropped", NO_CAUSAL_LOSS, (3, 3), || {
        apply(LastWriteWins, |rule, held, change| change.dot.seq() != 3 && rule.apply(held, change))
    }),
    BrokenRule::new("last-write", "at equal times, the time is the value", NO_INVENTION, (2, 3), || {
        apply(LastWriteWins, |rule, held, change| {
            let tied = held.as_ref().is_some_and(|held| held.timestamp.time() == change.timestamp.time());
            let altered = rule.apply(held, change);
            if let Some(version) = held.as_mut().filter(|_| tied) {
                version.value = Some(version.timestamp.time().to_string().into());
            }
            altered
        })
        .asked(&["set k = a", "set k = b"])
    }),
    BrokenRule::new("last-write", "a snapshot replaces the state", CONVERGENCE, (2, 4), || {
        merge(LastWriteWins, |_, _, theirs| Some(theirs.state.clone()))
    }),
    BrokenRule::new("last-write-wall", "at equal times, the stored one stays", CONVERGENCE, (2, 4), || {
        apply(LastWriteWall, |rule, held, change| {
            let tied = held.as_ref().is_some_and(|held| held.wall == change.effect.wall);
            !tied && rule.apply(held, change)
        })
        .timed(Times::Any(2))
    }),
    BrokenRule::new("last-write-wall", "times are halved; the stored one stays", NO_CAUSAL_LOSS, (2, 2), || {
        apply(LastWriteWall, |rule, held, change| {
            let tied = held.as_ref().is_some_and(|held| held.wall.get() / 2 == change.effect.wall.get() / 2);
            !tied && rule.apply(held, change)
        })
        .timed(Times::Right(3))
    }),
    BrokenRule::new("custom", "at most two siblings are kept", CONVERGENCE, (4, 9), || {
        apply(Custom(lower_seat), at_most::<2, _>)
    }),
    BrokenRule::new("multi-value", "at most two siblings are kept", CONVERGENCE, (4, 9), || {
        apply(MultiValue, at_most::<2, _>)
    }),
    BrokenRule::new("multi-value", "at most three siblings are kept", CONVERGENCE, (5, 12), || {
        apply(MultiValue, at_most::<3, _>).at(4).asked(&["set k = 1", "delete k"])
    }),
    BrokenRule::new("multi-value", "only the greatest value is kept", CONVERGENCE, (3, 6), || {
        apply(MultiValue, |rule, state, change| {
            let altered = rule.apply(state, change);
            let mut held = siblings(state);
            held.sort_by_key(|(dot, value)| (value.clone(), *dot));
            held.pop();
            forget(state, change, &held);
            altered
        })
    }),
    BrokenRule::new("multi-value", "equal values are kept once", CONVERGENCE, (3, 6), || {
        apply(MultiValue, |rule, state, change| {
            let held = siblings(state);
            let again = held
                .iter()
                .any(|(dot, value)| Some(value) == change.effect.value.as_ref() && !change.effect.gone.contains(dot));
            let value = change.effect.value.clone().filter(|_| !again);
            rule.apply(state, &Change { effect: Replace { value, ..change.effect.clone() }, ..change.clone() })
        })
    }),
    BrokenRule::new("multi-value", "writes replace values, not dots", CONVERGENCE, (3, 6), || {
        apply(MultiValue, |_, state, change| {
            let held = siblings(state);
            let named = |(dot, _): &&(Dot, Text)| change.effect.gone.contains(dot);
            let values: Vec<Text> = held.iter().filter(named).map(|(_, value)| value.clone()).collect();
            let gone: Vec<Dot> = held.iter().filter(|(_, value)| values.contains(value)).map(|(dot, _)| *dot).collect();
            replacing(state, change, gone)
        })
    }),
    BrokenRule::new("multi-value", "a write replaces nothing", SPECIFICATION, (2, 2), || {
        apply(MultiValue, |rule, state, change| match change.effect.value {
            Some(_) => replacing(state, change, []),
            None => rule.apply(state, change),
        })
        .specified(spec::multi_value)
    }),
    BrokenRule::new("multi-value", "a delete removes all that is stored", CONVERGENCE, (2, 4), || {
        apply(MultiValue, |rule, state, change| match change.effect.value {
            None => replacing(state, change, siblings(state).into_iter().map(|(dot, _)| dot)),
            Some(_) => rule.apply(state, change),
        })
    }),
    BrokenRule::new("multi-value", "a write misses one of the siblings", NO_RESURRECTION, (3, 4), || {
        prepare(MultiValue, |rule, state, op, dot, timestamp| {
            let mut replace = rule.prepare(state, op, dot, timestamp)?;
            if replace.gone.len() > 1 {
                replace.gone.pop();
            }
            Ok(replace)
        })
    }),
    BrokenRule::new("multi-value", "a version vector is one too high", NO_POLICY_LOSS, (3, 5), || {
        apply(MultiValue, |_, state, change| {
            let near = |dot: &Dot, gone: &Dot| dot.origin() == gone.origin() && dot.seq() <= gone.seq() + 1;
            let is_gone = |dot: &Dot| change.effect.gone.iter().any(|gone| near(dot, gone));
            let gone: Vec<Dot> = siblings(state).into_iter().map(|(dot, _)| dot).filter(is_gone).collect();
            replacing(state, change, gone)
        })
    }),
    BrokenRule::new("multi-value", "a conflict reads as nothing", NO_TOTAL_LOSS, (2, 3), || {
        read(MultiValue, |rule, state| match rule.read(state) {
            Reading::Values(_) => Reading::Nothing,
            reading => reading,
        })
    }),
    BrokenRule::new("multi-value", "at most two siblings are shown", NO_POLICY_LOSS, (3, 5), || {
        read(MultiValue, |rule, state| match rule.read(state) {
            Reading::Values(mut values) => {
                values.truncate(2);
                Reading::Values(values)
            }
            reading => reading,
        })
        .asked(&["set k = 1", "set k = 2", "set k = 3"])
    }),
    BrokenRule::new("max-register", "the last to arrive is kept", NO_CAUSAL_LOSS, (2, 2), || {
        apply(MaxRegister, |_, held, change| {
            *held = Some(change.effect);
            true
        })
    }),
    BrokenRule::new("max-register", "numbers are compared as texts", NO_CAUSAL_LOSS, (2, 2), || {
        apply(MaxRegister, |_, held, change| {
            let greater = held.is_none_or(|held| change.effect.to_string() > held.to_string());
            if greater {
                *held = Some(change.effect);
            }
            greater
        })
        .asked(&["raise k to 9", "raise k to 10"])
    }),
    BrokenRule::new("min-register", "a key never written counts as 0", NO_INVENTION, (1, 1), || {
        apply(MinRegister, |_, held, change| {
            *held = Some(change.effect.min(held.unwrap_or(0)));
            true
        })
    }),
];
