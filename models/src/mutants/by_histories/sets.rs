//! Broken sets.

use super::*;
use crate::properties::specification as spec;
use crate::properties::*;
use multimaster::resolver::SetEffect;
use multimaster::{Change, GrowOnlySet, ObservedRemoveSet, Reading, RemoveWinsSet};

/// The change, as if it replaced nothing that its writer had stored.
fn naming_nothing(change: &Change<SetEffect>) -> Change<SetEffect> {
    let SetEffect { element, inserts, .. } = change.effect.clone();
    Change { effect: SetEffect { element, gone: Default::default(), inserts }, ..change.clone() }
}

pub(super) const RULES: &[BrokenRule] = &[
    BrokenRule::new("set", "a remove removes unseen inserts", NO_POLICY_LOSS, (2, 3), || {
        apply(ObservedRemoveSet, |rule, set, change| match change.effect.inserts {
            true => rule.apply(set, change),
            false => set.remove(&change.effect.element).is_some(),
        })
    }),
    BrokenRule::new("set", "a remove empties the set", NO_CAUSAL_LOSS, (2, 2), || {
        apply(ObservedRemoveSet, |rule, set, change| {
            if !change.effect.inserts {
                set.clear();
            }
            rule.apply(set, change)
        })
    }),
    BrokenRule::new("set", "only the last insert to arrive is kept", CONVERGENCE, (3, 6), || {
        apply(ObservedRemoveSet, |rule, set, change| {
            if change.effect.inserts {
                set.remove(&change.effect.element);
            }
            rule.apply(set, change)
        })
    }),
    BrokenRule::new("set", "a remove names only one insert", NO_RESURRECTION, (3, 4), || {
        prepare(ObservedRemoveSet, |rule, set, op, dot, timestamp| {
            let mut effect = rule.prepare(set, op, dot, timestamp)?;
            effect.gone.truncate(1);
            Ok(effect)
        })
    }),
    BrokenRule::new("set", "inserting a present element is dropped", CONVERGENCE, (3, 6), || {
        apply(ObservedRemoveSet, |rule, set, change| {
            let again = change.effect.inserts && set.contains_key(&change.effect.element);
            !again && rule.apply(set, change)
        })
    }),
    BrokenRule::new("set", "removing an absent element inserts it", NO_INVENTION, (1, 1), || {
        apply(ObservedRemoveSet, |rule, set, change| {
            let SetEffect { element, inserts, .. } = &change.effect;
            if !inserts && !set.contains_key(element) {
                set.entry(element.clone()).or_default().insert(change.dot);
            }
            rule.apply(set, change)
        })
    }),
    BrokenRule::new("set", "two concurrent removes insert it again", NO_RESURRECTION, (3, 5), || {
        apply(ObservedRemoveSet, |rule, set, change| {
            let SetEffect { element, gone, inserts } = &change.effect;
            let removed_before = !inserts && !gone.is_empty() && !set.contains_key(element);
            match removed_before {
                true => set.insert(element.clone(), gone.iter().copied().collect()).is_none(),
                false => rule.apply(set, change),
            }
        })
    }),
    BrokenRule::new("set", "removes with odd numbers are dropped", NO_RESURRECTION, (2, 3), || {
        apply(ObservedRemoveSet, |rule, set, change| {
            (change.effect.inserts || change.dot.seq() % 2 == 0) && rule.apply(set, change)
        })
    }),
    BrokenRule::new("set", "snapshots are merged as a union", NO_RESURRECTION, (2, 4), || {
        merge(ObservedRemoveSet, |_, ours, theirs| {
            let mut union = ours.state.clone();
            for (element, dots) in theirs.state {
                union.entry(element.clone()).or_default().extend(dots);
            }
            Some(union)
        })
    }),
    BrokenRule::new("remove-wins-set", "a removed element stays out for ever", NO_CAUSAL_LOSS, (2, 2), || {
        apply(RemoveWinsSet, |rule, set, change| match change.effect.inserts {
            true => rule.apply(set, &naming_nothing(change)),
            false => rule.apply(set, change),
        })
    }),
    BrokenRule::new("remove-wins-set", "removing an absent element is dropped", CONVERGENCE, (2, 4), || {
        apply(RemoveWinsSet, |rule, set, change| {
            let SetEffect { element, inserts, .. } = &change.effect;
            (*inserts || set.contains_key(element)) && rule.apply(set, change)
        })
    }),
    BrokenRule::new("remove-wins-set", "an insert cancels every remove", CONVERGENCE, (2, 4), || {
        apply(RemoveWinsSet, |rule, set, change| {
            if change.effect.inserts {
                set.remove(&change.effect.element);
            }
            rule.apply(set, change)
        })
    }),
    BrokenRule::new("remove-wins-set", "the greatest dot decides", SPECIFICATION, (2, 3), || {
        read(RemoveWinsSet, |_, set| {
            let within = set.iter().filter(|(_, operations)| operations.items().last() == Some(&true));
            Reading::Elements(within.map(|(element, _)| element.clone()).collect())
        })
        .specified(spec::remove_wins_set)
    }),
    BrokenRule::new("remove-wins-set", "an even number of removes does nothing", NO_RESURRECTION, (3, 4), || {
        read(RemoveWinsSet, |_, set| {
            let removes = |operations: &multimaster::resolver::Dotted<bool>| {
                operations.items().filter(|inserts| !**inserts).count()
            };
            let within = set.iter().filter(|(_, operations)| removes(operations) % 2 == 0);
            Reading::Elements(within.map(|(element, _)| element.clone()).collect())
        })
    }),
    BrokenRule::new("grow-only-set", "the set keeps at most one element", CONVERGENCE, (2, 4), || {
        apply(GrowOnlySet, |rule, set, change| set.is_empty() && rule.apply(set, change))
    }),
    BrokenRule::new("grow-only-set", "snapshots are merged as an intersection", NO_CAUSAL_LOSS, (1, 2), || {
        merge(GrowOnlySet, |_, ours, theirs| Some(ours.state.intersection(theirs.state).cloned().collect()))
    }),
];
