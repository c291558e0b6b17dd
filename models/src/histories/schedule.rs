//! The shortest schedule of a violation: [`Violation`].

use super::lattice::{Cut, Lattice, covers, places};
use super::search::Search;
use crate::node::numbered::{NOTHING, StateNo};
use multimaster::{Dot, MasterId, Request};
use std::fmt;

/// A violated property, and a shortest schedule that shows it, all to all with one change a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The property.
    pub property: &'static str,
    /// The number of steps of the schedule: writes and first deliveries of changes. With at-least-once delivery or
    /// snapshots, further steps are not counted.
    pub steps: usize,
    /// The history: each write, and the writes that its master had seen.
    pub history: Vec<String>,
    /// The masters that show it.
    pub witnesses: Vec<MasterId>,
    /// The readings of each of them at the end.
    pub reads: Vec<String>,
    /// The schedule. Empty with at-least-once delivery or snapshots.
    pub schedule: Vec<Step>,
}

/// A step of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client's request.
    Write {
        /// The master that receives the request.
        at: MasterId,
        /// The request.
        request: Request,
    },
    /// A change arrives.
    Deliver {
        /// The master that made it.
        from: MasterId,
        /// The master that receives it.
        to: MasterId,
        /// The change.
        dot: Dot,
    },
}

impl Violation {
    /// The readings of the witnesses, in words.
    pub fn in_words(&self) -> String {
        let who = self.witnesses.iter().zip(&self.reads).map(|(who, reads)| format!("{who} reads {reads}"));
        let who = who.collect::<Vec<_>>().join(", and ");
        if self.witnesses.len() > 1 { format!("having seen the same, {who}") } else { who }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Write { at, request } => write!(f, "{at}: {request}"),
            Step::Deliver { from, to, dot } => write!(f, "{from} -> {to}: {dot}"),
        }
    }
}

pub(super) fn of(
    search: &mut Search<'_>,
    property: &'static str,
    cut: Cut,
    witnesses: &[(usize, StateNo)],
    steps: usize,
) -> Violation {
    let exact = search.bounds.have_schedules();
    let keys = search.keys.clone();
    let lattice = &mut search.lattice;
    let reads = witnesses.iter().map(|(_, state)| {
        let number = lattice.rule.read(*state);
        let readings = keys.iter().zip(lattice.rule.reading(number));
        readings.map(|(key, reading)| format!("{key}={reading}")).collect::<Vec<_>>().join(" ")
    });
    let reads: Vec<String> = reads.collect();
    let requests: Vec<Request> = lattice
        .writes
        .iter()
        .map(|write| {
            let (key, op) = &lattice.alphabet[write.op];
            let op = write.wall.map_or_else(|| op.clone(), |wall| op.clone().at(wall));
            Request { key: keys[*key].clone(), op }
        })
        .collect();
    let dots = |cut: Cut| {
        let dots: Vec<String> = places(cut).map(|place| lattice.writes[place].dot.to_string()).collect();
        if dots.is_empty() { "nothing".to_owned() } else { dots.join(" ") }
    };
    let history = lattice.writes.iter().zip(&requests);
    let history = history.map(|(write, request)| format!("{} = `{request}` after {}", write.dot, dots(write.seen)));
    let history = history.collect();
    let schedule = if exact { steps_of(lattice, cut, witnesses, &requests) } else { Vec::new() };
    let witnesses = witnesses.iter().map(|(at, _)| MasterId(*at as u16)).collect();
    Violation { property, steps, history, witnesses, reads, schedule }
}

fn steps_of(lattice: &mut Lattice, cut: Cut, witnesses: &[(usize, StateNo)], requests: &[Request]) -> Vec<Step> {
    // By master, the order in which it sees writes.
    let orders: Vec<Vec<usize>> = (0..lattice.masters())
        .map(|at| {
            let own = lattice.own[at];
            let target = witnesses.iter().find(|(witness, _)| *witness == at).map(|(_, state)| *state);
            let until = match target {
                Some(_) => cut,
                None if own == 0 => 0,
                None => lattice.writes[own.ilog2() as usize].seen | own,
            };
            let mut order = Vec::new();
            // A rule that is not deterministic may not reach the state again: then the schedule does not replay.
            reach(lattice, at, (0, NOTHING), until, target, &mut order);
            order
        })
        .collect();
    let id = |at: usize| MasterId(at as u16);
    let mut schedule = Vec::new();
    let mut taken = vec![0; orders.len()];
    let mut bring = |at: usize, schedule: &mut Vec<Step>| {
        while let Some(place) = orders[at].get(taken[at]).copied() {
            let write = &lattice.writes[place];
            taken[at] += 1;
            if write.at == at {
                return;
            }
            schedule.push(Step::Deliver { from: id(write.at), to: id(at), dot: write.dot });
        }
    };
    for (place, request) in requests.iter().enumerate() {
        let at = lattice.writes[place].at;
        bring(at, &mut schedule);
        schedule.push(Step::Write { at: id(at), request: request.clone() });
    }
    for at in 0..orders.len() {
        bring(at, &mut schedule);
    }
    schedule
}

/// Finds an order (a linear extension) in which the master sees all of `until` and ends in the state `target`, if one
/// is given. Tries all orders in the worst case.
fn reach(
    lattice: &mut Lattice,
    at: usize,
    (seen, state): (Cut, StateNo),
    until: Cut,
    target: Option<StateNo>,
    order: &mut Vec<usize>,
) -> bool {
    if seen == until {
        return target.is_none_or(|target| target == state);
    }
    for place in places(until & !seen) {
        let write = &lattice.writes[place];
        let own = write.at == at;
        let in_time = if own { write.seen == seen } else { covers(seen, write.needs) };
        if !in_time || (own && write.from.as_ref().is_some_and(|from| !from.contains(&state))) {
            continue;
        }
        let after = lattice.apply(at, state, write.change);
        order.push(place);
        if reach(lattice, at, (seen | 1 << place, after), until, target, order) {
            return true;
        }
        order.pop();
    }
    false
}
