//! Tests whether a rule's [`shows`](Resolver::shows) is true: [`test()`].
//!
//! Losses are judged by readings. But where a rule merges several values into one (`14 Ann + 12 Bob`), the reading does
//! not say which writes went into it, and the rule is asked. This module tests the rule's answers on every run of a few
//! writes at two masters, and of three concurrent writes in either order. A reading *shows* a write if every other
//! value, written in its place in the same run, changes the reading.

use crate::histories::laws;
use crate::history::Claims;
use multimaster::{Dot, MasterId, Op, Reading, Replica, Request, Resolver, Text, Topology};
use std::collections::BTreeSet;
use std::fmt;

/// The most writes of a run.
const WRITES: usize = 3;

/// The key of all writes.
const KEY: &str = "k";

/// The number of claims tested and found true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The number of runs.
    pub runs: usize,
    /// The number of runs in which the rule claimed, truly, to show a write that cannot be recognised in the reading.
    pub confirmed: usize,
    /// The number of runs in which such a claim could not be tested, because the rule accepted no other value in the
    /// write's place.
    pub untestable: usize,
}

/// A run that refutes the rule's claim about a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// The steps of the run.
    pub steps: Vec<String>,
    /// The master that is read.
    pub at: MasterId,
    /// Its reading.
    pub reading: Reading,
    /// The write that the claim is about.
    pub write: Dot,
    /// The value that, written in its place, leaves the reading unchanged; `None` if its own value is read although the
    /// rule says that it is not shown.
    pub instead: Option<Text>,
}

impl fmt::Display for Refuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refuted { steps, at, reading, write, instead } = self;
        match instead {
            Some(instead) => {
                writeln!(
                    f,
                    "the rule says that {at}, which reads {KEY}={reading}, shows {write}; but with `{instead}`"
                )?;
                write!(f, "written in its place {at} reads the same: {write} is not shown")?;
            }
            None => write!(f, "the rule says that {at}, which reads {KEY}={reading}, does not show {write}: it does")?,
        }
        steps.iter().enumerate().try_for_each(|(place, step)| write!(f, "\n  {}. {step}", place + 1))
    }
}

#[derive(Clone)]
enum Event {
    Write(MasterId, Op),
    Deliver(MasterId, MasterId),
}

impl Passed {
    /// The degree to which the rule is believed after these tests.
    pub fn claims(&self) -> Claims {
        if self.untestable == 0 { Claims::Tested } else { Claims::Untested }
    }
}

/// Tests the rule with the [operations](laws::operations) of its kind: the degree to which it is believed.
pub fn of<R: Resolver>(rule: &R) -> Claims {
    let tested = test(&|_| rule.clone(), &laws::operations(rule));
    tested.map_or(Claims::Refuted, |passed| passed.claims())
}

/// Tests the claims of `rule`, which may differ by master, on runs of these operations.
///
/// # Errors
/// The first run with the fewest steps that refutes a claim.
pub fn test<R: Resolver>(rule: &dyn Fn(MasterId) -> R, operations: &[Op]) -> Result<Passed, Box<Refuted>> {
    let mut passed = Passed::default();
    for masters in [2, 3] {
        let Ok(topology) = Topology::all_to_all(masters) else { continue };
        let start: Vec<Replica<R>> = topology.ids().map(|id| Replica::new(id, rule(id), &topology)).collect();
        let tester = Tester { operations, start };
        let mut level = vec![tester.begin()];
        while !level.is_empty() {
            let mut longer = Vec::new();
            for run in &level {
                tester.each_next(run, &mut |next| {
                    passed.runs += 1;
                    tester.judge(&next, &mut passed)?;
                    longer.push(next);
                    Ok(())
                })?;
            }
            level = longer;
        }
    }
    Ok(passed)
}

/// A run: its steps, and the masters after them.
struct Run<R: Resolver> {
    events: Vec<Event>,
    masters: Vec<Replica<R>>,
    writes: Vec<(Dot, Op)>,
}

struct Tester<'a, R: Resolver> {
    operations: &'a [Op],
    start: Vec<Replica<R>>,
}

impl<R: Resolver> Tester<'_, R> {
    fn begin(&self) -> Run<R> {
        Run { events: Vec::new(), masters: self.start.clone(), writes: Vec::new() }
    }

    /// The next steps to try: with two masters, all; with three, each writes once, and all changes are delivered to the
    /// first.
    fn each_next(
        &self,
        run: &Run<R>,
        take: &mut dyn FnMut(Run<R>) -> Result<(), Box<Refuted>>,
    ) -> Result<(), Box<Refuted>> {
        let two = run.masters.len() == 2;
        let ids: Vec<MasterId> = run.masters.iter().map(Replica::id).collect();
        for at in ids.iter().copied().filter(|at| two || run.writes.iter().all(|(dot, _)| dot.origin() < *at)) {
            for op in self.operations.iter().filter(|_| run.writes.len() < WRITES) {
                if let Some(next) = run.then(&Event::Write(at, op.clone())) {
                    take(next)?;
                }
            }
        }
        for from in &ids {
            for to in ids.iter().filter(|to| *to != from && (two || to.0 == 0)) {
                if let Some(next) = run.then(&Event::Deliver(*from, *to)) {
                    take(next)?;
                }
            }
        }
        Ok(())
    }

    /// Tests the claims of the master that the last step has altered.
    fn judge(&self, run: &Run<R>, passed: &mut Passed) -> Result<(), Box<Refuted>> {
        let Some(Event::Write(at, _) | Event::Deliver(_, at)) = run.events.last() else { return Ok(()) };
        let master = &run.masters[at.index()];
        let (reading, state) = (master.read(KEY), master.state(KEY));
        let values: BTreeSet<&Text> = run.writes.iter().filter_map(|(_, op)| value_of(op)).collect();
        let refuted = |write: Dot, instead| {
            let steps = run.events.iter().map(Event::to_string).collect();
            Err(Box::new(Refuted { steps, at: *at, reading: reading.clone(), write, instead }))
        };
        for (place, (dot, op)) in run.writes.iter().enumerate().filter(|(_, (dot, _))| master.digest().contains(*dot)) {
            let Some(value) = value_of(op) else { continue };
            let claimed = state.is_some_and(|state| master.rule().shows(state, *dot));
            let alone = run.writes.iter().filter(|(_, other)| value_of(other) == Some(value)).count() == 1;
            if reads(&reading, value) {
                if !claimed && alone {
                    return refuted(*dot, None);
                }
            } else if claimed {
                let mut tested = false;
                for other in others(value, &values) {
                    let Some(reads) = self.replayed(run, place, &other, *at) else { continue };
                    tested = true;
                    if reads == reading {
                        return refuted(*dot, Some(other));
                    }
                }
                passed.confirmed += usize::from(tested);
                passed.untestable += usize::from(!tested);
            }
        }
        Ok(())
    }

    /// The reading of `at` after the same steps with another value in the write at that place; `None` if it is refused.
    fn replayed(&self, run: &Run<R>, place: usize, value: &Text, at: MasterId) -> Option<Reading> {
        let mut other = self.begin();
        for event in &run.events {
            let event = match event {
                Event::Write(at, op) if other.writes.len() == place => Event::Write(*at, with_value(op, value)),
                event => event.clone(),
            };
            other = other.then(&event)?;
        }
        Some(other.masters[at.index()].read(KEY))
    }
}

impl<R: Resolver> Run<R> {
    /// The run with one more step; `None` if the request is refused or no change is left to deliver.
    fn then(&self, event: &Event) -> Option<Run<R>> {
        let (mut masters, mut writes) = (self.masters.clone(), self.writes.clone());
        match event {
            Event::Write(at, op) => writes.push((masters[at.index()].write(KEY, op.clone()).ok()?, op.clone())),
            Event::Deliver(from, to) => {
                let message = masters[from.index()].next_push(*to, 1)?;
                // A master that refuses the change, or has a gap, is as it was.
                let _ = masters[to.index()].receive(*from, message);
            }
        }
        let events = self.events.iter().chain([event]).cloned().collect();
        Some(Run { events, masters, writes })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Write(at, op) => write!(f, "{at}: {}", Request { key: KEY.into(), op: op.clone() }),
            Event::Deliver(from, to) => write!(f, "{from} -> {to}: the next change"),
        }
    }
}

/// The value that the operation puts into a register.
fn value_of(op: &Op) -> Option<&Text> {
    match op {
        Op::Set(value) => Some(value),
        Op::In { op, .. } | Op::At(_, op) => value_of(op),
        _ => None,
    }
}

fn with_value(op: &Op, value: &Text) -> Op {
    match op {
        Op::Set(_) => Op::Set(value.clone()),
        Op::In { field, op } => Op::In { field: field.clone(), op: Box::new(with_value(op, value)) },
        Op::At(time, op) => Op::At(*time, Box::new(with_value(op, value))),
        op => op.clone(),
    }
}

fn reads(reading: &Reading, value: &Text) -> bool {
    match reading {
        Reading::Value(read) => read == value,
        Reading::Values(read) => read.contains(value),
        Reading::Fields(fields) => fields.iter().any(|(_, reading)| reads(reading, value)),
        _ => false,
    }
}

/// A few values that no client writes: smaller than this one, larger, and adjacent.
pub(crate) fn others(value: &Text, written: &BTreeSet<&Text>) -> Vec<Text> {
    let numbers: Option<Vec<i64>> = written.iter().map(|value| value.parse().ok()).collect();
    let texts: Vec<Text> = match (value.parse::<i64>(), numbers) {
        (Ok(number), Some(numbers)) => {
            let (least, most) = (numbers.iter().min().unwrap_or(&number), numbers.iter().max().unwrap_or(&number));
            let near = number.saturating_mul(10).saturating_add(7);
            [least.saturating_sub(3), most.saturating_add(4), near].iter().map(|n| n.to_string().into()).collect()
        }
        _ => {
            ["!", "~"].iter().map(|mark| format!("{mark}{value}").into()).chain([format!("{value} x").into()]).collect()
        }
    };
    texts.into_iter().filter(|text| !written.contains(text)).collect()
}
