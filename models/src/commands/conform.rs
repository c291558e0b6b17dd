//! `multimaster conform`: holds a recorded run to the model.

use super::Failure;
use clap::Args;
use multimaster_models::record::conform;
use std::io::Write;

#[derive(Args)]
pub(crate) struct Asked {
    /// A record: what `multimaster::record::write` writes, of a cluster that was set up `recorded`
    record: String,
}

pub(crate) const MANUAL: &str = "\
A record is a file of JSON objects, a line each: first the setting (the rule's
name, the topology, the number of shards), then the events in the order of
their numbers. It supplies the choices: what clients asked, what was sent, lost
and delivered when. The model makes the same choices, shard by shard. What came
of them (answers, readings, outcomes) must be what comes of them there, and a
message must be in flight there as the model's own master sent it.

At the first step that is otherwise: its line, and what the model has instead;
exit status 1. If all are the model's: what happened, counted, and how it ended.";

pub(crate) fn run(asked: &Asked) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match conform::check_file(&asked.record) {
        Ok(summary) => writeln!(out, "{summary}")?,
        Err(conform::Failure::File(fault)) => return Err(fault.into()),
        Err(conform::Failure::Run(fault)) => {
            writeln!(out, "{fault}")?;
            return Ok(false);
        }
    }
    Ok(true)
}
