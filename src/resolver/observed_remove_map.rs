use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Fields by name, each a multi-value register, a counter or an observed-remove set. A remove of a field removes the
/// updates that it had seen, so of the field only concurrent updates survive.
///
/// After the maps of Riak (Brown et al., "Riak DT map: a composable, convergent replicated dictionary", 2014) and the
/// observed-remove map of Almeida, Shoker and Baquero, "Delta state replicated data types", JPDC 2018, §7. As in Riak,
/// an operation determines the kind of the field: a register and a counter of one name are two fields, and a remove of
/// that name removes both. A field is in the map as long as it has a value, an add or an element.
///
/// A counter keeps each add under its own dot until the field is removed. One sum for each master, as in Riak, would be
/// smaller. But if a master adds while the field is removed elsewhere, its earlier adds would come back.
#[derive(Clone, Copy, Debug, Default)]
pub struct ObservedRemoveMap;

/// The item that an update adds to a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Item {
    /// A register's value; siblings are shown in the order of timestamps.
    Value(Timestamp, Text),
    /// An add to a counter.
    Amount(i64),
    /// A set's element.
    Element(Text),
}

/// The effect of an operation on one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FieldEffect {
    /// The field.
    pub field: Text,
    /// The dots of the items that the operation replaces or removes.
    pub gone: Dots,
    /// The item that the operation adds, if any.
    pub item: Option<Item>,
}

impl Resolver for ObservedRemoveMap {
    type State = BTreeMap<Text, Dotted<Item>>;
    type Effect = FieldEffect;

    fn kind(&self) -> Kind {
        Kind::Map
    }

    fn prepare(&self, state: &Self::State, op: Op, _: Dot, timestamp: Timestamp) -> Result<FieldEffect, Refusal> {
        let wrong = || Err(Refusal::WrongKind(op.clone()));
        let is_value = |item: &Item| matches!(item, Item::Value(..));
        let (field, item, replaces): (_, _, &dyn Fn(&Item) -> bool) = match &op {
            Op::Remove(field) => (field, None, &|_| true),
            Op::In { field, op } => match op.as_ref() {
                Op::Set(value) => (field, Some(Item::Value(timestamp, value.clone())), &is_value),
                Op::Delete => (field, None, &is_value),
                Op::Add(amount) => (field, Some(Item::Amount(*amount)), &|_| false),
                Op::Insert(element) => (field, Some(Item::Element(element.clone())), &|item| is(item, element)),
                Op::Remove(element) => (field, None, &|item| is(item, element)),
                _ => return wrong(),
            },
            _ => return wrong(),
        };
        let gone = state.get(field).into_iter().flat_map(|held| held.dots(replaces)).collect();
        Ok(FieldEffect { field: field.clone(), gone, item })
    }

    fn apply(&self, state: &mut Self::State, change: &Change<FieldEffect>) -> bool {
        let FieldEffect { field, gone, item } = &change.effect;
        let mut items = state.remove(field).unwrap_or_default();
        let altered = items.replace(gone, item.clone().map(|item| (change.dot, item)));
        if !items.is_empty() {
            state.insert(field.clone(), items);
        }
        altered
    }

    fn why_kept(&self, _: &Self::State, _: &Change<FieldEffect>) -> &'static str {
        NOTHING_TO_REMOVE
    }

    fn read(&self, state: &Self::State) -> Reading {
        let fields = state.iter().flat_map(|(field, items)| {
            let readings = [register(items), counter(items), set(items)].into_iter().flatten();
            readings.map(|reading| (field.clone(), reading))
        });
        Reading::Fields(fields.collect())
    }

    fn merge(&self, ours: Side<'_, Self::State>, theirs: Side<'_, Self::State>) -> Option<Self::State> {
        Some(Dotted::join_each(ours, theirs))
    }

    fn shows(&self, state: &Self::State, dot: Dot) -> bool {
        state.values().any(|items| items.get(dot).is_some())
    }
}

fn is(item: &Item, element: &Text) -> bool {
    matches!(item, Item::Element(held) if held == element)
}

fn register(items: &Dotted<Item>) -> Option<Reading> {
    let mut values: Vec<(Timestamp, Text)> = items
        .items()
        .filter_map(|item| match item {
            Item::Value(timestamp, value) => Some((*timestamp, value.clone())),
            _ => None,
        })
        .collect();
    values.sort();
    let mut values: Vec<Text> = values.into_iter().map(|(_, value)| value).collect();
    match values.len() {
        0 => None,
        1 => values.pop().map(Reading::Value),
        _ => Some(Reading::Values(values)),
    }
}

/// The sum, clamped to the range of `i64`.
fn counter(items: &Dotted<Item>) -> Option<Reading> {
    let amounts = items.items().filter_map(|item| match item {
        Item::Amount(amount) => Some(i128::from(*amount)),
        _ => None,
    });
    let sum = amounts.reduce(|sum, amount| sum + amount)?;
    Some(Reading::Total(sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64))
}

fn set(items: &Dotted<Item>) -> Option<Reading> {
    let elements: BTreeSet<Text> = items
        .items()
        .filter_map(|item| match item {
            Item::Element(element) => Some(element.clone()),
            _ => None,
        })
        .collect();
    (!elements.is_empty()).then_some(Reading::Elements(elements))
}
