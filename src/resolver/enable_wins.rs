use super::*;

/// A flag that is on if there is an enabling that no disabling had seen. So between a concurrent enabling and
/// disabling, the enabling wins.
///
/// Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011; in Riak, a flag
/// of a map. An enabling replaces the enablings that its origin had seen; a disabling leaves no tombstone.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnableWinsFlag;

/// The effect of an operation on a flag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Toggle {
    /// The dots of the operations that this one replaces: those stored at the origin.
    pub gone: Dots,
    /// Whether the operation is an enabling.
    pub on: bool,
}

impl Toggle {
    pub(super) fn of(held: &Dotted<bool>, op: Op) -> Result<Toggle, Refusal> {
        let on = match op {
            Op::Enable => true,
            Op::Disable => false,
            other => return Err(Refusal::WrongKind(other)),
        };
        Ok(Toggle { gone: held.dots(|_| true).collect(), on })
    }
}

impl Resolver for EnableWinsFlag {
    /// The enablings that no disabling has seen; each item is `true`.
    type State = Dotted<bool>;
    type Effect = Toggle;

    fn kind(&self) -> Kind {
        Kind::Flag
    }

    fn prepare(&self, state: &Dotted<bool>, op: Op, _: Dot, _: Timestamp) -> Result<Toggle, Refusal> {
        Toggle::of(state, op)
    }

    fn apply(&self, state: &mut Dotted<bool>, change: &Change<Toggle>) -> bool {
        let Toggle { gone, on } = &change.effect;
        state.replace(gone, on.then_some((change.dot, true)))
    }

    fn why_kept(&self, _: &Dotted<bool>, _: &Change<Toggle>) -> &'static str {
        NOTHING_TO_REMOVE
    }

    fn read(&self, state: &Dotted<bool>) -> Reading {
        Reading::Flag(!state.is_empty())
    }

    fn merge(&self, ours: Side<'_, Dotted<bool>>, theirs: Side<'_, Dotted<bool>>) -> Option<Dotted<bool>> {
        Some(Dotted::join(ours, theirs))
    }

    fn shows(&self, state: &Dotted<bool>, dot: Dot) -> bool {
        state.get(dot).is_some()
    }
}
