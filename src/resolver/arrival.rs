use super::*;

/// The last change to *arrive* wins: a plain overwrite, often miscalled last write wins.
///
/// Two masters that receive two concurrent writes in different orders keep different values for ever. It stands here as
/// the first exhibit, not as advice.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArrivalWins;

impl Resolver for ArrivalWins {
    type State = Option<Version>;
    type Effect = Option<Text>;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Option<Text>, Refusal> {
        op.into_value()
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Option<Text>>) -> bool {
        *state = Some(Version::of(change));
        true
    }

    fn read(&self, state: &Self::State) -> Reading {
        reading_of(state.as_ref().and_then(|version| version.value.as_ref()))
    }

    /// Which of two states arrived last is not in the states.
    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|version| version.dot == dot)
    }
}
