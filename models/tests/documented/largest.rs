use multimaster::{Change, Dot, Op, Reading, Refusal, Resolver, Side, Text, Timestamp};

#[derive(Clone)]
pub(super) struct Largest;

impl Resolver for Largest {
    type State = Option<(Text, Dot)>;
    type Effect = Text;

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<Text, Refusal> {
        match op {
            Op::Set(value) => Ok(value),
            _ => Err(Refusal::Because("a maximum never shrinks".into())),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Text>) -> bool {
        let incoming = Some((change.effect.clone(), change.dot));
        let larger = incoming > *state;
        if larger {
            *state = incoming;
        }
        larger
    }

    fn read(&self, state: &Self::State) -> Reading {
        state.as_ref().map_or(Reading::Nothing, |(value, _)| Reading::Value(value.clone()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(ours.state.clone().max(theirs.state.clone()))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|(_, shown)| *shown == dot)
    }
}
