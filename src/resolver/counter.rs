use super::*;
use crate::MasterId;
use std::collections::BTreeMap;

/// A PN-counter: for each master, the sum of its increments and the sum of its decrements; a read is the total.
///
/// Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011, §3.1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter;

/// One master's share of a counter. Both sums only grow, so the larger of two sums is always the newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tally {
    /// The sum of the master's increments.
    pub added: u64,
    /// The sum of the master's decrements.
    pub taken: u64,
}

impl Resolver for Counter {
    type State = BTreeMap<MasterId, Tally>;
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Counter
    }

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, _: Timestamp) -> Result<i64, Refusal> {
        let Op::Add(amount) = op else {
            return Err(Refusal::WrongKind(op));
        };
        // Half the range, so that neither a sum nor, as i128, the total of up to 2^16 masters can overflow.
        let held = state.get(&dot.origin()).copied().unwrap_or_default();
        let side = if amount < 0 { held.taken } else { held.added };
        match side.checked_add(amount.unsigned_abs()) {
            Some(sum) if sum <= u64::MAX / 2 => Ok(amount),
            _ => Err(Refusal::Because("the counter is full".into())),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<i64>) -> bool {
        if change.effect == 0 {
            return false;
        }
        let tally = state.entry(change.dot.origin()).or_default();
        let side = if change.effect < 0 { &mut tally.taken } else { &mut tally.added };
        *side = side.saturating_add(change.effect.unsigned_abs());
        true
    }

    fn why_kept(&self, _: &Self::State, _: &Change<i64>) -> &'static str {
        "had nothing to add"
    }

    /// The sum, clamped to the range of `i64`.
    fn read(&self, state: &Self::State) -> Reading {
        let sum: i128 = state.values().map(|tally| i128::from(tally.added) - i128::from(tally.taken)).sum();
        Reading::Total(sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let mut merged = ours.state.clone();
        for (master, theirs) in theirs.state {
            let tally = merged.entry(*master).or_default();
            tally.added = tally.added.max(theirs.added);
            tally.taken = tally.taken.max(theirs.taken);
        }
        Some(merged)
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        true
    }
}
