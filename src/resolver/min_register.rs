use super::*;

/// Keeps the least number ever written: a low-water mark. A later number that is not less changes nothing, and is not
/// lost.
///
/// The join of a total order, the simplest of state-based types (Shapiro et al., "Conflict-free replicated data types",
/// SSS 2011); MongoDB's `$min`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MinRegister;

impl Resolver for MinRegister {
    type State = Option<i64>;
    /// The number.
    type Effect = i64;

    fn kind(&self) -> Kind {
        Kind::Minimum
    }

    fn prepare(&self, _: &Option<i64>, op: Op, _: Dot, _: Timestamp) -> Result<i64, Refusal> {
        match op {
            Op::Lower(number) => Ok(number),
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut Option<i64>, change: &Change<i64>) -> bool {
        let news = state.is_none_or(|held| change.effect < held);
        if news {
            *state = Some(change.effect);
        }
        news
    }

    fn why_kept(&self, state: &Option<i64>, change: &Change<i64>) -> &'static str {
        if *state == Some(change.effect) { "had it already" } else { "had a lesser number" }
    }

    fn read(&self, state: &Option<i64>) -> Reading {
        state.map_or(Reading::Nothing, |number| Reading::Value(number.to_string().into()))
    }

    fn merge(&self, ours: Side<'_, Option<i64>>, theirs: Side<'_, Option<i64>>) -> Option<Option<i64>> {
        Some(ours.state.iter().chain(theirs.state).copied().min())
    }

    fn shows(&self, _: &Option<i64>, _: Dot) -> bool {
        true
    }
}
