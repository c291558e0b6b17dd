//! Checks from run to run: a file that keeps the states, the time and the verdicts of each scenario, and the differences
//! from the last run.

use super::check::Checked;
use super::table::grouped;
use crate::fault::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is kept of one scenario in one run: a line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The number of the run, from 1.
    pub run: usize,
    /// The scenario's name.
    pub scenario: String,
    /// The number of distinct states.
    pub states: usize,
    /// Whether the exploration ended at a limit, so that there are more states.
    pub cut: bool,
    /// The time of the exploration.
    pub seconds: f64,
    /// The verdict on each property and each witness.
    pub verdicts: BTreeMap<String, String>,
}

/// The runs in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// The number of the last run; 0 if there is none.
    last_run: usize,
    /// By scenario, its last entry.
    last: BTreeMap<String, Entry>,
}

impl Past {
    /// Reads the text of the file named `file`.
    ///
    /// # Errors
    /// At the first line that is no entry.
    pub fn parse(file: &str, text: &str) -> Result<Past, Fault> {
        let mut past = Past::default();
        for (place, line) in text.lines().enumerate() {
            let entry: Entry = serde_json::from_str(line).map_err(|error| {
                let what = format!("this line was not written by `check --history`: {error}");
                Fault::at(file, place + 1, what)
            })?;
            past.last_run = past.last_run.max(entry.run);
            past.last.insert(entry.scenario.clone(), entry);
        }
        Ok(past)
    }

    /// The entries of the next run.
    pub fn next(&self, done: &[Checked]) -> Vec<Entry> {
        let entry = |checked: &Checked| Entry {
            run: self.last_run + 1,
            scenario: checked.scenario.name.clone(),
            states: checked.report.states,
            cut: checked.is_cut(),
            seconds: (checked.report.time.as_secs_f64() * 1000.0).round() / 1000.0,
            verdicts: checked
                .report
                .findings
                .iter()
                .map(|finding| (finding.property.to_owned(), checked.verdict(finding).to_owned()))
                .collect(),
        };
        done.iter().map(entry).collect()
    }

    /// In words, each difference between an entry of the next run and the scenario's last one: its states, its verdicts,
    /// and its time if that has at least doubled and grown by a second. A scenario without an earlier entry has none.
    pub fn differences(&self, next: &[Entry]) -> Vec<String> {
        let mut found = Vec::new();
        for (new, old) in next.iter().filter_map(|new| Some((new, self.last.get(&new.scenario)?))) {
            let name = &new.scenario;
            if (new.states, new.cut) != (old.states, old.cut) {
                found.push(format!("{name}: {}, before {}", states(new), states(old)));
            }
            for (property, verdict) in &new.verdicts {
                match old.verdicts.get(property) {
                    Some(before) if before != verdict => {
                        found.push(format!("{name}: {property} is {verdict}, before {before}"));
                    }
                    _ => {}
                }
            }
            if new.seconds >= 2.0 * old.seconds && new.seconds - old.seconds >= 1.0 {
                found.push(format!("{name}: {:.1} s, before {:.1} s", new.seconds, old.seconds));
            }
        }
        found
    }
}

fn states(entry: &Entry) -> String {
    let more = if entry.cut { "more than " } else { "" };
    format!("{more}{} states", grouped(entry.states))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(states: usize, seconds: f64, convergence: &str) -> Entry {
        let verdicts = BTreeMap::from([("convergence".to_owned(), convergence.to_owned())]);
        Entry { run: 1, scenario: "a.toml".into(), states, cut: false, seconds, verdicts }
    }

    #[test]
    fn each_difference_is_named() {
        let line = serde_json::to_string(&entry(1000, 1.0, "holds")).unwrap();
        let past = Past::parse("past.jsonl", &line).unwrap();
        let differences = |next: Entry| past.differences(&[next]);
        assert_eq!(differences(entry(1000, 1.9, "holds")), Vec::<String>::new());
        assert_eq!(differences(entry(1200, 1.0, "holds")), ["a.toml: 1,200 states, before 1,000 states"]);
        assert_eq!(differences(entry(1000, 1.0, "violated")), ["a.toml: convergence is violated, before holds"]);
        assert_eq!(differences(entry(1000, 2.5, "holds")), ["a.toml: 2.5 s, before 1.0 s"]);
        let cut = Entry { cut: true, ..entry(1000, 1.0, "holds") };
        assert_eq!(differences(cut), ["a.toml: more than 1,000 states, before 1,000 states"]);
        let other = Entry { scenario: "b.toml".into(), ..entry(7, 9.0, "violated") };
        assert_eq!(differences(other), Vec::<String>::new());
    }

    #[test]
    fn a_line_of_something_else_is_an_error() {
        let fault = Past::parse("past.jsonl", "{}\n").unwrap_err();
        assert_eq!((fault.line, fault.what.contains("check --history")), (1, true), "{fault}");
    }
}
