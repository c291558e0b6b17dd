use super::*;

/// The concurrent versions of a register, ordered by timestamp. [`MultiValue`] shows them, and [`Custom`] resolves
/// them.
///
/// A write replaces the versions that its origin had stored, and no others; a delete removes these versions. This is
/// the optimized multi-value register of Bieniusa et al., "An optimized conflict-free replicated set", 2012, and of
/// Riak.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Siblings(pub(super) SmallVec<[Version; 2]>);

/// The effect of a write to siblings: it removes the versions `gone`, and adds `value`, if any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Replace {
    /// The dots of the versions that the writer had stored.
    pub gone: Dots,
    /// The new value; `None` for a delete.
    pub value: Option<Text>,
}

impl Siblings {
    pub(super) fn prepare(&self, op: Op) -> Result<Replace, Refusal> {
        Ok(Replace { gone: self.0.iter().map(|version| version.dot).collect(), value: op.into_value()? })
    }

    pub(super) fn apply(&mut self, change: &Change<Replace>) -> bool {
        let before = self.0.len();
        self.0.retain(|version| !change.effect.gone.contains(&version.dot));
        let Some(value) = &change.effect.value else {
            return self.0.len() < before;
        };
        self.insert(Version { timestamp: change.timestamp, dot: change.dot, value: Some(value.clone()) });
        true
    }

    pub(super) fn merge(ours: Side<'_, Self>, theirs: Side<'_, Self>) -> Option<Self> {
        let mut merged = Siblings::default();
        for (one, other) in [(ours, theirs), (theirs, ours)] {
            for version in &one.state.0 {
                let removed = other.seen.contains(version.dot) && !other.state.holds(version.dot);
                if !removed && !merged.holds(version.dot) {
                    merged.insert(version.clone());
                }
            }
        }
        Some(merged)
    }

    pub(super) fn holds(&self, dot: Dot) -> bool {
        self.0.iter().any(|version| version.dot == dot)
    }

    fn insert(&mut self, version: Version) {
        let place = self.0.partition_point(|held| held.timestamp < version.timestamp);
        self.0.insert(place, version);
    }
}
