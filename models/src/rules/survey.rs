//! What becomes of each rule in a fixed set of small scopes of its kind: [`survey`]. Nothing is written down beforehand.

use super::Rule;
use crate::any_rule::{AnyRule, Pack};
use crate::check::{Counterexample, replayed_alike};
use crate::delivery::Delivery;
use crate::engine::{Limits, Report, Verdict};
use crate::laws::{self, Findings};
use crate::printed::padded;
use crate::properties as p;
use crate::scenario::ForRule;
use crate::scope::{Client, Clocks, Free, Link, Scope};
use crate::specification::Specification;
use crate::table;
use crate::verify::{Workload, workload};
use multimaster::{MasterId, Resolver, Topology};
use std::fmt::{self, Write};

/// What is asked: a heading, the circumstances, and the properties of which one is false if it is so.
const COLUMNS: [(&str, Under, &[&str]); 6] = [
    ("diverges", Under::RightClocks, &[p::CONVERGENCE, p::AGREEMENT]),
    ("loses by policy", Under::RightClocks, &[p::NO_POLICY_LOSS]),
    ("loses causally", Under::RightClocks, &[p::NO_CAUSAL_LOSS]),
    ("resurrects", Under::RightClocks, &[p::NO_RESURRECTION]),
    ("needs right clocks", Under::SkewedClocks, &HARM),
    ("needs causal delivery", Under::Unordered, &HARM),
];

/// What clocks and delivery are blamed for where it does not happen without them.
const HARM: [&str; 5] = [p::CONVERGENCE, p::AGREEMENT, p::NO_CAUSAL_LOSS, p::NO_TOTAL_LOSS, p::NO_RESURRECTION];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Under {
    RightClocks,
    SkewedClocks,
    Unordered,
}

/// A rule, and what was found of it.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// The rule.
    pub rule: Rule,
    /// In the order of the columns, the shortest schedule that shows it; `None` where none does.
    pub found: Vec<Option<Counterexample>>,
    /// Whether every scope was explored to its end: else what was not found may still be there.
    pub exhausted: bool,
    /// The laws that it breaks, on all small histories.
    pub laws: Findings,
}

/// Explores the rule in all scopes of its kind.
///
/// # Panics
/// If a schedule does not replay: then the checker is wrong.
pub fn survey(rule: Rule) -> Surveyed {
    survey_of(rule).unwrap_or_else(|broken| panic!("{broken}"))
}

/// The same, or the schedule that does not replay: the checker is wrong, or the rule not deterministic.
pub(crate) fn survey_of(rule: Rule) -> Result<Surveyed, String> {
    let mut found: Vec<Option<Counterexample>> = COLUMNS.iter().map(|_| None).collect();
    let mut exhausted = true;
    for (under, scope) in scopes(&rule) {
        let delivery = if under == Under::Unordered { Delivery::Unordered } else { Delivery::Causal };
        let model = rule.build(scope.clone(), delivery);
        let report = model.explore(Limits::default(), &mut |_, _| {});
        exhausted &= report.cut.is_none();
        let length = |example: &Option<Counterexample>| example.as_ref().map_or(usize::MAX, |e| e.replayed.steps.len());
        // The schedules are replayed only where one is shorter than what has been found.
        let better = |property: &str, column: usize| steps(&report, property) < length(&found[column]);
        let asked = COLUMNS.iter().enumerate().filter(|(_, (_, circumstances, _))| *circumstances == under);
        let wanted: Vec<usize> = asked
            .filter(|(column, (.., properties))| properties.iter().any(|property| better(property, *column)))
            .map(|(column, _)| column)
            .collect();
        if wanted.is_empty() {
            continue;
        }
        let sound = (under != Under::RightClocks).then(|| {
            let sound = rule.build(right(&rule, scope), Delivery::Causal);
            sound.explore(Limits::default(), &mut |_, _| {})
        });
        exhausted &= sound.as_ref().is_none_or(|sound| sound.cut.is_none());
        for example in replayed_alike(&model, rule.name, &report)? {
            for column in &wanted {
                let (.., properties) = COLUMNS[*column];
                // If the same requests come to this in as few steps with right clocks and causal delivery, wrong clocks or
                // delivery are not to blame.
                let taken = example.replayed.steps.len();
                let blamed = sound.as_ref().is_none_or(|sound| taken < steps(sound, example.property));
                if properties.contains(&example.property) && blamed && taken < length(&found[*column]) {
                    found[*column] = Some(example.clone());
                }
            }
        }
    }
    Ok(Surveyed { rule, found, exhausted, laws: rule.rule.with(Laws) })
}

/// Tries the laws. A state is as large as its JSON.
struct Laws;

impl ForRule for Laws {
    type Answer = Findings;

    fn with<R: Resolver>(self, rule: &dyn Fn(MasterId) -> R, _: Option<Specification>) -> Findings {
        laws::check(&|at| AnyRule::new(rule(at)), Pack::len)
    }
}

/// What clients write.
struct Workloads;

impl ForRule for Workloads {
    type Answer = Workload;

    fn with<R: Resolver>(self, rule: &dyn Fn(MasterId) -> R, _: Option<Specification>) -> Workload {
        workload(&AnyRule::new(rule(MasterId(0))))
    }
}

/// How many steps it takes to violate the property: more than any number if it holds.
fn steps(report: &Report, property: &str) -> usize {
    match report.verdict(property) {
        Some(Verdict::Violated(Some(path))) => path.len(),
        _ => usize::MAX,
    }
}

/// The same scope with right clocks, if the rule uses them.
fn right(rule: &Rule, scope: Scope) -> Scope {
    let clocks = if rule.rule.goes_by_clocks() { Clocks::Right } else { Clocks::Free };
    Scope { clocks, ..scope }
}

/// What the masters' clocks show: A's is ahead of C's, and C's of B's.
const APART: Option<[u64; 3]> = Some([10, 5, 7]);
/// What they show if all have stopped at the same time.
const STILL: Option<[u64; 3]> = Some([5, 5, 5]);

/// Two masters with three writes, three with one each, as the workloads of [`verify`](crate::verify()) have them; those
/// under right clocks first. A rule that uses wall clocks is given several times: as they are, and moved on until they are
/// [right](Clocks::Right).
fn scopes(rule: &Rule) -> Vec<(Under, Scope)> {
    let mut scopes = Vec::new();
    let stream = Link::Stream { resets: 0 };
    let datagram = Link::Datagram { losses: 0, duplicates: 0 };
    let by_clocks = rule.rule.goes_by_clocks();
    let (right, times) =
        if by_clocks { (Clocks::Right, &[None, APART, STILL][..]) } else { (Clocks::Free, &[None][..]) };
    for [a, b, c] in rule.rule.with(Workloads) {
        let three: [[&[&str]; 3]; 4] =
            [[&a, &b[..1], &[]], [&a[..1], &b, &[]], [&b[..1], &c, &[]], [&a[..1], &b[..1], &c[..1]]];
        for (asks, times) in three.iter().flat_map(|asks| times.iter().map(move |times| (asks, *times))) {
            scopes.push((Under::RightClocks, scope(stream, asks, times, right)));
        }
        if by_clocks {
            for asks in [[&a[..1], &b[..1], &[]], [&a[..1], &c[..1], &[]], [&a[..1], &b[..1], &c[1..]]] {
                scopes.push((Under::SkewedClocks, scope(stream, &asks, APART, Clocks::Free)));
            }
            for asks in &three {
                scopes.push((Under::SkewedClocks, scope(stream, asks, STILL, Clocks::Free)));
            }
        }
        scopes.push((Under::Unordered, scope(datagram, &[&a[..1], &b[..1], &c[..1]], None, right)));
    }
    scopes.sort_by_key(|(under, _)| *under as u8);
    scopes
}

/// As many masters as ask something.
fn scope(link: Link, asks: &[&[&str]], times: Option<[u64; 3]>, clocks: Clocks) -> Scope {
    let asking: Vec<&[&str]> = asks.iter().copied().filter(|asks| !asks.is_empty()).collect();
    let clients = (0u16..).zip(&asking).map(|(at, asks)| {
        let timed = |ask: &&str| match times {
            Some(times) => format!("at {}, {ask}", times[usize::from(at)]),
            None => (*ask).to_owned(),
        };
        Client {
            at: MasterId(at),
            asks: asks.iter().map(|ask| timed(ask).parse().expect("a workload is spelled as requests are")).collect(),
        }
    });
    let clients: Vec<Client> = clients.collect();
    let topology = Topology::all_to_all(clients.len() as u16).expect("two or three masters");
    Scope { topology, link, batch: 1, log: None, clients, free: Free::default(), clocks }
}

/// One line a rule, in Markdown.
pub fn in_a_table(surveyed: &[Surveyed]) -> String {
    let mut rows = vec![vec!["rule".to_owned()], vec![]];
    rows[0].extend(COLUMNS.iter().map(|(heading, ..)| (*heading).to_owned()));
    rows[0].extend(["laws that fail", "bytes a key"].map(str::to_owned));
    for Surveyed { rule, found, exhausted, laws } in surveyed {
        let mut row = vec![rule.name.to_owned()];
        row.extend(found.iter().map(|found| match found {
            Some(example) => format!("yes ({})", example.replayed.steps.len()),
            None if *exhausted => "no".to_owned(),
            None => "not exhausted".to_owned(),
        }));
        row.push(failing(laws));
        row.push(laws.bytes.to_string());
        rows.push(row);
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0))
        .collect();
    rows[1] = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {} |", padded(cell, *width)));
        let _ = writeln!(text, "|{}", cells.collect::<String>());
    }
    text
}

/// The laws by name.
fn failing(laws: &Findings) -> String {
    let names = laws.broken.iter().map(|broken| broken.law.name());
    let names: Vec<&str> = names.chain((!laws.merges).then_some("no merge")).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

impl fmt::Display for Surveyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_full(self))
    }
}

/// All that is to be said of one rule.
pub fn in_full(surveyed: &Surveyed) -> String {
    let Surveyed { rule, found, laws, .. } = surveyed;
    let mut text = format!("{}: {}\nsource: {}\n\n", rule.name, rule.about, rule.source);
    text += &in_a_table(std::slice::from_ref(surveyed));
    for ((heading, ..), example) in COLUMNS.iter().zip(found) {
        if let Some(example) = example {
            let _ = write!(text, "\n{}", table::counterexample(heading, example));
        }
    }
    for broken in &laws.broken {
        let _ = write!(text, "\n{broken}\n");
    }
    text
}
