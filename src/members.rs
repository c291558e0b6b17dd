//! Members of a running cluster that crash, come back, leave or are gone for good.

use crate::cluster::lack;
use crate::record::{Event, Kept};
use crate::{Cluster, Lack, Master, MasterId, Replica, Resolver};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a member of a cluster cannot be saved, crash, restart, leave or be bypassed. Unless the case says otherwise, nothing
/// has changed then.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemberError {
    /// The topology has no such master.
    NoSuchMaster(MasterId),
    /// The master is down.
    Down(MasterId),
    /// The master is up.
    Up(MasterId),
    /// The master is bypassed: it is gone for good.
    Bypassed(MasterId),
    /// No origin is left for this master: 65,534 have been used.
    NoFreshOrigin(MasterId),
    /// The master has a [store](crate::durable): shut the cluster down, and open the master again.
    #[cfg(feature = "durable")]
    HasStore(MasterId),
    /// Neighbours of the leaving master still lack these changes. It is closed to writes, and up.
    Undrained(Vec<Lack>),
    /// The system could not start a thread for a link. The other links run.
    Thread(std::io::Error),
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemberError::NoSuchMaster(id) => write!(f, "there is no master {id}"),
            MemberError::Down(id) => write!(f, "{id} is down"),
            MemberError::Up(id) => write!(f, "{id} is up"),
            MemberError::Bypassed(id) => write!(f, "{id} is gone for good: it was bypassed"),
            MemberError::NoFreshOrigin(id) => write!(f, "no fresh origin is left for {id}"),
            #[cfg(feature = "durable")]
            MemberError::HasStore(id) => {
                write!(f, "{id} has a store: shut the cluster down, and open the master again")
            }
            MemberError::Undrained(lacks) => {
                f.write_str("the neighbours still lack changes")?;
                lacks.iter().try_for_each(|lack| write!(f, "; {lack}"))
            }
            MemberError::Thread(_) => f.write_str("cannot start a thread for a link"),
        }
    }
}

impl std::error::Error for MemberError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let MemberError::Thread(error) = self { Some(error) } else { None }
    }
}

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
    /// lost. A handle to the master refuses writes from now on, and can still be read.
    ///
    /// # Errors
    /// If the master is down, there is none, it has a store, or no origin is left.
    pub fn crash(&mut self, id: MasterId, kept: Kept) -> Result<(), MemberError> {
        self.vet_stoppable(id)?;
        let fresh = (kept != Kept::All).then_some(MasterId(self.origins));
        if fresh == Some(MasterId(u16::MAX)) {
            return Err(MemberError::NoFreshOrigin(id));
        }
        self.halt_links(|from, to| from == id || to == id);
        let master = self.master(id).clone();
        let replicas = master.crash(|| Event::Crash { at: id, kept, fresh });
        self.record.extend(master.take_record());
        let nothing = || {
            let new = |replica: &Replica<R>| Replica::new(id, replica.rule().clone(), &self.topology);
            replicas.iter().map(new).collect()
        };
        let collects = self.setup.collects && self.setup.master.recorder.is_none();
        let clocks: Vec<u64> = replicas.iter().map(Replica::clock).collect();
        let mut replicas = match kept {
            Kept::All => replicas,
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
        if collects && kept == Kept::Nothing {
            // Nor may it restart later with a state that this crash has lost.
            self.saved.remove(&id);
        }
        self.origins += u16::from(fresh.is_some());
        self.down.insert(id, replicas);
        Ok(())
    }

    /// Restarts a master that is down. It has a new handle: [`Cluster::master`]. If it had not kept its whole state, it
    /// writes under a fresh origin, and its neighbours send the changes that it has lost. In the same way a new member
    /// joins: a master that crashed before its first write, and is restarted.
    ///
    /// # Errors
    /// If the master is up, there is none, it is bypassed, or the system cannot start a thread.
    pub fn restart(&mut self, id: MasterId) -> Result<(), MemberError> {
        self.vet(id)?;
        if self.bypassed.contains(&id) {
            return Err(MemberError::Bypassed(id));
        }
        let replicas = self.down.remove(&id).ok_or(MemberError::Up(id))?;
        let topology = self.topology.without(&self.bypassed);
        let master = Master::of(replicas, &topology, &self.setup.master);
        master.alter(|| Event::Restart { at: id }, |_, _| ());
        self.masters[id.index()] = Arc::new(master);
        if !self.bypassed.is_empty() {
            self.tell_bypassed(id);
        }
        for master in &self.masters {
            master.expect_origins(self.origins);
        }
        self.start_links().map_err(MemberError::Thread)
    }

    /// A master leaves: it is closed to writes, and goes down once all its neighbours have seen every change that it
    /// has seen. No change is lost then. [Bypass](Self::bypass) it, or [restart](Self::restart) it later.
    ///
    /// # Errors
    /// If the master or one of its neighbours is down, there is none, it has a store, or its neighbours lack changes
    /// when `patience` ends.
    pub fn leave(&mut self, id: MasterId, patience: Duration) -> Result<(), MemberError> {
        self.vet_stoppable(id)?;
        let topology = self.topology.without(&self.bypassed);
        // A neighbour that is down does not count: it may forget changes that it had seen.
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
        if lacks.is_empty() { self.crash(id, Kept::All) } else { Err(MemberError::Undrained(lacks)) }
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
        self.bypassed.extend(dead);
        let up: Vec<MasterId> = self.topology.ids().filter(|id| !self.down.contains_key(id)).collect();
        up.into_iter().for_each(|id| self.tell_bypassed(id));
        self.start_links().map_err(MemberError::Thread)
    }

    fn tell_bypassed(&self, at: MasterId) {
        let dead = &self.bypassed;
        let event = || Event::Bypass { at, dead: dead.clone() };
        self.master(at).alter(event, |_, replica| replica.bypass(&self.topology, dead));
    }

    /// The masters that are down, in order.
    pub fn down(&self) -> impl Iterator<Item = MasterId> + '_ {
        self.down.keys().copied()
    }

    fn vet(&self, id: MasterId) -> Result<(), MemberError> {
        if id.0 < self.topology.masters() { Ok(()) } else { Err(MemberError::NoSuchMaster(id)) }
    }

    fn vet_up(&self, id: MasterId) -> Result<(), MemberError> {
        self.vet(id)?;
        if self.down.contains_key(&id) { Err(MemberError::Down(id)) } else { Ok(()) }
    }

    /// Whether the master is up, and has no store.
    fn vet_stoppable(&self, id: MasterId) -> Result<(), MemberError> {
        self.vet_up(id)?;
        #[cfg(feature = "durable")]
        if self.master(id).flusher.is_some() {
            return Err(MemberError::HasStore(id));
        }
        Ok(())
    }
}
