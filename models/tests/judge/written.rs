//! Short histories in words, written as JSON lines and as EDN.

use multimaster_models::judge::{self, Options, Report};

/// An event: process, type, function, key, value.
pub(crate) struct Event {
    pub(crate) process: u32,
    pub(crate) kind: &'static str,
    pub(crate) f: String,
    pub(crate) key: Option<String>,
    /// In JSON.
    pub(crate) value: String,
}

/// The events of a history in words, an operation in each line: `0 write x=1`. It is acknowledged, unless it ends with
/// `fail`, `info` or `open` (it does not end). With `begin` or `end` in front there is only that event.
pub(crate) fn events(words: &str) -> Vec<Event> {
    let mut events = Vec::new();
    for line in words.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut parts: Vec<&str> = line.split(' ').collect();
        let only = matches!(parts[0], "begin" | "end").then(|| parts.remove(0));
        let end = match parts.last() {
            Some(&"fail") => "fail",
            Some(&"info") => "info",
            Some(&"open") => "open",
            _ => "ok",
        };
        if end != "ok" {
            parts.pop();
        }
        let [process, f, what] = parts[..] else { panic!("{line}") };
        let (key, value) = match what.split_once('=') {
            Some((key, value)) => (Some(key.to_owned()), value),
            None => (None, what),
        };
        let begun = if f == "read" { "null" } else { value };
        let event = |kind, value: &str| Event {
            process: process.parse().unwrap(),
            kind,
            f: f.into(),
            key: key.clone(),
            value: value.into(),
        };
        if only != Some("end") {
            events.push(event("invoke", begun));
        }
        if only != Some("begin") && end != "open" {
            events.push(event(end, value));
        }
    }
    events
}

pub(crate) fn json(events: &[Event]) -> String {
    let line = |event: &Event| {
        let Event { process, kind, f, key, value } = event;
        let key = key.as_ref().map_or(String::new(), |key| format!("\"key\":\"{key}\","));
        format!("{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",{key}\"value\":{value}}}\n")
    };
    events.iter().map(line).collect()
}

pub(crate) fn edn(events: &[Event]) -> String {
    let line = |event: &Event| {
        let Event { process, kind, f, key, value } = event;
        let value = value.replace("null", "nil");
        let value = match key {
            Some(key) => format!("[\"{key}\" {value}]"),
            None => value,
        };
        format!("{{:type :{kind}, :f :{f}, :value {value}, :process {process}}}\n")
    };
    events.iter().map(line).collect()
}

/// Judges the history in both forms, whose verdicts must be the same.
pub(crate) fn judged(events: &[Event], options: &Options) -> Report {
    let read = |text: String| judge::reader("history", text.as_bytes(), options).unwrap();
    let (one, other) = (read(json(events)), read(edn(events)));
    assert_eq!(one, other);
    one
}

/// The violated properties.
pub(crate) fn violated(report: &Report) -> Vec<&'static str> {
    report.violated().map(|(finding, ..)| finding.property).collect()
}
