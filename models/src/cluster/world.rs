//! A global state as what it is made of: [`World`].

use super::{Inquiry, Letter};
use crate::any_rule::{AnyMessage, AnyReplica};
use crate::history::History;
use multimaster::MasterId;
use std::sync::Arc;

/// The masters and what is in flight between them: what people are shown, and what a step over a running link alters in
/// place.
pub(crate) struct World {
    pub(crate) replicas: Vec<Arc<AnyReplica>>,
    /// What is in flight, in the order of content.
    pub(crate) wire: Vec<Arc<Letter>>,
    /// The digests that are on their way over running links, in order: a bag.
    pub(crate) inquiries: Vec<Inquiry>,
    pub(crate) history: Arc<History>,
}

impl World {
    pub(crate) fn master(&self, id: MasterId) -> &AnyReplica {
        &self.replicas[id.index()]
    }

    /// Alters a master where it is; it is copied first only if it is shared.
    pub(crate) fn alter<T>(&mut self, id: MasterId, alter: impl FnOnce(&mut AnyReplica) -> T) -> T {
        alter(Arc::make_mut(&mut self.replicas[id.index()]))
    }

    /// Where such a letter is in flight. O(log letters).
    pub(crate) fn flying(&self, from: MasterId, to: MasterId, message: &AnyMessage) -> Option<usize> {
        let place = self.wire.partition_point(|held| held.order() < (from, to, message));
        self.wire.get(place).is_some_and(|held| held.order() == (from, to, message)).then_some(place)
    }

    /// The letter is in flight: perhaps not the first that is like it.
    pub(super) fn fly(&mut self, letter: Arc<Letter>) {
        let place = self.wire.partition_point(|held| held.order() < letter.order());
        self.wire.insert(place, letter);
    }

    /// A letter in flight becomes two.
    pub(crate) fn duplicate(&mut self, letter: &Arc<Letter>) -> Option<()> {
        self.flying(letter.from, letter.to, &letter.message)?;
        self.fly(Arc::clone(letter));
        Some(())
    }

    /// The letter is in flight no more. False if it was not.
    // Letters carry their hash, so that to compare two in order is dearer than to look for one that is equal.
    pub(crate) fn take(&mut self, letter: &Letter) -> bool {
        let place = self.wire.iter().position(|held| **held == *letter);
        place.map(|place| self.wire.remove(place)).is_some()
    }
}
