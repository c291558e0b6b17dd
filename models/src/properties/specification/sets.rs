//! Sets: of a concurrent insert and remove, one wins.

use crate::history::Write;
use multimaster::{Op, Reading, Text};
use std::collections::BTreeSet;

/// The elements with an insert in no remove's causal past.
pub fn add_wins_set(writes: &[&Write]) -> Reading {
    those(writes, |inserts, removes| inserts.iter().any(|insert| !removes.iter().any(|remove| remove.had_seen(insert))))
}

/// The elements that were inserted, and each of whose removes is in some insert's causal past.
pub fn remove_wins_set(writes: &[&Write]) -> Reading {
    those(writes, |inserts, removes| removes.iter().all(|remove| inserts.iter().any(|insert| insert.had_seen(remove))))
}

/// The elements that were inserted.
pub fn grow_only_set(writes: &[&Write]) -> Reading {
    those(writes, |_, _| true)
}

/// The elements that were inserted, and whose inserts and removes satisfy `passes`.
fn those(writes: &[&Write], passes: impl Fn(&[&Write], &[&Write]) -> bool) -> Reading {
    let with = |op: &Op| writes.iter().copied().filter(|write| write.op == *op).collect::<Vec<_>>();
    let inserted: BTreeSet<&Text> = writes
        .iter()
        .filter_map(|write| match &write.op {
            Op::Insert(element) => Some(element),
            _ => None,
        })
        .collect();
    let within = inserted.into_iter().filter(|element| {
        let element = (*element).clone();
        passes(&with(&Op::Insert(element.clone())), &with(&Op::Remove(element)))
    });
    Reading::Elements(within.cloned().collect())
}
