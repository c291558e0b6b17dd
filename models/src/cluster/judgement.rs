//! How a master is judged: [`Judgement`].

use crate::history::History;
use crate::specification::{Specification, misread};
use multimaster::{Kind, Reading, Replica, Resolver};

/// What the properties ask of a master, in the light of the writes that it has seen: a bit each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement(u8);

impl Judgement {
    pub(super) fn of<R: Resolver>(
        replica: &Replica<R>,
        history: &History,
        specification: Option<Specification>,
    ) -> Judgement {
        let losses = history.losses(replica);
        let bits = [
            history.out_of_order(replica).is_some(),
            history.resurrection(replica).is_some(),
            losses.iter().any(|loss| loss.by_policy),
            losses.iter().any(|loss| !loss.by_policy),
            specification.is_some_and(|said| misread(said, history, replica).is_some()),
            replica.rule().kind() == Kind::BoundedCounter
                && replica.readings().any(|(_, reading)| matches!(reading, Reading::Total(..0))),
            history.conflict(replica),
            history.dependency(replica),
        ];
        Judgement(bits.iter().enumerate().map(|(place, bit)| u8::from(*bit) << place).sum())
    }

    fn bit(self, place: u8) -> bool {
        self.0 & (1 << place) != 0
    }

    pub(crate) fn out_of_order(self) -> bool {
        self.bit(0)
    }

    pub(crate) fn resurrects(self) -> bool {
        self.bit(1)
    }

    pub(crate) fn lost_by_policy(self) -> bool {
        self.bit(2)
    }

    pub(crate) fn lost_causally(self) -> bool {
        self.bit(3)
    }

    pub(crate) fn misread(self) -> bool {
        self.bit(4)
    }

    /// Whether a bounded counter is read below its bound.
    pub(crate) fn below_bound(self) -> bool {
        self.bit(5)
    }

    /// Whether it has seen a conflict.
    pub(crate) fn conflict(self) -> bool {
        self.bit(6)
    }

    /// Whether it has seen a write that depends on another master's.
    pub(crate) fn dependency(self) -> bool {
        self.bit(7)
    }
}
