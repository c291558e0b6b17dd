//! Bounds and verdicts in words.

use super::any_number::{Certificate, Limits};
use super::{Bounds, Finding, Report, Times, Violation};
use crate::node::delivery::Delivery;
use crate::printed::{padded, terminal_width};
use crate::report::table::grouped;
use std::fmt::Write;

impl Bounds {
    /// The bounds in words: "up to 5 writes at 3 masters".
    pub fn in_words(&self) -> String {
        format!("up to {} writes at {} masters", self.writes, self.masters)
    }

    /// The networks that the verdicts cover, in words.
    pub fn networks_in_words(&self) -> String {
        let delivery = match self.delivery {
            Delivery::Causal => "all networks with causal delivery",
            Delivery::Unordered => "all networks that keep only the order of each origin's changes",
            Delivery::AtLeastOnce => {
                "all networks with causal delivery, where one change may be applied again after each step"
            }
        };
        let snapshots = if self.snapshots { ", with snapshots taken at any time" } else { "" };
        let clocks = match self.times {
            Times::Lamport => "",
            Times::Right(_) => ", under right clocks",
            Times::Any(_) => ", under wrong clocks",
        };
        format!("{delivery}{snapshots}{clocks}")
    }
}

impl Report {
    /// The coverage of the verdicts: "all networks with causal delivery, up to 5 writes at 3 masters (434,820
    /// histories)".
    pub fn scope_in_words(&self) -> String {
        let (histories, bounds) = (grouped(usize::try_from(self.histories).unwrap_or(usize::MAX)), &self.bounds);
        let cut = if self.stopped { ", stopped before the end" } else { "" };
        format!("{}, {} ({histories} histories{cut})", bounds.networks_in_words(), bounds.in_words())
    }

    /// The length of the violation: "4 steps, 2 writes"; an upper bound if the enumeration was stopped.
    fn length_of(&self, violation: &Violation) -> String {
        let counted = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let writes = counted(violation.history.len(), "write");
        let most = if self.stopped { "at most " } else { "" };
        if self.bounds.have_schedules() {
            format!("{most}{}, {writes}", counted(violation.steps, "step"))
        } else {
            format!("{most}{writes}")
        }
    }

    fn holds(&self, property: &str, certificate: Option<&Certificate>) -> String {
        let Some(certificate) = certificate else { return "holds".to_owned() };
        match certificate.judged.get(property) {
            Some(Some(history)) => format!("violated ({} writes)", history.len()),
            _ if certificate.covers(property) => {
                format!("holds for any number of writes, lag at most {}", certificate.limits.lag)
            }
            _ => format!("holds up to {} writes", self.bounds.writes),
        }
    }

    /// A table of verdicts. Each that holds says whether for any number of writes, if that was asked.
    pub fn in_a_table(&self, certificate: Option<&Certificate>) -> String {
        let mut rows = vec![["property".to_owned(), "verdict".to_owned()]];
        for (property, finding) in &self.findings {
            let verdict = match finding {
                Finding::Holds if self.histories == 0 => "not tested".to_owned(),
                Finding::Holds => self.holds(property, certificate),
                Finding::Violated(violation) => format!("violated ({})", self.length_of(violation)),
                Finding::NotJudged => "not judged: only the rule's own, untested claim says that it holds".to_owned(),
                Finding::NotExhausted => "not exhausted".to_owned(),
            };
            rows.push([(*property).to_owned(), verdict]);
        }
        let width = |column: usize| rows.iter().map(|row| terminal_width(&row[column])).max().unwrap_or(0);
        let widths = [width(0), width(1)];
        rows.insert(1, widths.map(|width| "-".repeat(width)));
        let mut text = String::new();
        for [property, verdict] in rows {
            let _ = writeln!(text, "| {} | {} |", padded(&property, widths[0]), padded(&verdict, widths[1]));
        }
        text
    }
}

impl Certificate {
    /// The statement shown, or the reason for which it is not shown, in two lines.
    pub fn in_words(&self) -> String {
        let Limits { masters, lag, .. } = self.limits;
        let (windows, steps) = (grouped(self.windows), grouped(usize::try_from(self.steps).unwrap_or(usize::MAX)));
        let explored = format!("{windows} windows, {steps} writes tried; {:.2} s", self.time.as_secs_f64());
        let verdict = match &self.obstacle {
            Some(obstacle) => format!("not shown for any number of writes: {obstacle}"),
            None if !self.is_given() => "not shown for any number of writes: no conflict was judged".to_owned(),
            None => format!("shown for any number of writes at {masters} masters, lag at most {lag}"),
        };
        format!("{verdict}\n{explored}")
    }
}

/// The properties that histories do not cover, for the reader of a verdict.
pub const NOT_SEEN: &str = "not covered by histories: repair, silence, truncated logs, batches, resets, and when anything\n\
                            happens; explore networks for these (`multimaster check`)";
