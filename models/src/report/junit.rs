//! The result of a check as JUnit's XML, which continuous integration shows: [`of`].

use crate::printed::escaped_lines;
use crate::report::check::{Checked, Counterexample};
use crate::report::table;
use std::fmt::Write;
use std::time::Duration;

/// A test case for each scenario. If a scenario is not as expected, its failure names the differences, and shows the
/// schedule of each unexpected violation. The scenarios in `missing` were not explored.
pub fn of(done: &[&Checked], missing: &[&str]) -> String {
    let count = |is: fn(&Checked) -> bool| done.iter().filter(|checked| is(checked)).count();
    let failures = count(is_failure);
    let errors = count(|checked| !checked.scenario.faults().is_empty());
    let skipped = missing.len() + count(Checked::is_open);
    let seconds = done.iter().map(|checked| checked.report.time).sum::<Duration>().as_secs_f64();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds:.3}\"",
        done.len() + missing.len()
    );
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n<testsuite name=\"multimaster\" {counts}>\n"
    );
    done.iter().for_each(|checked| test_case(checked, &mut text));
    for name in missing {
        let _ =
            writeln!(text, "{}>\n<skipped message=\"interrupted before it was explored\"/>\n</testcase>", begin(name));
    }
    text + "</testsuite>\n</testsuites>\n"
}

fn is_failure(checked: &Checked) -> bool {
    checked.scenario.faults().is_empty() && !checked.surprises.is_empty()
}

fn begin(scenario: &str) -> String {
    let class = scenario.rsplit_once('/').map_or("scenarios", |(folder, _)| folder);
    format!("<testcase classname=\"{}\" name=\"{}\"", quoted(class), quoted(scenario))
}

fn test_case(checked: &Checked, text: &mut String) {
    let seconds = checked.report.time.as_secs_f64();
    let _ = writeln!(text, "{} time=\"{seconds:.3}\">", begin(&checked.scenario.name));
    let faults = checked.scenario.faults();
    if let Some(fault) = faults.first() {
        let _ = writeln!(text, "<error message=\"{}\"/>", quoted(&fault.to_string()));
    } else if let Some(first) = checked.surprises.first() {
        let _ = write!(text, "<failure message=\"{}\">", quoted(first));
        for surprise in &checked.surprises {
            let _ = writeln!(text, "{}", quoted(surprise));
        }
        for example in checked.unexpected_counterexamples() {
            let _ = writeln!(text, "\n{}", quoted(&in_full(checked, example)));
        }
        *text += "</failure>\n";
    } else if let (true, Some(cut)) = (checked.is_open(), checked.cut_in_words()) {
        let _ = writeln!(text, "<skipped message=\"{}\"/>", quoted(&format!("not exhausted: {cut}")));
    }
    *text += "</testcase>\n";
}

/// The schedule, and the trace that replays it.
fn in_full(checked: &Checked, example: &Counterexample) -> String {
    format!("{}\n{}", table::counterexample(&checked.scenario.name, example), example.trace)
}

/// Text as XML, in content or in an attribute. Characters that XML does not allow are escaped as in Rust.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in escaped_lines(text).chars() {
        match c {
            '&' => quoted += "&amp;",
            '<' => quoted += "&lt;",
            '>' => quoted += "&gt;",
            '"' => quoted += "&quot;",
            '\u{fffe}' | '\u{ffff}' => quoted.extend(c.escape_unicode()),
            c => quoted.push(c),
        }
    }
    quoted
}
