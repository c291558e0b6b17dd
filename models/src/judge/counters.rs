//! Counters: a read is a sum of additions, and must lie between the least and the greatest sum that they allow.

use super::data::{Judge, ReadValue};
use super::ends::{Ends, NO_FINAL_READ};
use super::finding::{self as f, Finding, Tally};
use super::log::{Log, OpId, Outcome, Process};
use super::sets::INTERRUPTED;
use super::value::Name;
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// Sums of the positive and of the negative additions.
#[derive(Clone, Copy, Default)]
struct Sums {
    up: i128,
    down: i128,
}

impl Sums {
    fn add(&mut self, amount: i128) {
        self.up += amount.max(0);
        self.down += amount.min(0);
    }
}

#[derive(Default)]
struct View {
    /// The additions acknowledged to the process.
    own: Sums,
    latest_own: Option<OpId>,
    last_read: Option<(OpId, i128)>,
}

/// Additions to a key.
#[derive(Default)]
struct Total {
    /// Those that began and did not fail.
    begun: Sums,
    acknowledged: Sums,
}

pub(crate) struct Counters {
    totals: HashMap<Name, Total, RandomState>,
    views: HashMap<(Process, Name), View, RandomState>,
    amounts: HashMap<Name, i128, RandomState>,
    ends: Ends,
    at_least: Option<i64>,
    bounds: Tally,
    own_writes: Tally,
    monotonic: Tally,
}

impl Counters {
    pub(crate) fn new(settle: i64, at_least: Option<i64>) -> Counters {
        Counters {
            totals: HashMap::default(),
            views: HashMap::default(),
            amounts: HashMap::default(),
            ends: Ends::new(settle),
            at_least,
            bounds: Tally::of(f::COUNTER_BOUNDS),
            own_writes: Tally::of(f::READ_YOUR_WRITES),
            monotonic: Tally::of(f::MONOTONIC_READS),
        }
    }

    /// What the operation adds.
    fn amount(&mut self, log: &Log, op: OpId) -> i128 {
        let value = log.at(op).value;
        *self.amounts.entry(value).or_insert_with(|| log.names.number(value).map_or(0, i128::from))
    }

    fn judge_read(&mut self, log: &Log, op: OpId, read: i128, begun: Sums) {
        let (process, key) = (log.at(op).process, log.at(op).key);
        let (who, of) = (log.process(process), log.of_key(key));
        self.bounds.judge();
        if let Some(least) = self.at_least.filter(|least| read < i128::from(*least)) {
            return self.bounds.violated(&[op], || format!("{who} read {read}{of}, which is below {least}"));
        }
        if read < begun.down || read > begun.up {
            return self.bounds.violated(&[op], || {
                format!(
                    "{who} read {read}{of}, but all additions that had begun allow only {} to {}",
                    begun.down, begun.up
                )
            });
        }
        let Some(view) = self.views.get(&(process, key)) else { return };
        if let Some(latest) = view.latest_own {
            self.own_writes.judge();
            let least = view.own.up + begun.down;
            let most = view.own.down + begun.up;
            if read < least || read > most {
                return self.own_writes.violated(&[latest, op], || {
                    format!("{who} read {read}{of}, but with its own additions it is between {least} and {most}")
                });
            }
        }
        let Some((last, before)) = view.last_read else { return };
        if begun.down < 0 && begun.up > 0 {
            return self.monotonic.leave("reads of a counter that goes up and down");
        }
        self.monotonic.judge();
        if (begun.down == 0 && read < before) || (begun.up == 0 && read > before) {
            self.monotonic.violated(&[last, op], || {
                let way = if begun.down == 0 { "up" } else { "down" };
                format!("{who} read {before}{of}, and then {read}, but the counter only goes {way}")
            });
        }
    }

    /// Judges the final reads: each is the sum of what was acknowledged, and of any of what is unknown.
    fn judge_end(&mut self, log: &Log, agreement: &mut Tally) -> bool {
        let finals = self.ends.finals(log, self.views.values().filter_map(|view| Some(view.last_read?.0)));
        let value = |op: OpId| log.names.number(log.at(op).value).map_or(0, i128::from);
        for (key, reads) in &finals {
            let Some(total) = self.totals.get(key) else { continue };
            let (begun, sure) = (total.begun, total.acknowledged);
            let sum = sure.up + sure.down;
            let (least, most) = (sum + begun.down - sure.down, sum + begun.up - sure.up);
            for read in reads.iter().filter(|read| value(**read) < least || value(**read) > most) {
                self.bounds.violated(&[*read], || {
                    let allowed = if least == most { format!("{sum}") } else { format!("{least} to {most}") };
                    let (who, value, of) = (log.process(log.at(*read).process), value(*read), log.of_key(*key));
                    format!("at the end {who} reads {value}{of}; the additions that were acknowledged allow {allowed}")
                });
            }
            if reads.len() < 2 {
                continue;
            }
            if least != most {
                reads.iter().for_each(|_| agreement.leave("reads of a counter with additions of unknown effect"));
                continue;
            }
            reads.iter().for_each(|_| agreement.judge());
            if let Some(other) = reads.iter().find(|read| value(**read) != value(reads[0])) {
                let said = |op: OpId| format!("{} reads {}", log.process(log.at(op).process), value(op));
                agreement.violated(&[reads[0], *other], || {
                    format!("at the end{}, {}, and {}", log.of_key(*key), said(reads[0]), said(*other))
                });
            }
        }
        !finals.is_empty()
    }
}

impl Judge for Counters {
    fn began(&mut self, log: &Log, op: OpId) {
        let amount = self.amount(log, op);
        self.totals.entry(log.at(op).key).or_default().begun.add(amount);
    }

    fn ended(&mut self, log: &Log, op: OpId) {
        self.ends.ended(log, op);
        let amount = self.amount(log, op);
        let operation = log.at(op);
        let total = self.totals.entry(operation.key).or_default();
        match operation.outcome {
            Outcome::Ok => {
                total.acknowledged.add(amount);
                let view = self.views.entry((operation.process, operation.key)).or_default();
                view.own.add(amount);
                view.latest_own = Some(op);
            }
            Outcome::Fail => {
                total.begun.up -= amount.max(0);
                total.begun.down -= amount.min(0);
            }
            Outcome::Open | Outcome::Unknown => {}
        }
    }

    fn read(&mut self, log: &Log, op: OpId, value: ReadValue<'_>) {
        let ReadValue::One(_, read) = value else { return };
        let (process, key, read) = (log.at(op).process, log.at(op).key, i128::from(read));
        let begun = self.totals.get(&key).map_or_else(Sums::default, |total| total.begun);
        self.judge_read(log, op, read, begun);
        self.views.entry((process, key)).or_default().last_read = Some((op, read));
    }

    fn finish(mut self: Box<Self>, log: &Log, whole: bool) -> Vec<Finding> {
        let mut agreement = Tally::of(f::AGREEMENT);
        let vacuous = match (whole, whole && self.judge_end(log, &mut agreement)) {
            (false, _) => INTERRUPTED,
            (true, false) => NO_FINAL_READ,
            (true, true) => "no key is read by two processes at the end",
        };
        let which = "a total does not say which additions it has";
        vec![
            self.bounds.finding(log, "nothing was read"),
            agreement.finding(log, vacuous),
            self.own_writes.finding(log, "no process reads after its own additions"),
            self.monotonic.finding(log, "no process reads twice"),
            Tally::of(f::MONOTONIC_WRITES).finding(log, which),
            Tally::of(f::WRITES_FOLLOW_READS).finding(log, which),
        ]
    }
}
