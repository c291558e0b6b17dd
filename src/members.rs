//! Members of a running cluster that crash, come back, join, leave or are gone for good.

mod error;

pub use error::MemberError;

use crate::cluster::lack;
use crate::record::{Event, Kept};
use crate::{Cluster, Master, MasterId, Newcomer, Replica, Resolver};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

impl<R: Resolver> Cluster<R> {
    /// Saves the state of a master, in place of the state saved before. After a [crash](Self::crash), the master may
    /// restart with the saved state. O(keys + logs).
    ///
    /// # Errors
    /// If the master is down, or there is none.
    pub fn save(&mut self, id: MasterId) -> Result<(), MemberError> {
        self.vet_up(id)?;
        let mut saved = Vec::new();
        self.master(id).alter(|| Event::Save { at: id }, |_, replica| saved.push(replica.clone()));
        self.saved.insert(id, saved);
        Ok(())
    }

    /// Crashes a master. It will restart with the state that it has `kept`. Its links end: what is in flight on them is
    /// lost. A handle to the master refuses writes from now on, and can still be read. A master with a
    /// store (feature `durable`) keeps what is [stored](Kept::Stored): its store is closed, after a flush that is under way.
    ///
    /// # Errors
    /// If the master is down, there is none, it has a store and keeps something else, it keeps what is stored and has no
    /// store, or no origin is left.
    pub fn crash(&mut self, id: MasterId, kept: Kept) -> Result<(), MemberError> {
        self.vet_up(id)?;
        match (kept, self.master(id).has_store()) {
            (Kept::Stored, false) => return Err(MemberError::NoStore(id)),
            (Kept::All | Kept::Saved | Kept::Nothing, true) => return Err(MemberError::HasStore(id)),
            _ => {}
        }
        let fresh = matches!(kept, Kept::Saved | Kept::Nothing).then_some(MasterId(self.origins));
        if fresh == Some(MasterId(u16::MAX)) {
            return Err(MemberError::NoFreshOrigin(id));
        }
        self.halt_links(|from, to| from == id || to == id);
        let master = self.master(id).clone();
        let replicas = master.crash(|| Event::Crash { at: id, kept, fresh });
        self.record.extend(master.take_record());
        #[cfg(feature = "durable")]
        if let Some(flusher) = &master.flusher {
            flusher.end();
        }
        let nothing = || {
            let new = |replica: &Replica<R>| Replica::new(id, replica.rule().clone(), &self.topology);
            replicas.iter().map(new).collect()
        };
        let collects = self.setup.collects;
        let clocks: Vec<u64> = replicas.iter().map(Replica::clock).collect();
        let mut replicas = match kept {
            Kept::All | Kept::Stored => replicas,
            Kept::Saved => self.saved.get(&id).cloned().unwrap_or_else(nothing),
            Kept::Nothing => nothing(),
        };
        for (replica, clock) in replicas.iter_mut().zip(clocks) {
            if collects {
                // Where tombstones are collected, no clock may go back.
                replica.advance_clock(clock);
            }
            replica.restart(fresh).expect("each crash has an origin of its own");
        }
        if collects && fresh.is_some() {
            // After a later crash, the master must not restart with a state saved before this crash.
            self.saved.insert(id, replicas.clone());
        }
        self.origins += u16::from(fresh.is_some());
        self.down.insert(id, replicas);
        Ok(())
    }

    /// Restarts a master that is down. It has a new handle: [`Cluster::master`]. If it had not kept its whole state, it
    /// writes under a fresh origin, and its neighbours send the changes that it has lost.
    ///
    /// # Errors
    /// If the master is up, there is none, it has a store, it is bypassed, or the system cannot start a thread.
    pub fn restart(&mut self, id: MasterId) -> Result<(), MemberError> {
        self.vet_down(id)?;
        if self.master(id).has_store() {
            return Err(MemberError::HasStore(id));
        }
        let replicas = self.down.remove(&id).ok_or(MemberError::Up(id))?;
        let master = Master::of(replicas, &self.topology(), &self.setup.master);
        master.alter(|| Event::Restart { at: id }, |_, _| ());
        self.come_up(master)
    }

    /// Restarts a master that is down, with what its store holds, as after a power cut. It has a new handle:
    /// [`Cluster::master`]. Writes that were not flushed are lost; no other master has seen them.
    ///
    /// # Errors
    /// If the master is up, there is none, it had no store, it is bypassed, the store cannot be opened
    /// ([`Master::open`]), or the system cannot start a thread.
    #[cfg(feature = "durable")]
    pub fn reopen(
        &mut self,
        id: MasterId,
        store: impl crate::durable::Store<R::State, R::Effect> + 'static,
    ) -> Result<(), MemberError> {
        self.vet_down(id)?;
        if !self.master(id).has_store() {
            return Err(MemberError::NoStore(id));
        }
        let rule = self.rule();
        let master = Master::open(id, rule, &self.topology(), &self.setup.master, store).map_err(MemberError::Open)?;
        let seen = std::cell::RefCell::default();
        let event = || Event::Reopen { at: id, seen: seen.take() };
        master.alter(event, |_, replica| drop(seen.replace(replica.digest().clone())));
        self.down.remove(&id);
        self.come_up(master)
    }

    /// The master is up again. It is told which masters have joined and which are gone, and its links start.
    fn come_up(&mut self, master: Master<R>) -> Result<(), MemberError> {
        let id = master.id();
        let place = self.place(id).expect("it was vetted");
        self.masters[place] = Arc::new(master);
        if self.topology_has_changed() {
            self.tell_gone(id);
        }
        for master in &self.masters {
            master.expect_origins(self.origins);
        }
        self.start_links().map_err(MemberError::Thread)
    }

    /// A new master joins while clients write, and gets the next id that was never used, neither by a master nor as a fresh
    /// origin. It begins without state; its neighbours send it a snapshot, or all changes, as to a master that has been away.
    /// Messages in flight along the edges that it replaces are lost.
    ///
    /// # Errors
    /// If a neighbour does not exist or is gone for good, the new master cannot have these edges
    /// ([`Topology::joined`](crate::Topology::joined)), no id is left, or the system cannot start a thread.
    pub fn admit(&mut self, newcomer: &Newcomer) -> Result<MasterId, MemberError> {
        for neighbour in newcomer.hears_from.iter().chain(&newcomer.sends_to) {
            self.vet(*neighbour)?;
            if self.gone.contains(neighbour) {
                return Err(MemberError::Bypassed(*neighbour));
            }
        }
        let id = MasterId(self.origins);
        if id.0 == u16::MAX {
            return Err(MemberError::NoFreshOrigin(id));
        }
        let unused = (self.topology.masters()..id.0).map(MasterId);
        // The new master may replace an edge that itself has replaced those of a dead master.
        self.topology = self.topology().joined(id, newcomer).map_err(MemberError::Misplaced)?;
        self.gone.extend(unused);
        self.origins += 1;
        let Newcomer { hears_from, sends_to, replaces } = newcomer.clone();
        self.halt_links(|from, to| replaces.contains(&(from, to)));
        let event = |at| {
            let (hears_from, sends_to, replaces) = (hears_from.clone(), sends_to.clone(), replaces.clone());
            Event::Admit { at, id, hears_from, sends_to, replaces }
        };
        for at in self.up() {
            self.master(at).alter(|| event(at), |_, replica| replica.change_topology(&self.topology, &self.gone));
        }
        let rule = self.rule();
        let clock = self.clock();
        self.masters.push(Arc::new(Master::new(id, rule, &self.topology(), &self.setup.master)));
        let new = self.master(id);
        new.alter(|| event(id), |_, replica| replica.change_topology(&self.topology, &self.gone));
        if self.setup.collects {
            // It may write to a key of which all others have collected a tombstone, so no clock may be ahead of its
            // own.
            new.advance_clock(clock);
        }
        self.start_links().map_err(MemberError::Thread)?;
        Ok(id)
    }

    fn rule(&self) -> R {
        self.masters[0].inspect(0, |replica| replica.rule().clone()).expect("every master has a shard")
    }

    /// The latest clock of all masters, also of those that are down.
    fn clock(&self) -> u64 {
        let shards = 0..self.masters[0].layout().shards();
        let shown =
            |master: &Arc<Master<R>>| shards.clone().filter_map(|shard| master.inspect(shard, Replica::clock)).max();
        self.masters.iter().filter_map(shown).max().unwrap_or(0)
    }

    /// A master leaves: it is closed to writes, and goes down once all its neighbours have seen every change that it
    /// has seen. No change is lost then. [Bypass](Self::bypass) it, or [restart](Self::restart) it later.
    ///
    /// # Errors
    /// If the master or one of its neighbours is down, there is none, or its neighbours lack changes when `patience` ends.
    pub fn leave(&mut self, id: MasterId, patience: Duration) -> Result<(), MemberError> {
        self.vet_up(id)?;
        let topology = self.topology();
        // If a neighbour is down, the master cannot leave: the neighbour may forget changes that it had seen.
        topology.sends_to(id).try_for_each(|peer| self.vet_up(peer))?;
        let (start, master) = (Instant::now(), self.master(id));
        master.close();
        let mut lacks = Vec::new();
        for shard in 0..master.layout().shards() {
            let seen = master.inspect(shard, |replica| replica.digest().clone()).unwrap_or_default();
            lacks.extend(
                topology
                    .sends_to(id)
                    .filter_map(|peer| lack(self.master(peer), shard, &seen, patience.saturating_sub(start.elapsed()))),
            );
        }
        let kept = if self.master(id).has_store() { Kept::Stored } else { Kept::All };
        if lacks.is_empty() { self.crash(id, kept) } else { Err(MemberError::Undrained(lacks)) }
    }

    /// Replaces the edges of the masters in `dead`, which are down and will never restart:
    /// [`Topology::without`](crate::Topology::without). Changes that only they had seen are lost.
    ///
    /// # Errors
    /// If one of them is up, there is no such master, or the system cannot start a thread.
    pub fn bypass(&mut self, dead: &BTreeSet<MasterId>) -> Result<(), MemberError> {
        for id in dead {
            self.vet(*id)?;
            if !self.down.contains_key(id) {
                return Err(MemberError::Up(*id));
            }
        }
        self.gone.extend(dead);
        self.up().into_iter().for_each(|id| self.tell_gone(id));
        self.start_links().map_err(MemberError::Thread)
    }

    fn tell_gone(&self, at: MasterId) {
        let dead = &self.gone;
        let event = || Event::Bypass { at, dead: dead.clone() };
        self.master(at).alter(event, |_, replica| replica.change_topology(&self.topology, dead));
    }

    fn up(&self) -> Vec<MasterId> {
        self.masters.iter().map(|master| master.id()).filter(|id| !self.down.contains_key(id)).collect()
    }

    /// The masters that are down, in order.
    pub fn down(&self) -> impl Iterator<Item = MasterId> + '_ {
        self.down.keys().copied()
    }

    fn vet(&self, id: MasterId) -> Result<(), MemberError> {
        self.place(id).map(drop).ok_or(MemberError::NoSuchMaster(id))
    }

    fn vet_up(&self, id: MasterId) -> Result<(), MemberError> {
        self.vet(id)?;
        if self.down.contains_key(&id) { Err(MemberError::Down(id)) } else { Ok(()) }
    }

    fn vet_down(&self, id: MasterId) -> Result<(), MemberError> {
        self.vet(id)?;
        if self.gone.contains(&id) {
            return Err(MemberError::Bypassed(id));
        }
        if self.down.contains_key(&id) { Ok(()) } else { Err(MemberError::Up(id)) }
    }
}
