//! `multimaster list`: names what there is.

use super::Failure;
use multimaster_models::printed::padded;
use multimaster_models::rules::systems;
use multimaster_models::scenario::{RuleName, Scenario, catalogue};
use std::io::Write;

pub(crate) fn run() -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "rules")?;
    for (_, name, about) in RuleName::ALL {
        writeln!(out, "  {name:19} {about}")?;
    }
    writeln!(out, "  or one written down in the file: `[rule]`, with `over` (siblings, merged, arrival) and `keep`,")?;
    writeln!(
        out,
        "  or with `kind` (register, counter, set, map, flag, table), `start`, `write`, `apply`, `read` and `merge`"
    )?;
    writeln!(out, "\nrules of real systems")?;
    for system in &systems::ALL {
        writeln!(out, "  {:23} {}", system.name, system.about)?;
    }
    writeln!(out, "\ntopologies")?;
    writeln!(out, "  {:19} each master sends to the next, the last to the first", "ring")?;
    writeln!(out, "  {:19} master A is the hub; it and each other master send to each other", "star")?;
    writeln!(out, "  {:19} every master sends to every other", "all-to-all")?;
    writeln!(
        out,
        "  {:19} any graph in which every master can reach every other: `edges = [[\"A\", \"B\"], …]`",
        "edges"
    )?;
    writeln!(out, "\nlinks")?;
    writeln!(
        out,
        "  {:19} in order; `resets` says how often one may break, lose what is in flight, and resume",
        "stream"
    )?;
    writeln!(
        out,
        "  {:19} in any order; `losses` and `duplicates` say how many messages get lost or arrive twice",
        "datagram"
    )?;
    writeln!(out, "  {:19} a message, once sent, may arrive at any time and any number of times", "soup")?;
    writeln!(
        out,
        "  {:19} what the threads of a running cluster do: sending is a step; `losses`, `duplicates`",
        "running"
    )?;
    writeln!(out, "\nclocks, for rules that use wall clocks ({})", RuleName::those_that_go_by_clocks())?;
    writeln!(out, "  {:19} a write's time is what its request says (`at 10, set k = 1`), or its Lamport time", "free")?;
    writeln!(out, "  {:19} later than the times of all writes that it had seen; an earlier time is moved on", "right")?;
    writeln!(out, "  {:19} the same, but up to N behind, where a request says so (`at 1, set k = 1`)", "skewed by N")?;
    writeln!(out, "\ndeliveries")?;
    writeln!(out, "  {:19} each change once, after all that its writer had seen: what the protocol gives", "causal")?;
    writeln!(out, "  {:19} after its own origin's earlier ones, but not after what its writer had seen", "unordered")?;
    writeln!(out, "  {:19} what is delivered again is applied again", "at-least-once")?;
    writeln!(out, "\nscenarios")?;
    let mut width = 0;
    let files = catalogue::files();
    for (name, ..) in &files {
        width = width.max(name.len());
    }
    for (name, file, text) in files {
        let scenario = Scenario::parse(&name, &file, text)?;
        writeln!(out, "  {}  {}", padded(&name, width), scenario.about)?;
    }
    Ok(true)
}
