//! A small history: a few writes, and what is left of each causally closed part of them.

use super::{ELSEWHERE, KEY};
use multimaster::{Change, Dot, Key, MasterId, Op, Request, Resolver, Timestamp, VersionVector};
use std::collections::BTreeMap;

/// Writes, by their place in a history.
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
    /// The state of a master that has seen so much. If the order of changes matters: as their order in `writes` leaves
    /// it.
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

    /// What `rule` makes of a write at `origin` that has seen so much, which left `state`; `late` is how much further
    /// on its clock is. `None` if it refuses.
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

    /// Whether a master that has seen so much, and has made all its own writes so far among that, can write next. Of
    /// two writes that come one after the other, and can as well come the other way round, the lower master's comes
    /// first.
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
