use super::*;
use std::collections::BTreeMap;

/// Items, each under the dot of the write that added it, in the order of dots.
///
/// A write names the dots of the items that it replaces. All other items stay, because its writer had not seen them. If
/// one side lacks an item although it has seen the item's dot, the item was replaced there. So no tombstone is needed
/// (the *dot store* of Almeida, Shoker and Baquero, "Delta state replicated data types", JPDC 2018).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dotted<T>(pub(super) SmallVec<[(Dot, T); 1]>);

impl<T> Default for Dotted<T> {
    fn default() -> Self {
        Dotted(SmallVec::new())
    }
}

impl<T: Clone> Dotted<T> {
    /// The items, in the order of their dots.
    pub fn items(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, item)| item)
    }

    /// The item of the write named `dot`, unless it was replaced.
    pub fn get(&self, dot: Dot) -> Option<&T> {
        self.0.binary_search_by_key(&dot, |(held, _)| *held).ok().map(|place| &self.0[place].1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The dots of the items that `which` picks.
    pub(super) fn dots(&self, which: impl Fn(&T) -> bool) -> impl Iterator<Item = Dot> {
        self.0.iter().filter(move |(_, item)| which(item)).map(|(dot, _)| *dot)
    }

    /// Removes the items named `gone` and adds `new`. False if nothing changed.
    pub(super) fn replace(&mut self, gone: &[Dot], new: Option<(Dot, T)>) -> bool {
        let before = self.0.len();
        self.0.retain(|(dot, _)| !gone.contains(dot));
        let altered = self.0.len() < before || new.is_some();
        if let Some((dot, item)) = new {
            let place = self.0.partition_point(|(held, _)| *held < dot);
            self.0.insert(place, (dot, item));
        }
        altered
    }

    pub(super) fn join(ours: Side<'_, Self>, theirs: Side<'_, Self>) -> Self {
        let mut joined = ours.state.clone();
        joined.0.retain(|(dot, _)| theirs.state.get(*dot).is_some() || !theirs.seen.contains(*dot));
        for (dot, item) in &theirs.state.0 {
            if !ours.seen.contains(*dot) {
                joined.replace(&[], Some((*dot, item.clone())));
            }
        }
        joined
    }

    /// [`join`](Self::join)s each element or field; an element or field without items is dropped.
    pub(super) fn join_each(
        ours: Side<'_, BTreeMap<Text, Self>>,
        theirs: Side<'_, BTreeMap<Text, Self>>,
    ) -> BTreeMap<Text, Self> {
        let none = Self::default();
        let of = |side: &Side<'_, BTreeMap<Text, Self>>, name: &Text| side.state.get(name).unwrap_or(&none).clone();
        let names = ours.state.keys().chain(theirs.state.keys().filter(|name| !ours.state.contains_key(*name)));
        let joined = names.map(|name| {
            let (one, other) = (of(&ours, name), of(&theirs, name));
            let one = Side { state: &one, seen: ours.seen };
            (name.clone(), Self::join(one, Side { state: &other, seen: theirs.seen }))
        });
        joined.filter(|(_, items)| !items.is_empty()).collect()
    }
}
