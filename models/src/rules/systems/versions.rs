//! The common part of rules that keep concurrent versions (siblings), compared by causality.

use super::*;
use multimaster::VersionVector;

/// The concurrent versions of a key, in dot order, and their causal context.
///
/// A version is dropped if the other side's context covers it and its versions do not contain it. The context is of
/// this key alone, so the rule needs no causal delivery: Preguiça et al., "Dotted version vectors", 2010.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Versions<V> {
    /// The versions.
    pub kept: Vec<Update<V>>,
    /// The context: the writes of this key that are among the versions or were replaced.
    pub context: VersionVector,
}

/// A version: a value, and the writes of the key that its writer had seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Update<V> {
    /// The dot of its write.
    pub dot: Dot,
    /// The wall-clock time of its write.
    pub time: WallTime,
    /// The value written.
    pub value: V,
    /// The writes of this key that it replaces.
    pub past: VersionVector,
}

impl<V> Default for Versions<V> {
    fn default() -> Self {
        Versions { kept: Vec::new(), context: VersionVector::default() }
    }
}

impl<V: Data> Versions<V> {
    /// A write of `value` that replaces all versions.
    pub(super) fn over(&self, dot: Dot, time: WallTime, value: V) -> Update<V> {
        Update { dot, time, value, past: self.context.clone() }
    }

    pub(super) fn take(&mut self, update: &Update<V>) -> bool {
        if self.context.contains(update.dot) {
            return false;
        }
        self.kept.retain(|version| !update.past.contains(version.dot));
        let place = self.kept.partition_point(|version| version.dot < update.dot);
        self.kept.insert(place, update.clone());
        self.context.join(&update.past);
        self.context.insert(update.dot);
        true
    }

    pub(super) fn join(&self, theirs: &Self) -> Self {
        let holds = |side: &Self, dot: Dot| side.kept.iter().any(|version| version.dot == dot);
        let mut kept: Vec<Update<V>> = Vec::new();
        for (one, other) in [(self, theirs), (theirs, self)] {
            let stays = |v: &&Update<V>| holds(other, v.dot) || !other.context.contains(v.dot);
            kept.extend(one.kept.iter().filter(stays).cloned());
        }
        kept.sort();
        kept.dedup();
        let mut context = self.context.clone();
        context.join(&theirs.context);
        Versions { kept, context }
    }
}

/// [`Resolver`] for rules over a register's concurrent versions. Such a rule defines `reduce`, which drops versions
/// when others arrive, `shown`, the versions that are read, and `not_found`, the error of a delete when no version is
/// shown.
macro_rules! version_rules {
    ($($rule:ty, clocks: $clocks:literal, not_found: $not_found:literal;)*) => {$(
        impl Resolver for $rule {
            type State = Versions<Option<Text>>;
            type Effect = Update<Option<Text>>;

            fn uses_wall_clock(&self) -> bool {
                $clocks
            }

            fn prepare(
                &self,
                state: &Self::State,
                op: Op,
                dot: Dot,
                timestamp: Timestamp,
            ) -> Result<Self::Effect, Refusal> {
                let time = said_time(&op, timestamp);
                let value = op.into_untimed().into_value()?;
                if value.is_none() && Self::shown(state).all(|version| version.value.is_none()) {
                    return Err(Refusal::Because($not_found.into()));
                }
                Ok(state.over(dot, time, value))
            }

            fn apply(&self, state: &mut Self::State, change: &Change<Self::Effect>) -> bool {
                let altered = state.take(&change.effect);
                Self::reduce(state);
                altered
            }

            fn why_kept(&self, _: &Self::State, _: &Change<Self::Effect>) -> &'static str {
                "had it already, or what replaced it"
            }

            fn read(&self, state: &Self::State) -> Reading {
                let mut shown: Vec<&Text> = Self::shown(state).filter_map(|version| version.value.as_ref()).collect();
                match shown.len() {
                    0 => Reading::Nothing,
                    1 => Reading::Value(shown.remove(0).clone()),
                    _ => Reading::Values(shown.into_iter().cloned().collect()),
                }
            }

            fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
                let mut merged = ours.state.join(theirs.state);
                Self::reduce(&mut merged);
                Some(merged)
            }

            fn shows(&self, state: &Self::State, dot: Dot) -> bool {
                Self::shown(state).any(|version| version.dot == dot)
            }
        }
    )*};
}
pub(super) use version_rules;
