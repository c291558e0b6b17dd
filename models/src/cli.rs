//! What the `multimaster` command takes, and its manual.

use crate::commands::{check, conform, explore, histories, init, mutants, replay, rules, spawn};
use clap::{Parser, Subcommand};

/// Checks multi-master replication exhaustively: does every master end up reading the same, and what is lost?
///
/// A scenario says how many masters there are, who sends to whom, by which rule conflicts are resolved, what the links
/// may do to messages, and what clients write. `check` explores every schedule of it and prints one row of verdicts;
/// for each property that does not hold, the shortest schedule that shows it.
#[derive(Parser)]
#[command(version, after_long_help = MANUAL, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const MANUAL: &str = "\
Verdicts:
  converges        masters that have seen the same changes read the same,
                   in every state
  agrees at rest   when nothing can change any more, all have seen every
                   acknowledged write and read the same
  repairable       were all in flight lost, one exchange of digests would
                   bring a neighbour up to date, in every state
  causal order     no master has seen a write without all that it had seen
  loses causally   a write is lost though nothing competed with it, or to one
                   that it had seen: a bug whatever the rule
  loses by policy  a write is lost to one concurrent to it, which is read
                   instead: the rule's choice
  loses to nothing a write is lost though concurrent ones competed with it, and
                   none of those is read either
  invents          a reader sees a value that nobody wrote, and that the rule did
                   not make of written values
  as specified     a read is what the rule's specification makes of the writes
                   that its master has seen, in every state
  never oversells  (bounded counters) no master subtracts more than it has a
                   right to, and none reads less than 0
  falls silent     messages that carry changes end: no cycle of steps sends
                   one; `messages` is the most that carry one change
  no deadlock      (the article's program) never does everyone wait
  order kept       (the article's program) a key with one writer ends
                   everywhere as it does at its writer
  reached          how many of the situations were reached that put the
                   properties to the test: a conflict, rest, a loss, ...

  `holds` is said only of an exhausted scenario; `vacuous` where rest, of which
  the property speaks, is never reached. `violated (4)` has a schedule of four
  steps, and none shorter. `not judged`: the rule makes one value of several, and
  which writes that value shows could not be tested. A property of your own has a
  column named after it.

  A scenario with `[expect]`, even an empty one, is held to it: properties that it
  does not name are expected to hold, and all situations to be reached. One
  without is explored: `check` prints its verdicts, and the `[expect]` that pins
  them, to be pasted into the file.

Exit status:
  0  every verdict is as its scenario expects, or the scenario has no `[expect]`
  1  a verdict is not as expected, a trace does not show what it claims, or
     nothing was tested: no client asks anything, a trace has no steps or no claim
  2  a usage or input error, or a rule or a property of your own that failed
     during exploration (its row or cell says `failed`, and no such verdict
     counts); the message names the place and the fix

Examples:
  multimaster check                    the shipped scenarios
  multimaster check booking.toml       one of your own
  multimaster check booking/arrival    a shipped one
  multimaster replay target/traces/booking-arrival.convergence.trace
  multimaster explore booking/arrival  browse its states
  multimaster spawn hello              run its masters, and talk to them
  multimaster rules                    what becomes of each rule
  multimaster init my-rule             a crate with a rule of your own
  multimaster mutants                  what becomes of each broken protocol
  multimaster conform run.jsonl        is a recorded run a path of the model?";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Explore scenarios and print their verdicts, with the shortest schedule for each `violated`
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
    List,
}
