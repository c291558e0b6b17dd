//! The collection of tombstones, if the scenario says `collected = "when all have seen"`.
//!
//! It is sound under two conditions, also when a master is ended and started again without its state:
//!
//! - A run's times are later than those of all tombstones that were collected before it. So a run begins with the time of
//!   its epoch, in sixteenths of a millisecond: all masters are on this machine, and have one wall clock. (A master that
//!   writes more than 16 times a millisecond for as long as it runs would overtake it.)
//! - Nothing that an earlier run has sent arrives after what a later one has sent: the loopback device keeps the order.

use super::{MasterActor, MasterState, Packets};
use crate::node::any_rule::SerdeRule;
use crate::scope::Collected;
use crate::spawn::packet::{NotTaken, Packet, Told};
use multimaster::MasterId;

/// The logical clock counts this many times in a millisecond.
const TIMES: u64 = 16;

impl<R: SerdeRule> MasterActor<R> {
    fn collects(&self) -> bool {
        self.scope.collected == Collected::WhenAllHaveSeen
    }

    /// The time from which this run's clock counts.
    pub(super) fn first_time(&self) -> u64 {
        if self.collects() { self.epochs.get(self.id).saturating_mul(TIMES) } else { 0 }
    }

    /// Tells the neighbours what this master knows of the progress of all.
    pub(super) fn tell(&self, state: &MasterState<R>, out: &mut Packets<R>) {
        if !self.collects() {
            return;
        }
        let progress = state.replica.progress();
        let packet = Packet::Progress(Told { epochs: state.meeting.known().clone(), progress });
        if !packet.fits() {
            self.journal.count("too large a progress");
            return;
        }
        for peer in self.scope.topology.sends_to(self.id) {
            self.journal.mention(|| format!("{} -> {peer}  progress", self.id));
            self.send(peer, packet.clone(), out);
        }
    }

    /// Learns what a neighbour tells, and drops the tombstones that all masters are known to have seen.
    ///
    /// # Errors
    /// If a correct neighbour cannot have told this.
    pub(super) fn learn(&self, state: &mut MasterState<R>, from: MasterId, told: &Told) -> Result<(), NotTaken> {
        let learned = state.replica.learn(from, &told.progress)?;
        self.journal.count("progress");
        self.journal.mention(|| format!("{} <- {from}  progress: {}", self.id, if learned { "new" } else { "known" }));
        if learned && self.collects() {
            let stable = state.replica.seen_by_all();
            let dropped = state.replica.collect(&stable);
            if dropped > 0 {
                for _ in 0..dropped {
                    self.journal.count("tombstone dropped");
                }
                let s = if dropped == 1 { "" } else { "s" };
                self.journal.say(|| format!("{}  drops {dropped} tombstone{s}: all have seen {stable}", self.id));
            }
        }
        Ok(())
    }
}
