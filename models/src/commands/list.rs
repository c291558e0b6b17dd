//! `multimaster list`: the rules, topologies, links and scenarios, with descriptions.

use super::Failure;
use clap::{Args, ValueEnum};
use multimaster_models::fault::{Fault, did_you_mean};
use multimaster_models::printed::{escaped_json, padded, terminal_width};
use multimaster_models::rules::systems;
use multimaster_models::scenario::{RuleName, Scenario, catalogue};
use serde_json::json;
use std::io::Write;

#[derive(Args)]
pub(crate) struct Asked {
    /// List only entries with this text in their name or description
    filter: Option<String>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Names and descriptions, by kind
    Table,
    /// One line for each entry, a JSON object with `kind`, `name` and `about`
    Json,
}

/// Entries of one kind.
struct Section {
    kind: &'static str,
    heading: String,
    entries: Vec<(String, String)>,
    /// The text below the entries, if the list is not filtered.
    note: &'static str,
}

const WRITTEN_RULES: &str =
    "  or your own rule in the scenario file: `[rule]`, with `over` (siblings, merged, arrival) and `keep`,
  or with `kind` (register, counter, set, map, flag, table), `start`, `write`, `apply`, `read` and `merge`
";

const TOPOLOGIES: [(&str, &str); 4] = [
    ("ring", "each master sends to the next, the last to the first"),
    ("star", "master A is the hub; it and each other master send to each other"),
    ("all-to-all", "every master sends to every other"),
    ("edges", "any graph in which every master can reach every other: `edges = [[\"A\", \"B\"], …]`"),
];

const LINKS: [(&str, &str); 4] = [
    ("stream", "messages arrive in order; `resets`: how often a stream may lose its messages in flight"),
    ("datagram", "messages arrive in any order; `losses`, `duplicates`: how many may be lost or arrive twice"),
    ("soup", "a message, once sent, may arrive at any time and any number of times"),
    ("running", "as `datagram`, but sending is a separate step, as in the threads of a running cluster"),
];

const CLOCKS: [(&str, &str); 5] = [
    ("free", "a write's time is the one in its request (`at 10, set k = 1`), or else its Lamport time"),
    ("right", "the same, but if a write had seen a later time, its time becomes later than that"),
    ("hybrid", "hybrid logical clocks, for any rule: the time of a request, or later than all that the write had seen"),
    (
        "hybrid up to N",
        "as `hybrid`, but masters refuse times after N; `hybrid up to N, then M`: after M, once time has passed",
    ),
    ("skewed by N", "as `right`, but a request may give a time that is up to N too early"),
];

const DELIVERIES: [(&str, &str); 3] = [
    ("causal", "each change is applied once, after all changes that its writer had seen (the protocol)"),
    ("unordered", "each change is applied once, after the earlier changes of its origin only"),
    ("at-least-once", "as `causal`, but a change that is delivered again is applied again"),
];

fn sections() -> Result<Vec<Section>, Fault> {
    let section = |kind, heading: &str, entries: &[(&str, &str)]| {
        let entries = entries.iter().map(|(name, about)| ((*name).to_owned(), (*about).to_owned())).collect();
        Section { kind, heading: heading.to_owned(), entries, note: "" }
    };
    let rules: Vec<(&str, &str)> = RuleName::ALL.iter().map(|(_, name, about)| (*name, *about)).collect();
    let systems: Vec<(&str, &str)> = systems::ALL.iter().map(|system| (system.name, system.about)).collect();
    let by_clocks = RuleName::those_that_go_by_clocks();
    let mut scenarios = section("scenario", "scenarios", &[]);
    for (name, file, text) in catalogue::files() {
        let about = Scenario::parse(&name, &file, text)?.about;
        scenarios.entries.push((name, about));
    }
    Ok(vec![
        Section { note: WRITTEN_RULES, ..section("rule", "rules", &rules) },
        section("system", "rules of real systems", &systems),
        section("topology", "topologies", &TOPOLOGIES),
        section("link", "links", &LINKS),
        section(
            "clocks",
            &format!("clocks; all but the hybrid ones are for rules that use wall clocks ({by_clocks})"),
            &CLOCKS,
        ),
        section("delivery", "deliveries", &DELIVERIES),
        scenarios,
    ])
}

pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let mut sections = sections()?;
    if let Some(filter) = &asked.filter {
        let all: Vec<String> =
            sections.iter().flat_map(|section| &section.entries).map(|(name, _)| name.clone()).collect();
        for section in &mut sections {
            section.entries.retain(|(name, about)| name.contains(filter) || about.contains(filter));
            section.note = "";
        }
        sections.retain(|section| !section.entries.is_empty());
        if sections.is_empty() {
            let near = did_you_mean(filter, all.iter().map(String::as_str));
            return Err(Fault::of(filter, format!("no entry has this in its name or description{near}")).into());
        }
    }
    let mut out = std::io::stdout().lock();
    for (place, Section { kind, heading, entries, note }) in sections.iter().enumerate() {
        if matches!(asked.format, Format::Json) {
            for (name, about) in entries {
                let line = json!({ "kind": kind, "name": name, "about": about }).to_string();
                writeln!(out, "{}", escaped_json(&line))?;
            }
            continue;
        }
        writeln!(out, "{}{heading}", if place == 0 { "" } else { "\n" })?;
        let width = entries.iter().map(|(name, _)| terminal_width(name)).max().unwrap_or(0);
        for (name, about) in entries {
            writeln!(out, "  {}  {about}", padded(name, width))?;
        }
        write!(out, "{note}")?;
    }
    Ok(true)
}
