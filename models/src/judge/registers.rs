//! Registers: each read is of one write, which its value names, as long as no other write of the key has that value.

mod ended;
mod sessions;

use super::data::{Judge, ReadValue};
use super::ends::Ends;
use super::finding::{self as f, Finding, Tally};
use super::log::{Log, OpId, Outcome, What};
use super::value::{NIL, Name};
use foldhash::fast::RandomState;
use sessions::Sessions;
use std::collections::HashMap;

/// The number of a written value: a value under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct WriteId(u32);

/// The writes of a value to a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Its first write; of nil, there may be none.
    first: Option<OpId>,
    /// The writes that began and did not fail.
    live: u32,
    /// How many of them are without an effect that is known.
    unknown: u32,
    failed: Option<OpId>,
    /// The first read of it while no write of it was acknowledged.
    read_early: Option<OpId>,
    acknowledged: bool,
}

pub(crate) struct Registers {
    written: Vec<Written>,
    numbers: HashMap<(Name, Name), WriteId, RandomState>,
    sessions: Sessions,
    ends: Ends,
    invention: Tally,
}

impl Registers {
    pub(crate) fn new(settle: i64) -> Registers {
        Registers {
            written: Vec::new(),
            numbers: HashMap::default(),
            sessions: Sessions::new(),
            ends: Ends::new(settle),
            invention: Tally::of(f::NO_INVENTION),
        }
    }

    fn number(&mut self, key: Name, value: Name) -> WriteId {
        let next = WriteId(u32::try_from(self.written.len()).unwrap_or(u32::MAX));
        let id = *self.numbers.entry((key, value)).or_insert(next);
        if id == next {
            self.written.push(Written::default());
        }
        id
    }

    /// Judges whether the value read was written. Every key holds nil from the beginning.
    fn judge_origin(&mut self, log: &Log, op: OpId, id: WriteId) {
        let read = log.at(op);
        let written = &mut self.written[id.0 as usize];
        if !written.acknowledged {
            written.read_early.get_or_insert(op);
        }
        if read.value == NIL {
            return;
        }
        self.invention.judge();
        if written.live > 0 {
            return;
        }
        let (who, value) = (log.process(read.process), log.names.shown(read.value));
        match written.failed {
            Some(failed) => self
                .invention
                .violated(&[failed, op], || format!("{who} read {value}, but every write of it had failed")),
            None => self.invention.violated(&[op], || format!("{who} read {value}, and no write of it had begun")),
        }
    }
}

impl Judge for Registers {
    fn began(&mut self, log: &Log, op: OpId) {
        let operation = log.at(op);
        let id = self.number(operation.key, operation.value);
        let written = &mut self.written[id.0 as usize];
        written.first.get_or_insert(op);
        written.live += 1;
        self.sessions.began(log, op, id);
    }

    fn ended(&mut self, log: &Log, op: OpId) {
        self.ends.ended(log, op);
        let operation = log.at(op);
        let id = self.number(operation.key, operation.value);
        let written = &mut self.written[id.0 as usize];
        match operation.outcome {
            Outcome::Ok => {
                written.acknowledged = true;
                self.sessions.acknowledged(log, op, id);
            }
            Outcome::Fail => {
                written.live -= 1;
                written.failed = Some(op);
                if let Some(read) = written.read_early.filter(|_| written.live == 0 && operation.value != NIL) {
                    let value = log.names.shown(operation.value);
                    self.invention.violated(&[op, read], || format!("{value} was read, but every write of it failed"));
                }
            }
            Outcome::Open | Outcome::Unknown => written.unknown += 1,
        }
    }

    fn read(&mut self, log: &Log, op: OpId, value: ReadValue<'_>) {
        let ReadValue::One(value, _) = value else { return };
        let value = if log.at(op).value == NIL { NIL } else { value };
        let id = self.number(log.at(op).key, value);
        self.judge_origin(log, op, id);
        let deleted = self.numbers.get(&(log.at(op).key, NIL)).is_some_and(|id| self.written[id.0 as usize].live > 0);
        self.sessions.read(log, op, id, &self.written[id.0 as usize], deleted);
    }

    fn finish(self: Box<Self>, log: &Log, whole: bool) -> Vec<Finding> {
        let (lost, agreement) = self.judge_end(log, whole);
        let deletes = log.operations.iter().any(|operation| operation.what == What::Write && operation.value == NIL);
        let mut findings = vec![lost, agreement, self.invention.finding(log, "no value was read")];
        findings.extend(self.sessions.findings(log, deletes));
        findings
    }
}
