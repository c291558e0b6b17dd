use super::disable_wins::all_on;
use super::*;
use std::collections::BTreeMap;

/// A set that has an element if the element was inserted and an insert has seen each remove of it. So between a
/// concurrent insert and remove, the remove wins.
///
/// After Bieniusa et al., "An optimized conflict-free replicated set", 2012, §2, and Baquero, Almeida and Shoker, "Pure
/// operation-based replicated data types", 2017. A remove is stored until an insert has seen it. This includes the
/// remove of an element that is not in the set, because a concurrent insert may still arrive.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoveWinsSet;

impl Resolver for RemoveWinsSet {
    /// For each element, the operations that no later operation has seen; true for an insert.
    type State = BTreeMap<Text, Dotted<bool>>;
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
        let gone = state.get(&element).into_iter().flat_map(|held| held.dots(|_| true)).collect();
        Ok(SetEffect { element, gone, inserts })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<SetEffect>) -> bool {
        let SetEffect { element, gone, inserts } = &change.effect;
        state.entry(element.clone()).or_default().replace(gone, Some((change.dot, *inserts)))
    }

    fn read(&self, state: &Self::State) -> Reading {
        let within = state.iter().filter(|(_, operations)| all_on(operations));
        Reading::Elements(within.map(|(element, _)| element.clone()).collect())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(Dotted::join_each(ours, theirs))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.values().any(|operations| operations.get(dot) == Some(&all_on(operations)))
    }
}
