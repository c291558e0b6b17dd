//! Which run of each master a master knows: [`Epochs`], `Meeting`.
//!
//! A master keeps nothing on disk. If it is ended and started again, it has forgotten how many changes it has made, and
//! would give its next one a dot that others hold already: they would drop it as a duplicate, and an acknowledged write
//! would be lost silently. So:
//!
//! - Each run of a master has an *epoch*, chosen at its start, that no other run of it has: here the milliseconds since
//!   1970. Masters that one process starts together know each other's epochs from the start.
//! - Every packet between masters names the epochs that its sender knows, its own among them; 0 stands for an unknown one.
//!   The receiver refuses a packet that names, for any master, another epoch than the one it knows. Otherwise it learns
//!   those that it did not know, before it takes what the packet carries. So **a master that holds a change knows the epoch
//!   of the run that made it**: it learned the epoch with the change, if not before.
//! - A master that receives a packet with another epoch for itself *was started again*. From then on it refuses every
//!   write, and every packet. Only a refusal tells a master so, in a packet that is never answered: there is no ping-pong.
//! - A master that starts greets its neighbours, which answer with the epochs that they know. It acknowledges writes once
//!   every neighbour has named its epoch, or once it has greeted [`GREETINGS`] times in vain and half a second is over: the
//!   first master of a cluster must be of use alone.
//!
//! For a write at a run *r* of a master that has run before, this means:
//!
//! - **After *r* has heard a neighbour that knows the earlier run, no write is acknowledged.**
//! - If every neighbour that knows the earlier run is up and is heard in that half second, *r* acknowledges no write at
//!   all.
//! - If all of them are out of reach for so long, *r* acknowledges writes. When it later hears a neighbour that knows the
//!   earlier run, *r* logs which writes it has acknowledged, and that neighbour logs that it refuses them. They are still
//!   read at *r*, and at masters that took them; none of these knows the earlier run. No master takes them for changes that
//!   it already has.
//! - This last point holds wherever such a write travels: a master that passes it on names its run's epoch.
//!
//! The argument fails if a wall clock repeats a millisecond. (A packet that was sent before the restart cannot name the new
//! epoch.)

use multimaster::MasterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// How often a master greets its neighbours at its start before it goes on without their answers.
pub const GREETINGS: u8 = 5;

/// How long after each greeting it waits.
pub const GREETING_PAUSE: Duration = Duration::from_millis(100);

/// By master, the epoch of the run that is known; 0 if none is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epochs(Vec<u64>);

impl From<Vec<u64>> for Epochs {
    fn from(epochs: Vec<u64>) -> Epochs {
        Epochs(epochs)
    }
}

impl Epochs {
    /// The epochs of a cluster of so many masters, of which these are known.
    pub fn of(masters: u16, known: impl IntoIterator<Item = (MasterId, u64)>) -> Epochs {
        let mut epochs = vec![0; usize::from(masters)];
        known.into_iter().for_each(|(id, epoch)| epochs[id.index()] = epoch);
        Epochs(epochs)
    }

    /// The epoch known of that master; 0 if none is.
    pub fn get(&self, id: MasterId) -> u64 {
        self.0.get(id.index()).copied().unwrap_or(0)
    }

    fn iter(&self) -> impl Iterator<Item = (MasterId, u64)> + '_ {
        (0..).map(MasterId).zip(self.0.iter().copied())
    }
}

/// Why a packet's epochs do not match those known here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherRun {
    /// They are of more masters than the cluster has.
    TooMany(usize),
    /// This sender does not name its own epoch.
    Unnamed(MasterId),
    /// This master, the sender or a third, is known here with the first epoch, and named in the packet with the second.
    Of(MasterId, u64, u64),
    /// This receiver has the first epoch, and the sender knows it with the second.
    Receiver(MasterId, u64, u64),
}

impl fmt::Display for OtherRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OtherRun::TooMany(count) => write!(f, "`epochs` names {count} masters: the cluster has fewer"),
            OtherRun::Unnamed(id) => {
                let before = "0,".repeat(id.index().min(8));
                write!(
                    f,
                    "{id} does not name its own epoch: send `\"epochs\":[{before}7]`, for example, and the same in every packet"
                )
            }
            OtherRun::Of(id, known, named) => write!(
                f,
                "{id} is known with epoch {known} and named with {named}: it was started again and has forgotten what it \
                 wrote; changes of that run are refused"
            ),
            OtherRun::Receiver(id, own, known) => write!(
                f,
                "{id} has epoch {own} and is known with {known}: it was started again and has forgotten what it wrote"
            ),
        }
    }
}

/// What one run of a master knows of the runs of all masters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Meeting {
    own: MasterId,
    known: Epochs,
    /// The neighbours that have yet to name this run's epoch.
    unmet: BTreeSet<MasterId>,
    /// How often those have been greeted in vain: counted up to [`GREETINGS`].
    greeted: u8,
    /// The neighbour that knows an earlier run, and that run's epoch.
    earlier: Option<(MasterId, u64)>,
}

impl Meeting {
    /// The start of a run of the master `own`, which knows these epochs: its own, and perhaps those of masters that were
    /// started with it.
    pub(super) fn new(own: MasterId, neighbours: impl Iterator<Item = MasterId>, known: Epochs) -> Meeting {
        let unmet = neighbours.filter(|id| known.get(*id) == 0).collect();
        Meeting { own, known, unmet, greeted: 0, earlier: None }
    }

    pub(super) fn known(&self) -> &Epochs {
        &self.known
    }

    /// The neighbours that have yet to name this run's epoch.
    pub(super) fn unmet(&self) -> &BTreeSet<MasterId> {
        &self.unmet
    }

    /// The neighbour that knows an earlier run, and that run's epoch.
    pub(super) fn earlier(&self) -> Option<(MasterId, u64)> {
        self.earlier
    }

    /// Whether the master no longer waits for any neighbour.
    pub(super) fn is_over(&self) -> bool {
        self.unmet.is_empty() || self.greeted >= GREETINGS
    }

    /// Gives up the neighbours that have not answered in time, if that was the last greeting.
    pub(super) fn wait_on(&mut self) {
        self.greeted = self.greeted.saturating_add(1).min(GREETINGS);
    }

    /// Takes in the epochs that a packet of the neighbour `from` names.
    pub(super) fn hear(&mut self, from: MasterId, named: &Epochs) -> Result<(), OtherRun> {
        if named.0.len() > self.known.0.len() {
            return Err(OtherRun::TooMany(named.0.len()));
        }
        let own = self.known.get(self.own);
        let of_own = named.get(self.own);
        if of_own != 0 && of_own != own {
            self.earlier.get_or_insert((from, of_own));
            return Err(OtherRun::Receiver(self.own, own, of_own));
        }
        if named.get(from) == 0 {
            return Err(OtherRun::Unnamed(from));
        }
        let other = |(id, epoch): &(MasterId, u64)| *epoch != 0 && ![0, *epoch].contains(&self.known.get(*id));
        if let Some((id, epoch)) = named.iter().find(other) {
            return Err(OtherRun::Of(id, self.known.get(id), epoch));
        }
        for (id, epoch) in named.iter().filter(|(_, epoch)| *epoch != 0) {
            self.known.0[id.index()] = epoch;
        }
        if of_own == own {
            self.unmet.remove(&from);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MasterId = MasterId(0);
    const B: MasterId = MasterId(1);
    const C: MasterId = MasterId(2);

    /// A of three, with epoch 5, which knows nobody yet.
    fn alone() -> Meeting {
        Meeting::new(A, [B, C].into_iter(), Epochs::of(3, [(A, 5)]))
    }

    fn named(epochs: &[u64]) -> Epochs {
        epochs.to_vec().into()
    }

    #[test]
    fn it_is_over_when_all_have_named_this_run_or_have_been_greeted_in_vain() {
        let mut meeting = alone();
        assert_eq!(meeting.hear(B, &named(&[0, 7])), Ok(()));
        assert!(meeting.unmet().contains(&B), "it may have heard nothing yet");
        assert_eq!(meeting.hear(B, &named(&[5, 7])), Ok(()));
        assert_eq!((meeting.unmet().iter().collect::<Vec<_>>(), meeting.is_over()), (vec![&C], false));
        let mut in_vain = meeting.clone();
        assert_eq!(meeting.hear(C, &named(&[5, 7, 9])), Ok(()));
        assert!(meeting.is_over() && meeting.earlier().is_none());
        (0..GREETINGS - 1).for_each(|_| in_vain.wait_on());
        assert!(!in_vain.is_over());
        in_vain.wait_on();
        assert!(in_vain.is_over());
        let together = Meeting::new(A, [B, C].into_iter(), Epochs::of(3, [(A, 5), (B, 5), (C, 5)]));
        assert!(together.is_over());
    }

    #[test]
    fn another_run_of_anyone_is_refused_and_nothing_is_learned_from_it() {
        let mut meeting = alone();
        assert_eq!(meeting.hear(B, &named(&[5, 7])), Ok(()));
        for (from, epochs, why) in [
            (B, &[5, 8, 9][..], OtherRun::Of(B, 7, 8)),
            (C, &[5, 8, 9], OtherRun::Of(B, 7, 8)),
            (C, &[5, 7], OtherRun::Unnamed(C)),
            (C, &[5, 7, 9, 0], OtherRun::TooMany(4)),
        ] {
            assert_eq!(meeting.hear(from, &named(epochs)), Err(why));
            assert_eq!((meeting.known().get(C), meeting.earlier()), (0, None));
        }
    }

    #[test]
    fn who_is_known_with_another_epoch_was_started_again_for_good() {
        let mut meeting = alone();
        assert_eq!(meeting.hear(B, &named(&[4, 7])), Err(OtherRun::Receiver(A, 5, 4)));
        assert_eq!(meeting.hear(C, &named(&[5, 0, 9])), Ok(()));
        assert_eq!(meeting.hear(B, &named(&[3, 7])), Err(OtherRun::Receiver(A, 5, 3)));
        assert_eq!(meeting.earlier(), Some((B, 4)));
    }

    #[test]
    fn what_a_third_has_learned_of_an_earlier_run_counts_as_well() {
        // B has never met A: it knows its epoch from C, with whose changes it came.
        let mut meeting = Meeting::new(B, [A, C].into_iter(), Epochs::of(3, [(B, 7)]));
        assert_eq!(meeting.hear(C, &named(&[4, 7, 9])), Ok(()));
        assert_eq!(meeting.hear(A, &named(&[5])), Err(OtherRun::Of(A, 4, 5)));
        let mut again = alone();
        assert_eq!(again.hear(B, meeting.known()), Err(OtherRun::Receiver(A, 5, 4)));
    }
}
