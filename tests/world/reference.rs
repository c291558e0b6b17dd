//! The specification of each rule: the reading, computed naively from the history of acknowledged writes alone.

use multimaster::{Dot, Key, Op, Reading, Text, Timestamp};
use std::collections::BTreeSet;

/// An acknowledged write, as an observer of all masters notes it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) dot: Dot,
    pub(crate) timestamp: Timestamp,
    pub(crate) key: Key,
    pub(crate) op: Op,
    /// Its causal past: the writes that its master had seen before it.
    pub(crate) saw: Vec<Dot>,
}

/// The reading of one key, of the writes to it that a master has seen.
pub(crate) type Reference = fn(&[&Written]) -> Reading;

/// The value with the latest timestamp.
pub(crate) fn last_write(writes: &[&Written]) -> Reading {
    let last = writes.iter().max_by_key(|write| write.timestamp);
    last.and_then(|write| value(write)).map_or(Reading::Nothing, Reading::Value)
}

/// The values whose write is in no other write's causal past.
pub(crate) fn multi_value(writes: &[&Written]) -> Reading {
    let mut values = siblings(writes);
    match values.len() {
        0 => Reading::Nothing,
        1 => Reading::Value(values.remove(0)),
        _ => Reading::Values(values),
    }
}

/// Of those values the one with the lowest seat, of equal seats the earliest.
pub(crate) fn lowest_seat(writes: &[&Written]) -> Reading {
    let seat = |booking: &Text| booking.split(' ').next().unwrap().parse::<u32>().unwrap();
    siblings(writes).into_iter().min_by_key(seat).map_or(Reading::Nothing, Reading::Value)
}

/// The sum of all amounts.
pub(crate) fn total(writes: &[&Written]) -> Reading {
    let amount = |write: &&Written| match write.op {
        Op::Add(amount) => amount,
        _ => panic!("not a counter's write"),
    };
    Reading::Total(writes.iter().map(amount).sum())
}

/// The elements with an insert that is in no causal past of another write to the same element.
pub(crate) fn elements(writes: &[&Written]) -> Reading {
    let inserted = writes.iter().filter_map(|write| match &write.op {
        Op::Insert(element) => Some((write, element)),
        _ => None,
    });
    let kept = inserted.filter(|(insert, element)| {
        let same = |write: &&&Written| matches!(&write.op, Op::Insert(e) | Op::Remove(e) if e == *element);
        !writes.iter().filter(same).any(|later| later.saw.contains(&insert.dot))
    });
    Reading::Elements(kept.map(|(_, element)| element.clone()).collect::<BTreeSet<_>>())
}

fn siblings(writes: &[&Written]) -> Vec<Text> {
    let replaced = |write: &Written| writes.iter().any(|later| later.saw.contains(&write.dot));
    let mut kept: Vec<&&Written> = writes.iter().filter(|write| !replaced(write)).collect();
    kept.sort_by_key(|write| write.timestamp);
    kept.into_iter().filter_map(|write| value(write)).collect()
}

fn value(write: &Written) -> Option<Text> {
    match &write.op {
        Op::Set(value) => Some(value.clone()),
        Op::Delete => None,
        _ => panic!("not a register's write"),
    }
}
