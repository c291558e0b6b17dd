//! The result for a history: [`Report`].

use super::data::Data;
use super::finding::{Evidence, Finding, Verdict};
use super::reader::Reader;
use super::value::NIL;
use crate::printed::{escaped_json, padded, shown, terminal_width};
use crate::report::junit::quoted;
use crate::report::table::grouped;
use serde_json::json;
use std::fmt::{self, Write};

/// The verdicts on a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The file.
    pub file: String,
    /// The kind of data.
    pub data: Data,
    /// The operations of clients: a transaction is one.
    pub operations: u64,
    /// Of those, the ones that failed.
    pub failed: u64,
    /// Of those, the ones whose effect is unknown.
    pub unknown: u64,
    /// The number of processes.
    pub processes: usize,
    /// The number of keys.
    pub keys: usize,
    /// Reads that came before the kind of data was known, and were not judged.
    pub before_known: u64,
    /// A verdict for each property.
    pub findings: Vec<Finding>,
    /// The last line that was read, if the reading was [interrupted](crate::check::running).
    pub interrupted_after: Option<usize>,
}

impl Report {
    pub(super) fn of(file: &str, reader: Reader, interrupted_after: Option<usize>) -> Report {
        let (operations, failed, before_known) = (reader.asked, reader.failed, reader.before_known);
        let unknown = reader.unknown + reader.unended();
        let (log, data, judge) = reader.finish();
        let findings = judge.finish(&log, interrupted_after.is_none());
        let mut keys: Vec<_> = log.operations.iter().map(|operation| operation.key).filter(|key| *key != NIL).collect();
        keys.sort();
        keys.dedup();
        Report {
            file: file.to_owned(),
            data,
            operations,
            failed,
            unknown,
            processes: log.processes.len(),
            keys: keys.len(),
            before_known,
            findings,
            interrupted_after,
        }
    }

    /// Whether no property is violated, and at least one was judged.
    pub fn is_fine(&self) -> bool {
        let holds = |finding: &Finding| finding.verdict == Verdict::Holds;
        self.violated().next().is_none() && self.findings.iter().any(holds)
    }

    /// The violated properties, each with the number of violations and the evidence.
    pub fn violated(&self) -> impl Iterator<Item = (&Finding, u64, &Evidence)> {
        self.findings.iter().filter_map(|finding| match &finding.verdict {
            Verdict::Violated { times, shown } => Some((finding, *times, shown)),
            _ => None,
        })
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        let finding = |finding: &Finding| {
            let (times, why, operations) = match &finding.verdict {
                Verdict::Holds => (0, None, Vec::new()),
                Verdict::NotJudged { why } => (0, Some(why.as_str()), Vec::new()),
                Verdict::Violated { times, shown } => (*times, Some(shown.why.as_str()), shown.operations.clone()),
            };
            let operations: Vec<_> = operations
                .iter()
                .map(|op| {
                    json!({ "line": op.line, "index": op.index, "process": op.process, "node": op.node, "what": op.what })
                })
                .collect();
            json!({
                "property": finding.property, "verdict": word(&finding.verdict), "judged": finding.judged, "times": times,
                "why": why, "operations": operations, "not_judged": finding.not_judged,
            })
        };
        let report = json!({
            "file": self.file, "data": self.data.name(), "operations": self.operations, "failed": self.failed,
            "unknown": self.unknown, "processes": self.processes, "keys": self.keys, "before_known": self.before_known,
            "interrupted_after": self.interrupted_after, "fine": self.is_fine(),
            "verdicts": self.findings.iter().map(finding).collect::<Vec<_>>(),
        });
        escaped_json(&report.to_string())
    }

    /// JUnit's XML: a test case for each property.
    pub fn junit(&self) -> String {
        let count = |is: fn(&Verdict) -> bool| self.findings.iter().filter(|finding| is(&finding.verdict)).count();
        let counts = format!(
            "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
            self.findings.len(),
            count(|verdict| matches!(verdict, Verdict::Violated { .. })),
            count(|verdict| matches!(verdict, Verdict::NotJudged { .. })),
        );
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n<testsuite name=\"multimaster judge\" {counts}>\n"
        );
        for finding in &self.findings {
            let (class, name) = (quoted(&self.file), quoted(finding.property));
            let _ = writeln!(text, "<testcase classname=\"{class}\" name=\"{name}\">");
            let _ = match &finding.verdict {
                Verdict::Holds => Ok(()),
                Verdict::NotJudged { why } => writeln!(text, "<skipped message=\"{}\"/>", quoted(why)),
                Verdict::Violated { shown, .. } => {
                    writeln!(text, "<failure message=\"{}\">{}</failure>", quoted(&shown.why), quoted(&in_full(shown)))
                }
            };
            text += "</testcase>\n";
        }
        text + "</testsuite>\n</testsuites>\n"
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Violated { .. } => "violated",
        Verdict::NotJudged { .. } => "not judged",
    }
}

fn number(count: u64) -> String {
    grouped(usize::try_from(count).unwrap_or(usize::MAX))
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Rows with aligned columns, each with the text before it.
fn aligned(rows: &[Vec<String>], before: &str, between: &str, after: &str) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| terminal_width(cell)).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        format!("{}\n", format!("{before}{}{after}", cells.join(between)).trim_end())
    };
    rows.iter().map(line).collect()
}

/// The operations of a violation, one in each line.
fn in_full(shown_by: &Evidence) -> String {
    let has_index = shown_by.operations.iter().any(|op| op.index.is_some());
    let has_node = shown_by.operations.iter().any(|op| op.node.is_some());
    let cells = |line: String, index: String, process: String, node: String, what: String| {
        let mut row = vec![line];
        row.extend(has_index.then_some(index));
        row.push(process);
        row.extend(has_node.then_some(node));
        row.push(what);
        row
    };
    let mut rows = vec![cells("line".into(), "index".into(), "process".into(), "node".into(), "operation".into())];
    for op in &shown_by.operations {
        let index = op.index.map_or_else(String::new, |index| index.to_string());
        rows.push(cells(
            op.line.to_string(),
            index,
            shown(&op.process),
            shown(op.node.as_deref().unwrap_or("")),
            shown(&op.what),
        ));
    }
    aligned(&rows, "  ", "  ", "")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = vec![format!(
            "{}: {}, {} of {}",
            shown(&self.file),
            self.data,
            counted(self.operations, "operation", "operations"),
            counted(self.processes as u64, "process", "processes"),
        )];
        if self.keys > 0 {
            parts.push(counted(self.keys as u64, "key", "keys"));
        }
        parts.extend((self.failed > 0).then(|| format!("{} failed", number(self.failed))));
        parts.extend((self.unknown > 0).then(|| format!("{} of unknown effect", number(self.unknown))));
        writeln!(f, "{}\n", parts.join(", "))?;
        let mut rows = vec![vec!["property".to_owned(), "verdict".into(), "judged".into(), "not judged".into()]];
        for finding in &self.findings {
            let verdict = match &finding.verdict {
                Verdict::Violated { times, .. } => format!("violated ({})", number(*times)),
                other => word(other).to_owned(),
            };
            let not_judged = match &finding.verdict {
                Verdict::NotJudged { why } => why.clone(),
                _ => {
                    let left = finding.not_judged.iter().map(|(why, count)| format!("{} {why}", number(*count)));
                    left.collect::<Vec<_>>().join("; ")
                }
            };
            rows.push(vec![finding.property.to_owned(), verdict, number(finding.judged), not_judged]);
        }
        let widest = |column: usize| rows.iter().map(|row| terminal_width(&row[column])).max().unwrap_or(0);
        let dashes = (0..4).map(|column| "-".repeat(widest(column))).collect();
        rows.insert(1, dashes);
        f.write_str(&aligned(&rows, "| ", " | ", " |"))?;
        for (finding, _, evidence) in self.violated() {
            write!(f, "\n{} is violated: {}\n\n{}", finding.property, shown(&evidence.why), in_full(evidence))?;
        }
        if self.before_known > 0 {
            let reads = counted(self.before_known, "read", "reads");
            write!(
                f,
                "\n{reads} came before the first operation that tells the kind of data: name it with `--data`\n"
            )?;
        }
        if let Some(line) = self.interrupted_after {
            write!(f, "\ninterrupted after line {line}\n")?;
        }
        Ok(())
    }
}
