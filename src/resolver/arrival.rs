use super::*;

/// The last change to *arrive* wins: a plain overwrite, which is often mistaken for last write wins.
///
/// Two masters that receive two concurrent writes in different orders keep different values for ever. Do not use it: it
/// ships as an example of a rule that diverges.
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

    /// `None`: the states do not tell which of them arrived last.
    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|version| version.dot == dot)
    }
}
