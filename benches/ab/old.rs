//! The rule as it was: a copy of the file from the older commit, frozen here.

use multimaster::{Change, Dot, Op, Reading, Refusal, Resolver, Side, Text, Timestamp, Version};

/// The write with the latest timestamp wins, as in `src/resolver/last_write.rs`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Old;

impl Resolver for Old {
    type State = Option<Version>;
    type Effect = Option<Text>;

    #[inline]
    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Option<Text>, Refusal> {
        match op {
            Op::Set(value) => Ok(Some(value)),
            Op::Delete => Ok(None),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    #[inline]
    fn apply(&self, state: &mut Self::State, change: &Change<Option<Text>>) -> bool {
        let newer = state.as_ref().is_none_or(|held| change.timestamp > held.timestamp);
        if newer {
            *state = Some(Version { timestamp: change.timestamp, dot: change.dot, value: change.effect.clone() });
        }
        newer
    }

    fn read(&self, state: &Self::State) -> Reading {
        let value = state.as_ref().and_then(|version| version.value.clone());
        value.map_or(Reading::Nothing, Reading::Value)
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let timestamp = |side: &Side<'_, Self::State>| side.state.as_ref().map(|version| version.timestamp);
        Some(if timestamp(&theirs) > timestamp(&ours) { theirs } else { ours }.state.clone())
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|version| version.dot == dot)
    }
}
