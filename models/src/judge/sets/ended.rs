//! What the final reads of a set show: additions and removals that are lost, and reads that differ.

use super::{Element, ElementId, Sets};
use crate::judge::ends::NO_FINAL_READ;
use crate::judge::finding::{self as f, Finding, Tally};
use crate::judge::log::{Log, OpId, Outcome, Place, What};
use crate::judge::value::Name;
use std::collections::BTreeMap;

/// Why the end of a history that was interrupted is not judged.
pub(in crate::judge) const INTERRUPTED: &str = "the reading was interrupted before the end of the history";

const CAN_BE_REMOVED: &str = "elements that a removal names";
const NOT_READ: &str = "the key is not read at the end";

impl Sets {
    /// The verdicts on lost additions and removals, and on agreement. Time linear in the elements and the final reads.
    pub(super) fn judge_end(&self, log: &Log, whole: bool) -> (Finding, Finding) {
        let (mut lost, mut agreement) = (Tally::of(f::NO_LOST_WRITE), Tally::of(f::AGREEMENT));
        if !whole {
            return (lost.finding(log, INTERRUPTED), agreement.finding(log, INTERRUPTED));
        }
        let finals = self.ends.finals(log, self.views.values().filter_map(|view| view.last_read));
        let mut times = vec![0_u32; self.elements.len()];
        for (key, reads) in &finals {
            for read in reads {
                for element in self.seen_by(log, *read, *key) {
                    times[element.0 as usize] += 1;
                }
            }
        }
        for op in (0..log.operations.len()).map(|place| OpId(place as u32)) {
            self.judge_lost(log, op, &finals, &times, &mut lost);
        }
        for (key, reads) in finals.iter().filter(|(_, reads)| reads.len() > 1) {
            reads.iter().for_each(|_| agreement.judge());
            self.judge_agreement(log, *key, reads, &times, &mut agreement);
        }
        let vacuous = if finals.is_empty() { NO_FINAL_READ } else { "no key is read by two processes at the end" };
        (lost.finding(log, NO_FINAL_READ), agreement.finding(log, vacuous))
    }

    fn seen_by(&self, log: &Log, read: OpId, key: Name) -> &[ElementId] {
        self.views.get(&(log.at(read).process, key)).map_or(&[], |view| &view.seen)
    }

    /// Whether this addition or removal, if it was acknowledged, shows in the final reads.
    fn judge_lost(&self, log: &Log, op: OpId, finals: &BTreeMap<Name, Vec<OpId>>, times: &[u32], lost: &mut Tally) {
        let operation = log.at(op);
        if operation.outcome != Outcome::Ok || !matches!(operation.what, What::Add | What::Remove) {
            return;
        }
        let Some(reads) = finals.get(&operation.key) else { return lost.leave(NOT_READ) };
        let Some(id) = self.numbers.get(&(operation.key, operation.value)) else { return };
        let (element, times) = (&self.elements[id.0 as usize], times[id.0 as usize] as usize);
        let (who, value) = (log.process(operation.process), log.names.shown(operation.value));
        if operation.what == What::Add {
            if element.removals > 0 {
                return lost.leave(CAN_BE_REMOVED);
            }
            lost.judge();
            if times == 0 {
                lost.violated(&[op, reads[0]], || {
                    format!("the addition of {value} by {who} was acknowledged, and no final read has it")
                });
            }
            return;
        }
        let before = |added: OpId| is_before(log, added, operation.began);
        if element.removed_knowingly != Some(op) || !element.acknowledged.is_some_and(before) {
            return lost.leave("removals by a process that had not seen the element, or of one added more than once");
        }
        lost.judge();
        if times == reads.len() && element.additions == 1 {
            lost.violated(&[op, reads[0]], || {
                format!(
                    "the removal of {value} by {who}, which had seen it, was acknowledged, and each final read has it"
                )
            });
        }
    }

    /// Whether the final reads of a key have the same elements; of a list, in the same order.
    fn judge_agreement(&self, log: &Log, key: Name, reads: &[OpId], times: &[u32], agreement: &mut Tally) {
        let certain = |element: &&ElementId| {
            let Element { additions, unknown, .. } = self.elements[element.0 as usize];
            additions > 0 && !unknown
        };
        let of = |read: OpId| self.seen_by(log, read, key).iter().filter(certain);
        let differs = |element: &&ElementId| (times[element.0 as usize] as usize) < reads.len();
        let found = reads.iter().find_map(|read| of(*read).find(differs).map(|element| (*read, *element)));
        if let Some((with, element)) = found {
            let lacks = |read: &&OpId| !of(**read).any(|other| *other == element);
            let Some(without) = reads.iter().find(lacks) else { return };
            let value = self.elements[element.0 as usize].added.map_or(key, |added| log.at(added).value);
            let [has, not] = [with, *without].map(|read| log.process(log.at(read).process));
            agreement.violated(&[with, *without], || {
                format!("at the end, {has} reads {}{}, and {not} does not", log.names.shown(value), log.of_key(key))
            });
        } else if let Some(other) = reads.iter().find(|read| self.is_list && !of(**read).eq(of(reads[0]))) {
            let [one, two] = [reads[0], *other].map(|read| log.process(log.at(read).process));
            agreement.violated(&[reads[0], *other], || {
                format!("at the end, {one} and {two} read the elements{} in different orders", log.of_key(key))
            });
        }
    }
}

/// Whether one operation ended before the other began.
fn is_before(log: &Log, one: OpId, other: Place) -> bool {
    log.at(one).ended <= other
}
