//! A function of what is held and what arrives, and no memory of what had seen what: how many systems apply a rule.

use multimaster::{Change, Dot, Keep, MasterId, Op, Reading, Refusal, Resolver, Side, Stamp, Text, Version};

/// The rule at one master.
#[derive(Clone)]
pub(super) struct Arriving<F> {
    pub(super) at: MasterId,
    pub(super) keep: F,
}

impl<F> Resolver for Arriving<F>
where
    F: Fn(&Version, &Version) -> Keep + Clone + Send + Sync + 'static,
{
    type State = Option<Version>;
    type Effect = Option<Text>;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Stamp) -> Result<Option<Text>, Refusal> {
        match op {
            Op::Set(value) => Ok(Some(value.clone())),
            Op::Delete => Ok(None),
            other => Err(Refusal::WrongKind(other.clone())),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Option<Text>>) -> bool {
        let incoming = Version { stamp: change.stamp, dot: change.dot, value: change.effect.clone() };
        let kept = match state.as_ref() {
            Some(held) if change.dot.origin() != self.at => match (self.keep)(held, &incoming) {
                Keep::First => return false,
                Keep::Second => incoming,
                Keep::Both(value) => Version { value: Some(value), ..incoming },
                Keep::Neither => Version { value: None, ..incoming },
            },
            // A client here writes what it means, in sight of what is held.
            _ => incoming,
        };
        *state = Some(kept);
        true
    }

    fn read(&self, state: &Self::State) -> Reading {
        let value = state.as_ref().and_then(|version| version.value.clone());
        value.map_or(Reading::Nothing, Reading::Value)
    }

    /// Which of two states arrived is not in the states.
    fn merge(&self, _: Side<'_, Self::State>, _: Side<'_, Self::State>) -> Option<Self::State> {
        None
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|version| version.dot == dot)
    }
}
