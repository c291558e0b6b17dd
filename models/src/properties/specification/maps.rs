//! Maps: each field is independent.

use super::{add_wins_set, last_write, multi_value, total};
use crate::history::Write;
use multimaster::{Kind, Op, Reading, Text};
use std::collections::BTreeSet;

/// Each field by [`last_write`], where a remove of the field is a delete.
pub fn last_write_map(writes: &[&Write]) -> Reading {
    let fields = names(writes).into_iter().filter_map(|field| {
        let of_field = writes.iter().filter_map(|write| match &write.op {
            Op::In { field: other, op } if other == field => Some(as_if(write, op)),
            Op::Remove(other) if other == field => Some(as_if(write, &Op::Delete)),
            _ => None,
        });
        let of_field: Vec<Write> = of_field.collect();
        let reading = last_write(&of_field.iter().collect::<Vec<_>>());
        (reading != Reading::Nothing).then(|| (field.clone(), reading))
    });
    Reading::Fields(fields.collect())
}

/// Each field as a multi-value register, a counter and an observed-remove set of the updates in no field removal's
/// causal past. A register without a value, a set without an element and a counter without an add are absent.
pub fn observed_remove_map(writes: &[&Write]) -> Reading {
    let mut fields = BTreeSet::new();
    for field in names(writes) {
        let removes = || writes.iter().filter(|write| write.op == Op::Remove(field.clone()));
        let updates = writes.iter().filter_map(|write| match &write.op {
            Op::In { field: other, op } if other == field => Some(as_if(write, op)),
            _ => None,
        });
        let left: Vec<Write> = updates.filter(|update| !removes().any(|remove| remove.had_seen(update))).collect();
        let of = |kind: Kind| left.iter().filter(|update| kind.takes(&update.op)).collect::<Vec<_>>();
        let (register, counter, set) = (of(Kind::Register), of(Kind::Counter), of(Kind::Set));
        let readings = [
            Some(multi_value(&register)).filter(|reading| *reading != Reading::Nothing),
            (!counter.is_empty()).then(|| total(&counter)),
            Some(add_wins_set(&set)).filter(|reading| *reading != Reading::Elements(BTreeSet::new())),
        ];
        fields.extend(readings.into_iter().flatten().map(|reading| (field.clone(), reading)));
    }
    Reading::Fields(fields)
}

fn names<'a>(writes: &[&'a Write]) -> BTreeSet<&'a Text> {
    let updated = writes.iter().filter_map(|write| match &write.op {
        Op::In { field, .. } => Some(field),
        _ => None,
    });
    updated.collect()
}

/// The write to a map as a write to its field.
fn as_if(write: &Write, op: &Op) -> Write {
    Write { op: op.clone(), ..write.clone() }
}
