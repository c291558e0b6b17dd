//! A replica's state as a store holds it: [`Saved`], from which [`Replica::restore`] rebuilds the replica.

use super::{Known, Replica};
use crate::clock::{END, LATEST};
use crate::log::{Cursor, Log};
use crate::table::Table;
use crate::{Change, Dot, Key, MasterId, PeerError, Resolver, Snapshot, Timestamp, Topology, VersionVector};
use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The state of a replica, to be stored and restored. To keep it up to date, append each change that the replica sees
/// to `log`: restoring applies those that the table does not reflect yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct Saved<S, E> {
    /// The name of the rule's type, without its path.
    pub rule: String,
    /// The master.
    pub id: MasterId,
    /// The number of masters in its topology.
    pub masters: u16,
    /// The [origin](Replica::origin) of its writes.
    pub origin: MasterId,
    /// The number of origins that it [expects](Replica::expect_origins).
    pub origins: u16,
    /// The neighbours that [forgot](Replica::peer_forgot) something, in order.
    pub forgetful: Vec<MasterId>,
    /// The table, the changes that it reflects, and the clock.
    pub table: Snapshot<S>,
    /// The changes that the master had seen before the first change in `log`.
    pub base: VersionVector,
    /// The changes in the order in which the master has seen them: first those that the table reflects.
    pub log: Vec<Change<E>>,
}

/// Why a replica cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// The state is that of another rule.
    Rule {
        /// The name of the given rule's type.
        expected: String,
        /// The name in the saved state.
        found: String,
    },
    /// The state is that of another master.
    Master {
        /// The given id.
        expected: MasterId,
        /// The id in the saved state.
        found: MasterId,
    },
    /// The state was saved in a topology with more masters; or with fewer, and an origin in it is the id of a new master.
    Masters {
        /// The number in the given topology.
        expected: u16,
        /// The number in the saved state.
        found: u16,
    },
    /// The state is damaged: no replica can have saved it. The source says what is wrong.
    Damaged(PeerError),
    /// The state is damaged: changes are missing between the log and the table.
    Torn {
        /// The changes that base and log contain.
        log: VersionVector,
        /// The changes that the table reflects.
        table: VersionVector,
    },
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoreError::Rule { expected, found } => write!(f, "it was saved under the rule {found}, not {expected}"),
            RestoreError::Master { expected, found } => write!(f, "it was saved by master {found}, not {expected}"),
            RestoreError::Masters { expected, found } => {
                write!(f, "it was saved in a topology of {found} masters, not {expected}")
            }
            RestoreError::Damaged(_) => f.write_str("the saved state is damaged"),
            RestoreError::Torn { log, table } => {
                write!(f, "the saved state is damaged: the log has {log}, the table reflects {table}")
            }
        }
    }
}

impl std::error::Error for RestoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RestoreError::Damaged(error) => Some(error),
            _ => None,
        }
    }
}

impl<R: Resolver> Replica<R> {
    /// The whole state, to be stored. O(keys log keys + log).
    pub fn saved(&self) -> Saved<R::State, R::Effect> {
        let Known { id, origin, clock, seen, table, log, forgetful, .. } = &self.known;
        let rows = table.iter().map(|(key, state)| (key.clone(), state.clone())).collect();
        Saved {
            rule: rule_name::<R>(),
            id: *id,
            masters: self.place.masters,
            origin: *origin,
            origins: self.place.origins,
            forgetful: forgetful.clone(),
            table: Snapshot { seen: seen.clone(), clock: *clock, table: Arc::new(rows) },
            base: log.base.clone(),
            log: log.entries.iter().cloned().collect(),
        }
    }

    /// The replica whose state was saved, with the same table, clock, log and version vector.
    ///
    /// Its cursors stand at the end of the log, because it does not know which of its messages have arrived: send each
    /// digest of [`digests_due`](Self::digests_due), and expect those of the neighbours, as after a reconnection.
    ///
    /// The state must be as new as every message that the replica has sent. Otherwise [restart](Self::restart) it under
    /// a fresh origin, so that it does not issue dots a second time. O(keys + log).
    ///
    /// # Errors
    /// If the state is that of another master or another rule, was saved among more masters, or is damaged; or if masters
    /// have joined since, and one has the id of an earlier origin.
    ///
    /// # Panics
    /// If `id` is not in the topology.
    pub fn restore(
        id: MasterId,
        rule: R,
        topology: &Topology,
        saved: Saved<R::State, R::Effect>,
    ) -> Result<Replica<R>, RestoreError> {
        let mut replica = Replica::new(id, rule, topology);
        saved.belongs_to::<R>(id, topology)?;
        let before = saved.masters;
        let Saved { origin, origins, forgetful, table: Snapshot { seen, clock, table }, base, log, .. } = saved;
        // A fresh origin may be below a master that joined later.
        let is_place = |id| topology.edges().any(|(from, to)| from == id || to == id);
        if origin != id && (origin.0 >= origins || is_place(origin)) {
            return Err(RestoreError::Damaged(PeerError::UnknownOrigin(origin)));
        }
        check_vector(&base, origins)?;
        check_vector(&seen, origins)?;
        let all = check_log(&base, &log, &seen, origins)?;
        let mut new = (before..topology.masters()).map(MasterId);
        if new.any(|id| is_place(id) && all.get(id) > 0) {
            return Err(RestoreError::Masters { expected: topology.masters(), found: before });
        }
        replica.expect_origins(origins);
        forgetful.into_iter().for_each(|peer| replica.peer_forgot(peer));
        let known = &mut replica.known;
        known.clock = clock;
        known.table = rows(table);
        for change in &log {
            if !seen.contains(change.dot) {
                known.clock = known.clock.max(change.timestamp.time());
                known.table.alter(change.key.as_str().into(), |state| replica.rule.apply(state, change));
            }
        }
        // A master has made no more changes than its clock shows: its next dot and its next timestamp are then in range.
        if known.clock > LATEST || known.clock < all.get(origin) {
            let time = known.clock.min(END);
            return Err(RestoreError::Damaged(PeerError::ImpossibleTimestamp(Timestamp::new(time, id))));
        }
        let end = Cursor::Next { index: log.len(), seen: all.clone() };
        known.cursors.fill(end);
        known.log = Log { base, entries: log.into_iter().collect() };
        known.seen = all;
        known.origin = origin;
        Ok(replica)
    }
}

impl<S, E> Saved<S, E> {
    /// Whether it is the state of this master under this rule.
    fn belongs_to<R>(&self, id: MasterId, topology: &Topology) -> Result<(), RestoreError> {
        let expected = rule_name::<R>();
        if self.rule != expected {
            return Err(RestoreError::Rule { expected, found: self.rule.clone() });
        }
        if self.id != id {
            return Err(RestoreError::Master { expected: id, found: self.id });
        }
        if self.masters > topology.masters() {
            return Err(RestoreError::Masters { expected: topology.masters(), found: self.masters });
        }
        Ok(())
    }
}

/// The name of a rule's type, without its path and its parameters: the name of a closure is not the same in every build.
fn rule_name<R>() -> String {
    let path = type_name::<R>().split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default().into()
}

fn rows<S: Clone + Default + PartialEq>(saved: Arc<BTreeMap<Key, S>>) -> Table<S> {
    let mut table = Table::default();
    for (key, state) in Arc::unwrap_or_clone(saved) {
        table.alter(key.as_str().into(), |place| *place = state);
    }
    table
}

/// Checks that a master that expects these origins can have seen these changes.
fn check_vector(vector: &VersionVector, origins: u16) -> Result<(), RestoreError> {
    for (origin, count) in vector.iter() {
        if origin.0 >= origins {
            return Err(RestoreError::Damaged(PeerError::UnknownOrigin(origin)));
        }
        if count > Dot::LAST {
            return Err(RestoreError::Damaged(PeerError::ImpossibleDot(Dot::new(origin, Dot::LAST))));
        }
    }
    Ok(())
}

/// Checks that each change of the log is the next of its origin, and that those which the table reflects come first.
/// Returns all changes seen.
fn check_log<E>(
    base: &VersionVector,
    log: &[Change<E>],
    table: &VersionVector,
    origins: u16,
) -> Result<VersionVector, RestoreError> {
    let mut all = base.clone();
    let mut reflected = true;
    for Change { dot, timestamp, .. } in log {
        if dot.origin().0 >= origins {
            return Err(RestoreError::Damaged(PeerError::UnknownOrigin(dot.origin())));
        }
        let came_before = reflected;
        reflected = table.contains(*dot);
        if dot.seq().checked_sub(1) != Some(all.get(dot.origin())) || (reflected && !came_before) {
            return Err(RestoreError::Damaged(PeerError::ImpossibleDot(*dot)));
        }
        if timestamp.master() != dot.origin() || timestamp.time() > LATEST {
            return Err(RestoreError::Damaged(PeerError::ImpossibleTimestamp(*timestamp)));
        }
        all.insert(*dot);
    }
    if table.covers(base) && all.covers(table) {
        Ok(all)
    } else {
        Err(RestoreError::Torn { log: all, table: table.clone() })
    }
}
