//! Broken maps.

use super::*;
use crate::properties::*;
use multimaster::resolver::{FieldEffect, Item, SetField};
use multimaster::{Change, LastWriteMap, ObservedRemoveMap, Op, Text, Version};
use std::collections::BTreeMap;

const TWO_FIELDS: &[&str] = &["in k, set f = 1", "in k, set g = 1", "remove f from k"];
const COUNTERS: &[&str] = &["in k, add 1 to f", "in k, subtract 2 from f", "remove f from k"];

/// A removed field leaves no tombstone.
fn drops_removals(rule: &LastWriteMap, map: &mut BTreeMap<Text, Version>, change: &Change<SetField>) -> bool {
    let altered = rule.apply(map, change);
    map.retain(|_, held| held.value.is_some());
    altered
}

pub(super) const RULES: &[BrokenRule] = &[
    BrokenRule::new("last-write-map", "at equal times, the stored one stays", CONVERGENCE, (2, 4), || {
        apply(LastWriteMap, |rule, map, change| {
            let held = map.get(&change.effect.field);
            let tied = held.is_some_and(|held| held.timestamp.time() == change.timestamp.time());
            !tied && rule.apply(map, change)
        })
    }),
    BrokenRule::new("last-write-map", "a write replaces the whole map", NO_CAUSAL_LOSS, (2, 2), || {
        apply(LastWriteMap, |rule, map, change| {
            map.retain(|_, held| held.timestamp > change.timestamp);
            rule.apply(map, change)
        })
        .asked(TWO_FIELDS)
    }),
    BrokenRule::new("last-write-map", "all fields share the latest time", NO_CAUSAL_LOSS, (2, 3), || {
        apply(LastWriteMap, |rule, map, change| {
            map.values().all(|held| change.timestamp > held.timestamp) && rule.apply(map, change)
        })
        .asked(TWO_FIELDS)
    }),
    BrokenRule::new("last-write-map", "a removed field leaves no tombstone", CONVERGENCE, (2, 4), || {
        apply(LastWriteMap, drops_removals)
    }),
    BrokenRule::new("last-write-map", "a remove without tombstone comes first", NO_RESURRECTION, (2, 5), || {
        apply(LastWriteMap, drops_removals).delivered(Delivery::Unordered)
    }),
    BrokenRule::new("observed-remove-map", "a remove removes all that it finds", CONVERGENCE, (2, 4), || {
        apply(ObservedRemoveMap, |rule, map, change| {
            if change.effect.item.is_none() {
                map.remove(&change.effect.field);
            }
            rule.apply(map, change)
        })
    }),
    BrokenRule::new("observed-remove-map", "a remove removes no counter", NO_RESURRECTION, (2, 2), || {
        prepare(ObservedRemoveMap, |rule, map, op, dot, timestamp| {
            let effect = rule.prepare(map, op, dot, timestamp)?;
            let counts = map.get(&effect.field).is_some_and(|held| held.items().any(|i| matches!(i, Item::Amount(_))));
            Ok(if counts { FieldEffect { gone: Default::default(), ..effect } } else { effect })
        })
        .asked(COUNTERS)
    }),
    BrokenRule::new("observed-remove-map", "a counter has one sum for each master", NO_RESURRECTION, (3, 5), || {
        prepare(ObservedRemoveMap, |rule, map, op, dot, timestamp| {
            let mut effect = rule.prepare(map, op, dot, timestamp)?;
            if let Some(Item::Amount(amount)) = &mut effect.item {
                let removal = rule.prepare(map, Op::Remove(effect.field.clone()), dot, timestamp)?;
                let held = map.get(&effect.field);
                for own in removal.gone.into_iter().filter(|held| held.origin() == dot.origin()) {
                    if let Some(Item::Amount(before)) = held.and_then(|held| held.get(own)) {
                        *amount += before;
                        effect.gone.push(own);
                    }
                }
            }
            Ok(effect)
        })
        .asked(COUNTERS)
    }),
];
