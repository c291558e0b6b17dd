//! A report for machines: [`Summary`].

use super::any_number::Certificate;
use super::{Finding, Report};
use serde::Serialize;

/// A report, and a certificate if one was asked for.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    rule: &'a str,
    /// The networks, writes and masters that the enumeration covers.
    scope: String,
    requests: Vec<String>,
    histories: u64,
    conflicts: u64,
    stopped: bool,
    properties: Vec<Property<'a>>,
    any_number: Option<AnyNumber>,
}

#[derive(Debug, Serialize)]
struct Property<'a> {
    property: &'a str,
    verdict: &'static str,
    /// Whether it holds for any number of writes.
    any_number: bool,
    /// The number of steps of a shortest schedule that violates it.
    steps: Option<usize>,
    /// The writes of a history that violates it.
    history: Option<&'a [String]>,
}

#[derive(Debug, Serialize)]
struct AnyNumber {
    shown: bool,
    obstacle: Option<String>,
    masters: u16,
    lag: usize,
    windows: usize,
    writes_tried: u64,
}

impl Report {
    /// The report for machines.
    pub fn summary<'a>(&'a self, rule: &'a str, certificate: Option<&'a Certificate>) -> Summary<'a> {
        let properties = self.findings.iter().map(|(property, finding)| {
            let longer = certificate.and_then(|certificate| certificate.judged.get(property)?.as_deref());
            let (verdict, steps, history) = match finding {
                Finding::Violated(violation) => ("violated", Some(violation.steps), Some(&violation.history[..])),
                Finding::Holds if longer.is_some() => ("violated", None, longer),
                Finding::Holds if self.histories == 0 => ("not tested", None, None),
                Finding::Holds => ("holds", None, None),
                Finding::NotJudged => ("not judged", None, None),
                Finding::NotExhausted => ("not exhausted", None, None),
            };
            let covered = certificate.is_some_and(|certificate| certificate.covers(property));
            Property { property, verdict, any_number: covered && verdict == "holds", steps, history }
        });
        Summary {
            rule,
            scope: self.scope_in_words(),
            requests: self.bounds.requests.iter().map(ToString::to_string).collect(),
            histories: self.histories,
            conflicts: self.conflicts,
            stopped: self.stopped,
            properties: properties.collect(),
            any_number: certificate.map(|certificate| AnyNumber {
                shown: certificate.is_given(),
                obstacle: certificate.obstacle.as_ref().map(ToString::to_string),
                masters: certificate.limits.masters,
                lag: certificate.limits.lag,
                windows: certificate.windows,
                writes_tried: certificate.steps,
            }),
        }
    }
}
