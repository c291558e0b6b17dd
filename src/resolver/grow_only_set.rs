use super::*;
use std::collections::BTreeSet;

/// A set without removes: a read shows all elements that were ever inserted.
///
/// Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011, §3.3.1.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrowOnlySet;

impl Resolver for GrowOnlySet {
    type State = BTreeSet<Text>;
    /// The element.
    type Effect = Text;

    fn kind(&self) -> Kind {
        Kind::GrowOnlySet
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Text, Refusal> {
        match op {
            Op::Insert(element) => Ok(element),
            Op::Remove(_) => Err(Refusal::Because("nothing is taken from a grow-only set".into())),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Text>) -> bool {
        state.insert(change.effect.clone())
    }

    fn why_kept(&self, _: &Self::State, _: &Change<Text>) -> &'static str {
        "had it already"
    }

    fn read(&self, state: &Self::State) -> Reading {
        Reading::Elements(state.clone())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state | theirs.state)
    }

    fn shows(&self, _: &Self::State, _: Dot) -> bool {
        true
    }
}
