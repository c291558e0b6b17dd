//! What the final reads of a register show: writes that are lost, and reads that differ.
//!
//! A write is lost if the final reads have the values of earlier writes only, each of which had ended before it began. Of a
//! write that ran at the same time as the one that is read, nobody knows which of the two came last.

use super::{Registers, Written};
use crate::judge::ends::NO_FINAL_READ;
use crate::judge::finding::{self as f, Finding, Tally};
use crate::judge::log::{Log, OpId, Outcome, Place, What};
use crate::judge::sets::INTERRUPTED;
use crate::judge::value::{NIL, Name};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};

/// What is read of a key at the end.
struct Final {
    read: OpId,
    values: Vec<Name>,
    /// When all writes of these values had ended; none if that is not known.
    ended: Option<Place>,
    /// When the latest of them began.
    began: Place,
    /// The latest of these writes.
    latest: Option<OpId>,
}

impl Registers {
    /// The verdicts on lost writes and on agreement. Time linear in the operations.
    pub(super) fn judge_end(&self, log: &Log, whole: bool) -> (Finding, Finding) {
        let (mut lost, mut agreement) = (Tally::of(f::NO_LOST_WRITE), Tally::of(f::AGREEMENT));
        if !whole {
            return (lost.finding(log, INTERRUPTED), agreement.finding(log, INTERRUPTED));
        }
        let finals = self.ends.finals(log, self.sessions.last_reads());
        let mut by_key = self.finals_by_key(log, &finals);
        let writes =
            || (0..log.operations.len()).map(|place| OpId(place as u32)).filter(|op| log.at(*op).what == What::Write);
        for op in writes().filter(|op| log.at(*op).is_live()) {
            let write = log.at(op);
            let Some(last) = by_key.get_mut(&write.key).filter(|last| last.values.contains(&write.value)) else {
                continue;
            };
            last.began = last.began.max(write.began);
            let known = write.outcome == Outcome::Ok;
            last.ended = last.ended.filter(|_| known).map(|ended| ended.max(write.ended));
            last.latest = Some(op);
        }
        for op in writes().filter(|op| log.at(*op).outcome == Outcome::Ok) {
            judge_lost(log, op, &by_key, &mut lost);
        }
        for reads in finals.values().filter(|reads| reads.len() > 1) {
            reads.iter().for_each(|_| agreement.judge());
            self.judge_agreement(log, reads, &mut agreement);
        }
        let vacuous = if finals.is_empty() { NO_FINAL_READ } else { "no key is read by two processes at the end" };
        (lost.finding(log, NO_FINAL_READ), agreement.finding(log, vacuous))
    }

    fn finals_by_key(&self, log: &Log, finals: &BTreeMap<Name, Vec<OpId>>) -> HashMap<Name, Final, RandomState> {
        let mut by_key = HashMap::default();
        for (key, reads) in finals {
            let mut values: Vec<Name> = reads.iter().map(|read| log.at(*read).value).collect();
            values.sort();
            values.dedup();
            let invented =
                values.iter().any(|value| *value != NIL && self.written(*key, *value).is_none_or(|w| w.live == 0));
            let ended = (!invented).then_some(0);
            by_key.insert(*key, Final { read: reads[0], values, ended, began: 0, latest: None });
        }
        by_key
    }

    fn written(&self, key: Name, value: Name) -> Option<&Written> {
        self.numbers.get(&(key, value)).map(|id| &self.written[id.0 as usize])
    }

    /// Whether the final reads of a key have one value, apart from those whose write may come at any time.
    fn judge_agreement(&self, log: &Log, reads: &[OpId], agreement: &mut Tally) {
        let certain = |read: &&OpId| {
            let read = log.at(**read);
            self.written(read.key, read.value).is_none_or(|written| written.unknown == 0)
        };
        let mut certain = reads.iter().filter(certain);
        let Some(one) = certain.next() else { return };
        let Some(other) = certain.find(|other| log.at(**other).value != log.at(*one).value) else { return };
        agreement.violated(&[*one, *other], || {
            let said = |op: OpId| {
                let read = log.at(op);
                format!("{} reads {}", log.process(read.process), log.names.shown(read.value))
            };
            format!("at the end{}, {}, and {}", log.of_key(log.at(*one).key), said(*one), said(*other))
        });
    }
}

fn judge_lost(log: &Log, op: OpId, by_key: &HashMap<Name, Final, RandomState>, lost: &mut Tally) {
    let write = log.at(op);
    let Some(last) = by_key.get(&write.key) else { return lost.leave("the key is not read at the end") };
    let Some(ended) = last.ended else {
        return lost.leave("it is not known when the write of the value that is read at the end had its effect");
    };
    if last.values.contains(&write.value) || write.ended <= last.began {
        return lost.judge();
    }
    if write.began < ended {
        return lost.leave("writes at the same time as the one that is read at the end");
    }
    lost.judge();
    let mut shown: Vec<OpId> = last.latest.into_iter().collect();
    shown.extend([op, last.read]);
    lost.violated(&shown, || {
        let instead = match last.latest {
            Some(_) => "the final reads have only values written before it began",
            None => "the final reads have no value at all",
        };
        format!(
            "the write of {}{} by {} was acknowledged, and {instead}",
            log.names.shown(write.value),
            log.of_key(write.key),
            log.process(write.process)
        )
    });
}
