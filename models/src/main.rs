//! The `multimaster` command.

mod cli;
mod commands;

use clap::Parser;
use cli::{Cli, Command};
use commands::Failure;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Check(asked) => commands::check::run(&asked),
        Command::Replay(asked) => commands::replay::run(&asked),
        Command::Explore(asked) => commands::explore::run(&asked),
        Command::Spawn(asked) => commands::spawn::run(asked),
        Command::Conform(asked) => commands::conform::run(&asked),
        Command::Rules(asked) => commands::rules::run(&asked),
        Command::Histories(asked) => commands::histories::run(&asked),
        Command::Mutants(asked) => commands::mutants::run(&asked),
        Command::Init(asked) => commands::init::run(&asked),
        Command::List => commands::list::run(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(Failure::Output) => ExitCode::from(1),
        Err(Failure::Given(what)) => {
            let _ = writeln!(std::io::stderr(), "multimaster: {what}");
            ExitCode::from(2)
        }
    }
}
