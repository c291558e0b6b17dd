use super::*;
use crate::MasterId;
use std::collections::BTreeMap;

/// A counter that never falls. It keeps the sum of each master's additions; a read is the total.
///
/// Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011, §3.1.1.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrowOnlyCounter;

impl Resolver for GrowOnlyCounter {
    /// Each master's sum. A sum only grows, so the larger of two sums is always the newer.
    type State = BTreeMap<MasterId, u64>;
    /// The amount added.
    type Effect = u64;

    fn kind(&self) -> Kind {
        Kind::GrowOnlyCounter
    }

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, _: Timestamp) -> Result<u64, Refusal> {
        let Op::Add(amount) = op else {
            return Err(Refusal::WrongKind(op));
        };
        let amount = u64::try_from(amount);
        let amount = amount.map_err(|_| Refusal::Because("a grow-only counter does not shrink".into()))?;
        match state.get(&dot.origin()).unwrap_or(&0).checked_add(amount) {
            Some(sum) if sum <= u64::MAX / 2 => Ok(amount),
            _ => Err(Refusal::Because("the counter is full".into())),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<u64>) -> bool {
        if change.effect == 0 {
            return false;
        }
        let sum = state.entry(change.dot.origin()).or_default();
        *sum = sum.saturating_add(change.effect);
        true
    }

    fn why_kept(&self, _: &Self::State, _: &Change<u64>) -> &'static str {
        "had nothing to add"
    }

    /// The sum, clamped to the range of `i64`.
    fn read(&self, state: &Self::State) -> Reading {
        let sum: u128 = state.values().copied().map(u128::from).sum();
        Reading::Total(i64::try_from(sum).unwrap_or(i64::MAX))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let mut merged = ours.state.clone();
        for (master, theirs) in theirs.state {
            let sum = merged.entry(*master).or_default();
            *sum = (*sum).max(*theirs);
        }
        Some(merged)
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        true
    }
}
