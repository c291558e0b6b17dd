//! The known runs of all masters: [`Epochs`], `Meeting`.
//!
//! A master stores nothing on disk. A master that is ended and started again has forgotten the number of its writes. If
//! its next write got a dot that an earlier write has, other masters would drop it as a duplicate, and an acknowledged
//! write would be lost. So each run of a master writes under an origin of its own: of `n` masters, the run number `r`
//! of the master `m` has the origin `m + r * n`. The first run of B, of two masters, writes B1, B2, …; the second
//! writes D1, D2, … ([`Replica::restart`](multimaster::Replica::restart)). A run learns its number from its neighbours:
//!
//! - Each run of a master has an *epoch*, a number that no other run of this master has: the milliseconds since 1970 at
//!   its start. Masters that one process starts together know each other's epochs, and each is at its first run.
//! - Every packet between masters contains, by origin, the epochs that its sender knows; 0 stands for an unknown one.
//!   The receiver refuses a packet with another epoch for an origin than the epoch that it knows. Otherwise it first
//!   learns the epochs that it did not know, and then handles the packet. So **a master that holds a change knows the
//!   epoch of the run that made it**.
//! - A master that starts *greets* its neighbours: it asks for the runs of it that they know, and handles no other
//!   packet. An answer contains the epoch of the run that asked, so that an answer to an earlier run is not mistaken
//!   for one to this run. The master then takes the number after the greatest known one and greets again. It
//!   *acknowledges writes* once every neighbour that answered has sent a packet with its epoch.
//! - The master greets [`GREETINGS`] times, for half a second in all, and then goes on without the silent neighbours.
//!   So the first master of a cluster can work alone.
//! - If a master later learns of another run with its own origin, or with a later origin of its own, its *number was
//!   taken*. From then on it refuses every write and every packet. A master learns this only from a refusal, which is
//!   never answered, so there is no endless exchange.
//!
//! For a write at a later run of a master, this means:
//!
//! - If the run receives a packet, at its start, from a neighbour that knows the latest earlier run, **the write has a
//!   dot that no other write has**, and reaches every master. The earlier writes come back from the neighbours that
//!   hold them.
//! - If all neighbours that know the earlier run are silent during the start, the run takes a number that was taken. At
//!   the first packet from one of these neighbours, the run logs which writes it has acknowledged, and the neighbour
//!   logs that it refuses them. The refused writes can still be read at this run, and at masters that accepted them;
//!   none of these masters knows the earlier run. No master takes a refused write for a duplicate.
//! - The last point also holds for masters that get such a write from others, because a master that passes on a write
//!   also passes on the epoch of its run.
//!
//! The argument fails if a wall clock repeats a millisecond.

#[cfg(test)]
mod tests;

use multimaster::MasterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// The number of greetings of a master at its start. After the last one it goes on without the missing answers.
pub const GREETINGS: u8 = 5;

/// The wait after each greeting.
pub const GREETING_PAUSE: Duration = Duration::from_millis(100);

/// The most runs of a master with origins of their own. A packet contains an epoch for each, and must fit a datagram.
pub const RUNS: u16 = 8;

/// By origin, the epoch of the run that writes under this origin; 0 if unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epochs(Vec<u64>);

impl From<Vec<u64>> for Epochs {
    fn from(epochs: Vec<u64>) -> Epochs {
        Epochs(epochs)
    }
}

impl Epochs {
    /// These known epochs of the first runs of `masters` masters.
    pub fn of(masters: u16, known: impl IntoIterator<Item = (MasterId, u64)>) -> Epochs {
        let mut epochs = vec![0; usize::from(masters)];
        known.into_iter().for_each(|(id, epoch)| epochs[id.index()] = epoch);
        Epochs(epochs)
    }

    /// The epoch of the run with this origin; 0 if unknown.
    pub fn get(&self, origin: MasterId) -> u64 {
        self.0.get(origin.index()).copied().unwrap_or(0)
    }

    /// The number of origins up to the last known one.
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

/// The reason for which a packet's epochs do not match the receiver's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherRun {
    /// The packet has epochs of more origins than the cluster can have: their number.
    TooMany(usize),
    /// The packet lacks the epoch of its sender.
    Unnamed(MasterId),
    /// For this origin the receiver knows the first epoch, and the packet has the second.
    Of(MasterId, u64, u64),
    /// The receiver has the first epoch. The sender knows a run with the second epoch and the same origin, or a later
    /// one of this master.
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

/// The runs of all masters that one run of a master knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Meeting {
    own: MasterId,
    epoch: u64,
    masters: u16,
    /// The number of this run among the runs of its master, once known.
    number: Option<u16>,
    known: Epochs,
    /// The neighbours that have not sent a packet with this run's epoch.
    unmet: BTreeSet<MasterId>,
    /// The `unmet` neighbours for which the run waits: for an answer, or, once it has a number, for its epoch.
    awaited: BTreeSet<MasterId>,
    /// The number of greetings without an answer from all of these, up to [`GREETINGS`].
    greeted: u8,
    /// Set if the number was taken, or no number is left: the neighbour that knows the other run, and that run's epoch.
    taken: Option<(MasterId, u64)>,
}

impl Meeting {
    /// The start of a run of the master `own`. `known` are its own epoch, and those of the masters that were started
    /// with it. If all neighbours were, the run has a number at once.
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

    /// The master of the run with this origin.
    pub(super) fn master_of(&self, origin: MasterId) -> MasterId {
        MasterId(origin.0 % self.masters)
    }

    /// The neighbours that have not sent a packet with this run's epoch.
    pub(super) fn unmet(&self) -> &BTreeSet<MasterId> {
        &self.unmet
    }

    /// The neighbours that this master waits for.
    pub(super) fn awaited(&self) -> &BTreeSet<MasterId> {
        &self.awaited
    }

    /// If this run's number was taken, or no number is left: the neighbour that knows the other run, and that run's
    /// epoch.
    pub(super) fn taken(&self) -> Option<(MasterId, u64)> {
        self.taken
    }

    /// Whether the master has a number, and no longer waits for any neighbour.
    pub(super) fn is_over(&self) -> bool {
        self.number.is_some() && self.awaited.is_empty()
    }

    /// Called after a greeting without all answers: after the last greeting, goes on without the silent neighbours.
    pub(super) fn wait_on(&mut self) {
        self.greeted += 1;
        if self.greeted >= GREETINGS {
            self.go_on();
        }
    }

    /// Goes on without the silent neighbours: takes a number if the run has none, and then waits until each neighbour
    /// that answered has sent a packet with the run's epoch.
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

    /// Learns the epochs in a packet of the neighbour `from`. The packet may lack its sender's epoch if `may_lack_one`.
    /// `answers` is the epoch of the run whose greeting the packet answers.
    ///
    /// # Errors
    /// If the packet's epochs contradict the known ones.
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
