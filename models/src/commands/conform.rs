//! `multimaster conform`: checks a recorded run against the model.

use super::progress::Line;
use super::{Ending, Failure};
use clap::Args;
use multimaster_models::record::conform;
use std::io::{self, Write};

#[derive(Args)]
pub(crate) struct Asked {
    /// A record: a file that `multimaster::record::write` wrote for a cluster set up with `recorded`; `-` for standard
    /// input
    record: String,
}

pub(crate) const MANUAL: &str = "\
A record is a file with one JSON object in each line: first the setting (the
rule's name, the topology, the number of shards), then the events in the order of
their numbers. It supplies the choices of the run: the clients' requests, and the
order in which messages were sent, lost and delivered. The model makes the same
choices, shard by shard. The answers, readings and outcomes must equal the
model's, and each message must be in flight in the model with the same content.

On the first divergence, `conform` prints the record's line and the model's step,
and exits with 1. Otherwise it prints the number of events of each kind, and the
final state.";

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let mut out = std::io::stdout().lock();
    let line = Line::begin("events");
    let checked = match asked.record.as_str() {
        "-" => conform::check_reader("standard input", io::stdin().lock()),
        file => conform::check_file(file),
    };
    drop(line);
    match checked {
        Ok(summary) => {
            writeln!(out, "{summary}")?;
            let whole = summary.interrupted_after.is_none();
            Ok(if whole { Ending::Fine } else { Ending::Interrupted })
        }
        Err(conform::Failure::File(fault)) => Err(fault.into()),
        Err(conform::Failure::Run(fault)) => {
            writeln!(out, "{fault}")?;
            Ok(Ending::Otherwise)
        }
    }
}
