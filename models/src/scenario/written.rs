//! A rule written in the scenario file, tried before the exploration.

use super::file::{RuleFile, Written};
use super::reader::Reader;
use crate::fault::{Fault, line_of};
use crate::rules::expression::{Expression, Source, Sources, Version, Wrong};
use crate::scope::Scope;
use multimaster::{Dot, MasterId, Op, Request, Timestamp};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use toml::Spanned;

/// The most values on which an expression is tried, and the longest time for this.
const VALUES: usize = 32;
const LONGEST: Duration = Duration::from_secs(2);

impl Reader<'_> {
    /// Compiles the rule and leaks it: scenarios and their rules live as long as the program.
    pub(super) fn expression(
        &self,
        place: &Spanned<RuleFile>,
        written: &Written,
    ) -> Result<&'static Expression, Fault> {
        let Written { over, keep, kind, start, write, apply, read, merge } = written;
        let scripts = [("start", start), ("write", write), ("apply", apply), ("read", read), ("merge", merge)];
        let scripts: Vec<&str> = scripts.iter().filter(|(_, script)| script.is_some()).map(|(name, _)| *name).collect();
        let expression = match (over, keep, kind, apply, read) {
            (Some(over), Some(keep), None, ..) if scripts.is_empty() => {
                Expression::new(keep.get_ref(), *over).map_err(|wrong| self.in_expression(keep, &wrong))?
            }
            (None, None, Some(kind), Some(apply), Some(read)) => {
                let optional = |script: &Option<Spanned<String>>| script.as_ref().map(|script| self.source(script));
                let (start, write, merge) = (optional(start), optional(write), optional(merge));
                let sources = Sources { start, write, apply: self.source(apply), read: self.source(read), merge };
                Expression::scripts(*kind, &sources).map_err(|wrong| Fault::at(self.file, wrong.line, wrong.what))?
            }
            _ => {
                let what = "a rule is either `over` and `keep`, or `kind`, `apply` and `read`, with or without `start`, \
                            `write` and `merge`";
                return Err(self.fault(place, what));
            }
        };
        Ok(Box::leak(Box::new(expression)))
    }

    fn source(&self, script: &Spanned<String>) -> Source {
        Source { text: script.get_ref().clone(), line: self.first_line(script) }
    }

    /// Tries the rule on the clients' requests.
    pub(super) fn tried(&self, expression: &Expression, written: &Written, scope: &Scope) -> Result<(), Fault> {
        let requests =
            scope.clients.iter().flat_map(|client| client.requests.iter().map(|request| (client.at, request.clone())));
        let requests: Vec<(MasterId, Request)> = requests.chain(scope.free.of.iter().cloned()).collect();
        match &written.keep {
            Some(keep) => self.tried_keep(expression, keep, &requests),
            None => expression.tried(&requests).map_err(|wrong| Fault::at(self.file, wrong.line, wrong.what)),
        }
    }

    /// Tries the expression on the values that clients write, two at a time, so that its errors are reported before the
    /// exploration.
    fn tried_keep(
        &self,
        expression: &Expression,
        keep: &Spanned<String>,
        requests: &[(MasterId, Request)],
    ) -> Result<(), Fault> {
        let mut versions: Vec<Version> = Vec::new();
        let mut tried = BTreeSet::new();
        for (master, request) in requests {
            let value = if let Op::Set(value) = request.op.untimed() { Some(value.clone()) } else { None };
            if tried.len() < VALUES && tried.insert(value.clone()) {
                let number = tried.len() as u64;
                // Every second value supersedes the one before it.
                let before = versions.last().filter(|_| number.is_multiple_of(2)).and_then(|last| last.value.clone());
                let (timestamp, dot) = (Timestamp::new(number, *master), Dot::new(*master, number));
                versions.push(Version { timestamp, dot, value, wall: request.op.time(), before });
            }
        }
        let started = Instant::now();
        for (first, second) in versions.iter().flat_map(|first| versions.iter().map(move |second| (first, second))) {
            if first != second {
                let kept = expression.keep(first, second, first.dot.origin());
                kept.map_err(|wrong| self.in_expression(keep, &wrong))?;
            }
            if started.elapsed() > LONGEST {
                break;
            }
        }
        Ok(())
    }

    /// The line of the file to which the lines of the rule's errors are added.
    pub(super) fn rule_line(&self, written: &Written) -> usize {
        written.keep.as_ref().map_or(1, |keep| self.first_line(keep))
    }

    /// The line of the file in which the script begins.
    fn first_line(&self, script: &Spanned<String>) -> usize {
        let span = script.span();
        let quoted = self.text.get(span.clone()).unwrap_or("");
        // A text that begins on the line after three quotes.
        let below = ["'''\n", "\"\"\"\n"].iter().any(|quotes| quoted.starts_with(quotes));
        line_of(self.text, span.start) + usize::from(below)
    }

    fn in_expression(&self, keep: &Spanned<String>, wrong: &Wrong) -> Fault {
        let line = self.first_line(keep) + wrong.line.saturating_sub(1);
        Fault::at(self.file, line, format!("`keep`: {}", wrong.what))
    }
}
