//! The conditions on a [`World`]: on each delivery, on each master in every state, and on all masters at quiescence.

use super::reference::Written;
use super::{Broken, KEYS, ORIGINS, World};
use multimaster::{Dot, MasterId, MessageOf, Outcome, Reading, Replica, Resolver, VersionVector};

impl<R: Resolver> World<R> {
    /// The specified reading of `key` at a master that has seen `dots`.
    pub(crate) fn promised(&self, key: &str, dots: &[Dot]) -> Option<Reading> {
        let known: Vec<&Written> = self.history.iter().filter(|w| w.key == key && dots.contains(&w.dot)).collect();
        self.promise.map(|reading| reading(&known))
    }

    /// A change is applied once, after its causal past, or not at all. None is refused, because every peer is correct.
    pub(super) fn judge(&mut self, before: &Replica<R>, outcome: &Outcome, brings: &[Dot]) -> Result<(), Broken> {
        let id = before.id();
        let saw = &mut self.saw[id.index()];
        let is_new = brings.iter().any(|dot| !saw.contains(dot));
        let is_untouched = *before == self.masters[id.index()];
        let shows = |master: &Replica<R>| KEYS.map(|key| master.read(key));
        let is_right = match outcome {
            Outcome::Applied => is_new,
            Outcome::Stale => is_new && shows(before) == shows(&self.masters[id.index()]),
            Outcome::Duplicate => !is_new && is_untouched,
            Outcome::Gap => is_new && is_untouched,
            Outcome::Refused(_) => false,
        };
        if !is_right {
            return Err(self.broken("the last outcome is wrong"));
        }
        if !matches!(outcome, Outcome::Applied | Outcome::Stale) {
            return Ok(());
        }
        for dot in brings {
            if saw.contains(dot) {
                continue;
            }
            let write = self.history.iter().find(|write| write.dot == *dot).expect("it was written");
            if let Some(cause) = write.saw.iter().find(|cause| !saw.contains(cause)) {
                return Err(self.broken(format_args!("{id} took {dot} in before {cause}, which it builds on")));
            }
            saw.push(*dot);
        }
        Ok(())
    }

    /// Checks the conditions on every state, after the master `id` has changed.
    pub(super) fn check(&self, id: MasterId) -> Result<(), Broken> {
        let (master, saw) = (&self.masters[id.index()], &self.saw[id.index()]);
        let kept: Vec<Dot> = master.log().map(|change| change.dot).collect();
        let Some(forgotten) = saw.strip_suffix(kept.as_slice()) else {
            return Err(self.broken(format_args!("the log of {id} is not the last that it was told")));
        };
        if *master.digest() != vector(saw) || *master.truncated() != vector(forgotten) {
            return Err(self.broken(format_args!("{id} was told {}, and says {}", vector(saw), master.digest())));
        }
        for key in KEYS {
            let shown = master.read(key);
            if let Some(promised) = self.promised(key, saw)
                && shown != promised
            {
                return Err(self.broken(format_args!("{id} reads {key} = {shown}, not {promised}")));
            }
            let same = self.masters.iter().filter(|peer| self.judges_reads && peer.digest() == master.digest());
            if let Some(peer) = same.into_iter().find(|peer| peer.read(key) != shown) {
                let (peer, other) = (peer.id(), peer.read(key));
                let what = format_args!("{id} and {peer} have seen the same and disagree on {key}: {shown}, {other}");
                return Err(self.broken(what));
            }
        }
        self.check_relay(id)
    }

    /// If split horizon withholds an origin's changes from a neighbour, the neighbour has all of them that `id` has.
    fn check_relay(&self, id: MasterId) -> Result<(), Broken> {
        let master = &self.masters[id.index()];
        // `id` learns of a neighbour's loss by the neighbour's digest.
        for peer in self.topology.sends_to(id).filter(|_| self.fresh == 0 && self.dead.is_none()) {
            if master.has_push(peer) != (master.pending(peer) > 0) {
                return Err(self.broken(format_args!("{id} cannot tell whether it has something for {peer}")));
            }
            let spared = self.topology.ids().filter(|origin| self.topology.had_before(peer, *origin, id));
            let seen = self.masters[peer.index()].digest();
            if let Some(origin) = spared.into_iter().find(|origin| seen.get(*origin) < master.digest().get(*origin)) {
                return Err(self.broken(format_args!("{id} will not send {peer} the writes of {origin} that it lacks")));
            }
        }
        Ok(())
    }

    /// All messages in flight are lost; then digests are answered until nothing changes. All masters must then agree,
    /// and the remaining pushes must end and contain no new change.
    pub(crate) fn settle_by_digests(mut self) -> Result<(), Broken> {
        self.flight.clear();
        self.note(format_args!("all in flight is lost; from here on, every digest is answered"));
        let answer = |world: &mut Self, from: MasterId, to: MasterId| {
            world.masters[from.index()].answer(world.masters[to.index()].digest(), 2)
        };
        self.exchange(answer, |outcome| matches!(outcome, Outcome::Applied | Outcome::Stale))?;
        self.agree()?;
        self.note(format_args!("everything is pushed that is still due"));
        self.exchange(Self::push, |outcome| *outcome == Outcome::Duplicate)
    }

    /// All connections break and resume. Without further losses, pushes alone must then be enough.
    pub(crate) fn settle_by_pushes(mut self) -> Result<(), Broken> {
        self.flight.clear();
        self.note(format_args!("all in flight is lost; from here on, every connection holds"));
        for (from, to) in self.edges.clone() {
            let seen = self.masters[to.index()].digest().clone();
            if self.forgot(to) {
                self.masters[from.index()].peer_forgot(to);
            }
            self.masters[from.index()].resume(to, &seen);
        }
        self.exchange(Self::push, |outcome| *outcome != Outcome::Gap)?;
        self.agree()
    }

    fn push(&mut self, from: MasterId, to: MasterId) -> Option<MessageOf<R>> {
        self.masters[from.index()].next_push(to, 2)
    }

    /// All masters have seen all changes, and have the same table.
    fn agree(&self) -> Result<(), Broken> {
        let survives = |write: &&Written| self.alive().any(|id| self.saw(id).contains(&write.dot));
        let surviving = self.history.iter().filter(survives).count();
        for id in self.alive() {
            if self.saw(id).len() != surviving {
                return Err(self.broken(format_args!("{id} was not told all")));
            }
            let first = self.alive().next().expect("two are left").index();
            let same_state = |key: &&str| self.masters[id.index()].state(key) == self.masters[first].state(key);
            if self.promise.is_some() && !self.collects && !KEYS.iter().all(same_state) {
                return Err(self.broken(format_args!("{id} has seen all and keeps another state than the first")));
            }
            self.check(id)?;
        }
        Ok(())
    }

    /// Delivers along every edge, again and again, until no master has anything to send.
    fn exchange(
        &mut self,
        next: impl Fn(&mut Self, MasterId, MasterId) -> Option<MessageOf<R>>,
        expected: impl Fn(&Outcome) -> bool,
    ) -> Result<(), Broken> {
        for _ in 0..1000 {
            let mut silent = true;
            for (from, to) in self.edges.clone() {
                if let Some(message) = next(self, from, to) {
                    silent = false;
                    self.send(from, to, message);
                    let packet = self.flight.pop().expect("just sent");
                    if !self.deliver(packet, 2)?.is_some_and(|outcome| expected(&outcome)) {
                        return Err(self.broken("the last outcome is wrong at this stage"));
                    }
                }
            }
            if silent {
                return Ok(());
            }
        }
        Err(self.broken("they never fall silent"))
    }
}

fn vector(dots: &[Dot]) -> VersionVector {
    let count = |origin: u16| dots.iter().filter(|dot| dot.origin().0 == origin).count() as u64;
    (0..ORIGINS).map(count).collect::<Vec<u64>>().into()
}
