//! Which run of each master a master knows: [`Epochs`], `Meeting`.
//!
//! A master keeps nothing on disk. If it is ended and started again, it has forgotten how many changes it has made. If it
//! gave its next one a dot that others hold already, they would drop it as a duplicate, and an acknowledged write would be
//! lost silently. So each run of a master writes under an origin of its own: of `n` masters, the run number `r` of the master
//! `m` has the origin `m + r * n`. The first run of B, of two masters, writes B1, B2, …; the second writes D1, D2, …
//! ([`Replica::restart`](multimaster::Replica::restart)). A run learns its number from its neighbours:
//!
//! - Each run of a master has an *epoch*, chosen at its start, that no other run of it has: here the milliseconds since
//!   1970. Masters that one process starts together know each other's epochs from the start; each is at its first run.
//! - Every packet between masters names, by origin, the epochs that its sender knows; 0 stands for an unknown one. The
//!   receiver refuses a packet that names, for any origin, another epoch than the one it knows. Otherwise it learns those
//!   that it did not know, before it takes what the packet carries. So **a master that holds a change knows the epoch of the
//!   run that made it**: it learned the epoch with the change, if not before.
//! - A master that starts *asks* its neighbours which runs of it they know, and takes in nothing else. Their answer names the
//!   epoch of the run that asked, so that an earlier answer is not taken for it. Then it takes the number after the greatest
//!   that it has heard of, and tells them: it *acknowledges writes* once every neighbour that answered has named its epoch.
//! - It asks and tells [`GREETINGS`] times, half a second in all, and then goes on without those that are silent: the first
//!   master of a cluster must be of use alone.
//! - A master that then hears of another run under its own origin, or under a later one of its own, *took a number that was
//!   taken*. From then on it refuses every write, and every packet. Only a refusal tells a master so, in a packet that is
//!   never answered: there is no ping-pong.
//!
//! For a write at a run of a master that has run before, this means:
//!
//! - If some neighbour that knows the latest earlier run is heard at the start, **the write has a dot that no other write
//!   has**, and reaches every master. The earlier writes come back from the neighbours that hold them.
//! - If all neighbours that know it are silent for so long, the run takes a number that was taken. When it later hears one of
//!   them, it logs which writes it has acknowledged, and that neighbour logs that it refuses them. They are still read at
//!   this run, and at masters that took them; none of these knows the earlier run. No master takes them for changes that it
//!   already has.
//! - This last point holds wherever such a write travels: a master that passes it on names its run's epoch.
//!
//! The argument fails if a wall clock repeats a millisecond.

#[cfg(test)]
mod tests;

use multimaster::MasterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// How often a master greets its neighbours at its start before it goes on without their answers.
pub const GREETINGS: u8 = 5;

/// How long after each greeting it waits.
pub const GREETING_PAUSE: Duration = Duration::from_millis(100);

/// How many runs of a master can have origins of their own. A packet names them all, and must fit a datagram.
pub const RUNS: u16 = 8;

/// By origin, the epoch of the run that writes under it; 0 if none is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epochs(Vec<u64>);

impl From<Vec<u64>> for Epochs {
    fn from(epochs: Vec<u64>) -> Epochs {
        Epochs(epochs)
    }
}

impl Epochs {
    /// The epochs of the first runs of so many masters, of which these are known.
    pub fn of(masters: u16, known: impl IntoIterator<Item = (MasterId, u64)>) -> Epochs {
        let mut epochs = vec![0; usize::from(masters)];
        known.into_iter().for_each(|(id, epoch)| epochs[id.index()] = epoch);
        Epochs(epochs)
    }

    /// The epoch known of the run with that origin; 0 if none is.
    pub fn get(&self, origin: MasterId) -> u64 {
        self.0.get(origin.index()).copied().unwrap_or(0)
    }

    /// How many origins are named, counting the unknown ones before the last.
    pub(super) fn width(&self) -> u16 {
        self.0.len() as u16
    }

    fn set(&mut self, origin: MasterId, epoch: u64) {
        let width = self.0.len().max(origin.index() + 1);
        self.0.resize(width, 0);
        self.0[origin.index()] = epoch;
    }

    fn iter(&self) -> impl Iterator<Item = (MasterId, u64)> + '_ {
        (0..).map(MasterId).zip(self.0.iter().copied())
    }
}

/// Why a packet's epochs do not match those known here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherRun {
    /// They are of more origins than the cluster can have.
    TooMany(usize),
    /// This sender does not name its own epoch.
    Unnamed(MasterId),
    /// The run with this origin is known here with the first epoch, and named in the packet with the second.
    Of(MasterId, u64, u64),
    /// This receiver has the first epoch, and the sender knows a run with the second under its origin or a later one of it.
    Receiver(MasterId, u64, u64),
}

impl fmt::Display for OtherRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OtherRun::TooMany(count) => write!(f, "`epochs` names {count} origins: the cluster has fewer"),
            OtherRun::Unnamed(id) => {
                let before = "0,".repeat(id.index().min(8));
                write!(
                    f,
                    "{id} does not name its own epoch: send `\"epochs\":[{before}7]`, for example, and the same in every packet"
                )
            }
            OtherRun::Of(origin, known, named) => write!(
                f,
                "{origin} is known with epoch {known} and named with {named}: two runs of a master have taken the same origin; \
                 changes of the second are refused"
            ),
            OtherRun::Receiver(id, own, known) => write!(
                f,
                "{id} has epoch {own}, and a run with {known} has its origin or a later one: it was started again without \
                 hearing of that run"
            ),
        }
    }
}

/// What one run of a master knows of the runs of all masters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Meeting {
    own: MasterId,
    epoch: u64,
    masters: u16,
    /// The number of this run among those of its master, once it has one.
    number: Option<u16>,
    known: Epochs,
    /// The neighbours that have yet to name this run's epoch.
    unmet: BTreeSet<MasterId>,
    /// Those of them that it waits for: for an answer, or, once it has a number, for its epoch.
    awaited: BTreeSet<MasterId>,
    /// How often those have been greeted in vain: counted up to [`GREETINGS`].
    greeted: u8,
    /// The neighbour that knows a run of this master that has its number, or all numbers taken, and that run's epoch.
    taken: Option<(MasterId, u64)>,
}

impl Meeting {
    /// The start of a run of the master `own` of so many, which knows these epochs: its own, and perhaps those of masters that
    /// were started with it. It has a number at once if all its neighbours were.
    pub(super) fn new(
        own: MasterId,
        masters: u16,
        neighbours: impl Iterator<Item = MasterId>,
        mut known: Epochs,
    ) -> Meeting {
        let unmet: BTreeSet<MasterId> = neighbours.filter(|id| known.get(*id) == 0).collect();
        let epoch = known.get(own);
        let number = unmet.is_empty().then_some(0);
        if number.is_none() {
            known.set(own, 0);
        }
        Meeting { own, epoch, masters, number, known, awaited: unmet.clone(), unmet, greeted: 0, taken: None }
    }

    pub(super) fn known(&self) -> &Epochs {
        &self.known
    }

    /// The epoch of this run.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The origin of this run's writes, once it has one.
    pub(super) fn origin(&self) -> Option<MasterId> {
        self.number.map(|number| self.origin_of(number))
    }

    fn origin_of(&self, number: u16) -> MasterId {
        MasterId(self.own.0 + number * self.masters)
    }

    /// The master one of whose runs has this origin.
    pub(super) fn master_of(&self, origin: MasterId) -> MasterId {
        MasterId(origin.0 % self.masters)
    }

    /// The neighbours that have yet to name this run's epoch.
    pub(super) fn unmet(&self) -> &BTreeSet<MasterId> {
        &self.unmet
    }

    /// The neighbours that this master waits for.
    pub(super) fn awaited(&self) -> &BTreeSet<MasterId> {
        &self.awaited
    }

    /// The neighbour that knows a run that has taken this run's number, or the last one, and the epoch of that run.
    pub(super) fn taken(&self) -> Option<(MasterId, u64)> {
        self.taken
    }

    /// Whether the master has a number, and no longer waits for any neighbour.
    pub(super) fn is_over(&self) -> bool {
        self.number.is_some() && self.awaited.is_empty()
    }

    /// The neighbours greeted last are given up, if that was the last greeting.
    pub(super) fn wait_on(&mut self) {
        self.greeted += 1;
        if self.greeted >= GREETINGS {
            self.go_on();
        }
    }

    /// Goes on without those that it still waits for: takes a number if it has none, and waits until those that answered
    /// have named its epoch.
    fn go_on(&mut self) {
        self.greeted = 0;
        let silent = std::mem::take(&mut self.awaited);
        if self.number.is_some() {
            return;
        }
        let taken = (0..RUNS).rev().find(|number| self.known.get(self.origin_of(*number)) != 0);
        let number = taken.map_or(0, |taken| taken + 1);
        if number == RUNS {
            let by = self.unmet.difference(&silent).next().copied().unwrap_or(self.own);
            self.taken = Some((by, self.known.get(self.origin_of(RUNS - 1))));
            return;
        }
        self.number = Some(number);
        self.known.set(self.origin_of(number), self.epoch);
        self.awaited = self.unmet.difference(&silent).copied().collect();
    }

    /// Takes in the epochs that a packet of the neighbour `from` names. It need not name its own if it `may_lack_one`.
    /// `answers` is the epoch of the run whose question the packet answers.
    pub(super) fn hear(
        &mut self,
        from: MasterId,
        named: &Epochs,
        may_lack_one: bool,
        answers: Option<u64>,
    ) -> Result<(), OtherRun> {
        if named.0.len() > usize::from(self.masters) * usize::from(RUNS) {
            return Err(OtherRun::TooMany(named.0.len()));
        }
        if let Some(own) = self.number {
            let mut later = (own..RUNS).map(|number| named.get(self.origin_of(number)));
            if let Some(epoch) = later.find(|epoch| ![0, self.epoch].contains(epoch)) {
                self.taken.get_or_insert((from, epoch));
                return Err(OtherRun::Receiver(self.own, self.epoch, epoch));
            }
        }
        let mut of_sender = (0..RUNS).map(|number| named.get(MasterId(from.0 + number * self.masters)));
        if !may_lack_one && of_sender.all(|epoch| epoch == 0) {
            return Err(OtherRun::Unnamed(from));
        }
        let other = |(id, epoch): &(MasterId, u64)| *epoch != 0 && ![0, *epoch].contains(&self.known.get(*id));
        if let Some((id, epoch)) = named.iter().find(other) {
            return Err(OtherRun::Of(id, self.known.get(id), epoch));
        }
        named.iter().filter(|(_, epoch)| *epoch != 0).for_each(|(origin, epoch)| self.known.set(origin, epoch));
        let heard = match self.origin() {
            None => answers == Some(self.epoch),
            Some(origin) => named.get(origin) == self.epoch && self.unmet.remove(&from),
        };
        if heard && self.awaited.remove(&from) && self.awaited.is_empty() {
            self.go_on();
        }
        Ok(())
    }
}
