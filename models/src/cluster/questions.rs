//! What the [properties](crate::properties) ask of a state, as far as its masters must be looked at to tell.

use super::tables::Tables;
use super::{Action, Cluster, Letter, State};
use crate::scope::Link;
use multimaster::{Message, Resolver};

impl<R: Resolver> Cluster<R> {
    /// Two masters that have seen the same and read differently.
    pub(crate) fn diverged(&self, state: &State<R>) -> Option<(usize, usize)> {
        let tables = self.tables();
        let masters = &state.masters;
        (0..masters.len()).flat_map(|one| (0..one).map(move |other| (other, one))).find(|(one, other)| {
            let (one, other) = (tables.core(masters[*one].local), tables.core(masters[*other].local));
            one.readings != other.readings && one.digest == other.digest
        })
    }

    /// Whether all masters have seen all that was written, and read the same.
    pub(crate) fn agrees(&self, state: &State<R>) -> bool {
        let tables = self.tables();
        let readings = |local| tables.core(local).readings;
        let writes = tables.histories[state.history].writes();
        let all_seen = |local| writes.iter().all(|write| tables.digest(local).contains(write.dot));
        let first = readings(state.masters[0].local);
        state.masters.iter().all(|master| all_seen(master.local) && readings(master.local) == first)
    }

    /// Whether a write has been seen by all.
    pub(crate) fn seen_by_all(&self, state: &State<R>) -> bool {
        let tables = self.tables();
        let mut writes = tables.histories[state.history].writes().iter();
        writes.any(|write| state.masters.iter().all(|master| tables.digest(master.local).contains(write.dot)))
    }

    /// Whether a request has been refused.
    pub(crate) fn refused(&self, state: &State<R>) -> bool {
        let asked = state.progress.iter().map(|made| usize::from(*made)).sum::<usize>();
        asked + state.chosen.count_ones() as usize > self.tables().histories[state.history].writes().len()
    }

    /// Whether a right was overspent.
    pub(crate) fn overspent(&self, state: &State<R>) -> bool {
        let Tables { overspent, histories, .. } = &mut *self.tables();
        *overspent.entry(state.history).or_insert_with(|| histories[state.history].overspent().is_some())
    }

    pub(crate) fn clients_done(&self, state: &State<R>) -> bool {
        let scripts = self.scope.clients.iter().zip(&state.progress);
        state.chosen.count_ones() as usize == self.scope.free.take
            && scripts.into_iter().all(|(client, made)| client.asks.len() == usize::from(*made))
    }

    /// The clients are done, and no delivery or tick alters anything. What the link may still lose or repeat is no
    /// reason not to be at rest: nothing is in flight that it could lose.
    pub(crate) fn at_rest(&self, state: &State<R>) -> bool {
        if !self.clients_done(state) {
            return false;
        }
        // Only in a soup, where a letter stays, and in a tampered protocol can a step that is possible alter nothing.
        let sure = self.scope.link != Link::Soup && self.tamper.is_none();
        if sure && !state.wire.is_empty() {
            return false;
        }
        let is_fault = |action: &Action| {
            matches!(action, Action::Lose(_) | Action::Repeat(_) | Action::Duplicate(_) | Action::Break { .. })
        };
        let tables = &mut *self.tables();
        let (mut rests, mut to_try) = (true, Vec::new());
        self.each_enabled(tables, state, &mut |action| match action {
            action if is_fault(&action) => {}
            _ if sure => rests = false,
            action => to_try.push(action),
        });
        rests && to_try.into_iter().all(|action| self.step_in(tables, state, action).is_none())
    }

    /// Whether a master lacks something that a neighbour has which sends to it.
    pub(crate) fn lacks(&self, state: &State<R>) -> bool {
        let tables = self.tables();
        let seen = |master| tables.digest(state.local(master));
        self.edges.iter().any(|(from, to)| !seen(*to).covers(seen(*from)))
    }

    /// An edge over which an exchange of digests would not help.
    pub(crate) fn beyond_repair(&self, state: &State<R>) -> Option<(usize, usize)> {
        let tables = &mut *self.tables();
        let edge = self.edges.iter().find(|(from, to)| {
            let [feeder, asker] = [from, to].map(|master| tables.locals[state.local(*master)].core);
            !tables.repairs.get(&(feeder, asker)).copied().unwrap_or_else(|| {
                let repaired = self.is_repaired(tables, feeder, asker);
                tables.repairs.insert((feeder, asker), repaired);
                repaired
            })
        });
        edge.map(|(from, to)| (from.index(), to.index()))
    }

    /// Whether the asker lacks nothing that the feeder has, or an exchange of digests brings it.
    fn is_repaired(&self, tables: &mut Tables<R>, feeder: u32, asker: u32) -> bool {
        let (has, lacks) = (tables.cores[feeder].digest, tables.cores[asker].digest);
        if tables.digests[lacks].covers(&tables.digests[has]) {
            return true;
        }
        let id = tables.cores[asker].replica.id();
        let Some(letter) = self.answer_to(tables, feeder, (id, lacks), usize::MAX) else {
            return false;
        };
        let brought = tables.brought.get(&(asker, letter)).copied().unwrap_or_else(|| {
            let mut replica = tables.cores[asker].replica.as_ref().clone();
            let Letter { from, message, .. } = &*tables.letters[letter];
            self.receive(&mut replica, *from, message.clone());
            let brought = tables.seen(replica.digest());
            tables.brought.insert((asker, letter), brought);
            brought
        });
        tables.digests[brought].covers(&tables.digests[has])
    }

    /// Whether a letter in flight builds on something that its receiver has not seen.
    pub(crate) fn gap(&self, state: &State<R>) -> bool {
        let tables = &mut *self.tables();
        state.wire.iter().any(|letter| {
            let receiver = state.local(tables.letters[*letter].to);
            self.finds_gap(tables, receiver, *letter)
        })
    }

    /// Whether a message in flight, or next on a stream, carries more than one change.
    pub(crate) fn batch(&self, state: &State<R>) -> bool {
        let tables = self.tables();
        let in_flight = state.wire.iter().any(|letter| match &tables.letters[*letter].message {
            Message::Push(push) => push.changes.len() > 1,
            Message::Snapshot(_) => false,
        });
        let streams = matches!(self.scope.link, Link::Stream { .. });
        let waits = || self.edges.iter().any(|(from, to)| tables.locals[state.local(*from)].waiting[to.index()] > 1);
        in_flight || (streams && waits())
    }

    /// Whether two neighbours each need the other's snapshot.
    pub(crate) fn crossed(&self, state: &State<R>) -> bool {
        let tables = self.tables();
        let core = |master| &tables.core(state.local(master)).replica;
        let needs_snapshot = |from, to| {
            let (feeder, asker) = (core(from), core(to));
            let answer = feeder.answer(asker.digest(), 1);
            answer.is_some_and(|m| matches!(m, Message::Snapshot(_)) && m.is_news_to(asker.digest()))
        };
        self.edges.iter().any(|&(from, to)| {
            let lacks = !core(to).digest().covers(core(from).digest());
            lacks && needs_snapshot(from, to) && needs_snapshot(to, from)
        })
    }
}
