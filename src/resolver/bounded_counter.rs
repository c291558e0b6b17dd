use super::*;
use crate::MasterId;
use std::collections::BTreeMap;

/// A counter that never falls below 0, even under concurrent subtractions: stock that is never oversold.
///
/// Each unit of the counter is a right to subtract it, and each right belongs to one master. An addition gives its
/// master rights, a subtraction spends them, and a transfer gives them to another master. A master with too few rights
/// *refuses* the subtraction at once, without asking another master; a refused operation is never acknowledged. This is
/// escrow (O'Neil, TODS 1986) without a coordinator: Balegas et al., "Extending eventually consistent cloud databases
/// for enforcing numeric invariants", SRDS 2015.
///
/// For a bound other than 0, count from that bound. If a master leaves for ever, its rights are lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoundedCounter;

/// Every master's [`Account`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Escrow(BTreeMap<MasterId, Account>);

/// The additions, subtractions and transfers of one master. Only that master alters its account, and each sum only
/// grows, so the larger of two sums is the newer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Account {
    /// The sum of its additions.
    pub added: u64,
    /// The sum of its subtractions.
    pub spent: u64,
    /// By other master, the rights that it has transferred to that master in all.
    pub given: BTreeMap<MasterId, u64>,
}

/// The change of a master's account by an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Deal {
    /// Adds this amount.
    Add(u64),
    /// Subtracts this amount.
    Spend(u64),
    /// Transfers this number of rights to another master.
    Give(u64, MasterId),
}

impl Escrow {
    /// The amount that `master` may subtract according to this state.
    pub fn rights(&self, master: MasterId) -> u64 {
        let received = |account: &Account| i128::from(account.given.get(&master).copied().unwrap_or(0));
        let mut rights: i128 = self.0.values().map(received).sum();
        if let Some(own) = self.0.get(&master) {
            let given: i128 = own.given.values().copied().map(i128::from).sum();
            rights += i128::from(own.added) - i128::from(own.spent) - given;
        }
        u64::try_from(rights.max(0)).unwrap_or(u64::MAX)
    }

    /// The account of `master`, if it has done anything.
    pub fn account(&self, master: MasterId) -> Option<&Account> {
        self.0.get(&master)
    }
}

impl Account {
    fn of(&mut self, deal: &Deal) -> (&mut u64, u64) {
        match deal {
            Deal::Add(amount) => (&mut self.added, *amount),
            Deal::Spend(amount) => (&mut self.spent, *amount),
            Deal::Give(amount, to) => (self.given.entry(*to).or_default(), *amount),
        }
    }
}

impl Resolver for BoundedCounter {
    type State = Escrow;
    type Effect = Deal;

    fn kind(&self) -> Kind {
        Kind::BoundedCounter
    }

    fn prepare(&self, state: &Escrow, op: Op, dot: Dot, _: Timestamp) -> Result<Deal, Refusal> {
        let deal = match op {
            Op::Add(amount) if amount < 0 => Deal::Spend(amount.unsigned_abs()),
            Op::Add(amount) => Deal::Add(amount.unsigned_abs()),
            Op::Transfer { to, .. } if to == dot.origin() => {
                return Err(Refusal::Because(format!("{to} cannot transfer to itself").into()));
            }
            Op::Transfer { amount, to } => Deal::Give(amount, to),
            other => return Err(Refusal::WrongKind(other)),
        };
        let mut after = state.0.get(&dot.origin()).cloned().unwrap_or_default();
        let (sum, amount) = after.of(&deal);
        if sum.checked_add(amount).is_none_or(|sum| sum > u64::MAX / 2) {
            return Err(Refusal::Because("the counter is full".into()));
        }
        let rights = state.rights(dot.origin());
        if !matches!(deal, Deal::Add(_)) && amount > rights {
            let what = format!("{} has the right to {rights}, not to {amount}: it needs a transfer", dot.origin());
            return Err(Refusal::Because(what.into()));
        }
        Ok(deal)
    }

    fn apply(&self, state: &mut Escrow, change: &Change<Deal>) -> bool {
        let (Deal::Add(amount) | Deal::Spend(amount) | Deal::Give(amount, _)) = change.effect;
        if amount == 0 {
            return false;
        }
        let (sum, amount) = state.0.entry(change.dot.origin()).or_default().of(&change.effect);
        *sum = sum.saturating_add(amount);
        true
    }

    fn why_kept(&self, _: &Escrow, _: &Change<Deal>) -> &'static str {
        "had nothing to do: the amount is 0"
    }

    /// The sum of all additions minus that of all subtractions, clamped to the range of `i64`.
    fn read(&self, state: &Escrow) -> Reading {
        let left = |account: &Account| i128::from(account.added) - i128::from(account.spent);
        let sum: i128 = state.0.values().map(left).sum();
        Reading::Total(sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }

    fn merge(&self, ours: Side<'_, Escrow>, theirs: Side<'_, Escrow>) -> Option<Escrow> {
        let mut merged = ours.state.clone();
        for (master, theirs) in &theirs.state.0 {
            let account = merged.0.entry(*master).or_default();
            account.added = account.added.max(theirs.added);
            account.spent = account.spent.max(theirs.spent);
            for (to, theirs) in &theirs.given {
                let given = account.given.entry(*to).or_default();
                *given = (*given).max(*theirs);
            }
        }
        Some(merged)
    }

    fn shows(&self, _: &Escrow, _: Dot) -> bool {
        true
    }
}
