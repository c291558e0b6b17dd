use super::*;

/// Keeps all concurrent writes, and a read shows all of them. A write replaces the writes that it had seen.
///
/// These are Dynamo's and Riak's siblings (DeCandia et al., SOSP 2007). A delete removes the writes that it had seen; a
/// concurrent write stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct MultiValue;

impl Resolver for MultiValue {
    type State = Siblings;
    type Effect = Replace;

    fn prepare(&self, state: &Siblings, op: Op, _: Dot, _: Timestamp) -> Result<Replace, Refusal> {
        state.prepare(op)
    }

    fn apply(&self, state: &mut Siblings, change: &Change<Replace>) -> bool {
        state.apply(change)
    }

    fn why_kept(&self, _: &Siblings, _: &Change<Replace>) -> &'static str {
        NOTHING_TO_REMOVE
    }

    fn read(&self, state: &Siblings) -> Reading {
        let mut values: Vec<Text> = state.0.iter().filter_map(|version| version.value.clone()).collect();
        match values.len() {
            0 => Reading::Nothing,
            1 => Reading::Value(values.remove(0)),
            _ => Reading::Values(values),
        }
    }

    fn merge(&self, ours: Side<'_, Siblings>, theirs: Side<'_, Siblings>) -> Option<Siblings> {
        Siblings::merge(ours, theirs)
    }

    fn shows(&self, state: &Siblings, dot: Dot) -> bool {
        state.holds(dot)
    }
}
