//! Processes that are ready: [`Pool`].

use super::book::Place;
use super::talk::Talk;
use multimaster::MasterId;
use std::collections::{BTreeMap, VecDeque};

/// The most processes that wait at some state.
const MOST: usize = 24;

/// Processes that wait for their next input.
#[derive(Default)]
pub(super) struct Pool {
    /// Those at a state, the least recently used first.
    placed: VecDeque<(Place, Talk)>,
    /// One of each node that has been started and given nothing else.
    spare: BTreeMap<MasterId, Talk>,
}

impl Pool {
    /// Takes out a process at the last of these states that has one, with the state's index.
    pub(super) fn take_last(
        &mut self,
        path: impl DoubleEndedIterator<Item = Place> + ExactSizeIterator,
    ) -> Option<(usize, Talk)> {
        path.enumerate().rev().find_map(|(index, place)| {
            let found = self.placed.iter().rposition(|(at, _)| *at == place)?;
            self.placed.remove(found).map(|(_, talk)| (index, talk))
        })
    }

    /// Adds a process at this state. Returns one that is too many.
    #[must_use]
    pub(super) fn keep(&mut self, place: Place, talk: Talk) -> Option<Talk> {
        self.placed.push_back((place, talk));
        if self.placed.len() > MOST { self.placed.pop_front().map(|(_, talk)| talk) } else { None }
    }

    /// Takes out a process that was only started.
    pub(super) fn spare(&mut self, me: MasterId) -> Option<Talk> {
        self.spare.remove(&me)
    }

    /// Adds a process that was only started.
    pub(super) fn keep_spare(&mut self, talk: Talk) {
        self.spare.insert(talk.me, talk);
    }
}
