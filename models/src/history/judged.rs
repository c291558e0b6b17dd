//! Lost, resurrected and invented writes, judged by readings and not by the rule's claims.

use super::parts::{PartEffect, Shown, by_part};
use super::{History, Write};
use multimaster::{Dot, Key, Reading, Replica, Resolver, Text};
use std::collections::{BTreeMap, BTreeSet};

/// A master as it is judged: the writes that it has seen, and its readings.
pub trait Judged {
    /// Whether the master has seen the write with this dot.
    fn has_seen(&self, dot: Dot) -> bool;

    /// The reading of `key`.
    fn read(&self, key: &Key) -> Reading;

    /// The keys whose reading differs from that of a key never written.
    fn keys(&self) -> Vec<Key>;

    /// Whether the write with this dot went into the reading of `key`. Called only where the reading itself does not
    /// tell: for a value merged from several writes.
    fn claim(&self, key: &Key, dot: Dot) -> Claim;
}

/// The status of a write that cannot be recognised in a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The reading shows the write.
    Shown,
    /// The reading does not show the write.
    Hidden,
    /// The rule claims that the reading shows the write, and the claim is untested.
    Untested,
}

/// The degree to which a rule's [`shows`](Resolver::shows) is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Claims {
    /// Untested: a property that depends on it is reported as not judged.
    #[default]
    Untested,
    /// [Tested](crate::histories::claims) on all small histories, and believed.
    Tested,
    /// Refuted, and ignored: a write that cannot be recognised in a reading counts as hidden.
    Refuted,
}

/// A replica, and the degree to which its rule's claims are believed.
pub struct Observed<'a, R: Resolver> {
    /// The master.
    pub replica: &'a Replica<R>,
    /// The degree to which the rule's claims are believed.
    pub claims: Claims,
}

impl<R: Resolver> Judged for Observed<'_, R> {
    fn has_seen(&self, dot: Dot) -> bool {
        self.replica.digest().contains(dot)
    }

    fn read(&self, key: &Key) -> Reading {
        self.replica.read(key)
    }

    fn keys(&self) -> Vec<Key> {
        self.replica.readings().map(|(key, _)| key.clone()).collect()
    }

    fn claim(&self, key: &Key, dot: Dot) -> Claim {
        let Some(state) = self.replica.state(key) else { return Claim::Hidden };
        let rule = self.replica.rule();
        match (rule.shows(state, dot), self.claims) {
            _ if rule.unsure(state, dot) => Claim::Untested,
            (false, _) | (_, Claims::Refuted) => Claim::Hidden,
            (true, Claims::Tested) => Claim::Shown,
            (true, Claims::Untested) => Claim::Untested,
        }
    }
}

/// A write that a master has seen and lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The lost write.
    pub write: Dot,
    /// The writes that a reader sees instead.
    pub shown: Vec<Dot>,
    /// The kind of the loss.
    pub to: LostTo,
}

/// The kind of a loss, by the writes that won.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LostTo {
    /// A concurrent write, which a reader sees: the rule's policy.
    Concurrent,
    /// A write in its own causal past; or no write at all competed. A causal loss is a bug under any rule.
    Past,
    /// Concurrent writes competed, but a reader sees none of them either.
    Nothing,
}

/// The lost writes of a master.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgements {
    /// The losses, in dot order.
    pub losses: Vec<Loss>,
    /// The writes whose loss depends on an untested claim of the rule.
    pub unsure: Vec<Dot>,
}

impl History {
    fn seen_by<'a>(&'a self, master: &dyn Judged) -> BTreeMap<&'a Key, Vec<&'a Write>> {
        let mut by_key: BTreeMap<&Key, Vec<&Write>> = BTreeMap::new();
        for write in self.writes().iter().filter(|write| master.has_seen(write.dot)) {
            by_key.entry(&write.key).or_default().push(write);
        }
        by_key
    }

    /// Judges which of the writes that the master has seen are lost.
    ///
    /// A write is kept if a reader sees its value, or if a seen write that it happened before supersedes it. A removal
    /// is kept unless an item that it removed is read and no other write explains it. A counter is judged by its total.
    /// Equal values are not told apart: a reader sees values, not writes.
    pub fn judge(&self, master: &dyn Judged) -> Judgements {
        let mut judgements = Judgements::default();
        for (key, writes) in self.seen_by(master) {
            let reading = master.read(key);
            for (part, effects) in by_part(&writes) {
                let view = View { master, key, shown: part.shown(&reading), effects: &effects };
                if part.is_counter() {
                    view.judge_counter(&mut judgements);
                } else {
                    view.judge(&mut judgements);
                }
            }
        }
        judgements.losses.sort_by_key(|loss| (loss.write, loss.to));
        judgements.losses.dedup_by_key(|loss| loss.write);
        judgements.unsure.sort();
        judgements.unsure.dedup();
        judgements
    }

    /// A removal that the master has seen, and a write that it removed but that a reader still sees, although no seen
    /// write outside the removal's causal past explains the reading.
    pub fn resurrection(&self, master: &dyn Judged) -> Option<(&Write, &Write)> {
        self.seen_by(master).into_iter().find_map(|(key, writes)| {
            let reading = master.read(key);
            by_part(&writes).into_iter().find_map(|(part, effects)| {
                let view = View { master, key, shown: part.shown(&reading), effects: &effects };
                let risen = |clear: &Write| if part.is_counter() { view.risen_adds(clear) } else { view.risen(clear) };
                view.clears().find_map(|clear| Some((self.get(clear.dot)?, self.get(risen(clear).first()?.dot)?)))
            })
        })
    }

    /// A key and its reading that the seen writes do not explain: no write put it there, and it was not merged from
    /// their values. `Err` if this depends on an untested claim of the rule.
    pub fn invented(&self, master: &dyn Judged) -> Option<Result<(Key, Reading), Key>> {
        let seen = self.seen_by(master);
        let keys: BTreeSet<Key> = master.keys().into_iter().chain(seen.keys().map(|key| (*key).clone())).collect();
        let mut unsure = None;
        for key in keys {
            let reading = master.read(&key);
            let writes = seen.get(&key).map_or(&[][..], Vec::as_slice);
            match made_of(&reading, None, writes, &|dot| master.claim(&key, dot)) {
                Claim::Shown => {}
                Claim::Hidden => return Some(Ok((key, reading))),
                Claim::Untested => unsure = unsure.or(Some(Err(key))),
            }
        }
        unsure
    }
}

/// Whether the writes explain all of a reading.
fn made_of(reading: &Reading, field: Option<&Text>, writes: &[&Write], claim: &dyn Fn(Dot) -> Claim) -> Claim {
    use multimaster::Op;
    let ops = || {
        writes.iter().filter_map(|write| match (&write.op, field) {
            (Op::In { field: of, op }, Some(field)) => (of == field).then_some((write, op.as_ref())),
            (op, None) => Some((write, op)),
            _ => None,
        })
    };
    let known = |yes: bool| if yes { Claim::Shown } else { Claim::Hidden };
    let value = |value: &Text| {
        let number: Option<i64> = value.parse().ok();
        let wrote = |op: &Op| match op {
            Op::Set(wrote) => wrote == value,
            Op::Raise(wrote) | Op::Lower(wrote) => Some(*wrote) == number,
            _ => false,
        };
        if ops().any(|(_, op)| wrote(op)) {
            return Claim::Shown;
        }
        let claims: Vec<Claim> = ops().filter(|(_, op)| matches!(op, Op::Set(_))).map(|(w, _)| claim(w.dot)).collect();
        let best = [Claim::Shown, Claim::Untested].into_iter().find(|best| claims.contains(best));
        best.unwrap_or(Claim::Hidden)
    };
    let worst = |claims: &mut dyn Iterator<Item = Claim>| {
        let all: Vec<Claim> = claims.collect();
        let worst = [Claim::Hidden, Claim::Untested].into_iter().find(|worst| all.contains(worst));
        worst.unwrap_or(Claim::Shown)
    };
    match reading {
        Reading::Nothing | Reading::Flag(false) | Reading::Total(0) => Claim::Shown,
        Reading::Value(one) => value(one),
        Reading::Values(all) => worst(&mut all.iter().map(value)),
        // The judgement of losses checks totals.
        Reading::Total(_) => known(ops().any(|(_, op)| matches!(op, Op::Add(_)))),
        Reading::Elements(all) => {
            known(all.iter().all(|element| ops().any(|(_, op)| matches!(op, Op::Insert(put) if put == element))))
        }
        Reading::Flag(true) => known(ops().any(|(_, op)| *op == Op::Enable)),
        Reading::Fields(fields) => {
            worst(&mut fields.iter().map(|(field, reading)| made_of(reading, Some(field), writes, claim)))
        }
    }
}

/// A write to a counter, and the amount that it adds.
type Added<'a> = (&'a Write, i64);

/// One part of a key at one master: the seen writes to it with their effects, and its reading.
struct View<'a> {
    master: &'a dyn Judged,
    key: &'a Key,
    shown: Shown<'a>,
    effects: &'a [(&'a Write, PartEffect<'a>)],
}

impl<'a> View<'a> {
    fn clears(&self) -> impl Iterator<Item = &'a Write> {
        self.effects.iter().filter(|(_, effect)| *effect == PartEffect::Clear).map(|(write, _)| *write)
    }

    fn is_superseded(&self, write: &Write, effect: PartEffect<'_>) -> bool {
        self.effects.iter().any(|(later, by)| later.had_seen(write) && by.supersedes(effect))
    }

    fn judge(&self, judgements: &mut Judgements) {
        for (write, effect) in self.effects {
            if *effect == PartEffect::Clear {
                let shown: Vec<Dot> = self.risen(write).iter().map(|risen| risen.dot).collect();
                if !shown.is_empty() {
                    judgements.losses.push(Loss { write: write.dot, shown, to: LostTo::Past });
                }
                continue;
            }
            if self.shown.shows(*effect) || self.is_superseded(write, *effect) {
                continue;
            }
            let claim = if matches!(effect, PartEffect::Put(_)) {
                self.master.claim(self.key, write.dot)
            } else {
                Claim::Hidden
            };
            match claim {
                Claim::Shown => {}
                Claim::Untested => judgements.unsure.push(write.dot),
                Claim::Hidden => judgements.losses.push(self.loss(write, *effect)),
            }
        }
    }

    fn loss(&self, write: &Write, effect: PartEffect<'_>) -> Loss {
        let others = || self.effects.iter().filter(|(other, _)| other.dot != write.dot);
        let is_shown = |other: &Write, by: PartEffect<'_>| {
            self.shown.shows(by)
                || (matches!(by, PartEffect::Put(_)) && self.master.claim(self.key, other.dot) != Claim::Hidden)
        };
        let fresh = |by: PartEffect<'_>| others().any(|(other, too)| *too == by && !write.had_seen(other));
        // Of equal contents, one outside the write's causal past explains the reading.
        let counts = |other: &Write, by: PartEffect<'_>| !write.had_seen(other) || !fresh(by);
        let shown: Vec<&Write> = others()
            .filter(|(other, by)| is_shown(other, *by) && counts(other, *by))
            .map(|(other, _)| *other)
            .collect();
        let contested = others().any(|(other, by)| other.concurrent(write) && by.competes(effect));
        let to = if !contested || shown.iter().any(|other| write.had_seen(other)) {
            LostTo::Past
        } else if shown.is_empty() {
            LostTo::Nothing
        } else {
            LostTo::Concurrent
        };
        Loss { write: write.dot, shown: shown.iter().map(|other| other.dot).collect(), to }
    }

    /// The writes that `clear` removed but that are read, although no write outside its causal past explains the
    /// reading. Of equal contents, those come first that nothing before `clear` had superseded.
    fn risen(&self, clear: &Write) -> Vec<&'a Write> {
        let again =
            |effect: PartEffect<'_>| self.effects.iter().any(|(other, by)| *by == effect && !clear.had_seen(other));
        let risen = |(write, effect): &&(&'a Write, PartEffect<'a>)| {
            *effect != PartEffect::Clear && clear.had_seen(write) && self.shown.shows(*effect) && !again(*effect)
        };
        let was_gone = |write: &Write, effect: PartEffect<'_>| {
            let mut seen = self.effects.iter().filter(|(other, _)| clear.had_seen(other));
            seen.any(|(later, by)| later.had_seen(write) && by.supersedes(effect))
        };
        let mut risen: Vec<_> = self.effects.iter().filter(risen).collect();
        risen.sort_by_key(|(write, effect)| was_gone(write, *effect));
        risen.into_iter().map(|(write, _)| *write).collect()
    }

    /// The adds in no seen removal's causal past, and the others.
    fn adds(&self) -> (Vec<Added<'a>>, Vec<Added<'a>>) {
        let adds = self.effects.iter().filter_map(|(write, effect)| match effect {
            PartEffect::Add(amount) => Some((*write, *amount)),
            PartEffect::Transfer => Some((*write, 0)),
            _ => None,
        });
        adds.partition(|(write, _)| !self.clears().any(|clear| clear.had_seen(write)))
    }

    /// The adds that went into the total: a set with this sum. If there are several, the set that the rule claims, or
    /// else one with the fewest adds lost or resurrected. `None` if there is none, or too many adds to try all sets.
    fn counted(&self) -> Option<BTreeSet<Dot>> {
        /// The most adds of which all sets are tried.
        const MOST: usize = 12;
        let (live, dead) = self.adds();
        let total = i128::from(self.shown.total());
        let sum = |adds: &mut dyn Iterator<Item = i64>| {
            let sum: i128 = adds.map(i128::from).sum();
            // Saturated to `i64`, as in the counters.
            sum.clamp(i128::from(i64::MIN), i128::from(i64::MAX))
        };
        if sum(&mut live.iter().map(|(_, amount)| *amount)) == total {
            return Some(live.iter().map(|(write, _)| write.dot).collect());
        }
        self.clears().next()?;
        let all: Vec<&(&Write, i64)> = live.iter().chain(&dead).collect();
        let claimed = || all.iter().filter(|(write, _)| self.master.claim(self.key, write.dot) != Claim::Hidden);
        if sum(&mut claimed().map(|(_, amount)| *amount)) == total {
            return Some(claimed().map(|(write, _)| write.dot).collect());
        }
        if all.len() > MOST {
            return None;
        }
        let chosen = |subset: u32| all.iter().enumerate().filter(move |(place, _)| subset & (1 << place) != 0);
        let alive = (1u32 << live.len()) - 1;
        let explains = |subset: &u32| sum(&mut chosen(*subset).map(|(_, (_, amount))| *amount)) == total;
        let best =
            (0..1u32 << all.len()).filter(explains).min_by_key(|subset| ((subset ^ alive).count_ones(), *subset));
        best.map(|subset| chosen(subset).map(|(_, (write, _))| write.dot).collect())
    }

    fn judge_counter(&self, judgements: &mut Judgements) {
        let counted = self.counted().unwrap_or_default();
        let (live, _) = self.adds();
        for (write, _) in live.iter().filter(|(write, _)| !counted.contains(&write.dot)) {
            let clears: Vec<&Write> = self.clears().collect();
            let past: Vec<Dot> = clears.iter().filter(|clear| write.had_seen(clear)).map(|clear| clear.dot).collect();
            let beside: Vec<Dot> =
                clears.iter().filter(|clear| write.concurrent(clear)).map(|clear| clear.dot).collect();
            // A delete concurrent to the add may remove it, too.
            let (shown, to) = if beside.is_empty() { (past, LostTo::Past) } else { (beside, LostTo::Concurrent) };
            judgements.losses.push(Loss { write: write.dot, shown, to });
        }
        for clear in self.clears() {
            let shown: Vec<Dot> = self.risen_adds(clear).iter().map(|risen| risen.dot).collect();
            if !shown.is_empty() {
                judgements.losses.push(Loss { write: clear.dot, shown, to: LostTo::Past });
            }
        }
    }

    /// The adds that `clear` removed but that the total still includes.
    fn risen_adds(&self, clear: &Write) -> Vec<&'a Write> {
        let counted = self.counted().unwrap_or_default();
        let (_, dead) = self.adds();
        let risen = dead.iter().filter(|(write, _)| clear.had_seen(write) && counted.contains(&write.dot));
        risen.map(|(write, _)| *write).collect()
    }
}
