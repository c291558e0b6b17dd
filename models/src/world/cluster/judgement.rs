//! The judgement of one master: [`Judgement`].

use crate::history::{Claims, History, Judgements, LostTo, Observed};
use crate::node::any_rule::AnyReplica;
use crate::properties::specification::{Specified, misread};
use multimaster::{Kind, Reading, Resolver};

/// The answers of the properties for one master and the writes that it has seen, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Judgement(u16);

impl Judgement {
    pub(crate) fn of(
        replica: &AnyReplica,
        history: &History,
        specification: Option<Specified>,
        claims: Claims,
    ) -> Judgement {
        let master = Observed { replica, claims };
        let Judgements { losses, unsure } = history.judge(&master);
        let lost = |to: LostTo| losses.iter().any(|loss| loss.to == to);
        let invented = history.invented(&master);
        let bits = [
            history.out_of_order(replica).is_some(),
            history.resurrection(&master).is_some(),
            lost(LostTo::Concurrent),
            lost(LostTo::Past),
            specification.is_some_and(|said| misread(said, history, replica).is_some()),
            replica.rule().kind() == Kind::BoundedCounter
                && replica.readings().any(|(_, reading)| matches!(reading, Reading::Total(..0))),
            history.conflict(replica),
            history.dependency(replica),
            lost(LostTo::Nothing),
            matches!(invented, Some(Ok(_))),
            !unsure.is_empty() || matches!(invented, Some(Err(_))),
        ];
        Judgement(bits.iter().enumerate().map(|(place, bit)| u16::from(*bit) << place).sum())
    }

    /// The answers, as [`of_bits`](Self::of_bits) takes them.
    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    pub(crate) fn of_bits(bits: u16) -> Judgement {
        Judgement(bits)
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

    /// Whether the master has seen two concurrent writes of one key.
    pub(crate) fn conflict(self) -> bool {
        self.bit(6)
    }

    /// Whether the master has seen another master's write whose causal past has writes of other masters.
    pub(crate) fn dependency(self) -> bool {
        self.bit(7)
    }

    pub(crate) fn lost_to_nothing(self) -> bool {
        self.bit(8)
    }

    /// Whether a reading is not explained by the writes seen.
    pub(crate) fn invented(self) -> bool {
        self.bit(9)
    }

    /// Whether the judgement depends on an untested claim of the rule.
    pub(crate) fn unsure(self) -> bool {
        self.bit(10)
    }
}
