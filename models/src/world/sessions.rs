//! Sessions: the writes and reads of each, and the session guarantees that its requests have violated (Terry et al.,
//! "Session guarantees for weakly consistent replicated data", PDIS 1994).

#[cfg(feature = "spread")]
use super::state::Part;
use super::{AnswerKind, Step, Store, World};
use crate::model::bytes::Stored;
use crate::scope::Call;
use crate::world::cluster::ClusterModel;
use crate::world::memo::Tables;
use multimaster::MasterId;
use std::hash::{Hash, Hasher};

/// The state of a session. Version vectors are given by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionState {
    /// The number of requests that it has made.
    pub(crate) made: u8,
    /// The master of its last request; `None` before its first.
    last: Option<MasterId>,
    /// The writes that it has made.
    wrote: u32,
    /// The writes that its reads may have reflected: those that a master had seen when it read there.
    saw: u32,
    /// The violated guarantees, one bit for each of [`Guarantee`], and one bit for a change of master.
    bits: u8,
}

/// A session guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
}

/// The bit of a change of master.
const MOVED: u8 = 1 << 7;

impl SessionState {
    pub(crate) fn new(nothing: u32) -> SessionState {
        SessionState { made: 0, last: None, wrote: nothing, saw: nothing, bits: 0 }
    }

    /// Hashes the content, with the values of the numbers.
    pub(super) fn hash_content(self, tables: &Tables, hasher: &mut impl Hasher) {
        let SessionState { made, last, wrote, saw, bits } = self;
        (made, last, bits, &tables.digests[wrote], &tables.digests[saw]).hash(hasher);
    }

    /// Calls `alter` with each number.
    #[cfg(feature = "spread")]
    pub(super) fn each_number(&mut self, alter: &mut impl FnMut(Part, &mut u32)) {
        alter(Part::Digest, &mut self.wrote);
        alter(Part::Digest, &mut self.saw);
    }

    pub(crate) fn has_broken(self, guarantee: Guarantee) -> bool {
        self.bits & (1 << guarantee as u8) != 0
    }

    pub(crate) fn moved(self) -> bool {
        self.bits & MOVED != 0
    }
}

impl Stored for SessionState {
    fn write(&self, out: &mut Vec<u8>) {
        let SessionState { made, last, wrote, saw, bits } = self;
        made.write(out);
        last.map(|last| last.0).write(out);
        wrote.write(out);
        saw.write(out);
        bits.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Self {
        SessionState {
            made: Stored::read(bytes),
            last: Option::<u16>::read(bytes).map(MasterId),
            wrote: Stored::read(bytes),
            saw: Stored::read(bytes),
            bits: Stored::read(bytes),
        }
    }
}

impl World<Tables> {
    pub(crate) fn sessions(&self) -> &[SessionState] {
        self.failed.as_ref().map_or(&[], |failed| &failed.sessions)
    }
}

impl ClusterModel {
    pub(crate) fn sessions_done(&self, world: &World<Tables>) -> bool {
        let mut sessions = self.scope.sessions.iter().zip(world.sessions());
        sessions.all(|(session, state)| {
            let stuck = session.at.iter().all(|at| self.is_dead(world, *at));
            stuck || session.calls.len() == usize::from(state.made)
        })
    }

    /// Calls `enable` with the session, the index of its next request, and each master that answers it now.
    pub(super) fn enabled_sessions(
        &self,
        tables: &Tables,
        world: &World<Tables>,
        enable: &mut impl FnMut(usize, usize, MasterId),
    ) {
        for (number, (session, state)) in self.scope.sessions.iter().zip(world.sessions()).enumerate() {
            let place = usize::from(state.made);
            for at in session.at.iter().filter(|at| place < session.calls.len() && world.is_up(**at)) {
                let seen = tables.digest(world.local(*at));
                let knows = |known: u32| seen.covers(&tables.digests[known]);
                if !session.token || (knows(state.wrote) && knows(state.saw)) {
                    enable(number, place, *at);
                }
            }
        }
    }
}

impl Step<'_, Tables> {
    /// Makes the session's request at `at`, and records the guarantees that it violates. False if there is no such
    /// session.
    pub(super) fn call(&mut self, number: usize, place: usize, at: MasterId) -> bool {
        let Some(mut state) = self.world.sessions().get(number).copied() else { return false };
        let digest = self.store.locals[self.world.local(at)].digest;
        let lacks = |known: u32| !self.store.digests[digest].covers(&self.store.digests[known]);
        let (lacks_writes, lacks_reads) = (lacks(state.wrote), lacks(state.saw));
        let mut note = |breaks: bool, guarantee: Guarantee| state.bits |= u8::from(breaks) << guarantee as u8;
        match &self.cluster.scope.sessions[number].calls[place] {
            Call::Read(_) => {
                note(lacks_writes, Guarantee::ReadYourWrites);
                note(lacks_reads, Guarantee::MonotonicReads);
                let mut saw = self.store.digests[state.saw].clone();
                saw.join(&self.store.digests[digest]);
                state.saw = self.store.seen(&saw);
            }
            Call::Write(_) => {
                note(lacks_writes, Guarantee::MonotonicWrites);
                note(lacks_reads, Guarantee::WritesFollowReads);
                let request = self.cluster.requests.of_session(number, place);
                let before = self.store.digest_of(&self.world.masters[at.index()]);
                if let AnswerKind::Written(_) = self.request_at(at, request) {
                    let after = self.store.digest_of(&self.world.masters[at.index()]);
                    let mut wrote = self.store.digests[state.wrote].clone();
                    let new = self.store.digests[after].iter();
                    let before = &self.store.digests[before];
                    let new = new.filter(|(origin, count)| before.get(*origin) < *count);
                    new.for_each(|(origin, count)| wrote.insert(multimaster::Dot::new(origin, count)));
                    state.wrote = self.store.seen(&wrote);
                }
            }
        }
        if state.last.is_some_and(|last| last != at) {
            state.bits |= MOVED;
        }
        (state.made, state.last) = (state.made + 1, Some(at));
        if let Some(failed) = &mut self.world.failed {
            failed.sessions[number] = state;
        }
        true
    }
}
