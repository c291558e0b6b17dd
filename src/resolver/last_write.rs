use super::*;

/// The write with the latest [`Timestamp`] wins; at equal times, the one of the higher master id.
///
/// A join over a total order (Thomas, "A majority consensus approach to concurrency control", TODS 1979), so it
/// converges. All but one of several concurrent writes are lost by policy. A delete is a write without a value.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastWriteWins;

impl Resolver for LastWriteWins {
    type State = Option<Version>;
    type Effect = Option<Text>;

    #[inline]
    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Option<Text>, Refusal> {
        op.into_value()
    }

    #[inline(always)]
    fn apply(&self, state: &mut Self::State, change: &Change<Option<Text>>) -> bool {
        let newer = state.as_ref().is_none_or(|held| change.timestamp > held.timestamp);
        if newer {
            *state = Some(Version::of(change));
        }
        newer
    }

    fn why_kept(&self, state: &Self::State, change: &Change<Option<Text>>) -> &'static str {
        why_older(state.as_ref(), change.timestamp)
    }

    #[inline]
    fn read(&self, state: &Self::State) -> Reading {
        reading_of(state.as_ref().and_then(|version| version.value.as_ref()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let (one, other) = (ours.state.as_ref(), theirs.state.as_ref());
        Some(Version::latest(Side { state: &one, seen: ours.seen }, Side { state: &other, seen: theirs.seen }))
    }

    fn collect(&self, state: &Self::State, stable: &VersionVector) -> Option<Self::State> {
        state.as_ref().is_some_and(|version| version.is_collectable(stable)).then_some(None)
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|version| version.dot == dot)
    }
}
