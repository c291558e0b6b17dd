use super::*;
use std::collections::BTreeMap;

/// Fields by name. Each field keeps the write with the latest [`Timestamp`]; writes to different fields do not
/// conflict.
///
/// Like the columns of a Cassandra row or the element set of Roshi, each field is a [`LastWriteWins`] register. A
/// removed field stays as a tombstone.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastWriteMap;

/// The effect of a write on one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SetField {
    /// The field.
    pub field: Text,
    /// The new value; `None` if the field is removed.
    pub value: Option<Text>,
}

impl Resolver for LastWriteMap {
    type State = BTreeMap<Text, Version>;
    type Effect = SetField;

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn prepare(&self, _: &Self::State, op: Op, _: Dot, _: Timestamp) -> Result<SetField, Refusal> {
        match op {
            Op::Remove(field) => Ok(SetField { field, value: None }),
            Op::In { field, op } => match op.into_value() {
                Ok(value) => Ok(SetField { field, value }),
                Err(_) => Err(Refusal::Because("the fields of this map are registers: set or delete them".into())),
            },
            other => Err(Refusal::WrongKind(other)),
        }
    }

    fn apply(&self, state: &mut Self::State, change: &Change<SetField>) -> bool {
        let SetField { field, value } = &change.effect;
        let newer = state.get(field).is_none_or(|held| change.timestamp > held.timestamp);
        if newer {
            state.insert(field.clone(), Version { timestamp: change.timestamp, dot: change.dot, value: value.clone() });
        }
        newer
    }

    fn why_kept(&self, state: &Self::State, change: &Change<SetField>) -> &'static str {
        why_older(state.get(&change.effect.field), change.timestamp)
    }

    fn read(&self, state: &Self::State) -> Reading {
        let set = state.iter().filter_map(|(field, version)| Some((field.clone(), version.value.clone()?)));
        Reading::Fields(set.map(|(field, value)| (field, Reading::Value(value))).collect())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        let fields = ours.state.keys().chain(theirs.state.keys().filter(|field| !ours.state.contains_key(*field)));
        let merged = fields.filter_map(|field| {
            let (one, other) = (ours.state.get(field), theirs.state.get(field));
            let latest =
                Version::latest(Side { state: &one, seen: ours.seen }, Side { state: &other, seen: theirs.seen });
            Some((field.clone(), latest?))
        });
        Some(merged.collect())
    }

    fn collect(&self, state: &Self::State, stable: &VersionVector) -> Option<Self::State> {
        let left = state.iter().filter(|(_, version)| !version.is_collectable(stable));
        let left: Self::State = left.map(|(field, version)| (field.clone(), version.clone())).collect();
        (left.len() < state.len()).then_some(left)
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.values().any(|version| version.dot == dot)
    }
}
