//! The arguments of the `multimaster` command, and its manual.

use crate::commands::{
    check, conform, explore, generate, histories, init, judge, list, mutants, replay, report, rules, simulate, spawn,
    swarm,
};
use clap::{CommandFactory, Parser, Subcommand};
use std::io;

/// Checks multi-master replication exhaustively: do all masters read the same value in the end, and which writes
/// are lost?
///
/// A scenario states the masters, the topology, the conflict rule, the behaviour of the links, and the clients'
/// requests. `check` explores every schedule of a scenario and prints its verdicts. For each violated property it
/// prints the shortest schedule.
#[derive(Parser)]
#[command(name = "multimaster", version, after_long_help = MANUAL, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const MANUAL: &str = "\
Exit status:
  0    every verdict is as its scenario expects, or the scenario expects none
  1    a verdict is not as expected, a claim of a trace is false, or nothing was
       tested: clients make no requests, or a trace has no steps or no claim
  2    a usage or input error, or an error in a rule or a property of your own
       during exploration (its verdicts are shown as `failed`, and do not count);
       the message names the place and the fix
  3    a scenario expects no verdicts, and its exploration ended at a limit
  130  interrupted (SIGTERM, or SIGINT by Ctrl-C), after printing the findings so
       far. A second signal ends the process at once

Environment:
  NO_COLOR  if it is set and not empty, nothing is printed in colours

Examples:
  multimaster check                    all shipped scenarios, in summary
  multimaster check booking.toml       a scenario of your own
  multimaster check booking/arrival    a shipped scenario, in full
  multimaster check 'booking/*'        a folder of shipped scenarios
  multimaster check my.toml --timeout 5m --max-memory 4G
  multimaster check scenarios --format junit > results.xml
  multimaster swarm my.toml            walks, if it is too large to explore
  multimaster replay target/traces/booking-arrival.convergence.trace
  multimaster report --out report      the verdicts and schedules as one page
  multimaster explore booking/arrival  browse the scenario's states
  multimaster spawn hello              run the scenario's masters over UDP
  multimaster list riak                search the rules and scenarios
  multimaster rules                    the verdicts on each rule
  multimaster init my-rule --path .    a crate with a rule of your own
  multimaster mutants                  the verdicts on each broken protocol
  multimaster conform run.jsonl        is a recorded run a path of the model?
  multimaster simulate --masters 10    how fast do writes spread, and at what cost?
  multimaster generate booking/arrival --out tests.jsonl
  multimaster judge history.jsonl      what did the clients of any system see?
  multimaster man > multimaster.1      this manual, as a page for `man`
  multimaster completions bash         completions for a shell";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Explore scenarios and print their verdicts, with the shortest schedule for each `violated`
    #[command(after_long_help = check::MANUAL)]
    Check(Box<check::Asked>),
    /// Take seeded walks through a scenario that is too large to explore, and shrink the first violation
    #[command(after_long_help = swarm::MANUAL)]
    Swarm(swarm::Asked),
    /// Take the steps of a trace file, and print each master's readings after each step
    Replay(replay::Asked),
    /// Explore scenarios and write their verdicts and schedules as one HTML page
    #[command(after_long_help = report::MANUAL)]
    Report(report::Asked),
    /// Browse the states of a scenario or a trace on a page of this machine
    #[command(after_long_help = explore::MANUAL)]
    Explore(explore::Asked),
    /// Run a scenario's masters over UDP on this machine, so that you can send them requests
    #[command(after_long_help = spawn::MANUAL)]
    Spawn(spawn::Asked),
    /// Check that the recorded run of a cluster is a path of the model
    #[command(after_long_help = conform::MANUAL)]
    Conform(conform::Asked),
    /// Judge a recorded history of operations at any replicated system: report lost writes and violated guarantees
    #[command(after_long_help = judge::MANUAL)]
    Judge(judge::Asked),
    /// Judge each rule over causal histories and in a few small networks, and print a table of the verdicts
    Rules(rules::Asked),
    /// Judge a rule over all networks at once, by all causal histories of a few writes
    #[command(after_long_help = histories::MANUAL)]
    Histories(histories::Asked),
    /// Break protocols and rules on purpose, and check that a property rejects each of them
    #[command(after_long_help = mutants::MANUAL)]
    Mutants(mutants::Asked),
    /// Measure topologies: simulate masters in the regions of a cloud, with losses, cuts and crashes
    #[command(after_long_help = simulate::MANUAL)]
    Simulate(Box<simulate::Asked>),
    /// Write tests of a scenario, for an implementation in another language
    #[command(after_long_help = generate::MANUAL)]
    Generate(generate::Asked),
    /// Write a crate with a rule, and a test that verifies it
    #[command(after_long_help = init::MANUAL)]
    Init(init::Asked),
    /// List the rules, topologies, links and shipped scenarios
    List(list::Asked),
    /// Print a script that completes this command's arguments in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual as a page for `man`
    Man,
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
