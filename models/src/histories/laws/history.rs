//! A small history: a few writes, and the state at each of their cuts.

use super::{ELSEWHERE, KEY};
use multimaster::{Change, Dot, Key, MasterId, Op, Request, Resolver, Timestamp, VersionVector};
use std::collections::BTreeMap;

/// A set of writes, one bit for each index in the history.
pub(super) type Seen = u8;

pub(super) fn has(seen: Seen, write: usize) -> bool {
    seen & (1 << write) != 0
}

pub(super) struct Write<E> {
    pub(super) change: Change<E>,
    pub(super) op: Op,
    pub(super) past: Seen,
}

pub(super) struct History<R: Resolver> {
    pub(super) writes: Vec<Write<R::Effect>>,
    /// By cut, the state of a master that has seen it. If the order of changes matters, they are applied in the order
    /// of `writes`.
    pub(super) states: BTreeMap<Seen, R::State>,
}

impl<R: Resolver> History<R> {
    pub(super) fn vector(&self, seen: Seen) -> VersionVector {
        let mut vector = VersionVector::default();
        self.seen(seen).for_each(|write| vector.insert(write.change.dot));
        vector
    }

    pub(super) fn seen(&self, seen: Seen) -> impl Iterator<Item = &Write<R::Effect>> {
        self.writes.iter().enumerate().filter(move |(place, _)| has(seen, *place)).map(|(_, write)| write)
    }

    pub(super) fn dots(&self, seen: Seen) -> String {
        let dots: Vec<String> = self.seen(seen).map(|write| write.change.dot.to_string()).collect();
        if dots.is_empty() { "nothing".into() } else { dots.join(" ") }
    }

    /// The change that `rule` makes of a write at `origin`, which has seen `seen` and is in `state`; its clock is ahead
    /// by `late`. `None` if the rule refuses it.
    pub(super) fn next(
        &self,
        rule: &R,
        state: &R::State,
        op: &Op,
        origin: MasterId,
        seen: Seen,
        late: u64,
    ) -> Option<Change<R::Effect>> {
        let dot = Dot::new(origin, self.vector(seen).get(origin) + 1);
        let latest = self.seen(seen).map(|write| write.change.timestamp.time()).max().unwrap_or(0);
        let timestamp = Timestamp::new(latest + late + 1, origin);
        let effect = rule.prepare(state, op.clone(), dot, timestamp).ok()?;
        Some(Change { dot, timestamp, key: Key::from(KEY), effect })
    }

    pub(super) fn with_one_more(
        &self,
        op: &Op,
        origin: MasterId,
        seen: Seen,
        told: (String, String),
    ) -> (String, String) {
        let request = Request { key: Key::from(KEY), op: op.clone() };
        let had = if origin == ELSEWHERE { self.dots(seen) } else { "all this".into() };
        let more = |reads| format!("reads {reads} once {origin} has written `{request}` after {had}");
        (more(told.0), more(told.1))
    }

    pub(super) fn in_words(&self) -> Vec<String> {
        let each = self.writes.iter().map(|Write { change, op, past }| {
            let request = Request { key: change.key.clone(), op: op.clone() };
            format!("{} = `{request}` after {}", change.dot, self.dots(*past))
        });
        each.collect()
    }

    /// Whether a master that has seen this cut can make the next write: the cut must contain its own writes. Of two
    /// adjacent writes that commute, the lower master's comes first, so that each history is found once.
    pub(super) fn can_write(&self, at: usize, past: Seen) -> bool {
        let by_it = |write: &Write<R::Effect>| write.change.dot.origin().index() == at;
        let own = self.writes.iter().enumerate().all(|(place, write)| !by_it(write) || has(past, place));
        let in_order = match self.writes.split_last() {
            Some((last, before)) => has(past, before.len()) || last.change.dot.origin().index() < at,
            None => true,
        };
        own && in_order
    }
}
