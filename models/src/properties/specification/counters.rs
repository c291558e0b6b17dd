//! Counters: the sum of all amounts.

use crate::history::Write;
use multimaster::{Op, Reading};

/// The sum of all amounts, saturated to `i64`. A transfer moves rights, and adds nothing.
pub fn total(writes: &[&Write]) -> Reading {
    let amounts = writes.iter().map(|write| match write.op {
        Op::Add(amount) => i128::from(amount),
        _ => 0,
    });
    let sum = amounts.sum::<i128>().clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Reading::Total(sum as i64)
}
