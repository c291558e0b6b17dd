//! The length of a message in the form in which masters over UDP send it: JSON.

use super::measure::Meter;
use crate::node::any_rule::AnyMessage;
use multimaster::{Message, VersionVector};
use serde::Serialize;

/// The length of a message.
///
/// A change is as long in each message, and is measured once. The rest is the version vector, so most messages are
/// measured without being written.
pub(super) fn length(message: &AnyMessage, meter: &mut Meter) -> u64 {
    let Message::Push(push) = message else { return written(message) };
    let changes: u64 = push.changes.iter().map(|change| meter.length_of(change.dot, || written(change))).sum();
    let commas = push.changes.len() as u64 - 1;
    const AROUND: usize = r#"{"Push":{"extends":,"changes":[]}}"#.len();
    AROUND as u64 + meter.length_of_vector(&push.extends) + changes + commas
}

/// The length of a version vector, a list of its counts.
pub(super) fn vector(vector: &VersionVector) -> u64 {
    let width = vector.width() as u64;
    // A digit for each count, and the others.
    let more = vector.iter().map(|(_, count)| further_digits(count));
    2 + width.saturating_sub(1) + width + more.sum::<u64>()
}

/// The number of digits after the first. Most counts are short, and a logarithm takes longer.
fn further_digits(count: u64) -> u64 {
    if count < 1000 { u64::from(count > 9) + u64::from(count > 99) } else { u64::from(count.ilog10()) }
}

fn written(value: &impl Serialize) -> u64 {
    serde_json::to_string(value).expect("a rule's effects and states can be written as JSON").len() as u64
}
