//! What the `multimaster` command takes, and its manual.

use crate::commands::{check, conform, explore, histories, init, list, mutants, replay, rules, spawn};
use clap::{CommandFactory, Parser, Subcommand};
use std::io;

/// Checks multi-master replication exhaustively: does every master end up reading the same, and what is lost?
///
/// A scenario says how many masters there are, who sends to whom, by which rule conflicts are resolved, what the links
/// may do to messages, and what clients write. `check` explores every schedule of it and prints one row of verdicts;
/// for each property that does not hold, the shortest schedule that shows it.
#[derive(Parser)]
#[command(name = "multimaster", version, after_long_help = MANUAL, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const MANUAL: &str = "\
Exit status:
  0    every verdict is as its scenario expects, or nothing was expected of it
  1    a verdict is not as expected, a trace does not show what it claims, or
       nothing was tested: no client asks anything, a trace has no steps or no
       claim
  2    a usage or input error, or a rule or a property of your own that failed
       during exploration (its row or cell says `failed`, and no such verdict
       counts); the message names the place and the fix
  3    nothing was expected, and an exploration ended at a limit
  130  interrupted (SIGINT, Ctrl-C): what was found until then has been printed.
       A second SIGINT ends the process at once

Environment:
  NO_COLOR  if it is set and not empty, nothing is printed in colours

Examples:
  multimaster check                    the shipped scenarios, in summary
  multimaster check booking.toml       one of your own
  multimaster check booking/arrival    a shipped one, in full
  multimaster check 'booking/*'        a folder of them
  multimaster check my.toml --timeout 5m --max-memory 4G
  multimaster check scenarios --format junit > results.xml
  multimaster replay target/traces/booking-arrival.convergence.trace
  multimaster explore booking/arrival  browse its states
  multimaster spawn hello              run its masters, and talk to them
  multimaster list riak                what is there by that name
  multimaster rules                    what becomes of each rule
  multimaster init my-rule             a crate with a rule of your own
  multimaster mutants                  what becomes of each broken protocol
  multimaster conform run.jsonl        is a recorded run a path of the model?
  multimaster man > multimaster.1      this manual, as a page for `man`
  multimaster completions bash         completions for a shell";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Explore scenarios and print their verdicts, with the shortest schedule for each `violated`
    #[command(after_long_help = check::MANUAL)]
    Check(check::Asked),
    /// Take the steps of a trace file one by one, and say what each master reads after each
    Replay(replay::Asked),
    /// Browse the states in the Stateright Explorer
    Explore(explore::Asked),
    /// Run a scenario's masters over UDP on this machine, to write to and read from by hand
    #[command(after_long_help = spawn::MANUAL)]
    Spawn(spawn::Asked),
    /// Replay the record of a running cluster against the model: is every step of it one that the model can take?
    #[command(after_long_help = conform::MANUAL)]
    Conform(conform::Asked),
    /// Judge each rule over causal histories and in a few small networks, and print a table of what becomes of it
    Rules(rules::Asked),
    /// Judge a rule over all networks at once: over all causal histories of a few writes
    #[command(after_long_help = histories::MANUAL)]
    Histories(histories::Asked),
    /// Explore protocols and rules broken on purpose, and tell in a table which property rejects each
    #[command(after_long_help = mutants::MANUAL)]
    Mutants(mutants::Asked),
    /// Write a crate with a rule, and a test that verifies it
    #[command(after_long_help = init::MANUAL)]
    Init(init::Asked),
    /// Name the rules, the topologies, the links and the shipped scenarios
    List(list::Asked),
    /// Print a script that completes this command's arguments in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual as a page for `man`
    Man,
}

/// Prints the completions for a shell.
pub(crate) fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "multimaster", &mut io::stdout());
}

/// Prints the manual, with a section for each command.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn man() -> io::Result<()> {
    let mut out = io::stdout();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut out)?;
    for command in command.get_subcommands() {
        let name = format!("multimaster-{}", command.get_name());
        clap_mangen::Man::new(command.clone().name(&*name.leak())).render(&mut out)?;
    }
    Ok(())
}
