//! The stores of masters in a record, written and read by the model.

use super::path::Path;
use crate::node::any_rule::{AnyReplica, AnyRule};
use multimaster::{MasterId, Replica, Resolver, Saved, VersionVector};

type AnySaved = Saved<<AnyRule as Resolver>::State, <AnyRule as Resolver>::Effect>;

/// What a master has flushed.
pub(super) struct Stored {
    saved: AnySaved,
    seen: VersionVector,
    /// The content before the last flush, which may not have reached the disk.
    before: Option<Before>,
}

struct Before {
    /// The number of changes in the log.
    log: usize,
    seen: VersionVector,
    /// What the last flush has replaced, if it took the whole state.
    replaced: Option<AnySaved>,
}

impl Stored {
    /// A new store of this master, which has seen nothing.
    fn new(master: &AnyReplica) -> Stored {
        Stored { saved: master.saved(), seen: VersionVector::default(), before: None }
    }

    fn flush(&mut self, master: &AnyReplica, whole: bool) -> Result<(), String> {
        let before = (self.saved.log.len(), self.seen.clone());
        let replaced = if whole {
            Some(std::mem::replace(&mut self.saved, master.saved()))
        } else if self.seen.covers(master.truncated()) {
            let lacks = master.log().filter(|change| !self.seen.contains(change.dot));
            self.saved.log.extend(lacks.cloned());
            None
        } else {
            let seen = &self.seen;
            return Err(format!(
                "the log begins after {}, and the store has {seen}: the whole state is needed",
                master.truncated()
            ));
        };
        self.before = Some(Before { log: before.0, seen: before.1, replaced });
        self.seen = master.digest().clone();
        Ok(())
    }

    /// Goes back to the content with these changes.
    fn go_back(&mut self, seen: &VersionVector) -> Result<(), String> {
        let before = self.before.take();
        if self.seen == *seen {
            return Ok(());
        }
        match before {
            Some(before) if before.seen == *seen => {
                match before.replaced {
                    Some(replaced) => self.saved = replaced,
                    None => self.saved.log.truncate(before.log),
                }
                self.seen = before.seen;
                Ok(())
            }
            Some(Before { seen: before, .. }) => {
                Err(format!("its store has {}, or {before} if the last flush was lost, not {seen}", self.seen))
            }
            None => Err(format!("its store has {}, not {seen}", self.seen)),
        }
    }
}

impl Path {
    pub(super) fn flush(&mut self, at: MasterId, whole: bool) -> Result<(), String> {
        let untouched = || {
            let rule = self.world.master(at).rule().clone();
            Stored::new(&Replica::new(at, rule, &self.failures.topology))
        };
        self.stores.entry(at).or_insert_with(untouched).flush(&self.world.masters[at.index()], whole)
    }

    /// The master is up again with what its store holds. No other master may have seen more of its changes.
    pub(super) fn reopen(&mut self, at: MasterId, seen: &VersionVector) -> Result<(), String> {
        if !self.failures.down.contains(&at) || self.failures.gone.contains(&at) {
            return Err(format!("{at} is not a master that is down and comes back"));
        }
        let master = self.world.master(at);
        let (origin, rule) = (master.origin(), master.rule().clone());
        let topology = self.failures.topology.without(&self.failures.gone);
        let stored = self.stores.entry(at).or_insert_with(|| Stored::new(&Replica::new(at, rule.clone(), &topology)));
        stored.go_back(seen)?;
        let restored =
            Replica::restore(at, rule, &topology, stored.saved.clone()).map_err(|error| error.to_string())?;
        let kept = restored.digest().get(origin);
        let mut others = self.world.masters.iter().filter(|other| other.id() != at);
        if let Some(other) = others.find(|other| other.digest().get(origin) > kept) {
            let sent = other.digest().get(origin);
            return Err(format!("{} has seen {origin}{sent}, which was sent before it was in the store", other.id()));
        }
        // What the store lacks was never sent, and its dots are given to other writes.
        self.world.wire.retain(|envelope| envelope.from != at);
        if let Some(told) = &mut self.told {
            told.retain(|(from, _), _| *from != at);
        }
        self.world.digests_sent.retain(|digest| digest.receiver != at);
        self.writes.retain(|write| write.dot.origin() != origin || write.dot.seq() <= kept);
        self.world.masters[at.index()] = restored;
        self.failures.down.remove(&at);
        self.failures.joins.forgets(at);
        self.expect_origins();
        Ok(())
    }
}
