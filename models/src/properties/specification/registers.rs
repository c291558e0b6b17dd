//! Registers: one value, or the concurrent ones.

use super::latest;
use crate::history::Write;
use multimaster::{Op, Reading, Text};

/// The value of the write with the latest timestamp.
pub fn last_write(writes: &[&Write]) -> Reading {
    let last = writes.iter().max_by_key(|write| write.timestamp);
    last.and_then(|write| value(write)).map_or(Reading::Nothing, Reading::Value)
}

/// The values of the maximal writes, in timestamp order.
pub fn multi_value(writes: &[&Write]) -> Reading {
    let mut values = siblings(writes);
    match values.len() {
        0 => Reading::Nothing,
        1 => Reading::Value(values.remove(0)),
        _ => Reading::Values(values),
    }
}

/// Of these values, the one whose first word is the lowest number; of equals, the earliest. A value that does not begin
/// with a number comes last.
pub fn lowest_seat(writes: &[&Write]) -> Reading {
    let seat =
        |booking: &Text| booking.split_whitespace().next().and_then(|seat| seat.parse().ok()).unwrap_or(u32::MAX);
    siblings(writes).into_iter().min_by_key(seat).map_or(Reading::Nothing, Reading::Value)
}

/// The greatest number.
pub fn greatest(writes: &[&Write]) -> Reading {
    let numbers = writes.iter().filter_map(|write| match write.op {
        Op::Raise(number) => Some(number),
        _ => None,
    });
    numbers.max().map_or(Reading::Nothing, |number| Reading::Value(number.to_string().into()))
}

/// The least number.
pub fn least(writes: &[&Write]) -> Reading {
    let numbers = writes.iter().filter_map(|write| match write.op {
        Op::Lower(number) => Some(number),
        _ => None,
    });
    numbers.min().map_or(Reading::Nothing, |number| Reading::Value(number.to_string().into()))
}

fn siblings(writes: &[&Write]) -> Vec<Text> {
    let mut kept = latest(writes);
    kept.sort_by_key(|write| write.timestamp);
    kept.into_iter().filter_map(value).collect()
}

fn value(write: &Write) -> Option<Text> {
    match &write.op {
        Op::Set(value) => Some(value.clone()),
        _ => None,
    }
}
