use super::*;

/// Keeps the greatest number ever written: a high-water mark. A later number that is not greater changes nothing, and
/// is not lost.
///
/// The join of a total order, the simplest of state-based types (Shapiro et al., "Conflict-free replicated data types",
/// SSS 2011); MongoDB's `$max`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaxRegister;

impl Resolver for MaxRegister {
    type State = Option<i64>;
    /// The number.
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Maximum
    }

    fn prepare(&self, _: &Option<i64>, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
        match op {
            Op::Raise(number) => Ok(number),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut Option<i64>, change: &Change<i64>) -> bool {
        let news = state.is_none_or(|held| change.effect > held);
        if news {
            *state = Some(change.effect);
        }
        news
    }

    fn why_kept(&self, state: &Option<i64>, change: &Change<i64>) -> &'static str {
        if *state == Some(change.effect) { "had it already" } else { "had a greater number" }
    }

    fn read(&self, state: &Option<i64>) -> Reading {
        state.map_or(Reading::Nothing, |number| Reading::Value(number.to_string().into()))
    }

    fn merge(&self, ours: Side<'_, Option<i64>>, theirs: Side<'_, Option<i64>>) -> Option<Option<i64>> {
        Some(ours.state.iter().chain(theirs.state).copied().max())
    }

    fn shows(&self, _: &Option<i64>, _: Dot) -> bool {
        true
    }
}
