//! The findings for a history: a verdict for each property.

use super::log::{Log, OpId};
use super::value::Name;
use std::collections::BTreeMap;

/// The properties, by their names.
pub const NO_LOST_WRITE: &str = "no lost write";
/// All final reads of a key are equal.
pub const AGREEMENT: &str = "agreement at the end";
/// Every value read was written.
pub const NO_INVENTION: &str = "no invention";
/// A removed value does not come back.
pub const NO_RESURRECTION: &str = "no resurrection";
/// A session reads its own writes.
pub const READ_YOUR_WRITES: &str = "read your writes";
/// A session does not read older states than before.
pub const MONOTONIC_READS: &str = "monotonic reads";
/// The writes of a session are seen in their order.
pub const MONOTONIC_WRITES: &str = "monotonic writes";
/// A write is seen only with the writes that its session had read.
pub const WRITES_FOLLOW_READS: &str = "writes follow reads";
/// A counter is what its additions allow.
pub const COUNTER_BOUNDS: &str = "counter bounds";

/// The verdict on a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds wherever it was judged, which is somewhere.
    Holds,
    /// It is violated.
    Violated {
        /// How many times.
        times: u64,
        /// The violation with the fewest operations; among those, the first that was found.
        shown: Evidence,
    },
    /// Nothing could be judged.
    NotJudged {
        /// The reason.
        why: String,
    },
}

/// The operations that show a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What they show, in a sentence.
    pub why: String,
    /// The operations, in the order of the argument.
    pub operations: Vec<Shown>,
}

/// An operation in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The line of its event that counts: of a read its end, otherwise its beginning if the file has it.
    pub line: usize,
    /// Its number in the file.
    pub index: Option<u32>,
    /// The process.
    pub process: String,
    /// The node, if the file has it.
    pub node: Option<String>,
    /// The operation in words.
    pub what: String,
}

/// The verdict on one property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The property.
    pub property: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// How many operations were judged.
    pub judged: u64,
    /// How many were not, by the reason.
    pub not_judged: BTreeMap<&'static str, u64>,
}

/// Collects the verdict on one property.
pub(crate) struct Tally {
    property: &'static str,
    judged: u64,
    times: u64,
    best: Option<(Vec<OpId>, String)>,
    not_judged: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn of(property: &'static str) -> Tally {
        Tally { property, judged: 0, times: 0, best: None, not_judged: BTreeMap::new() }
    }

    /// An operation is judged.
    pub(crate) fn judge(&mut self) {
        self.judged += 1;
    }

    /// An operation is not judged, for this reason.
    pub(crate) fn leave(&mut self, why: &'static str) {
        *self.not_judged.entry(why).or_default() += 1;
    }

    /// The property is violated; `why` says what these operations show.
    pub(crate) fn violated(&mut self, operations: &[OpId], why: impl FnOnce() -> String) {
        self.times += 1;
        if self.best.as_ref().is_none_or(|(best, _)| operations.len() < best.len()) {
            self.best = Some((operations.to_vec(), why()));
        }
    }

    /// The verdict. If nothing was judged, `vacuous` says why, unless something was left for a reason of its own.
    pub(crate) fn finding(self, log: &Log, vacuous: &str) -> Finding {
        let verdict = match self.best {
            Some((operations, why)) => {
                let shown = |op: OpId| Shown {
                    line: log.at(op).line as usize,
                    index: log.at(op).index,
                    process: log.processes.shown(Name(log.at(op).process.0)).to_string(),
                    node: log.node(op),
                    what: log.words(op),
                };
                let operations = operations.into_iter().map(shown).collect();
                Verdict::Violated { times: self.times, shown: Evidence { why, operations } }
            }
            None if self.judged > 0 => Verdict::Holds,
            None => {
                let most = self.not_judged.iter().max_by_key(|(_, count)| **count);
                Verdict::NotJudged { why: most.map_or(vacuous, |(why, _)| *why).to_owned() }
            }
        };
        Finding { property: self.property, verdict, judged: self.judged, not_judged: self.not_judged }
    }
}
