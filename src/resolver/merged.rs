use super::*;
use std::cmp::Ordering;

/// A pairwise function over *merged* values: the twin of [`Custom`] that many systems ship, and that does not converge.
///
/// The state is one value with a version vector. If the vector of one version covers the other's, that version is kept.
/// Of two concurrent versions, the function computes the result, which gets the joined vector. So a superseded value
/// can come back. Let y overwrite x, and let z be concurrent to both. If a master merges x with z and keeps x, y is
/// concurrent to the result, and the function may keep x again. A master that saw y before z never returns to x.
#[derive(Clone, Copy)]
pub struct CustomMerged<F>(pub F);

impl<F> fmt::Debug for CustomMerged<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomMerged")
    }
}

/// One value, and the writes that it was merged from or that lost against it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Merged {
    /// The surviving version.
    pub version: Version,
    /// The joined version vector.
    pub context: VersionVector,
    /// The writes that the value shows, in order.
    pub shown: Vec<Dot>,
}

impl<F: Fn(&Version, &Version) -> Keep> CustomMerged<F> {
    fn join(&self, ours: &Merged, theirs: &Merged) -> Merged {
        if ours.context.covers(&theirs.context) {
            return ours.clone();
        }
        if theirs.context.covers(&ours.context) {
            return theirs.clone();
        }
        let (first, second) = match ours.version.timestamp.cmp(&theirs.version.timestamp) {
            Ordering::Greater => (theirs, ours),
            _ => (ours, theirs),
        };
        let mut joined = match (self.0)(&first.version, &second.version) {
            Keep::First => first.clone(),
            Keep::Second => second.clone(),
            Keep::Both(value) => {
                let mut both = second.clone();
                both.version.value = Some(value);
                both.shown.extend(&first.shown);
                both.shown.sort();
                both.shown.dedup();
                both
            }
            Keep::Neither => {
                let version = Version { value: None, ..second.version.clone() };
                Merged { version, context: second.context.clone(), shown: Vec::new() }
            }
        };
        joined.context.join(&first.context);
        joined.context.join(&second.context);
        joined
    }
}

impl<F> Resolver for CustomMerged<F>
where
    F: Fn(&Version, &Version) -> Keep + Clone + Send + Sync + 'static,
{
    type State = Option<Merged>;
    type Effect = Merged;

    fn prepare(&self, state: &Self::State, op: Op, dot: Dot, timestamp: Timestamp) -> Result<Merged, Refusal> {
        let version = Version { timestamp, dot, value: op.into_value()? };
        let mut context = state.as_ref().map_or_else(VersionVector::default, |held| held.context.clone());
        context.insert(dot);
        Ok(Merged { version, context, shown: vec![dot] })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<Merged>) -> bool {
        let joined = match state.as_ref() {
            Some(held) => self.join(held, &change.effect),
            None => change.effect.clone(),
        };
        let altered = state.as_ref() != Some(&joined);
        *state = Some(joined);
        altered
    }

    fn why_kept(&self, _: &Self::State, _: &Change<Merged>) -> &'static str {
        "had newer"
    }

    fn read(&self, state: &Self::State) -> Reading {
        reading_of(state.as_ref().and_then(|held| held.version.value.as_ref()))
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(match (ours.state, theirs.state) {
            (Some(ours), Some(theirs)) => Some(self.join(ours, theirs)),
            (one, other) => one.as_ref().or(other.as_ref()).cloned(),
        })
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.as_ref().is_some_and(|held| held.shown.contains(&dot))
    }
}
