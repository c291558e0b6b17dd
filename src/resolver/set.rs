use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// An observed-remove set: a remove removes the inserts that its origin had seen, so a concurrent insert wins.
///
/// It needs no tombstones (Bieniusa et al., "An optimized conflict-free replicated set", 2012). A re-insert replaces
/// the inserts of that element that its origin had seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct ObservedRemoveSet;

/// The effect of a set operation on one element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SetEffect {
    /// The element.
    pub element: Text,
    /// The inserts of the element that the operation replaces or removes: those stored at the origin.
    pub gone: Dots,
    /// Whether the operation is an insert.
    pub inserts: bool,
}

impl Resolver for ObservedRemoveSet {
    /// The elements of the set, each with its inserts in order.
    type State = BTreeMap<Text, BTreeSet<Dot>>;
    type Effect = SetEffect;

    fn kind(&self) -> Kind {
        Kind::Set
    }

    fn prepare(&self, state: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<SetEffect, Refusal> {
        let (element, inserts) = match op {
            Op::Insert(element) => (element, true),
            Op::Remove(element) => (element, false),
            other => return Err(Refusal::WrongKind(other)),
        };
        let gone = state.get(&element).into_iter().flatten().copied().collect();
        Ok(SetEffect { element, gone, inserts })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<SetEffect>) -> bool {
        let SetEffect { element, gone, inserts } = &change.effect;
        let mut dots = state.remove(element).unwrap_or_default();
        let before = dots.len();
        dots.retain(|dot| !gone.contains(dot));
        let altered = *inserts || dots.len() < before;
        if *inserts {
            dots.insert(change.dot);
        }
        if !dots.is_empty() {
            state.insert(element.clone(), dots);
        }
        altered
    }

    fn why_kept(&self, _: &Self::State, _: &Change<SetEffect>) -> &'static str {
        NOTHING_TO_REMOVE
    }

    fn read(&self, state: &Self::State) -> Reading {
        Reading::Elements(state.keys().cloned().collect())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let mut merged = Self::State::new();
        for (one, other) in [(ours, theirs), (theirs, ours)] {
            for (element, dots) in one.state {
                let there = other.state.get(element);
                let kept = dots.iter().filter(|dot| {
                    let held_there = there.is_some_and(|there| there.contains(dot));
                    held_there || !other.seen.contains(**dot)
                });
                let kept: Vec<Dot> = kept.copied().collect();
                if !kept.is_empty() {
                    merged.entry(element.clone()).or_default().extend(kept);
                }
            }
        }
        Some(merged)
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.values().any(|dots| dots.contains(&dot))
    }
}
