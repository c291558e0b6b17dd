//! Counters: the sum, in whatever order.

use crate::history::Write;
use multimaster::{Op, Reading};

/// The sum of all amounts, held at the ends of `i64` if it lies beyond. A transfer alters who may subtract, and no sum.
pub fn total(writes: &[&Write]) -> Reading {
    let amounts = writes.iter().map(|write| match write.op {
        Op::Add(amount) => i128::from(amount),
        _ => 0,
    });
    let sum = amounts.sum::<i128>().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Reading::Total(sum as i64)
}
