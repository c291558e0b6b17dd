//! A rule that the scenario file writes down, tried before anything is explored.

use super::file::Written;
use super::reader::Reader;
use crate::expression::{Expression, Version, Wrong};
use crate::fault::{Fault, line_of};
use crate::scope::Scope;
use multimaster::{Dot, Op, Stamp};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// On how many different values an expression is tried, and for how long at most.
const VALUES: usize = 32;
const LONGEST: Duration = Duration::from_secs(2);

impl Reader<'_> {
    /// Scenarios live as long as the program, and so do their rules.
    pub(super) fn expression(&self, written: &Written) -> Result<&'static Expression, Fault> {
        let expression = Expression::new(written.keep.get_ref(), written.over);
        let expression = expression.map_err(|wrong| self.in_expression(written, &wrong))?;
        Ok(Box::leak(Box::new(expression)))
    }

    /// Tries the expression on values that clients write, two at a time, so that what is wrong with it is told before anything
    /// is explored.
    pub(super) fn tried(&self, expression: &Expression, written: &Written, scope: &Scope) -> Result<(), Fault> {
        let asks = scope.clients.iter().flat_map(|client| client.asks.iter().map(|ask| (client.at, ask)));
        let asks = asks.chain(scope.free.of.iter().map(|(at, ask)| (*at, ask)));
        let mut versions: Vec<Version> = Vec::new();
        let mut tried = BTreeSet::new();
        for (master, ask) in asks {
            let value = if let Op::Set(value) = ask.op.untimed() { Some(value.clone()) } else { None };
            if tried.len() < VALUES && tried.insert(value.clone()) {
                let number = tried.len() as u64;
                // Every other one was written over something.
                let before = versions.last().filter(|_| number.is_multiple_of(2)).and_then(|last| last.value.clone());
                let (stamp, dot) = (Stamp::new(number, master), Dot::new(master, number));
                versions.push(Version { stamp, dot, value, wall: ask.op.time(), before });
            }
        }
        let started = Instant::now();
        for (first, second) in versions.iter().flat_map(|first| versions.iter().map(move |second| (first, second))) {
            if first != second {
                let kept = expression.keep(first, second, first.dot.origin());
                kept.map_err(|wrong| self.in_expression(written, &wrong))?;
            }
            if started.elapsed() > LONGEST {
                break;
            }
        }
        Ok(())
    }

    /// The line of the file in which the expression begins.
    pub(super) fn first_line(&self, written: &Written) -> usize {
        let span = written.keep.span();
        let quoted = self.text.get(span.clone()).unwrap_or("");
        // What begins on the line after three quotes.
        let below = ["'''\n", "\"\"\"\n"].iter().any(|quotes| quoted.starts_with(quotes));
        line_of(self.text, span.start) + usize::from(below)
    }

    fn in_expression(&self, written: &Written, wrong: &Wrong) -> Fault {
        let line = self.first_line(written) + wrong.line.saturating_sub(1);
        Fault::at(self.file, line, format!("`keep`: {}", wrong.what))
    }
}
