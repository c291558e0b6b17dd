//! A queue whose entries are constructed in place: [`Ring`].

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;

/// A queue: entries are added at the back and dropped from the front. Only its entries, in order, are observable.
///
/// Space is reserved first, and then an entry is constructed in place. `VecDeque::push_back` may reallocate, which may
/// panic, so the compiler would construct the entry on the stack and copy it. The wide copy of bytes just written
/// stalls on store forwarding, for a tenth of the time of a whole set. Here the free places exist already, as `None`,
/// and nothing can panic between constructing an entry and storing it.
pub(crate) struct Ring<T> {
    /// The entries, and behind them free places.
    places: VecDeque<Option<T>>,
    len: usize,
}

/// With fewer entries than this, shrinking is not worth the copy.
const MANY: usize = 256;

impl<T> Ring<T> {
    /// How many entries there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The place behind the entries. O(1) amortized.
    #[inline(always)]
    pub(crate) fn room(&mut self) -> Room<'_, T> {
        if self.len == self.places.len() {
            self.grow();
        }
        Room { place: &mut self.places[self.len], len: &mut self.len }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.places.reserve(1);
        self.free_the_rest();
    }

    /// Turns the spare capacity of the allocation into free places. A full `VecDeque` is rotated without a copy.
    #[cold]
    #[inline(never)]
    fn free_the_rest(&mut self) {
        self.places.resize_with(self.places.capacity(), || None);
    }

    /// Adds all of these at the back.
    pub(crate) fn append(&mut self, entries: Vec<T>) {
        let all = self.len + entries.len();
        if all > self.places.len() {
            // Free places are replaced by entries.
            self.places.truncate(self.len);
            self.places.extend(entries.into_iter().map(Some));
            self.free_the_rest();
        } else {
            for (place, entry) in self.places.range_mut(self.len..).zip(entries) {
                put(place, entry);
            }
        }
        self.len = all;
    }

    /// Drops `count` entries from the front.
    ///
    /// # Panics
    /// If there are fewer than `count` entries.
    pub(crate) fn drop_front(&mut self, count: usize, mut dropped: impl FnMut(&T)) {
        assert!(count <= self.len, "no more than there are");
        for entry in self.places.range_mut(..count) {
            if let Some(entry) = entry {
                dropped(entry);
            }
            *entry = None;
        }
        self.places.rotate_left(count);
        self.len -= count;
    }

    /// Shrinks the allocation of a long queue if three quarters of it are free, so that the next entries are written to
    /// memory that is in the cache.
    pub(crate) fn give_back(&mut self) {
        if self.len >= MANY && self.places.len() >= 4 * self.len {
            self.places.truncate(2 * self.len);
            self.places.shrink_to_fit();
        }
    }

    /// The entry at `index`, counted from the front.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.places.get(index)?.as_ref()
    }

    /// The entries from `index` on.
    #[inline]
    pub(crate) fn from(&self, index: usize) -> impl ExactSizeIterator<Item = &T> {
        self.places.range(index..self.len).map(|entry| entry.as_ref().expect("an entry"))
    }

    /// All entries.
    #[inline]
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.from(0)
    }
}

/// A free place behind the entries of a [`Ring`].
pub(crate) struct Room<'a, T> {
    place: &'a mut Option<T>,
    len: &'a mut usize,
}

impl<'a, T> Room<'a, T> {
    /// Adds an entry, and returns it where it stands.
    #[inline(always)]
    pub(crate) fn fill(self, entry: T) -> &'a T {
        put(self.place, entry);
        *self.len += 1;
        self.place.as_ref().expect("just put there")
    }
}

/// Fills a free place. An assignment would drop the old value, which could panic while the entry is on the stack, and
/// would read the place, which has long left the cache.
#[inline(always)]
fn put<T>(place: &mut Option<T>, entry: T) {
    debug_assert!(place.is_none(), "behind the entries are free places");
    mem::forget(place.replace(entry));
}

impl<T> FromIterator<T> for Ring<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let places: VecDeque<Option<T>> = entries.into_iter().map(Some).collect();
        Ring { len: places.len(), places }
    }
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Ring { places: VecDeque::new(), len: 0 }
    }
}

impl<T: Clone> Clone for Ring<T> {
    fn clone(&self) -> Self {
        self.iter().cloned().collect()
    }
}

impl<T: PartialEq> PartialEq for Ring<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for Ring<T> {}

impl<T: PartialOrd> PartialOrd for Ring<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other.iter())
    }
}

impl<T: Ord> Ord for Ring<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<T: Hash> Hash for Ring<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_usize(self.len);
        self.iter().for_each(|entry| entry.hash(hasher));
    }
}

impl<T: fmt::Debug> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn room_that_is_no_longer_needed_is_given_back() {
        let mut ring: Ring<usize> = (0..8 * MANY).collect();
        ring.drop_front(7 * MANY, |_| {});
        ring.give_back();
        assert!(ring.iter().copied().eq(7 * MANY..8 * MANY));
        assert_eq!((ring.places.len(), ring.places.capacity()), (2 * MANY, 2 * MANY));
        ring.drop_front(MANY - 1, |_| {});
        ring.give_back();
        assert_eq!(ring.places.len(), 2 * MANY, "too few to copy");
    }

    proptest! {
        /// Added to and cut in any order, it holds what a plain queue holds; and however it came to hold it, it is the
        /// same.
        #[test]
        fn it_is_a_queue(steps in prop::collection::vec(prop_oneof![Just(None), (0..9_usize).prop_map(Some)], 0..200)) {
            let (mut ring, mut queue) = (Ring::default(), VecDeque::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    None => {
                        prop_assert_eq!(ring.room().fill(number.to_string()), &number.to_string());
                        queue.push_back(number.to_string());
                    }
                    Some(8) => {
                        let some: Vec<String> = (0..number % 7).map(|n| n.to_string()).collect();
                        queue.extend(some.clone());
                        ring.append(some);
                    }
                    Some(count) => {
                        let count = count.min(queue.len());
                        let mut dropped = Vec::new();
                        ring.drop_front(count, |entry| dropped.push(entry.clone()));
                        prop_assert_eq!(dropped, queue.drain(..count).collect::<Vec<_>>());
                    }
                }
                prop_assert!(ring.len() == queue.len() && ring.iter().eq(&queue));
                prop_assert_eq!(ring.get(1), queue.get(1));
                prop_assert_eq!(ring.get(queue.len()), None);
                prop_assert_eq!(ring.places.len(), ring.places.capacity(), "full: to cut it copies nothing");
            }
            let anew: Ring<String> = queue.into_iter().collect();
            let hasher = RandomState::new();
            prop_assert_eq!(hasher.hash_one(&ring), hasher.hash_one(&anew));
            prop_assert_eq!(format!("{ring:?}"), format!("{anew:?}"));
            prop_assert_eq!(&ring, &anew);
            prop_assert_eq!(ring.clone().cmp(&anew), Ordering::Equal);
        }
    }
}
