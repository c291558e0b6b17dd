//! The lost writes of a run, as far as they were judged: [`Judged`].

use crate::history::{Claims, History, LostTo, Observed, Write};
use multimaster::{Dot, Key, Replica, Resolver};
use std::collections::{BTreeMap, BTreeSet};

/// The acknowledged writes that a master has seen and lost, at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The writes lost to a concurrent write: the rule's choice.
    pub by_policy: BTreeSet<Dot>,
    /// The writes lost to a write in their own causal past, or without a competing write.
    pub causally: BTreeSet<Dot>,
    /// The number of written keys.
    pub keys: usize,
    /// The number of keys that were not judged: those with the most writes, and those whose losses only the rule's own
    /// claim shows.
    pub not_judged: usize,
}

/// The most comparisons of two writes of a key, in all; they take some seconds. At every master all writes of a key are
/// compared with each other, so a key with ten times the writes takes a hundred times as long.
pub(super) const BUDGET: u64 = 300_000_000;

/// Judges key by key, those with the fewest writes first, and subtracts the cost from the budget until it is used up.
pub(super) fn judged<R: Resolver>(writes: Vec<Write>, replicas: &[&Replica<R>], budget: &mut u64) -> Judged {
    let mut by_key: BTreeMap<Key, Vec<Write>> = BTreeMap::new();
    for write in writes {
        by_key.entry(write.key.clone()).or_default().push(write);
    }
    let mut judged = Judged { keys: by_key.len(), ..Judged::default() };
    let mut keys: Vec<Vec<Write>> = by_key.into_values().collect();
    keys.sort_by_key(Vec::len);
    'keys: for writes in keys {
        let cost = (writes.len() as u64).saturating_pow(2).saturating_mul(replicas.len() as u64);
        let Some(left) = budget.checked_sub(cost) else {
            judged.not_judged += 1;
            continue;
        };
        *budget = left;
        let history = History::of(writes);
        for replica in replicas {
            let judgements = history.judge(&Observed { replica, claims: Claims::Untested });
            if !judgements.unsure.is_empty() {
                judged.not_judged += 1;
                continue 'keys;
            }
            for loss in judgements.losses {
                let lost = if loss.to == LostTo::Past { &mut judged.causally } else { &mut judged.by_policy };
                lost.insert(loss.write);
            }
        }
    }
    judged
}
