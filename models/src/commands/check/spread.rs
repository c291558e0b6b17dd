//! Arguments: several processes that explore together.

use super::super::limits::duration;
use clap::Args;
use std::time::Duration;

mod processes;

/// The processes.
#[derive(Args)]
#[command(next_help_heading = "More states than one machine holds")]
pub(super) struct Spread {
    /// Explore each scenario on this number of processes, which this command starts on this machine. The result does
    /// not depend on their number
    #[arg(long, value_name = "N", requires = "safety", value_parser = workers, allow_hyphen_values = true,
          conflicts_with_all = ALONE)]
    workers: Option<usize>,
    /// Explore each scenario together with the processes whose addresses are in this file, `host:port` in each line.
    /// Start the same command for each line, with its `--process`, on the machine of that address. Connections are
    /// neither authenticated nor encrypted: whoever reaches these ports can falsify the result
    #[arg(long, value_name = "FILE", requires_all = ["safety", "process"], conflicts_with_all = ALONE)]
    hosts: Option<String>,
    /// The place of this process in `--hosts`, from 0. Process 0 prints the verdicts
    #[arg(long, value_name = "I")]
    process: Option<usize>,
    /// Wait this long for the other processes to start
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    wait: Duration,
    /// The addresses of the processes that `--workers` starts
    #[arg(long, hide = true, requires = "process")]
    among: Option<String>,
}

/// The options that one process has for itself.
const ALONE: [&str; 9] = ["node", "graph", "engine", "matrix", "disk", "fingerprint", "open", "example", "threads"];

/// The most processes on one machine.
const MOST: usize = 64;

fn workers(text: &str) -> Result<usize, String> {
    let workers = text.parse().ok().filter(|workers| (1..=MOST).contains(workers));
    workers.ok_or_else(|| format!("write a whole number from 1 to {MOST}: `2`"))
}
