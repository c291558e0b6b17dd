//! Arguments: a program whose processes are the nodes.

use super::limits::{duration, size};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use multimaster_models::fault::{self, Fault};
use multimaster_models::process::{Options, Workload};
use multimaster_models::scenario::{Explored, Scenario};
use std::time::Duration;

/// The program, and how it is run.
#[derive(Args)]
#[command(next_help_heading = "Nodes that are processes of a program")]
pub(crate) struct Program {
    /// Explore processes of this program instead of the protocol: the program and its arguments, as a shell reads them.
    /// It speaks Maelstrom's JSON messages, one in a line
    #[arg(long, value_name = "COMMAND")]
    node: Option<String>,
    /// The requests that the program answers. The default is pn-counter for `add N to KEY`, lww-kv for `set KEY = VALUE`
    #[arg(long, requires = "node", value_parser = workloads())]
    workload: Option<Workload>,
    /// The longest time that a node may take for one input: `500ms`, `5s`
    #[arg(long, requires = "node", value_name = "DURATION", value_parser = duration, default_value = "5s")]
    node_timeout: Duration,
    /// The limit on the memory for the data of one process: `100M`, `1G`
    #[arg(long, requires = "node", value_name = "SIZE", value_parser = size, default_value = "512M")]
    node_memory: u64,
}

fn workloads() -> impl TypedValueParser<Value = Workload> {
    PossibleValuesParser::new(Workload::ALL.map(Workload::name))
        .try_map(|given| Workload::ALL.into_iter().find(|workload| workload.name() == given).ok_or("no such workload"))
}

impl Program {
    /// The arguments that name the program, each after a blank; empty if none is given.
    pub(crate) fn arguments(&self) -> String {
        let Some(node) = &self.node else { return String::new() };
        let workload = self.workload.map_or(String::new(), |workload| format!(" --workload {}", workload.name()));
        format!(" --node '{}'{workload}", node.replace('\'', r"'\''"))
    }

    /// The options of the program, if one is given.
    pub(crate) fn options(&self) -> Option<Options> {
        Some(Options {
            command: self.node.clone()?,
            workload: self.workload,
            patience: self.node_timeout,
            memory: self.node_memory,
        })
    }
}

/// The scenario in this file, for nodes that are processes of this program.
///
/// # Errors
/// If the scenario is invalid, or a node is at fault when it starts.
pub(crate) fn scenario(program: &Options, file: &str) -> Result<Scenario, Fault> {
    Scenario::parse_nodes(program, file, file, &fault::read(file)?)
}

/// What the verdicts on these nodes leave out, because the program does not know an optional message.
pub(crate) fn left_out(scenario: &Scenario) -> Vec<String> {
    let Explored::Nodes(nodes) = &scenario.subject else { return Vec::new() };
    let Ok(skills) = nodes.program.skills() else { return Vec::new() };
    let mut left_out = Vec::new();
    if !skills.tick {
        left_out.push("it takes no `tick`, so it acts only when a request or a message arrives".to_owned());
    }
    if !skills.state {
        left_out.push("it tells no `state`, so each sequence of its inputs counts as a state of its own".to_owned());
    }
    left_out.into_iter().map(|what| format!("{}: the program was explored as it is: {what}", scenario.name)).collect()
}
