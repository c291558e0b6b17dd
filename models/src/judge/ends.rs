//! The end of a history: the last reads, which began after all that could change what they read.

use super::log::{Log, OpId, Outcome, Place};
use super::value::Name;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};

/// For each key, when its last write, addition or removal ended.
#[derive(Default)]
pub(crate) struct Ends {
    last: HashMap<Name, End, RandomState>,
    settle: i64,
}

#[derive(Clone, Copy, Default)]
struct End {
    place: Place,
    time: Option<i64>,
}

/// Why no read of a history is final.
pub(crate) const NO_FINAL_READ: &str = "no key is read after its last write ended";

impl Ends {
    /// Final reads begin at least `settle` nanoseconds after the last write ended.
    pub(crate) fn new(settle: i64) -> Ends {
        Ends { last: HashMap::default(), settle }
    }

    /// An operation that changes something ended.
    pub(crate) fn ended(&mut self, log: &Log, op: OpId) {
        let operation = log.at(op);
        if matches!(operation.outcome, Outcome::Ok | Outcome::Fail) {
            self.last.insert(operation.key, End { place: operation.ended, time: operation.time });
        }
    }

    /// The final reads among these, each the last of its process and key; by key, in the order of the history.
    pub(crate) fn finals(&self, log: &Log, last_reads: impl IntoIterator<Item = OpId>) -> BTreeMap<Name, Vec<OpId>> {
        let mut finals: BTreeMap<Name, Vec<OpId>> = BTreeMap::new();
        for op in last_reads {
            let read = log.at(op);
            let end = self.last.get(&read.key).copied().unwrap_or_default();
            let settled = match (read.time, end.time) {
                (Some(read), Some(end)) => read.saturating_sub(end) >= self.settle,
                _ => self.settle == 0 || end.place == 0,
            };
            if read.began >= end.place && settled && (read.is_final || !log.has_final) {
                finals.entry(read.key).or_default().push(op);
            }
        }
        finals.values_mut().for_each(|reads| reads.sort());
        finals
    }
}
