//! The `multimaster` command.

mod cli;
mod commands;

use clap::{CommandFactory, Parser};
use cli::{Cli, Command};
use commands::{Ending, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Check(asked) => commands::check::run(&asked),
        Command::Replay(asked) => commands::replay::run(&asked),
        Command::Report(asked) => commands::report::run(&asked),
        Command::Explore(asked) => commands::explore::run(&asked).map(Ending::from),
        Command::Spawn(asked) => commands::spawn::run(asked).map(Ending::from),
        Command::Conform(asked) => commands::conform::run(&asked),
        Command::Judge(asked) => commands::judge::run(&asked),
        Command::Rules(asked) => commands::rules::run(&asked),
        Command::Histories(asked) => commands::histories::run(&asked),
        Command::Mutants(asked) => commands::mutants::run(&asked),
        Command::Simulate(asked) => commands::simulate::run(&asked),
        Command::Swarm(asked) => commands::swarm::run(&asked),
        Command::Generate(asked) => commands::generate::run(&asked),
        Command::Init(asked) => commands::init::run(&asked).map(Ending::from),
        Command::List(asked) => commands::list::run(&asked).map(Ending::from),
        Command::Completions { shell } => {
            commands::completions::print(Cli::command(), shell).map(|()| Ending::Fine).map_err(Failure::from)
        }
        Command::Man => cli::man().map(|()| Ending::Fine).map_err(Failure::from),
    };
    match outcome {
        Ok(ending) => ExitCode::from(ending.status()),
        Err(failure) => ExitCode::from(failure.told()),
    }
}
