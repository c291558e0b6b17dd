//! A rule that the scenario file writes down, tried before anything is explored.

use super::file::Written;
use super::reader::Reader;
use crate::expression::{Expression, Wrong};
use crate::fault::{Fault, line_of};
use crate::scope::Scope;
use multimaster::{Dot, MasterId, Op, Request, Stamp, Version};

impl Reader<'_> {
    /// Scenarios live as long as the program, and so do their rules.
    pub(super) fn expression(&self, written: &Written) -> Result<&'static Expression, Fault> {
        let expression = Expression::new(written.keep.get_ref(), written.over);
        let expression = expression.map_err(|wrong| self.in_expression(written, &wrong))?;
        Ok(Box::leak(Box::new(expression)))
    }

    /// Tries the expression on every two values that clients write, so that what is wrong with it is told before anything
    /// is explored.
    pub(super) fn tried(&self, expression: &Expression, written: &Written, scope: &Scope) -> Result<(), Fault> {
        let asks = scope.clients.iter().flat_map(|client| client.asks.iter().map(|ask| (client.at, ask)));
        let asks = asks.chain(scope.free.of.iter().map(|(at, ask)| (*at, ask)));
        let version = |(place, (master, ask)): (usize, (MasterId, &Request))| {
            let value = if let Op::Set(value) = ask.op.untimed() { Some(value.clone()) } else { None };
            let number = place as u64 + 1;
            Version { stamp: Stamp::new(number, master), dot: Dot::new(master, number), value }
        };
        let versions: Vec<Version> = asks.enumerate().map(version).collect();
        for first in &versions {
            for second in versions.iter().filter(|second| *second != first) {
                expression.keep(first, second).map_err(|wrong| {
                    let said = |version: &Version| version.value.as_deref().unwrap_or("a delete").to_owned();
                    let what = format!("{} (for {} and {})", wrong.what, said(first), said(second));
                    self.in_expression(written, &Wrong { what, ..wrong })
                })?;
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
