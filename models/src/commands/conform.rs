//! `multimaster conform`: checks a recorded run against the model.

use super::program::Program;
use super::progress::Line;
use super::{Ending, Failure};
use clap::Args;
use multimaster_models::fault::Fault;
use multimaster_models::printed::shown;
use multimaster_models::process::{Body, Options, ProcessNode, Workload};
use multimaster_models::record::conform;
use multimaster_models::record::nodes::{self, Record};
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::sync::Arc;

#[derive(Args)]
pub(crate) struct Asked {
    /// A record: a file that `multimaster::record::write` wrote for a cluster set up with `recorded`; `-` for standard
    /// input
    record: String,
    #[command(flatten)]
    program: Program,
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
final state.

With `--node`, the record contains the inputs and outputs of a program's nodes, in
the form that docs/nodes.md describes. A process of the program gets each input,
and must give the recorded outputs.";

/// Checks the record of a program's nodes.
fn run_nodes(options: &Options, file: &str) -> Result<Ending, Failure> {
    let record = match file {
        "-" => Record::read("standard input", io::stdin().lock())?,
        file => {
            let source = File::open(file).map_err(|error| Fault::of(file, error.to_string()))?;
            Record::read(file, BufReader::new(source))?
        }
    };
    let missing = || Fault::of(file, "the requests do not tell the workload: give `--workload`");
    let workload = options.workload.or_else(|| Workload::of(&record.requests())).ok_or_else(missing)?;
    let node = ProcessNode::new(options, workload, record.topology().clone(), record.keys());
    let node = Arc::new(node.map_err(|error| Fault::of(file, error.0))?);
    node.skills().map_err(|error| Fault::of(file, error.0))?;
    let line = Line::begin("events");
    let checked = nodes::check(&record, &node, |message| {
        if message["type"].is_string() { Ok(Body::from(message)) } else { Err("a message has a `type`".into()) }
    });
    drop(line);
    let mut out = io::stdout().lock();
    match checked {
        Ok(events) if events < record.events().len() => Ok(Ending::Interrupted),
        Ok(events) => {
            writeln!(out, "{}: {events} events, all of them those of the model", shown(file))?;
            Ok(Ending::Fine)
        }
        Err(conform::Failure::File(fault)) => Err(fault.into()),
        Err(conform::Failure::Run(fault)) => {
            writeln!(out, "{fault}")?;
            Ok(Ending::Otherwise)
        }
    }
}

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    if let Some(options) = asked.program.options() {
        return run_nodes(&options, &asked.record);
    }
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
