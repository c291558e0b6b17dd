//! `multimaster conform`: holds a recorded run to the model.

use super::progress::Line;
use super::{Ending, Failure};
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

pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let mut out = std::io::stdout().lock();
    let line = Line::begin("events");
    let checked = conform::check_file(&asked.record);
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
