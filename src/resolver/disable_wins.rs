use super::*;

/// A flag that is on if it was enabled and an enabling has seen each disabling. So between a concurrent enabling and
/// disabling, the disabling wins. A flag never written is off.
///
/// The counterpart of [`EnableWinsFlag`], after the remove-wins set of Shapiro et al., "A comprehensive study of
/// convergent and commutative replicated data types", 2011. A disabling stays until an enabling has seen it.
#[derive(Clone, Copy, Debug, Default)]
pub struct DisableWinsFlag;

impl Resolver for DisableWinsFlag {
    /// The operations that no later operation has seen; true for an enabling.
    type State = Dotted<bool>;
    type Effect = Toggle;

    fn kind(&self) -> Kind {
        Kind::Flag
    }

    fn prepare(&self, state: &Dotted<bool>, op: Op, _: Dot, _: Timestamp) -> Result<Toggle, Refusal> {
        Toggle::of(state, op)
    }

    fn apply(&self, state: &mut Dotted<bool>, change: &Change<Toggle>) -> bool {
        state.replace(&change.effect.gone, Some((change.dot, change.effect.on)))
    }

    fn read(&self, state: &Dotted<bool>) -> Reading {
        Reading::Flag(all_on(state))
    }

    fn merge(&self, ours: Side<'_, Dotted<bool>>, theirs: Side<'_, Dotted<bool>>) -> Option<Dotted<bool>> {
        Some(Dotted::join(ours, theirs))
    }

    fn shows(&self, state: &Dotted<bool>, dot: Dot) -> bool {
        state.get(dot) == Some(&all_on(state))
    }
}

/// Whether there are operations and all of them are true: enablings, or inserts.
pub(super) fn all_on(operations: &Dotted<bool>) -> bool {
    !operations.is_empty() && operations.items().all(|on| *on)
}
